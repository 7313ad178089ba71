"""Carries orders from pages and commands to the devices of the bench.

Keeps true: a test goes the way that real work goes (a paper through the queue, words through the signals),
so that a test that works means something; a fault or a mending is handed to the thread that owns the
device. It never carries out what is old.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from typing import Any

from devices import slip as slips
from devices.desk_ports import CodeReader, Scanner, ScanWish
from devices.ports import DeviceError, Panel, refuse_unusable
from hub.base import db, money, phrases
from hub.base.clock import VILLAGE, Moment
from hub.base.errors import Conflict, HubError, NotReady, Refused
from hub.base.house import House
from hub.post import jobs, orders, sheet_jobs, signals
from hub.sheets import service as sheets
from hub.sheets.model import Block, Item, Leaflet
from hub.workers import bench_slot
from hub.workers.bench_slot import Slot

_log = logging.getLogger(__name__)

_TEST_DPI = 75
# Every letter with every tone that wears out a bad typeface first.
_MARKS = "ĂẮẰẲẴẶ ÂẤẦẨẪẬ ÊẾỀỂỄỆ ÔỐỒỔỖỘ ƠỚỜỞỠỢ ƯỨỪỬỮỰ ĐỲỶỸỴ ăắằẳẵặ âấầẩẫậ êếềểễệ ôốồổỗộ ơớờởỡợ ưứừửữự đỳỷỹỵ"


def test_slip(house: House, moment: Moment, lang: str) -> slips.Slip:
    """Return the paper of a printer test: border, every mark, three sizes, number, picture and QR."""
    return slips.Slip(
        (
            slips.Text(house.settings.house.name, slips.Size.LARGE, True, slips.Align.CENTRE),
            slips.Rule(woven=True),
            slips.Text(phrases.say(lang, "printing.test_title"), bold=True, align=slips.Align.CENTRE),
            slips.Text(moment.at.astimezone(VILLAGE).strftime("%d/%m/%Y %H:%M:%S"), align=slips.Align.CENTRE),
            slips.Picture("buffalo"),
            slips.Big("0123"),
            slips.Text(_MARKS),
            slips.Text(_MARKS, slips.Size.SMALL),
            slips.Row(phrases.say(lang, "printing.test_row"), money.show(0)),
            slips.Rule(),
            slips.Qr(
                house.settings.web.address or "https://example.org/", phrases.say(lang, "printing.test_qr")
            ),
            slips.Text(phrases.say(lang, "printing.test_end"), slips.Size.SMALL, align=slips.Align.CENTRE),
        )
    )


def test_sheet(house: House, lang: str) -> Leaflet:
    """Return the sheet of an A4 printer test: every mark, large and small, and a QR."""
    lang = phrases.language(lang or None)
    named = house.settings.house
    return Leaflet(
        house=named.name,
        place=", ".join(filter(None, (named.village, named.commune, named.province))),
        title=phrases.say(lang, "sheetjobs.test_title"),
        under=phrases.say(lang, "sheetjobs.test_words"),
        qr=house.settings.web.address or "https://example.org/",
        qr_label=phrases.say(lang, "printing.test_qr"),
        blocks=(Block(phrases.say(lang, "printing.test_title"), (Item(_MARKS, small=_MARKS),)),),
        lang=lang,
    )


def carry(conn: sqlite3.Connection, house: House, slot: Slot[Any]) -> bool:
    """Carry out every order that is due at this device; return whether there was one.

    The device's thread calls it.
    """
    due = orders.due(conn, slot.name, house.clock.read())
    for order in due:
        slot.reset()
        if order.action is orders.Action.TEST and slot.name in _QUEUED_TESTS:
            _queued(conn, house, order)
        else:
            state, detail = _carried(slot, order)
            orders.ended(conn, order.id, state, detail)
            slot.look()
    return bool(due)


def _queued(conn: sqlite3.Connection, house: House, order: orders.Order) -> None:
    try:
        # Drawing takes time, and nobody else may write meanwhile: so it is done before.
        queue = _QUEUED_TESTS[order.device](house, order)
        with db.write(conn):
            queue(conn)
            orders.ended(conn, order.id, orders.State.DONE)
    except (NotReady, Refused, Conflict) as bad:
        if bad.key.startswith("base."):
            raise
        orders.ended(conn, order.id, orders.State.FAILED, bad.key)


def _carried(slot: Slot[Any], order: orders.Order) -> tuple[orders.State, str]:
    try:
        slot.call(lambda port: _do(port, order))
    except DeviceError as bad:
        return orders.State.FAILED, bad.detail or type(bad).__name__
    except HubError:
        raise
    except Exception as bad:
        _log.exception("an order to %s failed", slot.name)
        return orders.State.FAILED, type(bad).__name__
    return orders.State.DONE, ""


def _do(port: Any, order: orders.Order) -> None:
    match order.action:
        case orders.Action.FAULT:
            bench_slot.inject(port, orders.FAULTS[order.device][order.value])
        case orders.Action.MEND:
            bench_slot.mend(port)
        case orders.Action.PRESS:
            bench_slot.press(port, order.value)
        case orders.Action.PROBE:
            port.print_probe()
        case orders.Action.TEST:
            _TESTS[order.device](port)


def _test_panel(port: Panel) -> None:
    port.buzz(signals.PATTERNS["test"])


def _test_scanner(port: Scanner) -> None:
    # A small grey page, dropped as it comes: what lies on the glass may be somebody's card.
    wish = ScanWish(dpi=_TEST_DPI, colour=False, most_pages=1)
    port.scan(wish, on_page=lambda _: None, on_progress=lambda *_: None, stopped=lambda: False)


def _test_reader(port: CodeReader) -> None:
    refuse_unusable(port.status())


_Queue = Callable[[sqlite3.Connection], object]


def _test_printer(house: House, order: orders.Order) -> _Queue:
    moment, lang = house.clock.read(), phrases.language(order.value or None)
    paper = test_slip(house, moment, lang)
    subject = f"order:{order.id}"
    return lambda conn: jobs.add(conn, jobs.Kind.TEST, paper, moment=moment, subject=subject, lang=lang)


def _test_speaker(house: House, order: orders.Order) -> _Queue:
    lang = phrases.language(order.value or None)
    words = phrases.say(lang, "printing.test_call")
    moment, stale_s = house.clock.read(), house.settings.sound.stale_s
    return lambda conn: signals.say(conn, [(lang, words)], moment=moment, ttl_s=stale_s)


def _test_sheets(house: House, order: orders.Order) -> _Queue:
    moment, pdf = house.clock.read(), sheets.render(test_sheet(house, order.value))
    subject = f"order:{order.id}"
    return lambda conn: sheet_jobs.add(conn, sheet_jobs.Kind.TEST, pdf, moment=moment, subject=subject)


_QUEUED_TESTS = {"printer": _test_printer, "speaker": _test_speaker, "sheets": _test_sheets}
_TESTS: dict[str, Callable[[Any], None]] = {
    "panel": _test_panel,
    "scanner": _test_scanner,
    "reader": _test_reader,
}
