"""Look around for slip printers: on USB, behind kernel files, on serial and radio lines, on the network.

Keeps true: each is named by what stays (serial number, stable link, announced name), and nothing is printed
or asked of it. A way of looking that this machine does not have finds nothing and spoils no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from devices.found import Found, once
from devices.ports import DeviceError

_log = logging.getLogger(__name__)

_LISTEN_S = 2.0
_ROOT = Path("/")
_SLOW_S = 60.0
"""Time for one slip over a line that carries two or ten kilobytes a second."""


def found(root: Path = _ROOT, listen_s: float = _LISTEN_S) -> tuple[Found, ...]:
    """Return every slip printer that can be seen, surest first; takes about ``listen_s`` seconds.

    ``root`` stands for the machine's own root folder.
    """
    seen: list[Found] = []
    ways: tuple[Callable[[], Iterator[Found]], ...] = (
        _on_usb,
        lambda: _files(root),
        lambda: _announced(listen_s),
        lambda: _lines(root),
    )
    for way in ways:
        try:
            seen.extend(way())
        except (DeviceError, ImportError, OSError) as error:
            _log.info("a way of looking for slip printers is not open here: %s", error)
    return once(seen)


def _on_usb() -> Iterator[Found]:
    from devices.drivers import escpos_usb

    for device in escpos_usb.printers():
        serial = escpos_usb.serial_of(device)
        changes: dict[str, object] = {
            "kind": "usb",
            "vendor": int(device.idVendor),
            "product": int(device.idProduct),
            "serial": serial,
        }
        told = f"USB {device.idVendor:04x}:{device.idProduct:04x}"
        yield Found(
            "printer",
            escpos_usb.label_of(device) or told,
            changes,
            f"{told}, serial {serial}" if serial else f"{told}, no serial number",
        )


def _files(root: Path) -> Iterator[Found]:
    # The House's udev rules give each a name by serial number; without them the number counts the plugs.
    stable = sorted(root.glob("dev/hub/slip-*"))
    named = {link.resolve() for link in stable}
    plain = [path for path in sorted(root.glob("dev/usb/lp*")) if path.resolve() not in named]
    for path in (*stable, *plain):
        label = _label(root, path.resolve().name) or path.name
        yield Found("printer", label, {"kind": "file", "device": _shown(root, path)}, "kernel printer file")


def _label(root: Path, name: str) -> str:
    told = root / "sys/class/usbmisc" / name / "device/.."
    words = [_read(told / part) for part in ("manufacturer", "product")]
    return " ".join(word for word in words if word)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _lines(root: Path) -> Iterator[Found]:
    # A line does not say what hangs on it: these are offered last, and the technician knows.
    for path in sorted(root.glob("dev/rfcomm*")):
        changes: dict[str, object] = {"kind": "bluetooth", "device": _shown(root, path), "timeout_s": _SLOW_S}
        yield Found("printer", path.name, changes, "Bluetooth serial line; it may be something else")
    by_id = sorted(root.glob("dev/serial/by-id/*"))
    named = {link.resolve() for link in by_id}
    plain = [
        path
        for pattern in ("dev/ttyUSB*", "dev/ttyACM*")
        for path in sorted(root.glob(pattern))
        if path.resolve() not in named
    ]
    for path in (*by_id, *plain):
        changes = {"kind": "serial", "device": _shown(root, path), "timeout_s": _SLOW_S}
        yield Found("printer", path.name, changes, "serial line; it may be something else")


def _shown(root: Path, path: Path) -> str:
    return str(Path("/") / path.relative_to(root))


def _announced(listen_s: float) -> Iterator[Found]:
    from devices.drivers import escpos_mdns

    for printer in escpos_mdns.announced(listen_s):
        changes: dict[str, object] = {"kind": "network", "host": printer.name, "port": printer.port}
        yield Found("printer", printer.label, changes, f"network {printer.host}:{printer.port}")
