"""The register of processing: what is kept of people, for what, who sees it, how long, who gets it.

Keeps true: it speaks of the settings in force, never of numbers written twice; each table of the database has
its one place in it. It is not a contract and holds nothing of anybody.
"""

from __future__ import annotations

import csv
import functools
import io
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.base import phrases
from hub.base.settings import Settings

COLUMNS = ("purpose", "data", "sensitive", "basis", "seen_by", "kept", "how_long", "to")
_FILE = Path(__file__).with_name("register.toml")
_SETTING = re.compile(r"\{([a-z_.]+)\}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of processing in one language: its columns in order, and the tables it lies in."""

    id: str
    cells: tuple[str, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """All entries; when and from where the duties were read, and how sure that is."""

    entries: tuple[Entry, ...]
    without_people: tuple[str, ...]
    as_of: str
    source: str
    status: str


def read(settings: Settings, lang: str) -> Register:
    """Return the register in one language, with the days of the settings in force."""
    told = _told()
    entries = tuple(
        Entry(one["id"], tuple(_cell(one, name, settings, lang) for name in COLUMNS), tuple(one["tables"]))
        for one in told["entry"]
    )
    return Register(entries, tuple(told["nothing"]["tables"]), told["as_of"], told["source"], told["status"])


def heads(lang: str) -> tuple[str, ...]:
    """Return the names of the columns."""
    return tuple(phrases.say(lang, f"privacy.register_{name}") for name in COLUMNS)


def as_text(settings: Settings, lang: str) -> str:
    """Return the register to be read on a terminal or a paper."""
    found = read(settings, lang)
    names = heads(lang)
    blocks = [
        "\n".join(f"{name}: {cell}" for name, cell in zip(names, one.cells, strict=True))
        for one in found.entries
    ]
    return "\n\n".join((phrases.say(lang, "privacy.register_title"), *blocks)) + "\n"


def as_csv(settings: Settings, lang: str) -> str:
    """Return the register as a table for a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads(lang))
    writer.writerows(one.cells for one in read(settings, lang).entries)
    return out.getvalue()


def _cell(entry: dict[str, Any], name: str, settings: Settings, lang: str) -> str:
    if name == "sensitive":
        return phrases.say(lang, f"privacy.sensitive_{'yes' if entry['sensitive'] else 'no'}")
    said: str = entry[lang][name]
    return _SETTING.sub(_value_in(settings), said)


def _value_in(settings: Settings) -> Callable[[re.Match[str]], str]:
    def value(found: re.Match[str]) -> str:
        here: Any = settings
        for part in found[1].split("."):
            here = getattr(here, part)
        return str(here)

    return value


@functools.cache
def _told() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
