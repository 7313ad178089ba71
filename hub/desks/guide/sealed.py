"""One sealed dossier: its code, where it is, its two receipts, and the one thing to do when it is held.

Keeps true: "kept at the House" and "the office has it" are never shown as one another; the second receipt is
offered only when the office has the dossier.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, url_for

from hub.base import clock as clocks
from hub.base import db, phrases
from hub.desks import guard, shell
from hub.desks.guide import common, dossiers, papers, stick
from hub.post import inbox, jobs, outbox
from hub.trades.dossiers import appointments, follow, redoing, sealing, slip
from hub.trades.dossiers.model import Event, What
from hub.trades.staff.model import Role

# Where a villager's page stands: three things happen one after the other.
_STEPS = ("kept", "sent", "answered")


def add_to(desk: Blueprint) -> None:
    """Put the sealed dossiers on ``desk``."""
    desk.add_url_rule("/sealed/<code>", view_func=sealed)
    for view in (release, print_kept, print_received):
        desk.add_url_rule(f"/sealed/<code>/{view.__name__}", view_func=view, methods=["POST"])


@guard.needs(Role.GUIDE)
def sealed(code: str) -> Any:
    """Show a sealed dossier; polled while its receipt is printed and the office is asked."""
    conn = shell.conn()
    versions = (*follow.version(conn), db.version(conn, jobs.TOPIC))
    found = follow.follow(conn, code)
    told = common.told()

    def render() -> str:
        about = sealing.subject(found.instance_id)
        first, second = jobs.for_subject(conn, about), jobs.for_subject(conn, f"{about}:received")
        invited = jobs.for_subject(conn, appointments.subject(found.instance_id))
        wrote = follow.comments(conn, found, key=inbox.words_key(shell.house().keys))
        step = 1 if not found.state.at_office else 2 if found.state == "office_has_it" else 3
        return shell.page(
            "guide/sealed.html",
            at="dossiers",
            told=told,
            row=dossiers.row(found),
            todo=_todo(found.instance_id),
            found=found,
            steps=[shell.say(f"guide.step_{one}") for one in _STEPS],
            step=step,
            first=papers.paper(first[0]) if first else None,
            second=papers.paper(second[0]) if second else None,
            events=[(_words(event), common.when(event.at, event.trusted)) for event in found.events],
            comments=[(one.text, common.when(clocks.parse(one.at))) for one in wrote],
            invited=papers.paper(invited[0]) if invited else None,
            meeting=common.meeting(found.appointment) if found.appointment else None,
            further=slip.next_key(found, shell.house().settings),
            may_redo=redoing.may(found),
            by_hand=None if found.state.at_office else stick.hand(found.instance_id),
        )

    return shell.polled((versions, found.code, told), render)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.sealed", "code")
def release(code: str) -> Any:
    """Let a held dossier go again, same bytes."""
    outbox.release(shell.conn(), follow.follow(shell.conn(), code).instance_id)
    common.tell("good", shell.say("guide.released"))
    return redirect(url_for("guide.sealed", code=code), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.sealed", "code")
def print_kept(code: str) -> Any:
    """Print the first receipt once more, marked as a copy."""
    follow.print_kept_again(shell.conn(), code, **_print())
    common.tell("good", shell.say("guide.printing_kept"))
    return redirect(url_for("guide.sealed", code=code), 303)


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.sealed", "code")
def print_received(code: str) -> Any:
    """Print the second receipt; refused while the office has not got the dossier."""
    follow.print_received(shell.conn(), code, **_print(), words_key=inbox.words_key(shell.house().keys))
    common.tell("good", shell.say("guide.printing_received"))
    return redirect(url_for("guide.sealed", code=code), 303)


def _todo(instance_id: str) -> str:
    """The one thing to do about a held dossier, by what holds it."""
    reason = outbox.state(shell.conn(), instance_id).reason_key or ""
    key = f"held.{reason.removeprefix('relay.')}"
    return shell.say(key if phrases.has(key) else "held.other")


def _print() -> dict[str, Any]:
    return {"moment": shell.moment(), "settings": shell.house().settings, "lang": shell.lang()}


def _words(event: Event) -> str:
    if event.what is What.OFFICE_SAYS:
        return shell.say("dossiers.event_office_says", state=shell.say(f"dossiers.review_{event.detail}"))
    if event.what is What.INVITED:
        return shell.say("dossiers.event_invited", day=common.day(event.detail))
    if event.what is What.DONE_AGAIN:
        return shell.say("dossiers.event_done_again", code=event.detail)
    return shell.say(f"dossiers.event_{event.what}")
