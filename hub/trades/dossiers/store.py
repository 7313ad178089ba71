"""The tables of drafts: statements only; whoever calls opens the transaction.

Keeps true: what a person answered comes in and goes out as bytes under the House key; nothing here can read
it.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from hub.base.clock import Moment
from hub.base.ids import InstanceId
from hub.trades.dossiers.model import Consent, DraftId, StoredFile
from hub.trades.procedures.model import Person, Words

_DRAFTS = (
    "SELECT drafts.*, dossier_forms.form_id, dossier_forms.version AS form_version,"
    " (SELECT count(*) FROM draft_asides WHERE draft_id = drafts.id) AS asides"
    " FROM drafts JOIN dossier_forms ON sha256 = form_sha256"
)


@dataclass(frozen=True, slots=True)
class NewDraft:
    """What a fresh draft row is made of."""

    id: DraftId
    procedure: str
    title: Words
    form_sha256: str
    persons: tuple[Person, ...]
    instance_id: InstanceId
    instance: bytes
    label: bytes
    staff_id: int
    keep_days: int


def keep_form(conn: sqlite3.Connection, sha256: str, form_id: str, version: str, xml: bytes) -> None:
    """Keep a form's XML, once."""
    conn.execute("INSERT OR IGNORE INTO dossier_forms VALUES (?, ?, ?, ?)", (sha256, form_id, version, xml))


def form_xml(conn: sqlite3.Connection, sha256: str) -> bytes:
    """Return the XML of a kept form."""
    return bytes(conn.execute("SELECT xml FROM dossier_forms WHERE sha256 = ?", (sha256,)).fetchone()[0])


def keep_form_media(conn: sqlite3.Connection, sha256: str, media: Mapping[str, bytes]) -> None:
    """Keep the files a kept form names, once."""
    conn.executemany(
        "INSERT OR IGNORE INTO dossier_form_media VALUES (?, ?, ?)",
        [(sha256, name, content) for name, content in media.items()],
    )


def form_media(conn: sqlite3.Connection, sha256: str, name: str) -> bytes | None:
    """Return one file of a kept form, None where it has none of that name."""
    row = conn.execute(
        "SELECT content FROM dossier_form_media WHERE sha256 = ? AND name = ?", (sha256, name)
    ).fetchone()
    return bytes(row[0]) if row else None


def all_form_media(conn: sqlite3.Connection, sha256: str) -> dict[str, bytes]:
    """Return every file of a kept form by its name."""
    rows = conn.execute("SELECT name, content FROM dossier_form_media WHERE sha256 = ?", (sha256,))
    return {row["name"]: bytes(row["content"]) for row in rows}


def forms_in_use(conn: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """Return how many drafts stand on which (form id, version)."""
    told = (
        "SELECT form_id, dossier_forms.version, count(*) FROM drafts"
        " JOIN dossier_forms ON sha256 = form_sha256 GROUP BY 1, 2"
    )
    return {(row[0], row[1]): int(row[2]) for row in conn.execute(told)}


def drop_unused_forms(conn: sqlite3.Connection) -> None:
    """Forget forms that no draft stands on."""
    conn.execute("DELETE FROM dossier_forms WHERE sha256 NOT IN (SELECT form_sha256 FROM drafts)")


def add_consent(
    conn: sqlite3.Connection, draft_id: DraftId, consent: Consent, staff_id: int, now: Moment
) -> None:
    """Write down what was agreed to."""
    conn.execute(
        "INSERT INTO dossier_consents(draft_id, notice_version, notice_lang, read_aloud, how, given_by,"
        " purposes, staff_id, given_at, trusted, boot_id, mono) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            draft_id,
            consent.notice_version,
            consent.notice_lang,
            consent.read_aloud,
            consent.how,
            consent.given_by,
            " ".join(sorted(consent.purposes)),
            staff_id,
            *four(now),
        ),
    )


def add_draft(conn: sqlite3.Connection, new: NewDraft, now: Moment) -> None:
    """Insert a draft at version 1."""
    conn.execute(
        "INSERT INTO drafts VALUES (?,?,?,?,?,?,?,1,?,?,?,?,?,?,?,?,?)",
        (
            new.id,
            new.procedure,
            new.title.vi,
            new.title.en,
            new.form_sha256,
            msgspec.json.encode(new.persons).decode(),
            new.instance_id,
            new.instance,
            new.label,
            new.staff_id,
            *four(now),
            new.keep_days,
            _erase_on(now.on, new.keep_days),
        ),
    )


def draft(conn: sqlite3.Connection, draft_id: str) -> sqlite3.Row | None:
    """Return a draft's row with form_id, form_version and the number of asides, or None."""
    row: sqlite3.Row | None = conn.execute(f"{_DRAFTS} WHERE drafts.id = ?", (draft_id,)).fetchone()
    return row


def drafts(conn: sqlite3.Connection) -> Sequence[sqlite3.Row]:
    """Return all drafts' rows, latest change first."""
    return conn.execute(f"{_DRAFTS} ORDER BY updated_at DESC, drafts.id").fetchall()


def persons(row: sqlite3.Row) -> tuple[Person, ...]:
    """Return whose ID cards fill questions of the draft in ``row``."""
    return msgspec.json.decode(row["persons"], type=tuple[Person, ...])


def change_draft(
    conn: sqlite3.Connection, draft_id: DraftId, version: int, instance: bytes, label: bytes, now: Moment
) -> bool:
    """Put new answers into a draft that is still at ``version``; return whether it was."""
    changed = conn.execute(
        "UPDATE drafts SET instance = ?, label = ?, version = version + 1, updated_at = ?, trusted = ?,"
        " boot_id = ?, mono = ?, erase_on = date(?, '+' || keep_days || ' days')"
        " WHERE id = ? AND version = ?",
        (instance, label, *four(now), now.on.isoformat(), draft_id, version),
    )
    return changed.rowcount == 1


def set_form(
    conn: sqlite3.Connection, draft_id: DraftId, sha256: str, title: Words, persons: tuple[Person, ...]
) -> None:
    """Put a draft on another form."""
    conn.execute(
        "UPDATE drafts SET form_sha256 = ?, title_vi = ?, title_en = ?, persons = ? WHERE id = ?",
        (sha256, title.vi, title.en, msgspec.json.encode(persons).decode(), draft_id),
    )


def set_staff(conn: sqlite3.Connection, draft_id: DraftId, staff_id: int) -> None:
    """Give a draft to another guide."""
    conn.execute("UPDATE drafts SET staff_id = ? WHERE id = ?", (staff_id, draft_id))


def extend_draft(conn: sqlite3.Connection, draft_id: DraftId, on: dt.date) -> None:
    """Count the days a draft is kept anew from ``on``, and never less than they were."""
    conn.execute(
        "UPDATE drafts SET erase_on = max(erase_on, date(?, '+' || keep_days || ' days')) WHERE id = ?",
        (on.isoformat(), draft_id),
    )


def delete_draft(conn: sqlite3.Connection, draft_id: DraftId) -> None:
    """Delete a draft with its pages, asides and files."""
    conn.execute("DELETE FROM drafts WHERE id = ?", (draft_id,))


def date_lost_times(conn: sqlite3.Connection, now: Moment) -> None:
    """Let drafts last changed at a time that nobody can put right any more count their days from ``now``.

    A doubtful clock of an earlier boot may have lagged by weeks: what was typed yesterday must not seem old.
    """
    conn.execute(
        "UPDATE drafts SET updated_at = ?, trusted = 1, boot_id = ?, mono = ?,"
        " erase_on = max(erase_on, date(?, '+' || keep_days || ' days')) WHERE trusted = 0 AND boot_id <> ?",
        (now.text, now.boot_id, now.mono, now.on.isoformat(), now.boot_id),
    )


def past(conn: sqlite3.Connection, on: dt.date) -> tuple[DraftId, ...]:
    """Return the drafts whose day to be erased is before ``on`` or on it."""
    rows = conn.execute("SELECT id FROM drafts WHERE erase_on <= ?", (on.isoformat(),))
    return tuple(DraftId(row[0]) for row in rows)


def page_version(conn: sqlite3.Connection, draft_id: DraftId, page_id: str) -> int:
    """Return the draft's version at which a page was last changed, 0 for never."""
    row = conn.execute(
        "SELECT version FROM draft_pages WHERE draft_id = ? AND page_id = ?", (draft_id, page_id)
    ).fetchone()
    return int(row[0]) if row else 0


def set_page_versions(
    conn: sqlite3.Connection, draft_id: DraftId, page_ids: Iterable[str], version: int
) -> None:
    """Remember that pages were changed at ``version``."""
    conn.executemany(
        "INSERT OR REPLACE INTO draft_pages(draft_id, page_id, version) VALUES (?, ?, ?)",
        [(draft_id, page_id, version) for page_id in page_ids],
    )


def add_aside(
    conn: sqlite3.Connection, draft_id: DraftId, page_id: str, fields: bytes, staff_id: int, now: Moment
) -> int:
    """Insert what was typed while another was quicker; return its id."""
    done = conn.execute(
        "INSERT INTO draft_asides(draft_id, page_id, fields, staff_id, put_at, trusted, boot_id, mono)"
        " VALUES (?,?,?,?,?,?,?,?)",
        (draft_id, page_id, fields, staff_id, *four(now)),
    )
    assert done.lastrowid is not None
    return done.lastrowid


def asides(conn: sqlite3.Connection, draft_id: str) -> Sequence[sqlite3.Row]:
    """Return the asides of a draft, oldest first."""
    return conn.execute("SELECT * FROM draft_asides WHERE draft_id = ? ORDER BY id", (draft_id,)).fetchall()


def delete_aside(conn: sqlite3.Connection, aside_id: int) -> None:
    """Delete one aside."""
    conn.execute("DELETE FROM draft_asides WHERE id = ?", (aside_id,))


def add_file(conn: sqlite3.Connection, draft_id: DraftId, file: StoredFile, parts: Sequence[bytes]) -> None:
    """Insert a file and its encrypted parts."""
    conn.execute(
        "INSERT INTO draft_files VALUES (?, ?, ?, ?, ?)",
        (file.name, draft_id, file.media_type, file.size, len(parts)),
    )
    conn.executemany(
        "INSERT INTO draft_file_parts(name, position, content) VALUES (?, ?, ?)",
        [(file.name, position, part) for position, part in enumerate(parts)],
    )


def files(conn: sqlite3.Connection, draft_id: str) -> tuple[StoredFile, ...]:
    """Return the files of a draft, by name."""
    rows = conn.execute("SELECT * FROM draft_files WHERE draft_id = ? ORDER BY name", (draft_id,))
    return tuple(StoredFile(row["name"], row["media_type"], row["size"]) for row in rows)


def file_parts(conn: sqlite3.Connection, name: str) -> tuple[bytes, ...]:
    """Return the encrypted parts of a file, in order."""
    rows = conn.execute("SELECT content FROM draft_file_parts WHERE name = ? ORDER BY position", (name,))
    return tuple(bytes(row[0]) for row in rows)


def has_file_name(conn: sqlite3.Connection, name: str) -> bool:
    """Return whether any draft has a file of this name."""
    return conn.execute("SELECT 1 FROM draft_files WHERE name = ?", (name,)).fetchone() is not None


def delete_files(conn: sqlite3.Connection, names: Iterable[str]) -> None:
    """Delete files with their parts."""
    conn.executemany("DELETE FROM draft_files WHERE name = ?", [(name,) for name in names])


def _erase_on(on: dt.date, days: int) -> str:
    return (on + dt.timedelta(days=days)).isoformat()


def four(now: Moment) -> tuple[str, bool, str, float]:
    """Return the four columns of a time."""
    return (now.text, now.trusted, now.boot_id, now.mono)
