"""What a desk draws and takes back: pages of questions, answers as people type them, and what is left to
correct.

Nothing typed is ever lost: a text that cannot be read is kept and shown again beside its problem. Irrelevant
questions are absent; the answers they had wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from hub.base.errors import Missing
from hub.forms import checks, outline, typed
from hub.forms.instance import Instance
from hub.forms.markup import Element, clean
from hub.forms.model import BodyNode, Form, GroupNode, QuestionNode, QuestionType, RepeatNode, walk
from hub.forms.page import (
    Choice,
    GroupEnd,
    GroupStart,
    Item,
    Page,
    Problem,
    ProblemKind,
    Question,
    RepeatEnd,
    RepeatItemEnd,
    RepeatItemStart,
    RepeatStart,
)

#: The hidden field a desk posts once for every question it has drawn.
ASKED = "asked"
ADD = "add:"
REMOVE = "remove:"
CLEAR = "clear:"
_ACKNOWLEDGED = "OK"
_TICKED = (QuestionType.SELECT_ONE, QuestionType.SELECT_MULTIPLE, QuestionType.ACKNOWLEDGE)


def pages(form: Form, instance: Instance, lang: str, problems: Sequence[Problem] = ()) -> tuple[Page, ...]:
    """Draw every page that has something relevant on it, in a language code such as ``vi``.

    ``problems`` (as ``answer`` or ``check_all`` gave them) are put beside their questions.
    """
    drawing = _Drawing(form, instance, lang, {one.path: one for one in problems})
    found = []
    for leaf in outline.leaves(form):
        holder = outline.below(instance, leaf.group, None) if leaf.group else None
        if holder is not None and not instance.relevant(holder):
            continue
        items = tuple(drawing.items(leaf.nodes, None))
        if items:
            title = leaf.label.say(
                form, instance.scope(holder if holder is not None else instance.root, lang)
            )
            found.append(Page(leaf.id, title, items))
    return tuple(found)


class _Drawing:
    def __init__(self, form: Form, instance: Instance, lang: str, problems: Mapping[str, Problem]) -> None:
        self.form = form
        self.instance = instance
        self.lang = lang
        self.problems = problems

    def items(self, nodes: Sequence[BodyNode], anchor: Element | None) -> Iterator[Item]:
        for node in nodes:
            if isinstance(node, QuestionNode):
                found = outline.below(self.instance, node.path, anchor)
                if found is not None and self.instance.relevant(found):
                    yield self.question(node, found)
            elif isinstance(node, GroupNode):
                yield from self.group(node, anchor)
            else:
                yield from self.repeat(node, anchor)

    def group(self, node: GroupNode, anchor: Element | None) -> Iterator[Item]:
        holder = outline.below(self.instance, node.path, anchor) if node.path else None
        if holder is not None and not self.instance.relevant(holder):
            return
        inside = list(self.items(node.children, anchor))
        if inside:
            here = holder if holder is not None else anchor if anchor is not None else self.instance.root
            label = node.label.say(self.form, self.instance.scope(here, self.lang))
            yield GroupStart(
                label, node.appearance, self.instance.path(holder) if holder is not None else None
            )
            yield from inside
            yield GroupEnd()

    def repeat(self, node: RepeatNode, anchor: Element | None) -> Iterator[Item]:
        parent, found = outline.repeats_below(self.instance, node, anchor)
        if parent is None or not self.instance.relevant(parent):
            return
        shown = [one for one in found if self.instance.relevant(one)]
        # What hides every instance of a repeat hides its "add" button too.
        if found and not shown:
            return
        if not found and (node.fixed or not self.instance.may_repeat(parent, node.path)):
            return
        path = f"{self.instance.path(parent)}/{node.path[-1]}"
        label = node.label.say(self.form, self.instance.scope(shown[0] if shown else parent, self.lang))
        yield RepeatStart(path, label, node.appearance, len(shown), None if node.fixed else ADD + path)
        for number, one in enumerate(shown, start=1):
            own = self.instance.path(one)
            yield RepeatItemStart(own, number, None if node.fixed else REMOVE + own)
            yield from self.items(node.children, one)
            yield RepeatItemEnd()
        yield RepeatEnd()

    def question(self, question: QuestionNode, node: Element) -> Question:
        instance, scope = self.instance, self.instance.scope(node, self.lang)
        path, stored = instance.path(node), instance.value(node)
        as_typed = instance.typed(node)
        shown = typed.shown(self.form.kind(question.path), question.appearance, stored)
        choices: tuple[Choice, ...] = ()
        if question.choices is not None:
            several = question.type is QuestionType.SELECT_MULTIPLE
            chosen = stored.split() if several else [stored] if stored else []
            listed = question.choices.listed(self.form, scope)
            choices = tuple(Choice(value, label, value in chosen) for value, label in listed)
        return Question(
            path=path,
            name=path,
            type=question.type,
            appearance=question.appearance,
            label=question.label.say(self.form, scope),
            hint=question.hint.say(self.form, scope),
            required=checks.is_required(instance, question, node),
            read_only=checks.is_read_only(instance, question, node),
            value=shown if as_typed is None else as_typed,
            choices=choices,
            problem=self.problems.get(path) or self.unreadable(question, node),
        )

    def unreadable(self, question: QuestionNode, node: Element) -> Problem | None:
        found = checks.unreadable(self.instance, question, node)
        if found is None:
            return None
        return checks.problem(
            "", self.instance, question, node, self.lang, ProblemKind.UNREADABLE, found[0], found[1]
        )


def changes_repeats(fields: Mapping[str, Sequence[str]]) -> bool:
    """Whether a button that adds or removes was pressed: the desk then shows the same page again."""
    return any(name.startswith((ADD, REMOVE)) for name in fields)


def answer(
    form: Form,
    instance: Instance,
    page_id: str,
    fields: Mapping[str, Sequence[str]],
    *,
    now: datetime,
    lang: str,
) -> tuple[Problem, ...]:
    """Take what was typed on a page, settle the instance, and say what is wrong on that page in ``lang``.

    ``fields`` are the posted fields by name; others than the page's are ignored. An unticked question is
    emptied only when ``asked`` names it. A field ``clear:<name>`` takes a file away; an empty file field
    leaves it. Questions that appear because of these very answers come back as NEWLY_ASKED, so that nobody
    passes them unseen. Raises Missing for a page the form has not, or a repeat to remove that is gone.
    """
    leaf = outline.leaf(form, page_id)
    drawn = set(fields.get(ASKED, ()))
    for question, node in list(outline.asked(instance, leaf.nodes)):
        name = instance.path(node)
        given = fields.get(name)
        if question.type.is_file:
            given = [""] if CLEAR + name in fields else [one for one in given or () if one] or None
        elif given is None and name in drawn and question.type in _TICKED:
            given = []
        if given is not None and not checks.is_read_only(instance, question, node):
            _take(instance, question, node, given, now)
    instance.recalculate(now)
    if changes_repeats(fields):
        _change_repeats(form, instance, leaf, fields)
        instance.recalculate(now)
        found = _check_leaf(instance, leaf, lang)
        return tuple(one for one in found if one.kind is ProblemKind.UNREADABLE)
    problems = {one.path: one for one in _check_leaf(instance, leaf, lang)}
    if ASKED in fields:
        for question, node in outline.asked(instance, leaf.nodes):
            name = instance.path(node)
            if instance.relevant(node) and name not in drawn:
                kind, key = ProblemKind.NEWLY_ASKED, "forms.newly_asked"
                problems[name] = checks.problem(leaf.id, instance, question, node, lang, kind, key, {})
    order = [instance.path(node) for _, node in outline.asked(instance, leaf.nodes)]
    return tuple(problems[path] for path in order if path in problems)


def _take(
    instance: Instance, question: QuestionNode, node: Element, given: Sequence[str], now: datetime
) -> None:
    texts = [clean(one) for one in given]
    if question.type is QuestionType.SELECT_MULTIPLE:
        instance.put(node, " ".join(dict.fromkeys(one for text in texts for one in text.split())))
        return
    text = texts[0] if texts else ""
    if question.type is QuestionType.ACKNOWLEDGE:
        instance.put(node, _ACKNOWLEDGED if text else "")
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


def _change_repeats(
    form: Form, instance: Instance, leaf: outline.Leaf, fields: Mapping[str, Sequence[str]]
) -> None:
    open_repeats = {node.path for node in walk(leaf.nodes) if isinstance(node, RepeatNode) and not node.fixed}

    def allowed(path: str) -> str:
        names = tuple(part.partition("[")[0] for part in path.strip("/").split("/"))
        if names not in open_repeats:
            raise Missing("forms.no_such_node", path=path[:200])
        return path

    # From the last to the first, so that the numbers still to be removed stay what they were.
    removed = sorted(
        (name[len(REMOVE) :] for name in fields if name.startswith(REMOVE)), key=_numbers, reverse=True
    )
    for path in removed:
        instance.remove_repeat(allowed(path))
    for name in fields:
        if name.startswith(ADD):
            instance.add_repeat(allowed(name[len(ADD) :]))


def _numbers(path: str) -> list[tuple[str, int]]:
    parts = [part.partition("[") for part in path.split("/")]
    return [
        (name, int(number.rstrip("]")) if number.rstrip("]").isdecimal() else 1) for name, _, number in parts
    ]


def _check_leaf(instance: Instance, leaf: outline.Leaf, lang: str) -> list[Problem]:
    found = (
        checks.check(leaf.id, instance, one, node, lang) for one, node in outline.asked(instance, leaf.nodes)
    )
    return [one for one in found if one is not None]


def check_all(form: Form, instance: Instance, lang: str) -> tuple[Problem, ...]:
    """Everything left to correct before an instance can be sealed, page by page, in a reader's language."""
    return tuple(one for leaf in outline.leaves(form) for one in _check_leaf(instance, leaf, lang))
