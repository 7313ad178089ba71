"""Who opened, saved, gave out or erased what, across all rooms: one list from their own events.

Keeps true: nothing is written here and nothing doubled: each line is read from the room that wrote it. It
holds no content and no villager's name; a record shows as its random id.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass

from hub.base import clock as clocks
from hub.base.errors import NotReady
from hub.post import office_keys
from hub.post.office_keys import Act
from hub.trades.dossiers import ledger
from hub.trades.dossiers.model import What as DossierAct
from hub.trades.people import store as households
from hub.trades.people.model import What as HouseholdAct
from hub.trades.privacy import log

_ONLY_GROW = (
    "access_log_kept",
    "access_log_stays",
    "dossier_events_kept",
    "dossier_events_stay",
    "household_events_kept",
    "household_events_stay",
    "privacy_acts_kept",
    "privacy_acts_stay",
    "privacy_requests_kept",
    "privacy_requests_stay",
    "breaches_kept",
    "breaches_stay",
    "breach_steps_kept",
    "breach_steps_stay",
    "delegations_kept",
    "delegations_stay",
    "office_key_acts_kept",
    "office_key_acts_stay",
)
_ON_KEYS = (Act.TRUSTED, Act.REFUSED)


@dataclass(frozen=True, slots=True)
class Line:
    """One act on one record: ``key`` is the phrase that names it, ``ref`` the record's random id."""

    key: str
    ref: str
    staff_id: int | None
    at: dt.datetime
    trusted: bool


def latest(conn: sqlite3.Connection, most: int) -> tuple[Line, ...]:
    """Return the latest acts in all rooms, latest first."""
    found = [
        Line(_dossier(one.what), ref, one.staff_id, one.at, one.trusted)
        for ref, one in ledger.latest(conn, most)
    ]
    found += [
        Line(_household(one.what), ref, one.staff_id, one.at, one.trusted)
        for ref, one in households.latest(conn, most)
    ]
    found += [
        Line(f"privacy.access_{one.act}", one.subject, one.staff_id, one.at, one.trusted)
        for one in log.lines(conn, most)
    ]
    found += [
        Line(_key(one.act), one.form_id, one.staff_id, clocks.parse(one.at), one.trusted)
        for one in office_keys.acts(conn, most)
        if one.act in _ON_KEYS
    ]
    return tuple(sorted(found, key=lambda one: one.at, reverse=True)[:most])


def of_draft(conn: sqlite3.Connection, draft_id: str) -> tuple[Line, ...]:
    """Return what staff did with one draft or the dossier it became, oldest first."""
    found = [
        Line(_dossier(one.what), draft_id, one.staff_id, one.at, one.trusted)
        for one in ledger.events(conn, draft_id, tuple(DossierAct))
        if one.staff_id is not None
    ]
    found += [
        Line(f"privacy.access_{one.act}", draft_id, one.staff_id, one.at, one.trusted)
        for one in log.about(conn, draft_id)
    ]
    return tuple(sorted(found, key=lambda one: one.at))


def counts(conn: sqlite3.Connection) -> tuple[tuple[str, int], ...]:
    """Return the phrase of each kind of act with how often it was done, the most frequent first."""
    found = {_dossier(what): count for what, count in ledger.counts(conn).items()}
    found |= {_household(what): count for what, count in households.counts(conn).items()}
    found |= {f"privacy.access_{act}": count for act, count in log.counts(conn).items()}
    settled = office_keys.counts(conn)
    found |= {_key(act): settled[act] for act in _ON_KEYS if act in settled}
    return tuple(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def verify(conn: sqlite3.Connection) -> int:
    """Return how many lines the access log has, each in its place and none of the guards taken away.

    Raises ``NotReady``: ``privacy.log_broken`` with the first wrong line, ``privacy.log_unguarded`` where a
    table that only grows may be changed.
    """
    rows = conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    missing = set(_ONLY_GROW) - {row["name"] for row in rows}
    if missing:
        raise NotReady("privacy.log_unguarded", name=min(missing))
    return log.verify(conn)


def _dossier(what: DossierAct) -> str:
    return f"privacy.did_{what}"


def _key(act: Act) -> str:
    return f"office_keys.act_{act}"


def _household(what: HouseholdAct) -> str:
    return f"privacy.family_{what}"
