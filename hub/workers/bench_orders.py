"""Carries orders from pages and commands to the devices of the bench.

Keeps true: a test goes the way that real work goes (a paper through the queue, words through the signals),
so that a test that works means something; a fault or a mending is handed to the thread that owns the
device. It never carries out what is old.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

from devices import slip as slips
from devices.ports import DeviceError
from hub.base import db, money, phrases
from hub.base.clock import VILLAGE, Moment
from hub.base.errors import HubError
from hub.base.house import House
from hub.post import jobs, orders, signals
from hub.workers import bench_slot
from hub.workers.bench_slot import Slot

_log = logging.getLogger(__name__)

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


def carry(conn: sqlite3.Connection, house: House, slot: Slot[Any]) -> bool:
    """Carry out every order that is due at this device; return whether there was one.

    The device's thread calls it.
    """
    due = orders.due(conn, slot.name, house.clock.read())
    for order in due:
        slot.reset()
        if order.action is orders.Action.TEST and slot.name in _QUEUED_TESTS:
            with db.write(conn):
                _QUEUED_TESTS[slot.name](conn, house, order)
                orders.ended(conn, order.id, orders.State.DONE)
        else:
            state, detail = _carried(slot, order)
            orders.ended(conn, order.id, state, detail)
            slot.look()
    return bool(due)


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
        case orders.Action.TEST:
            port.buzz(signals.PATTERNS["test"])


def _test_printer(conn: sqlite3.Connection, house: House, order: orders.Order) -> None:
    moment, lang = house.clock.read(), phrases.language(order.value or None)
    paper = test_slip(house, moment, lang)
    jobs.add(conn, jobs.Kind.TEST, paper, moment=moment, subject=f"order:{order.id}", lang=lang)


def _test_speaker(conn: sqlite3.Connection, house: House, order: orders.Order) -> None:
    lang = phrases.language(order.value or None)
    words = phrases.say(lang, "printing.test_call")
    signals.say(conn, [(lang, words)], moment=house.clock.read(), ttl_s=house.settings.sound.stale_s)


_QUEUED_TESTS = {"printer": _test_printer, "speaker": _test_speaker}
