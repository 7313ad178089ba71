"""Which answers of a form stand in which place of the official form on paper.

Keeps true: the drawing knows no form and a form knows no drawing: a pack's ``paper.toml`` joins the two. A
key that is not known here stops the reading, so that no field stays empty through a slip of the pen.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from hub.base.errors import NotReady
from hub.packs.shelf import Shelf
from hub.sheets.model import Consent
from hub.trades.procedures import rows
from hub.trades.procedures.model import Drawn

_FILE = "procedures/{slug}/paper.toml"


class Place(StrEnum):
    """The places of a paper form that take one answer each."""

    ADDRESSED_TO = "addressed_to"
    NAME = "name"
    BORN = "born"
    SEX = "sex"
    NUMBER = "number"
    PHONE = "phone"
    EMAIL = "email"
    HEAD_NAME = "head_name"
    RELATION = "relation"
    HEAD_NUMBER = "head_number"
    REQUEST = "request"


class Column(StrEnum):
    """What is told of each person in the table of members."""

    NAME = "name"
    BORN = "born"
    SEX = "sex"
    NUMBER = "number"
    RELATION = "relation"


class Signer(StrEnum):
    """Whose opinion the paper asks for beside the declarant's."""

    HEAD = "head"
    OWNER = "owner"
    GUARDIAN = "guardian"


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that must be answered with one of these values."""

    question: rows.Path
    # A field of TOML that is a word of Python.
    one_of: tuple[rows.Text, ...] = msgspec.field(name="is")


class OpinionRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the form asks how somebody agrees, and when it is the declarant, or the household head,
    themself.
    """

    how: rows.Path
    name: tuple[rows.Path, ...] = ()
    number: tuple[rows.Path, ...] = ()
    declarant: When | None = None
    head: When | None = None


class MembersRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The repeat whose instances are the rows of the table; ``columns`` by their names in it."""

    repeat: rows.Path
    columns: dict[Column, tuple[rows.Text, ...]]


class _PaperFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    drawn: Drawn
    fields: dict[Place, tuple[rows.Path, ...]]
    said: dict[str, str] = {}
    members: MembersRow | None = None
    opinions: dict[Signer, OpinionRow] = {}
    ways: dict[str, Consent] = {}
    online: When | None = None


@dataclass(frozen=True, slots=True)
class PaperMap:
    """A form's answers by their places: several paths where the first that is asked and answered counts.

    ``said`` prints a choice otherwise than its label says it, ``ways`` is what a way to agree means on paper.
    """

    drawn: Drawn
    fields: Mapping[Place, tuple[str, ...]]
    said: Mapping[str, str]
    members: MembersRow | None
    opinions: Mapping[Signer, OpinionRow]
    ways: Mapping[str, Consent]
    online: When | None

    def paths(self) -> tuple[str, ...]:
        """Return every question it names, for a test against the form."""
        found = [path for paths in self.fields.values() for path in paths]
        if self.members is not None:
            columns = (name for names in self.members.columns.values() for name in names)
            found += [self.members.repeat, *(f"{self.members.repeat}/{name}" for name in columns)]
        conditions = [self.online]
        for row in self.opinions.values():
            found += [row.how, *row.name, *row.number]
            conditions += [row.declarant, row.head]
        return (*found, *(one.question for one in conditions if one is not None))


@functools.lru_cache(maxsize=64)
def read(shelf: Shelf, slug: str) -> PaperMap | None:
    """Return the places of a procedure's paper form, None for one without; raises
    ``NotReady("packs.bad_file")``.
    """
    name = _FILE.format(slug=slug)
    if not shelf.has(name):
        return None
    try:
        told = msgspec.convert(shelf.table(name), _PaperFile)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=name, why=str(bad)) from bad
    return PaperMap(told.drawn, told.fields, told.said, told.members, told.opinions, told.ways, told.online)
