"""The life of a code reader, however it is attached: opened, listened to, lost, and found again.

Keeps true: a reader that is plugged in anew is heard again within a second or two, without a restart; half a
code is never told; a callback that fails costs that code and nothing else. What was read is in no log, no
error and no ``repr``.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress

from devices.desk_ports import CodeReader
from devices.ports import DeviceError, Offline, State, Status

_log = logging.getLogger(__name__)

SILENCE_S = 0.2
"""A reader sends a code in one breath; after this long nothing more of it will come."""

_AGAIN_S = 1.0
_END_S = 1.0


class Source(ABC):
    """A reader that is open; used by one thread."""

    @property
    @abstractmethod
    def files(self) -> tuple[int, ...]:
        """The descriptors to wait for."""

    @property
    @abstractmethod
    def begun(self) -> bool:
        """Whether part of a code has come."""

    @abstractmethod
    def read(self, file: int) -> list[str]:
        """Take what has come on a descriptor, without waiting; raises OSError when the reader is gone."""

    @abstractmethod
    def silence(self) -> str | None:
        """Return the code that a silence ends, or None."""

    @abstractmethod
    def close(self) -> None:
        """Let go; never raises."""


class LoopReader(CodeReader):
    """A code reader that is listened to by a thread of its own; ``opener`` finds and opens it each time."""

    def __init__(self, opener: Callable[[], Source], *, again_s: float = _AGAIN_S) -> None:
        self._opener = opener
        self._again_s = again_s
        self._callback: Callable[[str], None] | None = None
        self._closed = threading.Event()
        self._wake_in, self._wake_out = os.pipe()
        self._source: Source | None = None
        self._status = Status(State.OFFLINE, "not opened yet")
        self._open()
        self._thread = threading.Thread(target=self._listen, name="code-reader", daemon=True)
        self._thread.start()

    def on_code(self, callback: Callable[[str], None]) -> None:
        self._callback = callback

    def status(self) -> Status:
        return Status(State.OFFLINE, "closed") if self._closed.is_set() else self._status

    def close(self) -> None:
        if self._closed.is_set():
            return
        self._closed.set()
        os.write(self._wake_out, b"x")
        self._thread.join(_END_S)
        if not self._thread.is_alive():
            for file in (self._wake_in, self._wake_out):
                os.close(file)

    def _open(self) -> None:
        try:
            self._source = self._opener()
            self._status = Status(State.READY)
        except DeviceError as bad:
            self._status = Status.of(bad)
        except Exception as bad:
            # A reader pulled while it is opened fails in ways of its own (``termios.error``): whatever it
            # was, this thread must live to find the next one.
            _log.error("the code reader cannot be opened: %s", type(bad).__name__)
            self._status = Status(State.OFFLINE, f"cannot be opened: {type(bad).__name__}")

    def _listen(self) -> None:
        while not self._closed.is_set():
            if self._source is None:
                self._rest(self._again_s)
                if not self._closed.is_set():
                    self._open()
                continue
            try:
                self._hear(self._source)
            except (OSError, ValueError) as bad:
                self._lose(Offline(f"gone while listening: {type(bad).__name__}"))
            except Exception as bad:
                _log.error("the code reader stumbled: %s", type(bad).__name__)
                self._lose(DeviceError(f"stumbled: {type(bad).__name__}"))
        if self._source is not None:
            self._source.close()

    def _hear(self, source: Source) -> None:
        poll = select.poll()
        for file in (*source.files, self._wake_in):
            poll.register(file, select.POLLIN)
        heard_at = time.monotonic()
        while not self._closed.is_set():
            ready = poll.poll(1000 * SILENCE_S if source.begun else None)
            for file, _ in ready:
                if file == self._wake_in:
                    return
                for text in source.read(file):
                    self._tell(text)
                heard_at = time.monotonic()
            if source.begun and time.monotonic() - heard_at >= SILENCE_S:
                left = source.silence()
                if left is not None:
                    self._tell(left)

    def _tell(self, text: str) -> None:
        callback = self._callback
        if callback is None or self._closed.is_set():
            return
        try:
            callback(text)
        except Exception as bad:
            # Its trace could carry what was read.
            _log.error("a code was lost: %s", type(bad).__name__)

    def _lose(self, error: DeviceError) -> None:
        source, self._source = self._source, None
        self._status = Status.of(error)
        if source is not None:
            with suppress(Exception):
                source.close()

    def _rest(self, seconds: float) -> None:
        select.select([self._wake_in], [], [], seconds)
