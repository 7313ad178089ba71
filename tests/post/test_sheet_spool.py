"""The print service's spool: memory and no kept files, or a word to the technician."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.config import SheetsConfig
from hub.base import volatile
from hub.post import sheet_spool

CUPS = SheetsConfig(kind="cups")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(volatile, "in_memory", lambda path: "memory" in str(path))
    return tmp_path


def _write(root: Path, files: str, daemon: str) -> None:
    (root / "cups-files.conf").write_text(files)
    (root / "cupsd.conf").write_text(daemon)


def test_a_service_as_it_is_installed_lacks_all_that_keeps_sheets_off_the_card(root: Path) -> None:
    _write(
        root, "# RequestRoot /somewhere\n", "LogLevel warn\n<Location />\n  Order allow,deny\n</Location>\n"
    )
    assert sheet_spool.lacking(CUPS, root) == (
        "RequestRoot /var/spool/cups",
        "TempDir /var/spool/cups/tmp",
        "PreserveJobFiles",
    )


def test_a_spool_in_memory_that_keeps_no_files_lacks_nothing(root: Path) -> None:
    folders = f"RequestRoot {root}/memory\nTempDir {root}/memory/tmp\n"
    _write(root, folders, "PreserveJobFiles No\nPreserveJobHistory Yes\n")
    assert sheet_spool.lacking(CUPS, root) == ()


def test_a_service_without_history_could_not_be_asked_after_a_crash(root: Path) -> None:
    folders = f"RequestRoot {root}/memory\nTempDir {root}/memory/tmp\n"
    _write(root, folders, "PreserveJobFiles off\nPreserveJobHistory No\n")
    assert sheet_spool.lacking(CUPS, root) == ("PreserveJobHistory",)


def test_a_house_without_a_print_service_of_its_own_is_not_asked(root: Path) -> None:
    assert sheet_spool.lacking(SheetsConfig(), root) == ()
    assert sheet_spool.lacking(SheetsConfig(kind="cups", server="10.0.0.2:631"), root) == ()


def test_a_service_that_is_not_installed_is_told_by_its_defaults(root: Path) -> None:
    assert "PreserveJobFiles" in sheet_spool.lacking(CUPS, root / "nowhere")


def test_settings_that_may_not_be_read_are_not_taken_for_defaults(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path, **_: str) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", closed)
    (found,) = sheet_spool.lacking(CUPS, root)
    assert "cups-files.conf" in found and "root" in found
