"""Lessons: rows of them, and each to read and to hear part by part."""

from __future__ import annotations

from flask import Blueprint, Response

from hub.desks import shell
from hub.desks.villager import common
from hub.overview import voices
from hub.trades.lessons import reader


def add_to(desk: Blueprint) -> None:
    """Put the lessons on ``desk``."""
    desk.add_url_rule("/lessons", view_func=lessons)
    desk.add_url_rule("/lessons/<track>/<slug>", view_func=lesson)


def lessons() -> Response:
    """List the lessons by what they are about."""
    pack = common.pack()
    found = tuple(track for track in reader.tracks(pack, shell.lang()) if track.lessons)
    return shell.polled((pack.id,), lambda: shell.page("villager/lessons.html", tracks=found))


def lesson(track: str, slug: str) -> Response:
    """Show one lesson."""
    pack = common.pack()
    one = reader.lesson(pack, track, slug, shell.lang())

    def render() -> str:
        return shell.page(
            "villager/lesson.html",
            lesson=one,
            spoken=voices.section,
            age=common.age_words(one.as_of),
            sources=common.source_words(one.sources),
        )

    return shell.polled((pack.id, shell.moment().on), render)
