"""How each device is attached, as plain frozen values that the hub's settings embed.

Everything defaults to the simulator, so that a House without a settings file runs. A value that cannot work
is refused when the value is made, with the field named; nothing is opened here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


def _need(right: bool, what: str) -> None:
    if not right:
        raise ValueError(what)


@dataclass(frozen=True, slots=True)
class PrinterConfig:
    """The slip printer.

    ``host`` and ``port`` belong to ``network`` (an address rather than a name: names need a server that may
    be away); ``vendor``, ``product`` and the two endpoints to ``usb`` (as ``lsusb -v`` shows them);
    ``device`` to ``serial`` and ``file`` (such as ``/dev/ttyUSB0``, ``/dev/usb/lp0``); ``baudrate`` to
    ``serial``.
    """

    kind: Literal["simulator", "network", "usb", "serial", "file"] = "simulator"
    width: Literal[576, 384] = 576
    host: str = ""
    port: int = 9100
    vendor: int = 0
    product: int = 0
    in_endpoint: int = 0x82
    out_endpoint: int = 0x01
    device: str = ""
    baudrate: int = 19200
    timeout_s: float = 15.0
    """One slip, from opening the connection to the last byte taken; a slow serial line needs more."""
    status_timeout_s: float = 0.5
    """How long one status question waits for its answer."""
    mode: Literal["raster", "graphics", "column"] = "raster"
    """``GS v 0``, ``GS ( L`` or ``ESC *``: choose by a test slip what this printer understands."""
    fragment_rows: int = 192
    cut: Literal["part", "full", "none"] = "part"
    keep: int = 50
    """How many papers the simulator keeps."""

    def __post_init__(self) -> None:
        _need(self.kind != "network" or bool(self.host), "host: a network printer needs an address")
        _need(
            self.kind != "usb" or bool(self.vendor and self.product),
            "vendor, product: a USB printer needs both",
        )
        _need(
            self.kind not in ("serial", "file") or bool(self.device),
            "device: this printer needs a device file",
        )
        _need(0 < self.port < 65536, "port: 1 to 65535")
        _need(1 <= self.timeout_s <= 300, "timeout_s: 1 to 300 seconds")
        _need(0.05 <= self.status_timeout_s <= 5, "status_timeout_s: 0.05 to 5 seconds")
        _need(self.baudrate > 0, "baudrate: a positive number")
        # 576 dots in GS ( L overflow a 16-bit length beyond 910 rows; column mode works in rows of 24.
        _need(
            24 <= self.fragment_rows <= 768 and self.fragment_rows % 24 == 0,
            "fragment_rows: 24 to 768, by 24",
        )
        _need(1 <= self.keep <= 1000, "keep: 1 to 1000 papers")


@dataclass(frozen=True, slots=True)
class PanelConfig:
    """The buttons, the buzzer and the lights, by BCM pin number; buttons close to ground."""

    kind: Literal["simulator", "gpio"] = "simulator"
    ticket_button: int | None = 17
    desk_buttons: dict[str, int] = field(default_factory=dict)
    """Desk name to pin."""
    buzzer: int | None = 18
    leds: dict[str, int] = field(default_factory=dict)
    """Light name to pin."""
    settle_ms: int = 20
    """How long a contact must stand still before it counts."""

    def __post_init__(self) -> None:
        pins = [pin for pin in (self.ticket_button, self.buzzer) if pin is not None]
        pins += [*self.desk_buttons.values(), *self.leds.values()]
        _need(all(0 <= pin <= 27 for pin in pins), "pins: BCM numbers 0 to 27")
        _need(len(set(pins)) == len(pins), "pins: each may be used once")
        _need(5 <= self.settle_ms <= 200, "settle_ms: 5 to 200")


@dataclass(frozen=True, slots=True)
class SpeakerConfig:
    """The loudspeaker; ``device`` is an ALSA name such as ``default`` or ``plughw:1``."""

    kind: Literal["simulator", "alsa", "silent"] = "simulator"
    device: str = "default"

    def __post_init__(self) -> None:
        _need(bool(self.device), "device: an ALSA name such as default")
