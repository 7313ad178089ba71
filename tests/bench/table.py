"""What was measured, against what is aimed at: a table for people, JSON for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Line:
    """One figure; ``aim`` reads "≥ 0.60" or "≤ 150", ``met`` is None where nothing is aimed at."""

    what: str
    value: float
    unit: str
    aim: str = ""
    met: bool | None = None
    spread: str = ""
    note: str = ""


def at_least(what: str, value: float, aim: float, unit: str, spread: str = "", note: str = "") -> Line:
    """Return a line that should be high."""
    return Line(what, value, unit, f"≥ {aim:g}", value >= aim, spread, note)


def at_most(what: str, value: float, aim: float, unit: str, spread: str = "", note: str = "") -> Line:
    """Return a line that should be low."""
    return Line(what, value, unit, f"≤ {aim:g}", value <= aim, spread, note)


def drawn(lines: list[Line]) -> str:
    """Return the table."""
    rows = [("", "what", "value", "aim", "spread", "note")]
    for line in lines:
        mark = {True: "✔", False: "✘", None: " "}[line.met]
        value = (
            f"{line.value:.2f}"
            if line.value < 10
            else f"{line.value:,.1f}" if line.value < 1000 else f"{line.value:,.0f}"
        )
        rows.append((mark, line.what, f"{value} {line.unit}".strip(), line.aim, line.spread, line.note))
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    told = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    told.insert(1, "-" * max(map(len, told)))
    return "\n".join(told)


def plain(lines: list[Line]) -> list[dict[str, object]]:
    """Return the lines for JSON."""
    return [asdict(line) for line in lines]
