"""What the web process adds to a bare interpreter before its first request: time and memory."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_TAIL = """
import json, re
told = open("/proc/self/smaps_rollup").read()
print(json.dumps([took] + [int(re.search(f"^{name}: +([0-9]+) kB", told, re.M)[1]) for name in ("Rss",
"Pss")]))
"""
_BARE = "import time\ntook = 0.0\n"
_FLASK = """import time
began = time.perf_counter()
import flask
took = time.perf_counter() - began
"""
_IMPORTS = """import time
began = time.perf_counter()
import hub.app
took = time.perf_counter() - began
"""
_READY = """import time
began = time.perf_counter()
import hub.cli.main, hub.cli.workers, hub.cli.serving
from pathlib import Path
from hub.base import settings
from hub.wiring import build
app = build.web(build.build(settings.Settings(), Path(FOLDER)))
took = time.perf_counter() - began
"""


@dataclass(frozen=True)
class Cost:
    """Milliseconds and megabytes (RSS) over a bare interpreter, medians of ``count`` fresh processes."""

    ms: float
    ms_spread: tuple[float, float]
    megabytes: float
    count: int


def measure(count: int) -> tuple[Cost, Cost, Cost]:
    """Return the cost of Flask's import alone, of the web application's, and of ``hub web`` ready to serve.

    The three are measured in turn, so that a busy machine is busy for all of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        ready = _READY.replace("FOLDER", repr(folder))
        programs = (_BARE, _FLASK, _IMPORTS, ready)
        for program in programs:
            _run(program)
        found: list[list[tuple[float, float, float]]] = [[] for _ in programs]
        for _ in range(count):
            for one, program in zip(found, programs, strict=True):
                one.append(_run(program))
    base = statistics.median(rss for _, rss, _ in found[0])
    return _cost(found[1], base), _cost(found[2], base), _cost(found[3], base)


def _cost(found: list[tuple[float, float, float]], base: float) -> Cost:
    took = [1000 * seconds for seconds, _, _ in found]
    rss = statistics.median(rss for _, rss, _ in found)
    return Cost(statistics.median(took), (min(took), max(took)), (rss - base) / 1024, len(found))


def _run(program: str) -> tuple[float, float, float]:
    done = subprocess.run(
        [sys.executable, "-c", program + _TAIL],
        cwd=ROOT,
        env={**os.environ, "HUB_SETTINGS": "", "HUB_DATA": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    took, rss, pss = json.loads(done.stdout)
    return took, rss, pss
