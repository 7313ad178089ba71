"""Read from a pack: the kinds of scam, the checker's rules, where to report.

Keeps true: a rule that is half written stops the reading with its place, so that no sign is lost in silence.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

import msgspec

from hub.base import phrases, text
from hub.base.errors import Missing, NotReady
from hub.packs.shelf import Shelf
from hub.trades.fraud.model import (
    Hosts,
    Level,
    LinkKind,
    Negation,
    Quiz,
    Reporting,
    Rule,
    Rules,
    Scam,
    Way,
    Weight,
    Words,
)

_RULES = "fraud/rules.toml"
_Phrase = Annotated[str, msgspec.Meta(min_length=1)]
_Phrases = tuple[_Phrase, ...]


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vi: _Phrase
    en: _Phrase


class _RuleRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: _Phrase
    weight: Weight
    reason: _Said
    any: _Phrases = ()
    all: tuple[_Phrases, ...] = ()
    link: LinkKind | None = None
    within: int | None = None
    negatable: bool = False
    not_after: _Phrases = ()
    unless: _Phrases = ()


class _Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    dangerous: int
    suspicious: int


class _RulesFile(msgspec.Struct, frozen=True):
    rule: Annotated[tuple[_RuleRow, ...], msgspec.Meta(min_length=1)]
    negations: _Phrases
    negation_not_after: _Phrases
    negation_undone_by: _Phrases
    negation_bridge: _Phrases
    allow_hosts: _Phrases
    allow_suffixes: _Phrases
    bad_tlds: _Phrases
    bare_tlds: _Phrases
    shorteners: _Phrases
    lookalike_contains: _Phrases
    lookalike_parts: _Phrases
    leet: dict[str, str]
    points: dict[Weight, int]
    thresholds: _Marks
    verdict: dict[Level, _Said]


class _WayRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    number: str
    how: str
    vi: str
    en: str
    syntax: str = ""


class _ReportingRow(msgspec.Struct, frozen=True):
    as_of: str
    status: str
    sources: tuple[str, ...]
    way: tuple[_WayRow, ...]


class _QuizRow(msgspec.Struct, frozen=True):
    message: _Phrase
    is_scam: bool
    clues: tuple[str, ...] = ()
    why: str = ""


class _Front(msgspec.Struct, frozen=True):
    title: _Phrase
    as_of: str
    sources: tuple[str, ...]
    status: str
    summary: str = ""
    order: int = 1_000
    picture: str = "warning"
    quiz: tuple[_QuizRow, ...] = ()


@functools.lru_cache(maxsize=4)
def rules(shelf: Shelf) -> Rules:
    """Return the checker's rules; raises ``NotReady("packs.bad_file")`` when a rule is not whole."""
    return rules_from(shelf.table(_RULES))


def rules_from(table: Mapping[str, Any]) -> Rules:
    """Return the rules written in ``table``, a pack's ``fraud/rules.toml``. Raises as ``rules``."""
    try:
        told = msgspec.convert(table, _RulesFile)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=_RULES, why=str(bad)) from bad
    lists = {
        key.removesuffix("_words"): tuple(map(text.fold, value))
        for key, value in table.items()
        if key.endswith("_words")
    }
    return Rules(
        rules=tuple(_rule(row, lists) for row in told.rule),
        lists=MappingProxyType(lists),
        leet=MappingProxyType(told.leet),
        hosts=Hosts(
            allowed=(*told.allow_hosts, *told.allow_suffixes),
            bad_tlds=frozenset(told.bad_tlds),
            bare_tlds=frozenset(told.bare_tlds),
            shorteners=told.shorteners,
            lookalike_contains=told.lookalike_contains,
            lookalike_parts=frozenset(told.lookalike_parts),
        ),
        negation=Negation(
            frozenset(told.negations),
            frozenset(told.negation_not_after),
            told.negation_undone_by,
            frozenset(told.negation_bridge),
        ),
        points=MappingProxyType(told.points),
        dangerous_from=told.thresholds.dangerous,
        suspicious_from=told.thresholds.suspicious,
        advice=MappingProxyType({level: Words(said.vi, said.en) for level, said in told.verdict.items()}),
    )


def _rule(row: _RuleRow, lists: Mapping[str, tuple[str, ...]]) -> Rule:
    ways = sum((bool(row.any), bool(row.all), row.link is not None))
    groups = row.all or ((row.any,) if row.any else ())
    named = {phrase[1:] for group in groups for phrase in group if phrase.startswith("@")}
    if ways != 1 or not named <= {*lists, "link"} or not all(groups):
        raise NotReady("packs.bad_file", file=_RULES, why=f"[[rule]] {row.id}")
    return Rule(
        id=row.id,
        weight=row.weight,
        reason=Words(row.reason.vi, row.reason.en),
        groups=groups,
        link=row.link,
        within=row.within,
        negatable=row.negatable,
        not_after=frozenset(row.not_after),
        unless=row.unless,
    )


def reporting(shelf: Shelf) -> Reporting:
    """Return where to report a scam."""
    try:
        told = msgspec.convert(shelf.table(_RULES).get("reporting"), _ReportingRow)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=_RULES, why=str(bad)) from bad
    ways = tuple(Way(row.id, row.number, row.how, row.syntax, Words(row.vi, row.en)) for row in told.way)
    return Reporting(ways, told.as_of, told.status, told.sources)


def slugs(shelf: Shelf) -> tuple[str, ...]:
    """Return the names of all kinds of scam."""
    return tuple(name[len("fraud/") : -len(".vi.md")] for name in shelf.names("fraud/*.vi.md"))


@functools.lru_cache(maxsize=8)
def scams(shelf: Shelf, lang: str) -> tuple[Scam, ...]:
    """Return all kinds of scam in their order, each in ``lang`` or, untranslated, in Vietnamese."""
    found = [scam(shelf, slug, lang) for slug in slugs(shelf)]
    return tuple(sorted(found, key=lambda one: (one.order, one.slug)))


def scam(shelf: Shelf, slug: str, lang: str) -> Scam:
    """Return one kind of scam; raises ``Missing("fraud.no_scam")`` for an unknown ``slug``."""
    if slug not in slugs(shelf):
        raise Missing("fraud.no_scam")
    if not shelf.has(f"fraud/{slug}.{lang}.md"):
        lang = phrases.DEFAULT
    name = f"fraud/{slug}.{lang}.md"
    page = shelf.page(name)
    try:
        front = msgspec.convert(page.front, _Front)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_page", file=name, line=1, why=str(bad)) from bad
    return Scam(
        slug=slug,
        lang=lang,
        title=front.title,
        summary=front.summary,
        order=front.order,
        picture=front.picture,
        as_of=front.as_of,
        status=front.status,
        sources=front.sources,
        sections=page.sections,
        quiz=tuple(Quiz(row.message, row.is_scam, row.clues, row.why) for row in front.quiz),
    )
