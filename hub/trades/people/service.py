"""Keep a household's record: what its people would otherwise tell again at every visit.

Keeps true: no record without consent to the present notice, and nothing in it that was not agreed to; consent
withdrawn is the record erased, in the same press; a record nobody uses goes on its day; nobody is kept twice;
who opened what when is written down without content. It never shows a fact to who has no House key.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3
from collections.abc import Sequence

from hub.base import clock as clocks
from hub.base import db, ids, scrub, text
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, Refused
from hub.trades.people import facts as rules
from hub.trades.people import store, vault
from hub.trades.people.model import (
    NOTICE_VERSION,
    NUMBER,
    OLD_NUMBER,
    Agreed,
    Consent,
    Event,
    GivenBy,
    Household,
    HouseholdId,
    How,
    Member,
    MemberId,
    Purpose,
    What,
)

_SAME_VISIT_S = 600.0
_NUMBERS = (NUMBER, OLD_NUMBER, "phone")


def start(
    conn: sqlite3.Connection,
    label: str,
    phone: str,
    *,
    consent: Consent,
    key: bytes,
    staff: int,
    moment: Moment,
    keep_days: int,
) -> HouseholdId:
    """Begin a household's record: consent first, then an empty record under ``label``.

    Raises ``Refused("people.consent_needed")``, ``Refused("people.consent_old_notice")``,
    ``Refused("people.label_needed")``.
    """
    _checked(consent)
    household_id = HouseholdId(ids.new_id())
    sealed = _label(key, household_id, label, phone)
    with db.write(conn):
        store.add(conn, household_id, sealed, staff, moment, keep_days)
        store.add_consent(conn, household_id, consent, staff, moment)
        store.tell(conn, household_id, What.CONSENTED, staff, moment)
    return household_id


def listing(conn: sqlite3.Connection, *, key: bytes) -> tuple[Household, ...]:
    """Return all households, by the given name of their first person."""
    people: dict[str, list[sqlite3.Row]] = {}
    for row in store.all_members(conn):
        people.setdefault(row["household_id"], []).append(row)
    found = [_opened(row, people.get(row["id"], ()), key) for row in store.households(conn)]
    return tuple(sorted(found, key=lambda one: (_first_name(one), one.id)))


def search(conn: sqlite3.Connection, query: str, *, key: bytes) -> tuple[Household, ...]:
    """Return the households with ``query`` in a name or in their label, with or without accents, as
    ``listing``; an ID number or a telephone is found whole."""
    wanted = text.fold(query)
    digits = "".join(mark for mark in query if mark.isdecimal())
    return tuple(one for one in listing(conn, key=key) if not wanted or _matches(one, wanted, digits))


def look(conn: sqlite3.Connection, household_id: str, *, key: bytes) -> Household:
    """Return one household; writes nothing.

    Raises ``Missing("people.no_household")``, ``NotReady("people.not_opened")`` with another key.
    """
    row = _row(conn, household_id)
    return _opened(row, store.members(conn, row["id"]), key)


def take_up(
    conn: sqlite3.Connection, household_id: str, *, key: bytes, staff: int, moment: Moment
) -> Household:
    """Return a household to work on; who opened it is written down once in ten minutes, and its day to be
    erased moves on. Raises as ``look``."""
    found = look(conn, household_id, key=key)
    last = store.last_event(conn, household_id)
    if last is not None and last["staff_id"] == staff:
        if clocks.still_fresh(moment, last["boot_id"], last["mono"], _SAME_VISIT_S):
            return found
    with db.write(conn):
        tell(conn, found.id, What.OPENED, staff, moment)
    return look(conn, household_id, key=key)


def relabel(
    conn: sqlite3.Connection,
    household_id: str,
    label: str,
    phone: str,
    *,
    expected_version: int,
    key: bytes,
    staff: int,
    moment: Moment,
) -> None:
    """Change what a household is called and its telephone.

    Raises as ``look``, ``Refused("people.label_needed")``, ``Conflict("people.changed_meanwhile")``.
    """
    with db.write(conn):
        found = look(conn, household_id, key=key)
        if not store.change_label(conn, found.id, expected_version, _label(key, found.id, label, phone)):
            raise Conflict("people.changed_meanwhile")
        tell(conn, found.id, What.CORRECTED, staff, moment)


def agreed(conn: sqlite3.Connection, household_id: str) -> Agreed:
    """Return what a household has agreed to. Raises ``Missing("people.no_household")``."""
    row = _row(conn, household_id) and store.consent(conn, household_id)
    if row is None:
        raise Missing("people.no_household")
    purposes = frozenset(Purpose(one) for one in row["purposes"].split())
    given = Moment(clocks.parse(row["given_at"]), bool(row["trusted"]), row["boot_id"], row["mono"])
    consent = Consent(
        row["notice_version"], row["notice_lang"], How(row["how"]), GivenBy(row["given_by"]), purposes
    )
    return Agreed(consent, given)


def consent_again(
    conn: sqlite3.Connection, household_id: str, consent: Consent, *, key: bytes, staff: int, moment: Moment
) -> None:
    """Take a new consent; facts whose purpose is no longer in it are erased at once.

    To agree to less than before needs no new notice. Raises as ``look`` and ``start``.
    """
    with db.write(conn):
        found = look(conn, household_id, key=key)
        held = agreed(conn, found.id).consent
        less = consent.notice_version == held.notice_version and consent.purposes < held.purposes
        _checked(dataclasses.replace(consent, notice_version=NOTICE_VERSION) if less else consent)
        store.add_consent(conn, found.id, consent, staff, moment)
        for member in found.members:
            kept = rules.allowed(member.facts, consent)
            if kept != member.facts:
                place = vault.facts_of(found.id, member.id)
                store.change_member(conn, member.id, member.version, vault.close(key, kept, place))
                scrub.want(conn)
        tell(conn, found.id, What.CONSENTED, staff, moment)
    scrub.scrub(conn)


def withdraw(conn: sqlite3.Connection, household_id: str, *, staff: int | None, moment: Moment) -> bool:
    """Take a household's consent back: its record is erased at once; return whether no old page is left.

    Raises ``Missing("people.no_household")``.
    """
    return _erase(conn, household_id, What.WITHDRAWN, staff, moment)


def erase(conn: sqlite3.Connection, household_id: str, *, staff: int | None, moment: Moment) -> bool:
    """Erase a household's record for good; return as ``withdraw``."""
    return _erase(conn, household_id, What.ERASED, staff, moment)


def export(
    conn: sqlite3.Connection, household_id: str, *, key: bytes, staff: int, moment: Moment
) -> tuple[Household, Agreed]:
    """Return all that is kept of a household, for the people it belongs to; that is written down.

    Raises as ``look``.
    """
    with db.write(conn):
        found = look(conn, household_id, key=key)
        tell(conn, found.id, What.EXPORTED, staff, moment)
        return found, agreed(conn, household_id)


def expire(conn: sqlite3.Connection, moment: Moment) -> int:
    """Erase the records whose day has come; return how many that were.

    Only by a trusted clock: a wrong day must not cost a family its record.
    """
    if not moment.trusted:
        return 0
    with db.write(conn):
        store.settle(conn, moment)
        store.date_lost_times(conn, moment)
        past = store.past(conn, moment.on)
        for household_id in past:
            store.delete(conn, household_id)
            store.tell(conn, household_id, What.EXPIRED, None, moment)
        if past:
            scrub.want(conn)
    if past:
        scrub.scrub(conn)
    return len(past)


def events(conn: sqlite3.Connection, household_id: str) -> tuple[Event, ...]:
    """Return what happened to a record, oldest first; it stays when the record is gone."""
    return store.events(conn, household_id)


def tell(conn: sqlite3.Connection, household_id: HouseholdId, what: What, staff: int, moment: Moment) -> None:
    """Write down what was done with a record, which keeps it for longer, in the caller's transaction."""
    store.tell(conn, household_id, what, staff, moment)
    store.use(conn, household_id, moment)


def _checked(consent: Consent) -> None:
    if Purpose.KEEP_FACTS not in consent.purposes:
        raise Refused("people.consent_needed")
    if consent.notice_version != NOTICE_VERSION:
        raise Refused("people.consent_old_notice")


def _label(key: bytes, household_id: HouseholdId, label: str, phone: str) -> bytes:
    told = {"label": text.clean(label)[: rules.LONGEST], "phone": text.clean(phone)[: rules.LONGEST]}
    if not told["label"]:
        raise Refused("people.label_needed")
    return vault.close(key, told, vault.label_of(household_id))


def _row(conn: sqlite3.Connection, household_id: str) -> sqlite3.Row:
    row = store.household(conn, household_id)
    if row is None:
        raise Missing("people.no_household")
    return row


def _opened(row: sqlite3.Row, members: Sequence[sqlite3.Row], key: bytes) -> Household:
    told = vault.open(key, row["label"], vault.label_of(row["id"]))
    return Household(
        HouseholdId(row["id"]),
        row["version"],
        told["label"],
        told["phone"],
        tuple(
            Member(
                MemberId(one["id"]),
                one["version"],
                vault.open(key, one["facts"], vault.facts_of(row["id"], one["id"])),
            )
            for one in members
        ),
        Moment(clocks.parse(row["used_at"]), bool(row["trusted"]), row["boot_id"], row["mono"]),
        dt.date.fromisoformat(row["erase_on"]),
    )


def _first_name(household: Household) -> tuple[str, str]:
    return text.given_name_key(household.members[0].name if household.members else household.label)


def _matches(household: Household, wanted: str, digits: str) -> bool:
    if any(f" {wanted}" in f" {text.fold(said)}" for said in (household.label, *_names(household))):
        return True
    numbers = {household.phone, *(one.facts.get(name, "") for one in household.members for name in _NUMBERS)}
    return bool(digits) and digits in {number.replace(" ", "") for number in numbers}


def _names(household: Household) -> list[str]:
    return [one.name for one in household.members]


def _erase(
    conn: sqlite3.Connection, household_id: str, what: What, staff: int | None, moment: Moment
) -> bool:
    with db.write(conn):
        found = HouseholdId(_row(conn, household_id)["id"])
        store.delete(conn, found)
        store.tell(conn, found, what, staff, moment)
        scrub.want(conn)
    return scrub.scrub(conn)
