"""One device in the bench's care: opened, used by one thread, watched by another.

Keeps true: a device that fails alone is a sick device and not a dead bench, whatever its driver raises; it is
opened anew after a pause that grows; a call that does not come back is seen from outside as "hangs", and once
it was given up it can do nothing more when it comes back after all. It never lets two threads use one device.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, get_type_hints

from devices.ports import DeviceError, Offline, State, Status, Unsupported, refuse_unusable
from hub.base.errors import HubError
from hub.post import health

_log = logging.getLogger(__name__)

_OPEN_FIRST_S = 1.0
OPEN_MOST_S = 30.0
_MISSING_S = 0.6
# A state that only a fresh opening can heal: a library that was missing, a pin that was taken.
_REOPENED = (State.UNSUPPORTED, State.BROKEN, State.DENIED)


class Abandoned(BaseException):
    """This thread's device was given to another thread while it was away: it must touch nothing any more.

    No ``Exception``, so that no driver's and no worker's own handling of errors keeps it from ending.
    """


class _Device(Protocol):
    def status(self) -> Status:
        """See ``devices.ports``."""

    def close(self) -> None:
        """See ``devices.ports``."""


P = TypeVar("P", bound=_Device)
R = TypeVar("R")


class Slot(Generic[P]):
    """The place of one device: ``call``, ``look`` and ``alive`` for its thread, all else for a watcher."""

    def __init__(
        self,
        name: str,
        kind: str,
        opener: Callable[[], P],
        *,
        hang_s: float,
        open_most_s: float = OPEN_MOST_S,
    ) -> None:
        self.name = name
        self.kind = kind
        self.last_job: int | None = None
        self.status = Status(State.UNKNOWN, "not asked yet")
        self.looks = 0
        self._opener = opener
        self._hang_s = hang_s
        self._open_most_s = open_most_s
        self._port: P | None = None
        self._busy_since: float | None = None
        self._open_at = float("-inf")
        self._open_wait = _OPEN_FIRST_S
        self._looked_at = float("-inf")
        self._missed = 0
        self._lock = threading.Lock()
        self._abandoned = False
        self._shaken = False

    def call(self, what: Callable[[P], R]) -> R:
        """Have the device do something, opening it first if need be; raises its ``DeviceError``.

        An error that is none of the family closes the device and is passed on; what is not even an
        ``Exception`` comes as a ``DeviceError``. Raises ``Abandoned`` when the device was given away meanwhile.
        """
        self.alive()
        try:
            return what(self._opened())
        except DeviceError as bad:
            self._saw(Status.of(bad))
            raise
        except (HubError, sqlite3.Error, Abandoned):
            # The House's own trouble (a full card, say), told from inside a call: no fault of the device.
            raise
        except Exception as bad:
            self._drop(Status(State.BROKEN, f"unexpected {type(bad).__name__}, see the log"))
            raise
        except BaseException as bad:
            _log.exception("%s's driver tried to end the thread", self.name)
            told = f"the driver raised {type(bad).__name__}"
            self._drop(Status(State.BROKEN, told))
            raise DeviceError(told) from bad
        finally:
            self._came_back()

    def alive(self) -> None:
        """Say, from inside a long call, that it goes on: its deadline begins anew.

        Raises ``Abandoned`` when the device was given away meanwhile: nothing may be written any more.
        """
        with self._lock:
            if self._abandoned:
                raise Abandoned(self.name)
            self._busy_since = time.monotonic()

    def look(self) -> Status:
        """Ask the device how it is; never raises a ``DeviceError``."""
        try:
            told: object = self.call(lambda port: port.status())
            if isinstance(told, Status):
                self._saw(told)
            else:
                self._drop(Status(State.BROKEN, f"its status is no status but a {type(told).__name__}"))
        except DeviceError:
            pass
        except Exception:
            _log.exception("%s could not say how it is", self.name)
        self._looked_at = time.monotonic()
        return self.status

    def look_due(self, calm_s: float, sick_s: float) -> bool:
        """Return whether the last look is ``calm_s`` ago, or ``sick_s`` while something is wrong."""
        wait = calm_s if self.status.state.usable and self.looks else sick_s
        return time.monotonic() - self._looked_at >= min(wait, self.patience_s)

    @property
    def patience_s(self) -> float:
        """How long the next look may wait at most: while it is open whether an answer was only missed, not long."""
        return _MISSING_S if 0 < self._missed < health.MISSES else float("inf")

    def reset(self) -> None:
        """Forget the pauses: someone says that it is mended, or something was plugged in."""
        self._open_at, self._open_wait = float("-inf"), _OPEN_FIRST_S
        self._looked_at = float("-inf")

    def hangs(self) -> bool:
        """Return whether a call has been away for too long."""
        since = self._busy_since
        return since is not None and time.monotonic() - since > self._hang_s

    @property
    def busy(self) -> bool:
        """Whether a call is on its way."""
        return self._busy_since is not None

    def shake(self) -> None:
        """Close the device under a call that does not come back: most calls end by that.

        Returns at once: closing may hang as well, so a thread of its own does it. Nothing is done when no call is
        on its way any more.
        """
        with self._lock:
            port = self._port
            if self._shaken or port is None or self._busy_since is None:
                return
            self._shaken = True
        threading.Thread(target=_closed, args=(self.name, port), daemon=True).start()

    def abandon(self) -> bool:
        """Give the device away for good: whoever is in a call of this slot ends with ``Abandoned``.

        Returns False when the call came back at the last moment, or another one has begun since: then nothing was
        given away.
        """
        with self._lock:
            if not self.hangs():
                return False
            self._abandoned = True
            return True

    def told(self, *, looked: bool) -> health.Told:
        """Return what the snapshot should say."""
        return health.Told(
            name=self.name,
            kind=self.kind,
            simulated=self.kind == "simulator",
            status=self.status,
            hangs=self.hangs(),
            last_job=self.last_job,
            looked=looked,
        )

    def close(self) -> None:
        """Let go of the device; a closing that does not come back hangs like any other call.

        Raises ``Abandoned`` when the device was given away meanwhile.
        """
        within_a_call = self.busy
        if not within_a_call:
            self.alive()
        port, self._port = self._port, None
        try:
            if port is not None:
                _closed(self.name, port)
        finally:
            if not within_a_call:
                self._came_back()

    def _opened(self) -> P:
        if self._port is None:
            if time.monotonic() < self._open_at:
                # The reason stands until the next opening, so that a card does not change in between.
                refuse_unusable(self.status)
                raise Offline("waits to be opened again")
            self._open_at = time.monotonic() + self._open_wait
            self._open_wait = min(2 * self._open_wait, self._open_most_s)
            try:
                port = self._opener()
            except DeviceError:
                raise
            except Exception as bad:
                _log.exception("%s could not be opened", self.name)
                raise Unsupported(f"cannot be opened: {type(bad).__name__}") from bad
            with self._lock:
                late = self._abandoned
                if not late:
                    self._port = port
            if late:
                # Opened after all, but for nobody: what it holds would keep the next opening out.
                _closed(self.name, port)
                raise Abandoned(self.name)
        assert self._port is not None
        return self._port

    def _came_back(self) -> None:
        with self._lock:
            self._busy_since = None
            given_away = self._abandoned
        if given_away:
            port, self._port = self._port, None
            if port is not None and not self._shaken:
                _closed(self.name, port)
            raise Abandoned(self.name)
        if self._shaken:
            # It was closed under the call: only a fresh one is of use.
            self._shaken, self._port = False, None

    def _saw(self, status: Status) -> None:
        self.looks += 1
        self._missed = self._missed + 1 if status.state is State.OFFLINE else 0
        # A practice device is as it was told to be: opened anew it would be well.
        if status.state in _REOPENED and self._port is not None and self.kind != "simulator":
            self._drop(status)
            return
        if status.state.usable:
            self._open_wait = _OPEN_FIRST_S
        self.status = status

    def _drop(self, status: Status) -> None:
        self.close()
        self._open_at = time.monotonic() + self._open_wait
        self.status = status
        self.looks += 1


def _closed(name: str, port: _Device) -> None:
    try:
        port.close()
    except Exception:
        _log.exception("%s could not be closed", name)
    except BaseException as bad:
        _log.error("%s answered closing with %s", name, type(bad).__name__)


def inject(port: Any, fault: str) -> None:
    """Make a simulated device fail; raises ``Unsupported`` for a device that cannot be told to.

    Every simulator names its own faults in the type of ``inject``'s argument.
    """
    told = _ability(port, "inject")
    faults = get_type_hints(told)["fault"]
    try:
        wanted = faults(fault)
    except ValueError:
        raise Unsupported(f"this simulator knows no fault {fault!r}") from None
    told(wanted)


def mend(port: Any) -> None:
    """Put a simulated device right; raises ``Unsupported`` for a device that cannot be told to."""
    _ability(port, "mend")()


def press(port: Any, button: str) -> None:
    """Press a button of a simulated panel; raises ``Unsupported`` for another panel or an unknown button."""
    _ability(port, "press")(button)


def _ability(port: Any, name: str) -> Any:
    found = getattr(port, name, None)
    if found is None:
        raise Unsupported("not a simulator")
    return found
