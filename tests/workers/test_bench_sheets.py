"""Sheets through the bench with the practice printer: sealed on the way, one paper each, faults told."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from devices.config import SheetsConfig
from devices.desk_ports import SheetPrinter
from devices.ports import Denied
from devices.simulator.sheet_printer import SimulatedSheetPrinter
from hub.base import volatile
from hub.base.house import House
from hub.post import health, orders, sheet_jobs, sheet_printing
from hub.post.sheet_jobs import Kind, State
from hub.workers import bench_sheets
from hub.workers.bench_slot import Slot
from tests.workers.house import running, until

PDF = b"%PDF-1.4\nMARKER of a person\n%%EOF"


def _add(conn: sqlite3.Connection, house: House, subject: str = "draft:a", **more: Any) -> int:
    until(lambda: sheet_jobs.ready(conn, house.clock.read()))
    return sheet_jobs.add(conn, Kind.FORM, PDF, moment=house.clock.read(), subject=subject, **more)


def _ends(conn: sqlite3.Connection, job_id: int, state: State, seconds: float = 6.0) -> sheet_jobs.Job:
    try:
        until(lambda: sheet_jobs.get(conn, job_id).state is state, seconds)
    except AssertionError:
        raise AssertionError(f"never {state}: {sheet_jobs.get(conn, job_id)}") from None
    return sheet_jobs.get(conn, job_id)


def _order(conn: sqlite3.Connection, house: House, action: orders.Action, value: str = "") -> None:
    until(lambda: health.one(conn, "sheets", house.clock.read()))
    order_id = orders.order(conn, "sheets", action, value, moment=house.clock.read())
    until(lambda: orders.get(conn, order_id).state is orders.State.DONE)


def _out(house: House) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = json.loads((house.simulated / "sheets.json").read_text("utf-8"))["jobs"]
    return [job for job in jobs if job["stage"] == "done"]


def test_a_sheet_comes_out_once_and_what_stood_on_it_is_forgotten(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        job_id = _add(conn, house, copies=2)
        _ends(conn, job_id, State.DONE)
    (sheet,) = _out(house)
    assert sheet["copies"] == 2
    assert (house.simulated / sheet["file"]).read_bytes() == PDF
    assert conn.execute("SELECT box FROM sheet_jobs").fetchone()[0] is None
    assert health.one(conn, "sheets", house.clock.read()).last_job == job_id  # type: ignore[union-attr]


def test_a_waiting_sheet_is_nowhere_in_the_database_in_clear(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        _order(conn, house, orders.Action.FAULT, "cable")
        job_id = _add(conn, house)
        for name in ("house.db", "house.db-wal"):
            assert b"MARKER" not in (house.data / name).read_bytes()
        sheet_jobs.cancel(conn, job_id, moment=house.clock.read())
        _ends(conn, job_id, State.CANCELLED)


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        ("paper_out", State.HELD, "sheetjobs.no_paper"),
        ("cover", State.HELD, "sheetjobs.cover_open"),
        ("jam", State.HELD, "sheetjobs.jammed"),
        ("ink", State.HELD, "sheetjobs.no_ink"),
        ("cable", State.HELD, "sheetjobs.offline"),
        ("rejects", State.QUEUED, "sheetjobs.paused"),
    ],
)
def test_a_fault_is_told_within_three_seconds_and_the_sheet_comes_once_when_it_is_mended(
    house: House, conn: sqlite3.Connection, fault: str, state: State, reason: str
) -> None:
    with running(house):
        _order(conn, house, orders.Action.FAULT, fault)
        job_id = _add(conn, house)

        def told() -> bool:
            job = sheet_jobs.get(conn, job_id)
            return job.state is state and job.reason_key == reason

        until(told, 3.0)
        assert [job.id for job in sheet_jobs.stuck(conn, house.clock.read())] == [job_id]
        _order(conn, house, orders.Action.MEND)
        done = _ends(conn, job_id, State.DONE)
        assert done.reason_key is None and sheet_jobs.stuck(conn, house.clock.read()) == ()
    assert len(_out(house)) == 1


def test_a_fault_while_a_sheet_is_on_its_way_does_not_double_it_over_a_restart(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        _order(conn, house, orders.Action.FAULT, "paper_out")
        job_id = _add(conn, house)
        _ends(conn, job_id, State.HELD)
    with running(house):
        _ends(conn, job_id, State.DONE)
    assert len(_out(house)) == 1


def test_a_held_sheet_can_be_taken_back(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        _order(conn, house, orders.Action.FAULT, "paper_out")
        job_id = _add(conn, house)
        _ends(conn, job_id, State.HELD)
        assert sheet_jobs.cancel(conn, job_id, moment=house.clock.read()).unwanted
        _ends(conn, job_id, State.CANCELLED)
        _order(conn, house, orders.Action.MEND)
        other = _add(conn, house, "draft:b")
        _ends(conn, other, State.DONE)
    assert len(_out(house)) == 1


def test_a_hand_over_that_was_cut_off_is_found_by_its_name_and_not_sent_again(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        job_id = _add(conn, house)
        _ends(conn, job_id, State.DONE)
    # The same row as a bench leaves it that dies after the print service took the sheet.
    box = conn.execute("SELECT name FROM sheet_jobs").fetchone()
    with running(house):
        again = _add(conn, house, "draft:b")
        _ends(conn, again, State.DONE)
    conn.execute("UPDATE sheet_jobs SET state = 'cancelled' WHERE id = ?", (again,))
    conn.execute(
        "UPDATE sheet_jobs SET state = 'handing', handle = NULL, box = x'00', ended_at = NULL WHERE id = ?",
        (job_id,),
    )
    with running(house):
        _ends(conn, job_id, State.DONE)
    assert [one["name"] for one in _out(house)].count(box["name"]) == 1
    assert len(_out(house)) == 2


def test_when_the_print_service_lost_its_memory_a_guide_is_asked_and_decides(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        _order(conn, house, orders.Action.FAULT, "paper_out")
        job_id = _add(conn, house)
        _ends(conn, job_id, State.HELD)
    (house.simulated / "sheets.json").unlink()
    with running(house):
        asked = _ends(conn, job_id, State.ASK)
        assert asked.reason_key == "sheetjobs.forgotten"
        sheet_jobs.answer(conn, job_id, False, moment=house.clock.read())
        _ends(conn, job_id, State.DONE)
    assert len(_out(house)) == 1


def test_a_doubtful_hand_over_with_nobody_to_vouch_asks_instead_of_printing_twice(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        _order(conn, house, orders.Action.FAULT, "rejects")
        job_id = _add(conn, house)
        until(lambda: sheet_jobs.get(conn, job_id).reason_key)
    conn.execute("UPDATE sheet_jobs SET state = 'handing', reason_key = NULL")
    with running(house):
        assert _ends(conn, job_id, State.ASK).reason_key == "sheetjobs.interrupted"
        sheet_jobs.answer(conn, job_id, True, moment=house.clock.read())
    assert sheet_jobs.get(conn, job_id).state is State.DONE
    assert _out(house) == []


def test_after_a_power_cut_the_guide_is_told_to_print_it_again(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        _order(conn, house, orders.Action.FAULT, "rejects")
        job_id = _add(conn, house)
        until(lambda: sheet_jobs.get(conn, job_id).reason_key)
    # What lies in memory goes with the power; the rows stay.
    (volatile.folder(house.data) / f"{bench_sheets.PAIR}.pair").unlink()
    with running(house):
        assert _ends(conn, job_id, State.FAILED).reason_key == "sheetjobs.power_lost"
        _ends(conn, _add(conn, house, "draft:b"), State.DONE)
    assert len(_out(house)) == 1


def test_what_is_no_pdf_is_given_up_and_the_next_sheet_comes(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        until(lambda: sheet_jobs.ready(conn, house.clock.read()))
        bad = sheet_jobs.add(conn, Kind.FORM, b"GIF89a", moment=house.clock.read(), subject="draft:a")
        assert _ends(conn, bad, State.FAILED).reason_key == "sheetjobs.file"
        _ends(conn, _add(conn, house, "draft:b"), State.DONE)


class Refusing(SimulatedSheetPrinter):
    """A queue that lets this House not in, though its printer is well."""

    tries = 0

    def submit(self, pdf: bytes, *, name: str, copies: int = 1) -> str:
        type(self).tries += 1
        raise Denied("not for you")


def test_a_queue_that_says_no_is_not_asked_every_second_and_every_sheet_says_why(
    house: House, conn: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_sheets, "_REFUSED_FIRST_S", 600.0)
    stop = threading.Event()
    slot: Slot[SheetPrinter] = Slot(
        "sheets", "simulator", lambda: Refusing(SheetsConfig(), tmp_path), hang_s=20
    )
    thread = bench_sheets.Sheets(house, slot, stop)
    thread.began(conn)
    both = [_add(conn, house, f"draft:{name}") for name in "ab"]
    thread.turn(conn)
    for job_id in both:
        job = sheet_jobs.get(conn, job_id)
        assert (job.state, job.reason_key) == (State.QUEUED, "sheetjobs.denied")
    assert Refusing.tries == 1, "the second sheet is not offered to a queue that has just said no"
    before = conn.total_changes
    for _ in range(5):
        thread.turn(conn)
    assert (Refusing.tries, conn.total_changes) == (1, before)
    thread.ordered()
    thread.turn(conn)
    assert Refusing.tries > 1
    slot.close()


def test_without_memory_of_its_own_no_sheet_is_taken(
    house: House, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet_printing.offer(conn, b"\x00" * 32, moment=house.clock.read())
    monkeypatch.setattr(volatile, "in_memory", lambda _path: False)
    with running(house):
        until(lambda: not sheet_jobs.ready(conn, house.clock.read()))
