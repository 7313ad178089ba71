"""Volunteers and the keys of their telephones: begun, given a new key, known again at the door, ended.

Keeps true: a new key makes the old one die in the same press, and a revoked one opens nothing from then on;
a key is told once and kept nowhere in the clear. It never shuts anybody out by a doubtful clock.
"""

from __future__ import annotations

import datetime as dt
import sqlite3

from hub.base import clock as clocks
from hub.base import db, scrub, text
from hub.base.clock import Moment
from hub.base.errors import Missing, Refused
from hub.trades.volunteers import credentials, store
from hub.trades.volunteers.credentials import FieldKeys
from hub.trades.volunteers.model import Opened, Version, Volunteer, VolunteerId, Way

LONGEST_DAYS = 366
"""How far ahead the last day of a volunteer may lie."""

_NAME, _PHONE, _DEVICE = 80, 40, 120
_SEEN_AGAIN_S = 300.0


def start(
    conn: sqlite3.Connection, name: str, phone: str, until_on: dt.date, *, staff: int, moment: Moment
) -> VolunteerId:
    """Begin with somebody; no telephone can come in before ``open`` made a key.

    Raises ``Refused``: "field.name_needed", "field.bad_end" for a day that is past or too far ahead.
    """
    told = text.clean(name)[:_NAME]
    if not told:
        raise Refused("field.name_needed")
    _checked(until_on, moment)
    with db.write(conn):
        return store.add(conn, told, text.clean(phone)[:_PHONE], until_on, staff, moment)


def get(conn: sqlite3.Connection, volunteer_id: int) -> Volunteer:
    """Return a volunteer; raises ``Missing("field.no_volunteer")``."""
    found = store.get(conn, volunteer_id)
    if found is None or not found.name:
        raise Missing("field.no_volunteer")
    return found


def listing(conn: sqlite3.Connection) -> tuple[Volunteer, ...]:
    """Return all volunteers, the latest first."""
    return store.everyone(conn)


def open(conn: sqlite3.Connection, volunteer_id: int, way: Way, *, keys: FieldKeys) -> Opened:
    """Make a new key in the place of the old one, and return it to be shown this once.

    The list goes with the old key: nothing that was sealed to it opens again. Raises as ``get``.
    """
    with db.write(conn):
        found = get(conn, volunteer_id)
        store.take_off(conn, found.id)
        if way is Way.QR:
            token = credentials.new_token()
            store.set_token(conn, found.id, credentials.token_sha(token), credentials.list_pair(token)[1])
            made = Opened(found.id, way, token, "", "")
        else:
            username, password = credentials.new_username(), credentials.new_password()
            while store.by_username(conn, username) is not None:
                username = credentials.new_username()
            kept = credentials.lock(credentials.ha1(username, password), username, keys)
            store.set_password(conn, found.id, username, kept)
            made = Opened(found.id, way, "", username, password)
    scrub.scrub(conn)
    return made


def extend(conn: sqlite3.Connection, volunteer_id: int, until_on: dt.date, *, moment: Moment) -> None:
    """Let a volunteer come in until another day; raises as ``get`` and ``start``."""
    _checked(until_on, moment)
    with db.write(conn):
        store.set_until(conn, get(conn, volunteer_id).id, until_on)


def revoke(conn: sqlite3.Connection, volunteer_id: int, *, moment: Moment) -> None:
    """Let a volunteer's telephone in no more, from now on; the list goes too. Raises as ``get``."""
    with db.write(conn):
        found = get(conn, volunteer_id)
        store.take_off(conn, found.id)
        store.revoke(conn, found.id, moment)
    scrub.scrub(conn)


def by_token(conn: sqlite3.Connection, token: str) -> Volunteer | None:
    """Return whose token it is, None for nobody's."""
    return store.by_token(conn, credentials.token_sha(token))


def by_username(conn: sqlite3.Connection, username: str, keys: FieldKeys) -> tuple[Volunteer, str] | None:
    """Return who has this name, with the digested A1 of the password; None for nobody.

    Raises ``NotReady("field.not_opened")`` where the key file is another.
    """
    found = store.by_username(conn, username)
    if found is None:
        return None
    volunteer, kept = found
    return volunteer, credentials.unlock(kept, username, keys)


def note_seen(conn: sqlite3.Connection, volunteer: Volunteer, device_id: str, *, moment: Moment) -> None:
    """Note that a telephone came in; within five minutes only once."""
    since = (moment.at - volunteer.seen_at).total_seconds() if volunteer.seen_at else _SEEN_AGAIN_S
    told = device_id[:_DEVICE]
    if 0 <= since < _SEEN_AGAIN_S and told in ("", volunteer.device_id):
        return
    with db.write(conn):
        store.seen(conn, volunteer.id, told, moment)


def mark_form(
    conn: sqlite3.Connection, form_id: str, *, plain: bool, may_be_plain: bool, staff: int, moment: Moment
) -> None:
    """Let volunteers take a form; with ``plain`` what they fill in leaves without a seal.

    Raises ``Refused("field.must_seal")`` for a form of which that may not be.
    """
    if plain and not may_be_plain:
        raise Refused("field.must_seal")
    with db.write(conn):
        store.mark_form(conn, form_id, plain, staff, moment)


def unmark_form(conn: sqlite3.Connection, form_id: str) -> None:
    """Let nobody take a form any more; what was begun on it still comes in."""
    with db.write(conn):
        store.unmark_form(conn, form_id)


def forms(conn: sqlite3.Connection) -> dict[str, bool]:
    """Return the forms that volunteers may take, by id, with whether they leave without a seal."""
    return store.marked_forms(conn)


def handed_out(conn: sqlite3.Connection, one: Version) -> None:
    """Remember a version before it leaves, so that what is filled in on it can come back."""
    if store.version(conn, one.form_id, one.version) != one:
        with db.write(conn):
            store.put_version(conn, one)


def forget(conn: sqlite3.Connection, moment: Moment, days: int) -> int:
    """Delete list rows past their day, and names of volunteers over for ``days`` days; return how many went.

    Only by a trusted clock.
    """
    if not moment.trusted:
        return 0
    before = moment.at - dt.timedelta(days=days)
    with db.write(conn):
        gone = store.expire_lists(conn, moment.on)
        gone += store.forget_names(conn, clocks.village_day(before), clocks.stamp(before))
        if gone:
            scrub.want(conn)
    if gone:
        scrub.scrub(conn)
    return gone


def _checked(until_on: dt.date, moment: Moment) -> None:
    if not moment.on <= until_on <= moment.on + dt.timedelta(days=LONGEST_DAYS):
        raise Refused("field.bad_end")
