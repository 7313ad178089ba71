"""What an expression looks at: which paths of the form, from how near, and whether their values matter.

This is what the order of settling and the graph of dependants are built from. It only ever says too much: a
path that need not be looked at costs time, a path left out would leave an answer stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.forms.rewrite import ANY, EVERYTHING_BELOW, Names, Place, leading, shared_repeat
from hub.forms.xpath import Binary, Call, Literal, Negative, Node, Path, Step


@dataclass(frozen=True, slots=True)
class Read:
    """A path an expression looks at; ``*`` stands for any name, ``**`` for everything below.

    ``within`` is the repeat whose very instance both stand in, () when other instances are looked at too.
    ``counted`` says that only which nodes there are matters, not what they hold.
    """

    path: Names
    within: Names
    counted: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a path has got to (None: outside the form), and how far up it has been on its way."""

    at: Names | None
    top: int


def reads(tree: Node, place: Place) -> frozenset[Read]:
    """Return all that an expression at ``place`` looks at."""
    return frozenset(_Finder(place).found(tree, _Place(place.context, len(place.context))))


def named_questions(tree: Node, context: Names) -> frozenset[Names]:
    """Return the questions whose labels an expression asks for by path (jr:choice-name)."""
    found = set()
    for call in calls(tree):
        if call.name == "jr:choice-name" and isinstance(call.arguments[1], Literal):
            found.add(_resolved(call.arguments[1].text.strip(), context))
    return frozenset(found)


def named_lists(found: Iterable[Call]) -> frozenset[str]:
    """Return the secondary instances that calls name."""
    asked = (call.arguments[0] for call in found if call.name in ("instance", "pulldata") and call.arguments)
    return frozenset(one.text.strip() for one in asked if isinstance(one, Literal))


def _resolved(path: str, context: Names) -> Names:
    at = () if path.startswith("/") else context
    for part in path.strip("/").split("/"):
        at = at[:-1] if part == ".." else at if part == "." else (*at, part)
    return at


def calls(node: Node) -> Iterator[Call]:
    """Every function call in a tree."""
    if isinstance(node, Call):
        yield node
        inner: tuple[Node, ...] = node.arguments
    elif isinstance(node, Binary):
        inner = (node.left, node.right)
    elif isinstance(node, Negative):
        inner = (node.operand,)
    elif isinstance(node, Path):
        start = () if node.start is None else (node.start,)
        inner = (*start, *node.filters, *(one for step in node.steps for one in step.predicates))
    else:
        inner = ()
    for one in inner:
        yield from calls(one)


class _Finder:
    def __init__(self, place: Place) -> None:
        self.place = place

    def found(self, node: Node, here: _Place) -> Iterator[Read]:
        if isinstance(node, Binary):
            yield from self.found(node.left, here)
            yield from self.found(node.right, here)
        elif isinstance(node, Negative):
            yield from self.found(node.operand, here)
        elif isinstance(node, Call):
            yield from self.call(node, here)
        elif isinstance(node, Path):
            yield from self.path(node, here)

    def call(self, node: Call, here: _Place) -> Iterator[Read]:
        if node.name == "once":
            yield self.read(_Place(self.place.context, len(self.place.context)))
        for at, argument in enumerate(node.arguments):
            counted = node.name in ("count", "position") or node.name == "indexed-repeat" and at % 2 == 1
            whole = node.name == "indexed-repeat" and at % 2 == 1 or node.name == "indexed-repeat" and at == 0
            if isinstance(argument, Path):
                yield from self.path(argument, here, counted=counted, whole=whole)
            else:
                yield from self.found(argument, here)

    def path(self, node: Path, here: _Place, *, counted: bool = False, whole: bool = False) -> Iterator[Read]:
        context = self.place.context
        at: _Place = here
        if isinstance(node.start, Call) and node.start.name == "current":
            at = _Place(context, len(context))
        elif node.start is not None:
            yield from self.found(node.start, here)
            at = _Place(None, 0)
            for one in node.filters:
                yield from self.found(one, at)
        elif node.absolute:
            repeat = () if whole else shared_repeat(leading(node), self.place)
            at = _Place((), len(repeat))
        for step in node.steps:
            at = _walked(at, step)
            for one in step.predicates:
                # Inside a predicate the context node is any of those filtered, not the one of this instance.
                yield from self.found(one, _Place(at.at, 0))
        if at.at:
            yield self.read(at, counted)

    def read(self, place: _Place, counted: bool = False) -> Read:
        path = place.at or ()
        # Which instances of a repeat there are is told apart one level above them.
        top = min(place.top, len(path) - 1) if counted else place.top
        repeats = self.place.repeats
        within = next((path[:size] for size in range(top, 1, -1) if path[:size] in repeats), ())
        context = self.place.context
        return Read(path, within if within == context[: len(within)] else (), counted)


def _walked(place: _Place, step: Step) -> _Place:
    at = place.at
    if at is None or step.axis == "self":
        return place
    if step.axis == "parent":
        return _Place(at[:-1], min(place.top, len(at) - 1))
    if at[-1:] == (EVERYTHING_BELOW,):
        return place
    if step.axis in ("child", "attribute"):
        return _Place((*at, ANY if step.test[-1] in "*)" else step.test), place.top)
    if step.axis in ("descendant", "descendant-or-self"):
        return _Place((*at, EVERYTHING_BELOW), place.top)
    return _Place((at[0], EVERYTHING_BELOW) if at else (EVERYTHING_BELOW,), 0)
