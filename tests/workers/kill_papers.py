"""Papers of all kinds for benches that die, judged by what came out of the printers and by the ledger alone."""

from __future__ import annotations

import hashlib
import json
import random
import re
import sqlite3
from collections import Counter
from pathlib import Path

from devices import raster
from devices.slip import Big, Slip, Text
from hub.base import clock
from hub.post import jobs, trail
from hub.post.jobs import Job, Kind, State
from hub.post.trail import What
from tests.contract.escpos_reader import NotEscpos, Reader
from tests.contract.sink import Sink
from tests.printed import as_printed
from tests.workers.kills import WIDTH

_KINDS = (Kind.TICKET, Kind.RECEIPT, Kind.CHECKLIST, Kind.OTHER)
_OPEN = 8
_FOOT = re.compile(r"Tờ số (\d{6})(?: · bản sao của tờ (\d{6})| · (in lại))?")


class Papers:
    """Tickets, receipts, checklists and others; a guide who answers, and who prints some again."""

    def __init__(self, conn: sqlite3.Connection, clock: clock.Clock, folder: Path, sink: Sink) -> None:
        self._conn, self._clock, self._folder, self._sink = conn, clock, folder, sink
        self._added: set[int] = set()
        self._answered: Counter[int] = Counter()
        self._ordered = 0

    def arrive(self, chance: random.Random) -> None:
        if len(jobs.waiting(self._conn)) >= _OPEN:
            return
        last = jobs.latest(self._conn, 100)
        # Of a paper whose copy is on its way no other is given.
        awaited = {job.copy_of for job in last if job.state is not State.DONE}
        done = [
            job for job in last[:20] if job.state is State.DONE and not job.copy_of and job.id not in awaited
        ]
        if done and chance.random() < 0.06:
            why = chance.choice(list(jobs.Why))
            again = jobs.again(self._conn, chance.choice(done).id, why=why, moment=self._clock.read())
            self._added.add(again)
            self._ordered += 1
            return
        number = len(self._added) + 1
        slip = Slip((Big(str(number)), Text("Nhà văn hóa số")))
        kind = chance.choice(_KINDS)
        self._added.add(
            jobs.add(self._conn, kind, slip, moment=self._clock.read(), subject=f"paper:{number}")
        )

    def answer(self) -> None:
        for job in jobs.asking(self._conn):
            jobs.answer_printed(self._conn, job.id, False, self._clock.read())
            self._answered[job.id] += 1

    def begun(self) -> int:
        return int(self._conn.execute("SELECT count(*) FROM paper_events WHERE what = 'began'").fetchone()[0])

    def over(self) -> bool:
        self.answer()
        return not (jobs.waiting(self._conn) or jobs.stuck(self._conn) or jobs.asking(self._conn))

    def judge(self) -> str:
        """Every paper came out, once unmarked at most; whatever more there is, is marked and was wanted."""
        ledger = {job.id: job for job in jobs.latest(self._conn, 100_000)}
        assert ledger.keys() == self._added
        assert {job.state for job in ledger.values()} == {State.DONE}
        plain, marked = self._came_out(ledger)
        for job in ledger.values():
            out, copies = plain[job.id], marked[job.id]
            lines = Counter(event.what for event in trail.events(self._conn, job.id))
            assert out + copies >= 1, f"{job} was lost"
            assert out <= 1, f"{job} came twice without the mark"
            assert job.copy == (copies > 0), job
            if job.kind.asks:
                assert out + copies <= 1 + self._answered[job.id], f"{job} was doubled unasked"
            assert lines[What.ASKED] == self._answered[job.id] == lines[What.ANSWERED_AGAIN], job
            assert lines[What.BEGAN] >= out + copies and lines[What.ADDED] == lines[What.OUT] == 1, job
        met = sum(1 for job in ledger.values() if job.copy and job.copy_of is None)
        assert met, "no death met a paper on its way: the test showed nothing"
        asked = sum(self._answered.values())
        return (
            f"{len(ledger)} papers ({self._ordered} of them copies that were ordered), {met} met on their way,"
            f" {asked} questions answered"
        )

    def _came_out(self, ledger: dict[int, Job]) -> tuple[Counter[int], Counter[int]]:
        plain, marked = self._simulated(ledger)
        known = {
            _dots(as_printed(self._conn, job, again=again)): (job.id, again)
            for job in ledger.values()
            for again in (False, True)
        }
        for stream in self._sink.printed():
            try:
                found = Reader(WIDTH).read(stream).papers
            except NotEscpos:
                # The bench died in the middle of this one: it was never cut off.
                continue
            for paper in found:
                job_id, again = known[_digest(list(paper.rows))]
                (marked if again or ledger[job_id].copy_of else plain)[job_id] += 1
        return plain, marked

    def _simulated(self, ledger: dict[int, Job]) -> tuple[Counter[int], Counter[int]]:
        plain: Counter[int] = Counter()
        marked: Counter[int] = Counter()
        for entry in json.loads((self._folder / "printer.json").read_text(encoding="utf-8"))["papers"]:
            foot = _FOOT.search(entry["text"])
            assert foot is not None and entry["whole"], entry
            job = ledger[int(foot[1])]
            band = "BẢN SAO" in entry["text"]
            assert band == bool(foot[2] or foot[3]), "the band and the foot say the same"
            assert job.copy_of == (int(foot[2]) if foot[2] else None), entry
            (marked if band else plain)[job.id] += 1
        return plain, marked


def _dots(slip: Slip) -> bytes:
    image = raster.render(slip, WIDTH).convert("L")
    flat = image.tobytes()
    return _digest([tuple(g < 128 for g in flat[y * WIDTH : (y + 1) * WIDTH]) for y in range(image.height)])


def _digest(rows: list[tuple[bool, ...]]) -> bytes:
    while rows and not any(rows[-1]):
        rows.pop()
    return hashlib.sha256(b"".join(bytes(row) for row in rows)).digest()
