"""Signing in, and the one key that opens dossier drafts.

The house key is 32 random bytes made with the first guide. It lies in the database only wrapped: for each
guide under a key from their secret, for each session under a key from its token, and under the recovery code
that was shown once. Keeps true: a secret is right when its wrap opens, at the cost of one Argon2id whoever
asks; a technician's wrap opens nothing. It never stores a secret, a token or the house key, and never says
whether the name or the secret was wrong.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass

from hub.base import crypto, db, ids, scrub, text
from hub.base.clock import Moment
from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.trades.staff import store, throttle
from hub.trades.staff.model import (
    Colleague,
    Role,
    Session,
    Staff,
    StaffId,
    TooMany,
    Unlock,
    What,
    checked_name,
    checked_secret,
    plain_secret,
)

IDLE_S = 1800.0
# A working day: a token that is kept alive for ever is a token somebody copied.
LONGEST_S = 12 * 3600.0
_RECOVERY_GROUPS, _RECOVERY_GROUP = 5, 5
_RECOVERY_CONTEXT = "staff_house_key:recovery"
_NO_SALT = bytes(crypto.SALT_BYTES)
_NO_WRAP = b"\x01" + bytes(12 + crypto.KEY_BYTES + 16)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the staff log; ``name`` is None for an unknown name."""

    what: What
    name: str | None
    place: str
    at: str
    trusted: bool


def found_house_key(conn: sqlite3.Connection) -> tuple[bytes, str]:
    """Make the house key; return it with the recovery code, which is shown this once.

    Done once, before the first guide is added. Raises ``Conflict("staff.house_key_exists")`` afterwards.
    """
    key = crypto.new_key()
    code, salt, wrap = _recovery(key)
    with db.write(conn):
        if store.house_key(conn) is not None:
            raise Conflict("staff.house_key_exists")
        store.insert_house_key(conn, _mark(key), salt, wrap)
    return key, code


def renew_recovery(
    conn: sqlite3.Connection, house_key: bytes, *, by: StaffId | None, moment: Moment, where: str
) -> str:
    """Make another recovery code, shown this once; the one before opens nothing from now on.

    Raises ``NotReady("staff.key_needed")`` before the first guide, ``Refused("staff.key_wrong")``.
    """
    _content(conn, Role.GUIDE, house_key)
    code, salt, wrap = _recovery(house_key)
    with db.write(conn):
        store.set_recovery(conn, salt, wrap)
        scrub.want(conn)
        store.log(conn, What.NEW_RECOVERY, by, where, moment)
    scrub.scrub(conn)
    return code


def has_house_key(conn: sqlite3.Connection) -> bool:
    """Return whether the first guide was already provided for."""
    return store.house_key(conn) is not None


def add(
    conn: sqlite3.Connection, name: str, role: Role, secret: str, *, moment: Moment, house_key: bytes | None
) -> Staff:
    """Add somebody. A guide needs ``house_key`` (from ``found_house_key``, ``unlock`` or a guide's session).

    A technician never gets it, also when it is given. Raises ``Refused`` for a name or secret that will not
    do, for a name that is taken ("staff.name_taken") and for a key that is not this House's
    ("staff.key_wrong"); ``NotReady("staff.key_needed")`` for a guide without key.
    """
    name = checked_name(name)
    plain = checked_secret(secret, name)
    content = _content(conn, role, house_key)
    salt = crypto.new_salt()
    wrapping = crypto.key_from_secret(plain, salt)
    with db.write(conn):
        name_key = text.fold(name)
        if store.by_key(conn, name_key) is not None:
            raise Refused("staff.name_taken", name=name)
        staff_id = store.insert(conn, name, name_key, role, moment)
        store.set_wrap(conn, staff_id, salt, crypto.encrypt(wrapping, content, _context(staff_id)))
        store.log(conn, What.ADDED, staff_id, "", moment)
    return Staff(staff_id, name, role)


def sign_in(
    conn: sqlite3.Connection, name: str, secret: str, *, moment: Moment, where: str, idle_s: float = IDLE_S
) -> Session:
    """Open a session for who knows the secret; ``where`` names the asking device, ``idle_s`` ends it unused.

    Raises ``Refused("staff.wrong")`` and, after too many of these, ``TooMany``. Call it outside a
    transaction.
    """
    staff, content = _verified(conn, name, secret, moment=moment, where=where)
    token = secrets.token_urlsafe(32)
    house_key = content if staff.role is Role.GUIDE else None
    token_hash = _hash(token)
    wrap = None
    if house_key is not None:
        wrap = crypto.encrypt(_session_key(token), house_key, _session_context(token_hash))
    with db.write(conn):
        store.end_old_sessions(conn, moment, LONGEST_S)
        store.insert_session(conn, token_hash, staff.id, wrap, idle_s, moment)
        store.log(conn, What.SIGNED_IN, staff.id, where, moment)
    return Session(token, staff, house_key)


def session(conn: sqlite3.Connection, token: str, moment: Moment) -> Session | None:
    """Return the session of ``token`` and keep it alive; None when it ended, idled or the box rebooted."""
    token_hash = _hash(token)
    row = store.session(conn, token_hash)
    if row is None:
        return None
    idle = moment.mono - row["seen_mono"]
    if (
        row["boot_id"] != moment.boot_id
        or idle >= row["idle_s"]
        or moment.mono - row["opened_mono"] >= LONGEST_S
    ):
        with db.write(conn):
            store.end_session(conn, token_hash)
        return None
    staff = store.by_id(conn, row["staff_id"])
    if staff is None:
        return None
    house_key = None
    if row["key_wrap"] is not None:
        house_key = _opened(_session_key(token), row["key_wrap"], _session_context(token_hash))
        if house_key is None:
            return None
    # Not at every request: each write waits for the card.
    if idle > row["idle_s"] / 20:
        with db.write(conn):
            store.seen(conn, token_hash, moment.mono)
    return Session(token, staff, house_key)


def sign_out(conn: sqlite3.Connection, token: str, *, moment: Moment, where: str = "") -> None:
    """End the session of ``token``; quiet when it has ended already."""
    with db.write(conn):
        staff_id = store.end_session(conn, _hash(token))
        if staff_id is not None:
            store.log(conn, What.SIGNED_OUT, staff_id, where, moment)


def unlock(conn: sqlite3.Connection, by: Unlock, *, moment: Moment, where: str) -> bytes:
    """Return the house key by the recovery code or by a guide's name and secret.

    Raises ``Refused``: "staff.recovery_wrong", "staff.wrong", "staff.not_a_guide"; ``TooMany`` as at sign-in.
    """
    if isinstance(by, Colleague):
        staff, content = _verified(conn, by.name, by.secret, moment=moment, where=where)
        if staff.role is not Role.GUIDE:
            raise Refused("staff.not_a_guide", name=staff.name)
        with db.write(conn):
            store.log(conn, What.UNLOCKED, staff.id, where, moment)
        return content
    kept = store.house_key(conn)
    if kept is None:
        raise NotReady("staff.key_needed")
    counted = _counted(conn, "recovery", moment, where)
    _, salt, wrap = kept
    code = "".join(mark for mark in by.code[:200].upper() if mark in ids.ALPHABET)
    key = _opened(crypto.key_from_secret(code, salt), wrap, _RECOVERY_CONTEXT)
    if key is None:
        _note(conn, What.WRONG, None, where, moment)
        raise Refused("staff.recovery_wrong")
    with db.write(conn):
        throttle.take_back(conn, counted)
        store.log(conn, What.UNLOCKED, None, where, moment)
    return key


def reset(
    conn: sqlite3.Connection,
    name: str,
    new_secret: str,
    *,
    unlock_by: Unlock | None,
    moment: Moment,
    where: str,
) -> Staff:
    """Give somebody a new secret, end their sessions and forget their wrong tries.

    A guide's needs ``unlock_by``; a technician's does not, for who can run the command owns the machine.
    Raises ``Missing("staff.unknown")``, ``NotReady("staff.key_needed")``, and as ``unlock`` and ``add``.
    """
    found = store.by_key(conn, text.fold(name))
    if found is None:
        raise Missing("staff.unknown", name=text.clean(name))
    staff = found.staff
    plain = checked_secret(new_secret, staff.name)
    house_key = None
    if staff.role is Role.GUIDE and unlock_by is not None:
        house_key = unlock(conn, unlock_by, moment=moment, where=where)
    content = _content(conn, staff.role, house_key)
    salt = crypto.new_salt()
    wrap = crypto.encrypt(crypto.key_from_secret(plain, salt), content, _context(staff.id))
    with db.write(conn):
        store.set_wrap(conn, staff.id, salt, wrap)
        store.end_sessions(conn, staff.id)
        store.set_tries(conn, _who(staff.id), store.Tries(0, "", 0.0))
        store.log(conn, What.RESET, staff.id, where, moment)
    return staff


def sweep(conn: sqlite3.Connection, moment: Moment) -> int:
    """Delete the sessions that have ended; return how many."""
    with db.write(conn):
        before = conn.total_changes
        store.end_old_sessions(conn, moment, LONGEST_S)
    return conn.total_changes - before


def listing(conn: sqlite3.Connection) -> tuple[Staff, ...]:
    """Return all staff, by given name."""
    return tuple(sorted(store.everyone(conn), key=lambda staff: text.given_name_key(staff.name)))


def journal(conn: sqlite3.Connection, limit: int = 100) -> tuple[Line, ...]:
    """Return the latest sign-ins and changes, newest first."""
    return tuple(
        Line(What(row["what"]), row["name"], row["place"], row["at"], bool(row["trusted"]))
        for row in store.read_log(conn, limit)
    )


def _verified(
    conn: sqlite3.Connection, name: str, secret: str, *, moment: Moment, where: str
) -> tuple[Staff, bytes]:
    name_key = text.fold(text.clean(name))
    found = store.by_key(conn, name_key)
    who = _who(found.staff.id) if found else throttle.unknown_name(name_key)
    counted = _counted(conn, who, moment, where)
    salt, wrap = (found.salt, found.wrap) if found else (_NO_SALT, _NO_WRAP)
    context = _context(found.staff.id if found else StaffId(0))
    wrapping = crypto.key_from_secret(plain_secret(secret), salt)
    content = _opened(wrapping, wrap, context)
    if found is None or content is None:
        _note(conn, What.WRONG, found.staff.id if found else None, where, moment)
        raise Refused("staff.wrong")
    with db.write(conn):
        throttle.take_back(conn, counted)
    return found.staff, content


def _opened(key: bytes, wrap: bytes, context: str) -> bytes | None:
    try:
        return crypto.decrypt(key, wrap, context)
    except crypto.WrongKey:
        return None


def _counted(conn: sqlite3.Connection, who: str, moment: Moment, where: str) -> throttle.Counted:
    with db.write(conn):
        counted = throttle.count(conn, who, where, moment)
    if isinstance(counted, int):
        raise TooMany(counted)
    return counted


def _note(conn: sqlite3.Connection, what: What, staff_id: StaffId | None, where: str, moment: Moment) -> None:
    with db.write(conn):
        store.log(conn, what, staff_id, where, moment)


def _content(conn: sqlite3.Connection, role: Role, house_key: bytes | None) -> bytes:
    if role is Role.TECHNICIAN:
        return crypto.new_key()
    kept = store.house_key(conn)
    if house_key is None or kept is None:
        raise NotReady("staff.key_needed")
    if not secrets.compare_digest(kept[0], _mark(house_key)):
        raise Refused("staff.key_wrong")
    return house_key


def _recovery(key: bytes) -> tuple[str, bytes, bytes]:
    salt = crypto.new_salt()
    marks = "".join(secrets.choice(ids.ALPHABET) for _ in range(_RECOVERY_GROUPS * _RECOVERY_GROUP))
    wrap = crypto.encrypt(crypto.key_from_secret(marks, salt), key, _RECOVERY_CONTEXT)
    groups = (marks[place : place + _RECOVERY_GROUP] for place in range(0, len(marks), _RECOVERY_GROUP))
    return "-".join(groups), salt, wrap


def _mark(key: bytes) -> bytes:
    return crypto.key_from_token(key, "house key mark")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _session_key(token: str) -> bytes:
    return crypto.key_from_token(token.encode("utf-8", "surrogatepass"), "session")


def _session_context(token_hash: bytes) -> str:
    return f"staff_sessions:{token_hash.hex()}"


def _context(staff_id: StaffId) -> str:
    return f"staff:{staff_id}"


def _who(staff_id: StaffId) -> str:
    return f"staff:{staff_id}"
