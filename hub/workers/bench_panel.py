"""What a press on the panel means: a number from the wall button, the next one from a desk's button.

Keeps true: the pin callback only drops the press, with its moment, into a short memory queue, so that
presses fold by when they were made and not by when they are dealt with; a press that cannot be served
answers with a long buzz. It never decides anything about the queue itself: the tickets do.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
from dataclasses import dataclass

from devices.ports import TICKET, desk_button
from hub.base import phrases
from hub.base.clock import Clock, Moment
from hub.base.errors import HubError
from hub.base.house import House
from hub.post import signals
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Outcome, Priority, Source

_log = logging.getLogger(__name__)

_MOST_WAITING = 64
_REFUSED_TTL_S = 3.0
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

    def drop(self, button: str) -> None:
        """Take a press; the panel's thread calls this.

        When too many wait, the press is lost with a word in the log.
        """
        try:
            self._queue.put_nowait(Press(button, self._clock.read()))
        except queue.Full:
            _log.warning("too many presses wait; one of %s is lost", button)

    def next(self, seconds: float) -> Press | None:
        """Return the next press, waiting at most ``seconds`` for it."""
        try:
            return self._queue.get(timeout=seconds) if seconds > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None


def serve(conn: sqlite3.Connection, house: House, press: Press) -> None:
    """Do what the press asks for; what cannot be done is said by a long buzz and in the log."""
    try:
        if press.button == TICKET:
            _issue(conn, house, press.moment)
        else:
            _desk(conn, house, press)
    except HubError as bad:
        _log.warning("press of %s refused: %s", press.button, bad)
        signals.chirp(conn, "refused", moment=press.moment, ttl_s=_REFUSED_TTL_S)


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
