"""The bench looks around for devices when a technician asks: what is plugged in that the House could use.

Keeps true: each kind is looked for by a process of its own with a deadline, so that a library that hangs or
crashes finds nothing and harms nobody; what was found replaces what was found before. It opens no device.
"""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import msgspec

from devices import look_around
from hub.base.errors import HubError
from hub.base.house import House
from hub.post import choices, orders

_log = logging.getLogger(__name__)

KINDS = ("printer", "sheets", "scanner", "reader", "speaker")
LONGEST_S = 15.0
"""How long looking for one kind may take; a sleeping network scanner answers late."""
_MOST_BYTES = 1_000_000
# Isolated: neither the folder it is started in nor the surroundings choose what it runs.
_LOOKER = (sys.executable, "-I", "-B", "-m", look_around.__name__)


class Looking:
    """Carries orders to look around, one at a time, in a thread that lives as long as the look."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()

    def carry(self, conn: sqlite3.Connection) -> None:
        """Begin what was ordered; at once back."""
        if self._thread is not None and self._thread.is_alive():
            return
        due = orders.due(conn, orders.BENCH, self._house.clock.read())
        if due:
            self._thread = threading.Thread(target=self._look, args=(due,), name="bench-looking", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Give up what is being looked for."""
        self._stopping.set()
        process = self._process
        if process is not None:
            process.kill()

    def _look(self, due: tuple[orders.Order, ...]) -> None:
        try:
            with closing(self._house.connect()) as conn:
                missed = []
                for kind in KINDS:
                    if self._stopping.is_set():
                        return
                    found = self._found(kind)
                    if found is None:
                        missed.append(kind)
                    choices.note_found(conn, kind, found or (), moment=self._house.clock.read())
                for order in due:
                    state = orders.State.FAILED if missed else orders.State.DONE
                    orders.ended(conn, order.id, state, ", ".join(missed))
        except (HubError, sqlite3.Error) as bad:
            _log.error("what was found cannot be written: %s", bad)

    def _found(self, kind: str) -> tuple[choices.Seen, ...] | None:
        with subprocess.Popen(
            (*_LOOKER, kind),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
        ) as looker:
            self._process = looker
            try:
                told, complaint = looker.communicate(timeout=LONGEST_S)
            except subprocess.TimeoutExpired:
                looker.kill()
                _log.warning("looking for a %s took too long", kind)
                return None
            finally:
                self._process = None
        if looker.returncode != 0:
            _log.warning("looking for a %s failed: %s", kind, complaint[-300:].decode("utf-8", "replace"))
            return None
        try:
            return msgspec.json.decode(told[:_MOST_BYTES], type=tuple[choices.Seen, ...])
        except msgspec.MsgspecError as bad:
            _log.warning("looking for a %s told junk: %s", kind, bad)
            return None
