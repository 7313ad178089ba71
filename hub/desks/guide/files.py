"""The photographs of a draft, shown to a guide, and its answers read aloud.

Keeps true: neither a photograph nor a spoken answer is ever written to the memory card in the clear, kept by
a browser, or named in an address by what it shows.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request, url_for

from hub.base.errors import Missing
from hub.desks import guard, shell
from hub.desks.guide import common, noting, rich, widgets
from hub.forms import questions
from hub.forms.model import QuestionType
from hub.forms.page import GroupStart, Page, Question, RepeatItemStart
from hub.trades.dossiers import attachments, blanks, drafts
from hub.trades.speech import engine, words
from hub.trades.staff.model import Role

_LONGEST_SAID = 2_500
# No SVG: a picture with a script in it has no place beside a person's answers.
_FORM_MEDIA = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "3gp": "video/3gpp",
}


def add_to(desk: Blueprint) -> None:
    """Put photographs and reading aloud on ``desk``."""
    desk.add_url_rule("/dossiers/<draft_id>/files/<name>", view_func=file)
    desk.add_url_rule("/dossiers/<draft_id>/files/<name>/see", view_func=see)
    desk.add_url_rule("/dossiers/<draft_id>/media/<name>", view_func=media)
    desk.add_url_rule("/dossiers/<draft_id>/page/<page_id>/aloud", view_func=aloud)


@guard.needs(Role.GUIDE)
def file(draft_id: str, name: str) -> Any:
    """Answer with a file of a draft; who looked is written down."""
    held, content = attachments.open_attachment(
        shell.conn(), draft_id, name, key=guard.house_key(), staff=common.me().id, moment=shell.moment()
    )
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="{held.name}"'}
    return Response(content, mimetype=held.media_type, headers=headers)


@guard.needs(Role.GUIDE)
def media(draft_id: str, name: str) -> Any:
    """Answer with a picture or a recording that the draft's form lays beside its questions."""
    kind = _FORM_MEDIA.get(name.rpartition(".")[2].lower())
    draft = drafts.told(shell.conn(), draft_id, key=guard.house_key())
    content = blanks.media(shell.conn(), draft.form_sha256, name) if kind else None
    if content is None:
        raise Missing("dossiers.no_file")
    return Response(content, mimetype=kind)


@guard.needs(Role.GUIDE)
def see(draft_id: str, name: str) -> Any:
    """Show a photograph on a page with a way back; a PDF is only offered, for some browsers would keep it."""
    held = next((one for one in attachments.files(shell.conn(), draft_id) if one.name == name), None)
    if held is None:
        raise Missing("dossiers.no_file")
    page_id = request.args.get("page")
    return shell.page(
        "guide/see.html",
        at="dossiers",
        address=url_for("guide.file", draft_id=draft_id, name=name),
        picture=held.media_type.startswith("image/"),
        sound=held.media_type.startswith("audio/"),
        film=held.media_type.startswith("video/"),
        kilobytes=-(-held.size // 1024),
        way_back=(
            url_for("guide.fill", draft_id=draft_id, page_id=page_id)
            if page_id
            else url_for("guide.review", draft_id=draft_id)
        ),
    )


@guard.needs(Role.GUIDE)
def aloud(draft_id: str, page_id: str) -> Any:
    """Answer with the sound of one page's questions and answers, and of what to look at again."""
    view = drafts.look(shell.conn(), draft_id, key=guard.house_key(), moment=shell.moment())
    drawn = questions.page(view.form, view.instance, page_id, shell.lang())
    said = read_back(drawn) if drawn is not None else ""
    noted = noting.spoken(noting.on_page(noting.seen(view), page_id))
    said = f"{said} {noted}".strip()[:_LONGEST_SAID]
    return Response(_sound(said), mimetype="audio/wav", headers={"Cache-Control": "no-store"})


def read_back(page: Page) -> str:
    """Return a page as it is read to the person it belongs to: each question with its answer."""
    told = [rich.plain(page.title)]
    for item in page.items:
        if isinstance(item, Question):
            label, answer = widgets.label(item), widgets.shown(item)
            if item.type is QuestionType.NOTE:
                told.append(rich.plain(item.label))
            elif item.type.is_file:
                told.append(f"{label}: {shell.say(_has(item) if answer else 'guide.no_answer')}")
            else:
                told.append(f"{label}: {answer or shell.say('guide.no_answer')}")
        elif isinstance(item, GroupStart) and item.label:
            told.append(rich.plain(item.label))
        elif isinstance(item, RepeatItemStart):
            told.append(f"{rich.plain(item.label)} {item.number}".strip())
    return ". ".join(told)


def _has(question: Question) -> str:
    return "guide.has_photo" if question.type is QuestionType.IMAGE else "fields.has_file"


def _sound(said: str) -> bytes:
    # The voice of lessons is kept on the card; a person's answers are spoken into memory and forgotten.
    lang = shell.lang()
    held = os.memfd_create("aloud")
    try:
        target = Path(f"/proc/{os.getpid()}/fd/{held}")
        speed = shell.house().settings.sound.words_per_minute
        engine.speak(words.spoken_form(said, lang), lang, speed, target)
        return target.read_bytes()
    finally:
        os.close(held)
