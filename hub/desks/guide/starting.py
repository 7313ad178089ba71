"""Begin a dossier: the notice is heard first, each purpose agreed to on its own; who refuses gets a paper.

Keeps true: nothing is ticked beforehand and nothing personal is asked on this page; of a refusal nothing is
kept.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for

from hub.base.errors import NotReady, Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.trades.dossiers import drafts
from hub.trades.dossiers.model import NOTICE_VERSION, Consent, GivenBy, How, Purpose
from hub.trades.procedures import reader
from hub.trades.procedures import service as procedures
from hub.trades.procedures.model import Procedure
from hub.trades.staff.model import Role

_NOTICE = ("what", "why", "who", "how_long", "rights", "refuse")


def add_to(desk: Blueprint) -> None:
    """Put the beginning of dossiers on ``desk``."""
    desk.add_url_rule("/start/<slug>", view_func=start, methods=["GET", "POST"])
    desk.add_url_rule("/start/<slug>/refused", view_func=refused, methods=["POST"])


@guard.needs(Role.GUIDE)
def start(slug: str) -> Any:
    """Read the notice, ask for consent, then open the first page of the form."""
    procedure = reader.get(common.pack(), slug)
    if request.method == "GET":
        return _ask(procedure)
    try:
        consent = _consent()
    except Refused as bad:
        return _ask(procedure, common.sentence(bad)), 422
    settings = shell.house().settings
    try:
        draft = drafts.start(
            shell.conn(),
            procedure,
            reader.form_xml(common.pack(), slug),
            consent=consent,
            staff=common.me().id,
            key=guard.house_key(),
            moment=shell.moment(),
            draft_days=settings.dossiers.draft_days,
        )
    except Refused as bad:
        if bad.key.startswith("forms."):
            # The pack's form is broken: a technician's work, not something the guide typed wrongly.
            raise NotReady("guide.form_broken", why=common.sentence(bad)) from bad
        return _ask(procedure, common.sentence(bad)), 422
    return redirect(url_for("guide.dossier", draft_id=draft.id), 303)


@guard.needs(Role.GUIDE)
def refused(slug: str) -> Any:
    """Print the list of what to bring for somebody who did not agree; nothing else is kept."""
    procedure = reader.get(common.pack(), slug)
    procedures.print_checklist(
        shell.conn(),
        procedure,
        settings=shell.house().settings,
        lang=shell.lang(),
        moment=shell.moment(),
        client=common.mark(),
    )
    common.tell("good", shell.say("guide.refused_printed"))
    return redirect(url_for("guide.dossiers"), 303)


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
        form=request.form,
        problem=problem,
        mark=common.new_mark(),
    )
