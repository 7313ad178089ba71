"""Two hundred cuts at random bytes, by the line and by the power switch: a whole pack is served at every instant."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.base.errors import NotReady
from hub.packs import install
from tests.packs.repository import Publisher, Reader, Server, Village

_ROOT = Path(__file__).parents[2]
_SEED = 20261122
_LINE_CUTS, _KILLS = 160, 44


def _files(dice: random.Random) -> dict[str, bytes]:
    return {f"f{n}_bin": dice.randbytes(dice.randrange(1, 6000)) for n in range(6)}


def test_a_hundred_and_sixty_cuts_by_the_line_at_random_bytes(tmp_path: Path) -> None:
    dice, publisher = random.Random(_SEED), Publisher(tmp_path / "province")
    publisher.publish(**_files(dice))
    village = Village(tmp_path / "village", publisher.root)
    village.update(publisher.repo)
    cuts = fell = 0
    with Server(publisher.repo).running() as server, Reader(village) as reader:
        while cuts < _LINE_CUTS:
            publisher.publish(**_files(dice))
            wanted = publisher.home / "packs" / str(publisher._count)
            size = sum(one.stat().st_size for one in wanted.rglob("*") if one.is_file())
            for _ in range(12):
                server.cuts = [dice.randrange(size // 3) for _ in range(8)]
                server.cut_after = server.cuts.pop()
                try:
                    village.update(server.url)
                except NotReady as bad:
                    assert bad.key in {"packs.cut", "packs.portal", "packs.mixed", "packs.wrong_hash"}, bad
                    fell += 1
                cuts += 7 - len(server.cuts)
                server.cut_after = None
                if village.version == f"2026.11.{publisher._count}":
                    break
            village.update(server.url)
            assert village.version == f"2026.11.{publisher._count}"
    assert reader.broken == [] and reader.looks > 20
    print(f"{fell} updates fell")
    assert fell > 3, "most cuts are survived within one update, but not those in the lists"
    assert _counts_up(reader.seen)


def test_forty_four_kills_in_mid_update_leave_a_whole_pack_and_the_next_start_goes_on(tmp_path: Path) -> None:
    dice, publisher = random.Random(_SEED), Publisher(tmp_path / "province")
    publisher.publish(**_files(dice))
    village = Village(tmp_path / "village", publisher.root)
    village.update(publisher.repo)
    killed, longest_s, last = 0, 0.15, 0
    with (
        Server(publisher.repo).running() as server,
        Reader(village) as reader,
        _updates(tmp_path / "village", publisher, server) as updates,
    ):
        until = time.monotonic() + 90
        while killed < _KILLS and time.monotonic() < until:
            if last == 0:
                publisher.publish(**_files(dice))
            began = time.monotonic()
            pid = updates.start()
            time.sleep(dice.random() * longest_s)
            # It is not reaped before ``ended``, so the number is still its own.
            os.kill(pid, signal.SIGKILL)
            last = updates.ended()
            if last == 0:
                # Too late to kill: so long it takes on this machine today.
                longest_s = max(0.02, (longest_s + time.monotonic() - began) / 2)
                assert village.version == f"2026.11.{publisher._count}"
                continue
            assert last == -signal.SIGKILL
            killed += 1
            longest_s *= 1.05
            assert village.version is not None
        updates.start()
        assert updates.ended() == 0
    assert killed == _KILLS
    assert village.version == f"2026.11.{publisher._count}"
    assert reader.broken == [] and reader.looks > 20
    assert _counts_up(reader.seen)
    left = {path.name for path in (village.packs / "small").iterdir() if not path.is_symlink()}
    kept = {install.active(village.packs, "small"), install.previous(village.packs, "small")}
    assert left == kept and not (village.home / "parts").exists()


def _counts_up(seen: list[str]) -> bool:
    numbers = [int(version.rsplit(".", 1)[1]) for version in seen]
    return numbers == sorted(numbers)


class _Updates:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self) -> int:
        self._say("start")
        return self._told("pid")

    def ended(self) -> int:
        self._told("over")
        self._say("reap")
        return self._told("ended")

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def _told(self, word: str) -> int:
        assert self._process.stdout is not None
        said, number = self._process.stdout.readline().split()
        assert said == word
        return int(number)


@contextmanager
def _updates(home: Path, publisher: Publisher, server: Server) -> Iterator[_Updates]:
    root = publisher.metadata("1.root.json")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.packs.kill_update", str(home), str(root), server.url],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _Updates(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                pytest.fail("the process that starts updates did not end")
