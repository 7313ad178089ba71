"""Answer a request: give a copy, erase, take a consent back, say done or refused.

Keeps true: a copy is made in memory and leaves with the answer; erasing asks once; what was done is written
down with the request in the same press; a dossier that the office has is never said to be erased.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for

from hub.base import db, scrub
from hub.base.errors import Missing, Refused
from hub.desks import guard, shell
from hub.desks.guide import common, requests, rich
from hub.overview import copies
from hub.trades.dossiers import drafts, withdrawing
from hub.trades.people import service as people
from hub.trades.people.model import Purpose
from hub.trades.privacy import log
from hub.trades.privacy import requests as desk_of
from hub.trades.privacy.model import Access, Act, Kind, Reason, Subject, SubjectKind
from hub.trades.staff.model import Role


def add_to(desk: Blueprint) -> None:
    """Put the answers on ``desk``."""
    desk.add_url_rule("/requests/<int:request_id>/copy", view_func=give_copy, methods=["POST"])
    desk.add_url_rule(
        "/requests/<int:request_id>/erase/<int:number>", view_func=erase_record, methods=["GET", "POST"]
    )
    desk.add_url_rule(
        "/requests/<int:request_id>/consent/<int:number>", view_func=take_back, methods=["POST"]
    )
    desk.add_url_rule("/requests/<int:request_id>/corrected", view_func=corrected, methods=["POST"])
    desk.add_url_rule("/requests/<int:request_id>/close", view_func=close_request, methods=["POST"])
    desk.add_url_rule("/requests/<int:request_id>/refuse", view_func=refuse_request, methods=["POST"])


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.one_request", "request_id")
def give_copy(request_id: int) -> Any:
    """Answer with all that is kept: one file for the person's own stick, or a page to print."""
    conn, moment, me, lang = shell.conn(), shell.moment(), common.me().id, shell.lang()
    found = desk_of.get(conn, request_id)
    if not found.subjects:
        raise Refused("privacy.choose_record")
    house = shell.house().settings.house.name
    with db.write(conn):
        made = copies.gather(
            conn, found.subjects, key=guard.house_key(), staff=me, moment=moment, lang=lang, plain=rich.plain
        )
        desk_of.act(conn, request_id, Act.EXPORTED, "", staff=me, moment=moment)
        log.note(conn, Access.COPY_GIVEN, f"request:{request_id}", staff=me, moment=moment)
    if request.form.get("as") == "page":
        return shell.page("guide/request_copy.html", at="requests", one=found, sections=made.sections)
    headers = {
        "Cache-Control": "no-store, private",
        "Content-Disposition": f'attachment; filename="copy-{request_id}.zip"',
    }
    return Response(copies.packed(made, house, moment, lang), mimetype="application/zip", headers=headers)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.one_request", "request_id")
def erase_record(request_id: int, number: int) -> Any:
    """Erase one record, after a yes."""
    found = desk_of.get(shell.conn(), request_id)
    subject = _subject(found.subjects, number)
    if request.method == "GET":
        told = requests.record(number, subject)
        return shell.page("guide/request_erase.html", at="requests", one=found, record=told)
    common.tell("good", shell.say(_erase(request_id, subject, found.kind)))
    return redirect(url_for("guide.one_request", request_id=request_id), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.one_request", "request_id")
def take_back(request_id: int, number: int) -> Any:
    """Take one purpose back; one without which nothing may be kept leads to the question of erasing."""
    conn, moment, me = shell.conn(), shell.moment(), common.me().id
    found = desk_of.get(conn, request_id)
    subject = _subject(found.subjects, number)
    purpose = request.form.get("purpose", "")
    if subject.kind is not SubjectKind.HOUSEHOLD or purpose == Purpose.KEEP_FACTS:
        place = found.subjects.index(subject) + 1
        return redirect(url_for("guide.erase_record", request_id=request_id, number=place), 303)
    consent = people.agreed(conn, subject.ref).consent
    if purpose not in consent.purposes:
        abort(400)
    less = dataclasses.replace(consent, purposes=consent.purposes - {Purpose(purpose)})
    with db.write(conn):
        people.consent_again(conn, subject.ref, less, key=guard.house_key(), staff=me, moment=moment)
        desk_of.act(conn, request_id, Act.WITHDRAWN, subject.kind, staff=me, moment=moment)
    scrub.scrub(conn)
    common.tell("good", shell.say("privacy.taken_back"))
    return redirect(url_for("guide.one_request", request_id=request_id), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.one_request", "request_id")
def corrected(request_id: int) -> Any:
    """Write down that what was wrong has been corrected in the dossier or the record itself."""
    desk_of.act(shell.conn(), request_id, Act.CORRECTED, "", staff=common.me().id, moment=shell.moment())
    return redirect(url_for("guide.one_request", request_id=request_id), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.one_request", "request_id")
def close_request(request_id: int) -> Any:
    """Say that a request is done."""
    conn = shell.conn()
    about = enumerate(desk_of.get(conn, request_id).subjects, start=1)
    here = [one for number, one in about if requests.record(number, one).here]
    desk_of.close(conn, request_id, staff=common.me().id, moment=shell.moment(), here=here)
    common.tell("good", shell.say("privacy.state_done"))
    return redirect(url_for("guide.one_request", request_id=request_id), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.one_request", "request_id")
def refuse_request(request_id: int) -> Any:
    """Say that a request cannot be met here, and why."""
    why = request.form.get("reason", "")
    if why not in set(Reason):
        raise Refused("privacy.choose_reason")
    desk_of.refuse(shell.conn(), request_id, Reason(why), staff=common.me().id, moment=shell.moment())
    return redirect(url_for("guide.one_request", request_id=request_id), 303)


def _erase(request_id: int, subject: Subject, kind: Kind) -> str:
    """Erase a record and write it down; return the phrase that says what became of it."""
    conn, moment, me = shell.conn(), shell.moment(), common.me().id
    said = "privacy.erased"
    with db.write(conn):
        if subject.kind is SubjectKind.DRAFT:
            drafts.erase(conn, subject.ref, staff=me, moment=moment)
        elif subject.kind is SubjectKind.HOUSEHOLD:
            erase = people.withdraw if kind is Kind.WITHDRAW else people.erase
            erase(conn, subject.ref, staff=me, moment=moment)
        else:
            gone = withdrawing.withdraw(conn, subject.ref, staff=me, moment=moment)
            log.note(conn, Access.PARCEL_WITHDRAWN, gone.draft_id, staff=me, moment=moment)
            said = "privacy.withdrawn_never_left" if gone.never_left else "privacy.withdrawn_maybe_left"
        act = Act.WITHDRAWN if subject.kind is SubjectKind.SEALED else Act.ERASED
        desk_of.act(conn, request_id, act, subject.kind, staff=me, moment=moment)
    # Inside the transaction nothing could be emptied from the log yet.
    scrub.scrub(conn)
    return said


def _subject(subjects: tuple[Subject, ...], number: int) -> Subject:
    shown = request.form.get("ref")
    if shown is not None:
        # A record that another guide has added since moves the numbers: what the page showed is meant.
        number = next((at for at, one in enumerate(subjects, start=1) if one.ref == shown), 0)
    if not 1 <= number <= len(subjects):
        raise Missing("privacy.no_request")
    return subjects[number - 1]
