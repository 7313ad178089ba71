"""The kernel's word that something was plugged in or out, from its own netlink socket.

Keeps true: it only says "look again"; what is there, each driver finds out for itself. A machine that does not let
it listen (a container, an older kernel) is no fault: the bench then goes by asking often. It never blocks.
"""

from __future__ import annotations

import logging
import socket
import time

_log = logging.getLogger(__name__)

_KOBJECT_UEVENT = 15
_FROM_KERNEL = 1
_MOST_BYTES = 8192
_MOST_AT_ONCE = 64
_SETTLE_S, _SETTLE_MOST_S = 0.3, 1.0
"""A plug makes a burst of events, and udev needs a moment to give the new file its group."""
_SUBSYSTEMS = frozenset({"usb", "usbmisc", "printer", "tty", "input", "hidraw", "sound", "gpio", "bluetooth"})
_ACTIONS = frozenset({"add", "remove", "change", "bind", "unbind"})


class Uevents:
    """Listens; ``stirred`` says now and then that something changed."""

    def __init__(self, line: socket.socket | None) -> None:
        self._line = line
        self._first_at: float | None = None
        self._last_at = float("-inf")

    @property
    def listening(self) -> bool:
        """Whether the kernel's word is heard here."""
        return self._line is not None

    def stirred(self) -> bool:
        """Return True once when something was plugged in or out, a moment after the last of its events."""
        if self._line is None:
            return False
        for _ in range(_MOST_AT_ONCE):
            try:
                message = self._line.recv(_MOST_BYTES)
            except BlockingIOError:
                break
            except OSError as bad:
                # Too many events at once (ENOBUFS): some are lost, so something changed.
                _log.info("events of the kernel were lost: %s", bad)
                self._note()
                break
            if not message:
                break
            if concerns(message):
                self._note()
        now = time.monotonic()
        if self._first_at is None:
            return False
        # A loose plug never comes to rest: it is looked at anyway.
        if now - self._last_at < _SETTLE_S and now - self._first_at < _SETTLE_MOST_S:
            return False
        self._first_at = None
        return True

    def _note(self) -> None:
        self._last_at = time.monotonic()
        if self._first_at is None:
            self._first_at = self._last_at

    def close(self) -> None:
        """Listen no more."""
        line, self._line = self._line, None
        if line is not None:
            line.close()


def listen() -> Uevents:
    """Return a listener; one that hears nothing where the machine does not let it."""
    try:
        line = socket.socket(
            socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, _KOBJECT_UEVENT
        )
    except (OSError, AttributeError) as bad:
        _log.info("the kernel does not tell of plugging in and out: %s", bad)
        return Uevents(None)
    try:
        line.bind((0, _FROM_KERNEL))
    except OSError as bad:
        line.close()
        _log.info("the kernel does not tell of plugging in and out: %s", bad)
        return Uevents(None)
    return Uevents(line)


def concerns(message: bytes) -> bool:
    """Return whether a uevent (``add@/devices/…`` NUL ``KEY=value`` NUL …) may be about a device of the House."""
    told = dict(part.split("=", 1) for part in message.decode("utf-8", "replace").split("\0") if "=" in part)
    return told.get("SUBSYSTEM") in _SUBSYSTEMS and told.get("ACTION") in _ACTIONS
