"""Read from a pack: the procedures, their forms, and which ID-card fields fill which questions.

Keeps true: a procedure that is half written stops the reading with file and place, so that no fee and no
paper is lost in silence; a form is handed out as the XForm that was prepared when the pack was installed.
"""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import PurePosixPath
from typing import Annotated

import msgspec

from hub.base import phrases
from hub.base.errors import Missing, NotReady
from hub.packs.pages import Page
from hub.packs.shelf import Shelf
from hub.trades.procedures.model import (
    CardField,
    Fact,
    Figure,
    FigureKind,
    Former,
    Law,
    Paper,
    PaperKind,
    Person,
    Procedure,
    Status,
    Unit,
    Words,
)

_FOLDER = "procedures"
_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Path = Annotated[str, msgspec.Meta(pattern="^/")]
_Sources = Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)]
_Amount = Annotated[int, msgspec.Meta(ge=0)]


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vi: _Text
    en: _Text


class _FactRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vi: _Text
    en: _Text
    sources: _Sources
    status: Status


class _CodeRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: _Text
    sources: _Sources
    status: Status
    replaces: str = ""


class _PaperRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: _Text
    name: _Said
    kind: PaperKind
    when: _Said
    sources: _Sources
    status: Status
    attachment: _Path | None = None


class _FigureRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: _Text
    kind: FigureKind
    label: _Said
    text: _Said
    unit: Unit
    as_of: dt.date
    sources: _Sources
    status: Status
    value: _Amount | None = None
    value_max: _Amount | None = None
    value_online: _Amount | None = None
    valid_from: dt.date | None = None


class _LawRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: _Said
    sources: _Sources
    status: Status
    note: _Said | None = None
    valid_from: dt.date | None = None


class _FormerRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    what: _Said
    sources: _Sources
    status: Status
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    slug: _Text
    plain_name: _Said
    official_name: _Said
    summary: _Said
    code: _CodeRow
    who: _FactRow
    where: _FactRow
    as_of: dt.date
    status: Status
    paper: Annotated[tuple[_PaperRow, ...], msgspec.Meta(min_length=1)]
    step: Annotated[tuple[_FactRow, ...], msgspec.Meta(min_length=1)]
    figure: tuple[_FigureRow, ...]
    form: str = ""
    form_id: str = ""
    prefill: str = ""
    picture: str = "papers"
    order: int = 1_000
    service: str = ""
    who_not: _FactRow | None = None
    not_needed: tuple[_FactRow, ...] = ()
    law: tuple[_LawRow, ...] = ()
    mistake: tuple[_FactRow, ...] = ()
    history: tuple[_FormerRow, ...] = ()


class _PersonRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    label: _Said
    page: _Text
    fields: dict[CardField, _Path]
    unique: bool = True


class _PrefillFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    person: dict[str, _PersonRow]


def slugs(shelf: Shelf) -> tuple[str, ...]:
    """Return the names of all procedures of the pack."""
    return tuple(PurePosixPath(name).parent.name for name in shelf.names(f"{_FOLDER}/*/procedure.toml"))


@functools.lru_cache(maxsize=4)
def all(shelf: Shelf) -> tuple[Procedure, ...]:
    """Return all procedures in their order; raises ``NotReady("packs.bad_file")``."""
    return tuple(sorted((get(shelf, slug) for slug in slugs(shelf)), key=lambda one: (one.order, one.slug)))


@functools.lru_cache(maxsize=64)
def get(shelf: Shelf, slug: str) -> Procedure:
    """Return one procedure; raises ``Missing("procedures.none")`` or ``NotReady("packs.bad_file")``."""
    if slug not in slugs(shelf):
        raise Missing("procedures.none")
    name = f"{_FOLDER}/{slug}/procedure.toml"
    try:
        told = msgspec.convert(shelf.table(name), _File)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=name, why=str(bad)) from bad
    if told.slug != slug or bool(told.form) != bool(told.form_id):
        raise NotReady("packs.bad_file", file=name, why="slug, form, form_id")
    persons = _persons(shelf, f"{_FOLDER}/{slug}/{told.prefill}") if told.prefill else ()
    return _procedure(told, persons)


def form_xml(shelf: Shelf, slug: str) -> bytes:
    """Return the XForm of a procedure, as prepared at installation.

    Raises ``Missing("procedures.none")``, ``Missing("procedures.no_form")`` for one without a form, and
    ``NotReady("procedures.form_not_prepared")`` when the pack names a form that was not prepared.
    """
    if not get(shelf, slug).form_id:
        raise Missing("procedures.no_form")
    try:
        return shelf.path(f"{_FOLDER}/{slug}/form.xml").read_bytes()
    except (Missing, OSError) as bad:
        raise NotReady("procedures.form_not_prepared", procedure=slug) from bad


def guide(shelf: Shelf, slug: str, lang: str) -> Page | None:
    """Return the page of advice on a procedure, in ``lang`` or in Vietnamese, or None if there is none."""
    for language in (phrases.language(lang), phrases.DEFAULT):
        if shelf.has(f"{_FOLDER}/{slug}/guide.{language}.json"):
            return shelf.page(f"{_FOLDER}/{slug}/guide.{language}.md")
    return None


@functools.lru_cache(maxsize=64)
def _persons(shelf: Shelf, name: str) -> tuple[Person, ...]:
    try:
        told = msgspec.convert(shelf.table(name), _PrefillFile)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=name, why=str(bad)) from bad
    return tuple(
        Person(id, _words(row.label), row.page, tuple(row.fields.items()), row.unique)
        for id, row in told.person.items()
    )


def _words(said: _Said | _FactRow) -> Words:
    return Words(said.vi, said.en)


def _fact(row: _FactRow) -> Fact:
    return Fact(_words(row), row.sources, row.status)


def _figure(row: _FigureRow) -> Figure:
    return Figure(
        id=row.id,
        kind=row.kind,
        label=_words(row.label),
        text=_words(row.text),
        unit=row.unit,
        value=row.value,
        value_max=row.value_max,
        value_online=row.value_online,
        as_of=row.as_of,
        valid_from=row.valid_from,
        sources=row.sources,
        status=row.status,
    )


def _procedure(told: _File, persons: tuple[Person, ...]) -> Procedure:
    return Procedure(
        slug=told.slug,
        plain_name=_words(told.plain_name),
        official_name=_words(told.official_name),
        summary=_words(told.summary),
        code=told.code.value,
        replaces=told.code.replaces,
        code_status=told.code.status,
        form_id=told.form_id,
        service=told.service,
        picture=told.picture,
        order=told.order,
        as_of=told.as_of,
        status=told.status,
        who=_fact(told.who),
        who_not=_fact(told.who_not) if told.who_not else None,
        where=_fact(told.where),
        papers=tuple(
            Paper(
                row.id, _words(row.name), row.kind, _words(row.when), row.attachment, row.sources, row.status
            )
            for row in told.paper
        ),
        not_needed=tuple(map(_fact, told.not_needed)),
        steps=tuple(map(_fact, told.step)),
        figures=tuple(map(_figure, told.figure)),
        laws=tuple(
            Law(
                _words(row.name),
                _words(row.note) if row.note else None,
                row.valid_from,
                row.sources,
                row.status,
            )
            for row in told.law
        ),
        mistakes=tuple(map(_fact, told.mistake)),
        history=tuple(
            Former(_words(row.what), row.valid_from, row.valid_until, row.sources, row.status)
            for row in told.history
        ),
        persons=persons,
    )
