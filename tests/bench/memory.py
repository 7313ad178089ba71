"""Resident memory of the House's processes: RSS counts shared pages in each, PSS shares them out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Resident:
    """One process, in megabytes."""

    name: str
    rss: float
    pss: float


def of(name: str, pid: int) -> Resident:
    """Return what a process holds now."""
    told = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    rss, pss = (int(_kilobytes(told, what)) / 1024 for what in ("Rss", "Pss"))
    return Resident(name, rss, pss)


def own_peak() -> float:
    """Return the most that this process has held since it began its program, in megabytes."""
    # ru_maxrss would also count what the parent held at the fork.
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def children(pid: int) -> dict[str, int]:
    """Return the workers that a supervisor has started, by the name of their command."""
    found = {}
    for told in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in told.read_text(encoding="ascii").split():
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            if "hub" in words:
                found[[word for word in words if word][-1]] = int(child)
    return found


def _kilobytes(told: str, what: str) -> str:
    found = re.search(rf"^{what}: +(\d+) kB", told, re.MULTILINE)
    assert found
    return found[1]
