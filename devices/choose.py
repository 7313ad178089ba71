"""Set up the devices that the settings name.

The only module that knows drivers and simulators, and each is imported only when it is chosen. What cannot
be set up (a library that is not installed, a pin that cannot be opened) becomes a sick device that says so;
setting up never raises a DeviceError.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from devices import absent
from devices.config import (
    PanelConfig,
    PrinterConfig,
    ReaderConfig,
    ScannerConfig,
    SheetsConfig,
    SpeakerConfig,
)
from devices.desk_ports import CodeReader, Scanner, SheetPrinter
from devices.found import Found
from devices.picture import PictureBook
from devices.ports import DeviceError, Panel, SlipPrinter, Speaker, Unsupported


def slip_printer(config: PrinterConfig, folder: Path, pictures: PictureBook | None = None) -> SlipPrinter:
    """Return the slip printer.

    ``folder`` is where a simulator keeps its papers, ``pictures`` what slips show.
    """
    try:
        if config.kind == "simulator":
            from devices.simulator.slip_printer import SimulatedSlipPrinter

            return SimulatedSlipPrinter(config, folder, pictures)
        from devices.drivers.slip_escpos import EscposSlipPrinter

        return EscposSlipPrinter(config, pictures)
    except DeviceError as error:
        return absent.SickPrinter(error, config.width)
    except ImportError as error:
        return absent.SickPrinter(_missing(error), config.width)


def panel(config: PanelConfig, folder: Path) -> Panel:
    """Return the panel; ``folder`` is where a simulator shows its buzzer and lights."""
    try:
        if config.kind == "simulator":
            from devices.simulator.panel import SimulatedPanel

            return SimulatedPanel(config, folder)
        from devices.drivers.panel_gpio import GpioPanel

        return GpioPanel(config)
    except DeviceError as error:
        return absent.SickPanel(error)
    except ImportError as error:
        return absent.SickPanel(_missing(error))


def speaker(config: SpeakerConfig, folder: Path) -> Speaker:
    """Return the speaker; ``folder`` is where a simulator notes what it played."""
    try:
        if config.kind == "simulator":
            from devices.simulator.speaker import SimulatedSpeaker

            return SimulatedSpeaker(folder)
        if config.kind == "silent":
            return absent.SilentSpeaker()
        from devices.drivers.speaker_alsa import AlsaSpeaker

        return AlsaSpeaker(config)
    except DeviceError as error:
        return absent.SickSpeaker(error)
    except ImportError as error:
        return absent.SickSpeaker(_missing(error))


def sheet_printer(config: SheetsConfig, folder: Path) -> SheetPrinter:
    """Return the sheet printer; ``folder`` is where a simulator keeps what came out."""
    try:
        if config.kind == "simulator":
            from devices.simulator.sheet_printer import SimulatedSheetPrinter

            return SimulatedSheetPrinter(config, folder)
        if config.kind == "none":
            return absent.SickSheetPrinter(_none())
        from devices.drivers.sheet_cups import CupsSheetPrinter

        return CupsSheetPrinter(config)
    except DeviceError as error:
        return absent.SickSheetPrinter(error)
    except ImportError as error:
        return absent.SickSheetPrinter(_missing(error))


def scanner(config: ScannerConfig, folder: Path) -> Scanner:
    """Return the scanner; ``folder`` is where a simulator says how it is (never what it saw)."""
    try:
        if config.kind == "simulator":
            from devices.simulator.scanner import SimulatedScanner

            return SimulatedScanner(config, folder)
        if config.kind == "none":
            return absent.SickScanner(_none())
        from devices.drivers.scan_sane import SaneScanner

        return SaneScanner(config)
    except DeviceError as error:
        return absent.SickScanner(error)
    except ImportError as error:
        return absent.SickScanner(_missing(error))


def code_reader(config: ReaderConfig, folder: Path) -> CodeReader:
    """Return the code reader; ``folder`` is where a simulator says how it is (never what it read)."""
    try:
        if config.kind == "simulator":
            from devices.simulator.code_reader import SimulatedCodeReader

            return SimulatedCodeReader(config, folder)
        if config.kind == "none":
            return absent.SickCodeReader(_none())
        if config.kind == "keyboard":
            from devices.drivers.reader_evdev import KeyboardReader

            return KeyboardReader(config)
        from devices.drivers.reader_serial import SerialReader

        return SerialReader(config)
    except DeviceError as error:
        return absent.SickCodeReader(error)
    except ImportError as error:
        return absent.SickCodeReader(_missing(error))


def found(kinds: Collection[str] | None = None) -> tuple[Found, ...]:
    """Look around for devices of these kinds (``printer``, …; None for all that can be looked for).

    What cannot be looked for, for want of a library, is not found.

    Takes up to three seconds a kind, and may only be called by who owns the devices.
    """
    seen: list[Found] = []
    for kind in _FINDERS if kinds is None else kinds:
        try:
            if finder := _FINDERS.get(kind):
                seen.extend(finder())
        except (DeviceError, ImportError):
            continue
    return tuple(seen)


def _slip_printers() -> tuple[Found, ...]:
    from devices.drivers import found_slip

    return found_slip.found()


def _code_readers() -> tuple[Found, ...]:
    from devices.drivers import reader_evdev, reader_serial

    return (*reader_serial.found(), *reader_evdev.found())


def _sheet_queues() -> tuple[Found, ...]:
    from devices.drivers import sheet_cups

    return sheet_cups.found()


def _scanners() -> tuple[Found, ...]:
    from devices.drivers import found_scan

    return found_scan.found()


_FINDERS: dict[str, Callable[[], tuple[Found, ...]]] = {
    "printer": _slip_printers,
    "reader": _code_readers,
    "scanner": _scanners,
    "sheets": _sheet_queues,
}
"""Who looks for what; a kind of device that nobody can look for is not in it."""


def _none() -> Unsupported:
    return Unsupported("this House has none, by its settings")


def _missing(error: ImportError) -> Unsupported:
    return Unsupported(f"library not installed: {error.name or error}")
