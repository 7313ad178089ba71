"""From a guide's call to the first sample at the player: a real bench process, the real aplay, ALSA's file device.

The device behind the file swallows at once, so what is measured is the House, not the length of the sound.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hub.base import settings as all_settings
from hub.post import signals
from hub.post.signals import Announced
from hub.wiring import build
from tests.bench import memory
from tests.journeys import village

_HEAD = 44
_PAUSE_S = 0.15


@dataclass(frozen=True)
class Calls:
    """Milliseconds from the call's commit to the first sample, and what the bench holds afterwards (MB)."""

    ms: tuple[float, ...]
    first: float
    """The very first call, which nothing was rendered for."""
    rss: float

    @property
    def median(self) -> float:
        return statistics.median(self.ms)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.ms, n=20)[-1]


def measure(data: Path, folder: Path, count: int, *, chime: bool) -> Calls:
    """Call ``count`` numbers, one after the other, in Vietnamese and English; ``data`` is an opened House."""
    path, rules, heard = folder / "voice.toml", folder / "voice.asound", folder / "heard.wav"
    village.write_settings(path, speaker={"kind": "alsa", "device": "sink"}, sound={"chime": chime})
    rules.write_text(
        f'pcm.sink {{ type file slave.pcm "nothing" file "{heard}" format "wav" }}\n'
        "pcm.nothing { type null }\n",
        encoding="utf-8",
    )
    house = build.build(all_settings.load(path), data)
    environment = {**village.environment(data, path), "ALSA_CONFIG_PATH": str(rules)}
    process = subprocess.Popen([sys.executable, "-m", "hub", "bench"], cwd=village.ROOT, env=environment)
    try:
        with closing(house.connect()) as conn:
            village.until(
                lambda: conn.execute(
                    "SELECT 1 FROM devices WHERE name = 'speaker' AND state = 'ready'"
                ).fetchone(),
                20,
            )
            took = []
            for number in range(count + 1):
                time.sleep(_PAUSE_S)
                heard.unlink(missing_ok=True)
                # Every number a second time: then its words lie ready, as after ``hub speech build``.
                told = Announced(f"{number % max(1, count // 2) + 1}", "1", "", ("vi", "en"))
                signals.announce(conn, told, moment=house.clock.read(), ttl_s=20)
                called = time.monotonic()
                while not _size(heard) > _HEAD and time.monotonic() - called < 10:
                    time.sleep(0.0005)
                took.append(1000 * (time.monotonic() - called))
                village.until(lambda: not conn.execute("SELECT 1 FROM signals").fetchone(), 20)
        rss = memory.of("bench", process.pid).rss
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(8)
    return Calls(tuple(took[len(took) // 2 + 1 :]), took[0], rss)


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
