"""Find the address of a network printer by its name, in bounded time.

A village's router gives a printer another address after a power cut; the name that the printer announces by
multicast DNS stays. Keeps true: nothing here waits longer than it is told to, also where no name server
answers; an address is never asked for anywhere.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time

_ANNOUNCED = "._pdl-datastream._tcp.local"

_KNOWN_S = 300.0
"""How long an answer holds: asking costs a second, and a slip should not wait for it."""
_known: dict[tuple[str, int], tuple[float, tuple[str, int]]] = {}


def address(host: str, port: int, timeout_s: float) -> tuple[str, int]:
    """Return where to connect for a host of the settings; raise OSError when nobody knows it in time."""
    try:
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        pass
    at, where = _known.get((host, port), (0.0, ("", 0)))
    if where[0] and time.monotonic() - at < _KNOWN_S:
        return where
    if host.rstrip(".").endswith(_ANNOUNCED):
        from devices.drivers import escpos_mdns

        where = escpos_mdns.address(host.rstrip(".") + ".", timeout_s)
    else:
        where = _looked_up(host, port, timeout_s), port
    _known[host, port] = time.monotonic(), where
    return where


def forget(host: str, port: int) -> None:
    """Ask anew the next time."""
    _known.pop((host, port), None)


def _looked_up(host: str, port: int, timeout_s: float) -> str:
    # The system's resolver takes no deadline; asked in a thread of its own, it may take its time.
    answer: list[str] = []

    def ask() -> None:
        try:
            for *_, where in socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM):
                answer.append(str(where[0]))
        except (OSError, UnicodeError):
            return

    asked = threading.Thread(target=ask, name="printer-name", daemon=True)
    asked.start()
    asked.join(timeout_s)
    if not answer:
        raise OSError(f"no address for {host}")
    return answer[0]
