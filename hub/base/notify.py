"""Words to systemd: ready, alive, stopping (the sd_notify protocol); silent where there is no systemd."""

from __future__ import annotations

import os
import socket


def tell(message: str) -> bool:
    """Send ``message`` (``READY=1``, ``WATCHDOG=1``, ``STATUS=…``); return whether anyone listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.sendto(message.encode("utf-8"), address)
    except OSError:
        return False
    return True


def watchdog_seconds() -> float | None:
    """Return the interval at which to say ``WATCHDOG=1`` (half of what systemd allows), or None."""
    allowed = os.environ.get("WATCHDOG_USEC", "")
    return int(allowed) / 2_000_000 if allowed.isdigit() and int(allowed) else None
