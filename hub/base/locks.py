"""One owner at a time: a lock on a name in the data folder, released by the kernel however the owner ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from hub.base.errors import Conflict, NotReady


class OwnerLock:
    """Holds ``folder/name.lock`` while entered.

    Raises ``Conflict("base.already_running")`` when another process holds it, with that process's id.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.lock"
        self._name = name
        self._handle: int | None = None

    def __enter__(self) -> OwnerLock:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as bad:
            raise NotReady("base.read_only", path=str(self._path.parent)) from bad
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode("ascii", "replace").strip() or "?"
            os.close(handle)
            raise Conflict("base.already_running", name=self._name, pid=holder) from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode("ascii"))
        self._handle = handle
        return self

    def __exit__(
        self, kind: type[BaseException] | None, bad: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
