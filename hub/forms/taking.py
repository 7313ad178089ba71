"""What was posted for one question, put into its node: chosen, ranked, looked up or typed.

A text that cannot be read, or means none or several of a list's choices, is kept as it was typed and shown
again. Nothing here judges an answer or settles an instance.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.base import text as texts
from hub.forms import typed
from hub.forms.instance import Instance
from hub.forms.markup import Element, clean
from hub.forms.model import QuestionNode, QuestionType

ACKNOWLEDGED = "OK"
_LOOKED_UP = {"search", "autocomplete"}
_MOST_FOUND = 24
Listed = Sequence[tuple[str, str]]


def take(
    instance: Instance, question: QuestionNode, node: Element, given: Sequence[str], now: datetime
) -> None:
    """Put the posted values of one question into its node."""
    written = [clean(one) for one in given]
    if question.type in (QuestionType.SELECT_MULTIPLE, QuestionType.RANK):
        instance.put(node, " ".join(dict.fromkeys(one for text in written for one in text.split())))
        return
    text = written[0] if written else ""
    if question.type is QuestionType.ACKNOWLEDGE:
        instance.put(node, ACKNOWLEDGED if text else "")
        return
    if question.type is QuestionType.SELECT_ONE and is_looked_up(question):
        _look_up(instance, question, node, written)
        return
    if question.type is QuestionType.SELECT_ONE or question.type.is_file:
        instance.put(node, text)
        return
    kind = instance.form.kind(question.path)
    stored = instance.value(node)
    # What is shown may say less than what is stored (a time without its seconds): unchanged stays unchanged.
    if instance.typed(node) is None and text == typed.shown(kind, question.appearance, stored):
        return
    reading = typed.read(kind, question.appearance, text, now)
    if reading.key is None:
        instance.put(node, reading.value)
    else:
        instance.put_typed(node, text)


def is_looked_up(question: QuestionNode) -> bool:
    """Whether a select is answered by typing part of a choice's name."""
    looks = set(question.appearance)
    return question.type is QuestionType.SELECT_ONE and bool(looks & _LOOKED_UP) and "minimal" not in looks


def meant(listed: Listed, text: str) -> list[tuple[str, str]]:
    """The choices a typed text may mean: those it names whole, else those that hold all its words."""
    wanted = texts.fold(text)
    if not wanted:
        return []
    folded = [(texts.fold(label), value, label) for value, label in listed]
    same = [(value, label) for name, value, label in folded if name == wanted or value == text.strip()]
    if same:
        return same
    words = wanted.split()
    return [(value, label) for name, value, label in folded if all(word in name for word in words)]


def found(listed: Listed, text: str) -> list[tuple[str, str]]:
    """The first of the choices a typed text may mean, as many as a page can show."""
    return meant(listed, text)[:_MOST_FOUND]


def _look_up(instance: Instance, question: QuestionNode, node: Element, written: Sequence[str]) -> None:
    """The box comes first, then what was picked among its findings, which counts more."""
    text, picked = (written[0] if written else "").strip(), [one for one in written[1:] if one]
    if question.choices is None:
        return
    listed = question.choices.listed(instance.form, instance.scope(node))
    labels = dict(listed)
    if picked and picked[-1] in labels:
        instance.put(node, picked[-1])
        return
    stored = instance.value(node)
    if instance.typed(node) is None and stored and text in _names(instance, question, node, stored):
        return
    if not text:
        instance.put(node, "")
        return
    candidates = {
        value: label
        for names in _in_each_language(instance, question, node)
        for value, label in meant(names, text)
    }
    if len(candidates) == 1:
        instance.put(node, next(iter(candidates)))
    else:
        instance.put_typed(node, text)


def _in_each_language(instance: Instance, question: QuestionNode, node: Element) -> list[Listed]:
    # What is typed is read before anyone knows the reader's language: a label counts in any.
    if question.choices is None:
        return []
    scopes = [instance.scope(node, language) for language in instance.form.languages or ("",)]
    return [question.choices.listed(instance.form, scope) for scope in scopes]


def _names(instance: Instance, question: QuestionNode, node: Element, value: str) -> set[str]:
    return {dict(listed).get(value, value) for listed in _in_each_language(instance, question, node)}


def ranked(listed: Listed, stored: str) -> list[tuple[str, str]]:
    """A rank's choices in the order they were given; what is new in the list comes last."""
    labels = dict(listed)
    first = [(value, labels[value]) for value in stored.split() if value in labels]
    held = {value for value, _ in first}
    return first + [(value, label) for value, label in listed if value not in held]


def reorder(instance: Instance, question: QuestionNode, node: Element, pressed: str) -> None:
    """Do what a rank's button says: ``up:value``, ``down:value``, ``as-is`` or ``none``."""
    if question.choices is None or question.type is not QuestionType.RANK:
        return
    listed = question.choices.listed(instance.form, instance.scope(node))
    order = [value for value, _ in ranked(listed, instance.value(node))]
    way, _, value = pressed.partition(":")
    if way in ("up", "down") and value in order:
        at = order.index(value)
        to = max(0, min(len(order) - 1, at + (1 if way == "down" else -1)))
        order.insert(to, order.pop(at))
    instance.put(node, "" if way == "none" else " ".join(order))
