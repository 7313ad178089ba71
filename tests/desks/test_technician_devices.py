"""The devices' page: what is plugged in, which of it is used, the probe slip, and what came out of practice."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from reportlab.pdfgen import canvas

from devices.ports import State, Status
from devices.simulator.papers import Laid
from hub.base import phrases
from hub.base.house import House
from hub.base.settings import ClockSettings, Settings
from hub.desks import shell
from hub.desks.technician import cards
from hub.post import choices, health, orders
from hub.wiring import build
from tests.cli import command
from tests.desks.test_technician import press, signed_in, told
from tests.workers.house import running, until

_SETTINGS = Settings(clock=ClockSettings(trust="always"))


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> House:
    """A demo House that was opened once for all tests, copied."""
    return build.build(_SETTINGS, command.copied(tmp_path_factory, tmp_path / "data"))


@pytest.fixture
def app(house: House) -> Iterator[Flask]:
    app = build.web(house)
    app.testing = True
    yield app
    shell.close_shell(app)


def _tell(conn: sqlite3.Connection, house: House, device: str, state: State) -> None:
    told = health.Told(device, "simulator", True, Status(state, "seen in a test"))
    health.report(conn, (told,), moment=house.clock.read())


def test_a_found_device_is_taken_used_and_given_back_to_the_file(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    found = choices.Seen("printer", "Xprinter XP-58", {"kind": "file", "device": "/dev/usb/lp0"}, "USB")
    choices.note_found(conn, "printer", [found], moment=house.clock.read())
    _tell(conn, house, "printer", State.READY)
    page = client.get("/technician/devices").text
    assert "Xprinter XP-58" in page and "Dùng máy này" in page and "Đang dùng" not in page
    (number,) = re.findall(r"/technician/devices/found/(\d+)", page)
    assert told(press(client, f"devices/found/{number}", "devices"))[:1] == [
        "Đã chọn cho: Máy in phiếu. Máy được mở lại ngay."
    ]
    held = choices.effective(house.settings, choices.all(conn)).printer
    assert (held.kind, held.device) == ("file", "/dev/usb/lp0")
    page = client.get("/technician/devices").text
    assert "Đang dùng" in page and "Dùng máy này" not in page
    assert "Đã chọn ở trang này: Xprinter XP-58 (Kỹ thuật Mẫu" in page
    bundle = client.get("/technician/support.txt").text
    assert 'printer: {"device": "/dev/usb/lp0", "kind": "file"} (Xprinter XP-58)' in bundle
    press(client, "devices/printer/back", "devices")
    assert choices.all(conn) == {}
    assert "Đã chọn ở trang này" not in client.get("/technician/devices").text


def test_a_device_that_is_in_no_list_any_more_is_refused_in_words(app: Flask) -> None:
    client = signed_in(app)
    assert told(press(client, "devices/found/77", "devices"))[:1] == [
        "Không còn thấy thiết bị đó. Hãy bấm tìm lại."
    ]
    sent = {
        "csrf_token": re.findall(r'csrf_token" value="([^"]+)"', client.get("/technician/devices").text)[0]
    }
    assert client.post("/technician/devices/oven/back", data=sent).status_code == 404


def test_looking_around_is_asked_of_the_bench_and_its_gaps_are_named(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    press(client, "devices/bench/look", "devices")
    order = orders.latest(conn, orders.BENCH)
    assert order is not None and order.action is orders.Action.LOOK
    orders.ended(conn, order.id, orders.State.FAILED, "scanner, sheets")
    assert "Không tìm được: Máy quét, Máy in A4." in client.get("/technician/devices").text
    orders.ended(conn, order.id, orders.State.DONE, "")
    assert "không thấy thiết bị nào" in client.get("/technician/devices").text


def test_the_line_that_the_technician_points_at_is_how_slips_come_from_then_on(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    with running(house):
        until(lambda: "Sẵn sàng" in client.get("/technician/devices").text)
        page = press(client, "devices/printer/probe", "devices/probe")
        assert "Phiếu dò chữ" in page
        until(lambda: orders.latest(conn, "printer").state is not orders.State.OPEN)  # type: ignore[union-attr]
        assert orders.latest(conn, "printer").state is orders.State.DONE  # type: ignore[union-attr]
        assert "Đã xong".lower() in client.get("/technician/devices/probe").text
        numbers = re.findall(r'name="value" value="(\d+)"', page)
        assert len(numbers) >= 6
        words = told(press(client, "devices/probe/line", "devices/probe", value=numbers[-1]))
        assert words[:1] == [f"Từ nay phiếu in theo dòng {numbers[-1]}. Hãy in một phiếu thử."]
        assert choices.all(conn)["printer"].changes["encoding"] == "image"
        assert "Gạch nào dài nhất" in page
        press(client, "devices/probe/line", "devices/probe", value=numbers[0])
        changes = choices.all(conn)["printer"].changes
        assert (changes["width"], changes["encoding"]) == (384, "image")


def test_a_line_that_is_not_on_the_paper_is_refused(app: Flask, conn: sqlite3.Connection) -> None:
    client = signed_in(app)
    for line in ("0", "999", "-1", "x", "", "²"):
        words = told(press(client, "devices/probe/line", "devices/probe", value=line))
        assert words[:1] == ["Thiết bị này không làm được việc đó."], line
        assert choices.all(conn) == {}


def test_every_card_has_its_words_in_both_languages_and_a_drawing_of_its_own() -> None:
    for stem in sorted(cards.OWN | cards.FOR_ALL | {"bench"}):
        for part in ("what", "1", "2", "3"):
            assert phrases.has(f"technician.card_{stem}_{part}"), stem
    for device in choices.DEVICES:
        assert phrases.has(f"technician.kept_{device}") and phrases.has(f"technician.test_{device}")


def test_every_state_in_which_a_hand_is_needed_has_a_card(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    calm = {State.READY, State.UNKNOWN}
    for device, state in itertools.product(choices.DEVICES, State):
        if state is State.OFFLINE:
            for _ in range(health.MISSES):
                _tell(conn, house, device, state)
        else:
            _tell(conn, house, device, state)
        assert phrases.has(f"devices.state_{state}")
        stem = cards.stem(device, state)
        if _can_be(device, state):
            assert bool(stem) == (state not in calm), f"{device} {state}"
        page = client.get("/technician/devices").text
        assert ('class="fault"' in page) == bool(stem)
        if stem:
            assert f'aria-label="{phrases.say("vi", f"technician.card_{stem}_what")}"' in page
        # The next one is looked at alone.
        _tell(conn, house, device, State.READY)


def _can_be(device: str, state: State) -> bool:
    paper = device in ("printer", "sheets", "scanner")
    return {
        State.LOW_PAPER: device == "printer",
        State.NO_PAPER: device in ("printer", "sheets"),
        State.COVER_OPEN: paper,
        State.JAMMED: paper,
        State.LOW_INK: device == "sheets",
        State.NO_INK: device == "sheets",
        State.NO_DOCUMENT: device == "scanner",
        State.PAUSED: device == "sheets",
        State.STUCK: device == "panel",
    }.get(state, True)


def test_a_made_up_card_is_held_before_the_practice_reader(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    with running(house):
        until(lambda: "devices/reader/press" in client.get("/technician/devices").text)
        assert "Thẻ đời 2021" in client.get("/technician/devices").text
        press(client, "devices/reader/press", "devices", value="card_2021")
        until(lambda: json.loads((house.simulated / "reader.json").read_text(encoding="utf-8"))["codes"] == 1)


def test_made_up_papers_are_laid_into_the_practice_scanner(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    with running(house):
        until(lambda: "devices/scanner/press" in client.get("/technician/devices").text)
        for paper in Laid:
            words = phrases.say("vi", f"technician.lay_{paper}")
            assert words in client.get("/technician/devices").text
            press(client, "devices/scanner/press", "devices", value=paper)
            until(
                lambda: orders.latest(conn, "scanner").state is not orders.State.OPEN  # type: ignore[union-attr]
            )
            assert orders.latest(conn, "scanner").state is orders.State.DONE  # type: ignore[union-attr]


def test_a_sheet_that_came_out_is_shown_in_a_demo_house_only(app: Flask, house: House) -> None:
    pdf = _pdf()
    (house.simulated / "sheet-000001.pdf").write_bytes(pdf)
    job = {
        "number": 1,
        "file": "sheet-000001.pdf",
        "stage": "done",
        "printed_at": "2026-11-22T01:00:00.000000Z",
    }
    (house.simulated / "sheets.json").write_text(json.dumps({"jobs": [job]}), encoding="utf-8")
    with closing(house.connect()) as conn:
        _tell(conn, house, "sheets", State.READY)
    client = signed_in(app)
    assert "/technician/devices/sheets/1.pdf" in client.get("/technician/devices").text
    assert client.get("/technician/devices/sheets/1.pdf").data == pdf
    picture = client.get("/technician/devices/sheets/1.png")
    assert picture.status_code == 200 and picture.data.startswith(b"\x89PNG")
    assert picture.headers["Cache-Control"] == "no-store"
    assert client.get("/technician/devices/sheets/2.pdf").status_code == 404


def test_a_house_that_is_no_demo_shows_no_sheet_of_anybody(house: House) -> None:
    (house.simulated / "sheet-000001.pdf").write_bytes(_pdf())
    job = {"number": 1, "file": "sheet-000001.pdf", "stage": "done"}
    (house.simulated / "sheets.json").write_text(json.dumps({"jobs": [job]}), encoding="utf-8")
    settings = msgspec.structs.replace(
        house.settings, house=msgspec.structs.replace(house.settings.house, demo=False)
    )
    app = build.web(dataclasses.replace(house, settings=settings))
    app.testing = True
    try:
        client = signed_in(app)
        assert "sheets/1.pdf" not in client.get("/technician/devices").text
        for ending in ("pdf", "png"):
            assert client.get(f"/technician/devices/sheets/1.{ending}").status_code == 404
    finally:
        shell.close_shell(app)


def _pdf() -> bytes:
    memory = io.BytesIO()
    sheet = canvas.Canvas(memory)
    sheet.drawString(100, 700, "To thu")
    sheet.save()
    return memory.getvalue()
