"""Benches killed at random moments, in the midst of a statement, on a full card: nothing lost, nothing doubled."""

from __future__ import annotations

import functools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.base import settings as house_settings
from hub.base.house import House
from hub.wiring import build
from tests.contract.sink import Manner, Sink
from tests.workers import kills
from tests.workers.kill_papers import Papers
from tests.workers.kill_scans import Scans
from tests.workers.kill_sheets import Sheets
from tests.workers.kills import Life, Work

KILLS = int(os.environ.get("HUB_KILLS", "500"))
HALVES = 2
REAL_KILLS = 20
SCAN_KILLS = 12


def _seed() -> int:
    # A failure is repeated with HUB_SEED=<the number that was printed>.
    seed = int(os.environ.get("HUB_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
    print(f"HUB_SEED={seed}")
    return seed


def _life(chance: random.Random, sink: Sink) -> Life:
    port = chance.choice((0, sink.port))
    how = chance.random()
    if how < 0.25:
        return Life(port, steps=int(chance.uniform(100, 2_500)))
    if how < 0.35:
        begins = chance.uniform(0.0, 0.08)
        return Life(port, full=(begins, begins + chance.uniform(0.01, 0.1)))
    return Life(port)


@pytest.mark.parametrize("half", range(1, HALVES + 1))
def test_five_hundred_benches_die_and_no_paper_is_lost_and_no_receipt_doubled_unasked(
    tmp_path: Path, half: int
) -> None:
    chance = random.Random(_seed())
    data = tmp_path / "data"
    with Sink() as sink:
        house = build.build(kills.settings(0), data)
        conn = house.connect()
        works: tuple[Work, ...] = (
            Papers(conn, house.clock, house.simulated, sink),
            Sheets(conn, house.clock, house.simulated),
        )
        began = time.monotonic()
        for _ in range(KILLS // HALVES):
            sink.manner = Manner.ANSWERS if chance.random() < 0.85 else Manner.SILENT
            met = chance.choice(works)
            before = met.begun()
            process = kills.begin(data, _life(chance, sink))
            for work in works:
                for _ in range(chance.randint(0, 2)):
                    work.arrive(chance)
                work.answer()
            if chance.random() < 0.7 and not met.over():
                # At any moment of one kind of its work, which is short beside its start.
                kills.soon(functools.partial(_more, met, before), process, 0.5)
                time.sleep(chance.uniform(0, 0.04))
            else:
                time.sleep(chance.uniform(0, 0.1))
            # It may have been quicker and killed itself.
            assert kills.end(process, signal.SIGKILL) == -signal.SIGKILL
        took = time.monotonic() - began
        sink.manner = Manner.ANSWERS
        process = kills.begin(data, Life(sink.port))
        for work in works:
            work.arrive(chance)
        kills.until(lambda: all(work.over() for work in works), 30)
        assert kills.end(process, signal.SIGTERM) == 0
        assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        print(f"half {half} of {KILLS} kills in {took:.1f} s: " + "; ".join(work.judge() for work in works))
        conn.close()


def test_benches_that_die_with_a_page_on_the_glass_lose_none_and_take_none_in_twice(tmp_path: Path) -> None:
    chance = random.Random(_seed())
    data = tmp_path / "data"
    house = build.build(kills.settings(0, scanner=True), data)
    conn = house.connect()
    scans = Scans(conn, house.clock)
    for turn in range(SCAN_KILLS):
        before = scans.begun()
        process = kills.begin(data, Life(steps=5_000 if turn == 5 else 0, scanner=True))
        scans.arrive(chance)
        # What the last death cut off is told by this bench, and asked for again only then.
        kept = scans.kept()
        kills.soon(functools.partial(_answered_and_more, scans, before), process, 5)
        match turn % 3:
            case 0:
                # Under the lamp, or while it is made ready in a process of its own.
                time.sleep(chance.uniform(0, 0.3) if turn else 0)
            case 1:
                # Between the page and the last word about it.
                kills.soon(functools.partial(_came, scans, kept), process, 10)
            case _:
                kills.soon(scans.over, process, 10)
        assert kills.end(process, signal.SIGKILL) == -signal.SIGKILL
    process = kills.begin(data, Life(scanner=True))
    scans.arrive(chance)
    kills.until(scans.over, 30)
    assert kills.end(process, signal.SIGTERM) == 0
    assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    print(f"{SCAN_KILLS} kills: {scans.judge()}")
    conn.close()


def test_the_real_command_killed_at_random_moments_keeps_the_same_promise(tmp_path: Path) -> None:
    chance = random.Random(_seed())
    data = tmp_path / "data"
    with Sink() as sink:
        house = build.build(kills.settings(sink.port), data)
        conn = house.connect()
        papers = Papers(conn, house.clock, house.simulated, sink)
        # The practice printer's folder is read too: here nothing came out of it.
        house.simulated.mkdir(exist_ok=True)
        (house.simulated / "printer.json").write_text('{"papers": []}', encoding="utf-8")
        for _ in range(REAL_KILLS):
            process = _command(house, tmp_path)
            before = papers.begun()
            for _ in range(chance.randint(1, 4)):
                papers.arrive(chance)
            papers.answer()
            # Not while Python still loads: from the first paper on, any moment.
            kills.until(lambda: papers.begun() > before, 20)
            time.sleep(chance.uniform(0, 0.12))
            process.kill()
            assert process.wait(10) == -signal.SIGKILL
        # With something to do, so that it is known to have begun before it is told to end.
        papers.arrive(chance)
        process = _command(house, tmp_path)
        kills.until(papers.over, 30)
        process.terminate()
        assert process.wait(10) == 0
        print(f"{REAL_KILLS} kills of the command: {papers.judge()}")
        conn.close()


def _more(work: Work, before: int) -> bool:
    return work.begun() > before


def _answered_and_more(work: Work, before: int) -> bool:
    work.answer()
    return _more(work, before)


def _came(scans: Scans, before: int) -> bool:
    return scans.kept() > before


def _command(house: House, folder: Path) -> subprocess.Popen[bytes]:
    written = folder / "hub.toml"
    written.write_text(house_settings.write(house.settings), encoding="utf-8")
    told = {**os.environ, "HUB_SETTINGS": str(written), "HUB_DATA": str(house.data)}
    return subprocess.Popen(
        [sys.executable, "-m", "hub", "bench"], env=told, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
