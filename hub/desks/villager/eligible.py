"""May I ask for it: one question a page, then yes, no, or "ask the commune", and the papers for that.

Keeps true: the answers travel from page to page inside the form, never in an address, and are kept nowhere:
no table, no log, no cookie. Whoever leaves the page leaves nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, abort, request

from hub.base.errors import Missing, Refused
from hub.desks import errors, shell
from hub.desks.villager import amounts, common
from hub.trades.procedures import eligibility, figures, reader
from hub.trades.procedures.eligibility import UNSURE, Eligibility, Question, Result
from hub.trades.procedures.model import Procedure

_STEM = "a-"
_LONGEST = 40


def add_to(desk: Blueprint) -> None:
    """Put the questions on ``desk``."""
    desk.add_url_rule("/procedures/<slug>/check", view_func=eligible, methods=["GET", "POST"])


def eligible(slug: str) -> Any:
    """Ask the next question that matters, or say what came out."""
    asked = _asked(slug)
    one = figures.today(shell.conn(), reader.get(common.pack(), slug), shell.moment().on)
    answers = _answers(asked)
    if "back" in request.form and answers:
        answers.popitem()
    elif "now" in request.form:
        question = _question(asked, request.form["now"])
        try:
            answers[question.id] = eligibility.read(question, _said(), _latest())
        except Refused as bad:
            return _ask(one, asked, question, answers, problem=errors.told(bad)), 422
    found = _decide(one, asked, answers)
    if isinstance(found, Question):
        return _ask(one, asked, found, answers)
    lang = shell.lang()
    outcome = found.outcome
    shown = [one.figure(id) for id in outcome.figures] if outcome else []
    return shell.page(
        "villager/eligible_result.html",
        one=one,
        asked=asked,
        result=found,
        outcome=outcome,
        unsure=[question.ask.said(lang) for question in found.unsure],
        figures=amounts.rows(figure for figure in shown if figure is not None),
        sources=common.source_words(outcome.sources) if outcome else "",
        answers=_fields(answers),
        mark=common.new_mark(),
    )


def outcomes(slug: str) -> tuple[str, ...]:
    """Return what may come of the answers that this form carries, nothing when it carries none."""
    asked = reader.eligibility(common.pack(), slug)
    answers = _answers(asked) if asked else {}
    if asked is None or not answers:
        return ()
    one = figures.today(shell.conn(), reader.get(common.pack(), slug), shell.moment().on)
    found = _decide(one, asked, answers)
    return found.possible if isinstance(found, Result) else ()


def _asked(slug: str) -> Eligibility:
    asked = reader.eligibility(common.pack(), slug)
    if asked is None:
        raise Missing("procedures.no_questions")
    return asked


def _decide(one: Procedure, asked: Eligibility, answers: dict[str, str]) -> Question | Result:
    known = {figure.id: figure.value for figure in one.figures}
    return eligibility.decide(asked, answers, today=shell.moment().on, figures=known)


def _answers(asked: Eligibility) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in request.form.items():
        if name.startswith(_STEM):
            question = _question(asked, name.removeprefix(_STEM))
            if not eligibility.is_kept(question, value):
                abort(404)
            found[question.id] = value
    return found


def _question(asked: Eligibility, id: str) -> Question:
    for question in asked.questions:
        if question.id == id:
            return question
    abort(404)


def _said() -> str:
    return UNSURE if "unsure" in request.form else request.form.get("said", "")[:_LONGEST]


def _latest() -> dt.date | None:
    # A House whose clock is doubtful may be behind the true day.
    return shell.moment().on if shell.moment().trusted else None


def _fields(answers: dict[str, str]) -> dict[str, str]:
    return {f"{_STEM}{id}": answer for id, answer in answers.items()}


def _ask(
    one: Procedure,
    asked: Eligibility,
    question: Question,
    answers: dict[str, str],
    problem: str | None = None,
) -> str:
    return shell.page(
        "villager/eligible.html",
        one=one,
        asked=asked,
        question=question,
        number=len(answers) + 1,
        answers=_fields(answers),
        typed=_said() if problem else "",
        problem=problem,
    )
