"""One person's answers to a form: an XML tree that keeps everything and shows what is relevant.

An irrelevant value is hidden from every expression and left out of the submission, and comes back when it
becomes relevant again. Text that could not be read is kept beside its node. Nothing here draws, checks or
stores.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from hub.base.errors import Missing, Refused
from hub.forms import coerce, markup, tree, values, writing
from hub.forms.expressions import Expression, Scope
from hub.forms.markup import Element, clean, local
from hub.forms.model import Bind, Form, name_of, names_of
from hub.forms.rewrite import Names
from hub.forms.typed import DataType

_FIRST_LOAD = "odk-instance-first-load"
_NEW_REPEAT = "odk-new-repeat"
_CHANGED = "xforms-value-changed"
_MOST_REPEATS = 1000


class Instance:
    """The answers to one form. ``now`` is always the village's aware local time."""

    def __init__(self, form: Form, root: Element, now: datetime | None) -> None:
        """For this package; use ``new`` or ``from_xml``."""
        self.form = form
        self.root = root
        self.now = now
        self._kept: dict[Element, str] = {}
        self._irrelevant: set[Element] = set()
        self._spare: list[tuple[Element, Element]] = []
        self._changed: list[Element] = []
        self._index: dict[Names, list[Element]] | None = None

    @classmethod
    def new(
        cls, form: Form, *, now: datetime, instance_id: str, properties: Mapping[str, str] | None = None
    ) -> Instance:
        """Begin an empty instance with its defaults.

        ``properties`` may give deviceid, username, phonenumber, email.
        """
        instance = cls(form, copy.deepcopy(form.template), now)
        given = properties or {}
        preloaded = {
            ("timestamp", "start"): values.stamp(now),
            ("date", "today"): now.date().isoformat(),
            **{("property", name): value for name, value in given.items()},
        }
        for path, bind in form.binds.items():
            value = preloaded.get((bind.preload, bind.preload_params))
            if value is not None:
                for node in instance.nodes(path):
                    node.text = clean(value) or None
        instance._id_node().text = clean(instance_id)
        instance.recalculate(now)
        # Repeats that a count of nothing took away were never anybody's answers.
        instance._spare = []
        instance._fire(_FIRST_LOAD, instance.root)
        instance.recalculate(now)
        return instance

    @classmethod
    def from_xml(cls, form: Form, xml: bytes, now: datetime | None = None) -> Instance:
        """Take up a draft or a submission of this very form and version; nothing is calculated again.

        A draft remembers the moment it was last settled at; other XML needs ``now`` where relevance asks for
        the time. Raises Refused for broken XML, another form ("forms.other_form") or another version
        ("forms.other_version").
        """
        source = markup.parse(xml)
        root, spare = tree.take_in(form, source)
        instance = cls(form, root, now or tree.read_moment(source))
        root.attrib.pop(tree.AT, "")
        instance._spare = spare
        instance._settle_all(calculating=False)
        return instance

    @property
    def instance_id(self) -> str:
        """The instanceID."""
        return self._id_node().text or ""

    @property
    def instance_name(self) -> str:
        """The instanceName, empty where the form has none."""
        found = [node for node in self.root.iter() if local(node) == "instanceName"]
        return self.value(found[0]) if found else ""

    def _id_node(self) -> Element:
        for meta in self.root:
            for node in meta:
                if local(meta) == "meta" and local(node) == "instanceID":
                    return node
        raise Missing("forms.no_such_node", path="meta/instanceID")

    # -- looking --

    def scope(self, node: Element, lang: str = "") -> Scope:
        """The surroundings for evaluating an expression at a node in a language code."""
        return Scope(self.form, self.root, node, self.now, self.form.language(lang))

    def nodes(self, path: Names) -> list[Element]:
        """The nodes at a form path, in document order."""
        if self._index is None:
            # The index also keeps every node's Python side alive, so that a node is the same key all along.
            self._index = {}
            for node in self.root.iter():
                self._index.setdefault(names_of(node), []).append(node)
        return self._index.get(path, [])

    def node(self, path: str) -> Element:
        """The node at a path such as /data/kids[2]/name; raises Missing."""
        self.nodes(())
        return tree.find(self.root, path)

    def path(self, node: Element) -> str:
        """The path of a node."""
        return tree.path_of(self.form, node)

    def value(self, node: Element) -> str:
        """The stored value of a node, relevant or not."""
        return self._kept.get(node, node.text or "") if len(node) == 0 else ""

    def typed(self, node: Element) -> str | None:
        """The text somebody typed that could not be read, None where all is well."""
        return node.get(tree.TYPED)

    def get(self, path: str) -> str:
        """The stored value at a path, relevant or not; raises Missing for no such node."""
        return self.value(self.node(path))

    def relevant(self, node: Element) -> bool:
        """Whether a node counts now."""
        return node not in self._irrelevant

    def is_relevant(self, path: str) -> bool:
        """Whether the node at a path counts now."""
        return self.relevant(self.node(path))

    def attachments(self, *, all_kept: bool = False) -> tuple[str, ...]:
        """File names the instance refers to; with ``all_kept`` those of irrelevant questions too."""
        found: list[str] = []
        for question in self.form.questions.values():
            if question.type.is_file:
                found.extend(
                    self.value(node) for node in self.nodes(question.path) if all_kept or self.relevant(node)
                )
        return tuple(dict.fromkeys(name for name in found if name))

    def spare_values(self) -> tuple[tuple[str, str], ...]:
        """What was answered in repeats that a lower count has set aside: (node name, value)."""
        leaves = [node for _, spare in self._spare for node in spare.iter() if len(node) == 0]
        return tuple((name_of(node), node.text) for node in leaves if node.text)

    # -- answering --

    def set(self, path: str, value: str) -> None:
        """Store a value as forms store it (ISO dates, decimal point).

        Call ``recalculate`` when all are in.
        """
        self.put(self.node(path), value)

    def put(self, node: Element, value: str) -> None:
        """Store a value at a node, cleaned and NFC-normalised.

        What had been typed there in vain is forgotten.
        """
        if len(node):
            raise Refused("forms.not_a_question", path=self.path(node))
        value = clean(value)
        node.attrib.pop(tree.TYPED, "")
        if value == self.value(node):
            return
        if node in self._irrelevant:
            self._kept[node] = value
        else:
            node.text = value or None
        self._changed.append(node)

    def put_typed(self, node: Element, text: str) -> None:
        """Keep a text that could not be read: the value is empty, the text is shown again."""
        self.put(node, "")
        node.set(tree.TYPED, clean(text))

    def add_repeat(self, path: str) -> str:
        """Add an instance of the repeat at a path such as /data/kids; returns the new one's path."""
        above, _, name = path.rstrip("/").rpartition("/")
        parent = self.node(above)
        names = (*names_of(parent), name)
        if names not in self.form.repeats:
            raise Missing("forms.no_such_node", path=path[:200])
        if sum(1 for child in parent if name_of(child) == name) >= _MOST_REPEATS:
            raise Refused("forms.too_many_repeats", most=_MOST_REPEATS)
        node = self.grow(parent, names)
        self._settle_all(calculating=True)
        self._fire(_NEW_REPEAT, node)
        self._settle_all(calculating=True)
        return self.path(node)

    def grow(self, parent: Element, names: Names) -> Element:
        """Put a blank instance of a repeat under ``parent``; nothing is settled yet."""
        node = tree.blank_repeat(self.form, names)
        tree.put_repeat(self.form, parent, node)
        self._index = None
        return node

    def remove_repeat(self, path: str) -> None:
        """Remove an instance of a repeat, and what was answered in it, for good."""
        node = self.node(path)
        parent = node.getparent()
        if names_of(node) not in self.form.repeats or parent is None:
            raise Missing("forms.no_such_node", path=path[:200])
        self._forget(node)
        parent.remove(node)
        self._index = None
        self._settle_all(calculating=True)

    def finish(self, now: datetime) -> None:
        """Write the end time and settle everything: the last step before checking and sealing."""
        for path, bind in self.form.binds.items():
            if (bind.preload, bind.preload_params) == ("timestamp", "end"):
                for node in self.nodes(path):
                    self.put(node, values.stamp(now))
        self.recalculate(now)

    # -- settling --

    def recalculate(self, now: datetime) -> None:
        """Settle relevance, repeat counts and calculations as of ``now``; run what answers have triggered."""
        self.now = now
        self._settle_all(calculating=True)
        changed, self._changed = self._changed, []
        triggers = {one.trigger for one in self.form.set_values if _CHANGED in one.events}
        fired = [node for node in changed if names_of(node) in triggers]
        for node in fired:
            self._fire(_CHANGED, node)
        if fired:
            self._settle_all(calculating=True)
            self._changed = []

    def _settle_all(self, *, calculating: bool) -> None:
        for path in self.form.order:
            if path in self.form.counts and calculating:
                self._recount(path, self.form.counts[path])
            bind = self.form.binds.get(path)
            for node in self.nodes(path):
                self._settle(node, bind, calculating)

    def _settle(self, node: Element, bind: Bind | None, calculating: bool) -> None:
        parent = node.getparent()
        relevant = parent is None or parent not in self._irrelevant
        if relevant and bind is not None and bind.relevant is not None:
            relevant = bind.relevant.true(self.scope(node))
        if relevant and node in self._irrelevant:
            self._irrelevant.discard(node)
            if node in self._kept:
                node.text = self._kept.pop(node) or None
        elif not relevant and node not in self._irrelevant:
            self._irrelevant.add(node)
            if len(node) == 0 and node.text:
                self._kept[node] = node.text
                node.text = None
        if relevant and calculating and bind is not None and bind.calculate is not None:
            # uuid() and random() must not change when a page is drawn again.
            if not (bind.calculate.volatile and node.text):
                node.text = self._stored(bind.calculate, node, bind.kind) or None

    def _stored(self, expression: Expression, node: Element, kind: DataType) -> str:
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

    def _fire(self, event: str, origin: Element) -> None:
        for one in self.form.set_values:
            if event not in one.events or event == _CHANGED and one.trigger != names_of(origin):
                continue
            for node in self._targets(one.target, origin, inside=event != _CHANGED):
                kind = self.form.kind(one.target)
                self.put(node, self._stored(one.value, node, kind) if one.value is not None else one.text)

    def _targets(self, path: Names, origin: Element, *, inside: bool) -> list[Element]:
        nodes = self.nodes(path)
        if inside:
            return [node for node in nodes if node is origin or origin in node.iterancestors()]
        shared = [above for above in origin.iterancestors() if names_of(above) in self.form.repeats]
        for above in shared:
            within = [node for node in nodes if above in node.iterancestors()]
            if within:
                return within
        return nodes

    def _recount(self, path: Names, count: Expression) -> None:
        for parent in list(self.nodes(path[:-1])):
            same = [child for child in parent if name_of(child) == path[-1]]
            wanted = self._count(parent, path, count, same)
            for node in same[wanted:]:
                self._forget(node, restoring=True)
                parent.remove(node)
                self._index = None
            self._spare = [(parent, node) for node in same[wanted:]] + self._spare
            added: list[Element] = []
            for _ in range(wanted - len(same)):
                held = next(
                    (one for one in self._spare if one[0] is parent and name_of(one[1]) == path[-1]), None
                )
                node = tree.blank_repeat(self.form, path) if held is None else held[1]
                if held is None:
                    added.append(node)
                else:
                    self._spare = [one for one in self._spare if one[1] is not node]
                if same:
                    same[-1].addnext(node)
                else:
                    tree.put_repeat(self.form, parent, node)
                same.append(node)
                self._index = None
            for node in added:
                self._fire(_NEW_REPEAT, node)

    def _count(self, parent: Element, path: Names, count: Expression, same: list[Element]) -> int:
        if same:
            amount = count.number(self.scope(same[0]))
        else:
            with self._stand_in(parent, path) as node:
                amount = count.number(self.scope(node))
        return max(0, min(_MOST_REPEATS, int(amount))) if math.isfinite(amount) else 0

    def may_repeat(self, parent: Element, path: Names) -> bool:
        """Whether a repeat that has no instance yet would be relevant under ``parent``."""
        bind = self.form.binds.get(path)
        if bind is None or bind.relevant is None:
            return True
        with self._stand_in(parent, path) as node:
            return bind.relevant.true(self.scope(node))

    @contextmanager
    def _stand_in(self, parent: Element, path: Names) -> Iterator[Element]:
        """An instance that stands in the tree only while an expression needs a node to start from."""
        node = tree.blank_repeat(self.form, path)
        tree.put_repeat(self.form, parent, node)
        try:
            yield node
        finally:
            parent.remove(node)

    def _forget(self, node: Element, *, restoring: bool = False) -> None:
        for one in node.iter():
            self._irrelevant.discard(one)
            kept = self._kept.pop(one, None)
            if restoring and kept is not None:
                one.text = kept or None

    # -- handing out --

    def to_xml(self) -> bytes:
        """The draft: every value, irrelevant ones and unread texts too."""
        self.nodes(())
        return writing.draft(self.form, self.root, self._kept, self._spare, self.now)

    def submission_xml(self) -> bytes:
        """The instance as it is sent: irrelevant nodes left out, unknown attributes kept, well-formed.

        Raises Refused("forms.unreadable_left", path=) while a typed text has not been understood.
        """
        self.nodes(())
        return writing.submission(self.form, self.root, self._irrelevant)
