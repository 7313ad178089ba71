"""Requests of people about their own data: who asks what is written down, and an answer has its day.

Keeps true: the first due stands first; how somebody was recognised is known and nothing is copied for it;
names of records are opened for these pages alone.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, request, url_for

from hub.base import db
from hub.base.clock import VILLAGE
from hub.base.errors import Missing, Refused
from hub.desks import guard, shell
from hub.desks.guide import common
from hub.post import jobs
from hub.trades.dossiers import drafts, follow, withdrawing
from hub.trades.people import service as people
from hub.trades.privacy import breach, days
from hub.trades.privacy import requests as desk_of
from hub.trades.privacy import slip
from hub.trades.privacy.model import (
    Act,
    Breach,
    Identified,
    Kind,
    Reason,
    Request,
    State,
    Subject,
    SubjectKind,
)
from hub.trades.staff.model import Role

# The House locks and stops nothing for these: people do what was asked.
_BY_HAND = (Kind.RESTRICT, Kind.OBJECT, Kind.COMPLAIN)


@dataclass(frozen=True, slots=True)
class Record:
    """A record that a request is about: its name, whether it is still here, what was agreed to."""

    number: int
    subject: Subject
    title: str
    here: bool
    purposes: tuple[tuple[str, str], ...] = ()


def add_to(desk: Blueprint) -> None:
    """Put the requests on ``desk``."""
    desk.add_url_rule("/requests", view_func=requests)
    desk.add_url_rule("/requests/new", view_func=new_request, methods=["GET", "POST"])
    desk.add_url_rule("/requests/<int:request_id>", view_func=one_request)
    desk.add_url_rule("/requests/<int:request_id>/about", view_func=about, methods=["POST"])
    desk.add_url_rule("/requests/<int:request_id>/print", view_func=print_request, methods=["POST"])


@guard.needs(Role.GUIDE)
def requests() -> Any:
    """List the open requests by their day, then what was answered lately, and breaches whose clock runs."""
    # Asked by a doubtful clock, a request gets its true day as soon as that is known.
    desk_of.settle_doubts(shell.conn(), shell.moment(), days_off())
    found = desk_of.listing(shell.conn())
    return shell.page(
        "guide/requests.html",
        at="requests",
        told=common.told(),
        waiting=[one for one in found if one.state is State.OPEN],
        closed=[one for one in found if one.state is not State.OPEN],
        today=shell.moment().on,
        breaches=[(one, hours_left(one)) for one in breach.running(shell.conn())],
        when=common.when,
        names={one.id: one.name for one in common.guides()},
    )


@guard.needs(Role.GUIDE)
def new_request() -> Any:
    """Write a request down: what is asked, how the person was recognised, by which code."""
    if request.method == "GET":
        return _ask()
    try:
        kind, known = Kind(request.form.get("kind", "")), Identified(request.form.get("identified", ""))
    except ValueError:
        return _ask(shell.say("privacy.choose")), 422
    try:
        subjects = _named()
    except (Missing, Refused) as bad:
        return _ask(common.sentence(bad)), 422
    number = desk_of.ask(
        shell.conn(),
        kind,
        known,
        subjects,
        lang=shell.lang(),
        staff=common.me().id,
        moment=shell.moment(),
        off=days_off(),
    )
    return redirect(url_for("guide.one_request", request_id=number), 303)


@guard.needs(Role.GUIDE)
def one_request(request_id: int) -> Any:
    """Show a request: which records it is about, what was done, and what can be done."""
    return show(request_id)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.one_request", "request_id")
def about(request_id: int) -> Any:
    """Add the records that the person means."""
    named = _named()
    if not named:
        raise Refused("privacy.choose_record")
    for one in named:
        desk_of.add(shell.conn(), request_id, one)
    return redirect(url_for("guide.one_request", request_id=request_id), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.one_request", "request_id")
def print_request(request_id: int) -> Any:
    """Print what was asked and by when, or the answer."""
    conn = shell.conn()
    found = desk_of.get(conn, request_id)
    with db.write(conn):
        paper = slip.request(found, shell.house().settings, lang=found.lang)
        subject = f"request:{found.id}:{found.state}"
        jobs.add(conn, jobs.Kind.OTHER, paper, moment=shell.moment(), subject=subject, lang=found.lang)
    common.tell("good", shell.say("privacy.printed"))
    return redirect(url_for("guide.one_request", request_id=request_id), 303)


def show(request_id: int) -> str:
    """Return the page of one request."""
    conn, key = shell.conn(), guard.house_key()
    found = desk_of.get(conn, request_id)
    records = [record(number, one) for number, one in enumerate(found.subjects, start=1)]
    return shell.page(
        "guide/request.html",
        at="requests",
        told=common.told(),
        one=found,
        open=found.state is State.OPEN,
        late=found.late(shell.moment().on),
        records=records,
        any_here=any(one.here for one in records),
        drafts=[
            (one.id, f"{one.label} · {one.title.said(shell.lang())}") for one in drafts.listing(conn, key=key)
        ],
        homes=[(one.id, one.label) for one in people.listing(conn, key=key)],
        reasons=[(one, shell.say(f"privacy.reason_{one}")) for one in Reason],
        corrected=found.kind is Kind.CORRECT,
        by_hand=found.kind in _BY_HAND,
        refused=Act.REFUSED,
        names={one.id: one.name for one in common.guides()},
        when=common.when,
    )


def record(number: int, subject: Subject) -> Record:
    """Return a record of a request as a guide sees it."""
    conn, key, lang = shell.conn(), guard.house_key(), shell.lang()
    gone = shell.say(f"privacy.subject_{subject.kind}", ref=subject.ref if subject.kind == "sealed" else "")
    try:
        if subject.kind is SubjectKind.HOUSEHOLD:
            home = people.look(conn, subject.ref, key=key)
            agreed = people.agreed(conn, subject.ref).consent.purposes
            house = shell.house().settings.house.name
            told = [(one, shell.say(f"people.purpose_{one}", house=house)) for one in sorted(agreed)]
            return Record(number, subject, home.label, True, tuple(told))
        if subject.kind is SubjectKind.DRAFT:
            draft = drafts.told(conn, subject.ref, key=key)
            title, draft_id = f"{draft.label} · {draft.title.said(lang)}", subject.ref
        else:
            sealed = follow.follow(conn, subject.ref)
            title = f"{sealed.code} · {sealed.title.said(lang)} · {shell.say(sealed.state_key)}"
            draft_id = withdrawing.draft_of(conn, subject.ref)
    except Missing:
        return Record(number, subject, gone, False)
    consent = withdrawing.agreed(conn, draft_id)
    values = {"house": shell.house().settings.house.name, "days": shell.house().settings.dossiers.draft_days}
    purposes = sorted(consent.consent.purposes) if consent else []
    return Record(
        number,
        subject,
        title,
        True,
        tuple((one, shell.say(f"dossiers.purpose_{one}", **values)) for one in purposes),
    )


def in_sight() -> dict[str, int]:
    """Tell every page of this desk how many requests are open and how many breaches wait to be reported."""
    conn = shell.conn()
    return {"requests_open": desk_of.count(conn), "breaches_open": len(breach.running(conn))}


def hours_left(found: Breach) -> int:
    """Return how many whole hours are left to report a breach, negative when they are over."""
    return int((days.deadline(found.discovered_at) - shell.moment().at).total_seconds() // 3600)


def days_off() -> frozenset[dt.date]:
    """Return the days beside the weekends on which nobody works here."""
    return frozenset(one.on for one in shell.house().settings.privacy.holidays)


def day_asked(found: Request) -> dt.date:
    """Return the village's day on which somebody asked."""
    return found.asked_at.astimezone(VILLAGE).date()


def _named() -> tuple[Subject, ...]:
    """Return the records named in the form; raises as ``follow.follow``, ``Missing`` for one not here."""
    conn, key, form = shell.conn(), guard.house_key(), request.values
    found = []
    if form.get("code", "").strip():
        found.append(Subject(SubjectKind.SEALED, follow.follow(conn, form["code"][:40]).code))
    if form.get("draft"):
        found.append(Subject(SubjectKind.DRAFT, drafts.told(conn, form["draft"], key=key).id))
    if form.get("household"):
        found.append(Subject(SubjectKind.HOUSEHOLD, people.look(conn, form["household"], key=key).id))
    return tuple(found)


def _ask(problem: str | None = None) -> str:
    try:
        meant = [record(number, one) for number, one in enumerate(_named(), start=1)]
    except (Missing, Refused):
        meant = []
    due = days.due(shell.moment().on, days_off())
    return shell.page(
        "guide/request_new.html",
        at="requests",
        kinds=[(one, shell.say(f"privacy.kind_{one}")) for one in Kind],
        ways=[(one, shell.say(f"privacy.identified_{one}")) for one in Identified],
        form=request.values,
        meant=meant,
        due=due,
        problem=problem,
    )
