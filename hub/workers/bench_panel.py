"""What a press on the panel means: a number from the wall button, the next one from a desk's button.

Keeps true: the pin callback only drops the press, with its moment, into a short memory queue, so that
presses fold by when they were made and not by when they are dealt with; a press that cannot be served
answers with a long buzz, also while the database takes nothing; those that wait when the bench ends are still
served. It never decides anything about the queue itself: the tickets do.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from dataclasses import dataclass

from devices.ports import TICKET, DeviceError, desk_button
from hub.base import phrases
from hub.base.clock import Clock, Moment
from hub.base.errors import HubError
from hub.base.house import House
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Outcome, Priority, Source

_log = logging.getLogger(__name__)

_MOST_WAITING = 64
OTHERS_CLOSE_S, _LOOK_AGAIN_S = 3.0, 0.05
SAFE = "safe"
"""The light that says: nothing is being printed or written, the plug may be pulled."""
RECALL = "-recall"
"""A desk button whose name ends so calls the number again: ``[panel.desk_buttons]`` ``"1-recall" = 23``."""


@dataclass(frozen=True, slots=True)
class Press:
    """One press of one button."""

    button: str
    moment: Moment


class Presses:
    """The memory queue between the panel's thread and the bench's loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: queue.Queue[Press] = queue.Queue(_MOST_WAITING)
        self.refused = threading.Event()
        """Set when a press was refused: whoever owns the buzzer says so and clears it."""

    def drop(self, button: str) -> None:
        """Take a press; the panel's thread calls this.

        When too many wait, the press is refused.
        """
        try:
            self._queue.put_nowait(Press(button, self._clock.read()))
        except queue.Full:
            _log.warning("too many presses wait; one of %s is refused", button)
            self.refused.set()

    def next(self, seconds: float) -> Press | None:
        """Return the next press, waiting at most ``seconds`` for it."""
        try:
            return self._queue.get(timeout=seconds) if seconds > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None


def serve(conn: sqlite3.Connection, house: House, press: Press) -> bool:
    """Do what the press asks for; return False, with a word in the log, when it cannot be done."""
    try:
        if press.button == TICKET:
            _issue(conn, house, press.moment)
        else:
            _desk(conn, house, press)
    except (HubError, sqlite3.Error) as bad:
        _log.warning("press of %s refused: %s", press.button, bad)
        return False
    return True


def say_safe(house: House, *, others_s: float = OTHERS_CLOSE_S) -> None:
    """Light the lamp "safe to unplug" and leave it burning, as the last act of a bench that ended in order.

    Only when nobody has the database open any more (others may be ending too, and have ``others_s`` for it): its
    log is then folded into it and gone. Everywhere else, and after any crash, the lamp is dark.
    """
    if SAFE not in house.settings.panel.leds:
        return
    ends = time.monotonic() + others_s
    while not _nobody_writes(house):
        if time.monotonic() >= ends:
            _log.info("others still have the database open: the lamp stays dark")
            return
        time.sleep(_LOOK_AGAIN_S)
    try:
        house.ports.panel().leave_lit(SAFE)
    except DeviceError as bad:
        _log.warning("the lamp stays dark: %s (%s)", bad.state, bad.detail)


def _nobody_writes(house: House) -> bool:
    # Whoever closes the database last takes its log away; one that died left it, so we are the last once more.
    try:
        house.connect().close()
    except (HubError, sqlite3.Error):
        return False
    return not house.database.with_name(f"{house.database.name}-wal").exists()


def _issue(conn: sqlite3.Connection, house: House, moment: Moment) -> None:
    tickets.issue(
        conn,
        views.first_open(conn).id,
        priority=Priority.NONE,
        source=Source.BUTTON,
        moment=moment,
        lang=phrases.DEFAULT,
        settings=house.settings,
        client=TICKET,
    )


def _desk(conn: sqlite3.Connection, house: House, press: Press) -> None:
    for name in house.settings.panel.desk_buttons:
        if desk_button(name) != press.button:
            continue
        if name.endswith(RECALL):
            tickets.recall(conn, name.removesuffix(RECALL), moment=press.moment, settings=house.settings)
        else:
            tickets.call_next(
                conn, name, None, moment=press.moment, settings=house.settings, finish=Outcome.DONE
            )
        return
    _log.warning("a button nobody set up: %s", press.button)
