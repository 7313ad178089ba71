"""Set up the devices that the settings name.

The only module that knows drivers and simulators, and each is imported only when it is chosen. What cannot
be set up (a library that is not installed, a pin that cannot be opened) becomes a sick device that says so;
setting up never raises a DeviceError.
"""

from __future__ import annotations

from pathlib import Path

from devices import absent
from devices.config import PanelConfig, PrinterConfig, SpeakerConfig
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


def _missing(error: ImportError) -> Unsupported:
    return Unsupported(f"library not installed: {error.name or error}")
