"""Two guides on one page: both answers side by side, and the guide chooses.

Keeps true: what was typed stays aside, locked, until somebody has chosen; a choice made over an old page is
asked again.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, request, url_for

from hub.base.errors import Conflict, Missing
from hub.desks import guard, shell
from hub.desks.guide import common, rich
from hub.trades.dossiers import drafts, pages
from hub.trades.dossiers.model import Side
from hub.trades.staff.model import Role


def add_to(desk: Blueprint) -> None:
    """Put the choosing on ``desk``."""
    desk.add_url_rule("/dossiers/<draft_id>/differences", view_func=clashes)
    desk.add_url_rule(
        "/dossiers/<draft_id>/differences/<int:aside_id>", view_func=clash, methods=["GET", "POST"]
    )


@guard.needs(Role.GUIDE)
def clashes(draft_id: str) -> Any:
    """Lead to the oldest choice still to be made, else to the draft."""
    found = pages.asides(
        shell.conn(), draft_id, key=guard.house_key(), moment=shell.moment(), lang=shell.lang()
    )
    if found:
        return redirect(url_for("guide.clash", draft_id=draft_id, aside_id=found[0].id), 303)
    return redirect(url_for("guide.dossier", draft_id=draft_id), 303)


@guard.needs(Role.GUIDE)
def clash(draft_id: str, aside_id: int) -> Any:
    """Show both answers to each question, and take the guide's choice."""
    if request.method == "GET":
        return _ask(draft_id, aside_id)
    conn, key, now, lang = shell.conn(), guard.house_key(), shell.moment(), shell.lang()
    aside = _aside(draft_id, aside_id)
    mine = _chosen([one.path for one in aside.differences if not one.gone])
    if mine is None:
        return _ask(draft_id, aside_id, shell.say("guide.clash_choose_all")), 422
    version = request.form.get("version", "")
    if not version.isdecimal() or len(version) > 9:
        abort(400)
    try:
        pages.resolve(
            conn,
            draft_id,
            aside_id,
            mine,
            expected_version=int(version),
            key=key,
            staff=common.me().id,
            moment=now,
            lang=lang,
        )
    except Conflict as bad:
        return _ask(draft_id, aside_id, common.sentence(bad)), 409
    common.tell("good", shell.say("guide.clash_done"))
    return redirect(url_for("guide.fill", draft_id=draft_id, page_id=aside.page_id), 303)


def _chosen(paths: list[str]) -> list[str] | None:
    whole = request.form.get("all")
    if whole in set(Side):
        return paths if whole == Side.MINE else []
    sides = {path: request.form.get(f"side:{path}") for path in paths}
    if any(side not in set(Side) for side in sides.values()):
        return None
    return [path for path, side in sides.items() if side == Side.MINE]


def _aside(draft_id: str, aside_id: int) -> Any:
    found = pages.asides(
        shell.conn(), draft_id, key=guard.house_key(), moment=shell.moment(), lang=shell.lang()
    )
    aside = next((one for one in found if one.id == aside_id), None)
    if aside is None:
        raise Missing("dossiers.no_aside")
    return aside


def _ask(draft_id: str, aside_id: int, problem: str | None = None) -> str:
    aside = _aside(draft_id, aside_id)
    return shell.page(
        "guide/clash.html",
        at="dossiers",
        draft=drafts.told(shell.conn(), draft_id, key=guard.house_key()),
        aside=aside,
        who=common.staff_name(aside.staff_id),
        by_me=aside.staff_id == common.me().id,
        put_at=common.when(aside.put.at, aside.put.trusted),
        form=request.form,
        plain=rich.plain,
        problem=problem,
    )
