"""What a process carries: the web process stays light."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_HEAVY = (
    "escpos",
    "reportlab",
    "gpiozero",
    "pyxform",
    "tuf",
    "urllib3",
    "libzim",
    "openpyxl",
    "usb",
    "serial",
)


def _modules_after(program: str, tmp_path: Path) -> set[str]:
    tail = "\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program + tail],
        cwd=_ROOT,
        env={**os.environ, "HUB_DATA": str(tmp_path), "HUB_SETTINGS": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


_WEB = """
from hub.base import settings
from hub.wiring import build
app = build.web(build.build(settings.Settings()))
client = app.test_client()
for page in ("/", "/health", "/board", "/sign-in"):
    assert client.get(page).status_code == 200, page
"""


def test_the_web_process_has_imported_nothing_heavy(tmp_path: Path) -> None:
    names = _modules_after(_WEB, tmp_path)
    assert not [name for name in _HEAVY if name in names]
    assert "flask" in names


def test_the_relay_and_the_bench_know_no_web(tmp_path: Path) -> None:
    names = _modules_after("from hub.workers import bench, nightly, relay", tmp_path)
    assert not [name for name in ("flask", "werkzeug", "jinja2", "pyxform") if name in names]


def test_the_supervisor_carries_no_worker(tmp_path: Path) -> None:
    names = _modules_after("from hub.cli import main, run", tmp_path)
    assert not [name for name in ("flask", "lxml", "PIL", "escpos", "urllib3", "pyxform") if name in names]
