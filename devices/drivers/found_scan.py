"""Look around for scanners: on USB as SANE sees them, beside ``ipp-usb``, on the network.

Keeps true: each is named by what stays (serial number, announced name, the port that ``ipp-usb`` keeps for it),
and nothing is scanned. A way of looking that this machine does not have finds nothing and spoils no other.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator

from devices.drivers import scan_escl, scan_names, scan_run
from devices.found import Found, once
from devices.ports import DeviceError

_log = logging.getLogger(__name__)

_LIST_S = 9.0
_LISTEN_S = 2.0
_ASK_S = 0.5
_IPP_USB_PORTS = tuple(range(60000, 60008))
"""Where ``ipp-usb`` begins to count; a port once given stays with its scanner."""
_MODEL = re.compile(rb"<(?:\w+:)?MakeAndModel>([^<]{1,100})<")
_MADE_UP = ("test:", "pnm:", "net:")


def found(listen_s: float = _LISTEN_S, ports: tuple[int, ...] = _IPP_USB_PORTS) -> tuple[Found, ...]:
    """Return every scanner that can be seen and can be known again; takes at most about twelve seconds."""
    seen: list[Found] = []
    ways: tuple[Callable[[], Iterator[Found]], ...] = (
        _listed,
        lambda: _beside(ports),
        lambda: _announced(listen_s),
    )
    for way in ways:
        try:
            seen.extend(way())
        except (DeviceError, ImportError, OSError) as error:
            _log.info("a way of looking for scanners is not open here: %s", error)
    return once(seen)


def _changes(**told: object) -> dict[str, object]:
    # Whatever was chosen before is undone with it.
    return {"kind": "sane", "vendor": 0, "product": 0, "serial": "", "address": "", "device": ""} | told


def _listed() -> Iterator[Found]:
    for one in scan_names.listed(scan_run.ask(scan_names.LISTING, scan_run.environment(), _LIST_S)):
        usb = scan_names.usb_of(one.name)
        if usb is not None:
            told = f"USB {usb.vendor:04x}:{usb.product:04x}"
            yield Found(
                "scanner",
                one.label,
                _changes(vendor=usb.vendor, product=usb.product, serial=usb.serial),
                f"{told}, serial {usb.serial}" if usb.serial else f"{told}, no serial number",
            )
        elif one.stays and not one.name.startswith(_MADE_UP):
            yield Found("scanner", one.label, _changes(device=one.name), one.name)


def _beside(ports: tuple[int, ...]) -> Iterator[Found]:
    for port in ports:
        address = f"http://127.0.0.1:{port}/eSCL"
        try:
            told = scan_escl.fetch(f"{address}/ScannerCapabilities", _ASK_S)
        except OSError:
            continue
        model = _MODEL.search(told)
        if model is not None:
            label = model[1].decode("utf-8", "replace").strip()
            yield Found("scanner", label, _changes(address=address), "USB without a driver, through ipp-usb")


def _announced(listen_s: float) -> Iterator[Found]:
    from devices.drivers import escpos_mdns

    plain = set()
    for one in escpos_mdns.announced(listen_s, *scan_names.SERVICES):
        service = next(service for service in scan_names.SERVICES if one.name.endswith(service))
        instance = one.name.removesuffix(service)
        # The list is by name: a scanner that says it both ways says it plain first.
        if service == scan_names.SERVICES[0]:
            plain.add(instance)
        elif instance in plain:
            continue
        yield Found("scanner", one.label, _changes(address=one.name), f"network {scan_names.address_of(one)}")
