"""What can stand on a sheet of A4, before anybody draws it.

Keeps true: a sheet is words alone, already in the language it is printed in; it holds no address of a form,
no database row, and shows nothing of a person in its ``repr``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Consent(StrEnum):
    """How somebody whose opinion CT01 asks for gives it; ``SIGNS`` on the sheet itself."""

    UNASKED = "unasked"
    SIGNS = "signs"
    VNEID = "vneid"
    OWN_PAPER = "own_paper"
    NOT_NEEDED = "not_needed"
    DECLARANT = "declarant"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Opinion:
    """One of the columns for signatures; name and number are printed only with ``Consent.VNEID``."""

    how: Consent = Consent.UNASKED
    name: str = field(default="", repr=False)
    number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A row of table 11 of CT01; ``born`` as it is printed, a day or only a year."""

    name: str = field(repr=False)
    born: str = field(default="", repr=False)
    sex: str = field(default="", repr=False)
    number: str = field(default="", repr=False)
    relation: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Ct01:
    """The declaration of a change of residence as its printed form numbers it; empty is a dotted line.

    ``online`` says that the declarant does not sign; ``version`` names the form's circular; ``foot`` who
    printed it.
    """

    addressed_to: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    born: str = field(default="", repr=False)
    sex: str = field(default="", repr=False)
    number: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    head_name: str = field(default="", repr=False)
    relation: str = field(default="", repr=False)
    head_number: str = field(default="", repr=False)
    request: str = field(default="", repr=False)
    members: tuple[Member, ...] = field(default=(), repr=False)
    head: Opinion = Opinion()
    owner: Opinion = Opinion()
    guardian: Opinion = Opinion()
    online: bool = False
    foot: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what was answered; an empty answer is a dotted line to write on."""

    label: str
    answer: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a declaration: lines, and below them a table where it has ``heads``; ``level`` 1 is
    outermost.
    """

    title: str
    lines: tuple[Line, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    level: int = 1


@dataclass(frozen=True, slots=True)
class Declaration:
    """Any form's answers as a clean sheet to sign; ``under`` names the official form it stands for."""

    title: str
    under: str = ""
    addressed_to: str = ""
    sections: tuple[Section, ...] = ()
    signer: str = field(default="", repr=False)
    foot: str = ""


class Mark(StrEnum):
    """What stands before a line of a leaflet; a drawn sign, never a letter."""

    NONE = "none"
    BOX = "box"
    TICKED = "ticked"
    CROSS = "cross"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a leaflet, with a smaller one below it."""

    words: str = field(repr=False)
    small: str = ""
    mark: Mark = Mark.NONE


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under one heading."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Leaflet:
    """A sheet of the House's own: a cover sheet for an officer, a checklist for whoever goes there.

    ``code`` is printed large; ``qr`` is what a telephone reads, empty for none, with ``qr_label`` below it.
    """

    house: str
    place: str
    title: str
    under: str = ""
    code: str = ""
    code_label: str = ""
    qr: str = ""
    qr_label: str = ""
    facts: tuple[Line, ...] = ()
    blocks: tuple[Block, ...] = ()
    foot: str = ""
    lang: str = "vi"


Sheet = Ct01 | Declaration | Leaflet
