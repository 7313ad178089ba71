"""Cases of the corpus: a form, what is posted on its pages in order, and the submission that comes of it.

A case is a folder: ``form.md`` (or .csv, .xlsx), files it names in ``media/``, ``case.toml`` and
``expected.xml``. Answers are posted as a browser posts them: all that is drawn, what is typed put over it.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree

from hub.forms import author, questions, xform
from hub.forms.author import Authored
from hub.forms.instance import Instance
from hub.forms.model import Form, QuestionType
from hub.forms.page import Page, Problem, ProblemKind, Question
from tests.forms.samples import NOW

FOLDER = Path(__file__).parent / "corpus"
INSTANCE_ID = "uuid:00000000-0000-4000-8000-000000000000"
HOUSE_LANGUAGES = ("vi", "en")
_TICKED = (QuestionType.SELECT_ONE, QuestionType.SELECT_MULTIPLE, QuestionType.ACKNOWLEDGE, QuestionType.RANK)
_KNOWN = {"proves", "now", "lang", "properties", "last_saved", "step", "says", "left", "warned"}
_KNOWN_STEP = {"page", "type", "press", "wrong", "gone", "absent"}
_KNOWN_SAID = {
    "lang",
    "path",
    "label",
    "hint",
    "guidance",
    "choices",
    "message",
    "image",
    "big_image",
    "audio",
    "video",
}


@dataclass(frozen=True)
class Case:
    """One folder of the corpus, read."""

    name: str
    folder: Path
    told: Mapping[str, Any]

    @property
    def proves(self) -> tuple[str, ...]:
        """The features it proves, as ``section.name``."""
        return tuple(self.told["proves"])

    @property
    def now(self) -> datetime:
        """The moment of the whole walk."""
        return datetime.fromisoformat(self.told["now"]) if "now" in self.told else NOW

    @property
    def media(self) -> dict[str, bytes]:
        """The files the form names."""
        folder = self.folder / "media"
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}

    def __str__(self) -> str:
        return self.name


@functools.cache
def all() -> tuple[Case, ...]:
    """Every case, by name."""
    return tuple(_case(path.parent) for path in sorted(FOLDER.glob("*/case.toml")))


def _case(folder: Path) -> Case:
    told = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    assert not set(told) - _KNOWN, (folder.name, set(told) - _KNOWN)
    for step in told.get("step", ()):
        assert not set(step) - _KNOWN_STEP, (folder.name, step)
    for said in told.get("says", ()):
        assert not set(said) - _KNOWN_SAID, (folder.name, said)
    return Case(folder.name, folder, told)


@functools.cache
def converted(name: str) -> Authored:
    """A case's form as its author's file becomes one; once a run."""
    folder = FOLDER / name
    (source,) = folder.glob("form.*")
    return author.convert(source, None, name, _case(folder).media)


@functools.cache
def form(name: str) -> Form:
    """A case's form, read as a House reads it."""
    return xform.read(converted(name).xml, _case(FOLDER / name).media)


def begun(case: Case) -> Instance:
    """An empty instance at the case's moment."""
    last = case.told.get("last_saved")
    return Instance.new(
        form(case.name),
        now=case.now,
        instance_id=INSTANCE_ID,
        properties=case.told.get("properties"),
        last_saved=(case.folder / last).read_bytes() if last else None,
    )


def walk(case: Case) -> Instance:
    """Post every step and give back the instance, settled for the last time.

    After each step the drawn pages, the draft and the problems are compared with what the case says.
    """
    made, lang = begun(case), case.told.get("lang", "vi")
    _holds(case, made)
    for number, step in enumerate(case.told.get("step", ()), start=1):
        made = _press(case, made, step, lang, f"{case.name} step {number}")
        made = _holds(case, made)
    made.finish(case.now)
    left = {one.path: one.kind.value for one in questions.check_all(made.form, made, lang)}
    assert left == case.told.get("left", {}), (case.name, left)
    for said in case.told.get("says", ()):
        _says(case, made, said)
    return made


def _press(case: Case, instance: Instance, step: Mapping[str, Any], lang: str, where: str) -> Instance:
    drawn = questions.page(instance.form, instance, step["page"], lang)
    assert drawn is not None, f"{where}: nothing is asked on {step['page']}"
    fields = _as_drawn(drawn)
    names = {question.name for question in drawn.questions}
    for short, value in step.get("type", {}).items():
        name = short if short.startswith("/") else f"/data/{short}"
        assert name in names, f"{where}: {name} is not drawn, only {sorted(names)}"
        fields[name] = [value] if isinstance(value, str) else list(value)
    for name in step.get("absent", ()):
        assert name not in names, f"{where}: {name} is drawn"
    for press in _several(step.get("press", ())):
        name, _, value = press.partition("=")
        fields[name] = [value or "1"]
    found = questions.answer(instance.form, instance, step["page"], fields, now=case.now, lang=lang)
    problems = {one.path: one.kind.value for one in found if one.kind is not ProblemKind.NEWLY_ASKED}
    assert problems == step.get("wrong", {}), (where, problems)
    for name in step.get("gone", ()):
        assert not any(name == one for one in _drawn_names(instance, lang)), f"{where}: {name} is still asked"
    return instance


def _several(told: str | Sequence[str]) -> Sequence[str]:
    return [told] if isinstance(told, str) else told


def _as_drawn(page: Page) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {questions.ASKED: [one.name for one in page.questions]}
    for one in page.questions:
        value = _posted(one)
        if value is not None:
            fields[one.name] = value
    return fields


def _posted(one: Question) -> list[str] | None:
    """What a browser sends for a question nobody has touched."""
    if one.type is QuestionType.NOTE or one.read_only or one.type.is_file:
        return None
    looked_up = {"search", "autocomplete"} & set(one.appearance) and "minimal" not in one.appearance
    if one.type is QuestionType.SELECT_ONE and looked_up:
        return [one.value]
    if one.type in _TICKED:
        if one.type is QuestionType.ACKNOWLEDGE:
            return ["OK"] if one.value else []
        return [choice.value for choice in one.choices if choice.selected]
    return [one.value]


def _drawn_names(instance: Instance, lang: str) -> list[str]:
    pages = questions.pages(instance.form, instance, lang)
    return [one.name for page in pages for one in page.questions]


def _holds(case: Case, instance: Instance) -> Instance:
    """The draft is the same to the byte when saved again; every page is drawn in each language."""
    saved = instance.to_xml()
    again = Instance.from_xml(instance.form, saved)
    assert again.to_xml() == saved, case.name
    if case.told.get("properties") or case.told.get("last_saved"):
        # These belong to the House, not to the draft.
        again = instance
    for lang in (*HOUSE_LANGUAGES, *instance.form.languages):
        assert _drawn_names(again, lang) == _drawn_names(instance, lang), (case.name, lang)
        assert len(questions.states(again.form, again, lang)) == len(questions.pages(again.form, again, lang))
    return again


def _says(case: Case, instance: Instance, said: Mapping[str, Any]) -> None:
    lang, path = said.get("lang", "vi"), said["path"]
    drawn = {
        one.path: one for page in questions.pages(instance.form, instance, lang) for one in page.questions
    }
    assert path in drawn, (case.name, path, sorted(drawn))
    one = drawn[path]
    for name in ("label", "hint", "guidance"):
        if name in said:
            assert getattr(one, name) == said[name], (case.name, path, lang, getattr(one, name))
    if "choices" in said:
        found = [f"{choice.value}={choice.label}" for choice in one.choices]
        assert found == said["choices"], (case.name, path, lang, found)
    for name in ("image", "big_image", "audio", "video"):
        if name in said:
            assert getattr(one.media, name) == said[name], (case.name, path, one.media)
    if "message" in said:
        problems = questions.check_all(instance.form, instance, lang)
        (problem,) = (found for found in problems if found.path == path)
        assert _message(problem) == said["message"], (case.name, path, problem)


def _message(problem: Problem) -> str:
    return problem.text or problem.key


def expected(case: Case) -> bytes:
    """The submission the case is to come to."""
    return (case.folder / "expected.xml").read_bytes()


def lines(xml: bytes) -> list[str]:
    """XML without the spaces between its elements, in the one canonical spelling, an element a line."""
    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True))
    for node in root.iter():
        if len(node) and not (node.text or "").strip():
            node.text = None
        node.tail = None
    return re.sub(r"(?=<[^/])", "\n", etree.tostring(root, method="c14n").decode()).strip().split("\n")


def compare(got: bytes, wanted: bytes) -> None:
    """Fail where the submissions differ; a ``*`` in the one that is wanted stands for what chance decides."""
    found, expected = lines(got), lines(wanted)
    assert len(found) == len(expected), (found, expected)
    for one, other in zip(found, expected, strict=True):
        pattern = re.escape(other).replace(r'"\*"', '"[^"]+"').replace(r">\*<", ">[^<]+<")
        assert re.fullmatch(pattern, one), (one, other)
