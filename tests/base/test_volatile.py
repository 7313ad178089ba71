"""Keys that a power cut takes with it: in memory or nowhere, this user's own, one a House."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from hub.base import boxes, volatile
from hub.base.errors import NotReady


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Path:
    return Path(os.environ["RUNTIME_DIRECTORY"])


def test_the_same_pair_for_every_process_of_a_boot_and_another_for_another_house(
    memory: Path, tmp_path: Path
) -> None:
    first = volatile.pair(tmp_path / "a", "sheets")
    assert volatile.pair(tmp_path / "a", "sheets") == first
    assert volatile.pair(tmp_path / "b", "sheets") != first
    assert volatile.pair(tmp_path / "a", "other") != first
    private, public = first
    assert boxes.open(private, boxes.seal(public, b"x", "here"), "here") == b"x"
    folder = volatile.folder(tmp_path / "a")
    assert memory in folder.parents and folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "sheets.pair").stat().st_mode & 0o777 == 0o600


def test_two_processes_at_the_same_moment_agree_on_one_pair(tmp_path: Path) -> None:
    found: list[tuple[bytes, bytes]] = []
    start = threading.Barrier(8)

    def take() -> None:
        start.wait(5)
        found.append(volatile.pair(tmp_path, "sheets"))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(found) == 8 and len(set(found)) == 1


def test_a_folder_on_a_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 0:5 / /dev/shm rw - ext4 /dev/sda2 rw\n")
    monkeypatch.setattr(volatile, "in_memory", lambda path, read=volatile.in_memory: read(path, mounts))
    with pytest.raises(NotReady, match="base.no_volatile"):
        volatile.pair(tmp_path, "sheets")


def test_a_folder_that_somebody_else_may_read_is_refused(memory: Path, tmp_path: Path) -> None:
    folder = volatile.folder(tmp_path)
    folder.chmod(0o755)
    found = volatile.folder(tmp_path) if Path("/dev/shm") not in memory.parents else None
    assert found is None or found != folder
    folder.chmod(0o700)


@pytest.mark.parametrize(
    ("lines", "memory"),
    [
        ("21 1 8:1 / / rw - ext4 /dev/sda1 rw", False),
        ("21 1 8:1 / / rw - tmpfs tmpfs rw", True),
        ("21 1 8:1 / / rw - ext4 a rw\n22 21 0:5 / {here} rw shared:4 - tmpfs tmpfs rw", True),
        ("21 1 8:1 / / rw - tmpfs a rw\n22 21 0:5 / {here} rw - ext4 b rw", False),
        ("22 21 0:5 / {here} rw - ext4 b rw\n23 22 0:6 / {here} rw - ramfs c rw", True),
        ("22 21 0:5 / {here}/deeper rw - tmpfs b rw\n21 1 8:1 / / rw - xfs a rw", False),
        ("nonsense\n\n1 2 3", False),
    ],
)
def test_the_mount_that_is_nearest_decides(tmp_path: Path, lines: str, memory: bool) -> None:
    here = tmp_path / "a place"
    here.mkdir()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(lines.format(here=str(here).replace(" ", "\\040")))
    assert volatile.in_memory(here, mounts) is memory


def test_what_does_not_exist_is_not_memory(tmp_path: Path) -> None:
    assert not volatile.in_memory(tmp_path / "nowhere")
    assert not volatile.in_memory(tmp_path, tmp_path / "no-mounts")
