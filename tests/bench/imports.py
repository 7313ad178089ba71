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
print(json.dumps([took] + [int(re.search(f"^{name}: +([0-9]+) kB", told, re.M)[1]) for name in ("Rss", "Pss")]))
"""
_BARE = "import time\ntook = 0.0\n"
# What `hub web` has imported when it begins to listen, in the order it imports them.
_IMPORTS = """import time
began = time.perf_counter()
import hub.cli.main, hub.cli.workers, hub.wiring.build, hub.app, waitress
took = time.perf_counter() - began
"""
_READY = """import time
began = time.perf_counter()
import hub.cli.main, hub.cli.workers, waitress
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


def measure(count: int) -> tuple[Cost, Cost]:
    """Return the cost of the imports alone, and of imports and the whole application ready to serve."""
    with tempfile.TemporaryDirectory() as folder:
        ready = _READY.replace("FOLDER", repr(folder))
        for program in (_BARE, _IMPORTS, ready):
            _run(program)
        bare, imports, whole = [], [], []
        for _ in range(count):
            bare.append(_run(_BARE))
            imports.append(_run(_IMPORTS))
            whole.append(_run(ready))
    base = statistics.median(rss for _, rss, _ in bare)
    return _cost(imports, base), _cost(whole, base)


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
