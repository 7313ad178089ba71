"""The whole dossier read back, page after page, to the person it belongs to: right, or to be corrected.

Keeps true: it works by eye alone, the voice is an addition; what is written down is which page was found
right, never what stood there.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for

from hub.base.errors import Conflict
from hub.desks import guard, shell
from hub.desks.guide import common, drawing, noting, widgets
from hub.forms import questions
from hub.trades.dossiers import drafts, reading
from hub.trades.dossiers.model import View
from hub.trades.staff.model import Role


def add_to(desk: Blueprint) -> None:
    """Put the reading back on ``desk``."""
    desk.add_url_rule("/dossiers/<draft_id>/read", view_func=read)
    desk.add_url_rule("/dossiers/<draft_id>/read/<page_id>", view_func=read_page, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def read(draft_id: str) -> Any:
    """Go to the first page that was not read back yet, or to the first of all."""
    view = _view(draft_id)
    return redirect(_next(view, done=False), 303)


@guard.needs(Role.GUIDE)
def read_page(draft_id: str, page_id: str) -> Any:
    """Show one page in large letters with its voice; take the person's word that it is right."""
    view = _view(draft_id)
    if request.method == "POST":
        version = request.form.get("version", "")
        try:
            reading.read_back(
                shell.conn(),
                draft_id,
                page_id,
                version=int(version) if version.isdecimal() and len(version) < 10 else -1,
                key=guard.house_key(),
                staff=common.me().id,
                moment=shell.moment(),
            )
        except Conflict as bad:
            common.tell("care", common.sentence(bad))
            return redirect(url_for("guide.read_page", draft_id=draft_id, page_id=page_id), 303)
        return redirect(_next(view, after=page_id), 303)
    page = questions.page(view.form, view.instance, page_id, shell.lang())
    if page is None:
        return redirect(url_for("guide.review", draft_id=draft_id), 303)
    entries = drawing.contents(view, page_id)
    place = next(at for at, entry in enumerate(entries, start=1) if entry.here)
    return shell.page(
        "guide/readback.html",
        at="dossiers",
        told=common.told(),
        draft=view.draft,
        page=page,
        notes=noting.by_path(noting.on_page(noting.seen(view), page_id)),
        entry=entries[place - 1],
        place=place,
        count=len(entries),
        was_read=page_id in reading.pages(shell.conn(), draft_id),
        **widgets.helpers(),
    )


def _next(view: View, *, after: str | None = None, done: bool = True) -> str:
    """Return where to go on: the next page after this one that is still to be read, else the review."""
    ids = list(questions.shown_ids(view.form, view.instance))
    was_read = reading.pages(shell.conn(), view.draft.id)
    later = ids[ids.index(after) + 1 :] if after in ids else ids
    wanted = next((one for one in [*later, *ids] if one not in was_read), None)
    if wanted is None and not done and ids:
        wanted = ids[0]
    if wanted is None:
        return url_for("guide.review", draft_id=view.draft.id)
    return url_for("guide.read_page", draft_id=view.draft.id, page_id=wanted)


def _view(draft_id: str) -> View:
    return drafts.take_up(
        shell.conn(), draft_id, key=guard.house_key(), staff=common.me().id, moment=shell.moment()
    )
