"""Read from a pack: the procedures, their forms, and which ID-card fields fill which questions.

Keeps true: a procedure that is half written stops the reading with file and place, so that no fee and no
paper is lost in silence; a form is handed out as the XForm that was prepared when the pack was installed.
"""

from __future__ import annotations

import functools
from pathlib import PurePosixPath

import msgspec

from hub.base import phrases
from hub.base.errors import Missing, NotReady
from hub.packs.pages import Page
from hub.packs.shelf import Shelf
from hub.trades.procedures import rows, rules
from hub.trades.procedures.calculators import Calculator
from hub.trades.procedures.eligibility import Eligibility
from hub.trades.procedures.model import (
    Fact,
    Figure,
    Former,
    Law,
    Paper,
    PaperForm,
    Person,
    PersonField,
    Procedure,
    Words,
)

_FOLDER = "procedures"


class _PersonRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    label: rows.Said
    page: rows.Text
    fields: dict[PersonField, rows.Path]
    unique: bool = True
    card: bool = True


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
    """Return one procedure with its questions and calculators looked at.

    Raises ``Missing("procedures.none")`` or ``NotReady("packs.bad_file")``.
    """
    if slug not in slugs(shelf):
        raise Missing("procedures.none")
    told = _file(shelf, slug)
    persons = _persons(shelf, f"{_FOLDER}/{slug}/{told.prefill}") if told.prefill else ()
    found = _procedure(told, persons)
    name = f"{_FOLDER}/{slug}/procedure.toml"
    rules.check_figures(found.figures, name)
    asked = eligibility(shelf, slug)
    outcomes = {outcome.id for outcome in asked.outcomes} if asked else set()
    for paper in found.papers:
        if not outcomes.issuperset(paper.only_for):
            raise NotReady("packs.bad_file", file=name, why=f"paper {paper.id}: only_for")
    calculators(shelf, slug)
    return found


@functools.lru_cache(maxsize=64)
def eligibility(shelf: Shelf, slug: str) -> Eligibility | None:
    """Return the questions of a procedure, None for one without; raises as ``get`` does."""
    told = _file(shelf, slug)
    if not told.eligibility:
        return None
    name = f"{_FOLDER}/{slug}/{told.eligibility}"
    return rules.eligibility(shelf.table(name), name, {row.id: row.kind for row in told.figure})


@functools.lru_cache(maxsize=64)
def calculators(shelf: Shelf, slug: str) -> tuple[Calculator, ...]:
    """Return the calculators of a procedure; raises as ``get`` does."""
    told = _file(shelf, slug)
    if not told.calculators:
        return ()
    name = f"{_FOLDER}/{slug}/{told.calculators}"
    return rules.calculators(shelf.table(name), name, {row.id: row.unit for row in told.figure})


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


def _file(shelf: Shelf, slug: str) -> rows.ProcedureFile:
    if slug not in slugs(shelf):
        raise Missing("procedures.none")
    name = f"{_FOLDER}/{slug}/procedure.toml"
    try:
        told = msgspec.convert(shelf.table(name), rows.ProcedureFile)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=name, why=str(bad)) from bad
    if told.slug != slug or bool(told.form) != bool(told.form_id):
        raise NotReady("packs.bad_file", file=name, why="slug, form, form_id")
    return told


@functools.lru_cache(maxsize=64)
def _persons(shelf: Shelf, name: str) -> tuple[Person, ...]:
    try:
        told = msgspec.convert(shelf.table(name), _PrefillFile)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=name, why=str(bad)) from bad
    return tuple(
        Person(id, _words(row.label), row.page, tuple(row.fields.items()), row.unique, row.card)
        for id, row in told.person.items()
    )


def _words(said: rows.Said | rows.FactRow) -> Words:
    return Words(said.vi, said.en)


def _fact(row: rows.FactRow) -> Fact:
    return Fact(_words(row), row.sources, row.status)


def _figure(row: rows.FigureRow) -> Figure:
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
        valid_until=row.valid_until,
        sources=row.sources,
        status=row.status,
    )


def _paper(row: rows.PaperRow) -> Paper:
    return Paper(
        id=row.id,
        name=_words(row.name),
        kind=row.kind,
        when=_words(row.when),
        attachment=row.attachment,
        only_for=row.only_for,
        sources=row.sources,
        status=row.status,
    )


def _law(row: rows.LawRow) -> Law:
    note = _words(row.note) if row.note else None
    return Law(_words(row.name), note, row.valid_from, row.sources, row.status)


def _paper_form(row: rows.PaperFormRow) -> PaperForm:
    return PaperForm(_words(row.name), row.version, row.drawn, row.as_of, row.sources, row.status)


def _procedure(told: rows.ProcedureFile, persons: tuple[Person, ...]) -> Procedure:
    return Procedure(
        slug=told.slug,
        group=told.group,
        kind=told.kind,
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
        office=_words(told.office) if told.office else None,
        paper_form=_paper_form(told.paper_form) if told.paper_form else None,
        papers=tuple(map(_paper, told.paper)),
        not_needed=tuple(map(_fact, told.not_needed)),
        steps=tuple(map(_fact, told.step)),
        figures=tuple(map(_figure, told.figure)),
        laws=tuple(map(_law, told.law)),
        mistakes=tuple(map(_fact, told.mistake)),
        history=tuple(
            Former(_words(row.what), row.valid_from, row.valid_until, row.sources, row.status)
            for row in told.history
        ),
        persons=persons,
        related=told.related,
        has_questions=bool(told.eligibility),
        has_calculators=bool(told.calculators),
    )
