"""Whose forms the House believes: a new key of the office is shown to a technician before anything is sealed to it.

Keeps true: a form whose key is not the one used so far - another one, or suddenly none - is kept aside, and the
form in force stays so until somebody has compared the digits with the office by telephone and said so. A form
never seen before comes in by itself only when its key is trusted already. It never asks the office anything.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass

from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Conflict
from hub.base.settings import UpstreamSettings
from hub.packs.shelf import Shelf
from hub.post import office_keys
from hub.post.office_keys import NO_KEY, Act
from hub.trades.procedures import added, asides, form_shelf
from hub.trades.procedures.added import Listed
from hub.trades.procedures.form_shelf import Kept, Origin


@dataclass(frozen=True, slots=True)
class Question:
    """A key that waits for a technician's word, or was refused.

    ``before`` and ``after`` are fingerprints, empty for a form without a key: then the key of the settings
    seals. ``since`` is None for a pack's form, ``in_force`` the version that new dossiers use meanwhile.
    """

    form_id: str
    version: str
    title: str
    before: str
    after: str
    in_force: str
    source: str
    since: dt.datetime | None
    trusted: bool
    refused: bool


def believes(
    conn: sqlite3.Connection, form_id: str, public_key: str, *, was: str | None, upstream: UpstreamSettings
) -> bool:
    """Return whether a version of a form with this key may come into force without asking anybody.

    ``was`` is the key of the form in force, empty for one without, None where there is no such form yet.
    """
    mark = office_keys.fingerprint(public_key)
    used = office_keys.in_use(conn, form_id)
    if used is not None and used.fingerprint:
        return used.fingerprint == mark
    if used is not None:
        # Without a key of its own it is sealed to the settings' one, which it may name as well.
        return not mark or _same(office_keys.of_settings(upstream), mark)
    if was is not None and mark == office_keys.fingerprint(was):
        return True
    if was is None and not mark:
        # Nothing is sealed to a form that names no key but by the settings' key.
        return True
    if not was:
        return _same(office_keys.of_settings(upstream), mark) or (
            was is None and office_keys.known(conn, public_key, upstream)
        )
    return False


def _same(public_key: str, mark: str) -> bool:
    return bool(mark) and office_keys.readable(public_key) and office_keys.fingerprint(public_key) == mark


def questions(conn: sqlite3.Connection, shelf: Shelf) -> tuple[Question, ...]:
    """Return the keys that wait for a technician's word and those that were refused, by form."""
    found = [_of_aside(conn, shelf, one) for one in asides.listing(conn)]
    for one in added.listing(conn, shelf):
        mark = _unsettled(conn, shelf, one)
        if mark is not None:
            found.append(
                Question(
                    one.form_id,
                    one.version,
                    one.title,
                    _before(conn, one.form_id),
                    mark,
                    one.version,
                    "",
                    None,
                    True,
                    False,
                )
            )
    return tuple(sorted(found, key=lambda one: (one.refused, one.form_id)))


def trust(
    conn: sqlite3.Connection,
    shelf: Shelf,
    form_id: str,
    mark: str,
    *,
    staff: int | None,
    moment: Moment,
) -> None:
    """Trust the key with this fingerprint for a form from now on; what was kept aside comes into force.

    Raises ``Conflict("office_keys.not_waiting")`` when no such key waits any more: the office may have changed
    it again since the page was drawn, or it was refused.
    """
    with db.write(conn):
        one = _asked(conn, shelf, form_id, mark)
        was = _key_in_force(conn, shelf, form_id)
        key = was or NO_KEY
        aside = asides.find(conn, form_id) if one.since else None
        if aside is not None:
            key = aside.public_key
            xml, media = asides.content(conn, form_id)
            kept = Kept(
                form_id, aside.version, aside.title, Origin.FETCHED, aside.sha256, aside.told, moment.on
            )
            form_shelf.put(conn, kept, xml, media, moment)
            asides.drop(conn, form_id)
        office_keys.use(conn, form_id, key, Act.TRUSTED, was=was, staff=staff, moment=moment)


def refuse(
    conn: sqlite3.Connection, shelf: Shelf, form_id: str, mark: str, *, staff: int | None, moment: Moment
) -> None:
    """Refuse the key with this fingerprint until the office offers another; raises as ``trust``.

    A pack's form stays as it is: nothing is sealed on it until its key is trusted.
    """
    with db.write(conn):
        if _asked(conn, shelf, form_id, mark).since is not None:
            asides.refuse(conn, form_id)
        office_keys.write_down(conn, form_id, mark, Act.REFUSED, staff=staff, moment=moment)


def reconsider(conn: sqlite3.Connection, shelf: Shelf, form_id: str, mark: str) -> None:
    """Let a refused key be asked about again; its form has to travel once more. Raises as ``trust``."""
    with db.write(conn):
        _asked(conn, shelf, form_id, mark, refused=True)
        asides.drop(conn, form_id)


def adopt(conn: sqlite3.Connection, shelf: Shelf, moment: Moment) -> int:
    """Trust the keys that forms in force came with, where nothing was settled about the form; return how many.

    What a pack or a technician put in before anything else is where trust begins; a later change is asked about.
    That a form came without a key is remembered for that too.
    """
    count = 0
    for one in added.listing(conn, shelf):
        if not one.in_force or office_keys.of_form(conn, one.form_id):
            continue
        key = added.key_today(conn, shelf, one.slug)
        if not key:
            office_keys.remember_keyless(conn, one.form_id)
        elif office_keys.readable(key):
            act = Act.PACK if one.origin is Origin.PACK else Act.ADDED
            office_keys.use(conn, one.form_id, key, act, was=None, staff=None, moment=moment)
            count += 1
    return count


def _asked(
    conn: sqlite3.Connection, shelf: Shelf, form_id: str, mark: str, *, refused: bool = False
) -> Question:
    for one in questions(conn, shelf):
        if (one.form_id, one.after, one.refused) == (form_id, mark, refused):
            return one
    raise Conflict("office_keys.not_waiting")


def _of_aside(conn: sqlite3.Connection, shelf: Shelf, aside: asides.Aside) -> Question:
    used = added.in_force(conn, shelf, aside.form_id)
    return Question(
        aside.form_id,
        aside.version,
        aside.title,
        _before(conn, aside.form_id),
        office_keys.fingerprint(aside.public_key),
        used.version if used else "",
        aside.source,
        aside.at,
        aside.trusted,
        aside.refused,
    )


def _unsettled(conn: sqlite3.Connection, shelf: Shelf, one: Listed) -> str | None:
    """The fingerprint that a form in force carries where it is not the one in use; None where all is well."""
    if not one.in_force:
        return None
    key, used = added.key_today(conn, shelf, one.slug), office_keys.in_use(conn, one.form_id)
    if key and not office_keys.readable(key):
        return None
    mark, trusted = office_keys.fingerprint(key), used.fingerprint if used else NO_KEY
    return None if mark == trusted else mark


def _before(conn: sqlite3.Connection, form_id: str) -> str:
    used = office_keys.in_use(conn, form_id)
    return used.fingerprint if used else NO_KEY


def _key_in_force(conn: sqlite3.Connection, shelf: Shelf, form_id: str) -> str | None:
    used = added.in_force(conn, shelf, form_id)
    return added.key_today(conn, shelf, used.slug) if used else None
