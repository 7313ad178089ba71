"""Settings, choosing, sick devices, and what the simulators leave for other processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from devices import absent, choose, journal, sound
from devices.config import PanelConfig, PrinterConfig, SpeakerConfig
from devices.picture import PictureBook
from devices.ports import DeviceError, Offline, OutOfPaper, State, Unsupported
from devices.simulator.slip_printer import Fault, SimulatedSlipPrinter
from tests.devices.samples import PICTURES, ticket


def simulator(folder: Path, **more: Any) -> SimulatedSlipPrinter:
    made = choose.slip_printer(PrinterConfig(**more), folder, PictureBook(PICTURES))
    assert isinstance(made, SimulatedSlipPrinter)
    return made


def test_everything_is_simulated_unless_the_settings_say_otherwise() -> None:
    assert {PrinterConfig().kind, PanelConfig().kind, SpeakerConfig().kind} == {"simulator"}


def test_settings_are_read_from_plain_tables() -> None:
    told = {"kind": "usb", "vendor": 0x0416, "product": 0x5011, "width": 384, "mode": "column"}
    config = msgspec.convert(told, PrinterConfig)
    assert (config.vendor, config.width, config.mode) == (0x0416, 384, "column")
    panel = msgspec.convert({"kind": "gpio", "desk_buttons": {"1": 5}, "leds": {"desk-1": 12}}, PanelConfig)
    assert panel.desk_buttons == {"1": 5}


@pytest.mark.parametrize(
    ("kind", "told", "named"),
    [
        (PrinterConfig, {"kind": "network"}, "host"),
        (PrinterConfig, {"kind": "usb", "vendor": 1}, "product"),
        (PrinterConfig, {"kind": "serial"}, "device"),
        (PrinterConfig, {"width": 400}, "width"),
        (PrinterConfig, {"fragment_rows": 960}, "fragment_rows"),
        (PrinterConfig, {"port": 0}, "port"),
        (PanelConfig, {"ticket_button": 40}, "pins"),
        (PanelConfig, {"ticket_button": 17, "buzzer": 17}, "pins"),
        (SpeakerConfig, {"kind": "loud"}, "kind"),
        (SpeakerConfig, {"device": ""}, "device"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(
    kind: type, told: dict[str, object], named: str
) -> None:
    with pytest.raises(msgspec.ValidationError, match=named):
        msgspec.convert(told, kind)


@pytest.mark.parametrize(
    ("missing", "setup"),
    [
        ("escpos", "choose.slip_printer(config.PrinterConfig(kind='network', host='127.0.0.1'), folder)"),
        ("usb", "choose.slip_printer(config.PrinterConfig(kind='usb', vendor=1, product=2), folder)"),
        ("serial", "choose.slip_printer(config.PrinterConfig(kind='serial', device='/dev/null'), folder)"),
        ("gpiozero", "choose.panel(config.PanelConfig(kind='gpio'), folder)"),
        ("serial", "choose.code_reader(config.ReaderConfig(kind='serial', device='x'), folder)"),
    ],
)
def test_a_missing_library_is_a_sick_device_not_a_dead_bench(
    missing: str, setup: str, tmp_path: Path
) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from pathlib import Path; from devices import choose, config\n"
        f"folder = Path({str(tmp_path)!r}); device = {setup}\n"
        "status = device.status(); device.close(); print(status.state, status.detail)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.startswith("unsupported library not installed: ")
    assert missing in done.stdout


def test_a_sick_device_fails_with_its_reason_at_everything(tmp_path: Path) -> None:
    error = Unsupported("library not installed: escpos")
    printer, panel, speaker = (
        absent.SickPrinter(error, 384),
        absent.SickPanel(error),
        absent.SickSpeaker(error),
    )
    panel.on_press(lambda name: pytest.fail("a sick panel reports no press"))
    for ask in (
        lambda: printer.print(ticket()),
        lambda: panel.buzz((80,)),
        lambda: panel.light("desk-1", True),
        lambda: speaker.play(sound.chime()),
        lambda: speaker.chime(),
    ):
        with pytest.raises(Unsupported, match="escpos"):
            ask()
    assert {each.status().state for each in (printer, panel, speaker)} == {State.UNSUPPORTED}
    assert printer.width == 384


def test_choosing_simulators_imports_no_driver(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from devices import choose, config;"
        f"folder = Path({str(tmp_path)!r});"
        "choose.slip_printer(config.PrinterConfig(), folder); choose.panel(config.PanelConfig(), folder);"
        "choose.speaker(config.SpeakerConfig(), folder);"
        "print([name for name in ('escpos', 'gpiozero', 'usb', 'serial') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"


def test_errors_belong_to_one_family_and_to_what_python_calls_them() -> None:
    assert issubclass(Offline, ConnectionError)
    assert issubclass(OutOfPaper, OSError)
    assert issubclass(Unsupported, NotImplementedError)
    error = Offline("cable out")
    assert isinstance(error, DeviceError)
    assert (error.detail, str(error), error.state) == ("cable out", "cable out", State.OFFLINE)


def test_papers_are_numbered_on_after_a_restart_and_only_the_last_are_kept(tmp_path: Path) -> None:
    first = simulator(tmp_path, keep=2)
    first.print(ticket())
    first.print(ticket())
    simulator(tmp_path, keep=2).print(ticket())
    told = journal.read(tmp_path / "printer.json")
    assert [entry["number"] for entry in journal.entries(told, "papers")] == [2, 3]
    assert sorted(file.name for file in tmp_path.glob("*.png")) == ["paper-000002.png", "paper-000003.png"]


def test_the_index_tells_the_state_and_the_words_on_each_paper(tmp_path: Path) -> None:
    printer = simulator(tmp_path)
    printer.print(ticket())
    printer.inject(Fault.COVER_OPEN)
    told = json.loads((tmp_path / "printer.json").read_text("utf-8"))
    assert (told["state"], told["fault"]) == ("cover_open", "cover_open")
    assert "Đăng ký khai sinh" in told["papers"][0]["text"]
    assert told["papers"][0]["printed_at"].endswith("Z")


def test_a_torn_paper_is_kept_as_half_a_slip(tmp_path: Path) -> None:
    printer = simulator(tmp_path)
    printer.inject(Fault.PAPER_ENDS_MIDWAY)
    with pytest.raises(OutOfPaper):
        printer.print(ticket())
    assert printer.status().state is State.NO_PAPER
    printer.mend()
    printer.print(ticket())
    torn, whole = journal.entries(journal.read(tmp_path / "printer.json"), "papers")
    assert (torn["whole"], whole["whole"]) == (False, True)
    with Image.open(tmp_path / str(torn["file"])) as half, Image.open(tmp_path / str(whole["file"])) as full:
        assert half.height == full.height // 2


def test_a_slow_printer_still_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.simulator.slip_printer._SLOW_S", 0.2)
    printer = simulator(tmp_path)
    printer.inject(Fault.SLOW)
    assert printer.status().state is State.READY
    printer.print(ticket())
    assert len(list(tmp_path.glob("paper-*.png"))) == 1


def test_a_folder_that_cannot_be_written_is_a_sick_printer(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    printer = choose.slip_printer(PrinterConfig(), blocked / "below")
    assert printer.status().state is State.OFFLINE
    with pytest.raises(Offline):
        printer.print(ticket())


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_a_damaged_index_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "printer.json").write_bytes(content)
    printer = simulator(tmp_path)
    printer.print(ticket())
    assert len(journal.entries(journal.read(tmp_path / "printer.json"), "papers")) == 1


def test_a_reader_never_finds_half_a_state(tmp_path: Path) -> None:
    path = tmp_path / "printer.json"
    journal.write(path, {"papers": [{"text": "a" * 200_000}]})
    done = threading.Event()

    def rewrite() -> None:
        for number in range(150):
            journal.write(path, {"papers": [{"text": chr(97 + number % 26) * 200_000}]})
        done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    while not done.is_set():
        (entry,) = journal.entries(journal.read(path), "papers")
        assert len(str(entry["text"])) == 200_000
    writer.join(timeout=5)


def test_replacing_a_file_leaves_nothing_beside_it(tmp_path: Path) -> None:
    journal.replace(tmp_path / "a.json", b"{}")
    journal.replace(tmp_path / "a.json", b'{"a": 1}')
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert journal.read(tmp_path / "a.json") == {"a": 1}
