"""What every slip printer keeps: the same cases on the simulator and on the real driver."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from devices import choose, raster
from devices.config import PrinterConfig
from devices.picture import PictureBook
from devices.ports import (
    Busy,
    CoverOpen,
    DeviceError,
    Jammed,
    Malformed,
    Offline,
    OutOfPaper,
    State,
    Status,
)
from devices.slip import Slip, Text, marked_copy
from tests.contract.escpos_reader import Reader
from tests.contract.paper import dots, trimmed
from tests.contract.sink import Manner, Sink
from tests.contract.slip_rigs import RIGS, Rig
from tests.devices.samples import PICTURES, ticket

BOOK = PictureBook(PICTURES)


@pytest.fixture(params=RIGS, ids=[kind.name for kind in RIGS])
def rig(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    made = request.param(tmp_path, monkeypatch)
    yield made
    made.close()


def test_the_paper_shows_the_slip_dot_for_dot(rig: Rig) -> None:
    rig.printer.print(ticket())
    assert rig.papers() == [dots(raster.render(ticket(), rig.printer.width, BOOK))]


def test_two_slips_come_out_as_two_papers_in_order(rig: Rig) -> None:
    rig.printer.print(ticket())
    rig.printer.print(marked_copy(ticket(), "BẢN SAO"))
    first, second = rig.papers()
    assert first != second
    assert second == dots(raster.render(marked_copy(ticket(), "BẢN SAO"), rig.printer.width, BOOK))


def test_the_first_byte_is_announced_once(rig: Rig) -> None:
    told: list[str] = []
    rig.printer.print(ticket(), on_first_byte=lambda: told.append("first"))
    assert told == ["first"]


@pytest.mark.parametrize(
    ("fault", "error", "state"),
    [
        ("out_of_paper", OutOfPaper, State.NO_PAPER),
        ("cover_open", CoverOpen, State.COVER_OPEN),
        ("jammed", Jammed, State.JAMMED),
        ("cable_pulled", Offline, State.OFFLINE),
    ],
)
def test_a_fault_is_told_before_any_paper_is_touched_and_mending_is_enough(
    rig: Rig, fault: str, error: type[DeviceError], state: State
) -> None:
    assert rig.printer.status().state is State.READY
    rig.fault(fault)
    told: list[str] = []
    with pytest.raises(error):
        rig.printer.print(ticket(), on_first_byte=lambda: told.append("first"))
    assert told == []
    assert rig.printer.status().state is state
    assert rig.papers() == []
    rig.mend()
    assert rig.printer.status().state is State.READY
    rig.printer.print(ticket(), on_first_byte=lambda: told.append("first"))
    assert told == ["first"]
    assert len(rig.papers()) == 1


def test_paper_that_ends_midway_is_an_error_after_the_first_byte(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    if rig.name != "simulator":
        monkeypatch.setattr("devices.drivers.slip_escpos._CONFIRM_S", 0.3)
    rig.printer.status()
    rig.fault("paper_ends_midway")
    told: list[str] = []
    with pytest.raises(OutOfPaper):
        rig.printer.print(ticket(), on_first_byte=lambda: told.append("first"))
    assert told == ["first"]


def test_a_closed_printer_is_offline_and_closing_twice_is_calm(rig: Rig) -> None:
    rig.printer.close()
    rig.printer.close()
    assert rig.printer.status().state is State.OFFLINE
    with pytest.raises(Offline):
        rig.printer.print(ticket())
    assert rig.papers() == []


@pytest.mark.parametrize("mode", ["raster", "graphics", "column"])
@pytest.mark.parametrize(("width", "rows"), [(576, 192), (512, 24), (384, 768)])
def test_every_image_command_prints_the_same_dots(mode: str, width: int, rows: int, tmp_path: Path) -> None:
    told = {"kind": "network", "host": "127.0.0.1", "width": width, "mode": mode, "fragment_rows": rows}
    config = msgspec.convert(told, PrinterConfig)
    with Sink(Manner.ANSWERS) as sink:
        printer = choose.slip_printer(replace(config, port=sink.port), tmp_path, BOOK)
        printer.print(ticket())
        (job,) = sink.printed()
    reader = Reader(width).read(job)
    assert [trimmed(list(paper.rows)) for paper in reader.papers] == [
        dots(raster.render(ticket(), width, BOOK))
    ]
    assert reader.loose_rows == 0
    assert {"raster": "GS v", "graphics": "GS (", "column": "ESC *"}[mode] in reader.commands


@pytest.mark.parametrize(("cut", "seen"), [("part", ["part"]), ("full", ["full"]), ("none", [])])
def test_the_paper_is_cut_as_the_settings_say(cut: str, seen: list[str], tmp_path: Path) -> None:
    with Sink() as sink:
        told = {"kind": "network", "host": "127.0.0.1", "port": sink.port, "cut": cut}
        config = msgspec.convert(told, PrinterConfig)
        choose.slip_printer(config, tmp_path).print(Slip((Text("Chào bà con"),)))
        (job,) = sink.printed()
    assert [paper.cut for paper in Reader(576).read(job).papers] == seen


def test_a_silent_printer_prints_and_is_waited_for_only_once(tmp_path: Path) -> None:
    with Sink(Manner.SILENT) as sink:
        printer = choose.slip_printer(
            PrinterConfig(kind="network", host="127.0.0.1", port=sink.port), tmp_path, BOOK
        )
        printer.print(ticket())
        questions = [len(Reader(576).read(job).questions) for job in sink.printed()]
        printer.print(ticket())
        questions_again = [len(Reader(576).read(job).questions) for job in sink.printed()]
        assert printer.status().state is State.UNKNOWN
    assert questions == [1]
    assert questions_again == [1, 0]


def test_a_printer_that_closes_the_connection_is_offline_and_never_adequate(tmp_path: Path) -> None:
    with Sink(Manner.CLOSES) as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, timeout_s=2)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        with pytest.raises(Offline):
            printer.print(ticket())
        assert printer.status().state is State.OFFLINE


def test_a_printer_that_closes_when_it_is_asked_is_offline_before_any_paper(tmp_path: Path) -> None:
    with Sink(Manner.CLOSES_WHEN_ASKED) as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, timeout_s=2)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        assert printer.status() == Status(State.OFFLINE, "the printer closed the connection")
        told: list[str] = []
        with pytest.raises(Offline):
            printer.print(ticket(), on_first_byte=lambda: told.append("first"))
        assert told == []


def test_a_printer_that_is_switched_off_midway_has_not_printed(tmp_path: Path) -> None:
    # More than the sink's side can hold: what its kernel has taken in, nobody here can know to be lost.
    with Sink(Manner.CLOSES_MIDWAY) as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, timeout_s=3)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        with pytest.raises(Offline):
            printer.print(Slip(ticket().parts * 6))


def test_a_printer_that_stops_reading_is_offline_before_the_deadline(tmp_path: Path) -> None:
    with Sink(Manner.STOPS_READING) as sink:
        config = PrinterConfig(
            kind="network", host="127.0.0.1", port=sink.port, timeout_s=1, status_timeout_s=0.1
        )
        printer = choose.slip_printer(config, tmp_path, BOOK)
        started = time.monotonic()
        with pytest.raises(Offline):
            printer.print(Slip((Text("dài " * 2_500),)))
        assert time.monotonic() - started < 6


def test_a_printer_that_stops_talking_midway_is_not_believed_to_have_printed(tmp_path: Path) -> None:
    with Sink(Manner.HALF_CLOSES_MIDWAY) as sink:
        config = PrinterConfig(
            kind="network", host="127.0.0.1", port=sink.port, timeout_s=5, status_timeout_s=2
        )
        printer = choose.slip_printer(config, tmp_path, BOOK)
        assert printer.status().state is State.READY
        told: list[str] = []
        with pytest.raises(Offline):
            printer.print(ticket(), on_first_byte=lambda: told.append("first"))
        assert told == ["first"]


def test_a_slow_printer_gets_its_slip_whole_within_its_deadline(tmp_path: Path) -> None:
    with Sink(Manner.SLOW) as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, status_timeout_s=2)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        assert printer.status().state is State.READY
        assert printer.print(ticket())
        (job,) = sink.printed()
    (paper,) = Reader(576).read(job).papers
    assert trimmed(list(paper.rows)) == dots(raster.render(ticket(), 576, BOOK))


def test_a_printer_that_always_says_paper_out_prints_once_it_is_not_asked_any_more(tmp_path: Path) -> None:
    with Sink(Manner.LIES) as sink:
        config = PrinterConfig(
            kind="network", host="127.0.0.1", port=sink.port, timeout_s=5, status_timeout_s=2
        )
        printer = choose.slip_printer(config, tmp_path, BOOK)
        assert printer.status().state is State.NO_PAPER
        with pytest.raises(OutOfPaper):
            printer.print(ticket())
        assert sink.printed() == []
        printer = choose.slip_printer(replace(config, ask_status=False), tmp_path, BOOK)
        assert printer.print(ticket()) is False
        assert printer.status().state is State.UNKNOWN
        (job,) = sink.printed()
    reader = Reader(576).read(job)
    assert (len(reader.papers), reader.questions) == (1, [])


def test_a_printer_that_answered_before_is_asked_twice_before_it_is_printed_to_blind(tmp_path: Path) -> None:
    with Sink() as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, status_timeout_s=0.3)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        assert printer.status().state is State.READY
        sink.manner = Manner.SILENT
        assert printer.print(ticket()) is False
        (job,) = sink.printed()
    assert Reader(576).read(job).questions == [b"\x10\x04\x04"] * 2


def test_a_printer_that_was_slow_once_is_asked_for_its_word_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sink() as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, status_timeout_s=2)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        assert printer.status().state is State.READY
        assert printer.print(ticket())
        sink.slow = True
        with monkeypatch.context() as patch:
            patch.setattr("devices.drivers.slip_escpos._CONFIRM_S", 0.2)
            assert printer.print(ticket()) is False
        sink.slow = False
        assert printer.print(ticket())


def test_a_hot_head_is_busy_and_asks_nobody_for_a_hand(tmp_path: Path) -> None:
    with Sink() as sink:
        sink.hot = True
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, status_timeout_s=2)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        assert printer.status().state is State.BUSY
        with pytest.raises(Busy):
            printer.print(ticket())
        sink.mend()
        assert printer.print(ticket())


def test_answers_that_make_no_sense_count_as_silence(tmp_path: Path) -> None:
    with Sink(Manner.BABBLES) as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, timeout_s=5)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        assert printer.print(ticket()) is False
        assert printer.status().state is State.UNKNOWN
        assert len(Reader(576).read(sink.printed()[0]).papers) == 1


def test_a_rest_between_fragments_is_kept_for_printers_with_small_buffers(tmp_path: Path) -> None:
    with Sink(Manner.SILENT) as sink:
        config = PrinterConfig(
            kind="network", host="127.0.0.1", port=sink.port, ask_status=False, pause_ms=30, fragment_rows=48
        )
        printer = choose.slip_printer(config, tmp_path, BOOK)
        started = time.monotonic()
        printer.print(ticket())
        took = time.monotonic() - started
        (job,) = sink.printed()
    fragments = len(job) // (48 * 72)
    assert fragments > 5
    assert took >= 0.03 * (fragments - 1)
    assert len(Reader(576).read(job).papers) == 1


def test_rests_that_would_take_too_long_end_at_the_deadline(tmp_path: Path) -> None:
    with Sink(Manner.SILENT) as sink:
        config = PrinterConfig(
            kind="network", host="127.0.0.1", port=sink.port, timeout_s=1, pause_ms=1000, ask_status=False
        )
        started = time.monotonic()
        with pytest.raises(Offline, match="deadline"):
            choose.slip_printer(config, tmp_path, BOOK).print(ticket())
        assert time.monotonic() - started < 8


def test_a_slip_that_cannot_be_drawn_is_refused_before_the_printer_is_called(tmp_path: Path) -> None:
    with Sink() as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port)
        told: list[str] = []
        with pytest.raises(Malformed):
            choose.slip_printer(config, tmp_path, BOOK).print(
                Slip((Text("dài " * 20_000),)), on_first_byte=lambda: told.append("first")
            )
        assert (told, sink.jobs) == ([], [])


def test_status_during_a_print_says_busy_and_does_not_disturb_it(tmp_path: Path) -> None:
    with Sink() as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        seen: list[State] = []
        printer.print(ticket(), on_first_byte=lambda: seen.append(printer.status().state))
        assert seen == [State.BUSY]
        assert len(Reader(576).read(sink.printed()[0]).papers) == 1


def test_what_goes_wrong_in_the_callers_own_hands_is_not_blamed_on_the_printer(rig: Rig) -> None:
    def full_disk() -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left") as seen:
        rig.printer.print(ticket(), on_first_byte=full_disk)
    assert not isinstance(seen.value, DeviceError)
    assert rig.papers() == []


def test_the_network_connection_is_not_kept_between_jobs(tmp_path: Path) -> None:
    with Sink() as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        printer.print(ticket())
        printer.print(ticket())
        assert len(sink.printed()) == 2
        assert not sink._open


def test_a_low_roll_still_prints(tmp_path: Path) -> None:
    with Sink() as sink:
        sink.near_end = True
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port)
        printer = choose.slip_printer(config, tmp_path, BOOK)
        printer.print(ticket())
        assert printer.status().state is State.LOW_PAPER
        assert len(sink.printed()) == 1


def test_the_simulators_paper_is_a_png_of_the_same_dots(tmp_path: Path) -> None:
    choose.slip_printer(PrinterConfig(width=384), tmp_path, BOOK).print(ticket())
    png = (tmp_path / "paper-000001.png").read_bytes()
    assert dots(Image.open(io.BytesIO(png))) == dots(raster.render(ticket(), 384, BOOK))
