"""How each device is attached, as plain frozen values that the hub's settings embed.

Everything defaults to the simulator, so that a House without a settings file runs. A value that cannot work
is refused when the value is made, with the field named; nothing is opened here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal


def _need(right: bool, what: str) -> None:
    if not right:
        raise ValueError(what)


@dataclass(frozen=True, slots=True)
class PrinterConfig:
    """The slip printer.

    ``host`` and ``port`` belong to ``network``: an address, a name, or what the printer calls itself on the
    network (``… ._pdl-datastream._tcp.local.``), which stays when its address changes. ``vendor``,
    ``product`` and ``serial`` belong to ``usb`` (as ``lsusb -v`` shows them; the serial number tells apart
    two of a kind); its endpoints are read from the printer unless they are given. ``device`` belongs to
    ``serial``, ``bluetooth`` and ``file`` (such as ``/dev/ttyUSB0``, ``/dev/rfcomm0``, ``/dev/usb/lp0``),
    ``baudrate`` and ``flow`` to ``serial``.
    """

    kind: Literal["simulator", "network", "usb", "serial", "bluetooth", "file"] = "simulator"
    width: Literal[576, 512, 384] = 576
    host: str = ""
    port: int = 9100
    vendor: int = 0
    product: int = 0
    serial: str = ""
    in_endpoint: int = 0
    out_endpoint: int = 0
    device: str = ""
    baudrate: int = 19200
    flow: Literal["dsrdtr", "rtscts", "xonxoff", "none"] = "dsrdtr"
    """How a serial printer says that its buffer is full; Linux heeds only ``rtscts`` and ``xonxoff``."""
    timeout_s: float = 15.0
    """One slip, from opening the connection to the last byte taken; serial lines and Bluetooth need more."""
    connect_s: float = 0.0
    """How long connecting may take; 0: three seconds, and twelve over Bluetooth."""
    status_timeout_s: float = 0.5
    """How long one status question waits for its answer."""
    ask_status: bool = True
    """False for a printer whose answers are wrong: it is never asked."""
    profile: str = ""
    """A printer that python-escpos knows: its cutter, its width and its image commands are respected."""
    mode: Literal["auto", "raster", "graphics", "column"] = "auto"
    """``GS v 0``, ``GS ( L`` or ``ESC *``: the probe slip shows what this printer understands.

    ``auto`` is ``raster``, or the first that the profile knows.
    """
    fragment_rows: int = 192
    pause_ms: int = 0
    """Rest after each fragment, for printers that lose dots when their small buffer is full."""
    blank_rows: Literal["narrow", "feed", "sent"] = "narrow"
    """How empty rows go: as an image one byte wide, as a paper feed, or as they are."""
    encoding: Literal["image", "tcvn", "viscii", "cp1258"] = "image"
    """Whether running text goes as letters; chosen on the probe slip, never guessed."""
    code_page: int = 0
    cut: Literal["part", "full", "none"] = "part"
    drawer: bool = False
    """Open the cash drawer with every slip, tickets too."""
    keep: int = 50
    """How many papers the simulator keeps."""

    def __post_init__(self) -> None:
        _need(self.kind != "network" or bool(self.host), "host: a network printer needs an address")
        _need(
            self.kind != "usb" or bool(self.vendor and self.product),
            "vendor, product: a USB printer needs both",
        )
        _need(
            self.kind not in ("serial", "bluetooth", "file") or bool(self.device),
            "device: this printer needs a device file",
        )
        _need(0 < self.port < 65536, "port: 1 to 65535")
        _need(1 <= self.timeout_s <= 300, "timeout_s: 1 to 300 seconds")
        _need(
            self.connect_s == 0 or 0.2 <= self.connect_s < self.timeout_s,
            "connect_s: 0, or 0.2 seconds to less than timeout_s",
        )
        _need(
            self.kind != "bluetooth" or self.connect_s > 0 or self.timeout_s > 12,
            "timeout_s: over Bluetooth more than the twelve seconds of connecting",
        )
        _need(0.05 <= self.status_timeout_s <= 5, "status_timeout_s: 0.05 to 5 seconds")
        _need(self.baudrate > 0, "baudrate: a positive number")
        # 576 dots in GS ( L overflow a 16-bit length beyond 910 rows; column mode works in rows of 24.
        _need(
            24 <= self.fragment_rows <= 768 and self.fragment_rows % 24 == 0,
            "fragment_rows: 24 to 768, by 24",
        )
        _need(0 <= self.pause_ms <= 1000, "pause_ms: 0 to 1000")
        _need(
            0 < self.code_page <= 255 if self.encoding != "image" else self.code_page == 0,
            "code_page: 1 to 255 for text, 0 for images",
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
    stuck_s: float = 30.0
    """How long a button may stay down before it is told as stuck."""

    def __post_init__(self) -> None:
        pins = [pin for pin in (self.ticket_button, self.buzzer) if pin is not None]
        pins += [*self.desk_buttons.values(), *self.leds.values()]
        _need(all(0 <= pin <= 27 for pin in pins), "pins: BCM numbers 0 to 27")
        _need(len(set(pins)) == len(pins), "pins: each may be used once")
        _need(5 <= self.settle_ms <= 200, "settle_ms: 5 to 200")
        _need(1 <= self.stuck_s <= 600, "stuck_s: 1 to 600 seconds")


@dataclass(frozen=True, slots=True)
class SpeakerConfig:
    """The loudspeaker.

    ``card`` names a sound card by what stays the same when it is plugged in elsewhere: its ALSA id (in
    brackets in ``/proc/asound/cards``) or its USB vendor and product such as ``0d8c:0014``; empty:
    ``device``, an ALSA name such as ``default``.
    """

    kind: Literal["simulator", "alsa", "silent"] = "simulator"
    device: str = "default"
    card: str = ""

    def __post_init__(self) -> None:
        _need(bool(self.device), "device: an ALSA name such as default")
        _need(
            not self.card or bool(re.fullmatch(r"[A-Za-z0-9_]{1,32}|[0-9a-f]{4}:[0-9a-f]{4}", self.card)),
            "card: an ALSA card id, or USB vendor:product in small hexadecimal letters",
        )


@dataclass(frozen=True, slots=True)
class SheetsConfig:
    """The printer of A4 sheets: a queue of CUPS, or none at this House.

    ``queue`` is a queue's name, empty for the default one; ``server`` empty for this machine's own CUPS.
    """

    kind: Literal["simulator", "cups", "none"] = "simulator"
    queue: str = ""
    server: str = ""
    answer_s: float = 5.0
    """How long one question to the print service may take."""
    keep: int = 50
    """How many sheets the simulator keeps."""

    def __post_init__(self) -> None:
        _need(0.5 <= self.answer_s <= 60, "answer_s: 0.5 to 60 seconds")
        _need(1 <= self.keep <= 1000, "keep: 1 to 1000 sheets")


@dataclass(frozen=True, slots=True)
class ScannerConfig:
    """The scanner, known by what does not change when it is plugged in elsewhere.

    ``vendor``, ``product`` and ``serial`` as the USB bus tells them, or ``address`` of a network scanner
    (eSCL: ``http://…/eSCL``, or the name it announces itself by, ``… ._uscan._tcp.local.``, which stays when its
    address changes); ``device`` SANE's own name, for a scanner that is neither (never a place on a
    bus: that changes); all empty: the only scanner there is. ``options`` are set as SANE names them.
    """

    kind: Literal["simulator", "sane", "none"] = "simulator"
    vendor: int = 0
    product: int = 0
    serial: str = ""
    address: str = ""
    device: str = ""
    options: dict[str, str] = field(default_factory=dict)
    page_s: float = 90.0
    """How long one page may take before the scan is given up."""

    def __post_init__(self) -> None:
        _need(5 <= self.page_s <= 600, "page_s: 5 to 600 seconds")
        _need(
            not self.address
            or re.fullmatch(r"https?://[^\s,;#\"]+", self.address) is not None
            or re.fullmatch(r"[^\n\r]{1,200}\._uscans?\._tcp\.local\.", self.address) is not None,
            "address: http://… or https://… of the scanner's eSCL, or the name it announces itself by",
        )
        _need(
            re.search(r"libusb:\d|bus\d+;dev\d", self.device) is None and not self.device.startswith("-"),
            "device: a place on the bus changes; use vendor and product",
        )
        _need(
            all(name.replace("-", "").isalnum() and not name.startswith("-") for name in self.options),
            "options: names as SANE has them, without dashes before",
        )
        _need(bool(self.vendor) == bool(self.product), "vendor, product: both or neither")


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """The code reader on a desk: attached as a keyboard or a serial line.

    It is known by ``vendor``, ``product`` and ``serial``, as the USB bus tells them, or by ``device``: a file of
    ``/dev/serial/by-id`` or ``/dev/input/by-id``; ``baudrate`` belongs to ``serial``.
    """

    kind: Literal["simulator", "keyboard", "serial", "none"] = "simulator"
    vendor: int = 0
    product: int = 0
    serial: str = ""
    device: str = ""
    baudrate: int = 9600

    def __post_init__(self) -> None:
        _need(
            self.kind != "keyboard" or bool(self.vendor and self.product) or bool(self.device),
            "vendor, product or device: a keyboard reader needs one",
        )
        _need(
            self.kind != "serial" or bool(self.vendor and self.product) or bool(self.device),
            "vendor, product or device: a serial reader needs one",
        )
        _need(self.baudrate > 0, "baudrate: a positive number")
