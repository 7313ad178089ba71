"""Which questions stand on which page, and which of their nodes an instance has now.

One page a top-level group or repeat; questions outside any group that follow one another share a page. What
would make too long a page is divided again, by its own groups, else by count; a field-list never is. The
division is the form's alone: answers never move a question to another page.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.base.errors import Missing
from hub.forms import settling
from hub.forms.instance import Instance
from hub.forms.markup import Element
from hub.forms.model import BodyNode, Form, GroupNode, QuestionNode, RepeatNode, Words, name_of, names_of
from hub.forms.rewrite import Names

MOST_ON_A_PAGE = 24
_ON_A_SHARE = 15


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page's share of the body; ``group`` is the innermost group the whole page stands in, if any.

    ``above`` are the labels of the groups that were divided into this page and others.
    """

    id: str
    label: Words
    group: Names | None
    nodes: tuple[BodyNode, ...]
    above: tuple[Words, ...] = ()


@functools.lru_cache(maxsize=16)
def leaves(form: Form) -> tuple[Leaf, ...]:
    """The pages of a form in order, whatever is relevant."""
    found: list[Leaf] = []
    _divide(form.body, None, (), "", found)
    return tuple(found)


def _divide(
    nodes: Sequence[BodyNode], group: Names | None, above: tuple[Words, ...], first: str, found: list[Leaf]
) -> None:
    loose: list[BodyNode] = []

    def name(node: QuestionNode) -> str:
        nonlocal first
        given, first = first or f"q-{node.path[-1]}", ""
        return _free(given, found)

    def close() -> None:
        pages = -(-len(loose) // _ON_A_SHARE) if len(loose) > MOST_ON_A_PAGE else 1
        size = -(-len(loose) // pages)
        for at in range(0, len(loose), max(1, size)):
            share = tuple(loose[at : at + size])
            assert isinstance(share[0], QuestionNode)
            found.append(Leaf(name(share[0]), Words(), group, share, above))
        loose.clear()

    for node in nodes:
        if isinstance(node, QuestionNode):
            loose.append(node)
            continue
        close()
        own = first or (node.path[-1] if node.path else f"part-{len(found) + 1}")
        first = ""
        if isinstance(node, RepeatNode):
            found.append(Leaf(_free(own, found), node.label, group, (node,), above))
        elif _too_long(node):
            _divide(node.children, node.path or group, (*above, node.label), own, found)
        else:
            found.append(Leaf(_free(own, found), node.label, node.path or group, node.children, above))
    close()


def _too_long(node: GroupNode) -> bool:
    """Whether a group's questions are more than a page should hold; what stands in a repeat stays in it."""
    if {"field-list", "table-list"} & set(node.appearance):
        return False
    return sum(1 for _ in _own_questions(node)) > MOST_ON_A_PAGE


def _own_questions(node: GroupNode) -> Iterator[QuestionNode]:
    for child in node.children:
        if isinstance(child, QuestionNode):
            yield child
        elif isinstance(child, GroupNode):
            yield from _own_questions(child)


def _free(name: str, taken: Sequence[Leaf]) -> str:
    while any(leaf.id == name for leaf in taken):
        name += "-"
    return name


def leaf(form: Form, page_id: str) -> Leaf:
    """The page with this id; raises Missing("forms.no_such_page", page=)."""
    for one in leaves(form):
        if one.id == page_id:
            return one
    raise Missing("forms.no_such_page", page=page_id[:80])


def below(instance: Instance, path: Names, anchor: Element | None) -> Element | None:
    """The node at ``path`` inside ``anchor`` (a repeat instance, or None for the whole instance)."""
    if anchor is None:
        found = instance.nodes(path)
    else:
        found = settling.descend(anchor, path[len(names_of(anchor)) :])
    return found[0] if found else None


def repeats_below(
    instance: Instance, node: RepeatNode, anchor: Element | None
) -> tuple[Element | None, list[Element]]:
    """Where a repeat's instances stand inside ``anchor``, and those there are."""
    parent = below(instance, node.path[:-1], anchor)
    if parent is None:
        return None, []
    return parent, [child for child in parent if name_of(child) == node.path[-1]]


def asked(
    instance: Instance, nodes: Sequence[BodyNode], anchor: Element | None = None
) -> Iterator[tuple[QuestionNode, Element]]:
    """Every question of a page with each of its nodes, relevant or not, in the order they are drawn."""
    for node in nodes:
        if isinstance(node, QuestionNode):
            found = below(instance, node.path, anchor)
            if found is not None:
                yield node, found
        elif isinstance(node, GroupNode):
            yield from asked(instance, node.children, anchor)
        else:
            for one in repeats_below(instance, node, anchor)[1]:
                yield from asked(instance, node.children, one)
