"""Whether an answer is good: readable, offered, given where it must be, and as the form demands.

A constraint is not evaluated on an empty answer; required is. Messages are the form's own in the reader's
language, else a phrase of the House. Nothing here changes an instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.forms import typed
from hub.forms.instance import Instance
from hub.forms.markup import Element
from hub.forms.model import Bind, QuestionNode, QuestionType, Words
from hub.forms.page import Problem, ProblemKind

_ALWAYS = "true()"
_REQUIRED = {
    QuestionType.SELECT_ONE: "forms.required_choice",
    QuestionType.SELECT_MULTIPLE: "forms.required_choice",
    QuestionType.ACKNOWLEDGE: "forms.required_acknowledge",
    QuestionType.RANK: "forms.required_rank",
}


def is_read_only(instance: Instance, question: QuestionNode, node: Element) -> bool:
    """Whether people may not answer here: calculated, read-only now, or only a note."""
    bind = instance.form.binds.get(question.path)
    if question.type is QuestionType.NOTE or bind is not None and bind.calculate is not None:
        return True
    return bind is not None and bind.read_only is not None and bind.read_only.true(instance.scope(node))


def is_required(instance: Instance, question: QuestionNode, node: Element) -> bool:
    """Whether an answer must be given now."""
    bind = instance.form.binds.get(question.path)
    if bind is None or bind.required is None:
        return False
    # Most required questions are so always: three hundred of them are counted on every page.
    return bind.required.source.strip() == _ALWAYS or bind.required.true(instance.scope(node))


def unreadable(
    instance: Instance, question: QuestionNode, node: Element
) -> tuple[str, Mapping[str, object]] | None:
    """The phrase of an answer that is not of its kind, None when it can be read."""
    kind = instance.form.kind(question.path)
    text = instance.typed(node)
    if text is not None and question.choices is not None and question.span is None:
        return ("forms.not_in_list", {"typed": text[:40]})
    if text is not None:
        reading = typed.read(kind, question.appearance, text, instance.now)
        return (reading.key or "forms.type_again", reading.values)
    stored = instance.value(node)
    key = typed.fault(kind, stored)
    return None if key is None else (key, {"typed": stored[:40]})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an answer, before anybody's language: ``rule`` is whose own message may say it."""

    kind: ProblemKind
    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    rule: str = ""


def fault(instance: Instance, question: QuestionNode, node: Element) -> Fault | None:
    """What is wrong with one answer; None when all is well or it does not count now."""
    if not instance.relevant(node) or question.type is QuestionType.NOTE:
        return None
    found = unreadable(instance, question, node)
    if found is not None:
        return Fault(ProblemKind.UNREADABLE, *found)
    bind = instance.form.binds.get(question.path)
    stored = instance.value(node)
    if stored == "":
        if not is_required(instance, question, node) or is_read_only(instance, question, node):
            return None
        key = (
            "forms.required_file" if question.type.is_file else _REQUIRED.get(question.type, "forms.required")
        )
        return Fault(ProblemKind.REQUIRED, key, rule="required")
    wrong = _not_offered(instance, question, node, stored)
    if wrong is not None:
        return Fault(ProblemKind.NOT_A_CHOICE, wrong)
    if question.span is not None and (off := question.span.fault(stored)) is not None:
        return Fault(ProblemKind.CONSTRAINT, *off)
    if bind is not None and bind.constraint is not None and not bind.constraint.true(instance.scope(node)):
        return Fault(ProblemKind.CONSTRAINT, "forms.constraint", rule="constraint")
    return None


def check(
    page_id: str, instance: Instance, question: QuestionNode, node: Element, lang: str
) -> Problem | None:
    """What is wrong with one answer, in a reader's language.

    None when all is well or it does not count now.
    """
    found = fault(instance, question, node)
    if found is None:
        return None
    bind = instance.form.binds.get(question.path)
    text = _own(bind, found.rule, instance, node, lang) if found.rule else None
    return problem(page_id, instance, question, node, lang, found.kind, found.key, found.values, text)


def _not_offered(instance: Instance, question: QuestionNode, node: Element, stored: str) -> str | None:
    """The phrase of an answer that is not among the choices, None for one that is."""
    if question.choices is None or question.type is QuestionType.RANGE:
        return None
    offered = question.choices.offered(instance.form, instance.scope(node))
    if question.type is QuestionType.RANK:
        return None if set(stored.split()) == offered else "forms.rank_changed"
    chosen = stored.split() if question.type is QuestionType.SELECT_MULTIPLE else [stored]
    return "forms.not_a_choice" if any(one not in offered for one in chosen) else None


def _own(bind: Bind | None, rule: str, instance: Instance, node: Element, lang: str) -> str | None:
    if bind is None:
        return None
    words: Words = bind.required_words if rule == "required" else bind.constraint_words
    return words.own(instance.form, instance.scope(node, lang)) or None


def problem(
    page_id: str,
    instance: Instance,
    question: QuestionNode,
    node: Element,
    lang: str,
    kind: ProblemKind,
    key: str,
    values: Mapping[str, object],
    text: str | None = None,
) -> Problem:
    """Put one problem together with the question's label."""
    label = question.label.say(instance.form, instance.scope(node, lang))
    return Problem(page_id, instance.path(node), kind, label, key, values, text)
