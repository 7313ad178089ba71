"""``hub devices|bench|relay``: what a technician asks of the workers, while they run and while they do not."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli import command
from tests.cli.command import hub, written
from tests.cli.running import until


@contextmanager
def _working(data: Path, settings: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run one worker for the length of the block; it must end cleanly and soon when told."""
    process = subprocess.Popen(
        command.line(data, *words),
        env=command.environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
        process.terminate()
        _out, err = process.communicate(timeout=5)
        assert process.returncode == 0 and "Traceback" not in err, err
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _devices(data: Path, settings: Path) -> dict[str, str]:
    listed = hub(data, "devices", "list", settings=settings)
    rows = [line.split("\t") for line in listed.out.splitlines()]
    assert listed.code == (0 if rows and all(row[2] == "ready" for row in rows) else 1)
    return {row[0]: row[2] for row in rows}


def _papers(data: Path) -> list[str]:
    try:
        told = json.loads((data / "simulated" / "printer.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [paper["text"] for paper in told["papers"]]


def test_devices_are_probed_only_while_the_bench_does_not_run(data: Path, settings: Path) -> None:
    asked = hub(data, "devices", "probe", settings=settings)
    assert asked.code == 0 and asked.out.count("(simulated)\tready") == 6
    with _working(data, settings, "bench") as bench:
        until(lambda: len(_devices(data, settings)) == 6)
        refused = hub(data, "--lang", "en", "devices", "probe", settings=settings)
        assert refused.code == 1 and "bench process is already using" in refused.sentence
        assert str(bench.pid) in refused.sentence
        second = hub(data, "--lang", "en", "bench", settings=settings)
        assert second.code == 1 and "bench process is already using" in second.err.splitlines()[-1]
    assert hub(data, "devices", "probe", settings=settings).code == 0


def test_a_printer_that_is_not_there_is_found_by_the_probe(data: Path, tmp_path: Path) -> None:
    port = command.free_port()
    settings = written(tmp_path / "etc", f'[printer]\nkind = "network"\nhost = "127.0.0.1"\nport = {port}\n')
    asked = hub(data, "devices", "probe", settings=settings)
    assert asked.code == 1 and "printer\tnetwork\toffline" in asked.out and asked.err == ""
    assert asked.out.count("\tready\t") == 5


def test_a_fault_is_rehearsed_and_mended_and_no_paper_is_lost(data: Path, settings: Path) -> None:
    with _working(data, settings, "bench"):
        # The demo's own queue is printed first.
        until(lambda: len(_papers(data)) == 3)
        done = hub(data, "devices", "test", "printer", "--fault", "paper_out", settings=settings)
        assert done.code == 0, done
        until(lambda: _devices(data, settings)["printer"] == "no_paper")
        assert hub(data, "devices", "test", "printer", settings=settings).code == 0
        assert hub(data, "doctor", settings=settings).code == 1
        assert len(_papers(data)) == 3
        assert hub(data, "devices", "test", "printer", "--mend", settings=settings).code == 0
        until(lambda: _devices(data, settings)["printer"] == "ready")
        until(lambda: len(_papers(data)) == 4)


def test_a_fault_that_nobody_knows_is_one_sentence(data: Path, settings: Path) -> None:
    done = hub(data, "--lang", "en", "devices", "test", "printer", "--fault", "hamster", settings=settings)
    assert done.code == 1 and done.sentence


def test_with_the_uplink_down_once_says_so_and_with_it_up_too(data: Path, tmp_path: Path) -> None:
    port = command.free_port()
    settings = written(tmp_path / "etc", f"[office]\nport = {port}\n")
    down = hub(data, "--lang", "en", "relay", "--once", settings=settings)
    assert down.code == 1 and down.out.startswith("No way out now.") and "Traceback" not in down.err
    with _working(data, settings, "office"):
        up = until(
            lambda: done if (done := hub(data, "relay", "--once", settings=settings)).code == 0 else None
        )
        assert up.out.startswith("Có đường truyền.") and up.err == ""


def test_a_house_without_an_office_says_that_nothing_is_set_up(tmp_path: Path) -> None:
    settings = written(tmp_path / "etc", "[house]\ndemo = false\n")
    done = hub(tmp_path / "data", "--lang", "en", "relay", "--once", settings=settings)
    assert done.code == 1 and "Traceback" not in done.err


@pytest.mark.parametrize("worker", ["web", "relay", "office", "bench"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_each_worker_ends_cleanly_and_soon(
    data: Path, tmp_path: Path, worker: str, number: signal.Signals
) -> None:
    settings = written(
        tmp_path / "etc", f"[web]\nport = {command.free_port()}\n[office]\nport = {command.free_port()}\n"
    )
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(address)
        ear.settimeout(20)
        process = subprocess.Popen(
            command.line(data, worker),
            env=command.environment(settings, NOTIFY_SOCKET=address),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            while b"READY=1" not in ear.recv(256):
                pass
            process.send_signal(number)
            out, err = process.communicate(timeout=5)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
    assert process.returncode == 0 and out == "" and "Traceback" not in err, err
