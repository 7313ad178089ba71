"""Learn: answer a lesson's questions and be told why; count that it was finished, and nothing else.

Keeps true: what is kept is a number a day and lesson; no name, no answers, no tablet.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence

from hub.base import db
from hub.base.clock import Moment
from hub.trades.lessons import store
from hub.trades.lessons.model import Completions, Lesson, Marked, Score


def check(lesson: Lesson, answers: Sequence[int | None]) -> Score:
    """Return how ``answers`` (indexes of choices, None or missing for a question left open) went."""
    marked = []
    for place, question in enumerate(lesson.quiz):
        chosen = answers[place] if place < len(answers) else None
        if chosen is not None and not 0 <= chosen < len(question.choices):
            chosen = None
        marked.append(Marked(question, chosen, chosen == question.answer))
    return Score(tuple(marked))


def complete(conn: sqlite3.Connection, lesson: Lesson, *, moment: Moment) -> None:
    """Count that somebody finished ``lesson`` today."""
    with db.write(conn):
        store.count_up(conn, lesson.track, lesson.slug, moment.on, moment.trusted)


def completions(conn: sqlite3.Connection, first_on: dt.date, last_on: dt.date) -> tuple[Completions, ...]:
    """Return how often each lesson was finished from ``first_on`` to ``last_on``, most first."""
    return store.counts(conn, first_on, last_on)
