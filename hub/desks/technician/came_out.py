"""What came out of the practice devices: slips, sheets, sounds and buzzes.

Keeps true: it reads what the simulators left in their folder and asks no device. Sheets of A4 may be about
somebody, so they are shown in a demo House only, where everybody is made up.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response

from devices import journal
from hub.base import clock as clocks
from hub.base.errors import Missing
from hub.base.house import House
from hub.desks import shell
from hub.desks.technician import common

_LAST_PAPERS, _LAST_SHEETS, _LAST_SOUNDS = 6, 4, 8
_SHEET = re.compile(r"^sheet-(\d{6})\.pdf$")
_DRAWN_S = 10.0


@dataclass(frozen=True, slots=True)
class Sound:
    """Something that was heard: a file of the loudspeaker or a pattern of the buzzer."""

    what: str
    length: str
    at: str


@dataclass(frozen=True, slots=True)
class Out:
    """Everything that came out; papers are (number, time, whole, text), sheets (number, time, drawn as a picture)."""

    papers: tuple[tuple[int, str, bool, str], ...] = ()
    sheets: tuple[tuple[int, str, bool], ...] = ()
    heard: tuple[Sound, ...] = ()
    buzzed: tuple[Sound, ...] = ()


def add_to(desk: Blueprint) -> None:
    """Put the pictures on ``desk``."""
    common.put(desk, "/devices/papers/<int:number>.png", paper_picture)
    common.put(desk, "/devices/sheets/<int:number>.png", sheet_picture)
    common.put(desk, "/devices/sheets/<int:number>.pdf", sheet_file)


def all(house: House, simulated: frozenset[str]) -> Out:
    """Return what came out of those devices that are simulated."""
    told = {name: journal.read(house.simulated / f"{name}.json") for name in simulated}
    return Out(
        papers=_papers(told.get("printer", {})),
        sheets=_sheets(told.get("sheets", {})) if house.settings.house.demo else (),
        heard=_heard(told.get("speaker", {})),
        buzzed=_buzzed(told.get("panel", {})),
    )


def paper_picture(number: int) -> Response:
    """Give one paper of the simulated printer as a picture."""
    try:
        picture = (shell.house().simulated / f"paper-{number:06}.png").read_bytes()
    except FileNotFoundError as bad:
        raise Missing("technician.no_paper", number=number) from bad
    return Response(picture, mimetype="image/png", headers={"Cache-Control": "no-store"})


def sheet_picture(number: int) -> Response:
    """Give the first page of one sheet of the simulated printer as a picture."""
    path = _sheet(number)
    picture = _drawn(path, path.stat().st_mtime_ns)
    if picture is None:
        raise Missing("technician.no_paper", number=number)
    return Response(picture, mimetype="image/png", headers={"Cache-Control": "no-store"})


def sheet_file(number: int) -> Response:
    """Give one sheet of the simulated printer as it was handed over."""
    return Response(
        _sheet(number).read_bytes(), mimetype="application/pdf", headers={"Cache-Control": "no-store"}
    )


def _sheet(number: int) -> Path:
    house = shell.house()
    path = house.simulated / f"sheet-{number:06}.pdf"
    if not house.settings.house.demo or not path.is_file():
        raise Missing("technician.no_paper", number=number)
    return path


@functools.lru_cache(maxsize=_LAST_SHEETS * 2)
def _drawn(path: Path, _changed: int) -> bytes | None:
    program = shutil.which("pdftoppm")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-png", "-r", "50", "-f", "1", "-l", "1", str(path)],
            capture_output=True,
            timeout=_DRAWN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout.startswith(b"\x89PNG") else None


def _sheets(told: Mapping[str, object]) -> tuple[tuple[int, str, bool], ...]:
    drawn = shutil.which("pdftoppm") is not None
    found = []
    for entry in journal.entries(dict(told), "jobs"):
        named = _SHEET.match(str(entry.get("file", "")))
        if named and entry.get("stage") == "done":
            found.append((int(named[1]), _time(entry.get("printed_at")), drawn))
    return tuple(reversed(found[-_LAST_SHEETS:]))


def _papers(told: Mapping[str, object]) -> tuple[tuple[int, str, bool, str], ...]:
    found = []
    for entry in journal.entries(dict(told), "papers")[-_LAST_PAPERS:]:
        number = entry.get("number")
        if isinstance(number, int):
            text = str(entry.get("text", ""))
            found.append((number, _time(entry.get("printed_at")), bool(entry.get("whole")), text))
    return tuple(reversed(found))


def _heard(told: Mapping[str, object]) -> tuple[Sound, ...]:
    last = journal.entries(dict(told), "played")[-_LAST_SOUNDS:]
    return tuple(
        Sound(str(entry.get("sound", "")), f"{entry.get('ms', 0)} ms", _time(entry.get("played_at")))
        for entry in reversed(last)
    )


def _buzzed(told: Mapping[str, object]) -> tuple[Sound, ...]:
    last = journal.entries(dict(told), "buzzes")[-_LAST_SOUNDS:]
    return tuple(
        Sound(
            "", " · ".join(str(part) for part in _parts(entry.get("pattern"))), _time(entry.get("buzzed_at"))
        )
        for entry in reversed(last)
    )


def _parts(pattern: object) -> list[object]:
    return list(pattern) if isinstance(pattern, list) else []


def _time(told: object) -> str:
    try:
        return common.when(clocks.parse(str(told)))
    except ValueError:
        return "–"
