"""People who were helped without being written down: counted by day and kind, never named."""

from __future__ import annotations

import datetime as dt
import sqlite3
from enum import StrEnum

from hub.base import db
from hub.base.clock import Moment
from hub.trades.people import store


class Help(StrEnum):
    """How somebody was helped."""

    ON_PAPER = "on_paper"


def count(conn: sqlite3.Connection, what: Help, subject: str, *, moment: Moment) -> None:
    """Count somebody who was helped; ``subject`` names a procedure, never a person."""
    with db.write(conn):
        store.count_visit(conn, what, subject, moment)


def counted(conn: sqlite3.Connection, what: Help, first: dt.date, last: dt.date) -> int:
    """Return how many were helped from one village day to another, both included."""
    return store.visits(conn, what, first, last)
