"""Begin a dossier: what it is for is found first, then the notice is heard and each purpose agreed to on its
own; who refuses gets a paper.

Keeps true: nothing is ticked beforehand and nothing personal is asked on these pages; of a refusal only that
there was one is kept; who speaks for another is known as a relation, never as a name.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, redirect, request, url_for

from hub.base import db, text
from hub.base.errors import Conflict, NotReady, Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.trades.dossiers import drafts, follow, redoing
from hub.trades.dossiers.model import (
    NOTICE_VERSION,
    Consent,
    Draft,
    Following,
    GivenBy,
    How,
    Purpose,
    Relation,
    What,
)
from hub.trades.people import visits
from hub.trades.privacy import delegation
from hub.trades.privacy.model import Scope, Shown
from hub.trades.procedures import added
from hub.trades.procedures import service as procedures
from hub.trades.procedures.model import Group, Procedure
from hub.trades.staff.model import Role

_NOTICE = ("what", "why", "who", "how_long", "rights", "refuse")
_FOR_ANOTHER = (GivenBy.GUARDIAN, GivenBy.DELEGATE)
_RECENT, _SEEN = 4, 30


def add_to(desk: Blueprint) -> None:
    """Put the beginning of dossiers on ``desk``."""
    desk.add_url_rule("/start", view_func=choose)
    desk.add_url_rule("/start/<slug>", view_func=start, methods=["GET", "POST"])
    desk.add_url_rule("/start/<slug>/refused", view_func=refused, methods=["POST"])


@guard.needs(Role.GUIDE)
def choose() -> Any:
    """Show what can be begun, by what people need it for; the ones begun lately first."""
    query = request.args.get("q", "")[:80]
    begun = [one for one in added.all(shell.conn(), common.pack()) if one.form_id]
    old = _linked()
    by_slug = {one.slug: one for one in begun}
    related = by_slug[old.procedure].related if old and old.procedure in by_slug else ()
    order = list(Group)
    found = sorted(
        (one for one in begun if _matches(one, query)), key=lambda one: (order.index(one.group), one.order)
    )
    return shell.page(
        "guide/start.html",
        at="dossiers",
        query=query,
        found=found,
        groups=[(group, tuple(ones)) for group, ones in groupby(found, key=lambda one: one.group)],
        recent=lately(),
        related=[by_slug[slug] for slug in related if slug in by_slug],
        old=old,
        more={"from": old.id} if old else {},
    )


def first_ones() -> list[Procedure]:
    """Return the few procedures to offer at once: those begun lately, then the pack's first."""
    begun = [one for one in added.all(shell.conn(), common.pack()) if one.form_id]
    return list({one.slug: one for one in (*lately(), *begun)}.values())[:_RECENT]


def lately() -> list[Procedure]:
    """Return the procedures that were begun lately and still can be, latest first."""
    conn = shell.conn()
    by_slug = {one.slug: one for one in added.all(conn, common.pack()) if one.form_id}
    told = [(one.updated.at, one.procedure) for one in drafts.listing(conn, key=guard.house_key())]
    told += [(one.events[0].at, one.procedure) for one in follow.listing(conn, _SEEN) if one.events]
    latest = dict.fromkeys(slug for _, slug in sorted(told, reverse=True) if slug in by_slug)
    return [by_slug[slug] for slug in latest][:_RECENT]


@guard.needs(Role.GUIDE)
def start(slug: str) -> Any:
    """Read the notice, ask for consent, then open the first page of the form."""
    procedure = added.get(shell.conn(), common.pack(), slug)
    if request.method == "GET":
        return _ask(procedure)
    try:
        draft = _begin(procedure, _consent())
    except Refused as bad:
        if bad.key.startswith("forms."):
            # The pack's form is broken: a technician's work, not something the guide typed wrongly.
            raise NotReady("guide.form_broken", why=common.sentence(bad)) from bad
        return _ask(procedure, common.sentence(bad)), 422
    except Conflict as bad:
        return _ask(procedure, common.sentence(bad)), 409
    old = _linked()
    if old is not None:
        return redirect(url_for("guide.link_people", draft_id=draft.id, other_id=old.id), 303)
    return redirect(url_for("guide.dossier", draft_id=draft.id), 303)


@guard.needs(Role.GUIDE)
def refused(slug: str) -> Any:
    """Print the list of what to bring for somebody who did not agree; only that it happened is counted."""
    conn, now = shell.conn(), shell.moment()
    procedure = added.get(shell.conn(), common.pack(), slug)
    with db.write(conn):
        procedures.print_checklist(
            conn,
            procedure,
            settings=shell.house().settings,
            lang=shell.lang(),
            moment=now,
            client=common.mark(),
        )
        visits.count(conn, visits.Help.ON_PAPER, procedure.slug, moment=now)
    common.tell("good", shell.say("guide.refused_printed"))
    return redirect(url_for("guide.dossiers"), 303)


def _begin(procedure: Procedure, consent: Consent) -> Draft:
    conn, now, me = shell.conn(), shell.moment(), common.me().id
    relation = _relation(consent)
    blank = added.today(conn, common.pack(), procedure.slug)
    with db.write(conn):
        draft = drafts.start(
            conn,
            procedure,
            blank.xml,
            consent=consent,
            staff=me,
            key=guard.house_key(),
            moment=now,
            draft_days=shell.house().settings.dossiers.draft_days,
            device_id=text.fold(shell.house().settings.house.name).replace(" ", "-"),
            username=common.me().name,
            phone=shell.house().settings.house.phone,
            media=blank.media,
        )
        if relation is not None:
            drafts.tell(conn, draft.id, What.FOR_ANOTHER, f"{consent.given_by} {relation}", me, now)
            delegation.record(
                conn,
                draft.id,
                relation,
                scope=Scope.FILL_AND_SEND,
                shown=Shown.PRESENT,
                until_on=delegation.last_day(draft.erase_on, now),
                staff=me,
                moment=now,
            )
        corrects = request.form.get("corrects", "")
        if corrects:
            redoing.link(conn, draft.id, corrects)
    return draft


def _consent() -> Consent:
    form = request.form
    purposes = frozenset(one for one in Purpose if one in form.getlist("purpose"))
    if purposes != frozenset(Purpose):
        raise Refused("dossiers.consent_needed")
    try:
        how, given_by = How(form.get("how", "")), GivenBy(form.get("given_by", ""))
    except ValueError as bad:
        raise Refused("guide.consent_how") from bad
    if "read_aloud" not in form:
        raise Refused("guide.consent_read_aloud")
    return Consent(
        notice_version=form.get("notice", "")[:40],
        notice_lang=shell.lang(),
        read_aloud=True,
        how=how,
        given_by=given_by,
        purposes=purposes,
    )


def _relation(consent: Consent) -> Relation | None:
    """Return what who speaks for another is to them, None for who speaks for themselves."""
    if consent.given_by not in _FOR_ANOTHER:
        return None
    try:
        return Relation(request.form.get("relation", ""))
    except ValueError as bad:
        raise Refused("starting.relation_needed") from bad


def _linked() -> Draft | None:
    """Return the draft whose people this dossier is about too, None for none that is still there."""
    conn, known = shell.conn(), request.values.get("from", "")
    listed = drafts.listing(conn, key=guard.house_key()) if known else ()
    return next((one for one in listed if one.id == known), None)


def _corrects() -> Following | None:
    """Return the dossier that this one does again.

    Raises ``Refused`` for one that may not be, but not a second time beside the sentence of a press.
    """
    code = request.values.get("corrects", "")
    try:
        return redoing.look(shell.conn(), code).old if code else None
    except Refused:
        if request.method == "GET":
            raise
        return None


def _matches(procedure: Procedure, query: str) -> bool:
    told = text.fold(
        " ".join(
            words
            for said in (procedure.plain_name, procedure.official_name, procedure.summary)
            for words in (said.vi, said.en)
        )
        + f" {procedure.code}"
    )
    return all(word in told for word in text.fold(query).split())


def _ask(procedure: Procedure, problem: str | None = None) -> str:
    settings = shell.house().settings
    values = {"house": settings.house.name, "days": settings.dossiers.draft_days}
    notice = [shell.say(f"dossiers.notice_{part}", **values) for part in _NOTICE]
    return shell.page(
        "guide/consent.html",
        at="dossiers",
        procedure=procedure,
        notice=notice,
        notice_version=NOTICE_VERSION,
        purposes=[(one, shell.say(f"dossiers.purpose_{one}", **values)) for one in Purpose],
        hows=[(one, shell.say(f"dossiers.how_{one}")) for one in How],
        givers=[(one, shell.say(f"dossiers.given_by_{one}")) for one in GivenBy],
        relations=[(one, shell.say(f"dossiers.relation_{one}")) for one in Relation],
        form=request.form,
        problem=problem,
        mark=common.new_mark(),
        old=_linked(),
        corrects=_corrects(),
        checklist=not procedure.slug.startswith(added.SLUG),
    )
