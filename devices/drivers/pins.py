"""The Pi's pin header, through lgpio, on the chip that carries it.

Keeps true: the pin library is the one this module names; when it is missing that is said, and no other is tried
in silence. The chip is known by its label: its number differs between a Pi 4 and a Pi 5, and on a Pi 5 between
one kernel and the next.
"""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from typing import Any

from devices.ports import Denied, Unsupported

HEADERS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
"""What the kernel calls the chip of the header: Pi 5; Pi 4; Pi 3 and Zero."""
_DEVICE = re.compile(r"gpiochip(\d+)")


def factory(dev: Path = Path("/dev")) -> Any:
    """Return gpiozero's factory of pins on the header.

    Raises ``ImportError`` when lgpio is not installed, ``Denied`` when the machine does not let us open the chip,
    ``Unsupported`` when there is none.
    """
    lgpio = importlib.import_module("lgpio")
    number = _header(lgpio, dev)
    made = importlib.import_module("gpiozero.pins.lgpio")
    return made.LGPIOFactory(chip=number)


def _header(lgpio: Any, dev: Path) -> int:
    seen: list[str] = []
    closed: list[str] = []
    for number in sorted(
        int(found[1]) for path in dev.glob("gpiochip*") if (found := _DEVICE.fullmatch(path.name))
    ):
        path = dev / f"gpiochip{number}"
        if not os.access(path, os.R_OK | os.W_OK):
            closed.append(str(path))
            continue
        try:
            handle = lgpio.gpiochip_open(number)
        except lgpio.error as error:
            seen.append(f"{path}: {error}")
            continue
        try:
            label = str(lgpio.gpio_get_chip_info(handle)[3])
        finally:
            lgpio.gpiochip_close(handle)
        if label in HEADERS:
            return number
        seen.append(f"{path}: {label}")
    if closed:
        raise Denied(f"may not be opened: {', '.join(closed)}; the bench's user belongs into the group gpio")
    raise Unsupported(f"no pin header of a Raspberry Pi ({'; '.join(seen) or 'no /dev/gpiochip*'})")
