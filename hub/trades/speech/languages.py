"""What a call is made of in each language: pieces in their order, and how numbers are put together.

Keeps true: the same slots are what a person records, what is joined and what the machine's voice reads; a
language that cannot say a number says so instead of saying another. It knows no word of any language itself:
Vietnamese and English are phrases, every other language is recorded.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hub.base import phrases, spoken
from hub.base.spoken import Manner

_FILE = Path(__file__).with_name("languages.toml")
_LABEL = re.compile(r"(?P<letters>[^0-9]*)(?P<digits>[0-9]{1,9})")


class Piece(StrEnum):
    """A part of a call."""

    CALL = "call"
    NUMBER = "number"
    SERVICE = "service"
    DESK = "desk"


class Numbers(StrEnum):
    """How a language's numbers are recorded."""

    WORDS = "words"
    PARTS = "parts"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Language:
    """One language of calls; ``clauses`` are its pieces between short pauses."""

    tag: str
    clauses: tuple[tuple[Piece, ...], ...]
    numbers: Numbers
    most: int
    parts: tuple[int, ...] = ()

    @property
    def written(self) -> bool:
        """Whether the House has words of it, so that the machine's voice can speak it too."""
        return self.tag in phrases.LANGUAGES

    @property
    def name_key(self) -> str:
        """The phrase that names it."""
        return f"speech.lang_{self.tag}"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one recording: its name, and what is said, in the call's language or in Vietnamese."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What calls of this House name: desks, what stands before numbers, services by id with their names.

    ``letters`` holds "" where numbers stand alone; ``services`` is empty where calls do not name the service.
    """

    desks: tuple[str, ...]
    letters: tuple[str, ...] = ("",)
    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    manner: Manner = spoken.USUAL


@functools.cache
def all() -> Mapping[str, Language]:
    """Return every language by its tag, Vietnamese first."""
    tables = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {tag: read(tag, table) for tag, table in tables.items()}


def read(tag: str, table: Mapping[str, object]) -> Language:
    """Return one language of the data; raises ``ValueError`` for a table that makes no sense."""
    clauses = tuple(tuple(Piece(word) for word in clause.split()) for clause in str(table["call"]).split(","))
    numbers, most = Numbers(str(table["numbers"])), int(str(table["most"]))
    parts = tuple(_ranges(str(table.get("parts", "")))) if numbers is Numbers.PARTS else ()
    pieces = [piece for clause in clauses for piece in clause]
    if not {Piece.NUMBER, Piece.DESK} <= set(pieces) or len(pieces) != len(set(pieces)) or most < 1:
        raise ValueError(f"{tag}: a call needs its number and its desk, each once")
    made = Language(tag, clauses, numbers, most, parts)
    if numbers is Numbers.WORDS and not made.written:
        raise ValueError(f"{tag}: number words are known for {', '.join(phrases.LANGUAGES)} only")
    if numbers is Numbers.PARTS and any(added(made, number) is None for number in range(1, most + 1)):
        raise ValueError(f"{tag}: the parts do not add up to every number up to {most}")
    return made


def added(language: Language, number: int) -> tuple[int, ...] | None:
    """Return ``number`` as the largest recorded parts, biggest first; None when they do not add up."""
    found = []
    for part in sorted(language.parts, reverse=True):
        if 0 < part <= number:
            found.append(part)
            number -= part
    return tuple(found) if number == 0 else None


def slots(language: Language, needs: Needs) -> tuple[Slot, ...]:
    """Return everything to be recorded so that every call of this House can be made, in a good order."""
    found: dict[str, Slot] = {}

    def add(*several: Slot) -> None:
        found.update((one.name, one) for one in several)

    for piece in (piece for clause in language.clauses for piece in clause):
        match piece:
            case Piece.CALL:
                add(_call(language))
            case Piece.DESK:
                add(*(_desk(language, desk, needs.manner) for desk in needs.desks))
            case Piece.SERVICE:
                add(*(_service(language, one, needs) for one in needs.services))
            case Piece.NUMBER:
                add(*(_letter(mark) for letter in needs.letters for mark in letter))
                add(*_numbers(language, needs.manner))
    return tuple(found.values())


def clauses(
    language: Language, label: str, desk: str, service: str, needs: Needs
) -> tuple[tuple[Slot, ...], ...] | None:
    """Return a call as slots, clause by clause; None when this language cannot say the number.

    ``label`` is a ticket's, such as ``A105``; ``service`` is said where ``needs`` names it.
    """
    number = _label(language, label, needs.manner)
    if number is None:
        return None
    said = {
        Piece.CALL: (_call(language),),
        Piece.NUMBER: number,
        Piece.SERVICE: (_service(language, service, needs),) if service in needs.services else (),
        Piece.DESK: (_desk(language, desk, needs.manner),),
    }
    made = (tuple(slot for piece in clause for slot in said[piece]) for clause in language.clauses)
    return tuple(clause for clause in made if clause)


def _label(language: Language, label: str, manner: Manner) -> tuple[Slot, ...] | None:
    found = _LABEL.fullmatch(label)
    if found is None:
        return None
    number = int(found["digits"])
    if not 1 <= number <= language.most:
        return None
    letters = tuple(_letter(mark) for mark in found["letters"].strip())
    return letters + _number(language, number, manner)


def _number(language: Language, number: int, manner: Manner) -> tuple[Slot, ...]:
    if language.numbers is Numbers.WORDS:
        words = spoken.number(number, language.tag, manner).replace("-", " ").split()
        return tuple(Slot(f"word-{word}", word) for word in words)
    parts = (added(language, number) or ()) if language.numbers is Numbers.PARTS else (number,)
    return tuple(Slot(f"number-{part}", spoken.number(part, phrases.DEFAULT, manner)) for part in parts)


@functools.lru_cache(maxsize=32)
def _numbers(language: Language, manner: Manner) -> tuple[Slot, ...]:
    # Every page of a recording asks several times, and a thousand numbers are a handful of words.
    told = (slot for number in range(1, language.most + 1) for slot in _number(language, number, manner))
    return tuple(dict.fromkeys(told))


def _words(language: Language) -> str:
    return phrases.language(language.tag)


def _call(language: Language) -> Slot:
    return Slot("call", phrases.say(_words(language), "speech.slot_call"))


def _letter(letter: str) -> Slot:
    return Slot(f"letter-{letter}", letter)


def _desk(language: Language, desk: str, manner: Manner) -> Slot:
    lang = _words(language)
    if desk.isascii() and desk.isdigit() and len(desk) <= 9:
        told = spoken.number(int(desk), lang, manner)
        return Slot(f"desk-{desk}", phrases.say(lang, "speech.slot_desk", desk=told))
    return Slot(f"desk-{desk}", phrases.say(lang, "speech.slot_desk_named", desk=desk))


def _service(language: Language, service: str, needs: Needs) -> Slot:
    return Slot(f"service-{service}", needs.services[service][_words(language)])


def _ranges(written: str) -> list[int]:
    found: list[int] = []
    for part in written.replace(",", " ").split():
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
