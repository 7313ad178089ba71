"""Writes docs/FORMS.md: every name a form may use, what the House makes of it, and the test that proves it.

Run ``python -m tests.forms.matrix`` after a case or a test was added; a test fails while the file is
out of step.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.forms import cases

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "docs" / "FORMS.md"
_FEATURES = Path(__file__).with_name("features.toml")
_MOST_CASES = 3
_HEAD = """# Forms: what the engine supports

An XLSForm that ODK or Kobo users have runs at the House's desks with server-drawn pages alone. A name
that is not supported as it stands is told to its author with sheet and row by `hub forms add`; nothing fails
in front of a villager. Written by `python -m tests.forms.matrix` from the corpus (`tests/forms/corpus`, a
folder a case: the form, what is posted, the submission that must come of it) and the tests named.

Of several forms of one id new dossiers use the one fetched from the office, for the office takes no other;
else, of the pack's and one put in by hand, the newer version. Drafts stay on the form they were begun on,
with its files, until a guide moves them. A form of no procedure stands under "other forms" at the guides'
desk and goes the way of every dossier.
"""


@dataclass(frozen=True)
class Row:
    """One name: ``how`` is empty where it is supported as it stands."""

    section: str
    key: str
    name: str
    how: str
    proofs: tuple[str, ...]


def rows() -> tuple[Row, ...]:
    """Every name with what proves it."""
    proved: dict[str, list[str]] = {}
    for case in cases.all():
        for key in case.proves:
            proved.setdefault(key, []).append(case.name)
    return tuple(_rows(proved))


def _rows(proved: dict[str, list[str]]) -> Iterator[Row]:
    for section in tomllib.loads(_FEATURES.read_text(encoding="utf-8"))["section"]:
        for told in section["rows"]:
            shown = proved.get(told["key"], [])[:_MOST_CASES]
            proofs = (*(f"corpus/{name}" for name in shown), *told.get("tests", ()))
            yield Row(section["title"], told["key"], told["name"], told.get("how", ""), proofs)


def has_test(node: str) -> bool:
    """Whether a test of this address is there."""
    path, _, name = node.partition("::")
    file = ROOT / path
    return file.is_file() and bool(re.search(rf"^def {name}\(", file.read_text(encoding="utf-8"), re.M))


def text() -> str:
    """The whole document."""
    told = rows()
    as_it_stands = sum(not row.how for row in told)
    count = f"{as_it_stands} of {len(told)} names are supported as they stand, in {len(cases.all())} cases."
    out, section = [_HEAD, count], ""
    for row in told:
        if row.section != section:
            section = row.section
            out += [
                "",
                f"## {section}",
                "",
                "| name | what the House makes of it | proved by |",
                "|---|---|---|",
            ]
        proofs = "<br>".join(f"`{_short(one)}`" for one in row.proofs)
        out.append(f"| `{row.name}` | {row.how or 'supported'} | {proofs} |")
    return "\n".join(out) + "\n"


def _short(node: str) -> str:
    path, _, name = node.partition("::test_")
    return f"{path.removeprefix('tests/')}: {name.replace('_', ' ')}" if name else node


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
