"""Requests a second of the pages asked for most, each as a ratio to the bare Flask of the same round."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Target:
    """A page: name, port, path, the ETag for a 304, and whether every request is another visitor's."""

    name: str
    port: int
    path: str
    etag: str = ""
    anew: bool = False

    @property
    def status(self) -> int:
        return 304 if self.etag else 200


@dataclass(frozen=True)
class Rate:
    """What was measured of one page: requests a second and ratios to the bare Flask, a value a round."""

    name: str
    per_second: tuple[float, ...]
    ratios: tuple[float, ...]
    bytes: int

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        return min(self.ratios), max(self.ratios)


def measure(
    bare: Target, targets: list[Target], *, rounds: int, seconds: float, connections: int
) -> tuple[Rate, list[Rate]]:
    """Ask bare, page, bare, page, … in every round; a page is compared with the bare of both its sides."""
    found: dict[str, list[tuple[float, float]]] = {one.name: [] for one in targets}
    sizes: dict[str, int] = {}
    bares = []
    for one in [bare, *targets]:
        _ask(one, min(0.5, seconds), connections)
    for _ in range(rounds):
        before = _ask(bare, seconds, connections)[0]
        bares.append(before)
        for one in targets:
            here, sizes[one.name] = _ask(one, seconds, connections)
            after = _ask(bare, seconds, connections)[0]
            bares.append(after)
            found[one.name].append((here, here / ((before + after) / 2)))
            before = after
    told = [
        Rate(name, tuple(rate for rate, _ in values), tuple(ratio for _, ratio in values), sizes[name])
        for name, values in found.items()
    ]
    return Rate(bare.name, tuple(bares), (1.0,), 0), told


def _ask(target: Target, seconds: float, connections: int) -> tuple[float, int]:
    words = [target.port, target.path, seconds, connections, target.status]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.bench.load",
            *map(str, words),
            target.etag,
            "anew" if target.anew else "",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds + 30,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{target.name}: {done.stderr.strip()}")
    told = json.loads(done.stdout)
    return told["answers"] / told["seconds"], int(told["bytes"])
