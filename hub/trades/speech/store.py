"""The rows of voices and recordings. Only statements; who calls opens the transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from hub.base import clock as clocks
from hub.base.clock import Moment
from hub.trades.speech.model import NOTICE_VERSION, Take, Voice, VoiceId
from hub.trades.speech.shaping import Verdict

_VOICE = (
    "SELECT voices.*, (SELECT count(*) FROM recordings WHERE voice_id = voices.id AND kept = 1) AS kept"
    " FROM voices"
)


def add_voice(conn: sqlite3.Connection, code: str, lang: str, staff_id: int, moment: Moment) -> VoiceId:
    """Add a voice and return its id."""
    added = conn.execute(
        "INSERT INTO voices(code, lang, notice_version, staff_id, given_at, trusted, boot_id, mono)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (code, lang, NOTICE_VERSION, staff_id, moment.text, moment.trusted, moment.boot_id, moment.mono),
    )
    assert added.lastrowid is not None
    return VoiceId(added.lastrowid)


def voices(conn: sqlite3.Connection) -> tuple[Voice, ...]:
    """Return every voice, withdrawn ones too, newest first."""
    return tuple(_voice(row) for row in conn.execute(f"{_VOICE} ORDER BY id DESC"))


def voice(conn: sqlite3.Connection, voice_id: int) -> Voice | None:
    """Return one voice, or None."""
    row = conn.execute(f"{_VOICE} WHERE id = ?", (voice_id,)).fetchone()
    return _voice(row) if row else None


def by_code(conn: sqlite3.Connection, code: str) -> Voice | None:
    """Return the voice of a code, or None."""
    row = conn.execute(f"{_VOICE} WHERE code = ?", (code,)).fetchone()
    return _voice(row) if row else None


def takes(conn: sqlite3.Connection, voice_id: VoiceId) -> tuple[Take, ...]:
    """Return all recordings of a voice without their sound."""
    rows = conn.execute(
        "SELECT slot, kept, verdict, ms FROM recordings WHERE voice_id = ? ORDER BY slot, kept", (voice_id,)
    )
    return tuple(Take(row["slot"], bool(row["kept"]), Verdict(row["verdict"]), row["ms"]) for row in rows)


def sound(conn: sqlite3.Connection, voice_id: VoiceId, slot: str, *, kept: bool) -> bytes | None:
    """Return the WAV of one recording, or None."""
    row = conn.execute(
        "SELECT wav FROM recordings WHERE voice_id = ? AND slot = ? AND kept = ?", (voice_id, slot, kept)
    ).fetchone()
    return bytes(row[0]) if row else None


def put(conn: sqlite3.Connection, voice_id: VoiceId, take: Take, wav: bytes) -> None:
    """Write a recording over the one in its place."""
    conn.execute(
        "INSERT OR REPLACE INTO recordings(voice_id, slot, kept, verdict, ms, wav) VALUES (?, ?, ?, ?, ?, ?)",
        (voice_id, take.slot, take.kept, take.verdict, take.ms, wav),
    )


def drop_drafts(conn: sqlite3.Connection, voice_id: VoiceId) -> int:
    """Delete what is not kept; return how many."""
    return conn.execute("DELETE FROM recordings WHERE voice_id = ? AND kept = 0", (voice_id,)).rowcount


def keep(conn: sqlite3.Connection, voice_id: VoiceId, slot: str) -> bool:
    """Keep the draft of a slot instead of what was kept before; return whether there was one."""
    here = (voice_id, slot)
    if conn.execute("SELECT 1 FROM recordings WHERE voice_id = ? AND slot = ? AND kept = 0", here).fetchone():
        conn.execute("DELETE FROM recordings WHERE voice_id = ? AND slot = ? AND kept = 1", here)
        conn.execute("UPDATE recordings SET kept = 1 WHERE voice_id = ? AND slot = ?", here)
        return True
    return False


def let_speak(conn: sqlite3.Connection, voice_id: VoiceId) -> None:
    """Let calls be made with this voice."""
    conn.execute("UPDATE voices SET speaks = 1 WHERE id = ?", (voice_id,))


def withdraw(conn: sqlite3.Connection, voice_id: VoiceId, moment: Moment) -> int:
    """Delete everything a voice said and mark it withdrawn; return how many recordings went."""
    conn.execute(
        "UPDATE voices SET speaks = 0, withdrawn_at = coalesce(withdrawn_at, ?) WHERE id = ?",
        (moment.text, voice_id),
    )
    return conn.execute("DELETE FROM recordings WHERE voice_id = ?", (voice_id,)).rowcount


def speaking(conn: sqlite3.Connection) -> tuple[str, ...]:
    """Return the languages that some voice speaks, those recorded first before later ones."""
    rows = conn.execute("SELECT lang FROM voices WHERE speaks = 1 GROUP BY lang ORDER BY min(id)")
    return tuple(row["lang"] for row in rows)


def sentence(conn: sqlite3.Connection, lang: str, slots: Sequence[str]) -> tuple[bytes, ...] | None:
    """Return the recordings of ``slots`` in their order, all of one voice, the newest that has them all."""
    wanted = sorted(set(slots))
    marks = ", ".join("?" * len(wanted))
    row = conn.execute(
        "SELECT voice_id FROM recordings JOIN voices ON voices.id = voice_id"
        f" WHERE speaks = 1 AND lang = ? AND kept = 1 AND slot IN ({marks})"
        " GROUP BY voice_id HAVING count(*) = ? ORDER BY voice_id DESC LIMIT 1",
        (lang, *wanted, len(wanted)),
    ).fetchone()
    if row is None:
        return None
    found = {
        each["slot"]: bytes(each["wav"])
        for each in conn.execute(
            f"SELECT slot, wav FROM recordings WHERE voice_id = ? AND kept = 1 AND slot IN ({marks})",
            (row["voice_id"], *wanted),
        )
    }
    # Between the two questions it may have been withdrawn.
    return tuple(found[slot] for slot in slots) if len(found) == len(wanted) else None


def _voice(row: sqlite3.Row) -> Voice:
    gone = row["withdrawn_at"]
    return Voice(
        id=VoiceId(row["id"]),
        code=row["code"],
        lang=row["lang"],
        speaks=bool(row["speaks"]),
        given_at=clocks.parse(row["given_at"]),
        trusted=bool(row["trusted"]),
        withdrawn_at=clocks.parse(gone) if gone else None,
        kept=row["kept"],
    )
