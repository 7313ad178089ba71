from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from hub.base.errors import NotReady, Refused
from hub.sheets import drawing, service, wire
from hub.sheets.model import Ct01, Declaration, Leaflet, Line, Section
from tests.sheets import reading

SHEET = Declaration("Thử", sections=(Section("Phần", (Line("Tên", "Nguyễn Thị Mẫu"),)),))
DRAWER = [sys.executable, "-I", "-B", "-m", "hub.sheets"]


@pytest.mark.parametrize("sheet", [SHEET, Ct01(name="Lý A Mẫu"), Leaflet("Nhà", "Thôn", "Bìa")])
def test_a_sheet_comes_back_from_its_process_as_it_is_drawn(sheet: Ct01 | Declaration | Leaflet) -> None:
    assert wire.unpack(wire.pack(sheet)) == sheet
    assert service.render(sheet) == drawing.draw(sheet)


def test_a_sheet_beyond_all_measure_is_refused_before_a_process_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "_DRAWER", ("/nonexistent",))
    with pytest.raises(Refused) as bad:
        service.render(Declaration("x" * wire.MOST_SHEET))
    assert bad.value.key == "sheets.too_long"


def test_a_drawing_that_fails_says_what_was_kept_and_not_what_was_typed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = "Nguyễn Thị Mẫu 010099000000 " * 300
    with caplog.at_level(logging.ERROR), pytest.raises(NotReady) as bad:
        service.render(Leaflet("Nhà", "Thôn", "Bìa", qr=secret))
    assert bad.value.key == "sheets.failed"
    told = caplog.text
    assert "DataOverflowError" in told and "Mẫu" not in told and "0100" not in told


def test_a_drawing_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    program = (
        f"import os, pathlib, time; pathlib.Path({str(mark)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    monkeypatch.setattr(service, "_DRAWER", (sys.executable, "-c", program))
    begun = time.monotonic()
    with pytest.raises(NotReady) as bad:
        service.render(SHEET, timeout_s=3.0)
    assert bad.value.key == "sheets.slow" and time.monotonic() - begun < 20
    assert not Path(f"/proc/{mark.read_text()}").exists()


def test_who_comes_while_others_are_drawn_waits_and_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = threading.BoundedSemaphore(1)
    taken.acquire()
    monkeypatch.setattr(service, "_AT_ONCE", taken)
    with pytest.raises(NotReady) as bad:
        service.render(SHEET, timeout_s=0.2)
    assert bad.value.key == "sheets.busy"


def test_a_sheet_for_everyone_is_drawn_once_until_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_kept", {})
    first = service.render_kept(Leaflet("Nhà", "Thôn", "Một lần"))
    monkeypatch.setattr(service, "_DRAWER", ("/nonexistent",))
    assert service.render_kept(Leaflet("Nhà", "Thôn", "Một lần")) == first
    with pytest.raises(FileNotFoundError):
        service.render_kept(Leaflet("Nhà", "Thôn", "Hai lần"))


def test_the_drawer_may_write_no_file_and_leaves_no_image_of_itself() -> None:
    with subprocess.Popen(DRAWER, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as drawer:
        assert drawer.stdin is not None
        until = time.monotonic() + 20
        limits: dict[str, str] = {}
        while limits.get("Max file size") != "0" and time.monotonic() < until:
            told = Path(f"/proc/{drawer.pid}/limits").read_text(encoding="ascii")
            limits = {line[:25].strip(): line[26:46].strip() for line in told.splitlines()}
            time.sleep(0.02)
        drawer.stdin.write(wire.pack(SHEET))
        pdf, _ = drawer.communicate(timeout=30)
    assert limits["Max file size"] == "0" and limits["Max core file size"] in ("0", "1")
    assert "Nguyễn Thị Mẫu" in reading.text(pdf)


def test_what_is_no_sheet_is_answered_with_a_fault_and_no_page() -> None:
    for message in (b"", wire.pack(SHEET)[:-3]):
        done = subprocess.run(DRAWER, input=message, capture_output=True, timeout=30, check=False)
        assert done.returncode == wire.Exit.FAILED and done.stdout == b""
        assert done.stderr.decode().strip().isidentifier()


def test_who_has_sheets_drawn_loads_nothing_that_draws() -> None:
    program = (
        "import sys; import hub.sheets.service, hub.trades.dossiers.paper, hub.trades.dossiers.cover;"
        "import hub.trades.procedures.sheet; print([n for n in ('reportlab', 'PIL') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
