"""Which public key of the office is trusted for which form, and who said so.

Keeps true: nothing is sealed to a key that nobody here trusts for that very form, and a form that carried a key
is not sealed by another because its key is missing; the key before stays good for what was begun on it. Every
change is written down and only grows. It reads no form, and never decides that a new key may be trusted: that
is a technician's word, or a key that was trusted before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import NotReady, Refused
from hub.base.settings import UpstreamSettings

TOPIC = "office_keys"
NO_KEY = ""
"""Stands for a form without a key, as key and as fingerprint."""
_GROUPS, _DIGITS = 6, 5


class State(StrEnum):
    """Whether new versions of the form must carry the key, or only drafts of before use it."""

    TRUSTED = "trusted"
    FORMER = "former"


class Act(StrEnum):
    """How a key came to be trusted, or not."""

    KNOWN = "known"
    PACK = "pack"
    ADDED = "added"
    TRUSTED = "trusted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class OfficeKey:
    """A key that is trusted for a form; ``public_key`` is base64 of DER, empty for none."""

    form_id: str
    fingerprint: str
    public_key: str
    state: State


@dataclass(frozen=True, slots=True)
class Settled:
    """One act on a key; ``staff_id`` is None at the shell and where nobody was asked."""

    form_id: str
    fingerprint: str
    act: Act
    staff_id: int | None
    at: str
    trusted: bool


def fingerprint(public_key: str) -> str:
    """Return the SHA-256 of a key (base64 of DER) in hex, empty for no key.

    Raises ``Refused("office_keys.no_key")`` for what is no base64.
    """
    if not public_key.strip():
        return NO_KEY
    try:
        der = base64.b64decode("".join(public_key.split()), validate=True)
    except (binascii.Error, ValueError) as bad:
        raise Refused("office_keys.no_key") from bad
    return hashlib.sha256(der).hexdigest()


def readable(public_key: str) -> bool:
    """Return whether this is base64 of something; empty is not."""
    try:
        return fingerprint(public_key) != NO_KEY
    except Refused:
        return False


def spoken(mark: str) -> str:
    """Return a fingerprint as it is read out over a telephone: six groups of five digits, empty for none.

    Two keys that read alike would have to be looked for among 10 to the power of 30.
    """
    if not mark:
        return ""
    number = int(mark, 16) % 10 ** (_GROUPS * _DIGITS)
    digits = f"{number:0{_GROUPS * _DIGITS}d}"
    return " ".join(digits[start : start + _DIGITS] for start in range(0, len(digits), _DIGITS))


def of_settings(upstream: UpstreamSettings) -> str:
    """Return the key that the settings name, base64 of DER, empty where they name none that can be read."""
    try:
        told = Path(upstream.public_key_file).read_text(encoding="ascii") if upstream.public_key_file else ""
    except (OSError, UnicodeDecodeError):
        return NO_KEY
    # A PEM file is the same base64 between two lines.
    return "".join(line.strip() for line in told.splitlines() if not line.startswith("-----"))


def trusted_key(conn: sqlite3.Connection, form_id: str, public_key: str) -> bool:
    """Return whether the form may be sealed to this key; empty asks whether it may be one without a key.

    A form that nobody has settled anything about may be one without a key, and has no key that is trusted.
    """
    mark = fingerprint(public_key)
    found = {one.fingerprint for one in of_form(conn, form_id)}
    return mark in found or (mark == NO_KEY and not found)


def to_seal(
    conn: sqlite3.Connection, form_id: str, public_key: str | None, upstream: UpstreamSettings
) -> str:
    """Return the key to seal to, base64 of DER: the one the form carries, else the one the settings name.

    Raises ``NotReady("office_keys.not_trusted")`` where nobody here trusts the form's key, or trusts one that the
    form lacks, and ``NotReady("dossiers.no_office_key")`` where there is none at all.
    """
    own = public_key or NO_KEY
    try:
        well = trusted_key(conn, form_id, own)
    except Refused as bad:
        raise NotReady("forms.seal.bad_key") from bad
    if not well:
        raise NotReady("office_keys.not_trusted")
    found = own or of_settings(upstream)
    if not found:
        raise NotReady("dossiers.no_office_key")
    return found


def of_form(conn: sqlite3.Connection, form_id: str) -> tuple[OfficeKey, ...]:
    """Return the keys of a form, the one in use first."""
    rows = conn.execute(
        "SELECT form_id, fingerprint, public_key, state FROM office_keys WHERE form_id = ?"
        " ORDER BY state DESC, fingerprint",
        (form_id,),
    )
    return tuple(OfficeKey(row[0], row[1], row[2], State(row[3])) for row in rows)


def in_use(conn: sqlite3.Connection, form_id: str) -> OfficeKey | None:
    """Return the key that new versions of a form must carry, or None where nothing was settled yet."""
    return next((one for one in of_form(conn, form_id) if one.state is State.TRUSTED), None)


def listing(conn: sqlite3.Connection) -> tuple[OfficeKey, ...]:
    """Return all keys of all forms that ever had one, by form, the one in use first."""
    rows = conn.execute(
        "SELECT form_id, fingerprint, public_key, state FROM office_keys"
        " WHERE form_id IN (SELECT form_id FROM office_keys WHERE fingerprint <> '')"
        " ORDER BY form_id, state DESC, fingerprint"
    )
    return tuple(OfficeKey(row[0], row[1], row[2], State(row[3])) for row in rows)


def known(conn: sqlite3.Connection, public_key: str, upstream: UpstreamSettings) -> bool:
    """Return whether a key is in use for any form, or is the one that the settings name."""
    if not readable(public_key):
        return False
    mark, told = fingerprint(public_key), of_settings(upstream)
    if readable(told) and fingerprint(told) == mark:
        return True
    found = conn.execute(
        "SELECT 1 FROM office_keys WHERE fingerprint = ? AND state = 'trusted' LIMIT 1", (mark,)
    )
    return found.fetchone() is not None


def use(
    conn: sqlite3.Connection,
    form_id: str,
    public_key: str,
    act: Act,
    *,
    was: str | None,
    staff: int | None,
    moment: Moment,
) -> None:
    """Trust a key for a form from now on, in the caller's transaction; the one before stays for drafts.

    ``was`` is the key that the form carried until now (empty: none; None: there was no such form). The key that
    is in use already changes nothing. Raises as ``fingerprint``.
    """
    mark, before = fingerprint(public_key), in_use(conn, form_id)
    if before is not None and before.fingerprint == mark:
        return
    if before is None and not mark:
        # A form without a key needs no word until another version of it has one.
        return
    with db.write(conn):
        if before is None and was is not None and fingerprint(was) != mark:
            conn.execute(
                "INSERT OR IGNORE INTO office_keys VALUES (?, ?, ?, 'former')",
                (form_id, fingerprint(was), was),
            )
        conn.execute("UPDATE office_keys SET state = 'former' WHERE form_id = ?", (form_id,))
        conn.execute(
            "INSERT INTO office_keys VALUES (?, ?, ?, 'trusted')"
            " ON CONFLICT (form_id, fingerprint) DO UPDATE SET state = 'trusted'",
            (form_id, mark, "".join(public_key.split())),
        )
        write_down(conn, form_id, mark, act, staff=staff, moment=moment)


def remember_keyless(conn: sqlite3.Connection, form_id: str) -> None:
    """Remember that a form which nothing was settled about has no key of its own: a key that comes is a change."""
    with db.write(conn):
        conn.execute(
            "INSERT INTO office_keys SELECT :form, '', '', 'trusted'"
            " WHERE NOT EXISTS (SELECT 1 FROM office_keys WHERE form_id = :form)",
            {"form": form_id},
        )


def write_down(
    conn: sqlite3.Connection, form_id: str, mark: str, act: Act, *, staff: int | None, moment: Moment
) -> None:
    """Write down an act on a key, in the caller's transaction."""
    conn.execute(
        "INSERT INTO office_key_acts(form_id, fingerprint, act, staff_id, at, trusted, boot_id, mono)"
        " VALUES (?,?,?,?,?,?,?,?)",
        (form_id, mark, act, staff, moment.text, moment.trusted, moment.boot_id, moment.mono),
    )
    db.touch(conn, TOPIC)


def acts(conn: sqlite3.Connection, most: int) -> tuple[Settled, ...]:
    """Return the latest acts, latest first; ``at`` is UTC as the database keeps it."""
    rows = conn.execute(
        "SELECT form_id, fingerprint, act, staff_id, at, trusted FROM office_key_acts ORDER BY id DESC LIMIT ?",
        (most,),
    )
    return tuple(Settled(row[0], row[1], Act(row[2]), row[3], row[4], bool(row[5])) for row in rows)


def counts(conn: sqlite3.Connection) -> dict[Act, int]:
    """Return how often what was settled."""
    return {
        Act(row[0]): int(row[1])
        for row in conn.execute("SELECT act, count(*) FROM office_key_acts GROUP BY act")
    }
