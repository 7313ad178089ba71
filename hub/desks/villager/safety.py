"""Scams: the kinds of them, a checker for a message, and messages to practise on.

Keeps true: a message that is checked is in no address, no log and no table, and is not shown again; what is
read aloud of a verdict is the House's own words, never the message's.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request

from hub.base import text
from hub.desks import shell
from hub.desks.villager import common
from hub.overview import voices
from hub.trades.fraud import checker, reader
from hub.trades.fraud.model import Level, Quiz, Scam

_KINDS = {Level.DANGEROUS: "danger", Level.SUSPICIOUS: "care", Level.CANNOT_KNOW: "note"}


def add_to(desk: Blueprint) -> None:
    """Put the scams on ``desk``."""
    desk.add_url_rule("/fraud", view_func=fraud)
    desk.add_url_rule("/fraud/check", view_func=check, methods=["GET", "POST"])
    desk.add_url_rule("/fraud/quiz", view_func=fraud_quiz)
    desk.add_url_rule("/fraud/<slug>", view_func=scam)


def fraud() -> Response:
    """List the kinds of scam, the checker first."""
    pack = common.pack()
    return shell.polled(
        (pack.id,), lambda: shell.page("villager/fraud.html", scams=reader.scams(pack, shell.lang()))
    )


def scam(slug: str) -> Response:
    """Show one kind of scam."""
    pack = common.pack()
    one = reader.scam(pack, slug, shell.lang())

    def render() -> str:
        places = [place for place, (found, _) in enumerate(_all(shell.lang())) if found.slug == slug]
        return shell.page(
            "villager/scam.html",
            scam=one,
            spoken=voices.section,
            quiz_at=places[0] + 1 if places else None,
            age=common.age_words(one.as_of),
            sources=common.source_words(one.sources),
        )

    return shell.polled((pack.id, shell.moment().on), render)


def check() -> Any:
    """Take a message and say what it looks like."""
    if request.method == "GET":
        return shell.page("villager/check.html", problem=None, most=checker.MOST)
    message = request.form.get("message", "")
    if not text.fold(message):
        problem = shell.say("villager.check_empty")
        return shell.page("villager/check.html", problem=problem, most=checker.MOST), 422
    pack = common.pack()
    verdict = checker.check(message, reader.rules(pack))
    reporting = reader.reporting(pack)
    return shell.page(
        "villager/verdict.html",
        verdict=verdict,
        kind=_KINDS[verdict.level],
        reporting=reporting,
        age=common.age_words(reporting.as_of),
        sources=common.source_words(reporting.sources),
    )


def fraud_quiz() -> Response:
    """Show a message to judge, or say how the judgement went."""
    pack = common.pack()
    found = _all(shell.lang())
    number = request.args.get("n", 1, type=int)
    if not 1 <= number <= len(found):
        abort(404)
    said = request.args.get("said")
    if said not in (None, "scam", "real"):
        abort(404)
    about, quiz = found[number - 1]

    def render() -> str:
        return shell.page(
            "villager/fraud_quiz.html",
            scam=about,
            quiz=quiz,
            number=number,
            total=len(found),
            said=said,
            right=said is not None and (said == "scam") == quiz.scam,
        )

    return shell.polled((pack.id,), render)


def _all(lang: str) -> list[tuple[Scam, Quiz]]:
    return [(scam, quiz) for scam in reader.scams(common.pack(), lang) for quiz in scam.quiz]
