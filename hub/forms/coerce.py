"""What an ODK function is handed, and how one kind of value becomes another.

A value is text, a float, a bool or a list of nodes. Dates count as days; a reference is true when it is
answered.
"""

from __future__ import annotations

import math
from datetime import datetime, tzinfo
from typing import Protocol

from hub.forms import values
from hub.forms.lists import Keys
from hub.forms.markup import Element, text_of

Value = str | float | bool | list[Element | str]


class Scope(Protocol):
    """What a function may look at while an expression is evaluated."""

    @property
    def node(self) -> Element:
        """The node the expression belongs to."""

    @property
    def root(self) -> Element:
        """The instance's root element."""

    @property
    def moment(self) -> datetime:
        """Village time, aware; raises ValueError where the caller gave none."""

    @property
    def village(self) -> tzinfo | None:
        """The village's offset."""

    @property
    def version(self) -> str:
        """The form's version."""

    @property
    def lang(self) -> str:
        """The form's language in which texts are wanted."""

    @property
    def lot(self) -> str:
        """A text that is this dossier's and this place's own, always the same."""

    def hidden(self, node: Element) -> bool:
        """Whether a node does not count now."""

    def given(self, name: str) -> str:
        """What the House was told of itself (deviceid, username, …), empty for nothing."""

    def secondary(self, name: str) -> list[Element | str]:
        """The element that holds a secondary instance."""

    def lookup(self, name: str, steps: str, keys: Keys) -> list[Element | str]:
        """Items of a secondary instance whose children each are one of the values wanted of them."""

    def choice_name(self, value: str, path: str) -> str:
        """The label of a choice in the reader's language."""

    def translated(self, name: str) -> str:
        """A text of the form in the reader's language."""


def text(value: Value) -> str:
    """XPath's string() of a value: the first node's text for a list."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return values.number_text(value)
    return each(value)[0] if value else ""


def each(value: Value) -> list[str]:
    """Return the strings of a node-set, or the one string of anything else."""
    if not isinstance(value, list):
        return [text(value)]
    return [str(node) if isinstance(node, str) else text_of(node) for node in value]


def num(scope: Scope, value: Value) -> float:
    """ODK's number() of a value; dates are days."""
    if isinstance(value, bool):
        return 1.0 if value else 0.0
    if isinstance(value, float | int):
        return float(value)
    return values.numeric(text(value), scope.village)


def truth(value: Value) -> bool:
    """ODK's boolean() of a value: a reference is true when the question has an answer."""
    if isinstance(value, bool):
        return value
    if isinstance(value, float | int):
        return value != 0 and not math.isnan(value)
    return text(value) != ""
