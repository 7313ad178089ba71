"""ODK expressions: compiled once a form, evaluated against any instance of it.

An Expression is immutable and shared between threads: libxml2's compiled form holds a lock of its own while
it runs, and what a function must know (the node, the village's moment, the language) travels in a scope of
the running thread. No expression reads the system clock.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Protocol

from lxml import etree

from hub.base.errors import HubError, Refused
from hub.forms import coerce, functions, reads, rewrite, xpath
from hub.forms.coerce import Value
from hub.forms.lists import Keys
from hub.forms.markup import Element
from hub.forms.reads import Read
from hub.forms.rewrite import Names, Place

_ODK_NAMESPACE = "urn:digital-cultural-house:xpath:odk"
_OWN_NAMESPACE = "urn:digital-cultural-house:xpath:own"
_DEEPEST = 8
# The time passes, and a text may hold references of its own.
_UNSETTLED = {"today", "now", "jr:choice-name", "jr:itext"}


class FormLike(Protocol):
    """What an expression needs of a form while it runs."""

    @property
    def version(self) -> str:
        """The form's version."""

    def secondary(self, name: str) -> Element | None:
        """The element that holds a secondary instance, None for an unknown name."""

    def lookup(self, name: str, steps: str, keys: Keys, held: Element | None = None) -> Sequence[Element]:
        """Items of a secondary instance whose children each are one of the values wanted of them.

        In document order; ``held`` is another holder than the form's own.
        """

    def choice_name(self, value: str, path: str, scope: Scope) -> str:
        """The label of a choice of the question at ``path``."""

    def translated(self, name: str, scope: Scope) -> str:
        """A text of the form in the scope's language."""


class Answers(Protocol):
    """What an expression needs of the answers it looks at, beside their tree."""

    def hidden(self, node: Element) -> bool:
        """Whether a node does not count now."""

    def own_instance(self, name: str) -> Element | None:
        """The holder of a secondary instance that is these answers' own, None for a form's."""

    def given(self, name: str) -> str:
        """What the House was told of itself, empty for nothing."""

    def lot(self, node: Element) -> str:
        """A text that is these answers' and this node's own."""


@dataclass(slots=True)
class Scope:
    """One evaluation's surroundings: form, instance root, node, village moment, language, answers."""

    form: FormLike
    root: Element
    node: Element
    now: datetime | None
    lang: str = ""
    answers: Answers | None = None

    @property
    def moment(self) -> datetime:
        """Village time; ValueError where the caller gave none or one without its offset."""
        if self.now is None or self.now.tzinfo is None:
            raise ValueError("this form asks for the time: give the village's aware time as now")
        return self.now

    @property
    def village(self) -> tzinfo | None:
        """The village's offset, None where no time was given."""
        return self.now.tzinfo if self.now is not None else None

    @property
    def version(self) -> str:
        """The form's version."""
        return self.form.version

    def secondary(self, name: str) -> list[Element | str]:
        """The holder of a secondary instance; empty for an unknown name."""
        own = self.answers.own_instance(name) if self.answers is not None else None
        held = self.form.secondary(name) if own is None else own
        return [] if held is None else [held]

    def lookup(self, name: str, steps: str, keys: Keys) -> list[Element | str]:
        """Indexed search in a secondary instance."""
        own = self.answers.own_instance(name) if self.answers is not None else None
        return list(self.form.lookup(name, steps, keys, own))

    def hidden(self, node: Element) -> bool:
        """Whether a node does not count now."""
        return self.answers is not None and self.answers.hidden(node)

    def given(self, name: str) -> str:
        """What the House was told of itself, empty for nothing."""
        return "" if self.answers is None else self.answers.given(name)

    @property
    def lot(self) -> str:
        """A text that is this dossier's and this place's own."""
        return "" if self.answers is None else self.answers.lot(self.node)

    def choice_name(self, value: str, path: str) -> str:
        """The label of a choice in the reader's language."""
        return self.form.choice_name(value, path, self)

    def translated(self, name: str) -> str:
        """A text of the form in the reader's language."""
        return self.form.translated(name, self)

    def at(self, node: Element) -> Scope:
        """The same surroundings at another node."""
        return Scope(self.form, self.root, node, self.now, self.lang, self.answers)


class _Running(threading.local):
    scope: Scope | None = None
    depth: int = 0


_running = _Running()


def _wrapped(run: Callable[..., Value]) -> Callable[..., Value]:
    def call(context: object, *arguments: Value) -> Value:
        return run(_running.scope, *arguments)

    return call


_EXTENSIONS: dict[tuple[str, str], Callable[..., Value]] = {
    **{
        (_ODK_NAMESPACE, name.rpartition(":")[2]): _wrapped(function.run)
        for name, function in functions.FUNCTIONS.items()
        if function.run is not None
    },
    **{(_OWN_NAMESPACE, name): _wrapped(run) for name, run in functions.PRIVATE.items()},
}


class Expression:
    """One compiled expression of a form: evaluate it as text, truth, number or nodes."""

    __slots__ = (
        "source",
        "reads",
        "needs",
        "labels",
        "lists",
        "timed",
        "volatile",
        "reference",
        "_written",
        "_namespaces",
        "_compiled",
        "_as_answered",
    )

    def __init__(self, source: str, place: Place, namespaces: Mapping[str, str]) -> None:
        """Compile; raises Refused for what is not XPath or what the engine or form does not know."""
        tree = xpath.parse(source)
        self.source = source.strip()
        try:
            if place.context and place.context[-1].startswith("@"):
                tree = rewrite.from_element(tree, place.context[-1][1:])
                place = replace(place, context=place.context[:-1])
            self.reads: frozenset[Read] = reads.reads(tree, place)
            self._written = rewrite.emit(tree, place)
            calls = tuple(reads.calls(tree))
            called = {call.name for call in calls}
            #: The secondary instances that are named.
            self.lists: frozenset[str] = reads.named_lists(calls)
            #: The questions whose labels are asked for.
            self.labels: frozenset[Names] = reads.named_questions(tree, place.context)
        except RecursionError:
            raise Refused("forms.broken_expression", expression=self.source[:200]) from None
        self.needs: frozenset[Names] = frozenset(read.path for read in self.reads)
        #: Whether it gives something else each time it is asked, nothing else having changed.
        self.volatile = any(functions.FUNCTIONS[name].volatile for name in called)
        #: Whether it must be asked again although no answer it names has changed.
        self.timed = self.volatile or bool(called & _UNSETTLED)
        self._as_answered = isinstance(tree, xpath.Path) and tree.plain
        #: The one question this expression names and nothing else, None for anything more.
        self.reference: Names | None = (
            next(iter(self.needs)) if self._as_answered and len(self.needs) == 1 else None
        )
        self._namespaces = {
            **namespaces,
            rewrite.ODK_PREFIX: _ODK_NAMESPACE,
            rewrite.OWN_PREFIX: _OWN_NAMESPACE,
        }
        self._compiled = self._compile()

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"

    def _compile(self) -> Any:
        used = {key: run for key, run in _EXTENSIONS.items() if f":{key[1]}(" in self._written}
        try:
            return etree.XPath(
                self._written,
                namespaces=self._namespaces,
                extensions=used,
                regexp=False,
                smart_strings=False,
            )
        except (etree.XPathError, ValueError):
            raise Refused("forms.broken_expression", expression=self.source[:200]) from None

    def value(self, scope: Scope) -> Value:
        """Evaluate at the scope's node; raises Refused("forms.broken_expression", expression=) when it
        cannot be.
        """
        running = _running
        if running.depth > _DEEPEST:
            raise Refused("forms.circular", path=str(scope.node.tag))
        outer = running.scope
        running.scope, running.depth = scope, running.depth + 1
        try:
            # libxml2's compiled object is locked while it runs: a text in a text must not wait for itself.
            run = self._compile() if running.depth > 1 else self._compiled
            result: Value = run(scope.node)
            return result
        except HubError:
            raise
        except (etree.XPathError, etree.XPathResultError, TypeError, RecursionError, OverflowError):
            raise Refused("forms.broken_expression", expression=self.source[:200]) from None
        finally:
            running.scope, running.depth = outer, running.depth - 1

    def text(self, scope: Scope) -> str:
        """Evaluate as text; a number that is none is empty, as ODK stores it."""
        result = self.value(scope)
        if isinstance(result, float) and math.isnan(result):
            return ""
        return coerce.text(result)

    def true(self, scope: Scope) -> bool:
        """Evaluate as truth.

        A bare reference is true when answered, a filtered path when it finds something.
        """
        result = self.value(scope)
        return coerce.truth(result) if self._as_answered else bool(result) and result == result

    def number(self, scope: Scope) -> float:
        """Evaluate as a number, dates as days; NaN where it is none."""
        return coerce.num(scope, self.value(scope))

    def nodes(self, scope: Scope) -> list[Element]:
        """Evaluate as nodes; raises Refused where the expression gives something else."""
        result = self.value(scope)
        if not isinstance(result, list):
            raise Refused("forms.broken_expression", expression=self.source[:200])
        return [node for node in result if not isinstance(node, str)]
