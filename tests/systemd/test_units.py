"""The units: understood by systemd as written, hardened, watched over."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

_UNITS = Path(__file__).parents[2] / "systemd"
_SERVICES = sorted(path.name for path in _UNITS.glob("*.service"))


@pytest.fixture
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed")
    return found


def _keys(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in (_UNITS / name).read_text(encoding="utf-8").splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(key, value)
    return found


def test_systemd_understands_every_line(analyze: str, tmp_path: Path) -> None:
    for path in [*_UNITS.glob("*.service"), *_UNITS.glob("*.timer")]:
        # The program is not installed where the tests run; a command that exists stands for it.
        text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", path.read_text(encoding="utf-8"))
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--recursive-errors=no", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_misspelt_line_would_be_noticed(analyze: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.service"
    bad.write_text("[Service]\nExecStart=/bin/true\nProtectSistem=strict\n", encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--recursive-errors=no", "--man=no", str(bad)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "ProtectSistem" in done.stderr


@pytest.mark.parametrize("name", _SERVICES)
def test_each_service_is_hardened(analyze: str, name: str) -> None:
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", "--no-pager", str(_UNITS / name)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.parametrize("name", ["hub-web.service", "hub-bench.service", "hub-relay.service"])
def test_each_worker_is_watched_and_started_again(name: str) -> None:
    keys = _keys(name)
    assert keys["Type"] == "notify" and keys["Restart"] == "always"
    assert int(keys["WatchdogSec"]) > 0 and int(keys["TimeoutStopSec"]) >= 5


@pytest.mark.parametrize("name", _SERVICES)
def test_each_service_starts_a_command_that_exists(name: str) -> None:
    from hub.cli import main

    command = _keys(name)["ExecStart"].split()
    assert command[0].endswith("/hub") and command[1] in main._COMMANDS


def test_a_night_that_was_missed_is_made_up_for() -> None:
    timer = configparser.ConfigParser(strict=False)
    timer.optionxform = str  # type: ignore[assignment]
    timer.read(_UNITS / "hub-nightly.timer", encoding="utf-8")
    assert timer["Timer"]["Persistent"] == "yes"
