"""Where in an author's sheets a question stands: the row of a path, as a spreadsheet counts it.

Reads rows that are already dictionaries of cells; never opens a file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_FIRST_ROW = 2
_BEGIN = re.compile(r"begin[\s_]+(group|repeat|lgroup|looped group)")
_END = re.compile(r"end[\s_]+(group|repeat|lgroup|looped group)")
_GENERATED = re.compile(r"(?:generated_note_name_|generated_table_list_label_)([0-9]+)")
_PATH = re.compile(r"(?<![\w.)\]])/(?:[\w.\-:]+/)+([\w.\-:]+)")
_METADATA = {"start", "end", "today", "deviceid", "username", "phonenumber", "email", "audit"}
Sheet = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Rows:
    """The survey sheet's rows by the path of names that leads to each, the root left out."""

    paths: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)
    cells: Sequence[tuple[int, str]] = ()

    def holding(self, expression: str) -> int | None:
        """The first row whose cells hold an expression, written as the form has it or as its author did."""
        wanted = _squeezed(_PATH.sub(r"${\1}", expression))
        return next((row for row, text in self.cells if wanted and wanted in text), None)

    def row(self, path: Sequence[str]) -> int | None:
        """The row of a path (root first), else of the nearest thing above it."""
        below = tuple(name.partition("[")[0] for name in path[1:])
        while below:
            if below in self.paths:
                return self.paths[below]
            if match := _GENERATED.fullmatch(below[-1]):
                return int(match[1])
            for ending in ("_other", "_count"):
                if below[-1].endswith(ending) and (owner := self.names.get(below[-1].removesuffix(ending))):
                    return owner
            if below[-1] in self.names:
                return self.names[below[-1]]
            below = below[:-1]
        return None


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def read(survey: Sheet) -> Rows:
    """Return where each question of a survey sheet stands; its first data row is row 2."""
    paths: dict[tuple[str, ...], int] = {}
    names: dict[str, int] = {}
    above: list[str] = []
    for number, cells in enumerate(survey, start=_FIRST_ROW):
        kind, name = cell(cells, "type").lower(), cell(cells, "name")
        if _END.match(kind):
            above = above[:-1]
            continue
        if kind in _METADATA and not name:
            name = kind
        if name:
            paths.setdefault((*above, name), number)
            names.setdefault(name, number)
        if _BEGIN.match(kind):
            above.append(name)
    for kind in ("audit",):
        if kind in names:
            paths.setdefault(("meta", kind), names[kind])
    held = [
        (number, _squeezed(str(value)))
        for number, row in enumerate(survey, start=_FIRST_ROW)
        for value in row.values()
        if value is not None
    ]
    return Rows(paths, names, held)


def cell(cells: Mapping[str, object], column: str) -> str:
    """A cell by its column's name, however the heading is spelled."""
    for heading, value in cells.items():
        if heading is not None and str(heading).strip().lower() == column:
            return str(value or "").strip()
    return ""
