"""Pages to take in for benches that die, judged by what the guide who asked can open."""

from __future__ import annotations

import io
import random
import sqlite3

from PIL import Image

from devices.desk_ports import ScanSource, ScanWish
from hub.base import clock
from hub.post import captures
from hub.post.capture_model import CaptureId, Kind, State

_KEY = bytes(range(32))
_WISH = ScanWish(ScanSource.FLATBED, 75, colour=False, most_pages=1)


class Scans:
    """One page on the glass at a time, and a guide who asks again where none came."""

    def __init__(self, conn: sqlite3.Connection, clock: clock.Clock) -> None:
        self._conn, self._clock = conn, clock
        self._asked: list[CaptureId] = []
        self._seen: set[tuple[str, float]] = set()
        self._cut_off: set[CaptureId] = set()
        self._again = 0

    def arrive(self, chance: random.Random) -> None:
        if self.over():
            moment = self._clock.read()
            self._asked.append(
                captures.ask(self._conn, Kind.SCAN, key=_KEY, staff=1, moment=moment, wish=_WISH)
            )

    def answer(self) -> None:
        for capture_id in self._asked:
            if captures.get(self._conn, capture_id).state is not State.FAILED:
                continue
            if captures.pages(self._conn, capture_id):
                # The page was there before the bench died: it is kept and nobody asks once more.
                self._cut_off.add(capture_id)
            else:
                captures.again(self._conn, capture_id, _WISH, moment=self._clock.read())
                self._again += 1

    def begun(self) -> int:
        for row in self._conn.execute("SELECT id, asked_mono FROM captures WHERE state <> 'asked'"):
            self._seen.add((row["id"], row["asked_mono"]))
        return len(self._seen)

    def kept(self) -> int:
        """How many pages came."""
        return int(self._conn.execute("SELECT count(*) FROM capture_pages").fetchone()[0])

    def over(self) -> bool:
        self.answer()
        return all(captures.get(self._conn, one).state.over for one in self._asked)

    def judge(self) -> str:
        """Every page that was wanted is there once, whole, for the guide's key."""
        for capture_id in self._asked:
            pages = captures.pages(self._conn, capture_id)
            assert len(pages) == 1, captures.get(self._conn, capture_id)
            shown = Image.open(io.BytesIO(captures.open_page(self._conn, capture_id, pages[0].id, key=_KEY)))
            shown.load()
            assert (shown.format, shown.size) == ("JPEG", (pages[0].facts.width, pages[0].facts.height))
        assert self._again, "no death met a scan on its way: the test showed nothing"
        cut_off = len(self._cut_off)
        return f"{len(self._asked)} pages, {self._again} asked for again, {cut_off} cut off behind their page"
