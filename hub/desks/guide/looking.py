"""Who has seen a dossier, what was agreed to for it, and who speaks for whom.

Keeps true: it tells acts, colleagues and times, never an answer; a delegation is a relation on the page, and
names are written by hand on its paper.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, redirect, request, url_for

from hub.base import db
from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.forms import typed
from hub.forms.typed import DataType
from hub.overview import access
from hub.post import jobs
from hub.trades.dossiers import drafts, withdrawing
from hub.trades.dossiers.model import Relation
from hub.trades.privacy import delegation, slip
from hub.trades.privacy.model import Scope, Shown
from hub.trades.staff.model import Role

_LINES = 40


def add_to(desk: Blueprint) -> None:
    """Put the page on ``desk``."""
    desk.add_url_rule("/dossiers/<draft_id>/privacy", view_func=draft_privacy)
    desk.add_url_rule("/dossiers/<draft_id>/delegation", view_func=delegate, methods=["POST"])
    desk.add_url_rule("/dossiers/<draft_id>/delegation/print", view_func=print_delegation, methods=["POST"])


@guard.needs(Role.GUIDE)
def draft_privacy(draft_id: str) -> Any:
    """Show who opened a draft, its consent, and the delegation that holds."""
    return _show(draft_id)


@guard.needs(Role.GUIDE)
def delegate(draft_id: str) -> Any:
    """Write down that somebody speaks for the person of this draft."""
    conn = shell.conn()
    drafts.known(conn, draft_id)
    try:
        delegation.record(
            conn,
            draft_id,
            Relation(request.form.get("relation", "")),
            scope=Scope(request.form.get("scope", "")),
            shown=Shown(request.form.get("shown", "")),
            until_on=_day(request.form.get("until", "")),
            staff=common.me().id,
            moment=shell.moment(),
        )
    except Refused as bad:
        return _show(draft_id, common.sentence(bad)), 422
    except ValueError:
        return _show(draft_id, shell.say("privacy.choose")), 422
    common.tell("good", shell.say("privacy.delegated"))
    return redirect(url_for("guide.draft_privacy", draft_id=draft_id), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.draft_privacy", "draft_id")
def print_delegation(draft_id: str) -> Any:
    """Print the delegation for both to sign."""
    conn, lang = shell.conn(), shell.lang()
    draft = drafts.told(conn, draft_id, key=guard.house_key())
    found = delegation.of(conn, draft_id)
    if found is None:
        raise Refused("privacy.no_delegation")
    relation = shell.say(f"dossiers.relation_{found.relation}")
    paper = slip.delegation(found, draft.title.said(lang), relation, shell.house().settings, lang=lang)
    with db.write(conn):
        jobs.add(
            conn,
            jobs.Kind.OTHER,
            paper,
            moment=shell.moment(),
            subject=f"delegation:{found.id}",
            lang=lang,
        )
    common.tell("good", shell.say("privacy.printed"))
    return redirect(url_for("guide.draft_privacy", draft_id=draft_id), 303)


def _show(draft_id: str, problem: str | None = None) -> str:
    conn = shell.conn()
    draft = drafts.told(conn, draft_id, key=guard.house_key())
    agreed = withdrawing.agreed(conn, draft_id)
    held = delegation.of(conn, draft_id)
    return shell.page(
        "guide/looked.html",
        at="dossiers",
        told=common.told(),
        draft=draft,
        agreed=agreed,
        purposes=sorted(agreed.consent.purposes) if agreed else [],
        held=held,
        held_relation=shell.say(f"dossiers.relation_{held.relation}") if held else "",
        relations=[(one, shell.say(f"dossiers.relation_{one}")) for one in Relation],
        scopes=[(one, shell.say(f"privacy.scope_{one}")) for one in Scope],
        ways=[(one, shell.say(f"privacy.shown_{one}")) for one in Shown],
        until=request.form.get("until") or f"{draft.erase_on:%d/%m/%Y}",
        form=request.form,
        lines=access.of_draft(conn, draft_id)[-_LINES:],
        names={one.id: one.name for one in common.guides()},
        when=common.when,
        problem=problem,
    )


def _day(raw: str) -> dt.date:
    """Return a typed day; ``Refused`` with the sentence that says what is wrong with it."""
    reading = typed.read(DataType.DATE, (), raw.strip()[:40], None)
    if reading.key is not None or not reading.value:
        raise Refused(reading.key or "privacy.choose", **dict(reading.values))
    return dt.date.fromisoformat(reading.value)
