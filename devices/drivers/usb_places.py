"""Which USB device stands behind a device file, as the kernel's ``/sys`` tells it.

Keeps true: a device is known by vendor, product and serial number, never by the socket it is plugged into.
Nothing is opened and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
_DEEP = 12


@dataclass(frozen=True, slots=True)
class Usb:
    """A USB device: its numbers, its serial number (empty where it has none), and what it calls itself."""

    vendor: int
    product: int
    serial: str
    label: str

    def fits(self, vendor: int, product: int, serial: str) -> bool:
        """Whether this is the wanted one; an empty serial number fits any."""
        return (self.vendor, self.product) == (vendor, product) and serial in ("", self.serial)


def behind(device: Path) -> Usb | None:
    """Return the USB device that a folder of ``/sys/class/…`` belongs to, None for what is on no USB."""
    try:
        place = device.resolve(strict=True)
    except OSError:
        return None
    for folder in (place, *list(place.parents)[:_DEEP]):
        vendor, product = _read(folder / "idVendor"), _read(folder / "idProduct")
        if vendor and product:
            try:
                numbers = int(vendor, 16), int(product, 16)
            except ValueError:
                return None
            maker = " ".join(filter(None, (_read(folder / "manufacturer"), _read(folder / "product"))))
            return Usb(*numbers, _read(folder / "serial"), maker or f"USB {vendor}:{product}")
    return None


def of_class(name: str, sys: Path = SYS) -> Iterator[tuple[str, Path]]:
    """Yield (name, folder) of each device of a class of the kernel, such as ``input`` or ``tty``, by name."""
    try:
        folders = sorted((sys / "class" / name).iterdir())
    except OSError:
        return
    for folder in folders:
        yield folder.name, folder


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
