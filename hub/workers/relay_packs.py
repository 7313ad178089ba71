"""The relay's errand for content: has the publisher asked now and then, by a process of its own.

Keeps true: the relay never waits for it and never carries its weight; it is alone, and ends with the relay.
What it fetches, and whether now is the time, is that process's business; it may be killed at any moment.
"""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence

from hub.base.errors import NotReady
from hub.base.house import House
from hub.packs import offers

log = logging.getLogger(__name__)

_FIRST_REST_S = 300.0
# Asking again and again by a press starts no process more often than this.
_LEAST_S = 20.0
# No pack takes longer on any line that a village would wait for; what hangs is killed and gone on with.
_MOST_S = 12 * 3600.0


class Packs:
    """One errand of ``hub.workers.relay_errands``; ``command`` is what looks and fetches."""

    name = "packs"

    def __init__(self, house: House, conn: sqlite3.Connection, command: Sequence[str] | None = None) -> None:
        self._house, self._conn = house, conn
        self._command = command or _command(house)
        self._child: subprocess.Popen[bytes] | None = None
        self._began = self._again_at = float("-inf")
        self._rest_s = min(_FIRST_REST_S, house.settings.packs.every_s)
        self._first = True

    @property
    def needs_way(self) -> bool:
        """Whether a round to the office must have come through; not where there is no office, nor when
        asked."""
        if not self._house.settings.packs.urls:
            return True
        return bool(self._house.settings.upstream.url) and not offers.check(self._conn).wanted

    def due(self) -> bool:
        """Look after the process that runs, if any, and return whether one should be started."""
        if not self._house.settings.packs.urls or self._busy():
            return False
        now = time.monotonic()
        if now - self._began < _LEAST_S:
            return False
        if offers.check(self._conn).wanted:
            return True
        if self._first:
            self._first = False
            self._again_at = now + self._left_of_last()
        return now >= self._again_at

    def run(self) -> None:
        """Start the process; how it ends is seen by ``due``. Raises ``NotReady("packs.not_started")``."""
        self._began, self._first = time.monotonic(), False
        # Heard with this start, whatever becomes of it: a process that falls at once is not started for ever.
        if offers.check(self._conn).wanted:
            offers.answer(self._conn)
        try:
            self._child = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/"
            )
        except OSError as bad:
            told = NotReady("packs.not_started", why=bad.strerror or str(bad))
            offers.refused(self._conn, told, self._house.clock.read())
            raise told from bad

    def _busy(self) -> bool:
        child = self._child
        if child is None:
            return False
        code = child.poll()
        if code is None and time.monotonic() - self._began > _MOST_S:
            log.error("packs: ended after %s hours", _MOST_S / 3600)
            child.kill()
            code = child.wait()
        if code is None:
            return True
        self._child = None
        every_s = self._house.settings.packs.every_s
        self._rest_s = (
            min(_FIRST_REST_S, every_s) if code == 0 else min(every_s, max(self._rest_s, _LEAST_S) * 2)
        )
        self._again_at = time.monotonic() + (every_s if code == 0 else self._rest_s)
        if code < 0:
            log.warning("packs: the process was ended by signal %s", -code)
            offers.interrupted(self._conn, self._house.clock.read())
        return False

    def _left_of_last(self) -> float:
        known = offers.check(self._conn)
        if known.good_at is None or known.reason_key is not None or known.unfinished:
            return 0.0
        past_s = (self._house.clock.read().at - known.good_at).total_seconds()
        left = self._house.settings.packs.every_s - past_s
        return left if past_s >= 0 else 0.0


def _command(house: House) -> tuple[str, ...]:
    return (sys.executable, "-m", "hub", "--data", str(house.data), "packs", "update", "--for-relay")
