"""The table of what the commune said; statements only, the caller's transaction.

Keeps true: every row's seal covers its content and the seal before it. A row whose seal does not fit, and
every row after it, is told as broken and never as a word.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import sqlite3
from dataclasses import dataclass

from hub.base.clock import Moment
from hub.trades.procedures.holding import Withdrawn, Word
from hub.trades.procedures.model import Unit

_COLUMNS = (
    "id what refers slug figure_id unit value text_vi text_en told_by told_on reason staff_id staff_name"
    " noted_at trusted boot_id mono"
).split()


@dataclass(frozen=True, slots=True)
class Ledger:
    """All words that can be believed, oldest first; ``broken`` is the first row that cannot, or None."""

    words: tuple[Word, ...]
    rows: int
    broken: int | None


def add(conn: sqlite3.Connection, moment: Moment, **values: object) -> int:
    """Write a row under the seal of the one before; return its number."""
    before = conn.execute("SELECT id, seal FROM figure_words ORDER BY id DESC LIMIT 1").fetchone()
    number, seal = (before["id"], before["seal"]) if before else (0, "")
    clock = {
        "noted_at": moment.text,
        "trusted": int(moment.trusted),
        "boot_id": moment.boot_id,
        "mono": moment.mono,
    }
    row = {"id": number + 1, "refers": None, "value": None, **values, **clock}
    content = [row[column] for column in _COLUMNS]
    marks = ", ".join("?" * (len(_COLUMNS) + 1))
    conn.execute(
        f"INSERT INTO figure_words({', '.join(_COLUMNS)}, seal) VALUES ({marks})",
        (*content, _seal(seal, content)),
    )
    return number + 1


def read(conn: sqlite3.Connection) -> Ledger:
    """Return everything written down that can be believed."""
    words: dict[int, Word] = {}
    seal, expected = "", 1
    rows = conn.execute(f"SELECT {', '.join(_COLUMNS)}, seal FROM figure_words ORDER BY id").fetchall()
    for row in rows:
        seal = _seal(seal, list(row)[:-1])
        astray = row["what"] == "withdrawn" and row["refers"] not in words
        if row["id"] != expected or row["seal"] != seal or astray:
            return Ledger(tuple(words.values()), len(rows), row["id"])
        expected += 1
        if row["what"] == "said":
            words[row["id"]] = _word(row)
        else:
            said = words[row["refers"]]
            words[said.id] = _taken_back(said, row)
    return Ledger(tuple(words.values()), len(rows), None)


def _seal(before: str, content: list[object]) -> str:
    told = json.dumps([before, *content], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode("utf-8")).hexdigest()


def _word(row: sqlite3.Row) -> Word:
    return Word(
        id=row["id"],
        slug=row["slug"],
        figure_id=row["figure_id"],
        unit=Unit(row["unit"]),
        value=row["value"],
        texts={"vi": row["text_vi"], "en": row["text_en"]},
        told_by=row["told_by"],
        told_on=dt.date.fromisoformat(row["told_on"]),
        reason=row["reason"],
        staff_name=row["staff_name"],
        noted_at=row["noted_at"],
        trusted=bool(row["trusted"]),
    )


def _taken_back(word: Word, row: sqlite3.Row) -> Word:
    withdrawn = Withdrawn(row["reason"], row["staff_name"], row["noted_at"], bool(row["trusted"]))
    return dataclasses.replace(word, withdrawn=withdrawn)
