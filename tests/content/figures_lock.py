"""Every figure of the pack beside the source it was read from, as it was when somebody last looked at both.

``tests/content/figures.lock.toml`` is written by ``python -m tests.content.figures_lock``. It refuses to
write a number that changed while its day and its sources stayed: read the source again and set ``as_of``,
or name the new source.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from tests.content import pack

LOCK = Path(__file__).with_name("figures.lock.toml")
_HEAD = """\
# Every figure of content/core/procedures: what it says, and where that was read. Not edited by hand:
#   python -m tests.content.figures_lock
# A number that changed without a new source or a new as_of is refused there, and fails the tests here.
"""


class Pin(NamedTuple):
    """What a figure says, and where that was read."""

    says: str
    read: str


def pins() -> dict[str, Pin]:
    """Give every figure of the pack as it is now, by ``slug/id`` and the day from which it holds."""
    found: dict[str, Pin] = {}
    for path in sorted((pack.ROOT / "procedures").glob("*/procedure.toml")):
        told = tomllib.loads(path.read_text("utf-8"))
        for figure in told["figure"]:
            since = f"@{figure['valid_from']}" if "valid_from" in figure else ""
            found[f"{told['slug']}/{figure['id']}{since}"] = pin(figure)
    return found


def pin(figure: dict[str, Any]) -> Pin:
    """Give one figure's two sides."""
    numbers = [str(figure.get(key, "-")) for key in ("value", "value_max", "value_online")]
    days = f"{figure.get('valid_from', '')}..{figure.get('valid_until', '')}"
    says = f"{' '.join(numbers)} {figure['unit']} {figure['status']} {days}"
    return Pin(says, f"{figure['as_of']} | {' | '.join(figure['sources'])}")


def locked() -> dict[str, Pin]:
    """Give what was pinned."""
    if not LOCK.exists():
        return {}
    told = tomllib.loads(LOCK.read_text("utf-8"))
    return {name: Pin(row["says"], row["read"]) for name, row in told.items()}


def unsourced(before: dict[str, Pin], now: dict[str, Pin]) -> list[str]:
    """Name the figures that say something else although nothing new was read.

    A row with another ``valid_from`` is measured against the rows of its id that are gone.
    """
    bad = []
    for name, pinned in now.items():
        stem = name.partition("@")[0]
        gone = [old for key, old in before.items() if key.partition("@")[0] == stem and key not in now]
        earlier = [before[name]] if name in before else gone
        if any(old.says != pinned.says and old.read == pinned.read for old in earlier):
            bad.append(name)
    return bad


def write(now: dict[str, Pin]) -> None:
    """Write the lock."""
    rows = [
        f'\n["{name}"]\nsays = {_quoted(one.says)}\nread = {_quoted(one.read)}\n' for name, one in now.items()
    ]
    LOCK.write_text(_HEAD + "".join(rows), "utf-8")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def main() -> int:
    """Pin what stands in the pack now; 1 when a number changed without a source."""
    now = pins()
    bad = unsourced(locked(), now)
    if bad:
        print("changed without a new source or as_of: " + ", ".join(bad))
        return 1
    write(now)
    print(f"{len(now)} figures pinned")
    return 0


if __name__ == "__main__":
    sys.exit(main())
