"""Reading a dossier back, and sealing it.

Keeps true: everything that will be sealed stands on this page; a second dossier for the same person needs a
reason; whatever stops the seal leaves the draft as it was and says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base.errors import Conflict, NotReady, Refused
from hub.desks import guard, shell
from hub.desks.guide import common, drawing, newer, noting, widgets
from hub.forms import questions
from hub.trades.dossiers import drafts, follow, marks, reading, sealing
from hub.trades.dossiers.model import DraftId, Duplicate, Overrule
from hub.trades.staff.model import Role


def add_to(desk: Blueprint) -> None:
    """Put the review on ``desk``."""
    desk.add_url_rule("/dossiers/<draft_id>/review", view_func=review, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def review(draft_id: str) -> Any:
    """Show all answers to be read back; then seal."""
    if request.method == "GET":
        return _show(draft_id)
    version = request.form.get("version", "")
    reason = request.form.get("overrule", "")
    try:
        done = sealing.seal(
            shell.conn(),
            draft_id,
            expected_version=int(version) if version.isdecimal() and len(version) < 10 else -1,
            key=guard.house_key(),
            staff=common.me().id,
            moment=shell.moment(),
            settings=shell.house().settings,
            lang=shell.lang(),
            overrule=Overrule(reason) if reason in set(Overrule) else None,
        )
    except Refused as bad:
        return _show(draft_id, common.sentence(bad), 422)
    except Conflict as bad:
        return _show(draft_id, common.sentence(bad), 409)
    except NotReady as bad:
        if bad.key not in ("dossiers.no_office_key", "forms.seal.bad_key", "office_keys.not_trusted"):
            raise
        return _show(draft_id, common.sentence(bad), 503)
    return redirect(url_for("guide.sealed", code=done.follow_code), 303)


def _show(draft_id: str, problem: str | None = None, status: int = 200) -> Any:
    conn, now = shell.conn(), shell.moment()
    view = drafts.take_up(conn, draft_id, key=guard.house_key(), staff=common.me().id, moment=now)
    problems = questions.check_all(view.form, view.instance, shell.lang())
    pages = questions.pages(view.form, view.instance, shell.lang(), problems)
    entries = drawing.contents(view, None)
    twins = marks.twins(conn, draft_id)
    notes = noting.seen(view)
    body = shell.page(
        "guide/review.html",
        at="dossiers",
        told=common.told(),
        draft=view.draft,
        pages=pages,
        contents=entries,
        problems=problems,
        left=[(entry, [one for one in problems if one.page_id == entry.id]) for entry in entries],
        all_notes=notes,
        notes=noting.by_path(notes),
        twins=twins,
        where=_where(twins),
        was_read=reading.pages(conn, draft_id),
        reasons=[(one, shell.say(f"dossiers.overrule_{one}")) for one in Overrule],
        overrule=request.form.get("overrule"),
        words=drawing.words,
        **widgets.helpers(),
        problem=problem,
        newer=newer.waiting(view.draft),
        when=common.when,
        guides=[one for one in common.guides() if one.id != common.me().id],
    )
    return Response(body, status, mimetype="text/html")


def _where(twins: Sequence[Duplicate]) -> dict[DraftId, str]:
    """Return where each of the other dossiers is now, in words: its state, or who looks after the draft."""
    conn = shell.conn()
    found = {}
    for one in twins:
        if one.follow_code is not None:
            found[one.draft_id] = shell.say(follow.follow(conn, one.follow_code).state_key)
        else:
            other = drafts.told(conn, one.draft_id, key=guard.house_key())
            found[one.draft_id] = shell.say("guide.twin_at", name=common.staff_name(other.staff_id))
    return found
