"""A lesson's questions, one a page, then how it went and a slip to take home.

Keeps true: the answers so far travel in the address as digits and nowhere else; they are judged here. A name
for the slip goes to the printer alone: to no address, no log and no table but the printer's own queue, which
is cleared with its slips.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, request, url_for

from hub.base import db
from hub.base.errors import Refused
from hub.desks import errors, shell
from hub.desks.villager import common
from hub.post import jobs
from hub.trades.lessons import reader, service, slip
from hub.trades.lessons.model import Lesson, Score

_LONGEST_NAME = 60


def add_to(desk: Blueprint) -> None:
    """Put the quizzes on ``desk``."""
    where = "/lessons/<track>/<slug>/quiz"
    desk.add_url_rule(where, view_func=question)
    desk.add_url_rule(f"{where}/finish", view_func=finish, methods=["POST"])
    desk.add_url_rule(f"{where}/result", view_func=result)
    desk.add_url_rule(f"{where}/certificate", view_func=certificate, methods=["POST"])


def question(track: str, slug: str) -> Any:
    """Ask the next question, or say how the one just answered went."""
    pack = common.pack()
    lesson = reader.lesson(pack, track, slug, shell.lang())
    given = _given(lesson)
    chosen = request.args.get("choice", type=int)
    if len(given) >= len(lesson.quiz):
        return redirect(url_for("villager.result", track=track, slug=slug, a=_digits(given)), 303)
    here = lesson.quiz[len(given)]
    if chosen is not None and not 0 <= chosen < len(here.choices):
        abort(404)
    after = _digits([*given, chosen]) if chosen is not None else ""
    last = len(given) + 1 == len(lesson.quiz)
    shown: dict[str, Any] = {"lesson": lesson, "here": here, "number": len(given) + 1}
    if chosen is not None and last:
        # The last page leads on by a form that counts, so it is drawn for one reader only.
        return shell.page("villager/answer.html", chosen=chosen, after=after, last=True, **shown)
    if chosen is not None:
        return shell.polled(
            (pack.id,),
            lambda: shell.page("villager/answer.html", chosen=chosen, after=after, last=False, **shown),
        )
    return shell.polled(
        (pack.id,), lambda: shell.page("villager/question.html", given=_digits(given), **shown)
    )


def finish(track: str, slug: str) -> Any:
    """Count that somebody finished the lesson, and show how it went."""
    lesson = reader.lesson(common.pack(), track, slug, shell.lang())
    given = _given(lesson, whole=True)
    service.complete(shell.conn(), lesson, moment=shell.moment())
    return redirect(url_for("villager.result", track=track, slug=slug, a=_digits(given)), 303)


def result(track: str, slug: str) -> Any:
    """Show how it went; who got most of it may have a slip."""
    lesson = reader.lesson(common.pack(), track, slug, shell.lang())
    return _result(lesson, _given(lesson, whole=True))


def certificate(track: str, slug: str) -> Any:
    """Print the slip of a passed lesson, once for one drawing of the form."""
    lesson = reader.lesson(common.pack(), track, slug, shell.lang())
    given = _given(lesson, whole=True)
    score = service.check(lesson, given)
    if not _passed(score):
        abort(403)
    try:
        name = common.typed("name", _LONGEST_NAME)
    except Refused as bad:
        return _result(lesson, given, problem=errors.told(bad)), 422
    conn, moment = shell.conn(), shell.moment()
    subject = f"certificate:{common.mark()}"
    with db.write(conn):
        before = jobs.for_subject(conn, subject)
        if before:
            job_id = before[0].id
        else:
            paper = slip.certificate(
                lesson, score, house=shell.house().settings.house, lang=shell.lang(), moment=moment, name=name
            )
            job_id = jobs.add(
                conn,
                jobs.Kind.OTHER,
                paper,
                moment=moment,
                subject=subject,
                lang=shell.lang(),
                private=bool(name),
            )
    return redirect(url_for("villager.paper", job_id=job_id), 303)


def _result(lesson: Lesson, given: list[int], problem: str | None = None) -> str:
    score = service.check(lesson, given)
    return shell.page(
        "villager/result.html",
        lesson=lesson,
        score=score,
        passed=_passed(score),
        given=_digits(given),
        mark=common.new_mark(),
        keep_days=shell.house().settings.dossiers.slip_days,
        most=_LONGEST_NAME,
        problem=problem,
    )


def _passed(score: Score) -> bool:
    # Two of three right: enough to say "well done", and a lesson may always be read again.
    return score.right * 3 >= score.total * 2


def _given(lesson: Lesson, *, whole: bool = False) -> list[int]:
    written = request.values.get("a", "")
    if len(written) > len(lesson.quiz) or (whole and len(written) != len(lesson.quiz)):
        abort(404)
    found = []
    for mark, asked in zip(written, lesson.quiz, strict=False):
        if not ("0" <= mark <= "9") or int(mark) >= len(asked.choices):
            abort(404)
        found.append(int(mark))
    return found


def _digits(given: Any) -> str:
    return "".join(map(str, given))
