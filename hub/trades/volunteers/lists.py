"""Lists of households for one volunteer: given by a guide who has the House key, opened by the telephone's token.

Keeps true: nobody is on a list without having agreed to it, and who takes that back or is erased is off
every list in the same transaction (the database itself sees to it); a row holds a label, a hamlet and an
opaque key, nothing of a person; it is sealed to one token, and past its day it is given out no more.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import hmac
import io
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from hub.base import boxes, crypto, db, scrub
from hub.base.clock import Moment
from hub.base.errors import Refused
from hub.trades.volunteers import credentials, service, store
from hub.trades.volunteers.model import Volunteer

FILE = "households.csv"
"""What a form calls the list it chooses a household from."""

COLUMNS = ("name", "label", "hamlet")
_OPAQUE = 12


@dataclass(frozen=True, slots=True)
class Home:
    """A household as a list shows it; ``agreed`` is whether it agreed to stand on one."""

    id: str
    label: str = field(repr=False)
    hamlet: str = field(repr=False)
    agreed: bool


def opaque(household_id: str, key: bytes) -> str:
    """Return what a household is called on lists: always the same, and only the House key leads back."""
    told = hmac.new(crypto.key_from_token(key, "field households"), household_id.encode(), hashlib.sha256)
    return f"h{told.hexdigest()[:_OPAQUE]}"


def give(
    conn: sqlite3.Connection,
    volunteer_id: int,
    homes: Sequence[Home],
    *,
    most: int,
    until_on: dt.date,
    key: bytes,
    staff: int,
) -> int:
    """Put ``homes`` and no others on a volunteer's list; return how many stand on it.

    ``key`` is the House key. Raises as ``service.get``; ``Refused``: "field.list_needs_qr" without a token,
    "field.too_many_homes", "field.home_not_agreed".
    """
    if len(homes) > most:
        raise Refused("field.too_many_homes", most=most)
    if not all(one.agreed for one in homes):
        raise Refused("field.home_not_agreed")
    with db.write(conn):
        volunteer = service.get(conn, volunteer_id)
        if volunteer.list_key is None:
            raise Refused("field.list_needs_qr")
        store.take_off(conn, volunteer.id)
        for one in homes:
            row = msgspec.json.encode([opaque(one.id, key), one.label, one.hamlet])
            sealed = boxes.seal(volunteer.list_key, row, _place(volunteer.id, one.id))
            store.give(conn, volunteer.id, one.id, sealed, min(until_on, volunteer.until_on), staff)
    scrub.scrub(conn)
    return len(homes)


def chosen(conn: sqlite3.Connection, volunteer_id: int) -> dict[str, dt.date]:
    """Return the households on a list, each with its last day."""
    return {
        row["household_id"]: dt.date.fromisoformat(row["until_on"])
        for row in store.on_list(conn, volunteer_id)
    }


def table(conn: sqlite3.Connection, volunteer: Volunteer, token: str, *, moment: Moment) -> bytes:
    """Return the list as the CSV file that a form reads; without a token it has no rows.

    By a trusted clock, rows past their day are left out.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    if token:
        private, _ = credentials.list_pair(token)
        for row in store.on_list(conn, volunteer.id):
            if moment.trusted and dt.date.fromisoformat(row["until_on"]) < moment.on:
                continue
            place = _place(volunteer.id, row["household_id"])
            writer.writerow(msgspec.json.decode(boxes.open(private, row["sealed"], place), type=list[str]))
    return out.getvalue().encode("utf-8")


def _place(volunteer_id: int, household_id: str) -> str:
    return f"volunteer_households:{volunteer_id}:{household_id}"
