"""Whose draft it is, and how long it is kept: take over a colleague's, keep one beyond its day.

Keeps true: who takes a draft over need not say why, who keeps one longer must; both are written down.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for

from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.trades.dossiers import drafts
from hub.trades.dossiers.model import Draft, Longer
from hub.trades.staff.model import Role


def add_to(desk: Blueprint) -> None:
    """Put the keeping of drafts on ``desk``."""
    desk.add_url_rule("/dossiers/<draft_id>/take-over", view_func=take_over, methods=["POST"])
    desk.add_url_rule("/dossiers/<draft_id>/longer", view_func=longer, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def take_over(draft_id: str) -> Any:
    """Make a colleague's draft one's own, and open it."""
    me = common.me().id
    drafts.hand_over(shell.conn(), draft_id, me, staff=me, moment=shell.moment())
    common.tell("good", shell.say("guide.taken_over"))
    return redirect(url_for("guide.dossier", draft_id=draft_id), 303)


@guard.needs(Role.GUIDE)
def longer(draft_id: str) -> Any:
    """Ask why a draft should be kept longer, and keep it."""
    conn = shell.conn()
    draft = drafts.told(conn, draft_id, key=guard.house_key())
    if request.method == "GET":
        return _ask(draft)
    why = request.form.get("why", "")
    if why not in set(Longer):
        return _ask(draft, shell.say("guide.longer_choose")), 422
    try:
        day = drafts.extend(conn, draft_id, Longer(why), staff=common.me().id, moment=shell.moment())
    except Refused as bad:
        return _ask(draft, common.sentence(bad)), 422
    common.tell("good", shell.say("guide.longer_done", day=f"{day:%d/%m/%Y}"))
    return redirect(url_for("guide.dossiers"), 303)


def _ask(draft: Draft, problem: str | None = None) -> str:
    return shell.page(
        "guide/longer.html",
        at="dossiers",
        draft=draft,
        reasons=[(one, shell.say(f"dossiers.longer_{one}")) for one in Longer],
        left=drafts.extensions_left(shell.conn(), draft.id),
        days=shell.house().settings.dossiers.draft_days,
        problem=problem,
    )
