"""Read tracks and lessons from a pack.

Keeps true: a lesson that lacks a translation is shown in Vietnamese and says so by its ``lang``; it is never
left out.
"""

from __future__ import annotations

import functools
from typing import Annotated

import msgspec

from hub.base import phrases
from hub.base.errors import Missing, NotReady
from hub.packs.shelf import Shelf
from hub.trades.lessons.model import Lesson, Question, Track

_TRACKS = "lessons/tracks.toml"
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vi: _Text
    en: _Text


class _TrackRow(msgspec.Struct, frozen=True):
    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: _Said
    picture: _Text


class _Tracks(msgspec.Struct, frozen=True):
    track: tuple[_TrackRow, ...]


class _Quiz(msgspec.Struct, frozen=True):
    question: _Text
    choices: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=2)]
    answer: Annotated[int, msgspec.Meta(ge=0)]
    why: _Text


class _Front(msgspec.Struct, frozen=True):
    title: _Text
    summary: _Text
    minutes: Annotated[int, msgspec.Meta(ge=1)]
    order: int
    picture: _Text
    as_of: str
    sources: tuple[str, ...]
    status: str = ""
    quiz: tuple[_Quiz, ...] = ()


@functools.lru_cache(maxsize=8)
def tracks(shelf: Shelf, lang: str) -> tuple[Track, ...]:
    """Return the tracks in the pack's order with their lessons in theirs; raises ``NotReady``."""
    try:
        told = msgspec.convert(shelf.table(_TRACKS), _Tracks)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_file", file=_TRACKS, why=str(bad)) from bad
    return tuple(
        Track(row.id, row.title.vi, row.title.en, row.picture, _lessons(shelf, row.id, lang))
        for row in told.track
    )


def lesson(shelf: Shelf, track: str, slug: str, lang: str) -> Lesson:
    """Return one lesson in ``lang`` or, untranslated, in Vietnamese; raises ``Missing("lessons.none")``."""
    for one in tracks(shelf, lang):
        for found in one.lessons if one.id == track else ():
            if found.slug == slug:
                return found
    raise Missing("lessons.none")


def _lessons(shelf: Shelf, track: str, lang: str) -> tuple[Lesson, ...]:
    folder, ending = f"lessons/{track}/", f".{phrases.DEFAULT}.md"
    slugs = [name[len(folder) : -len(ending)] for name in shelf.names(f"{folder}*{ending}")]
    found = [_read(shelf, track, slug, lang) for slug in slugs]
    return tuple(sorted(found, key=lambda one: (one.order, one.slug)))


def _read(shelf: Shelf, track: str, slug: str, lang: str) -> Lesson:
    if not shelf.has(f"lessons/{track}/{slug}.{lang}.md"):
        lang = phrases.DEFAULT
    name = f"lessons/{track}/{slug}.{lang}.md"
    page = shelf.page(name)
    try:
        front = msgspec.convert(page.front, _Front)
    except msgspec.ValidationError as bad:
        raise NotReady("packs.bad_page", file=name, line=1, why=str(bad)) from bad
    for row in front.quiz:
        if row.answer >= len(row.choices):
            raise NotReady("packs.bad_page", file=name, line=1, why=f"quiz.answer = {row.answer}")
    return Lesson(
        track=track,
        slug=slug,
        lang=lang,
        title=front.title,
        summary=front.summary,
        minutes=front.minutes,
        order=front.order,
        picture=front.picture,
        as_of=front.as_of,
        status=front.status,
        sources=front.sources,
        sections=page.sections,
        quiz=tuple(Question(row.question, row.choices, row.answer, row.why) for row in front.quiz),
    )
