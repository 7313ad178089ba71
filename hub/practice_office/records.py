"""The practice office's shelf: forms, records with their versions and files, and what officers wrote.

Keeps true: it answers as ODK Central was seen to answer, also where that is unkind (a second photo overwrites
silently, a missing instanceID is invented), so that a House that learns here is not surprised later. It never
opens a record.
"""

from __future__ import annotations

import datetime as dt
import enum
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.base import db
from hub.practice_office.dialects import CENTRAL, Dialect
from hub.practice_office.incoming import Incoming

_SCHEMA = Path(__file__).parent / "records.sql"
_SHAPE = 3
DELETED = "This submission has been deleted. You may not resubmit it."


class FormState(enum.StrEnum):
    """Whether a form takes records: all, only until phones have emptied, or none."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Taken(enum.Enum):
    """What a sending brought: a new record or version, more to a known one, or nothing that was not there."""

    NEW = enum.auto()
    MORE = enum.auto()
    SAME = enum.auto()


class Problem(Exception):
    """The office will not take it: an HTTP status and the office's sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the reading side tells it; ``review_state`` None is Central's "received"."""

    id: int
    form_id: str
    version: str
    instance_id: str
    device_id: str
    review_state: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Written:
    """One thing an officer wrote: a comment, or words with a change of state."""

    words: str
    review_state: str | None
    by: str
    at: str


def connect(folder: Path) -> sqlite3.Connection:
    """Open the shelf in ``folder``, made on first use."""
    folder.mkdir(parents=True, exist_ok=True)
    conn = db.connect(folder / "office.db")
    if conn.execute("PRAGMA user_version").fetchone()[0] < _SHAPE:
        conn.executescript(_SCHEMA.read_text(encoding="utf-8"))
    return conn


def now() -> str:
    """Return the present as Central writes it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def put_form(
    conn: sqlite3.Connection, form_id: str, version: str, xml: bytes, media: Mapping[str, bytes]
) -> None:
    """Publish a version of a form with its files; the latest is the one that is handed out."""
    with db.write(conn):
        conn.execute("INSERT OR IGNORE INTO forms(form_id) VALUES (?)", (form_id,))
        conn.execute(
            "INSERT INTO form_versions(form_id, version, xml) VALUES (?, ?, ?)"
            " ON CONFLICT(form_id, version) DO UPDATE SET xml = excluded.xml",
            (form_id, version, xml),
        )
        conn.execute("DELETE FROM form_files WHERE form_id = ? AND version = ?", (form_id, version))
        conn.executemany(
            "INSERT INTO form_files(form_id, version, name, content) VALUES (?, ?, ?, ?)",
            [(form_id, version, name, content) for name, content in media.items()],
        )


def set_form(conn: sqlite3.Connection, form_id: str, *, state: FormState, assigned: bool) -> None:
    """Open or close a form, and say whether Houses may send to it."""
    with db.write(conn):
        conn.execute(
            "UPDATE forms SET state = ?, assigned = ? WHERE form_id = ?", (state.value, assigned, form_id)
        )


def form_xml(conn: sqlite3.Connection, form_id: str, version: str) -> bytes | None:
    """Return the XForm of a version, or None."""
    row = conn.execute(
        "SELECT xml FROM form_versions WHERE form_id = ? AND version = ?", (form_id, version)
    ).fetchone()
    return row[0] if row else None


def open_forms(conn: sqlite3.Connection) -> tuple[tuple[str, str, bytes], ...]:
    """Return the latest version of each form that Houses may fill in: id, version, XML."""
    rows = conn.execute(
        "SELECT form_id, version, xml FROM form_versions JOIN forms USING (form_id)"
        " WHERE state = 'open' AND assigned AND form_versions.rowid ="
        " (SELECT max(rowid) FROM form_versions AS later WHERE later.form_id = forms.form_id)"
        " ORDER BY form_id"
    )
    return tuple((row[0], row[1], bytes(row[2])) for row in rows)


def form_files(conn: sqlite3.Connection, form_id: str, version: str) -> dict[str, bytes]:
    """Return the files that go with a version of a form."""
    rows = conn.execute(
        "SELECT name, content FROM form_files WHERE form_id = ? AND version = ? ORDER BY name",
        (form_id, version),
    )
    return {row[0]: bytes(row[1]) for row in rows}


def has_form(conn: sqlite3.Connection, form_id: str) -> bool:
    """Return whether the office knows the form."""
    return conn.execute("SELECT 1 FROM forms WHERE form_id = ?", (form_id,)).fetchone() is not None


def take(
    conn: sqlite3.Connection,
    sent: Incoming,
    xml: bytes,
    files: Mapping[str, bytes],
    device: str,
    dialect: Dialect = CENTRAL,
) -> Taken:
    """Take one sending in, or raise ``Problem``; files that the record does not name are dropped silently."""
    with db.write(conn):
        form = conn.execute("SELECT state, assigned FROM forms WHERE form_id = ?", (sent.form_id,)).fetchone()
        if form is None:
            raise Problem(404, "The form you are looking for could not be found.")
        if not form["assigned"]:
            raise Problem(dialect.not_assigned, "Could not authenticate with the provided credentials.")
        if form_xml(conn, sent.form_id, sent.version) is None:
            raise Problem(404, f"The form version '{sent.version}' of this submission does not exist.")
        if form["state"] == FormState.CLOSED:
            raise Problem(dialect.closed, "This form is not currently accepting new submissions.")
        record_id, taken = _place(conn, sent, xml, device)
        for name, content in files.items():
            if name not in sent.files:
                continue
            known = conn.execute(
                "SELECT content FROM files WHERE record_id = ? AND name = ?", (record_id, name)
            ).fetchone()
            if known is None or known["content"] != content:
                taken = Taken.MORE if taken is Taken.SAME else taken
                conn.execute(
                    "INSERT OR REPLACE INTO files(record_id, name, content) VALUES (?, ?, ?)",
                    (record_id, name, content),
                )
    return taken


def _place(conn: sqlite3.Connection, sent: Incoming, xml: bytes, device: str) -> tuple[int, Taken]:
    known = conn.execute(
        "SELECT record_id, xml, deleted_at, current_id = instance_id AS current FROM versions"
        " JOIN records ON records.id = record_id WHERE versions.form_id = ? AND instance_id = ?",
        (sent.form_id, sent.instance_id),
    ).fetchone()
    if known is not None:
        if known["deleted_at"] is not None:
            raise Problem(409, DELETED)
        if not known["current"]:
            raise Problem(409, "A newer version of this submission is there: yours is out of date.")
        if known["xml"] != xml:
            raise Problem(
                409,
                "A record already exists with this ID, but with different XML."
                " To add files, send the same XML.",
            )
        return int(known["record_id"]), Taken.SAME
    instance_id, at = sent.instance_id or f"uuid:{uuid.uuid4()}", now()
    if sent.deprecated_id:
        old = conn.execute(
            "SELECT id FROM records WHERE form_id = ? AND current_id = ? AND deleted_at IS NULL",
            (sent.form_id, sent.deprecated_id),
        ).fetchone()
        if old is None:
            raise Problem(409, "You tried to update a submission, but the copy you provided is out of date.")
        conn.execute(
            "UPDATE records SET current_id = ?, version = ?, review_state = 'edited', updated_at = ?"
            " WHERE id = ?",
            (instance_id, sent.version, at, old["id"]),
        )
        record_id = int(old["id"])
    else:
        made = conn.execute(
            "INSERT INTO records(form_id, version, first_id, current_id, device_id, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (sent.form_id, sent.version, instance_id, instance_id, device, at, at),
        )
        record_id = int(made.lastrowid or 0)
    conn.execute(
        "INSERT INTO versions(form_id, instance_id, record_id, xml, at) VALUES (?, ?, ?, ?, ?)",
        (sent.form_id, instance_id, record_id, xml, at),
    )
    return record_id, Taken.NEW


_RECORD = (
    "SELECT id, form_id, version, first_id, device_id, review_state, created_at, updated_at FROM records"
)


def listing(conn: sqlite3.Connection, form_id: str | None = None) -> tuple[Record, ...]:
    """Return all records, or a form's, the newest first."""
    rows = conn.execute(
        f"{_RECORD} WHERE deleted_at IS NULL AND (?1 IS NULL OR form_id = ?1)"
        " ORDER BY created_at DESC, id DESC",
        (form_id,),
    )
    return tuple(Record(*row) for row in rows)


def find(conn: sqlite3.Connection, form_id: str, instance_id: str) -> Record | None:
    """Return a record by its first instanceID."""
    row = conn.execute(
        f"{_RECORD} WHERE deleted_at IS NULL AND form_id = ? AND first_id = ?", (form_id, instance_id)
    ).fetchone()
    return Record(*row) if row else None


def holding(conn: sqlite3.Connection, form_id: str, instance_id: str, xml: bytes) -> Record | None:
    """Return the record of which a version has this instanceID and this very XML."""
    row = conn.execute(
        "SELECT record_id FROM versions WHERE form_id = ? AND instance_id = ? AND xml = ?",
        (form_id, instance_id, xml),
    ).fetchone()
    return by_number(conn, row["record_id"]) if row else None


def by_number(conn: sqlite3.Connection, record_id: int) -> Record | None:
    """Return a record by the office's own number."""
    row = conn.execute(f"{_RECORD} WHERE deleted_at IS NULL AND id = ?", (record_id,)).fetchone()
    return Record(*row) if row else None


def content(conn: sqlite3.Connection, record_id: int) -> tuple[bytes, dict[str, bytes]]:
    """Return the current XML of a record and its files by name."""
    xml = conn.execute(
        "SELECT xml FROM versions JOIN records ON records.id = record_id"
        " WHERE record_id = ? AND instance_id = current_id",
        (record_id,),
    ).fetchone()[0]
    files = conn.execute("SELECT name, content FROM files WHERE record_id = ?", (record_id,)).fetchall()
    return bytes(xml), {row["name"]: bytes(row["content"]) for row in files}


def present_files(conn: sqlite3.Connection, record_id: int) -> frozenset[str]:
    """Return the names of a record's files that have arrived."""
    return frozenset(
        row[0] for row in conn.execute("SELECT name FROM files WHERE record_id = ?", (record_id,))
    )


def review(conn: sqlite3.Connection, record_id: int, state: str | None, words: str, by: str) -> None:
    """Set a record's review state (None: received), with words if there are any."""
    at = now()
    with db.write(conn):
        conn.execute(
            "UPDATE records SET review_state = ?, updated_at = ? WHERE id = ?", (state, at, record_id)
        )
        _write(conn, record_id, "note", words, state, by, at)


def comment(conn: sqlite3.Connection, record_id: int, words: str, by: str) -> None:
    """Write a comment under a record; as in Central, it changes neither its state nor its time."""
    with db.write(conn):
        _write(conn, record_id, "comment", words, None, by, now())


def _write(
    conn: sqlite3.Connection, record_id: int, kind: str, words: str, state: str | None, by: str, at: str
) -> None:
    conn.execute(
        "INSERT INTO remarks(record_id, kind, words, review_state, by, at) VALUES (?, ?, ?, ?, ?, ?)",
        (record_id, kind, words, state, by, at),
    )


def remarks(conn: sqlite3.Connection, record_id: int, kind: str) -> tuple[Written, ...]:
    """Return what was written of one kind (``comment`` or ``note``), the newest first as Central does."""
    rows = conn.execute(
        "SELECT words, review_state, by, at FROM remarks WHERE record_id = ? AND kind = ? ORDER BY id DESC",
        (record_id, kind),
    )
    return tuple(Written(*row) for row in rows)


def delete(conn: sqlite3.Connection, record_id: int) -> None:
    """Take a record away; its instanceID stays known, so that a resend is refused."""
    with db.write(conn):
        conn.execute("UPDATE records SET deleted_at = ? WHERE id = ?", (now(), record_id))
