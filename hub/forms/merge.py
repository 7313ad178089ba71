"""A draft carried over to a newer version of its form.

Drafts stay on the version they were begun with; a guide may move one. Every value finds its place, or is
shown as typed text that needs another look, or is named in the list of what found none. The old draft is not
touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.forms import typed
from hub.forms.instance import Instance
from hub.forms.markup import Element
from hub.forms.model import Form, QuestionType, name_of, names_of
from hub.forms.rewrite import Names


@dataclass(frozen=True, slots=True)
class Lost:
    """A value with no place in the new version.

    Where it stood, what it asked in the form's default language, the value.
    """

    path: str
    label: str
    value: str


def carry_over(
    old: Instance, new_form: Form, now: datetime | None = None
) -> tuple[Instance, tuple[Lost, ...]]:
    """Move a draft to a newer form.

    Returns the new instance, same instanceID, and the values that found no place.

    ``now`` is the village's aware time, by default the moment the draft was last settled; ValueError without
    either.
    """
    moment = now or old.now
    if moment is None:
        raise ValueError("carrying a draft over needs the village's time")
    new = Instance.new(new_form, now=moment, instance_id=old.instance_id)
    _match_repeats(old, new)
    lost: list[Lost] = []
    for node in list(old.root.iter()):
        text = old.typed(node) or old.value(node)
        if len(node) or not text or _is_calculated(old.form, names_of(node)):
            continue
        target = _target(old, new, node)
        if target is None:
            lost.append(_lost(old, node))
        elif name_of(node) != "instanceID":
            _move(old, node, new, target)
    lost.extend(Lost(f"/{name}", name, value) for name, value in old.spare_values())
    new.recalculate(moment)
    lost.extend(_not_offered(old, new))
    return new, tuple(lost)


def _is_calculated(form: Form, path: Names) -> bool:
    bind = form.binds.get(path)
    return bind is not None and bind.calculate is not None


def _match_repeats(old: Instance, new: Instance) -> None:
    """As many instances of every repeat as the draft has, outer repeats first."""
    root = name_of(new.root)
    for path in sorted(new.form.repeats, key=len):
        for parent in list(new.nodes(path[:-1])):
            twin = _twin(old, new, parent)
            if twin is None or (name_of(old.root), *path[1:]) not in old.form.repeats:
                continue
            wanted = sum(1 for child in twin if name_of(child) == path[-1])
            held = [child for child in parent if name_of(child) == path[-1]]
            for _ in range(wanted - len(held)):
                new.grow(parent, (root, *path[1:]))
            for extra in reversed(held[wanted:]):
                new.remove_repeat(new.path(extra))


def _twin(old: Instance, new: Instance, node: Element) -> Element | None:
    return _at(old, new.path(node))


def _at(instance: Instance, path: str) -> Element | None:
    below = path.lstrip("/").partition("/")[2]
    try:
        return instance.node(f"/{name_of(instance.root)}/{below}".rstrip("/"))
    except LookupError:
        return None


def _target(old: Instance, new: Instance, node: Element) -> Element | None:
    """The new node for an old one: at the same path, else the one question of that name that has no twin."""
    names = names_of(node)
    found = _at(new, old.path(node))
    if found is None and not any(names[: at + 1] in old.form.repeats for at in range(len(names))):
        own = [path for path in new.form.questions if path[-1] == names[-1]]
        others = [path for path in old.form.questions if path[-1] == names[-1]]
        free = len(own) == 1 and len(others) == 1 and (others[0][0], *own[0][1:]) not in old.form.questions
        held = new.nodes(own[0]) if free else []
        found = held[0] if len(held) == 1 else None
    if found is None or len(found) or _is_calculated(new.form, names_of(found)):
        return None
    return found


def _move(old: Instance, node: Element, new: Instance, target: Element) -> None:
    source_path, target_path = names_of(node), names_of(target)
    before, after = old.form.questions.get(source_path), new.form.questions.get(target_path)
    old_kind, new_kind = old.form.kind(source_path), new.form.kind(target_path)
    as_typed = old.typed(node)
    if as_typed is None and typed.fault(new_kind, old.value(node)) is None and old_kind is new_kind:
        new.put(target, old.value(node))
        return
    shown = typed.shown(old_kind, before.appearance if before else (), old.value(node))
    text = shown if as_typed is None else as_typed
    reading = typed.read(new_kind, after.appearance if after else (), text, new.now)
    if reading.key is None:
        new.put(target, reading.value)
    else:
        new.put_typed(target, text)


def _lost(old: Instance, node: Element) -> Lost:
    question = old.form.questions.get(names_of(node))
    label = question.label.say(old.form, old.scope(node)) if question else name_of(node)
    kind = old.form.kind(names_of(node))
    value = old.typed(node) or typed.shown(kind, question.appearance if question else (), old.value(node))
    if question is not None and question.choices is not None:
        listed = dict(question.choices.listed(old.form, old.scope(node)))
        value = ", ".join(listed.get(one, one) for one in value.split()) or value
    return Lost(old.path(node), label, value)


def _not_offered(old: Instance, new: Instance) -> list[Lost]:
    """Choices made that the new version no longer offers: the stored value stays until another is chosen."""
    lost: list[Lost] = []
    for question in new.form.questions.values():
        if question.choices is None:
            continue
        for node in new.nodes(question.path):
            chosen = new.value(node)
            each = (
                chosen.split()
                if question.type is QuestionType.SELECT_MULTIPLE
                else [chosen] if chosen else []
            )
            offered = question.choices.offered(new.form, new.scope(node)) if each else set()
            twin = _twin(old, new, node) if any(one not in offered for one in each) else None
            if twin is not None and old.value(twin) == chosen:
                lost.append(_lost(old, twin))
    return lost
