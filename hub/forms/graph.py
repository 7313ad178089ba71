"""Who depends on whom in a form: made once when it is read, so that an answer settles its dependants alone.

Keeps true: whatever a rule looks at is an edge here, so that what an answer leaves untouched may stay as it
is. It holds paths and knows no instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.forms import order
from hub.forms.expressions import Expression
from hub.forms.rewrite import Names


@dataclass(frozen=True, slots=True)
class Reader:
    """A path whose rules look at another one.

    ``within`` counts the names of the repeat whose very instance both stand in, 0 for none. A ``counted``
    reader asks only which nodes there are. ``recount`` says that the rule is the number of repeats at
    ``path``.
    """

    path: Names
    within: int
    counted: bool
    recount: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """The paths of a form in the order they are settled, and what follows from each.

    ``ruled`` have a rule of their own; ``timed`` have one that is asked again although no answer has changed.
    """

    order: tuple[Names, ...] = ()
    rank: Mapping[Names, int] = field(default_factory=dict)
    readers: Mapping[Names, tuple[Reader, ...]] = field(default_factory=dict)
    below: Mapping[Names, tuple[Names, ...]] = field(default_factory=dict)
    ruled: tuple[Names, ...] = ()
    timed: tuple[Names, ...] = ()
    timed_counts: tuple[Names, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a path: a calculation or a relevance, or the number of its repeats."""

    path: Names
    expression: Expression
    recount: bool = False


def build(
    paths: Sequence[Names], rules: Iterable[Rule], labels: Mapping[Names, Sequence[Expression]]
) -> Graph:
    """Build the graph of ``paths`` (document order); raises Refused("forms.circular", path=).

    ``labels`` are the expressions that the choices of a question and their labels depend on.
    """
    place = {path: at for at, path in enumerate(paths)}
    inside: dict[Names, list[Names]] = {path: [] for path in paths}
    for path in paths:
        for size in range(1, len(path)):
            inside[path[:size]].append(path)
    looked_at: dict[Names, set[Names]] = {}
    readers: dict[Names, dict[Reader, None]] = {}
    ruled: dict[Names, None] = {}
    timed: dict[Names, None] = {}
    timed_counts: dict[Names, None] = {}
    for rule in rules:
        if not rule.recount:
            ruled[rule.path] = None
        if rule.expression.timed:
            (timed_counts if rule.recount else timed)[rule.path] = None
        for source, within, counted in _sources(rule, paths, place, inside, labels):
            looked_at.setdefault(rule.path, set()).add(source)
            readers.setdefault(source, {})[Reader(rule.path, within, counted, rule.recount)] = None
    settled = order.settle(paths, looked_at)
    return Graph(
        order=settled,
        rank={path: at for at, path in enumerate(settled)},
        readers={path: tuple(found) for path, found in readers.items()},
        below={path: tuple(found) for path, found in inside.items()},
        ruled=tuple(ruled),
        timed=tuple(timed),
        timed_counts=tuple(timed_counts),
    )


def _sources(
    rule: Rule,
    paths: Sequence[Names],
    place: Mapping[Names, int],
    inside: Mapping[Names, Sequence[Names]],
    labels: Mapping[Names, Sequence[Expression]],
) -> Iterable[tuple[Names, int, bool]]:
    for read in rule.expression.reads:
        for path in order.matching(read.path, paths, place):
            yield path, len(read.within), read.counted
            if read.counted:
                continue
            # What a group holds as text is what its questions hold; nobody waits for what he stands in.
            for one in inside[path]:
                if rule.path[: len(path)] != path:
                    yield one, len(read.within), False
    for question in rule.expression.labels:
        for expression in labels.get(question, ()):
            for read in expression.reads:
                for path in order.matching(read.path, paths, place):
                    if path != rule.path:
                        yield path, 0, False
