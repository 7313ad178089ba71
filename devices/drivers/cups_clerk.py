"""Questions to a print service, each with a deadline, through libcups, which knows none.

Keeps true: who asks has an answer or an error in time, whatever the service does; a question that did not
come back keeps its own thread until it does, and only a few may; nobody is ever asked for a password. It
never decides what an answer means.
"""

from __future__ import annotations

import os
import pwd
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import cups

from devices.ports import Busy, Denied, DeviceError, Malformed, Offline, Paused, Unsupported

R = TypeVar("R")

_MOST_LATE = 3
_NOT_FOUND = 0x0406
_ERRORS: dict[int, type[DeviceError]] = {
    0x0401: Denied,
    0x0402: Denied,
    0x0403: Denied,
    0x0406: Unsupported,
    0x040A: Malformed,
    0x0411: Malformed,
    0x0412: Malformed,
    0x0506: Paused,
    0x0507: Busy,
    0x0509: Busy,
    0x1000: Denied,
}


class Gone(Unsupported):
    """What was asked about is not there: a queue or a job."""


class Question(Generic[R]):
    """One question on its way; ``given_up`` turns true when nobody waits for the answer any more."""

    def __init__(self, what: Callable[[Any, Question[R]], R]) -> None:
        self.what = what
        self.done = threading.Event()
        self.given_up = False
        self.answer: R | None = None
        self.error: BaseException | None = None


class _Clerk(threading.Thread):
    """Asks one question after the other on a connection of its own: libcups keeps its server a thread."""

    def __init__(self, server: str) -> None:
        super().__init__(name="cups-clerk", daemon=True)
        self._server = server
        self._conn: Any = None
        self.questions: queue.SimpleQueue[Question[Any] | None] = queue.SimpleQueue()

    def run(self) -> None:
        _introduce(self._server)
        while (question := self.questions.get()) is not None:
            if not question.given_up:
                try:
                    question.answer = question.what(self._connected(), question)
                except BaseException as error:
                    question.error = error
                    if not isinstance(error, DeviceError | cups.IPPError):
                        self._conn = None
            question.done.set()
        self._conn = None

    def _connected(self) -> Any:
        if self._conn is None:
            self._conn = cups.Connection()
        return self._conn


class Clerks:
    """The way to ask one print service; used by one thread at a time."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._one: _Clerk | None = None
        self._late: list[_Clerk] = []
        self._closed = False

    def ask(self, what: Callable[[Any, Question[R]], R], seconds: float) -> R:
        """Return what ``what(connection, question)`` returns, asked within ``seconds``.

        ``what`` looks at ``question.given_up`` between steps that cannot be taken back. Raises Offline (also
        when it is late), Busy, Denied, Paused, Malformed, Gone, Unsupported.
        """
        if self._closed:
            raise Offline("closed")
        self._late = [clerk for clerk in self._late if clerk.is_alive()]
        if len(self._late) >= _MOST_LATE:
            raise Offline("the print service takes questions and answers none")
        if self._one is None or not self._one.is_alive():
            self._one = _Clerk(self._server)
            self._one.start()
        question = Question(what)
        self._one.questions.put(question)
        if not question.done.wait(seconds):
            question.given_up = True
            self._leave()
            raise Offline(f"the print service gave no answer within {seconds:.1f} s")
        if question.error is not None:
            raise _told(question.error) from None
        return question.answer  # type: ignore[return-value]

    @property
    def late(self) -> bool:
        """Whether an earlier question has still not come back: what it began may yet happen."""
        return any(clerk.is_alive() for clerk in self._late)

    def close(self) -> None:
        """Ask nothing more."""
        self._closed = True
        if self._one is not None:
            self._one.questions.put(None)

    def _leave(self) -> None:
        if self._one is not None:
            self._one.questions.put(None)
            self._late.append(self._one)
            self._one = None


def _introduce(server: str) -> None:
    # These hold for this thread alone; a Connection's own arguments are not enough, because libcups looks
    # for a job's printer at the thread's server.
    host, colon, port = server.rpartition(":")
    if server.startswith("/"):
        cups.setServer(server)
    elif colon and port.isdecimal():
        cups.setServer(host)
        cups.setPort(int(port))
    elif server:
        cups.setServer(server)
    try:
        cups.setUser(pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        cups.setUser("hub")
    # Without this libcups asks at the terminal.
    cups.setPasswordCB2(lambda *_asked: None)


def _told(error: BaseException) -> BaseException:
    if isinstance(error, DeviceError):
        return error
    if isinstance(error, cups.IPPError):
        status, words = error.args
        if status == _NOT_FOUND:
            return Gone(str(words))
        return _ERRORS.get(status, Offline if status >= 0x0500 else Unsupported)(f"{words} (0x{status:04x})")
    if isinstance(error, cups.HTTPError):
        (status,) = error.args
        return (Denied if status in (401, 403) else Offline)(f"the print service answers with HTTP {status}")
    if isinstance(error, RuntimeError):
        return Offline("the print service cannot be reached")
    return error
