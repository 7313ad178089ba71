"""Sheets of A4 for benches that die, judged by what lies in the practice printer's tray alone."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

from hub.base import clock
from hub.post import sheet_jobs, sheet_printing
from hub.post.sheet_jobs import Kind, State

_OPEN = 4


class Sheets:
    """Sheets that are wanted once each, and a guide who looks into the tray when asked."""

    def __init__(self, conn: sqlite3.Connection, clock: clock.Clock, folder: Path) -> None:
        self._conn, self._clock, self._folder = conn, clock, folder
        self._names: dict[int, set[str]] = {}
        self._answered = 0

    def arrive(self, chance: random.Random) -> None:
        now = self._clock.read()
        if len(sheet_printing.under_way(self._conn)) >= _OPEN or not sheet_jobs.ready(self._conn, now):
            return
        number = len(self._names) + 1
        pdf = f"%PDF-1.4\n% sheet {number}\n%%EOF".encode()
        job_id = sheet_jobs.add(self._conn, Kind.FORM, pdf, moment=now, subject=f"draft:{number}")
        self._names[job_id] = set()
        self._note(job_id)

    def answer(self) -> None:
        for job in sheet_jobs.stuck(self._conn, self._clock.read()):
            if job.state is State.ASK:
                came_out = any(name in self._tray() for name in self._names[job.id])
                sheet_jobs.answer(self._conn, job.id, came_out, moment=self._clock.read())
                self._answered += 1
                self._note(job.id)

    def begun(self) -> int:
        row = self._conn.execute("SELECT count(*) FROM sheet_jobs WHERE state <> 'queued'").fetchone()
        return int(row[0])

    def over(self) -> bool:
        self.answer()
        return not sheet_printing.under_way(self._conn)

    def judge(self) -> str:
        """Every sheet came out exactly once, whatever died on the way."""
        tray = self._tray()
        assert max(tray.values(), default=1) == 1
        for job in sheet_jobs.latest(self._conn, 100_000):
            out = sum(tray[name] for name in self._names[job.id])
            assert (job.state, out) == (State.DONE, 1), job
        assert sum(tray.values()) == len(self._names) > 0
        return f"{len(self._names)} sheets, {self._answered} questions answered"

    def _note(self, job_id: int) -> None:
        row = self._conn.execute("SELECT name FROM sheet_jobs WHERE id = ?", (job_id,)).fetchone()
        self._names[job_id].add(row["name"])

    def _tray(self) -> Counter[str]:
        try:
            told: list[dict[str, Any]] = json.loads((self._folder / "sheets.json").read_text("utf-8"))["jobs"]
        except FileNotFoundError:
            return Counter()
        return Counter(job["name"] for job in told if job["stage"] == "done")
