"""``hub run``: the whole House on one desk, kept alive and ended together."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from hub.wiring import demo
from tests.cli import command
from tests.cli.command import hub, written
from tests.cli.running import WORKERS, alive, children, opened, started, until, worker


def _ends_cleanly(said: str) -> bool:
    return "Traceback" not in said and "khởi động lại sau" not in said and "starts again" not in said


def test_the_house_opens_says_where_and_ends_when_told(data: Path, settings: Path) -> None:
    with opened(data, settings=settings) as run:
        until(lambda: "Ctrl-C" in run.said)
        for name, _role, secret in demo.SIGN_INS:
            assert name in run.said and secret in run.said
        assert f"{run.base}/board" in run.said and f"127.0.0.1:{run.office_port}" in run.said
        assert (
            "Thiết bị giả lập (máy in phiếu, máy in A4, máy quét, máy đọc mã, nút bấm và chuông, loa)"
            in run.said
        )
        until(run.well)
        told = run.health()
        assert told is not None and told["clock_trusted"] and told["outbox"]["queued"] == 0
        assert set(told) >= {"status", "version", "uplink", "disk_free_bytes"}
        assert urllib.request.urlopen(f"http://127.0.0.1:{run.office_port}/", timeout=5).status == 200
        assert set(run.workers()) == set(WORKERS)
        assert run.end(signal.SIGTERM) < 5
        assert run.process.returncode == 0 and _ends_cleanly(run.said), run.said
        assert run.health() is None


def test_ctrl_c_in_the_terminal_ends_everything_without_noise(data: Path, settings: Path) -> None:
    with opened(data, settings=settings, lang="en") as run:
        until(lambda: "Ctrl-C stops everything" in run.said)
        until(lambda: len(run.workers()) == 4)
        # The terminal tells every process of the group at once.
        assert run.end(signal.SIGINT, group=True) < 5
        assert run.process.returncode == 0 and _ends_cleanly(run.said), run.said


def test_a_second_start_on_the_same_folder_is_refused_and_disturbs_nobody(data: Path, settings: Path) -> None:
    with opened(data, settings=settings) as run:
        before = (data / "run.toml").read_bytes()
        other = hub(data, "--lang", "en", "run", "--port", str(command.free_port()), settings=settings)
        assert other.code == 1 and f"process {run.process.pid}" in other.sentence
        assert (data / "run.toml").read_bytes() == before, "the running House would wake up on another port"
        assert run.health() is not None


def test_whoever_is_killed_is_started_again(data: Path, settings: Path) -> None:
    with opened(data, settings=settings, lang="en") as run:
        first = until(lambda: found if len(found := run.workers()) == 4 else None)
        for pid in first.values():
            os.kill(pid, signal.SIGKILL)

        def all_new() -> dict[str, int] | None:
            now = run.workers()
            return now if len(now) == 4 and not set(now.values()) & set(first.values()) else None

        until(all_new)
        until(run.well)
        for name in WORKERS:
            assert f"The {name} process ended (code -9)" in run.said
        assert run.end() < 5


def test_a_house_that_is_no_demo_has_no_sign_ins_and_no_office(tmp_path: Path, settings: Path) -> None:
    data = tmp_path / "real"
    with opened(data, "--no-demo", settings=settings) as run:
        until(lambda: "Ctrl-C" in run.said)
        assert not any(secret in run.said for _name, _role, secret in demo.SIGN_INS)
        assert f"{run.office_port}" not in run.said
        assert set(run.workers()) == set(WORKERS) - {"office"}
        assert hub(data, "staff", "list", settings=settings).out == ""
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", run.office_port)) != 0


@pytest.mark.parametrize("which", ["--port", "--office-port"])
def test_a_port_that_is_taken_is_one_sentence_and_nothing_starts(
    data: Path, settings: Path, which: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = "--office-port" if which == "--port" else "--port"
        done = hub(
            data, "--lang", "en", "run", which, str(port), other, str(command.free_port()), settings=settings
        )
    assert done.code == 1 and f"Port {port} on 127.0.0.1" in done.sentence


def test_a_worker_whose_port_is_taken_is_one_sentence(data: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = written(tmp_path / "etc", f"[office]\nport = {taken.getsockname()[1]}\n")
        done = hub(data, "--lang", "en", "office", settings=settings)
    assert done.code == 1 and "cannot be opened" in done.sentence


def test_told_to_end_while_it_prepares_it_leaves_nothing_running(tmp_path: Path, settings: Path) -> None:
    with started(tmp_path / "new", settings=settings) as run:
        preparing = until(lambda: [pid for pid in children(run.process.pid) if worker(pid) == "prepare"])
        assert run.end() < 5
        assert run.process.returncode == 0 and not any(alive(pid) for pid in preparing)
    # What was half prepared is finished by the next start.
    done = hub(tmp_path / "new", "prepare", settings=settings)
    assert done.code == 0
    assert hub(tmp_path / "new", "packs", "verify", settings=settings).code == 0


def test_bad_content_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    settings = written(tmp_path / "etc", f'content_dir = "{tmp_path}/nothing"\n')
    done = hub(
        tmp_path / "data", "--lang", "en", "run", "--port", str(command.free_port()), settings=settings
    )
    assert done.code == 1 and "No content pack" in done.sentence


def _without_root_powers(*words: str) -> list[str]:
    if os.geteuid() != 0:
        return list(words)
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is missing, and root may write everywhere")
    return ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override", *words]


@pytest.mark.parametrize("what", ["run", "doctor", "web", "nightly"])
def test_a_data_folder_that_may_not_be_written_is_one_sentence(data: Path, settings: Path, what: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    data.chmod(0o500)
    try:
        done = subprocess.run(
            _without_root_powers(*command.line(data, "--lang", "en", what)),
            env=command.environment(settings),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        data.chmod(0o700)
    assert done.returncode == 1 and done.stdout == ""
    assert f"{data} cannot be written" in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before


def test_no_worker_outlives_a_supervisor_that_was_killed(data: Path, settings: Path) -> None:
    with opened(data, settings=settings) as run:
        workers = until(lambda: len(found := run.workers()) == 4 and found)
        run.process.kill()
        run.process.wait(5)
        assert until(lambda: not any(alive(pid) for pid in workers.values()), 8)
