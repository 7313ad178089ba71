"""A form newer than the draft: the guide keeps the old one, or moves the draft knowing what would be lost.

Keeps true: a draft stays on its form until a guide has seen what would be lost and said yes.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, request, session, url_for

from hub.base.errors import HubError
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.forms import merge, xform
from hub.trades.dossiers import drafts, moving
from hub.trades.dossiers.model import Draft
from hub.trades.procedures import added
from hub.trades.staff.model import Role

_REMEMBERED = 20


def add_to(desk: Blueprint) -> None:
    """Put the moving to a newer form on ``desk``."""
    desk.add_url_rule("/dossiers/<draft_id>/newer-form", view_func=newer_form, methods=["GET", "POST"])


def waiting(draft: Draft) -> bool:
    """Return whether the shelf has another form than this draft's, and this guide has not yet said "keep"."""
    if draft.id in session.get("keeps", ()):
        return False
    try:
        return moving.newer_form(draft, added.digest_today(shell.conn(), common.pack(), draft.procedure))
    except HubError:
        # A pack without this procedure has nothing newer to offer.
        return False


@guard.needs(Role.GUIDE)
def newer_form(draft_id: str) -> Any:
    """Show what a move would lose; then move, or keep."""
    conn, key, now = shell.conn(), guard.house_key(), shell.moment()
    view = drafts.look(conn, draft_id, key=key, moment=now)
    way_back = url_for("guide.dossier", draft_id=draft_id)
    if request.form.get("do") == "keep":
        session["keeps"] = [*session.get("keeps", ()), view.draft.id][-_REMEMBERED:]
        common.tell("good", shell.say("guide.form_kept"))
        return redirect(way_back, 303)
    pack, slug = common.pack(), view.draft.procedure
    if not moving.newer_form(view.draft, added.digest_today(conn, pack, slug)):
        return redirect(way_back, 303)
    blank = added.today(conn, pack, slug)
    if request.method == "POST":
        version = request.form.get("version", "")
        if not version.isdecimal() or len(version) > 9:
            abort(400)
        moved = moving.move_to_form(
            conn,
            draft_id,
            added.get(conn, pack, slug),
            blank.xml,
            expected_version=int(version),
            key=key,
            staff=common.me().id,
            moment=now,
            media=blank.media,
        )
        common.tell("good", shell.say("guide.form_moved", count=len(moved.lost)))
        return redirect(way_back, 303)
    form = xform.read(blank.xml, blank.media)
    _, lost = merge.carry_over(view.instance, form, drafts.village(now))
    return shell.page(
        "guide/newer_form.html",
        at="dossiers",
        draft=view.draft,
        old=view.form.version,
        new=form.version,
        lost=lost,
    )
