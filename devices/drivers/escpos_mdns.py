"""Network printers and scanners that announce themselves by multicast DNS, as nearly all of the last years do.

Keeps true: listening is bounded and closes its sockets; nothing is sent to a device. It stands apart because its
library is large, and a House whose devices have fixed addresses never loads it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from zeroconf import Error, IPVersion, ServiceBrowser, ServiceInfo, ServiceStateChange, Zeroconf

SERVICE = "_pdl-datastream._tcp.local."
_INTERFACES: tuple[str, ...] | None = None
"""All of the machine's; a test looks at the loopback only."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What announced itself; ``name`` is the whole service name and stays.

    ``folder`` is where a web service lies, as it says itself (its ``rs``).
    """

    name: str
    label: str
    host: str
    port: int
    folder: str = ""


@contextlib.contextmanager
def _multicast() -> Iterator[Zeroconf]:
    # The library has errors of its own for a machine without a network, and for names that nobody can have.
    try:
        if _INTERFACES is None:
            network = Zeroconf(ip_version=IPVersion.V4Only)
        else:
            network = Zeroconf(interfaces=list(_INTERFACES), ip_version=IPVersion.V4Only)
        with network:
            yield network
    except (Error, RuntimeError) as error:
        raise OSError(f"no answer by multicast DNS: {error}") from error


def announced(timeout_s: float, *services: str) -> tuple[Announced, ...]:
    """Listen for ``timeout_s`` seconds; return what announced itself, by name: raw-port printers, unless
    other ``services`` are named.
    """
    kinds = services or (SERVICE,)
    seen: set[tuple[str, str]] = set()

    def heard(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is not ServiceStateChange.Removed:
            seen.add((name, service_type))

    with _multicast() as network:
        ended = threading.Event()
        ServiceBrowser(network, list(kinds), handlers=[heard])
        ended.wait(timeout_s * 0.7)
        asked = [_asked(network, name, kind, max(200.0, timeout_s * 300)) for name, kind in sorted(seen)]
    return tuple(one for one in asked if one is not None)


def where(name: str, service: str, timeout_s: float) -> Announced:
    """Return what announces itself by this service name; raise OSError when nothing answers in time."""
    with _multicast() as network:
        found = _asked(network, name, service, timeout_s * 1000)
    if found is None:
        raise OSError(f"nothing on this network calls itself {name}")
    return found


def address(name: str, timeout_s: float) -> tuple[str, int]:
    """Return where the printer of this service name listens; raise OSError when none answers in time."""
    found = where(name, SERVICE, timeout_s)
    return found.host, found.port


def _asked(network: Zeroconf, name: str, service: str, timeout_ms: float) -> Announced | None:
    info = ServiceInfo(service, name)
    if not (info.request(network, timeout_ms) and info.port and (host := _first(info))):
        return None
    label = _told(info, b"ty") or name.removesuffix("." + service)
    return Announced(name, label, host, info.port, _told(info, b"rs").strip("/"))


def _first(info: ServiceInfo) -> str:
    return next(iter(info.parsed_addresses(IPVersion.V4Only)), "")


def _told(info: ServiceInfo, key: bytes) -> str:
    return (info.properties.get(key) or b"").decode("utf-8", "replace")
