"""What a desk draws and takes back: pages of questions, answers as people type them, and what is left to
correct.

Nothing typed is ever lost: a text that cannot be read is kept and shown again beside its problem. Irrelevant
questions are absent; the answers they had wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from hub.base.errors import Missing
from hub.forms import checks, media, outline, taking, typed
from hub.forms.expressions import Scope
from hub.forms.instance import Instance
from hub.forms.markup import Element
from hub.forms.model import BodyNode, Form, GroupNode, QuestionNode, QuestionType, RepeatNode, walk
from hub.forms.page import (
    Choice,
    GroupEnd,
    GroupStart,
    Item,
    Page,
    PageState,
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
RANK = "rank:"
_TICKED = (QuestionType.SELECT_ONE, QuestionType.SELECT_MULTIPLE, QuestionType.ACKNOWLEDGE)


def pages(form: Form, instance: Instance, lang: str, problems: Sequence[Problem] = ()) -> tuple[Page, ...]:
    """Draw every page that has something relevant on it, in a language code such as ``vi``.

    ``problems`` (as ``answer`` or ``check_all`` gave them) are put beside their questions.
    """
    drawing = _Drawing(form, instance, lang, {one.path: one for one in problems})
    drawn = (drawing.page(leaf) for leaf in outline.leaves(form))
    return tuple(one for one in drawn if one is not None)


def page(
    form: Form, instance: Instance, page_id: str, lang: str, problems: Sequence[Problem] = ()
) -> Page | None:
    """Draw one page, None when nothing on it is asked now; raises Missing for a page the form has not."""
    drawing = _Drawing(form, instance, lang, {one.path: one for one in problems})
    return drawing.page(outline.leaf(form, page_id))


def states(form: Form, instance: Instance, lang: str) -> tuple[PageState, ...]:
    """Every page on which something is asked, with what is left on it; draws nothing."""
    found = []
    for leaf in outline.leaves(form):
        if _is_shown(instance, leaf):
            faults = [checks.fault(instance, one, node) for one, node in outline.asked(instance, leaf.nodes)]
            kinds = [one.kind for one in faults if one is not None]
            left = kinds.count(ProblemKind.REQUIRED)
            found.append(PageState(leaf.id, _title(instance, leaf, lang), left, len(kinds) - left))
    return tuple(found)


def shown_ids(form: Form, instance: Instance) -> tuple[str, ...]:
    """The ids of the pages on which something is asked, in order."""
    return tuple(leaf.id for leaf in outline.leaves(form) if _is_shown(instance, leaf))


def _is_shown(instance: Instance, leaf: outline.Leaf) -> bool:
    holder = outline.below(instance, leaf.group, None) if leaf.group else None
    if holder is not None and not instance.relevant(holder):
        return False
    if any(instance.relevant(node) for _, node in outline.asked(instance, leaf.nodes)):
        return True
    # A repeat that nobody has begun is asked by its button alone.
    drawing = _Drawing(instance.form, instance, "", {})
    return next(drawing.items(leaf.nodes, None), None) is not None


def _title(instance: Instance, leaf: outline.Leaf, lang: str) -> str:
    holder = outline.below(instance, leaf.group, None) if leaf.group else None
    scope = instance.scope(holder if holder is not None else instance.root, lang)
    said = [words.say(instance.form, scope) for words in (*leaf.above, leaf.label)]
    return " · ".join(one for one in said if one)


class _Drawing:
    def __init__(self, form: Form, instance: Instance, lang: str, problems: Mapping[str, Problem]) -> None:
        self.form = form
        self.instance = instance
        self.lang = lang
        self.problems = problems

    def page(self, leaf: outline.Leaf) -> Page | None:
        if not _is_shown(self.instance, leaf):
            return None
        items = tuple(self.items(leaf.nodes, None))
        return Page(leaf.id, _title(self.instance, leaf, self.lang), items) if items else None

    def items(self, nodes: Sequence[BodyNode], anchor: Element | None, depth: int = 1) -> Iterator[Item]:
        for node in nodes:
            if isinstance(node, QuestionNode):
                found = outline.below(self.instance, node.path, anchor)
                if found is not None and self.instance.relevant(found):
                    yield self.question(node, found)
            elif isinstance(node, GroupNode):
                yield from self.group(node, anchor, depth)
            else:
                yield from self.repeat(node, anchor, depth)

    def group(self, node: GroupNode, anchor: Element | None, depth: int) -> Iterator[Item]:
        holder = outline.below(self.instance, node.path, anchor) if node.path else None
        if holder is not None and not self.instance.relevant(holder):
            return
        inside = list(self.items(node.children, anchor, depth + 1))
        if inside:
            here = holder if holder is not None else anchor if anchor is not None else self.instance.root
            label = node.label.say(self.form, self.instance.scope(here, self.lang))
            path = self.instance.path(holder) if holder is not None else None
            yield GroupStart(label, node.appearance, path, depth)
            yield from inside
            yield GroupEnd()

    def repeat(self, node: RepeatNode, anchor: Element | None, depth: int) -> Iterator[Item]:
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
        add = None if node.fixed else ADD + path
        yield RepeatStart(path, label, node.appearance, len(shown), add, depth)
        for number, one in enumerate(shown, start=1):
            own, seen = self.instance.path(one), self.instance.scope(one, self.lang)
            remove = None if node.fixed else REMOVE + own
            yield RepeatItemStart(own, number, remove, node.label.say(self.form, seen), depth)
            yield from self.items(node.children, one, depth + 1)
            yield RepeatItemEnd()
        yield RepeatEnd(path, len(shown), add, label)

    def question(self, question: QuestionNode, node: Element) -> Question:
        instance, scope = self.instance, self.instance.scope(node, self.lang)
        path, stored = instance.path(node), instance.value(node)
        as_typed = instance.typed(node)
        shown = typed.shown(self.form.kind(question.path), question.appearance, stored)
        value = shown if as_typed is None else as_typed
        choices: tuple[Choice, ...] = ()
        look_up: tuple[Choice, ...] = ()
        if question.choices is not None:
            choices = self.choices(question, stored, scope)
            if taking.is_looked_up(question):
                value = (
                    value if as_typed is not None else "".join(one.label for one in choices if one.selected)
                )
                held = {one.value: one for one in choices}
                listed = [(one.value, one.label) for one in choices]
                look_up = tuple(held[name] for name, _ in taking.found(listed, as_typed or ""))
        return Question(
            path=path,
            name=path,
            type=question.type,
            appearance=question.appearance,
            label=question.label.say(self.form, scope),
            hint=question.hint.say(self.form, scope),
            required=checks.is_required(instance, question, node),
            read_only=checks.is_read_only(instance, question, node),
            value=value,
            choices=choices,
            problem=self.problems.get(path) or self.unreadable(question, node),
            guidance=question.guidance.say(self.form, scope),
            media=question.label.beside(self.form, scope),
            span=question.span,
            rows=question.rows,
            accuracy_m=question.accuracy_m,
            look_up=look_up,
        )

    def choices(self, question: QuestionNode, stored: str, scope: Scope) -> tuple[Choice, ...]:
        if question.choices is None:
            return ()
        listed = question.choices.listed(self.form, scope)
        pictures = question.choices.pictures(self.form, scope)
        if question.type is QuestionType.RANK:
            listed = taking.ranked(listed, stored)
        several = question.type in (QuestionType.SELECT_MULTIPLE, QuestionType.RANK)
        chosen = set(stored.split() if several else [stored] if stored else [])
        return tuple(
            Choice(value, label, value in chosen, pictures.get(value, media.NONE)) for value, label in listed
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


def stays(fields: Mapping[str, Sequence[str]]) -> bool:
    """Whether a button of a question or a repeat was pressed, after which the same page is shown again."""
    return any(name.startswith((ADD, REMOVE, CLEAR, RANK)) for name in fields)


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
    leaves it; ``rank:<name>`` moves a choice of a rank (``up:value``, ``down:value``, ``as-is``, ``none``).
    Questions that appear because of these very answers come back as NEWLY_ASKED, so that nobody
    passes them unseen. Raises Missing for a page the form has not, or a repeat to remove that is gone.
    """
    leaf = outline.leaf(form, page_id)
    drawn = set(fields.get(ASKED, ()))
    # Whether a question may be answered is as it was drawn: no answer beside it may cost what was typed.
    open_ones = [
        (question, node)
        for question, node in outline.asked(instance, leaf.nodes)
        if not checks.is_read_only(instance, question, node)
    ]
    for question, node in open_ones:
        name = instance.path(node)
        given = fields.get(name)
        if question.type.is_file:
            given = [""] if CLEAR + name in fields else [one for one in given or () if one] or None
        elif given is None and name in drawn and question.type in _TICKED:
            given = []
        if given is not None:
            taking.take(instance, question, node, given, now)
        if RANK + name in fields:
            taking.reorder(instance, question, node, "".join(fields[RANK + name])[:200])
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
