"""A form as the House holds it: frozen nodes, binds, texts and choice lists, safe to share between threads.

A Form is built once, by ``xform.read``, and never changes; instances, drawing and checking all look at this
one.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from hub.forms import lists, media, typed
from hub.forms.expressions import Expression, Scope
from hub.forms.graph import Graph
from hub.forms.lists import Keys, Lists
from hub.forms.markup import Element, text_of
from hub.forms.media import Media
from hub.forms.ranges import Range
from hub.forms.rewrite import Names
from hub.forms.typed import DataType

Parts = tuple[str | Expression, ...]

INLINE = ""
_MISSING = "-"
_WHOLE_LIST = re.compile(r"instance\(\s*'[^']*'\s*\)(?:/[\w.\-]+)+")
_SIMPLE_PATH = re.compile(r"[\w.\-/]+")


class QuestionType(Enum):
    """What a question asks for, in XLSForm's words."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    DATE_TIME = "dateTime"
    SELECT_ONE = "select_one"
    SELECT_MULTIPLE = "select_multiple"
    ACKNOWLEDGE = "acknowledge"
    NOTE = "note"
    BARCODE = "barcode"
    RANK = "rank"
    RANGE = "range"
    GEOPOINT = "geopoint"
    GEOTRACE = "geotrace"
    GEOSHAPE = "geoshape"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    FILE = "file"

    @property
    def is_file(self) -> bool:
        """Whether the answer is the name of an attachment."""
        return self in (QuestionType.IMAGE, QuestionType.AUDIO, QuestionType.VIDEO, QuestionType.FILE)


@dataclass(frozen=True, slots=True)
class Words:
    """A text of the form in its languages; parts that are expressions are filled in when it is said."""

    texts: Mapping[str, Parts] = field(default_factory=dict)
    media: Mapping[str, Media] = field(default_factory=dict)

    def say(self, form: Form, scope: Scope) -> str:
        """The text in the scope's language, else the form's default, else any."""
        for language in (scope.lang, INLINE, form.default_language, *self.texts):
            if self._has(language):
                return self._said(self.texts[language], form, scope)
        return ""

    def own(self, form: Form, scope: Scope) -> str | None:
        """The text only where the form has it in the scope's own language."""
        for language in (scope.lang, INLINE):
            if self._has(language):
                return self._said(self.texts[language], form, scope)
        return None

    def beside(self, form: Form, scope: Scope) -> Media:
        """The pictures and recordings beside the text, in the scope's language, else another."""
        for language in (scope.lang, INLINE, form.default_language, *self.media):
            if language in self.media:
                return self.media[language]
        return media.NONE

    @property
    def plain(self) -> bool:
        """Whether the text is the same whatever is answered."""
        return all(isinstance(part, str) for parts in self.texts.values() for part in parts)

    def _has(self, language: str) -> bool:
        # pyxform fills a missing translation with "-".
        return language in self.texts and self.texts[language] not in ((), (_MISSING,))

    @staticmethod
    def _said(parts: Parts, form: Form, scope: Scope) -> str:
        said = []
        for part in parts:
            if isinstance(part, str):
                said.append(part)
            else:
                value = part.text(scope)
                kind = form.kind(part.reference) if part.reference else DataType.TEXT
                said.append(typed.shown(kind, (), value))
        return "".join(said).strip()


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice as it stands in the form's body."""

    value: str
    label: Words


@dataclass(frozen=True, slots=True)
class Choices:
    """Where a question's choices come from: fixed ones, or items an expression finds."""

    fixed: tuple[Choice, ...] = ()
    items: Expression | None = None
    value_name: str = "name"
    label_name: str = "label"
    translated: bool = False
    illustrated: bool = False

    def listed(self, form: Form, scope: Scope) -> Sequence[tuple[str, str]]:
        """Values and labels in order, filtered for the scope's node."""
        if self.items is None:
            return [(choice.value, choice.label.say(form, scope)) for choice in self.fixed]
        # A list nothing filters is the same for everyone: 54 ethnic groups need not be found on every page.
        known = (self.items.source, self.value_name, self.label_name, scope.lang)
        if known in form.lists:
            return form.lists[known]
        found = []
        plain = _WHOLE_LIST.fullmatch(self.items.source) is not None
        for item in self.items.nodes(scope):
            value, label = _child_text(item, self.value_name), _child_text(item, self.label_name)
            found.append((value, form.translated(label, scope) if self.translated else label))
            plain = plain and (not self.translated or form.texts.get(label, Words()).plain)
        if plain:
            form.lists[known] = found
        return found

    def pictures(self, form: Form, scope: Scope) -> Mapping[str, Media]:
        """Media beside the choices, by value; empty for a list without any."""
        if not self.illustrated:
            return {}
        if self.items is None:
            return {choice.value: choice.label.beside(form, scope) for choice in self.fixed}
        return {
            _child_text(item, self.value_name): form.texts[name].beside(form, scope)
            for item in self.items.nodes(scope)
            if (name := _child_text(item, self.label_name)) in form.texts
        }

    def offered(self, form: Form, scope: Scope) -> set[str]:
        """The values a person may choose now."""
        if self.items is None:
            return {choice.value for choice in self.fixed}
        return {_child_text(item, self.value_name) for item in self.items.nodes(scope)}


def _child_text(item: Element, name: str) -> str:
    child = item.find(name)
    return "" if child is None else text_of(child)


@dataclass(frozen=True, slots=True)
class QuestionNode:
    """A question of the body; ``path`` names its node without repeat numbers."""

    path: Names
    type: QuestionType
    appearance: tuple[str, ...]
    label: Words
    hint: Words
    choices: Choices | None = None
    guidance: Words = field(default_factory=Words)
    span: Range | None = None
    rows: int | None = None
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True)
class GroupNode:
    """A group of the body; a purely visual one has no path."""

    path: Names | None
    appearance: tuple[str, ...]
    label: Words
    children: tuple[BodyNode, ...]


@dataclass(frozen=True, slots=True)
class RepeatNode:
    """A repeat of the body: ``count`` rules how many there are; ``fixed`` forbids people to add or remove."""

    path: Names
    appearance: tuple[str, ...]
    label: Words
    children: tuple[BodyNode, ...]
    count: Expression | None
    fixed: bool


BodyNode = QuestionNode | GroupNode | RepeatNode


@dataclass(frozen=True, slots=True)
class Bind:
    """The rules of one node."""

    path: Names
    kind: DataType = DataType.TEXT
    calculate: Expression | None = None
    relevant: Expression | None = None
    required: Expression | None = None
    constraint: Expression | None = None
    read_only: Expression | None = None
    required_words: Words = field(default_factory=Words)
    constraint_words: Words = field(default_factory=Words)
    preload: str = ""
    preload_params: str = ""
    max_pixels: int | None = None


@dataclass(frozen=True, slots=True)
class SetValue:
    """A value put into a node when something happens; ``trigger`` is the question whose change does it."""

    target: Names
    events: frozenset[str]
    value: Expression | None
    text: str = ""
    trigger: Names | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What the author of a form should know of it: a phrase key with its values."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Form:
    """A whole form; immutable but for what it remembers of its own lists, compared by identity."""

    form_id: str
    version: str
    title: str
    languages: tuple[str, ...]
    default_language: str
    public_key: str | None
    style: str
    body: tuple[BodyNode, ...]
    binds: Mapping[Names, Bind]
    set_values: tuple[SetValue, ...]
    texts: Mapping[str, Words]
    instances: Lists
    template: Element
    instance_namespace: str | None
    repeats: Mapping[Names, Element]
    counts: Mapping[Names, Expression]
    places: Mapping[Names, int]
    graph: Graph
    notes: tuple[Note, ...]
    questions: Mapping[Names, QuestionNode]
    lists: dict[tuple[str, str, str, str], list[tuple[str, str]]] = field(default_factory=dict)

    def kind(self, path: Names) -> DataType:
        """What the node at ``path`` holds; text where no bind says."""
        bind = self.binds.get(path)
        return bind.kind if bind else DataType.TEXT

    def language(self, lang: str) -> str:
        """The form's language for a code such as ``vi``: its own name, one with "(vi)" in it, else the
        default.
        """
        for language in self.languages:
            if language == lang or language.endswith(f"({lang})"):
                return language
        return self.default_language

    def secondary(self, name: str) -> Element | None:
        """The element that holds a secondary instance, None for an unknown name."""
        return self.instances.holder(name)

    @property
    def order(self) -> tuple[Names, ...]:
        """The paths in the order they are settled."""
        return self.graph.order

    def lookup(self, name: str, steps: str, keys: Keys, held: Element | None = None) -> Sequence[Element]:
        """Items at ``steps`` of a secondary instance whose children each are one of the values wanted.

        In document order. ``held`` is an instance's own holder, searched in place of the form's.
        """
        if held is not None:
            return list(lists.search(held, steps, keys))
        return self.instances.lookup(name, steps, keys)

    def translated(self, name: str, scope: Scope) -> str:
        """The text named ``name`` in the scope's language, empty for an unknown name."""
        words = self.texts.get(name)
        return words.say(self, scope) if words else ""

    def choice_name(self, value: str, path: str, scope: Scope) -> str:
        """The label of choice ``value`` of the select at ``path`` as seen from the scope's node."""
        node = _resolve(path.strip(), scope)
        if node is None:
            return ""
        question = self.questions.get(names_of(node))
        if question is None or question.choices is None:
            return ""
        listed = dict(question.choices.listed(self, scope.at(node)))
        return ", ".join(listed[one] for one in value.split() if one in listed)


def names_of(node: Element) -> Names:
    """The path of an instance node, without repeat numbers; a prefixed name keeps its prefix."""
    names = [name_of(node)]
    names.extend(name_of(above) for above in node.iterancestors())
    return tuple(reversed(names))


def name_of(node: Element) -> str:
    """An instance node's name as the form's expressions write it."""
    return _named(node.tag, node.prefix)


@functools.lru_cache(maxsize=4096)
def _named(tag: str, prefix: str | None) -> str:
    own = tag.rpartition("}")[2]
    return f"{prefix}:{own}" if prefix else own


def _resolve(path: str, scope: Scope) -> Element | None:
    if not _SIMPLE_PATH.fullmatch(path) or "//" in path:
        return None
    names = tuple(path.strip("/").split("/"))
    try:
        if not path.startswith("/"):
            found = scope.node.findall(path)
        else:
            found = scope.root.findall("/".join(names[1:])) if names[0] == scope.root.tag else []
    except SyntaxError:
        return None
    if len(found) < 2:
        return found[0] if found else None
    above = list(scope.node.iterancestors())
    return max(found, key=lambda node: sum(one in above for one in node.iterancestors()))


def walk(nodes: Sequence[BodyNode]) -> Iterator[BodyNode]:
    """Every body node, outer before inner."""
    for node in nodes:
        yield node
        if not isinstance(node, QuestionNode):
            yield from walk(node.children)
