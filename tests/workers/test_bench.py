"""The bench with its practice devices: presses, papers, faults, calls, orders."""

from __future__ import annotations

import dataclasses
import logging
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from devices import raster
from devices.ports import SlipPrinter, State, Status
from devices.simulator import code_reader
from devices.simulator import panel as panels
from devices.simulator import scanner, sheet_printer
from devices.simulator import slip_printer as printers
from devices.simulator import speaker as speakers
from devices.slip import Slip, Text, as_text
from hub.base import phrases
from hub.base.errors import Conflict
from hub.base.house import House
from hub.base.settings import SoundSettings
from hub.post import health, jobs, orders, sheet_jobs, signals
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.workers import bench_orders
from hub.workers.bench_slot import Slot
from tests.fakes import FakeClock
from tests.workers.house import issue, made, noted, papers, running, until


def _order(
    conn: sqlite3.Connection, house: House, device: str, action: orders.Action, value: str = ""
) -> orders.Order:
    until(lambda: health.one(conn, device, house.clock.read()))
    order_id = orders.order(conn, device, action, value, moment=house.clock.read())
    until(lambda: orders.get(conn, order_id).state is not orders.State.OPEN)
    return orders.get(conn, order_id)


def _fault(conn: sqlite3.Connection, house: House, fault: str, device: str = "printer") -> None:
    assert _order(conn, house, device, orders.Action.FAULT, fault).state is orders.State.DONE


def _mend(conn: sqlite3.Connection, house: House, device: str = "printer") -> None:
    assert _order(conn, house, device, orders.Action.MEND).state is orders.State.DONE


def _job(conn: sqlite3.Connection, subject: str) -> jobs.Job:
    return jobs.for_subject(conn, subject)[0]


def _ends(conn: sqlite3.Connection, subject: str, state: jobs.State) -> jobs.Job:
    until(lambda: _job(conn, subject).state is state)
    return _job(conn, subject)


def _receipt(conn: sqlite3.Connection, house: House) -> str:
    slip = Slip((Text("Nhà văn hóa đã giữ hồ sơ"),))
    jobs.add(conn, jobs.Kind.RECEIPT, slip, moment=house.clock.read(), subject="dossier:a")
    return "dossier:a"


def _devices(conn: sqlite3.Connection, house: House) -> dict[str, str]:
    return {each.name: each.state for each in health.all(conn, house.clock.read())}


def test_the_wall_button_gives_a_number_a_slip_and_a_buzz(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        assert _order(conn, house, "panel", orders.Action.PRESS, "ticket").state is orders.State.DONE
        (text,) = until(lambda: papers(house))
        (ticket,) = views.queue(conn).waiting
        assert f"[[ {ticket.label} ]]" in text
        assert ticket.source == "button"
        assert _ends(conn, f"ticket:{ticket.id}", jobs.State.DONE).attempts == 1
        buzzes = until(lambda: noted(house, "panel.json", "buzzes"))
        assert buzzes[0]["pattern"] == list(signals.PATTERNS["press"])


def test_second_press_within_three_seconds_is_ignored(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        for _ in range(3):
            _order(conn, house, "panel", orders.Action.PRESS, "ticket")
        until(lambda: papers(house))
        until(lambda: not jobs.waiting(conn))
        assert len(views.queue(conn).waiting) == 1
        assert len(papers(house)) == 1


def test_a_press_with_nothing_open_is_answered_by_a_long_buzz(house: House, conn: sqlite3.Connection) -> None:
    tickets.open_service(conn, "papers", False)
    with running(house):
        _order(conn, house, "panel", orders.Action.PRESS, "ticket")
        buzzes = until(lambda: noted(house, "panel.json", "buzzes"))
        assert buzzes[0]["pattern"] == list(signals.PATTERNS["refused"])
        assert papers(house) == []


def test_a_desk_button_calls_the_next_number_and_its_neighbour_calls_it_again(tmp_path: Path) -> None:
    house = made(tmp_path / "data", desk_buttons={"1": 5, "1-recall": 6})
    conn = house.connect()
    first, second = issue(conn, house), issue(conn, house)
    with running(house):
        _order(conn, house, "panel", orders.Action.PRESS, "desk-1")
        until(lambda: [each.id for each in views.board(conn).serving] == [first.id])
        _order(conn, house, "panel", orders.Action.PRESS, "desk-1-recall")
        until(lambda: views.board(conn).serving[0].recalls == 1)
        _order(conn, house, "panel", orders.Action.PRESS, "desk-1")
        until(lambda: [each.id for each in views.board(conn).serving] == [second.id])
    conn.close()


def test_a_printer_out_of_paper_says_why_and_prints_once_when_it_is_mended(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        _fault(conn, house, "paper_out")
        subject = f"ticket:{issue(conn, house).id}"
        stuck = _ends(conn, subject, jobs.State.STUCK)
        assert (stuck.reason_key, stuck.copy, papers(house)) == ("printing.no_paper", False, [])
        until(lambda: _devices(conn, house)["printer"] == "no_paper")
        _mend(conn, house)
        done = _ends(conn, subject, jobs.State.DONE)
        assert (done.copy, done.reason_key) == (False, None)
        until(lambda: _devices(conn, house)["printer"] == "ready")
    assert len(papers(house)) == 1
    assert "BẢN SAO" not in papers(house)[0]


def test_a_pulled_cable_is_told_after_three_missed_answers_and_work_goes_on_by_itself(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        _fault(conn, house, "cable")
        first, second = (f"ticket:{issue(conn, house).id}" for _ in range(2))
        assert _ends(conn, first, jobs.State.STUCK).reason_key == "printing.offline"
        until(lambda: _devices(conn, house)["printer"] == "offline", 8)
        _mend(conn, house)
        _ends(conn, first, jobs.State.DONE)
        _ends(conn, second, jobs.State.DONE)
    assert len(papers(house)) == 2


def test_a_ticket_whose_paper_ended_midway_comes_again_as_a_copy_in_its_language(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        _fault(conn, house, "paper_midway")
        subject = f"ticket:{issue(conn, house).id}"
        assert _ends(conn, subject, jobs.State.STUCK).copy
        _mend(conn, house)
        _ends(conn, subject, jobs.State.DONE)
    (text,) = papers(house)
    assert "BẢN SAO" in text.splitlines()[0]


def test_a_receipt_whose_paper_ended_midway_asks_and_is_never_doubled_unasked(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        _fault(conn, house, "paper_midway")
        subject = _receipt(conn, house)
        asked = _ends(conn, subject, jobs.State.ASK)
        _mend(conn, house)
        _ends(conn, f"ticket:{issue(conn, house).id}", jobs.State.DONE)
        assert len(papers(house)) == 1
        jobs.answer_printed(conn, asked.id, False, house.clock.read())
        _ends(conn, subject, jobs.State.DONE)
    assert [("BẢN SAO" in text) for text in papers(house)] == [False, True]


def test_a_broken_slip_steps_aside_and_the_next_is_printed(house: House, conn: sqlite3.Connection) -> None:
    bad = f"ticket:{issue(conn, house).id}"
    conn.execute("UPDATE jobs SET slip = '{\"slip\": 1}'")
    good = f"ticket:{issue(conn, house).id}"
    with running(house):
        _ends(conn, good, jobs.State.DONE)
        stuck = _ends(conn, bad, jobs.State.STUCK)
    assert (stuck.reason_key, stuck.retry) == ("printing.broken", False)


def test_a_slow_printer_holds_up_neither_the_buzzer_nor_the_voice(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        _fault(conn, house, "slow")
        ticket = issue(conn, house)
        until(lambda: _job(conn, f"ticket:{ticket.id}").state is jobs.State.LEASED)
        tickets.call_next(conn, "1", None, moment=house.clock.read(), settings=house.settings)
        until(lambda: len(noted(house, "speaker.json", "played")) == 2, 1.2)
        assert noted(house, "panel.json", "buzzes")[-1]["pattern"] == list(signals.PATTERNS["call"])
        assert papers(house) == []
        _ends(conn, f"ticket:{ticket.id}", jobs.State.DONE)


def test_a_call_is_a_chime_and_then_words(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        signals.say(conn, [("vi", "Mời số 12"), ("en", "Number 12")], moment=house.clock.read(), ttl_s=20)
        until(lambda: len(noted(house, "speaker.json", "played")) == 2)
        until(lambda: conn.execute("SELECT count(*) FROM signals").fetchone()[0] == 0)
    chime, words = noted(house, "speaker.json", "played")
    assert (chime["sound"], words["sound"]) == ("chime", "call")
    assert words["ms"] > 1_500


def test_a_stale_call_is_never_made(house: House, conn: sqlite3.Connection) -> None:
    old = dataclasses.replace(house.clock.read(), mono=time.monotonic() - 21)
    signals.say(conn, [("vi", "Mời số 11")], moment=old, ttl_s=20)
    signals.chirp(conn, "call", moment=old, ttl_s=20)
    with running(house):
        signals.say(conn, [("vi", "Mời số 12")], moment=house.clock.read(), ttl_s=20)
        until(lambda: len(noted(house, "speaker.json", "played")) == 2)
        until(lambda: conn.execute("SELECT count(*) FROM signals").fetchone()[0] == 0)
    assert len(noted(house, "speaker.json", "played")) == 2
    assert noted(house, "panel.json", "buzzes") == []


def test_without_a_speech_engine_there_is_still_the_chime(
    house: House, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with running(house):
        signals.say(conn, [("vi", "Mời số 12")], moment=house.clock.read(), ttl_s=20)
        until(lambda: noted(house, "speaker.json", "played"))
        until(lambda: conn.execute("SELECT count(*) FROM signals").fetchone()[0] == 0)
    assert [each["sound"] for each in noted(house, "speaker.json", "played")] == ["chime"]


def test_a_house_that_wants_no_speech_only_chimes(tmp_path: Path) -> None:
    house = made(tmp_path / "data", sound=SoundSettings(speech=False))
    conn = house.connect()
    with running(house):
        signals.say(conn, [("vi", "Mời số 12")], moment=house.clock.read(), ttl_s=20)
        until(lambda: noted(house, "speaker.json", "played"))
        until(lambda: conn.execute("SELECT count(*) FROM signals").fetchone()[0] == 0)
    conn.close()
    assert [each["sound"] for each in noted(house, "speaker.json", "played")] == ["chime"]


def test_a_call_waits_for_a_loudspeaker_while_it_is_fresh(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        _fault(conn, house, "cable", "speaker")
        signals.say(conn, [("vi", "Mời số 12")], moment=house.clock.read(), ttl_s=20)
        time.sleep(0.3)
        assert noted(house, "speaker.json", "played") == []
        _mend(conn, house, "speaker")
        until(lambda: len(noted(house, "speaker.json", "played")) == 2)


def test_a_device_that_cannot_be_opened_is_sick_alone_and_is_opened_later(
    house: House, conn: sqlite3.Connection
) -> None:
    tries = []

    def late() -> speakers.Speaker:
        tries.append(time.monotonic())
        if len(tries) < 2:
            raise RuntimeError("no such card")
        return house.ports.speaker()

    sick = dataclasses.replace(house, ports=dataclasses.replace(house.ports, speaker=late))
    with running(sick):
        until(lambda: _devices(conn, house).get("speaker") == "unsupported")
        _ends(conn, f"ticket:{issue(conn, house).id}", jobs.State.DONE)
        until(lambda: _devices(conn, house)["speaker"] == "ready", 8)
    assert len(tries) == 2 and tries[1] - tries[0] >= 1.0


def test_a_second_bench_on_the_same_folder_is_refused(house: House) -> None:
    with running(house):
        with pytest.raises(Conflict) as told, running(house):
            pass
        assert told.value.key == "base.already_running"
    with running(house):
        pass


def test_a_mark_that_cannot_be_written_keeps_the_paper_blank(house: House, conn: sqlite3.Connection) -> None:
    conn.execute(
        "CREATE TRIGGER full BEFORE UPDATE OF first_byte_at ON jobs WHEN new.first_byte_at IS NOT NULL"
        " BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    ticket = issue(conn, house)
    with running(house):
        until(lambda: _job(conn, f"ticket:{ticket.id}").attempts >= 2)
        assert papers(house) == []
        conn.execute("DROP TRIGGER full")
        assert not _ends(conn, f"ticket:{ticket.id}", jobs.State.DONE).copy
    assert len(papers(house)) == 1


def test_an_outcome_that_cannot_be_written_is_not_forgotten(house: House, conn: sqlite3.Connection) -> None:
    conn.execute(
        "CREATE TRIGGER full BEFORE UPDATE OF state ON jobs WHEN new.state = 'done'"
        " BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    subject = _receipt(conn, house)
    with running(house):
        until(lambda: papers(house))
        time.sleep(0.2)
        conn.execute("DROP TRIGGER full")
        assert not _ends(conn, subject, jobs.State.DONE).copy
    assert len(papers(house)) == 1


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_printer_test_goes_the_way_real_work_goes(
    house: House, conn: sqlite3.Connection, lang: str
) -> None:
    with running(house):
        order = _order(conn, house, "printer", orders.Action.TEST, lang)
        _ends(conn, f"order:{order.id}", jobs.State.DONE)
    (text,) = papers(house)
    job = _job(conn, f"order:{order.id}")
    *above, foot = text.strip("\n").split("\n")
    assert "\n".join(above) == as_text(jobs.slip(conn, job.id)).strip("\n")
    assert jobs.shown(job.id) in foot and job.confirmed
    assert ("PHIẾU IN THỬ" in text) == (lang == "vi")


@pytest.mark.parametrize("width", raster.WIDTHS)
def test_the_test_slip_fits_both_papers(house: House, width: int) -> None:
    for lang in ("vi", "en"):
        sheet = raster.render(bench_orders.test_slip(house, house.clock.read(), lang), width)
        assert sheet.width == width and sheet.getextrema() == (0, 255)


def test_speaker_and_panel_tests_are_heard(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        assert _order(conn, house, "panel", orders.Action.TEST).state is orders.State.DONE
        assert noted(house, "panel.json", "buzzes")[-1]["pattern"] == list(signals.PATTERNS["test"])
        _order(conn, house, "speaker", orders.Action.TEST)
        until(lambda: len(noted(house, "speaker.json", "played")) == 2)


def test_an_order_that_fails_says_why(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        order = _order(conn, house, "panel", orders.Action.PRESS, "desk-9")
    assert order.state is orders.State.FAILED
    assert "desk-9" in order.detail


def test_every_fault_that_can_be_ordered_is_one_that_the_simulators_know() -> None:
    known = {
        "printer": printers.Fault,
        "panel": panels.Fault,
        "speaker": speakers.Fault,
        "sheets": sheet_printer.Fault,
        "scanner": scanner.Fault,
        "reader": code_reader.Fault,
    }
    assert {device: set(faults.values()) for device, faults in orders.FAULTS.items()} == {
        device: {str(fault) for fault in faults} for device, faults in known.items()
    }


def test_every_fault_has_a_name_in_words() -> None:
    for faults in orders.FAULTS.values():
        assert all(phrases.has(orders.fault_key(fault)) for fault in faults)


def test_doubtful_times_are_corrected_when_the_clock_becomes_trusted(
    house: House, conn: sqlite3.Connection
) -> None:
    clock = FakeClock("2020-01-01T00:00:00.000000Z", trusted=False)
    doubtful = dataclasses.replace(house, clock=clock)
    ticket = issue(conn, doubtful)
    with running(doubtful):
        job = _ends(conn, f"ticket:{ticket.id}", jobs.State.DONE)
        assert job.created_at.year == 2020
        clock.at, clock.trusted = clock.at.replace(year=2026), True
        until(lambda: _job(conn, f"ticket:{ticket.id}").created_at.year == 2026)
        until(lambda: views.get(conn, ticket.id).issued.at.year == 2026)


class Holding(SlipPrinter):
    """A printer whose driver does not come back until it is let go."""

    width = 384

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.began = threading.Event()

    def print(self, slip: Slip, *, on_first_byte: Callable[[], None] | None = None) -> bool:
        if on_first_byte is not None:
            on_first_byte()
        self.began.set()
        return self.let_go.wait(20)

    def status(self) -> Status:
        return Status(State.READY)

    def close(self) -> None:
        """Does not help with this one."""


def test_a_driver_that_holds_on_is_left_with_the_lock_and_the_bench_still_ends(
    house: House, conn: sqlite3.Connection
) -> None:
    printer = Holding()
    stuck = dataclasses.replace(house, ports=dataclasses.replace(house.ports, printer=lambda: printer))
    issue(conn, house)
    with running(stuck):
        assert printer.began.wait(5)
    with pytest.raises(Conflict), running(house):
        pass
    printer.let_go.set()


def test_a_call_to_a_device_that_does_not_come_back_is_seen_from_outside() -> None:
    printer = Holding()
    slot: Slot[Holding] = Slot("printer", "network", lambda: printer, hang_s=0.1)
    caller = threading.Thread(target=slot.call, args=(lambda port: port.print(Slip((Text("x"),))),))
    caller.start()
    assert printer.began.wait(5)
    assert not slot.hangs()
    until(slot.hangs)
    assert slot.told(looked=False).hangs
    printer.let_go.set()
    caller.join(5)
    assert not slot.hangs()


def test_systemd_hears_ready_alive_and_stopping(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        with running(house):
            heard = {line.recv(100) for _ in range(3)}
        assert heard == {b"READY=1", b"WATCHDOG=1"}
        line.setblocking(False)
        rest = []
        with pytest.raises(BlockingIOError):
            while True:
                rest.append(line.recv(100))
        assert rest[-1] == b"STOPPING=1"


def test_a_device_that_hangs_does_not_silence_the_watchdog(
    house: House, conn: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printer = Holding()
    config = dataclasses.replace(house.settings.printer, timeout_s=1.0)
    stuck = dataclasses.replace(
        house,
        settings=msgspec.structs.replace(house.settings, printer=config),
        ports=dataclasses.replace(house.ports, printer=lambda: printer),
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        issue(conn, house)
        with running(stuck, grace_s=0.0):
            until(lambda: _devices(conn, house).get("printer") == "hangs", 4)
            _drain(line)
            until(lambda: b"WATCHDOG=1" in _drain(line))
            printer.let_go.set()


def test_a_loop_that_hangs_is_not_called_alive(
    house: House, conn: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    class Stopping(FakeClock):
        """A clock whose keeping does not come back: it stands for any call of the loop itself."""

        def keep(self, conn: sqlite3.Connection) -> None:
            asked.set()
            go_on.wait(20)

    held = dataclasses.replace(house, clock=Stopping())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        with running(held):
            assert asked.wait(5)
            _drain(line)
            time.sleep(0.3)
            assert b"WATCHDOG=1" not in _drain(line)
            go_on.set()
            until(lambda: b"WATCHDOG=1" in _drain(line))


def _drain(line: socket.socket) -> list[bytes]:
    heard = []
    try:
        while True:
            heard.append(line.recv(100))
    except BlockingIOError:
        return heard


def test_nothing_of_a_slip_stands_in_the_log(
    house: House, conn: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "Nguyễn Thị Mẫu"
    jobs.add(conn, jobs.Kind.RECEIPT, Slip((Text(secret),)), moment=house.clock.read(), subject="dossier:b")
    with running(house):
        _fault(conn, house, "jam")
        _mend(conn, house)
        _ends(conn, "dossier:b", jobs.State.DONE)
    assert secret not in caplog.text


def test_a_test_sheet_goes_the_way_real_sheets_go(house: House, conn: sqlite3.Connection) -> None:
    with running(house):
        until(lambda: sheet_jobs.ready(conn, house.clock.read()))
        order = _order(conn, house, "sheets", orders.Action.TEST, "vi")
        assert order.state is orders.State.DONE, order.detail
        until(lambda: [job["stage"] for job in noted(house, "sheets.json", "jobs")] == ["done"])
    (file,) = house.simulated.glob("sheet-*.pdf")
    assert file.read_bytes().startswith(b"%PDF-")


def test_a_scanner_test_scans_a_small_page_and_a_reader_test_asks_it(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        for device in ("scanner", "reader"):
            assert _order(conn, house, device, orders.Action.TEST).state is orders.State.DONE
            _fault(conn, house, "cable", device)
            assert _order(conn, house, device, orders.Action.TEST).state is orders.State.FAILED
