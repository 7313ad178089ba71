"""A slip printer of each kind, with a way to make it suffer and to see its papers, for the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

import pytest
from PIL import Image

from devices import choose
from devices.config import PrinterConfig
from devices.picture import PictureBook
from devices.ports import SlipPrinter
from devices.simulator.slip_printer import Fault, SimulatedSlipPrinter
from tests.contract.brain import Brain
from tests.contract.escpos_reader import Reader
from tests.contract.line import Line
from tests.contract.paper import dots, trimmed
from tests.contract.sink import Sink
from tests.contract.usb_backend import Plugged, plug
from tests.devices.samples import PICTURES

BOOK = PictureBook(PICTURES)
Rows = list[tuple[bool, ...]]


class Rig(Protocol):
    """What the contract needs of each; ``fault`` takes the names of the simulator's faults."""

    name: str
    printer: SlipPrinter

    def fault(self, name: str) -> None: ...
    def mend(self) -> None: ...
    def papers(self) -> list[Rows]: ...
    def close(self) -> None: ...


class SimulatorRig:
    """The practice printer."""

    name = "simulator"

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        printer = choose.slip_printer(PrinterConfig(), folder, BOOK)
        assert isinstance(printer, SimulatedSlipPrinter)
        self.printer = printer

    def fault(self, name: str) -> None:
        self.printer.inject(Fault(name))

    def mend(self) -> None:
        self.printer.mend()

    def papers(self) -> list[Rows]:
        index = json.loads((self.folder / "printer.json").read_text("utf-8"))
        return [dots(Image.open(self.folder / entry["file"])) for entry in index["papers"] if entry["whole"]]

    def close(self) -> None:
        self.printer.close()


def _feel(brain: Brain, name: str) -> bool:
    """Let a printer feel a fault; False when it is not its own but the cable's."""
    field = {"out_of_paper": "paper_out", "jammed": "cutter_stuck"}.get(name, name)
    if not hasattr(brain, field):
        return False
    setattr(brain, field, True)
    return True


class NetworkRig:
    """The driver, with a printer on a TCP port."""

    name = "network"

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sink = Sink()
        config = PrinterConfig(
            kind="network", host="127.0.0.1", port=self.sink.port, timeout_s=5, status_timeout_s=2
        )
        self.printer = choose.slip_printer(config, folder, BOOK)

    def fault(self, name: str) -> None:
        if not _feel(self.sink, name):
            self.sink.pull_cable()

    def mend(self) -> None:
        self.sink.mend()
        if self.sink._server is None:
            self.sink.plug_in()

    def papers(self) -> list[Rows]:
        read = [Reader(self.printer.width).read(job) for job in self.sink.printed()]
        return [trimmed(list(paper.rows)) for each in read for paper in each.papers]

    def close(self) -> None:
        self.printer.close()
        self.sink.close()


class UsbRig:
    """The driver, with a printer on pyusb's bus."""

    name = "usb"

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.device = Plugged(serial="A000001")
        self.bus = plug(monkeypatch, self.device)
        config = PrinterConfig(kind="usb", vendor=0x0416, product=0x5011, serial="A000001", timeout_s=5)
        self.printer = choose.slip_printer(config, folder, BOOK)

    def fault(self, name: str) -> None:
        assert self.device.brain is not None
        if not _feel(self.device.brain, name):
            self.bus.devices.clear()

    def mend(self) -> None:
        assert self.device.brain is not None
        self.device.brain.mend()
        self.bus.devices[:] = [self.device]

    def papers(self) -> list[Rows]:
        read = Reader(self.printer.width).read(bytes(self.device.written))
        return [trimmed(list(paper.rows)) for paper in read.papers]

    def close(self) -> None:
        self.printer.close()


class SerialRig:
    """The driver, with a printer behind a device file that can be pulled out."""

    name = "serial"

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.line = Line()
        self.cable = folder / "line"
        self.mend()
        self.printer = choose.slip_printer(self._config(), folder, BOOK)

    def _config(self) -> PrinterConfig:
        return PrinterConfig(kind="serial", device=str(self.cable), timeout_s=5, status_timeout_s=2)

    def fault(self, name: str) -> None:
        if not _feel(self.line, name):
            self.cable.unlink()

    def mend(self) -> None:
        self.line.mend()
        if not self.cable.is_symlink():
            self.cable.symlink_to(self.line.name)

    def papers(self) -> list[Rows]:
        self.line.settle()
        return self.line.papers(self.printer.width, 0)

    def close(self) -> None:
        self.printer.close()
        self.line.close()


class BluetoothRig(SerialRig):
    """The same by radio."""

    name = "bluetooth"

    def _config(self) -> PrinterConfig:
        return PrinterConfig(
            kind="bluetooth", device=str(self.cable), timeout_s=5, status_timeout_s=2, connect_s=0.3
        )


class FileRig(SerialRig):
    """The same as the kernel's printer file."""

    name = "file"

    def _config(self) -> PrinterConfig:
        return PrinterConfig(kind="file", device=str(self.cable), timeout_s=5, status_timeout_s=2)


RIGS = (SimulatorRig, NetworkRig, UsbRig, SerialRig, BluetoothRig, FileRig)
