"""What changes while the bench runs: plugs go in and out, devices are chosen, and looked for."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.config import PrinterConfig
from devices.ports import Offline, SlipPrinter
from hub.base.errors import Missing, Refused
from hub.base.house import House
from hub.post import choices, health, jobs, orders
from hub.workers import bench_looking, bench_slot, bench_uevents
from tests.workers.house import issue, noted, papers, running, until

_ADDED = b"add@/devices/usb1/1-1\0ACTION=add\0DEVPATH=/devices/usb1/1-1\0SUBSYSTEM=usb\0SEQNUM=7\0"


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The kernel's end of the line on which it tells of plugging in and out."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    monkeypatch.setattr(bench_uevents, "listen", lambda: bench_uevents.Uevents(ours))
    yield theirs
    theirs.close()


def _state(conn: sqlite3.Connection, house: House, name: str) -> str:
    return {one.name: one.state for one in health.all(conn, house.clock.read())}.get(name, "")


def _choose(conn: sqlite3.Connection, house: House, device: str, **wanted: object) -> None:
    choices.choose(
        conn,
        house.settings,
        device,
        wanted,
        label="Máy in thử",
        staff_name="Mẫu",
        moment=house.clock.read(),
    )


def test_a_device_that_is_plugged_in_is_seen_at_once_and_not_after_the_pause(
    house: House,
    conn: sqlite3.Connection,
    kernel: socket.socket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench_slot, "_OPEN_FIRST_S", 30.0)
    plug = tmp_path / "plug"

    def opener() -> SlipPrinter:
        if not plug.exists():
            raise Offline("no such device")
        return house.ports.printer()

    unplugged = dataclasses.replace(house, ports=dataclasses.replace(house.ports, printer=opener))
    ticket = issue(conn, house)
    with running(unplugged):
        until(lambda: _state(conn, house, "printer") == "offline")
        plug.touch()
        kernel.send(_ADDED)
        until(lambda: _state(conn, house, "printer") == "ready", 3)
        until(lambda: jobs.for_subject(conn, f"ticket:{ticket.id}")[0].state is jobs.State.DONE, 3)
    assert len(papers(house)) == 1


def test_a_device_that_is_pulled_out_is_offline_within_three_seconds(
    house: House, conn: sqlite3.Connection, kernel: socket.socket
) -> None:
    opened: list[SlipPrinter] = []

    def opener() -> SlipPrinter:
        opened.append(house.ports.printer())
        return opened[-1]

    plugged = dataclasses.replace(house, ports=dataclasses.replace(house.ports, printer=opener))
    with running(plugged):
        until(lambda: _state(conn, house, "printer") == "ready")
        # No job and no look of its own would notice for ten seconds.
        bench_slot.inject(opened[0], "cable_pulled")
        kernel.send(_ADDED.replace(b"add", b"remove"))
        until(lambda: _state(conn, house, "printer") == "offline", 3)


def test_a_kernel_that_tells_nothing_is_no_fault() -> None:
    deaf = bench_uevents.Uevents(None)
    assert not deaf.listening and not deaf.stirred()
    deaf.close()


def test_the_kernels_own_word_is_heard() -> None:
    uevents = bench_uevents.listen()
    try:
        assert uevents.listening
        if os.access("/sys/class/tty/tty0/uevent", os.W_OK):
            Path("/sys/class/tty/tty0/uevent").write_text("change", encoding="ascii")
            until(uevents.stirred)
        assert not uevents.stirred()
    finally:
        uevents.close()


@given(st.binary(max_size=300))
def test_no_message_however_odd_is_more_than_a_reason_to_look(message: bytes) -> None:
    assert bench_uevents.concerns(message) in (True, False)


def test_a_loose_plug_that_never_rests_is_looked_at_all_the_same() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    uevents = bench_uevents.Uevents(ours)

    def shaken() -> bool:
        theirs.send(_ADDED)
        return uevents.stirred()

    until(shaken, 3)
    uevents.close()
    theirs.close()


def test_what_does_not_concern_the_house_is_not_heard() -> None:
    assert bench_uevents.concerns(_ADDED)
    assert not bench_uevents.concerns(_ADDED.replace(b"SUBSYSTEM=usb", b"SUBSYSTEM=block"))
    assert not bench_uevents.concerns(b"libudev\0" + _ADDED.replace(b"ACTION=add", b"ACTION=move"))


def test_a_chosen_device_is_used_at_once_and_the_file_holds_again_when_it_is_taken_back(
    house: House, conn: sqlite3.Connection
) -> None:
    def width() -> object:
        return json.loads((house.simulated / "printer.json").read_text(encoding="utf-8"))["width"]

    with running(house):
        until(lambda: _state(conn, house, "printer") == "ready")
        assert width() == 384
        _choose(conn, house, "printer", width=576)
        until(lambda: width() == 576)
        ticket = issue(conn, house)
        until(lambda: jobs.for_subject(conn, f"ticket:{ticket.id}")[0].state is jobs.State.DONE)
        assert choices.forget(conn, "printer") and not choices.forget(conn, "printer")
        until(lambda: width() == 384)
    assert len(papers(house)) == 1


def test_a_choice_holds_after_the_bench_was_started_again(house: House, conn: sqlite3.Connection) -> None:
    _choose(conn, house, "speaker", kind="silent")
    with running(house):
        until(lambda: _state(conn, house, "speaker") == "ready")
        told = {one.name: one for one in health.all(conn, house.clock.read())}["speaker"]
        assert (told.kind, told.simulated, told.detail) == ("silent", False, "silent by settings")


def test_a_device_that_the_file_does_not_have_is_there_once_chosen_and_gone_when_taken_back(
    house: House, conn: sqlite3.Connection
) -> None:
    none = dataclasses.replace(house.settings.reader, kind="none")
    without = dataclasses.replace(house, settings=msgspec.structs.replace(house.settings, reader=none))
    with running(without):
        until(lambda: _state(conn, house, "printer") == "ready")
        assert _state(conn, house, "reader") == ""
        for _ in range(2):
            _choose(conn, without, "reader", kind="simulator")
            until(lambda: _state(conn, house, "reader") == "ready")
            choices.forget(conn, "reader")
            until(lambda: _state(conn, house, "reader") == "")
    assert _state(conn, house, "reader") == ""


def test_what_is_being_printed_when_another_printer_is_chosen_comes_once(
    house: House, conn: sqlite3.Connection
) -> None:
    with running(house):
        until(lambda: _state(conn, house, "printer") == "ready")
        orders.order(conn, "printer", orders.Action.FAULT, "slow", moment=house.clock.read())
        until(lambda: orders.latest(conn, "printer").state is orders.State.DONE)  # type: ignore[union-attr]
        first, second = issue(conn, house), issue(conn, house)
        until(lambda: jobs.for_subject(conn, f"ticket:{first.id}")[0].state is jobs.State.LEASED)
        _choose(conn, house, "printer", width=576)
        for ticket in (first, second):
            until(
                lambda ticket=ticket: jobs.for_subject(conn, f"ticket:{ticket.id}")[0].state
                is jobs.State.DONE
            )
    assert len(papers(house)) == 2 and not any("BẢN SAO" in text for text in papers(house))


def test_a_choice_that_cannot_work_is_refused_and_nothing_changes(
    house: House, conn: sqlite3.Connection
) -> None:
    for wanted in ({"kind": "network"}, {"width": 500}, {"hamster": 1}, {"port": "9100"}):
        with pytest.raises(Refused) as told:
            _choose(conn, house, "printer", **wanted)
        assert told.value.key == "devices.bad_choice"
    with pytest.raises(Missing):
        _choose(conn, house, "oven", width=576)
    assert choices.all(conn) == {}


def test_a_choice_that_the_settings_file_no_longer_fits_is_left_out(
    house: House, conn: sqlite3.Connection
) -> None:
    _choose(conn, house, "printer", width=576)
    conn.execute('UPDATE device_choices SET changes = \'{"kind": "network", "host": ""}\'')
    assert choices.effective(house.settings, choices.all(conn)) == house.settings
    assert choices.applied(house, choices.all(conn)) is house


def test_pointing_at_a_line_keeps_the_printer_that_was_chosen(house: House, conn: sqlite3.Connection) -> None:
    _choose(conn, house, "printer", kind="network", host="192.0.2.7")
    choices.choose(
        conn,
        house.settings,
        "printer",
        {"mode": "column"},
        label="Dòng 3",
        staff_name="Mẫu",
        moment=house.clock.read(),
        added=True,
    )
    held = choices.effective(house.settings, choices.all(conn)).printer
    assert held == PrinterConfig(kind="network", host="192.0.2.7", mode="column", width=384)
    assert choices.holds(held, {"host": "192.0.2.7"}) and not choices.holds(held, {"host": "192.0.2.8"})


def _looker(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(bench_looking, "_LOOKER", (sys.executable, "-c", program))


def _look(conn: sqlite3.Connection, house: House) -> orders.Order:
    number = orders.order(conn, orders.BENCH, orders.Action.LOOK, moment=house.clock.read())
    until(lambda: orders.get(conn, number).state is not orders.State.OPEN, 10)
    return orders.get(conn, number)


def test_what_a_look_around_found_is_listed_and_can_be_used(
    house: House, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {
        "device": "printer",
        "label": "Xprinter",
        "changes": {"kind": "file", "device": str(house.data / "lp0")},
        "detail": "USB",
    }
    _looker(
        monkeypatch, f"import sys, json; print(json.dumps([{found!r}] if sys.argv[1] == 'printer' else []))"
    )
    with running(house):
        assert _look(conn, house).state is orders.State.DONE
        (one,) = choices.found(conn)
        assert (one.device, one.label, one.detail) == ("printer", "Xprinter", "USB")
        used = choices.take_found(conn, house.settings, one.id, staff_name="Mẫu", moment=house.clock.read())
        assert used == "printer"
        until(lambda: {o.name: o.kind for o in health.all(conn, house.clock.read())}["printer"] == "file")
        with pytest.raises(Missing):
            choices.take_found(conn, house.settings, one.id + 9, staff_name="", moment=house.clock.read())


@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(60)",
        "import os; os.abort()",
        "print('{]')",
        "print('[{\"device\": 1}]')",
        "raise SystemExit(3)",
    ],
)
def test_a_looker_that_hangs_crashes_or_lies_finds_nothing_and_harms_nobody(
    house: House, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    _looker(monkeypatch, program)
    monkeypatch.setattr(bench_looking, "LONGEST_S", 0.2)
    monkeypatch.setattr(bench_looking, "KINDS", ("printer", "sheets"))
    with running(house):
        order = _look(conn, house)
        assert (order.state, order.detail) == (orders.State.FAILED, "printer, sheets")
        assert choices.found(conn) == ()
        until(lambda: _state(conn, house, "printer") == "ready")


def test_a_bench_that_is_told_to_end_does_not_wait_for_a_look_around(
    house: House, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    _looker(monkeypatch, "import time; time.sleep(60)")
    with running(house):
        orders.order(conn, orders.BENCH, orders.Action.LOOK, moment=house.clock.read())
        until(lambda: noted(house, "panel.json", "buttons"))


def test_the_real_look_around_answers(house: House, conn: sqlite3.Connection) -> None:
    looking = bench_looking.Looking(house)
    assert looking._found("speaker") is not None
