"""One person's answers to a form: an XML tree that keeps everything and shows what is relevant.

An irrelevant value is hidden from every expression and left out of the submission, and comes back when it
becomes relevant again. Text that could not be read is kept beside its node. Nothing here draws, checks or
stores.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime

from hub.base.errors import Missing, Refused
from hub.forms import markup, tree, values, writing
from hub.forms.markup import Element, clean, local
from hub.forms.model import Form, name_of, names_of
from hub.forms.rewrite import Names
from hub.forms.settling import CHANGED, MOST_REPEATS, NEW_REPEAT, Settling

_FIRST_LOAD = "odk-instance-first-load"
# A changed answer may set off another, which may set off a third; a circle of them is left after that many.
_LONGEST_CHAIN = 20


class Instance(Settling):
    """The answers to one form. ``now`` is always the village's aware local time."""

    @classmethod
    def new(
        cls,
        form: Form,
        *,
        now: datetime,
        instance_id: str,
        properties: Mapping[str, str] | None = None,
        last_saved: bytes | None = None,
    ) -> Instance:
        """Begin an empty instance with its defaults.

        ``properties`` may give deviceid, username, phonenumber, email. ``last_saved`` is the submission (or
        draft) of this form that was sent before, for forms that begin from it. Raises Refused for one that is
        broken or another form's.
        """
        instance = cls(form, copy.deepcopy(form.template), now)
        instance.properties = dict(properties or {})
        if last_saved is not None:
            instance.last_saved = tree.held(form, last_saved)
        preloaded = {
            ("timestamp", "start"): values.stamp(now),
            ("date", "today"): now.date().isoformat(),
            **{("property", name): value for name, value in instance.properties.items()},
        }
        for path, bind in form.binds.items():
            value = preloaded.get((bind.preload, bind.preload_params))
            if value is not None:
                for node in instance.nodes(path):
                    node.text = clean(value) or None
        instance._id_node().text = clean(instance_id)
        instance.recalculate_all(now)
        # Repeats that a count of nothing took away were never anybody's answers.
        instance._spare = []
        instance._fire(_FIRST_LOAD, instance.root, (name_of(instance.root),))
        instance.recalculate(now)
        instance._changed = []
        return instance

    @classmethod
    def from_xml(
        cls,
        form: Form,
        xml: bytes,
        now: datetime | None = None,
        *,
        recalculating: bool = False,
        last_saved: bytes | None = None,
    ) -> Instance:
        """Take up a draft or a submission of this very form and version.

        Nothing is calculated again unless ``recalculating``, which is as good as ``recalculate`` afterwards.
        A draft remembers the moment it was last settled at; other XML needs ``now`` where relevance asks for
        the time. Raises Refused for broken XML, another form ("forms.other_form") or another version
        ("forms.other_version").
        """
        source = markup.parse(xml)
        root, spare = tree.take_in(form, source)
        instance = cls(form, root, now or tree.read_moment(source))
        if last_saved is not None:
            instance.last_saved = tree.held(form, last_saved)
        root.attrib.pop(tree.AT, "")
        instance._spare = spare
        instance._stir_all()
        instance._settle_waiting(calculating=recalculating)
        if not recalculating:
            # What is taken up may have been calculated by another release, at another time, or by nobody.
            instance._stir_all()
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
        self.put_at(node, names_of(node), clean(value))

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
        if sum(1 for child in parent if name_of(child) == name) >= MOST_REPEATS:
            raise Refused("forms.too_many_repeats", most=MOST_REPEATS)
        node = self.grow(parent, names)
        self._settle_waiting()
        self._fire(NEW_REPEAT, node, names)
        self._settle_waiting()
        return self.path(node)

    def grow(self, parent: Element, names: Names) -> Element:
        """Put a blank instance of a repeat under ``parent``; nothing is settled yet."""
        node = tree.blank_repeat(self.form, names)
        tree.put_repeat(self.form, parent, node)
        self._placed(node, names, fresh=True)
        return node

    def remove_repeat(self, path: str) -> None:
        """Remove an instance of a repeat, and what was answered in it, for good."""
        node = self.node(path)
        names = names_of(node)
        if names not in self.form.repeats or node.getparent() is None:
            raise Missing("forms.no_such_node", path=path[:200])
        self._take_out(node, names)
        self._settle_waiting()

    def finish(self, now: datetime) -> None:
        """Write the end time and settle everything: the last step before checking and sealing."""
        for path, bind in self.form.binds.items():
            if (bind.preload, bind.preload_params) == ("timestamp", "end"):
                for node in self.nodes(path):
                    self.put(node, values.stamp(now))
        self.recalculate_all(now)

    # -- settling --

    def recalculate(self, now: datetime) -> None:
        """Settle relevance, repeat counts and calculations as of ``now``; run what answers have triggered.

        Only what looks at a changed answer, at the time or at a text of the form is asked again.
        """
        self.now = now
        for path in self.form.graph.timed:
            self._stir(path, None)
        for path in self.form.graph.timed_counts:
            self._stir_count(path, None)
        self._settle_waiting()
        for _ in range(_LONGEST_CHAIN):
            changed, self._changed = self._changed, []
            triggers = {one.trigger for one in self.form.set_values if CHANGED in one.events}
            fired = [(node, path) for node, path in changed if path in triggers]
            if not fired:
                return
            for node, path in fired:
                self._fire(CHANGED, node, path)
            self._settle_waiting()
        self._changed = []

    def recalculate_all(self, now: datetime) -> None:
        """Settle everything, whatever has changed: the last word before an instance is sealed."""
        self._stir_all()
        self.recalculate(now)

    def may_repeat(self, parent: Element, path: Names) -> bool:
        """Whether a repeat that has no instance yet would be relevant under ``parent``."""
        bind = self.form.binds.get(path)
        if bind is None or bind.relevant is None:
            return True
        with self._stand_in(parent, path) as node:
            return bind.relevant.true(self.scope(node))

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
