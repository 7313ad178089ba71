"""Which scanner stands behind a name of SANE's, by what stays the same when it is plugged in elsewhere.

Keeps true: SANE names many scanners by their place on the bus, which changes at every power cycle; here a
name is looked up anew at each opening and known by vendor, product and serial number. Nothing is opened.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devices.drivers import usb_places
from devices.drivers.usb_places import Usb

if TYPE_CHECKING:  # its library is large, and a scanner on a bus never needs it
    from devices.drivers.escpos_mdns import Announced

LISTING = ["-f", "%d|%v|%m%n"]
SERVICES = ("_uscan._tcp.local.", "_uscans._tcp.local.")
"""What network scanners announce themselves as: eSCL plain, and over TLS."""
_ON_BUS = re.compile(r"(?:libusb|interpreter):(\d{1,3}):(\d{1,3})|bus(\d{1,3});dev(\d{1,3})")
_PIXMA = re.compile(r"pixma:([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})(?:_(.*))?$")
_LAST = re.compile(r"[:=?&/]([^:=?&/]{4,})$")
_FOLDER = re.compile(r"[A-Za-z0-9_./-]{1,100}")
_CAMERAS = ("v4l:",)

Node = tuple[int, int]
"""A place on the bus at this moment: bus and device number."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of ``scanimage``'s list."""

    name: str
    vendor: str
    model: str

    @property
    def label(self) -> str:
        """What its maker calls it."""
        return f"{self.vendor} {self.model}".strip() or self.name

    @property
    def stays(self) -> bool:
        """Whether the name itself is the same at every plugging in: it tells no place, on a bus or a network."""
        return _ON_BUS.search(self.name) is None and not self.name.startswith(("airscan:", "escl:", "pixma:"))


def listed(output: str) -> tuple[Listed, ...]:
    """Return the scanners of ``scanimage``'s ``LISTING``, without web cameras and without doubles.

    Where both network backends see a scanner, the one that is kept up (airscan) speaks for it.
    """
    found: list[Listed] = []
    for line in output.splitlines():
        parts = line.strip().split("|", 2)
        if len(parts) == 3 and parts[0] and not parts[0].startswith(_CAMERAS):
            found.append(Listed(*parts))
    if any(one.name.startswith("airscan:") for one in found):
        found = [one for one in found if not one.name.startswith("escl:")]
    return tuple(found)


def usb_of(name: str, sys: Path = usb_places.SYS) -> Usb | None:
    """Return the USB device that a SANE name means now; None for a scanner on no bus, or one that is gone."""
    here = plugged(sys)
    if (pixma := _PIXMA.match(name)) is not None:
        kind = int(pixma[1], 16), int(pixma[2], 16)
        same = [usb for _, usb in here if (usb.vendor, usb.product) == kind]
        # The serial number in the name tells two of a kind apart; alone, it is that one however it is written.
        told = [usb for usb in same if usb.serial == (pixma[3] or "")]
        return told[0] if told else same[0] if len(same) == 1 else None
    place = _ON_BUS.search(name)
    if place is not None:
        bus, number = (int(part) for part in place.groups() if part is not None)
        return next((usb for node, usb in here if node == (bus, number)), None)
    # Some name theirs by its serial number.
    last = _LAST.search(name)
    return next((usb for _, usb in here if last is not None and usb.serial == last[1]), None)


def plugged(sys: Path = usb_places.SYS) -> tuple[tuple[Node, Usb], ...]:
    """Return all that is plugged in: where it is at this moment, and what it is."""
    found = []
    try:
        folders = sorted((sys / "bus" / "usb" / "devices").iterdir())
    except OSError:
        return ()
    for folder in folders:
        try:
            node = int((folder / "busnum").read_text()), int((folder / "devnum").read_text())
        except (OSError, ValueError):
            continue
        if (folder / "idVendor").exists() and (usb := usb_places.behind(folder)) is not None:
            found.append((node, usb))
    return tuple(found)


def node_of(vendor: int, product: int, serial: str, sys: Path = usb_places.SYS) -> Node | None:
    """Return where the scanner with this identity is plugged in now, None when it is not."""
    return next((node for node, usb in plugged(sys) if usb.fits(vendor, product, serial)), None)


def choose(
    names: Sequence[Listed], vendor: int, product: int, serial: str, sys: Path = usb_places.SYS
) -> str | None:
    """Return the present SANE name of the scanner with this identity, None when it is not there."""
    for one in names:
        usb = usb_of(one.name, sys)
        if usb is not None and usb.fits(vendor, product, serial):
            return one.name
    return None


def announced_at(name: str, timeout_s: float) -> str:
    """Return the eSCL address of the scanner that announces itself by this name; raise OSError when none does."""
    from devices.drivers import escpos_mdns

    service = next((service for service in SERVICES if name.endswith("." + service)), None)
    if service is None:
        raise OSError("no scanner is announced under such a name")
    return address_of(escpos_mdns.where(name, service, timeout_s))


def address_of(seen: Announced) -> str:
    """Return the eSCL address of what announced itself."""
    scheme = "https" if seen.name.endswith(SERVICES[1]) else "http"
    # The folder comes from the network and goes into a settings file of SANE's.
    folder = seen.folder if _FOLDER.fullmatch(seen.folder) else "eSCL"
    return f"{scheme}://{seen.host}:{seen.port}/{folder}"
