"""Bad days: told to end, started twice, set up wrongly, nowhere to write. One sentence each, nothing lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import urllib3

from hub.base import phrases
from tests.journeys import village
from tests.journeys.village import Village, until
from tests.journeys.visitor import Visitor

ENDS_WITHIN_S = 5.0


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence a command ended with; exit code 1, no traceback, nothing else."""
    assert done.returncode == 1, (done.returncode, done.stderr[-2000:])
    lines = [line for line in done.stderr.splitlines() if line and not line.startswith("{")]
    assert len(lines) == 1 and "Traceback" not in done.stderr, done.stderr[-2000:]
    return lines[0]


def test_every_worker_ends_cleanly_within_five_seconds_of_being_told_to(house: Village) -> None:
    house.start(*village.WORKERS)
    # A visitor who holds a connection open must not hold up the end.
    visitor = house.visitor()
    assert visitor.get("/").status == 200
    for name in village.WORKERS:
        code, seconds = house.end(name)
        assert code == 0, f"{name}: {house.log(name)[-1500:]}"
        assert seconds < ENDS_WITHIN_S, f"{name} took {seconds:.1f} s"


@contextmanager
def supervised(data: Path, folder: Path, port: int, office: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``hub run`` until the block ends."""
    settings = folder / "run-hub.toml"
    village.write_settings(settings, web={"port": port, "threads": 4}, office={"port": office})
    with (folder / "run.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "run"],
            cwd=village.ROOT,
            env=village.environment(data, settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    try:
        return (
            urllib3.request("GET", f"http://127.0.0.1:{port}/health", retries=False, timeout=3).status == 200
        )
    except urllib3.exceptions.HTTPError:
        return False


def test_the_whole_house_runs_once_a_folder_says_where_it_is_and_ends_together(
    data: Path, tmp_path: Path
) -> None:
    port, office = village.free_port(), village.free_port()
    log = tmp_path / "run.log"
    with supervised(data, tmp_path, port, office) as process:
        until(lambda: answers(port), 40, "the House did not open")
        until(lambda: f"http://127.0.0.1:{office}" in log.read_text(encoding="utf-8"), 10)
        told = log.read_text(encoding="utf-8")
        assert f"http://127.0.0.1:{port}" in told and "250719" in told and "/technician/devices" in told
        second = village.hub(data, tmp_path / "run-hub.toml", "run")
        assert f"{process.pid}" in sentence(second)
        assert answers(port), "the second start disturbed the first"
        children = _children(process.pid)
        assert len(children) >= 4
        began = time.monotonic()
        process.terminate()
        assert process.wait(8) == 0
        assert time.monotonic() - began < ENDS_WITHIN_S
    assert not [pid for pid in children if _alive(pid)]
    assert not answers(port)


def test_a_worker_that_falls_is_started_again_and_the_others_go_on(data: Path, tmp_path: Path) -> None:
    port = village.free_port()
    with supervised(data, tmp_path, port, village.free_port()) as process:
        until(lambda: answers(port), 40, "the House did not open")
        (web,) = [pid for pid, words in _children(process.pid).items() if words[-1] == "web"]
        os.kill(web, signal.SIGKILL)
        until(lambda: not answers(port), 5)
        until(lambda: answers(port), 20, "the pages did not come back")
    assert "web" in (tmp_path / "run.log").read_text(encoding="utf-8")


def _children(pid: int) -> dict[int, list[str]]:
    found = {}
    for told in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in told.read_text(encoding="ascii").split():
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            found[int(child)] = [word for word in words if word]
    return found


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("name", ["web", "bench", "relay"])
def test_a_second_worker_of_a_kind_is_refused_in_one_sentence(house: Village, name: str) -> None:
    house.start(name)
    told = sentence(house.command(name))
    assert re.search(r"\d", told)


@pytest.mark.parametrize(
    ("command", "text", "names"),
    [
        ("run", "[house]\nname = 'a'\n[web]\nprot = 1\n", ("hub.toml", "4", "web.prot")),
        ("web", "[printer]\nkind = 'simulator'\nwidht = 384\n", ("hub.toml", "3", "printer.widht")),
        ("bench", "[web]\nport = 'eighty'\n", ("hub.toml", "2", "web.port")),
        ("relay", "[web\n", ("hub.toml",)),
    ],
)
def test_a_wrong_setting_stops_the_start_with_file_line_and_key(
    tmp_path: Path, command: str, text: str, names: tuple[str, ...]
) -> None:
    (tmp_path / "hub.toml").write_text(text, encoding="utf-8")
    told = sentence(village.hub(tmp_path / "data", tmp_path / "hub.toml", command))
    assert all(name in told for name in names)
    assert not (tmp_path / "data" / "house.db").exists()


@pytest.mark.parametrize("command", ["run", "web", "bench", "relay", "nightly"])
def test_a_database_from_a_newer_house_is_left_alone(data: Path, tmp_path: Path, command: str) -> None:
    village.write_settings(tmp_path / "hub.toml", web={"port": 0}, office={"port": 0})
    with closing(sqlite3.connect(data / "house.db")) as conn:
        conn.execute("PRAGMA user_version = 9999")
        before = conn.execute("SELECT count(*) FROM tickets").fetchone()
    told = sentence(village.hub(data, tmp_path / "hub.toml", command))
    assert "9999" in told
    with closing(sqlite3.connect(data / "house.db")) as conn:
        assert conn.execute("SELECT count(*) FROM tickets").fetchone() == before
        assert conn.execute("PRAGMA user_version").fetchone()[0] == 9999


@pytest.mark.parametrize("command", ["run", "web", "bench"])
def test_a_file_where_the_folder_should_be_is_one_sentence(tmp_path: Path, command: str) -> None:
    village.write_settings(tmp_path / "hub.toml", web={"port": 0}, office={"port": 0})
    (tmp_path / "data").write_text("in the way", encoding="utf-8")
    told = sentence(village.hub(tmp_path / "data", tmp_path / "hub.toml", command))
    assert told == phrases.say("vi", "base.read_only", path=str(tmp_path / "data"))


def _own_mounts() -> list[str] | None:
    """Return the words that give a command mounts of its own, or None where this machine does not let us."""
    # In a change-root there is no mount at "/" whose propagation could be changed; it is private already there.
    ways = (["--mount"], ["--user", "--map-root-user", "--mount"], ["--mount", "--propagation", "unchanged"])
    for words in (["unshare", *way] for way in ways):
        if shutil.which("unshare") is None:
            break
        done = subprocess.run([*words, "true"], capture_output=True, timeout=10, check=False)
        if done.returncode == 0:
            return words
    return None


MOUNTS = _own_mounts()
needs_mounts = pytest.mark.skipif(MOUNTS is None, reason="this machine gives tests no mounts of their own")


@needs_mounts
@pytest.mark.parametrize("command", ["run", "web", "bench", "relay"])
def test_a_read_only_data_folder_is_one_sentence_and_what_is_there_stays(
    data: Path, tmp_path: Path, command: str
) -> None:
    assert MOUNTS is not None
    village.write_settings(tmp_path / "hub.toml", web={"port": 0}, office={"port": 0})
    script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" -m hub "$3"'
    done = subprocess.run(
        [*MOUNTS, "sh", "-c", script, "sh", str(data), sys.executable, command],
        cwd=village.ROOT,
        env=village.environment(data, tmp_path / "hub.toml"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert sentence(done) == phrases.say("vi", "base.read_only", path=str(data))
    with closing(sqlite3.connect(data / "house.db")) as conn:
        assert conn.execute("SELECT count(*) FROM tickets").fetchone()[0] == 3


@needs_mounts
def test_on_a_full_card_a_page_says_so_and_goes_on_once_there_is_room(data: Path, tmp_path: Path) -> None:
    assert MOUNTS is not None
    port, card = village.free_port(), tmp_path / "card"
    village.write_settings(tmp_path / "hub.toml", web={"port": port, "threads": 2}, office={"port": 0})
    card.mkdir()
    script = 'mount -t tmpfs -o size=16m tmpfs "$1" && cp -a "$2" "$1/data" && exec "$3" -m hub web'
    process = subprocess.Popen(
        [*MOUNTS, "sh", "-c", script, "sh", str(card), str(data), sys.executable],
        cwd=village.ROOT,
        env=village.environment(card / "data", tmp_path / "hub.toml"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    visitor = Visitor(f"http://127.0.0.1:{port}")
    try:
        until(lambda: answers(port), 40, "the pages did not open")
        # The card of that process, seen from outside.
        inside = Path(f"/proc/{process.pid}/root{card}")
        form = visitor.get("/ticket?service=thu-tuc").form(has="service")
        filler = inside / "filler"
        with filler.open("wb", buffering=0) as full, pytest.raises(OSError, match="No space left"):
            while True:
                full.write(bytes(65536))
        refused = form.send(press="priority=none")
        assert refused.status == 503
        assert phrases.say("vi", "base.disk_full") in refused.words
        assert visitor.get("/board").status == 200, "what can be read is still shown"
        filler.unlink()
        given = form.send(press="priority=none")
        assert given.status == 200 and "/ticket/" in given.url
        shutil.copyfile(inside / "data" / "house.db", tmp_path / "after.db")
        if (inside / "data" / "house.db-wal").exists():
            shutil.copyfile(inside / "data" / "house.db-wal", tmp_path / "after.db-wal")
        with closing(sqlite3.connect(tmp_path / "after.db")) as conn:
            assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert conn.execute("SELECT count(*) FROM tickets").fetchone()[0] == 4
            assert conn.execute("SELECT count(*) FROM jobs").fetchone()[0] == 4
    finally:
        visitor.close()
        process.terminate()
        process.wait(8)
