"""ODK expressions: compiled once a form, evaluated against any instance of it.

An Expression is immutable and shared between threads: libxml2's compiled form holds a lock of its own while
it runs, and what a function must know (the node, the village's moment, the language) travels in a scope of
the running thread. No expression reads the system clock.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Protocol

from lxml import etree

from hub.base.errors import HubError, Refused
from hub.forms import coerce, functions, rewrite, xpath
from hub.forms.coerce import Value
from hub.forms.markup import Element
from hub.forms.rewrite import Names, Place

_ODK_NAMESPACE = "urn:digital-cultural-house:xpath:odk"
_OWN_NAMESPACE = "urn:digital-cultural-house:xpath:own"
_DEEPEST = 8


class FormLike(Protocol):
    """What an expression needs of a form while it runs."""

    @property
    def version(self) -> str:
        """The form's version."""

    def secondary(self, name: str) -> Element | None:
        """The element that holds a secondary instance, None for an unknown name."""

    def lookup(self, name: str, steps: str, key: str, wanted: Sequence[str]) -> list[Element]:
        """Items of a secondary instance whose child ``key`` is one of ``wanted``, in document order."""

    def choice_name(self, value: str, path: str, scope: Scope) -> str:
        """The label of a choice of the question at ``path``."""

    def translated(self, name: str, scope: Scope) -> str:
        """A text of the form in the scope's language."""


@dataclass(slots=True)
class Scope:
    """One evaluation's surroundings: form, instance root, node, village moment, language."""

    form: FormLike
    root: Element
    node: Element
    now: datetime | None
    lang: str = ""
    depth: int = field(default=0)

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
        held = self.form.secondary(name)
        return [] if held is None else [held]

    def lookup(self, name: str, steps: str, key: str, wanted: Sequence[str]) -> list[Element | str]:
        """Indexed search in a secondary instance."""
        return list(self.form.lookup(name, steps, key, wanted))

    def choice_name(self, value: str, path: str) -> str:
        """The label of a choice in the reader's language."""
        return self.form.choice_name(value, path, self)

    def translated(self, name: str) -> str:
        """A text of the form in the reader's language."""
        return self.form.translated(name, self)

    def at(self, node: Element) -> Scope:
        """The same surroundings at another node."""
        return Scope(self.form, self.root, node, self.now, self.lang, self.depth)


class _Running(threading.local):
    scope: Scope | None = None


_running = _Running()


@contextmanager
def _within(scope: Scope) -> Iterator[bool]:
    outer = _running.scope
    depth = 0 if outer is None else outer.depth + 1
    if depth > _DEEPEST:
        raise Refused("forms.circular", path=str(scope.node.tag))
    _running.scope = scope.at(scope.node)
    _running.scope.depth = depth
    try:
        yield depth > 0
    finally:
        _running.scope = outer


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
        "needs",
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
            self.needs: frozenset[Names] = rewrite.needs(tree, place.context)
            self._written = rewrite.emit(tree, place)
        except RecursionError:
            raise Refused("forms.broken_expression", expression=self.source[:200]) from None
        self.volatile = any(f"{rewrite.ODK_PREFIX}:{name}(" in self._written for name in ("uuid", "random"))
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
        with _within(scope) as nested:
            # libxml2's compiled object is locked while it runs: a text in a text must not wait for itself.
            run = self._compile() if nested else self._compiled
            try:
                result: Value = run(scope.node)
                return result
            except HubError:
                raise
            except (etree.XPathError, etree.XPathResultError, TypeError, RecursionError, OverflowError):
                raise Refused("forms.broken_expression", expression=self.source[:200]) from None

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
