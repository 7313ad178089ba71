"""The same promises, kept by the practice scanner and by SANE's own backends ``test`` and ``pnm``."""

from __future__ import annotations

import dataclasses
import io
import os
import stat
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from PIL import Image

from devices import page
from devices.config import ScannerConfig
from devices.desk_ports import ScannedPage, Scanner, ScanSource, ScanWish
from devices.drivers import scan_run
from devices.drivers.scan_sane import SaneScanner
from devices.ports import (
    Busy,
    CoverOpen,
    Denied,
    DeviceError,
    Jammed,
    Malformed,
    NoDocument,
    Offline,
    State,
    Unsupported,
)
from devices.simulator import papers
from devices.simulator.scanner import Fault, SimulatedScanner

Make = Callable[..., Scanner]


def take(scanner: Scanner, wish: ScanWish, stopped: Callable[[], bool] = lambda: False) -> list[ScannedPage]:
    got: list[ScannedPage] = []
    count = scanner.scan(wish, on_page=got.append, on_progress=lambda *_: None, stopped=stopped)
    assert count == len(got)
    return got


@pytest.fixture
def sane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    folder = tmp_path / "sane"
    folder.mkdir()
    (folder / "dll.conf").write_text("test\npnm\n")
    monkeypatch.setenv("SANE_CONFIG_DIR", str(folder))

    def make(device: str = "test:0", page_s: float = 20.0, **options: str) -> Scanner:
        named = {name.replace("_", "-"): value for name, value in options.items()}
        config = ScannerConfig(kind="sane", device=device, options=named)
        # No setting may be so short; a test need not wait so long.
        object.__setattr__(config, "page_s", page_s)
        return SaneScanner(config)

    return make


@pytest.fixture(params=["simulator", "sane test"])
def scanner(request: pytest.FixtureRequest, tmp_path: Path, sane: Make) -> Scanner:
    if request.param == "simulator":
        return SimulatedScanner(ScannerConfig(), tmp_path / "simulated")
    return sane()


@pytest.mark.parametrize("colour", [True, False])
def test_a_page_comes_whole_and_says_its_resolution(scanner: Scanner, colour: bool) -> None:
    shares: list[float] = []
    got: list[ScannedPage] = []
    wish = ScanWish(dpi=100, colour=colour)
    assert (
        scanner.scan(wish, on_page=got.append, on_progress=lambda _, s: shares.append(s), stopped=bool) == 1
    )
    shown = Image.open(io.BytesIO(got[0].pnm))
    shown.load()
    assert shown.mode == ("RGB" if colour else "L") and got[0].dpi == 100 and got[0].number == 1
    assert shown.width > 600 and all(0 <= share <= 1 for share in shares) and shares[-1] == 1.0


def test_it_says_where_paper_may_lie_and_that_it_is_ready(scanner: Scanner) -> None:
    assert {ScanSource.FLATBED, ScanSource.FEEDER} <= set(scanner.sources())
    assert scanner.status().state is State.READY


def test_who_says_stop_gets_no_page(scanner: Scanner) -> None:
    assert take(scanner, ScanWish(dpi=100), stopped=lambda: True) == []
    assert len(take(scanner, ScanWish(dpi=100))) == 1


def test_after_closing_it_is_offline(scanner: Scanner) -> None:
    scanner.close()
    scanner.close()
    assert scanner.status().state is State.OFFLINE
    with pytest.raises(Offline):
        take(scanner, ScanWish(dpi=100))


STATUSES = {
    "JAMMED": Jammed,
    "NO_DOCS": NoDocument,
    "COVER_OPEN": CoverOpen,
    "IO_ERROR": Offline,
    "DEVICE_BUSY": Busy,
    "ACCESS_DENIED": Denied,
    "UNSUPPORTED": Unsupported,
}


@pytest.mark.parametrize("status", STATUSES)
def test_each_of_sanes_errors_is_told_as_ours(sane: Make, status: str) -> None:
    with pytest.raises(DeviceError) as told:
        take(sane(read_return_value=f"SANE_STATUS_{status}"), ScanWish(dpi=100))
    assert type(told.value) is STATUSES[status] and told.value.detail


def test_the_word_that_names_the_fault_counts_and_not_the_last_one() -> None:
    said = "scanimage: sane_read: Operation not supported\nscanimage: received signal 13\n"
    assert type(scan_run.error_of(1, said)) is Unsupported
    assert type(scan_run.error_of(1, "scanimage: received signal 13\n")) is DeviceError


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.JAMMED, Jammed),
        (Fault.COVER_OPEN, CoverOpen),
        (Fault.BUSY, Busy),
        (Fault.CABLE_PULLED, Offline),
        (Fault.FEEDER_EMPTY, NoDocument),
    ],
)
def test_each_fault_of_the_practice_scanner_ends_with_its_mending(
    tmp_path: Path, fault: Fault, error: type[DeviceError]
) -> None:
    scanner = SimulatedScanner(ScannerConfig(), tmp_path)
    scanner.inject(fault)
    with pytest.raises(error):
        take(scanner, ScanWish(dpi=100, source=ScanSource.FEEDER))
    scanner.mend()
    assert len(take(scanner, ScanWish(dpi=100, source=ScanSource.FEEDER))) == 1


def test_a_hanging_practice_scanner_hears_stop_and_ends_when_it_is_closed_under_the_call(
    tmp_path: Path,
) -> None:
    scanner = SimulatedScanner(ScannerConfig(page_s=5), tmp_path)
    scanner.inject(Fault.HANGS)
    assert scanner.status().state is State.READY
    began = time.monotonic()
    wish = ScanWish(dpi=100)
    assert take(scanner, wish, stopped=lambda: time.monotonic() - began > 0.3) == []
    assert 0.3 <= time.monotonic() - began < 3
    closing = threading.Timer(0.3, scanner.close)
    closing.start()
    with pytest.raises(Offline):
        take(scanner, wish)
    closing.join()


def test_a_hanging_practice_scanner_that_is_mended_gives_its_page(tmp_path: Path) -> None:
    scanner = SimulatedScanner(ScannerConfig(), tmp_path)
    scanner.inject(Fault.HANGS)
    mending = threading.Timer(0.3, scanner.mend)
    mending.start()
    assert len(take(scanner, ScanWish(dpi=100))) == 1
    mending.join()


def test_an_unknown_paper_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        SimulatedScanner(ScannerConfig(), tmp_path).press("nothing")


def test_a_feeder_gives_its_ten_pages_in_one_run(sane: Make) -> None:
    got = take(sane(), ScanWish(dpi=75, colour=False, source=ScanSource.FEEDER))
    assert [one.number for one in got] == list(range(1, 11))


def test_a_page_of_ones_own_comes_back_dot_for_dot(
    sane: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = papers.lay(papers.Laid.LETTER, 100)
    drawn.save(tmp_path / "letter.ppm")
    scanner = sane("pnm:0", filename=str(tmp_path / "letter.ppm"))
    shown = Image.open(io.BytesIO(take(scanner, ScanWish(dpi=100))[0].pnm))
    assert shown.size == drawn.size and shown.tobytes() == drawn.tobytes()


def test_an_open_lid_of_the_pnm_backend_is_told(sane: Make, tmp_path: Path) -> None:
    papers.lay(papers.Laid.BLANK, 75).save(tmp_path / "page.ppm")
    scanner = sane("pnm:0", filename=str(tmp_path / "page.ppm"), status="no", status_coveropen="yes")
    with pytest.raises(CoverOpen):
        take(scanner, ScanWish(dpi=100))


class Counted:
    """Counts how often ``scanimage`` is asked a question, and passes it on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        self._ask = scan_run.ask
        monkeypatch.setattr(scan_run, "ask", self)

    def __call__(self, arguments: list[str], env: Mapping[str, str], timeout_s: float) -> str:
        self.times += 1
        return self._ask(arguments, env, timeout_s)


def test_a_lid_that_a_scan_met_stays_told_without_opening_until_a_scan_succeeds(
    sane: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page_file = tmp_path / "page.ppm"
    papers.lay(papers.Laid.BLANK, 75).save(page_file)
    scanner = sane("pnm:0", filename=str(page_file), status="no", status_coveropen="yes")
    assert scanner.status().state is State.READY
    with pytest.raises(CoverOpen):
        take(scanner, ScanWish(dpi=100))
    asked = Counted(monkeypatch)
    assert [scanner.status().state for _ in range(5)] == [State.COVER_OPEN] * 5
    assert asked.times == 0
    assert isinstance(scanner, SaneScanner)
    scanner._config.options["status-coveropen"] = "no"
    assert len(take(scanner, ScanWish(dpi=100))) == 1
    assert [scanner.status().state for _ in range(5)] == [State.READY] * 5
    assert asked.times == 0


def test_an_error_that_an_opening_can_disprove_is_told_for_a_pause_that_grows(
    sane: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner = sane(read_return_value="SANE_STATUS_IO_ERROR")
    assert isinstance(scanner, SaneScanner)
    asked = Counted(monkeypatch)
    with pytest.raises(Offline):
        take(scanner, ScanWish(dpi=100))
    assert asked.times == 1
    first = scanner._sick
    assert first is not None and first.pause_s == 5
    assert scanner.status().state is State.OFFLINE and asked.times == 1
    with pytest.raises(Offline):
        take(scanner, ScanWish(dpi=100))
    second = scanner._sick
    assert second is not None and second.pause_s == 10
    scanner._sick = dataclasses.replace(second, again_at=0.0)
    before = asked.times
    assert scanner.status().state is State.READY and asked.times == before + 1
    assert scanner.status().state is State.READY and asked.times == before + 1


def test_an_empty_feeder_is_no_sickness(sane: Make) -> None:
    scanner = sane(read_return_value="SANE_STATUS_NO_DOCS")
    with pytest.raises(NoDocument):
        take(scanner, ScanWish(dpi=100, source=ScanSource.FEEDER))
    assert scanner.status().state is State.READY


def test_a_source_that_it_does_not_have_is_refused_and_it_stays_well(sane: Make, tmp_path: Path) -> None:
    papers.lay(papers.Laid.BLANK, 75).save(tmp_path / "page.ppm")
    scanner = sane("pnm:0", filename=str(tmp_path / "page.ppm"))
    assert scanner.sources() == (ScanSource.FLATBED,)
    with pytest.raises(Unsupported):
        take(scanner, ScanWish(dpi=100, source=ScanSource.FEEDER))
    assert scanner.status().state is State.READY


@pytest.mark.parametrize("source", [ScanSource.FLATBED, ScanSource.FEEDER])
def test_who_says_stop_when_bytes_have_begun_to_flow_has_no_half_page(sane: Make, source: ScanSource) -> None:
    scanner = sane(read_delay="yes", read_delay_duration="20000", read_limit="yes", read_limit_size="8192")
    shares: list[float] = []
    got: list[ScannedPage] = []
    stopped_at: list[float] = []

    def stopped() -> bool:
        if shares and not stopped_at:
            stopped_at.append(time.monotonic())
        return bool(shares)

    wish = ScanWish(dpi=200, source=source)
    count = scanner.scan(wish, on_page=got.append, on_progress=lambda _, s: shares.append(s), stopped=stopped)
    assert count == 0 and got == [] and 0 < shares[0] < 1
    assert time.monotonic() - stopped_at[0] < 3
    assert scanner.status().state is State.READY


def test_a_scanner_that_is_not_there_is_offline(sane: Make) -> None:
    assert sane("nothere:1").status().state is State.OFFLINE


@pytest.fixture
def fake(tmp_path: Path, sane: Make, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Scanner]:
    """A ``scanimage`` that answers the question about its options, and then misbehaves by a script."""

    def make(script: str) -> Scanner:
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "scanimage"
        options = "    --mode Gray|Color [Gray]\\n    --resolution 75|100dpi [75]\\n"
        program.write_text(
            f'#!/bin/sh\ncase "$*" in *-A*) printf "{options}"; exit 0;; esac\n'
            'for one in "$@"; do case "$one" in --batch=*) to="${one#--batch=}";; esac; done\n'
            f'to="${{to%\\%d}}1.part"\n{script}\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        # Who spins is waited for to the end, the others have all the time they need.
        return sane(page_s=1.5 if "while" in script else 20.0)

    return make


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ('printf "this is no page at all" > "$to"', DeviceError),
        ('printf "P5\\n99999 99999\\n255\\nxx" > "$to"', DeviceError),
        ('printf "P5\\n100 100\\n255\\nshort" > "$to"', Offline),
        ("kill -9 $$", Offline),
        ("exit 7", NoDocument),
        ("while :; do :; done", Offline),
        (
            'printf "P5\\n9 9\\n255\\nx" > "$to"; echo "scanimage: sane_read: Operation not supported" >&2; sleep 60',
            Unsupported,
        ),
    ],
    ids=["junk", "too large", "short", "dies", "nothing", "spins", "does not let go"],
)
def test_a_scanimage_that_misbehaves_is_an_error_in_bounded_time(
    fake: Callable[[str], Scanner], script: str, error: type[DeviceError]
) -> None:
    began = time.monotonic()
    with pytest.raises(error):
        take(fake(script), ScanWish(dpi=100))
    assert time.monotonic() - began < 8


def test_scanimage_can_write_no_byte_to_a_disk(fake: Callable[[str], Scanner], tmp_path: Path) -> None:
    with pytest.raises(DeviceError):
        take(fake(f"echo secret > {tmp_path}/leak"), ScanWish(dpi=100))
    assert (tmp_path / "leak").read_bytes() == b""


def test_a_practice_letter_goes_through_the_whole_pipeline(tmp_path: Path) -> None:
    got = take(SimulatedScanner(ScannerConfig(), tmp_path), ScanWish())[0]
    made = page.prepare(got.pnm, dpi=got.dpi, colour=True, budget=300_000)
    assert made.findings == () and made.after_bytes <= 300_000 and made.width < made.height
