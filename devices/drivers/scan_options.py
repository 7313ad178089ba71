"""What a SANE scanner can be asked for, read from ``scanimage -A``.

Keeps true: makers name the same thing in many ways; the words are matched by what they mean, and what is not
understood is not asked for. The resolution nearest to the wish is taken, and the true one is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.desk_ports import ScanSource, ScanWish
from devices.ports import Unsupported

_OPTION = re.compile(
    r"^ {2,6}--?([A-Za-z][A-Za-z0-9-]*)(?:\[=\(([^)]*)\)\])?(?: (.*?))? \[(.*?)\]"
    r"(?: \[(?:read-only|hardware|advanced|software)\])*\s*$"
)
_LINE_MOST = 2_000
_RANGE = re.compile(r"^(-?[\d.]+)\.\.(-?[\d.]+)(dpi|mm|%|us|pel)?(?: \(in steps of ([\d.]+)\))?")
_PAPER = {"x": ("page-width", 210.0), "y": ("page-height", 297.0)}
# A lid for slides, the back alone, a slot for plastic cards, and what the scanner would choose itself.
_NO_PAPER = ("back", "transparency", "negative", "film", "slide", "tpu", "card")
_GLASS = ("flatbed", "platen", "glass", "table")
_BARE_GLASS = ("normal", "fb")
# Words in which grey or colour is said, but not eight bits of it a dot.
_NOT_EIGHT = ("diffusion", "halftone", "lineart", "16 bit", "16bit", "48 bit", "48bit", "30bit", "36bit")


@dataclass(frozen=True, slots=True)
class Options:
    """The options that can be set, by name with the words of their values; ``now`` as they are set.

    ``idle`` are those that only another source would wake.
    """

    values: dict[str, str]
    now: dict[str, str]
    idle: dict[str, str]

    def words(self, name: str) -> tuple[str, ...]:
        """Return the values that an option of words may take."""
        return _words(self.values.get(name, ""))


def _words(values: str) -> tuple[str, ...]:
    return tuple(word for part in values.split("|") if (word := part.strip()) and word != "auto")


def parse(output: str) -> Options:
    """Return the options that ``scanimage -A`` printed."""
    values: dict[str, str] = {}
    now: dict[str, str] = {}
    idle: dict[str, str] = {}
    for line in output.splitlines():
        found = _OPTION.match(line[:_LINE_MOST])
        if found is None or "[read-only]" in line:
            continue
        name, told = found[1], (found[2] or found[3] or "").strip()
        if found[4] == "inactive":
            idle[name] = told
        else:
            values[name], now[name] = told, found[4]
    return Options(values, now, idle)


def sources(options: Options) -> dict[ScanSource, str]:
    """Return where paper may lie, each with the scanner's own word; the empty word asks for nothing."""
    found: dict[ScanSource, str] = {}
    for word in options.words("source"):
        kind = _kind(word.lower())
        if kind is not None:
            found.setdefault(kind, word)
    feeder = found.get(ScanSource.FEEDER)
    if feeder is not None and _switch(options.values) is not None:
        found.setdefault(ScanSource.FEEDER_BOTH, feeder)
    return found or {ScanSource.FLATBED: ""}


def _kind(word: str) -> ScanSource | None:
    if any(part in word for part in _NO_PAPER):
        return None
    if "duplex" in word or "both" in word:
        return ScanSource.FEEDER_BOTH
    if "adf" in word or "feeder" in word:
        return ScanSource.FEEDER
    if any(part in word for part in _GLASS) or word in _BARE_GLASS:
        return ScanSource.FLATBED
    return None


def first(options: Options, source: ScanSource) -> str | None:
    """Return the word of a source that must be set before the options tell its truth; None where they do.

    Resolutions and sizes belong to a source, and the switch for both sides wakes with the feeder.
    """
    known = sources(options)
    word = known.get(source)
    if word is None and source is ScanSource.FEEDER_BOTH and _switch(options.idle) is not None:
        word = known.get(ScanSource.FEEDER)
    return word if word and word != options.now.get("source") else None


def _switch(options: dict[str, str]) -> tuple[str, str, str] | None:
    # The option that chooses one side or both, with its words for that.
    for name, told in options.items():
        words = {word.lower(): word for word in _words(told)}
        if "simplex" in words and "duplex" in words:
            return name, words["simplex"], words["duplex"]
        if name.lower() == "duplex" and {"yes", "no"} <= set(words):
            return name, "no", "yes"
    return None


def arguments(options: Options, wish: ScanWish) -> tuple[list[str], int]:
    """Return what ``scanimage`` is told for a wish, and the resolution it will scan at.

    ``options`` are those of the wish's source. Raises Unsupported for a source that the scanner does not have.
    """
    known = sources(options)
    if wish.source not in known:
        raise Unsupported(f"this scanner has no {wish.source}")
    told: list[str] = []
    # The order matters: the source and the mode decide what else may be set.
    if known[wish.source]:
        told.append(f"--source={known[wish.source]}")
    if wish.source is not ScanSource.FLATBED and (switch := _switch(options.values)) is not None:
        told.append(f"--{switch[0]}={switch[2 if wish.source is ScanSource.FEEDER_BOTH else 1]}")
    if (mode := _mode(options.words("mode"), wish.colour)) is not None:
        told.append(f"--mode={mode}")
    if "8" in {word.removesuffix("bit") for word in options.words("depth")}:
        told.append("--depth=8")
    dpi = resolution(options.values.get("resolution", ""), wish.dpi)
    if dpi is not None:
        told.append(f"--resolution={dpi}")
    return told + _size(options), dpi or wish.dpi


def _size(options: Options) -> list[str]:
    papers: list[str] = []
    areas: list[str] = []
    for name, (paper, a4) in _PAPER.items():
        most = _millimetres(options, name)
        # A feeder is told the paper's size first, for until then it allows no larger area.
        sheet = _millimetres(options, paper)
        if sheet is not None:
            papers.append(f"--{paper}={min(a4, sheet):g}")
            most = max(most or 0.0, sheet)
        if most is not None:
            areas += [f"-{name}", f"{min(a4, most):g}"]
    return papers + areas


def _millimetres(options: Options, name: str) -> float | None:
    # Some count in dots: without a word about A4 they scan all they have.
    most = _RANGE.match(options.values.get(name, ""))
    return float(most[2]) if most is not None and most[3] == "mm" else None


def resolution(values: str, wanted: int) -> int | None:
    """Return the allowed dots an inch nearest to ``wanted``, the finer of two; None where none can be set."""
    if (most := _RANGE.match(values)) is not None:
        low, high, step = float(most[1]), float(most[2]), float(most[4] or 0)
        at = min(max(float(wanted), low), high)
        if step > 0:
            at = min(low + round((at - low) / step) * step, high)
        return max(1, round(at))
    allowed = [int(number) for number in re.findall(r"\d+", values)]
    return min(allowed, key=lambda dpi: (abs(dpi - wanted), -dpi), default=None)


def _mode(words: tuple[str, ...], colour: bool) -> str | None:
    plain = [word for word in words if not any(part in word.lower() for part in _NOT_EIGHT)]
    colours = [word for word in plain if "colo" in word.lower()]
    greys = [word for word in plain if "gray" in word.lower() or "grey" in word.lower()]
    return next(iter(colours + greys if colour else greys + colours), None)
