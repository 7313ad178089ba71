"""A USB bus for pyusb without hardware: devices with descriptors, endpoints that take and answer.

Only the backend is replaced; finding, descriptors, claiming and transfers are pyusb's own. What a driver
must not do (write without claiming, use an endpoint that is not there, wait for ever) is an error here.
"""

from __future__ import annotations

import errno
import time
from array import array
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import usb.backend
import usb.core

from tests.contract.brain import Brain

OUT, IN, BULK = 0x00, 0x80, 0x02


@dataclass
class Interface:
    """One interface: its class, its protocol and the addresses of its bulk endpoints."""

    kind: int = 7
    protocol: int = 2
    endpoints: tuple[int, ...] = (0x03, 0x81)


@dataclass
class Plugged:
    """A device on the bus; ``brain`` is what it feels and answers."""

    vendor: int = 0x0416
    product: int = 0x5011
    serial: str = ""
    maker: str = "Mẫu"
    name: str = "Slip 80"
    port: int = 1
    interfaces: tuple[Interface, ...] = (Interface(),)
    brain: Brain | None = field(default_factory=Brain)
    """None for a printer that stays silent."""
    denied: bool = False
    busy: bool = False
    unreadable: bool = False
    gone_after: int = 1 << 30
    most_taken: int = 1 << 30
    configured: bool = True
    said: bytearray = field(default_factory=bytearray)
    written: bytearray = field(default_factory=bytearray)
    waits: list[int] = field(default_factory=list)
    endpoints_used: set[int] = field(default_factory=set)
    claimed: set[int] = field(default_factory=set)
    kernel_driver: bool = True
    resets: int = 0
    opened: int = 0

    def strings(self) -> dict[int, str]:
        return {1: self.maker, 2: self.name, 3: self.serial}


class Bus(usb.backend.IBackend):  # type: ignore[misc]
    """The backend."""

    def __init__(self, *devices: Plugged) -> None:
        self.devices = list(devices)

    def enumerate_devices(self) -> Any:
        return iter(self.devices)

    def get_parent(self, dev: Plugged) -> None:
        return None

    def get_device_descriptor(self, dev: Plugged) -> Any:
        return SimpleNamespace(
            bLength=18,
            bDescriptorType=1,
            bcdUSB=0x200,
            bDeviceClass=0,
            bDeviceSubClass=0,
            bDeviceProtocol=0,
            bMaxPacketSize0=64,
            idVendor=dev.vendor,
            idProduct=dev.product,
            bcdDevice=0x100,
            iManufacturer=1 if dev.maker else 0,
            iProduct=2 if dev.name else 0,
            iSerialNumber=3 if dev.serial else 0,
            bNumConfigurations=1,
            address=self.devices.index(dev) + 1,
            bus=1,
            port_number=dev.port,
            port_numbers=(dev.port,),
            speed=3,
        )

    def get_configuration_descriptor(self, dev: Plugged, config: int) -> Any:
        if config:
            raise IndexError("one configuration")
        if dev.unreadable:
            raise usb.core.USBError("entity not found", errno=errno.ENOENT)
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=2,
            wTotalLength=32,
            bNumInterfaces=len(dev.interfaces),
            bConfigurationValue=1,
            iConfiguration=0,
            bmAttributes=0xC0,
            bMaxPower=1,
            extra_descriptors=[],
        )

    def get_interface_descriptor(self, dev: Plugged, intf: int, alt: int, config: int) -> Any:
        if intf >= len(dev.interfaces) or alt:
            raise IndexError("no such interface")
        told = dev.interfaces[intf]
        return SimpleNamespace(
            bLength=9,
            bDescriptorType=4,
            bInterfaceNumber=intf,
            bAlternateSetting=0,
            bNumEndpoints=len(told.endpoints),
            bInterfaceClass=told.kind,
            bInterfaceSubClass=1,
            bInterfaceProtocol=told.protocol,
            iInterface=0,
            extra_descriptors=[],
        )

    def get_endpoint_descriptor(self, dev: Plugged, ep: int, intf: int, alt: int, config: int) -> Any:
        return SimpleNamespace(
            bLength=7,
            bDescriptorType=5,
            bEndpointAddress=dev.interfaces[intf].endpoints[ep],
            bmAttributes=BULK,
            wMaxPacketSize=64,
            bInterval=0,
            bRefresh=0,
            bSynchAddress=0,
            extra_descriptors=[],
        )

    def open_device(self, dev: Plugged) -> Plugged:
        if dev not in self.devices:
            raise usb.core.USBError("no such device", errno=errno.ENODEV)
        if dev.denied:
            raise usb.core.USBError("access denied", errno=errno.EACCES)
        dev.opened += 1
        return dev

    def close_device(self, dev_handle: Plugged) -> None:
        dev_handle.opened -= 1
        dev_handle.claimed.clear()

    def get_configuration(self, dev_handle: Plugged) -> int:
        return 1 if dev_handle.configured else 0

    def set_configuration(self, dev_handle: Plugged, config_value: int) -> None:
        assert not dev_handle.configured, "a configured printer is set up anew"
        dev_handle.configured = True

    def is_kernel_driver_active(self, dev_handle: Plugged, intf: int) -> bool:
        return dev_handle.kernel_driver

    def detach_kernel_driver(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.kernel_driver = False

    def claim_interface(self, dev_handle: Plugged, intf: int) -> None:
        if dev_handle.busy or dev_handle.kernel_driver:
            raise usb.core.USBError("resource busy", errno=errno.EBUSY)
        dev_handle.claimed.add(intf)

    def release_interface(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.claimed.discard(intf)

    def reset_device(self, dev_handle: Plugged) -> None:
        dev_handle.resets += 1

    def _used(self, device: Plugged, ep: int, intf: int, timeout: int) -> None:
        if device not in self.devices or len(device.written) >= device.gone_after:
            raise usb.core.USBError("no such device", errno=errno.ENODEV)
        assert intf in device.claimed, "an interface that was not claimed"
        assert ep in device.interfaces[intf].endpoints, "an endpoint that is not there"
        assert timeout > 0, "a wait without an end"
        device.waits.append(timeout)
        device.endpoints_used.add(ep)

    def bulk_write(self, dev_handle: Plugged, ep: int, intf: int, data: array[int], timeout: int) -> int:
        self._used(dev_handle, ep, intf, timeout)
        taken = bytes(data)[: dev_handle.most_taken]
        dev_handle.written += taken
        if dev_handle.brain is not None:
            dev_handle.said += dev_handle.brain.reply(taken, dev_handle.written)
        return len(taken)

    def bulk_read(self, dev_handle: Plugged, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        self._used(dev_handle, ep, intf, timeout)
        if not dev_handle.said:
            time.sleep(timeout / 1000)
            raise usb.core.USBTimeoutError("timed out", errno=errno.ETIMEDOUT)
        buff[0] = dev_handle.said.pop(0)
        return 1

    def ctrl_transfer(
        self,
        dev_handle: Plugged,
        bmRequestType: int,  # noqa: N803 - pyusb's own names
        bRequest: int,  # noqa: N803
        wValue: int,  # noqa: N803
        wIndex: int,  # noqa: N803
        data: array[int],
        timeout: int,
    ) -> int:
        # The only requests here: the list of languages, and a string.
        index = wValue & 0xFF
        text = dev_handle.strings()[index].encode("utf-16-le") if index else b"\x09\x04"
        told = bytes((len(text) + 2, 3)) + text
        data[: len(told)] = array("B", told)
        return len(told)


def plug(monkeypatch: pytest.MonkeyPatch, *devices: Plugged) -> Bus:
    """Let pyusb see a bus with these devices and no other."""
    bus = Bus(*devices)
    monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda *args, **more: bus)
    return bus
