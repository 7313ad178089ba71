"""A USB slip printer spoken to directly, without a kernel driver.

Keeps true: the printer is known by vendor, product and serial number, never by where it is plugged in; its
endpoints are what its own descriptors say; every transfer has a deadline. It never resets a printer.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from typing import Any

import usb.core
import usb.util
from escpos.printer import Usb

from devices.config import PrinterConfig
from devices.drivers.escpos_base import fitting, left
from devices.ports import Busy, Denied, DeviceError, Unsupported

_PRINTER = 7
_OVER_IPP = 4
"""The protocol of an interface that speaks IPP and no ESC/POS."""


def serial_of(device: Any) -> str:
    """Return the serial number a device tells, empty where it has none or may not be asked."""
    return _string(device, device.iSerialNumber)


def label_of(device: Any) -> str:
    """Return what a device calls itself: maker and product, empty where it says nothing."""
    words = (_string(device, device.iManufacturer), _string(device, device.iProduct))
    return " ".join(word for word in words if word)


def _string(device: Any, index: int) -> str:
    if not index:
        return ""
    try:
        return str(usb.util.get_string(device, index) or "").strip("\0 ")
    except (ValueError, NotImplementedError, usb.core.USBError):
        # pyusb says ValueError when the machine does not let it ask.
        return ""


def printers() -> Iterator[Any]:
    """Yield the USB devices that have a printer's interface, in the order of their ports."""
    yield from sorted(_found(custom_match=_is_printer), key=_port)


def _found(**wanted: Any) -> list[Any]:
    try:
        return list(usb.core.find(find_all=True, **wanted))
    except usb.core.NoBackendError:
        raise Unsupported("library not installed: libusb-1.0") from None


def _is_printer(device: Any) -> bool:
    try:
        return any(_speaks(interface) for configuration in device for interface in configuration)
    except usb.core.USBError:
        # One device that cannot be read must not hide the printer beside it.
        return False


def _speaks(interface: Any) -> bool:
    return bool(interface.bInterfaceClass == _PRINTER and interface.bInterfaceProtocol != _OVER_IPP)


def _port(device: Any) -> tuple[int, tuple[int, ...]]:
    return device.bus or 0, tuple(device.port_numbers or ())


class UsbLink(Usb):  # type: ignore[misc]
    """A USB printer."""

    def __init__(self, config: PrinterConfig) -> None:
        super().__init__(config.vendor, config.product, timeout=int(1000 * config.timeout_s))
        self._config = config
        self._deadline = 0.0
        self._claimed: int | None = None

    def open(self, raise_not_found: bool = True) -> None:
        device = self._plugged()
        try:
            self._claim(device)
        except usb.core.USBError as error:
            usb.util.dispose_resources(device)
            raise _told(error) from error
        except DeviceError:
            usb.util.dispose_resources(device)
            raise
        self.device = device

    def close(self) -> None:
        device, self.device = self._device, None
        if not device:
            return
        claimed, self._claimed = self._claimed, None
        try:
            if claimed is not None:
                usb.util.release_interface(device, claimed)
        except usb.core.USBError:
            pass
        finally:
            usb.util.dispose_resources(device)

    def arm(self, deadline: float) -> None:
        self._deadline = deadline

    def _raw(self, msg: bytes) -> None:
        rest = memoryview(msg)
        while rest:
            # pyusb counts in milliseconds; 0 would be for ever. A write may end early.
            taken = self.device.write(self.out_ep, bytes(rest), max(1, int(1000 * left(self._deadline))))
            rest = rest[taken:]

    def ask(self, question: bytes, mask: int, fixed: int, timeout_s: float) -> int | None:
        if not self.in_ep:
            return None
        until = time.monotonic() + timeout_s
        # One that does not even take the question is not silent: it would take no slip either.
        self.device.write(self.out_ep, question, max(1, int(1000 * timeout_s)))
        try:
            while (seconds := until - time.monotonic()) > 0:
                answer = bytes(self.device.read(self.in_ep, 64, max(1, int(1000 * seconds))))
                if (byte := fitting(answer, mask, fixed)) is not None:
                    return byte
                # Some answer at once with nothing; asking them without a rest would take a whole core.
                time.sleep(min(0.01, timeout_s))
        except usb.core.USBTimeoutError:
            return None
        return None

    def deliver(self) -> None:
        """A bulk write returns when the printer has taken it."""

    def _plugged(self) -> Any:
        wanted = self._config.serial

        def match(device: Any) -> bool:
            return not wanted or serial_of(device) == wanted

        found = _found(idVendor=self._config.vendor, idProduct=self._config.product, custom_match=match)
        plugged = sorted(found, key=_port)
        if not plugged:
            # A number that may not be read is not one that is missing.
            for other in _found(idVendor=self._config.vendor, idProduct=self._config.product):
                _refuse_denied(other)
            name = f"{self._config.vendor:04x}:{self._config.product:04x} {wanted}".strip()
            raise ConnectionError(f"no USB printer {name}: switched off or unplugged")
        return plugged[0]

    def _claim(self, device: Any) -> None:
        try:
            configuration = device.get_active_configuration()
        except usb.core.USBError:
            device.set_configuration()
            configuration = device.get_active_configuration()
        interface = self._interface(configuration)
        number = interface.bInterfaceNumber
        try:
            if device.is_kernel_driver_active(number):
                device.detach_kernel_driver(number)
        except NotImplementedError:
            pass
        usb.util.claim_interface(device, number)
        self._claimed = number
        if interface.bAlternateSetting:
            device.set_interface_altsetting(interface=number, alternate_setting=interface.bAlternateSetting)

    def _interface(self, configuration: Any) -> Any:
        usable: list[Any] = []
        for interface in configuration:
            out = self._config.out_endpoint or _bulk(interface, usb.util.ENDPOINT_OUT)
            if not out or interface.bInterfaceProtocol == _OVER_IPP:
                continue
            # A printer's own interface first, and of those one that can answer.
            back = self._config.in_endpoint or _bulk(interface, usb.util.ENDPOINT_IN)
            usable.append(
                (interface.bInterfaceClass != _PRINTER, not back, len(usable), interface, out, back)
            )
        if not usable:
            raise Unsupported("this USB device has no interface to print through")
        *_, interface, self.out_ep, self.in_ep = min(usable, key=lambda each: each[:3])
        return interface


def _bulk(interface: Any, direction: int) -> int:
    for endpoint in interface:
        address = endpoint.bEndpointAddress
        if (
            usb.util.endpoint_type(endpoint.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK
            and usb.util.endpoint_direction(address) == direction
        ):
            return int(address)
    return 0


def _refuse_denied(device: Any) -> None:
    try:
        device.get_active_configuration()
    except usb.core.USBError as error:
        if isinstance(told := _told(error), Denied):
            raise told from error
    finally:
        usb.util.dispose_resources(device)


def _told(error: Any) -> OSError:
    if error.errno in (errno.EACCES, errno.EPERM):
        return Denied("no permission for the USB printer: install the House's udev rules")
    if error.errno == errno.EBUSY:
        return Busy("another program uses the USB printer")
    return ConnectionError(str(error))
