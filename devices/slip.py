"""What a receipt is: a row of parts from top to bottom, with no thought of dots or printers.

A slip is a plain value: its text is NFC and free of control characters from the moment it is made, it
survives a trip through a database column (``encode``/``decode``) unchanged, and ``as_text`` shows it to a
person or a golden file. It never knows a language: every word on it comes from the caller.
"""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, get_args, get_type_hints

from devices.ports import Malformed

_FORMAT = 1
LONGEST_QR_BYTES = 600
_COLUMNS = 42


class Size(StrEnum):
    """The three sizes of running text."""

    SMALL = "small"
    NORMAL = "normal"
    LARGE = "large"


class Align(StrEnum):
    """Where a line of text stands; ``LEFT`` is where it begins, at the right for a script read from there."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


def _clean(text: str) -> str:
    kept = (
        mark
        for mark in text.replace("\t", " ")
        if mark == "\n" or unicodedata.category(mark) not in ("Cc", "Cs")
    )
    return unicodedata.normalize("NFC", "".join(kept))


class _Part:
    """What all parts share: text is cleaned when they are made, and one line but in ``many_lines``."""

    __slots__ = ()
    many_lines: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if type(value) is str:
                cleaned = _clean(value)
                if field.name not in self.many_lines:
                    cleaned = cleaned.replace("\n", " ")
                object.__setattr__(self, field.name, cleaned)


@dataclass(frozen=True, slots=True)
class Text(_Part):
    """A paragraph; wraps at words, and a newline starts a new line."""

    many_lines: ClassVar[tuple[str, ...]] = ("text",)
    text: str
    size: Size = Size.NORMAL
    bold: bool = False
    align: Align = Align.LEFT


@dataclass(frozen=True, slots=True)
class Big(_Part):
    """The one thing to be read from two metres away: a ticket's number."""

    text: str


@dataclass(frozen=True, slots=True)
class Picture(_Part):
    """A drawing from the printer's picture book; ``inverted`` is white on a dark ground."""

    name: str
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class Qr(_Part):
    """A QR code with a few words beside or under it; at most 600 bytes of data."""

    many_lines: ClassVar[tuple[str, ...]] = ("data", "caption")
    data: str
    caption: str = ""

    def __post_init__(self) -> None:
        _Part.__post_init__(self)
        if not 0 < len(self.data.encode("utf-8")) <= LONGEST_QR_BYTES:
            raise Malformed(f"a QR code carries 1 to {LONGEST_QR_BYTES} bytes")


@dataclass(frozen=True, slots=True)
class Rule(_Part):
    """A line across the paper; ``woven`` is the brocade border."""

    woven: bool = False


@dataclass(frozen=True, slots=True)
class Space(_Part):
    """Empty paper, in dots of an 80 mm printer (8 a millimetre), at most 400."""

    dots: int = 16

    def __post_init__(self) -> None:
        if not 0 <= self.dots <= 400:
            raise Malformed("a space is 0 to 400 dots")


@dataclass(frozen=True, slots=True)
class Row(_Part):
    """Two things on one line: what it is, and at the right edge how much."""

    left: str
    right: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Band(_Part):
    """Words in white on a dark band over the whole width: "this is a copy"."""

    text: str


Part = Text | Big | Picture | Qr | Rule | Space | Row | Band
_KINDS: dict[str, type[Part]] = {kind.__name__.lower(): kind for kind in get_args(Part)}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_TYPES = {
    kind: {name: hint for name, hint in get_type_hints(kind).items() if name != "many_lines"}
    for kind in _NAMES
}


@dataclass(frozen=True, slots=True)
class Slip:
    """One piece of paper, cut at its end."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if not self.parts or any(type(part) not in _NAMES for part in self.parts):
            raise Malformed("a slip is a tuple of at least one known part")


def marked_copy(slip: Slip, words: str) -> Slip:
    """Return the slip with a band saying ``words`` on top.

    A slip that carries this band already stays as it is.
    """
    band = Band(words)
    return slip if slip.parts[0] == band else Slip((band, *slip.parts))


def encode(slip: Slip) -> str:
    """Write a slip as JSON text for a database column; ``decode`` reads it back equal."""
    parts = [{"part": _NAMES[type(part)], **dataclasses.asdict(part)} for part in slip.parts]
    return json.dumps({"slip": _FORMAT, "parts": parts}, ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> Slip:
    """Read what ``encode`` wrote.

    Raise Malformed for anything else, also for a field or part it does not know.
    """
    try:
        told = json.loads(text)
    except ValueError as error:
        raise Malformed(f"a slip is JSON: {error}") from None
    if not isinstance(told, dict) or set(told) != {"slip", "parts"} or not isinstance(told["parts"], list):
        raise Malformed("a slip has a format number and a list of parts")
    if type(told["slip"]) is not int or told["slip"] != _FORMAT:
        raise Malformed(f"slip format {told['slip']!r} is not {_FORMAT}")
    return Slip(tuple(_part(entry) for entry in told["parts"]))


def _part(entry: object) -> Part:
    if not isinstance(entry, dict) or not isinstance(entry.get("part"), str) or entry["part"] not in _KINDS:
        raise Malformed(f"not a known part: {entry!r:.80}")
    kind = _KINDS[entry["part"]]
    types = _TYPES[kind]
    values: dict[str, object] = {}
    for name, value in entry.items():
        if name == "part":
            continue
        if name not in types:
            raise Malformed(f"{entry['part']} has no {name!r}")
        values[name] = _value(types[name], value, f"{entry['part']}.{name}")
    try:
        return kind(**values)  # type: ignore[arg-type]
    except TypeError:
        raise Malformed(f"{entry['part']} misses a field") from None


def _value(wanted: type, value: object, where: str) -> object:
    if issubclass(wanted, StrEnum):
        try:
            return wanted(str(value))
        except ValueError:
            raise Malformed(f"{where} cannot be {value!r:.40}") from None
    if type(value) is not wanted:
        raise Malformed(f"{where} must be {wanted.__name__}")
    return value


def as_text(slip: Slip) -> str:
    """Show a slip as readable text of 42 columns, one line or more a part, for golden files, logs and
    pages.
    """
    return "\n".join(line.rstrip() for part in slip.parts for line in _shown(part)) + "\n"


def _shown(part: Part) -> list[str]:
    match part:
        case Text(text, size, bold, align):
            mark = {Size.SMALL: "· ", Size.NORMAL: "", Size.LARGE: "# "}[size]
            lines = [f"{mark}*{line}*" if bold and line else f"{mark}{line}" for line in text.split("\n")]
            return [_aligned(line, align) for line in lines]
        case Big(text):
            return [f"[[ {text} ]]".center(_COLUMNS)]
        case Picture(name, inverted):
            return [f"(picture {name}{', inverted' if inverted else ''})".center(_COLUMNS)]
        case Qr(data, caption):
            return [
                f"(qr {data})".center(_COLUMNS),
                *(line.center(_COLUMNS) for line in caption.split("\n") if line),
            ]
        case Rule(woven):
            return [("<>" if woven else "--") * (_COLUMNS // 2)]
        case Space():
            return [""]
        case Row(left, right, bold):
            shown = f"*{right}*" if bold else right
            gap = max(2, _COLUMNS - len(left) - len(shown))
            return [f"{left}{' ' * gap}{shown}"]
        case Band(text):
            return [f"#### {text} ####".center(_COLUMNS, "#")]


def _aligned(line: str, align: Align) -> str:
    if align is Align.CENTRE:
        return line.center(_COLUMNS)
    return line.rjust(_COLUMNS) if align is Align.RIGHT else line
