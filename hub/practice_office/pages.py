"""The officer's desk: what came in, one dossier opened, and the words that go back to the village.

Keeps true: every page says that this is practice; every change carries a CSRF token. It serves files by
content and never as something a browser would run.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hub.base import clock, phrases, text
from hub.practice_office import forms, keys, opened, records
from hub.practice_office.forms import Words
from hub.practice_office.opened import Sight
from hub.practice_office.records import Record
from hub.practice_office.shelf import folder, shelf

STATES = ("received", "hasIssues", "rejected", "approved")
_MOST_WORDS = 2_000

pages = Blueprint("pages", __name__)


def lang() -> str:
    """Return the reader's language: asked for now, else as last time, else Vietnamese."""
    asked = request.args.get("lang")
    if asked in phrases.LANGUAGES:
        session["lang"] = asked
    return phrases.language(session.get("lang"))


@pages.app_context_processor
def _words() -> dict[str, Any]:
    spoken = lang()
    return {
        "lang": spoken,
        "t": partial(phrases.say, spoken),
        "say": lambda bad: phrases.say(spoken, bad.key, **bad.values),
        "day": _day,
    }


def _day(at: str) -> str:
    when = dt.datetime.fromisoformat(at).astimezone(clock.VILLAGE)
    return when.strftime("%d/%m/%Y %H:%M")


@pages.get("/")
def front() -> str:
    """Show what came in, the newest first."""
    found = records.listing(shelf())
    kinds = {(one.form_id, one.version) for one in found}
    titles = {kind: _words_of(*kind).title or kind[0] for kind in kinds}
    return render_template("list.html", records=found, titles=titles)


@pages.get("/dossiers/<int:number>")
def dossier(number: int) -> str:
    """Show one dossier, opened."""
    conn, record = shelf(), _find(number)
    return render_template(
        "dossier.html",
        record=record,
        title=_words_of(record.form_id, record.version).title or record.form_id,
        sight=_look(record),
        states=STATES,
        written=sorted(
            (*records.remarks(conn, number, "comment"), *records.remarks(conn, number, "note")),
            key=lambda one: one.at,
        ),
    )


@pages.get("/dossiers/<int:number>/files/<int:place>")
def file(number: int, place: int) -> Response:
    """Give one opened file."""
    photos = _look(_find(number)).photos
    if place >= len(photos):
        raise NotFound
    photo = photos[place]
    shown = photo.media_type.startswith("image/")
    response = Response(photo.content, content_type=photo.media_type)
    response.headers.set(
        "Content-Disposition",
        "inline" if shown else "attachment",
        filename=photo.name if photo.name.isascii() else "file",
    )
    return response


@pages.post("/dossiers/<int:number>/review")
def review(number: int) -> AnyResponse:
    """Set the review state, with words."""
    record, state = _find(number), request.form.get("state", "")
    if state not in STATES:
        raise NotFound
    records.review(shelf(), record.id, None if state == "received" else state, _typed(), _officer())
    return redirect(url_for("pages.dossier", number=number), 303)


@pages.post("/dossiers/<int:number>/comment")
def comment(number: int) -> AnyResponse:
    """Write a comment without touching the state."""
    record, typed = _find(number), _typed()
    if typed:
        records.comment(shelf(), record.id, typed, _officer())
    return redirect(url_for("pages.dossier", number=number), 303)


@pages.post("/dossiers/<int:number>/delete")
def delete(number: int) -> AnyResponse:
    """Take a dossier off the shelf; the office will refuse it if it is sent again."""
    records.delete(shelf(), _find(number).id)
    return redirect(url_for("pages.front"), 303)


def _find(number: int) -> Record:
    found = records.by_number(shelf(), number)
    if found is None:
        raise NotFound
    return found


def _look(record: Record) -> Sight:
    conn = shelf()
    xml, files = records.content(conn, record.id)
    words = _words_of(record.form_id, record.version)
    return opened.look(xml, files, keys.private_key(folder()), words)


def _words_of(form_id: str, version: str) -> Words:
    return forms.words(records.form_xml(shelf(), form_id, version), lang())


def _typed() -> str:
    return text.clean(request.form.get("words", ""), lines=True)[:_MOST_WORDS]


def _officer() -> str:
    return phrases.say(lang(), "office.officer")
