"""Walks written answers through a procedure's form as somebody at the desk would, page after page.

The answers stand in ``answers/<slug>.toml`` and are posted field by field through the House's own engine.
What comes back also tells what was typed on which page, in order, so that a browser can be led the same way.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hub.forms import author, questions, typed, xform
from hub.forms.instance import Instance
from hub.forms.model import Form, QuestionType
from hub.forms.page import Page, Problem, ProblemKind, Question, RepeatStart
from tests.content import pack

PROCEDURES = pack.ROOT / "procedures"
ANSWERS = Path(__file__).with_name("answers")
SLUGS = tuple(sorted(path.parent.name for path in PROCEDURES.glob("*/procedure.toml")))
VILLAGE = timezone(timedelta(hours=7))
INSTANCE_ID = "uuid:00000000-0000-4000-8000-000000000000"
_CHOSEN = (QuestionType.SELECT_ONE, QuestionType.SELECT_MULTIPLE, QuestionType.ACKNOWLEDGE)
_MOST_PRESSES = 40


@dataclass(frozen=True, eq=False)
class Walk:
    """One written way through a form; paths of a repeat's first instance may leave their [1] away."""

    slug: str
    name: str
    today: datetime
    lang: str
    answers: Mapping[str, str]
    repeats: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.slug}:{self.name}"


@dataclass(frozen=True)
class Typed:
    """What is done at one question: the field's name, its label as drawn, and the texts typed or ticked.

    A file's one value is the kind of paper ("photo"), for whoever has to choose a picture.
    """

    name: str
    label: str
    type: QuestionType
    appearance: tuple[str, ...]
    values: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One press of a button on one page, with all that was typed before it.

    ``pressed`` is the name of a button that adds or removes, None for going on. A page that asks something
    new because of an answer on it comes twice.
    """

    page_id: str
    title: str
    typed: tuple[Typed, ...]
    pressed: str | None


@dataclass(frozen=True)
class Walked:
    """A finished walk: the answers as kept, and everything that was done."""

    instance: Instance
    steps: tuple[Step, ...]


@functools.cache
def converted(slug: str) -> author.Authored:
    """Convert a procedure's form, once."""
    return author.convert((PROCEDURES / slug / "form.md").read_bytes(), "md", slug)


@functools.cache
def form(slug: str) -> Form:
    """Read a procedure's form, once."""
    return xform.read(converted(slug).xml)


@functools.cache
def walks(slug: str) -> tuple[Walk, ...]:
    """Read the written walks of a procedure; none where nobody has written any."""
    path = ANSWERS / f"{slug}.toml"
    if not path.is_file():
        return ()
    told: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))["walk"]
    return tuple(_walk(slug, one) for one in told)


def _walk(slug: str, told: dict[str, Any]) -> Walk:
    known = {"name", "today", "lang", "answers", "repeats", "files", "expect"}
    assert set(told) <= known, (slug, set(told) - known)
    day = datetime.fromisoformat(told["today"]).replace(hour=9, tzinfo=VILLAGE)
    parts = [told.get(key, {}) for key in ("answers", "repeats", "files", "expect")]
    answers, repeats, files, expect = ({_short(path): one for path, one in part.items()} for part in parts)
    return Walk(slug, told["name"], day, told.get("lang", "vi"), answers, repeats, files, expect)


def _short(path: str) -> str:
    return path.replace("[1]", "")


def walk(one: Walk, lang: str | None = None) -> Walked:
    """Go through the form in a language and give all back.

    Fails with the question's path where an answer is refused, never asked for, or not kept as written.
    """
    return _Walker(one, lang or one.lang).run()


class _Walker:
    def __init__(self, one: Walk, lang: str) -> None:
        self.one = one
        self.lang = lang
        self.form = form(one.slug)
        self.instance = Instance.new(self.form, now=one.today, instance_id=INSTANCE_ID)
        self.steps: list[Step] = []
        self.used: set[str] = set()

    def run(self) -> Walked:
        done: list[str] = []
        while (page := self._next(done)) is not None:
            self._page(page.id)
            done.append(page.id)
        given = {*self.one.answers, *self.one.files}
        assert self.used == given, (str(self.one), "never asked", sorted(given - self.used))
        for path, value in self.one.answers.items():
            assert self.instance.get(path) == value, (str(self.one), path, self.instance.get(path), value)
        return Walked(self.instance, tuple(self.steps))

    def _next(self, done: list[str]) -> Page | None:
        drawn = questions.pages(self.form, self.instance, self.lang)
        return next((page for page in drawn if page.id not in done), None)

    def _page(self, page_id: str) -> None:
        for _ in range(_MOST_PRESSES):
            drawn = questions.pages(self.form, self.instance, self.lang)
            page = next(page for page in drawn if page.id == page_id)
            pressed = self._repeat_button(page)
            problems = self._post(page, pressed)
            if pressed is None and not problems:
                return
            wrong = [found for found in problems if found.kind is not ProblemKind.NEWLY_ASKED]
            if wrong and not any(found.kind is ProblemKind.NEWLY_ASKED for found in problems):
                raise AssertionError(f"{self.one} {page_id}: " + "; ".join(map(_told, wrong)))
        raise AssertionError(f"{self.one} {page_id}: the page never comes to an end")

    def _repeat_button(self, page: Page) -> str | None:
        for item in page.items:
            if isinstance(item, RepeatStart) and _short(item.path) in self.one.repeats:
                wanted = self.one.repeats[_short(item.path)]
                if item.count < wanted:
                    assert item.add_name is not None, (str(self.one), item.path)
                    return item.add_name
                if item.count > wanted:
                    return f"{questions.REMOVE}{item.path}[{item.count}]"
        return None

    def _post(self, page: Page, pressed: str | None) -> tuple[Problem, ...]:
        fields: dict[str, list[str]] = {}
        done: list[Typed] = []
        for question in page.questions:
            fields.setdefault(questions.ASKED, []).append(question.name)
            if question.type is QuestionType.NOTE or question.read_only:
                continue
            values = self._answer(question)
            if values is None:
                if not question.type.is_file:
                    fields[question.name] = _as_drawn(question)
                continue
            fields[question.name] = [f"{_file_name(question)}.jpg"] if question.type.is_file else values
            done.append(
                Typed(question.name, question.label, question.type, question.appearance, tuple(values))
            )
        if pressed is not None:
            fields[pressed] = ["1"]
        self.steps.append(Step(page.id, page.title, tuple(done), pressed))
        return questions.answer(self.form, self.instance, page.id, fields, now=self.one.today, lang=self.lang)

    def _answer(self, question: Question) -> list[str] | None:
        path = _short(question.path)
        if question.type.is_file:
            if path not in self.one.files:
                return None
            self.used.add(path)
            return [self.one.files[path]]
        if path not in self.one.answers:
            return None
        self.used.add(path)
        value = self.one.answers[path]
        if question.type in _CHOSEN:
            return value.split()
        kind = self.form.binds[tuple(re.sub(r"\[\d+\]", "", question.path).strip("/").split("/"))].kind
        return [typed.shown(kind, question.appearance, value)]


def _as_drawn(question: Question) -> list[str]:
    if question.type is QuestionType.ACKNOWLEDGE:
        return [question.value] if question.value else []
    if question.type in _CHOSEN:
        return [choice.value for choice in question.choices if choice.selected]
    return [question.value]


def _file_name(question: Question) -> str:
    return re.sub(r"[^a-z0-9]+", "-", question.path.lower()).strip("-")


def _told(problem: Problem) -> str:
    return f"{problem.path} {problem.kind.value} {problem.text or problem.key}"
