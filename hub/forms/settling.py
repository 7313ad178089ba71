"""Answers settled: what counts now, how many of each repeat there are, and what is calculated from the rest.

Keeps true: after ``settle`` every rule holds as if all had been asked again, although only those were that
look at something that has changed. An irrelevant value is out of every expression's sight and is kept. It
knows nothing of drafts and of people; ``Instance`` is what they use.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from hub.forms import coerce, tree, values
from hub.forms.expressions import Expression, Scope
from hub.forms.markup import Element, clean
from hub.forms.model import Bind, Form, name_of
from hub.forms.rewrite import Names
from hub.forms.typed import DataType

NEW_REPEAT = "odk-new-repeat"
CHANGED = "xforms-value-changed"
LAST_SAVED = "__last-saved"
MOST_REPEATS = 1000


class Settling:
    """An instance's tree with what is known of it: relevance, set aside values, and what waits to be settled.

    ``evaluated`` counts the rules that were asked since it was begun.
    """

    def __init__(self, form: Form, root: Element, now: datetime | None) -> None:
        self.form = form
        self.root = root
        self.now = now
        self.evaluated = 0
        self.properties: Mapping[str, str] = {}
        self.last_saved: Element | None = None
        self._kept: dict[Element, str] = {}
        self._irrelevant: set[Element] = set()
        self._spare: list[tuple[Element, Element]] = []
        self._changed: list[tuple[Element, Names]] = []
        self._index: dict[Names, list[Element]] | None = None
        # What waits: by path the nodes to settle and the parents whose repeats to count; None means all.
        self._waiting: dict[Names, set[Element] | None] = {}
        self._uncounted: dict[Names, set[Element] | None] = {}
        self._queue: list[int] = []
        # What has come into the tree since it was last at rest: nobody has answered anything in it.
        self._fresh: set[Element] = set()

    def scope(self, node: Element, lang: str = "") -> Scope:
        """The surroundings for evaluating an expression at a node in a language code."""
        language = self.form.language(lang) if lang else self.form.default_language
        return Scope(self.form, self.root, node, self.now, language, answers=self)

    def hidden(self, node: Element) -> bool:
        """Whether a node does not count now."""
        return node in self._irrelevant

    def own_instance(self, name: str) -> Element | None:
        """The holder of a secondary instance that is these answers' own, None for a form's."""
        return self.last_saved if name == LAST_SAVED else None

    def given(self, name: str) -> str:
        """What the House was told of itself, empty for nothing."""
        return self.properties.get(name, "")

    def lot(self, node: Element) -> str:
        """A text that is these answers' and this node's own."""
        held = self.nodes((name_of(self.root), "meta", "instanceID"))
        return f"{held[0].text if held else ''} {tree.path_of(self.form, node)}"

    def nodes(self, path: Names) -> list[Element]:
        """The nodes at a form path, in document order; an attribute's are the elements that bear it."""
        if self._index is None:
            # The index also keeps every node's Python side alive, so that a node is the same key all along.
            self._index = {}
            _enter(self._index, self.root, (name_of(self.root),))
        return self._index.get(path[:-1] if path[-1:] and path[-1].startswith("@") else path, [])

    def put_at(self, node: Element, path: Names, value: str) -> bool:
        """Store a cleaned value at a node; returns whether it was another one."""
        if path[-1].startswith("@"):
            changed = (node.get(path[-1][1:]) or "") != value
            node.set(path[-1][1:], value)
            return changed
        node.attrib.pop(tree.TYPED, "")
        if value == self._kept.get(node, node.text or ""):
            return False
        if node in self._irrelevant:
            self._kept[node] = value
        else:
            node.text = value or None
        self._changed.append((node, path))
        self._stir(path, {node})
        self._tell(node, path)
        return True

    # -- what waits --

    def _stir(self, path: Names, nodes: Iterable[Element] | None) -> None:
        rank = self.form.graph.rank.get(path)
        if rank is None:
            return
        if path not in self._waiting:
            self._waiting[path] = set()
            heapq.heappush(self._queue, rank)
        held = self._waiting[path]
        if nodes is None:
            self._waiting[path] = None
        elif held is not None:
            held.update(nodes)

    def _stir_count(self, path: Names, parents: Iterable[Element] | None) -> None:
        if path not in self._uncounted:
            self._uncounted[path] = set()
            heapq.heappush(self._queue, self.form.graph.rank[path])
        held = self._uncounted[path]
        if parents is None:
            self._uncounted[path] = None
        elif held is not None:
            held.update(parents)

    def _stir_all(self) -> None:
        # What has no rule of its own follows what it stands in.
        for path in self.form.graph.ruled:
            self._stir(path, None)
        for path in self.form.counts:
            self._stir_count(path, None)

    def _stir_new(self, node: Element, path: Names) -> None:
        """Everything in a repeat instance that has come into the tree, and all that look at such."""
        for below in (path, *self.form.graph.below.get(path, ())):
            self._stir(below, descend(node, below[len(path) :]))
            if below in self.form.counts and below != path:
                self._stir_count(below, descend(node, below[len(path) : -1]))

    def _tell(self, node: Element, path: Names, *, counting: bool = False) -> None:
        """Stir whoever looks at a node that has changed; with ``counting`` those too that only count it."""
        for reader in self.form.graph.readers.get(path, ()):
            if reader.counted and not counting:
                continue
            target = reader.path[:-1] if reader.recount else reader.path
            within = min(reader.within, len(target))
            found = None if within == 0 else _beside(node, path, target, within)
            if reader.recount:
                self._stir_count(reader.path, found)
            else:
                self._stir(reader.path, found)

    def _tell_structure(self, parent: Element, path: Names) -> None:
        """Stir whoever looks at repeats at ``path``, there being another number of them under ``parent``."""
        for below in (path, *self.form.graph.below.get(path, ())):
            for reader in self.form.graph.readers.get(below, ()):
                target = reader.path[:-1] if reader.recount else reader.path
                if reader.within >= len(path):
                    continue
                found = (
                    None
                    if reader.within == 0
                    else _beside(parent, path[:-1], target, min(reader.within, len(target)))
                )
                if reader.recount:
                    self._stir_count(reader.path, found)
                else:
                    self._stir(reader.path, found)

    def _settle_waiting(self, *, calculating: bool = True) -> None:
        """Settle all that waits, each path after those it looks at."""
        order = self.form.graph.order
        passes: dict[Names, int] = {}
        while self._queue:
            path = order[heapq.heappop(self._queue)]
            if path in self._uncounted:
                parents = self._uncounted.pop(path)
                if calculating:
                    self._recount(path, self.form.counts[path], parents)
            if path not in self._waiting:
                continue
            waiting = self._waiting.pop(path)
            bind = self.form.binds.get(path)
            nodes = list(self.nodes(path))
            # A running total looks at itself in other repeats; one that never comes to rest is left there.
            passes[path] = passes.get(path, 0) + 1
            if passes[path] > len(nodes) + 2:
                continue
            for node in nodes if waiting is None else [one for one in nodes if one in waiting]:
                if path[-1].startswith("@"):
                    self._settle_attribute(node, path, bind, calculating)
                else:
                    self._settle(node, path, bind, calculating)
        self._fresh.clear()

    # -- settling --

    def _settle(self, node: Element, path: Names, bind: Bind | None, calculating: bool) -> None:
        parent, before = node.getparent(), node.text
        relevant = parent is None or parent not in self._irrelevant
        if relevant and bind is not None and bind.relevant is not None:
            self.evaluated += 1
            relevant = bind.relevant.true(self.scope(node))
        turned = relevant is (node in self._irrelevant)
        if turned and relevant:
            self._irrelevant.discard(node)
            if node in self._kept:
                node.text = self._kept.pop(node) or None
        elif turned:
            self._irrelevant.add(node)
            if len(node) == 0 and node.text:
                self._kept[node] = node.text
                node.text = None
        if relevant and calculating and bind is not None and bind.calculate is not None:
            # uuid() and random() must not change when a page is drawn again.
            if not (bind.calculate.volatile and node.text):
                node.text = self._stored(bind.calculate, node, bind.kind) or None
        if turned:
            for below in self.form.graph.below.get(path, ()):
                if len(below) == len(path) + 1:
                    self._stir(below, descend(node, below[len(path) :]))
        if turned or (len(node) == 0 and node.text != before):
            self._tell(node, path, counting=turned)

    def _settle_attribute(self, node: Element, path: Names, bind: Bind | None, calculating: bool) -> None:
        if calculating and bind is not None and bind.calculate is not None and node not in self._irrelevant:
            if not (bind.calculate.volatile and node.get(path[-1][1:])):
                node.set(path[-1][1:], self._stored(bind.calculate, node, bind.kind))

    def _stored(self, expression: Expression, node: Element, kind: DataType) -> str:
        self.evaluated += 1
        scope = self.scope(node)
        value = expression.value(scope)
        if isinstance(value, float) and math.isnan(value):
            return ""
        text = coerce.text(value)
        if kind is DataType.INTEGER and text:
            amount = coerce.num(scope, value)
            return str(math.trunc(amount)) if math.isfinite(amount) else text
        if kind is DataType.DATE and text:
            day = values.date_of_days(value) if isinstance(value, float) else values.read_date(text)
            return day.isoformat() if day else text
        return clean(text)

    # -- events --

    def _fire(self, event: str, origin: Element, path: Names) -> None:
        for one in self.form.set_values:
            if event not in one.events or event == CHANGED and one.trigger != path:
                continue
            for node in self._targets(one.target, origin, path, inside=event != CHANGED):
                kind = self.form.kind(one.target)
                value = self._stored(one.value, node, kind) if one.value is not None else clean(one.text)
                self.put_at(node, one.target, value)

    def _targets(self, target: Names, origin: Element, path: Names, *, inside: bool) -> list[Element]:
        """The nodes an event at ``origin`` means: those in it, or those in the same innermost repeat."""
        if inside:
            return descend(origin, target[len(path) :]) if target[: len(path)] == path else []
        for size in range(len(path), 1, -1):
            if path[:size] in self.form.repeats and target[:size] == path[:size]:
                return _beside(origin, path, target, size)
        return self.nodes(target)

    # -- repeats --

    def _placed(self, node: Element, path: Names, *, fresh: bool) -> None:
        """Take note of a repeat instance that has come into the tree."""
        if fresh:
            self._fresh.update(node.iter())
        parent = node.getparent()
        self._index = None
        self._stir_new(node, path)
        if parent is not None:
            self._tell_structure(parent, path)

    def _take_out(self, node: Element, path: Names, *, restoring: bool = False) -> None:
        """Take a repeat instance out of the tree, as it would be if all in it counted when ``restoring``."""
        parent = node.getparent()
        inside = set(node.iter())
        for one in inside:
            self._irrelevant.discard(one)
            kept = self._kept.pop(one, None)
            if restoring and kept is not None:
                one.text = kept or None
        for waiting in (*self._waiting.values(), *self._uncounted.values()):
            if waiting is not None:
                waiting.difference_update(inside)
        self._changed = [(one, names) for one, names in self._changed if one not in inside]
        if not restoring:
            self._spare = [one for one in self._spare if one[0] not in inside]
        if parent is not None:
            parent.remove(node)
            self._index = None
            self._tell_structure(parent, path)

    def _recount(self, path: Names, count: Expression, parents: set[Element] | None) -> None:
        for parent in list(self.nodes(path[:-1])) if parents is None else list(parents):
            same = [child for child in parent if name_of(child) == path[-1]]
            wanted = self._count(parent, path, count, same)
            gone = same[wanted:]
            for node in gone:
                self._take_out(node, path, restoring=True)
            if parent not in self._fresh:
                self._spare = [(parent, node) for node in gone] + self._spare
            for _ in range(wanted - len(same)):
                held = next(
                    (one for one in self._spare if one[0] is parent and name_of(one[1]) == path[-1]), None
                )
                node = tree.blank_repeat(self.form, path) if held is None else held[1]
                if held is not None:
                    self._spare.remove(held)
                if same:
                    same[-1].addnext(node)
                else:
                    tree.put_repeat(self.form, parent, node)
                same.append(node)
                self._placed(node, path, fresh=held is None)
                if held is None:
                    self._fire(NEW_REPEAT, node, path)

    def _count(self, parent: Element, path: Names, count: Expression, same: list[Element]) -> int:
        self.evaluated += 1
        if same:
            amount = count.number(self.scope(same[0]))
        else:
            with self._stand_in(parent, path) as node:
                amount = count.number(self.scope(node))
        return max(0, min(MOST_REPEATS, int(amount))) if math.isfinite(amount) else 0

    @contextmanager
    def _stand_in(self, parent: Element, path: Names) -> Iterator[Element]:
        """An instance that stands in the tree only while an expression needs a node to start from."""
        node = tree.blank_repeat(self.form, path)
        tree.put_repeat(self.form, parent, node)
        try:
            yield node
        finally:
            parent.remove(node)


def _enter(index: dict[Names, list[Element]], node: Element, path: Names) -> None:
    index.setdefault(path, []).append(node)
    for child in node:
        _enter(index, child, (*path, name_of(child)))


def _beside(node: Element, path: Names, target: Names, within: int) -> list[Element]:
    """The nodes at ``target`` in the very repeat instance, ``within`` names deep, that ``node`` stands in."""
    above: Element | None = node
    for _ in range(len(path) - within):
        above = above.getparent() if above is not None else None
    return [] if above is None else descend(above, target[within:])


def descend(node: Element, names: Names) -> list[Element]:
    """The nodes below one along plain names; an attribute leads to the element that bears it."""
    found = [node]
    for name in names:
        if name.startswith("@"):
            break
        prefixed = ":" in name
        below = f"{{*}}{name.rpartition(':')[2]}"
        found = [
            child
            for one in found
            for child in one.iterchildren(below)
            if not prefixed or name_of(child) == name
        ]
    return found
