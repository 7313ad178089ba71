"""The people in a household's record: added, corrected, taken out, and lent to a dossier.

Keeps true: nobody is kept twice; what is delicate stays out unless it was agreed to by itself; a fact leaves
only for who has the House key, and that it did is written down without content.
"""

from __future__ import annotations

import sqlite3

from hub.base import db, ids, scrub
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing
from hub.trades.people import facts as rules
from hub.trades.people import service, store, vault
from hub.trades.people.model import (
    AlreadyKept,
    Facts,
    Household,
    HouseholdId,
    Member,
    MemberId,
    What,
)


def use(
    conn: sqlite3.Connection,
    household_id: str,
    member_id: str,
    *,
    key: bytes,
    staff: int,
    moment: Moment,
) -> Member:
    """Return a person whose facts go into a dossier; that it was done is written down.

    Raises as ``service.look``, and ``Missing("people.no_member")``.
    """
    with db.write(conn):
        found = _member(service.look(conn, household_id, key=key), member_id)
        service.tell(conn, HouseholdId(household_id), What.USED, staff, moment)
    return found


def add(
    conn: sqlite3.Connection, household_id: str, facts: Facts, *, key: bytes, staff: int, moment: Moment
) -> MemberId:
    """Add a person; facts without a purpose of their own that was agreed to are left out.

    Raises as ``service.look``, ``Refused("people.name_needed")``, ``AlreadyKept`` for somebody whose number
    stands in any record.
    """
    with db.write(conn):
        found = service.look(conn, household_id, key=key)
        kept = rules.allowed(facts, service.agreed(conn, household_id).consent)
        held = known(conn, kept, key=key)
        if held is not None:
            raise AlreadyKept(*held)
        member_id = MemberId(ids.new_id())
        place = vault.facts_of(found.id, member_id)
        store.add_member(conn, found.id, member_id, vault.close(key, kept, place))
        store.set_marks(conn, member_id, rules.marks(kept, key))
        service.tell(conn, found.id, What.MEMBER_ADDED, staff, moment)
    return member_id


def correct(
    conn: sqlite3.Connection,
    household_id: str,
    member_id: str,
    facts: Facts,
    *,
    expected_version: int,
    key: bytes,
    staff: int,
    moment: Moment,
) -> None:
    """Put ``facts`` in place of all that was known of a person.

    Raises as ``add``, ``Missing("people.no_member")``, ``Conflict("people.changed_meanwhile")``.
    """
    with db.write(conn):
        found = service.look(conn, household_id, key=key)
        member = _member(found, member_id)
        kept = rules.allowed(facts, service.agreed(conn, household_id).consent)
        held = known(conn, kept, key=key, but=member.id)
        if held is not None:
            raise AlreadyKept(*held)
        sealed = vault.close(key, kept, vault.facts_of(found.id, member.id))
        if not store.change_member(conn, member.id, expected_version, sealed):
            raise Conflict("people.changed_meanwhile")
        store.set_marks(conn, member.id, rules.marks(kept, key))
        service.tell(conn, found.id, What.CORRECTED, staff, moment)


def remember(
    conn: sqlite3.Connection, household_id: str, facts: Facts, *, key: bytes, staff: int, moment: Moment
) -> MemberId:
    """Keep what a dossier says of a person: added, or laid over what this household's record knew of them.

    Raises as ``add``; ``AlreadyKept`` only for somebody in another household.
    """
    with db.write(conn):
        found = service.look(conn, household_id, key=key)
        told = rules.clean(facts)
        held = known(conn, told, key=key)
        if held is None:
            same = [one for one in found.members if rules.same(one.facts, told)]
            held = (found.id, same[0].id) if len(same) == 1 else None
        if held is None:
            return add(conn, household_id, told, key=key, staff=staff, moment=moment)
        if held[0] != found.id:
            raise AlreadyKept(*held)
        member = _member(found, held[1])
        correct(
            conn,
            household_id,
            member.id,
            {**member.facts, **told},
            expected_version=member.version,
            key=key,
            staff=staff,
            moment=moment,
        )
        return member.id


def remove(
    conn: sqlite3.Connection, household_id: str, member_id: str, *, key: bytes, staff: int, moment: Moment
) -> bool:
    """Erase one person from a record; return whether no old page is left.

    Raises as ``service.look``, and ``Missing("people.no_member")``.
    """
    with db.write(conn):
        found = service.look(conn, household_id, key=key)
        store.delete_member(conn, _member(found, member_id).id)
        service.tell(conn, found.id, What.MEMBER_REMOVED, staff, moment)
        scrub.want(conn)
    return scrub.scrub(conn)


def known(
    conn: sqlite3.Connection, facts: Facts, *, key: bytes, but: str = ""
) -> tuple[HouseholdId, MemberId] | None:
    """Return where the person with the ID numbers in ``facts`` is kept, ``but`` this one, or None."""
    marks = rules.marks(facts, key)
    row = store.marked(conn, marks, but) if marks else None
    if row is None:
        return None
    return HouseholdId(row["household_id"]), MemberId(row["id"])


def _member(household: Household, member_id: str) -> Member:
    found = next((one for one in household.members if one.id == member_id), None)
    if found is None:
        raise Missing("people.no_member")
    return found
