"""Which questions stand on which page, and which of their nodes an instance has now.

One page a top-level group or repeat; questions outside any group that follow one another share a page. The
division is the form's alone: answers never move a question to another page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.base.errors import Missing
from hub.forms.instance import Instance
from hub.forms.markup import Element
from hub.forms.model import BodyNode, Form, GroupNode, QuestionNode, RepeatNode, Words, name_of, names_of
from hub.forms.rewrite import Names


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page's share of the body; ``group`` is the group the page is made of, if it is one."""

    id: str
    label: Words
    group: Names | None
    nodes: tuple[BodyNode, ...]


def leaves(form: Form) -> tuple[Leaf, ...]:
    """The pages of a form in order, whatever is relevant."""
    found: list[Leaf] = []
    loose: list[QuestionNode] = []

    def close() -> None:
        if loose:
            found.append(Leaf(_free(f"q-{loose[0].path[-1]}", found), Words(), None, tuple(loose)))
            loose.clear()

    for node in form.body:
        if isinstance(node, QuestionNode):
            loose.append(node)
            continue
        close()
        name = node.path[-1] if node.path else f"part-{len(found) + 1}"
        if isinstance(node, GroupNode):
            found.append(Leaf(_free(name, found), node.label, node.path, node.children))
        else:
            found.append(Leaf(_free(name, found), node.label, None, (node,)))
    close()
    return tuple(found)


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
    node: Element | None = instance.root if anchor is None else anchor
    done = 1 if anchor is None else len(names_of(anchor))
    for name in path[done:]:
        node = next((child for child in node if name_of(child) == name), None) if node is not None else None
    return node


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
