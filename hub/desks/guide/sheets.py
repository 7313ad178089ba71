"""Papers of A4 for a dossier: the filled form and the cover of a draft, the cover of a sealed one.

Keeps true: a sheet is drawn when it is asked for and kept nowhere; who had one drawn is written down without
content; the cover of a sealed dossier names nobody.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from hub.base import db
from hub.base.errors import Missing
from hub.desks import guard, shell
from hub.desks.guide import common, rich
from hub.sheets import service as sheets
from hub.sheets.model import Sheet
from hub.trades.dossiers import cover, drafts, follow, paper
from hub.trades.dossiers.model import Following, View, What
from hub.trades.procedures import paper as places
from hub.trades.procedures import reader
from hub.trades.procedures.model import Procedure
from hub.trades.staff.model import Role


def add_to(desk: Blueprint) -> None:
    """Put the sheets on ``desk``."""
    desk.add_url_rule("/dossiers/<draft_id>/sheet.pdf", view_func=draft_sheet)
    desk.add_url_rule("/dossiers/<draft_id>/cover.pdf", view_func=draft_cover)
    desk.add_url_rule("/sealed/<code>/cover.pdf", view_func=sealed_cover)


@guard.needs(Role.GUIDE)
def draft_sheet(draft_id: str) -> Any:
    """Answer with the filled form of a draft."""
    found = view(draft_id)
    return _drawn(found, drawn_form(found), "sheet")


@guard.needs(Role.GUIDE)
def draft_cover(draft_id: str) -> Any:
    """Answer with the cover of a draft."""
    found = view(draft_id)
    return _drawn(found, drawn_cover(found), "cover")


@guard.needs(Role.GUIDE)
def sealed_cover(code: str) -> Any:
    """Answer with the cover of a sealed dossier."""
    found, drawn = drawn_sealed(code)
    return answer(sheets.render(drawn), f"{found.code}-cover.pdf")


def view(draft_id: str) -> View:
    """Take a draft up as this guide."""
    return drafts.take_up(
        shell.conn(), draft_id, key=guard.house_key(), staff=common.me().id, moment=shell.moment()
    )


def drawn_form(found: View) -> Sheet:
    """Return the filled form of a draft, to be drawn."""
    known = places.read(common.pack(), found.draft.procedure)
    return paper.sheet(found, _procedure(found.draft.procedure), known, shell.house().settings, rich.plain)


def drawn_cover(found: View) -> Sheet:
    """Return the cover of a draft, to be drawn."""
    return cover.of_draft(
        found,
        _procedure(found.draft.procedure),
        shell.house().settings,
        desk=common.my_desk() or "",
        moment=shell.moment(),
    )


def drawn_sealed(code: str) -> tuple[Following, Sheet]:
    """Return a sealed dossier and its cover, to be drawn."""
    found = follow.follow(shell.conn(), code)
    return found, cover.of_sealed(found, _procedure(found.procedure), shell.house().settings)


def answer(pdf: bytes, name: str) -> Response:
    """Answer with a sheet that no browser keeps."""
    headers = {"Cache-Control": "no-store, private", "Content-Disposition": f'inline; filename="{name}"'}
    return Response(pdf, mimetype="application/pdf", headers=headers)


def _procedure(slug: str) -> Procedure | None:
    """Return what the pack knows of a procedure; nothing of one that was added, or that a new pack
    dropped.
    """
    try:
        return reader.get(common.pack(), slug)
    except Missing:
        return None


def _drawn(found: View, sheet: Sheet, name: str) -> Response:
    pdf = sheets.render(sheet)
    conn = shell.conn()
    with db.write(conn):
        drafts.tell(conn, found.draft.id, What.SHEET, name, common.me().id, shell.moment())
    return answer(pdf, f"{name}.pdf")
