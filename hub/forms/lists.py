"""The lists a form brings with it: choices and tables, searched by index and never changed.

Shared between threads: an index is made on the first search of a column, and two that make it at once make
the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.forms.markup import Element, text_of

Keys = Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Lists:
    """A form's secondary instances by name; each is held by an element that paths walk from."""

    holders: Mapping[str, Element] = field(default_factory=dict)
    _indexes: dict[tuple[str, str, str], dict[str, list[Element]]] = field(default_factory=dict)

    def holder(self, name: str) -> Element | None:
        """The element that holds an instance, None for an unknown name."""
        return self.holders.get(name)

    def lookup(self, name: str, steps: str, keys: Keys) -> list[Element]:
        """Items at ``steps`` whose children each are one of the values wanted of them, in document order."""
        held = self.holders.get(name)
        if held is None:
            return []
        found = [self._bearing(name, held, steps, key, wanted) for key, wanted in keys]
        found.sort(key=len)
        shortest, *others = found
        for other in others:
            same = {id(item) for item in other}
            shortest = [item for item in shortest if id(item) in same]
        return shortest

    def _bearing(
        self, name: str, held: Element, steps: str, key: str, wanted: Sequence[str]
    ) -> list[Element]:
        index = self._indexes.get((name, steps, key))
        if index is None:
            index = {}
            for item in held.findall(steps):
                for value in {text_of(child) for child in item.findall(key)}:
                    index.setdefault(value, []).append(item)
            self._indexes[(name, steps, key)] = index
        different = list(dict.fromkeys(wanted))
        if len(different) == 1:
            return index.get(different[0], [])
        found = {id(item) for value in different for item in index.get(value, ())}
        return [item for item in held.findall(steps) if id(item) in found] if found else []


def search(held: Element, steps: str, keys: Keys) -> Iterable[Element]:
    """The same search in a holder that is searched once and has no index."""
    for item in held.findall(steps):
        if all(any(text_of(child) in wanted for child in item.findall(key)) for key, wanted in keys):
            yield item
