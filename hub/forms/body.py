"""The body of an XForm read into question, group and repeat nodes.

Each control is given the type an author would name it by; controls the engine does not draw are refused by
name.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hub.base.errors import Refused
from hub.forms import markup, ranges, values
from hub.forms.markup import JAVAROSA, ODK, XFORMS, Element, local
from hub.forms.model import (
    Bind,
    BodyNode,
    Choice,
    Choices,
    GroupNode,
    QuestionNode,
    QuestionType,
    RepeatNode,
    Words,
)
from hub.forms.rewrite import Names
from hub.forms.texts import Compiler, Texts
from hub.forms.typed import DataType

_INPUTS = {
    "string": QuestionType.TEXT,
    "int": QuestionType.INTEGER,
    "integer": QuestionType.INTEGER,
    "long": QuestionType.INTEGER,
    "decimal": QuestionType.DECIMAL,
    "date": QuestionType.DATE,
    "time": QuestionType.TIME,
    "dateTime": QuestionType.DATE_TIME,
    "barcode": QuestionType.BARCODE,
    "geopoint": QuestionType.GEOPOINT,
    "geotrace": QuestionType.GEOTRACE,
    "geoshape": QuestionType.GEOSHAPE,
}
_UPLOADS = {"image": QuestionType.IMAGE, "audio": QuestionType.AUDIO, "video": QuestionType.VIDEO}
_NUMBERS = {"int", "integer", "long", "decimal"}
_LISTED = {"select", "select1", "rank"}
_MOST_ROWS = 40
MOST_PIXELS = 20_000
_PARTS = {"label", "hint", "setvalue", "help", "alert", "value", "item", "itemset", "setgeopoint"}


def names(path: str) -> Names:
    """An absolute path without predicates as its names."""
    return tuple(part for part in path.strip().strip("/").split("/") if part)


def resolve(path: str, above: Names) -> Names:
    """A control's path, absolute or relative to the group around it."""
    path = path.strip()
    if path.startswith("/"):
        return names(path)
    found = list(above)
    for part in names(path):
        if part == "..":
            found = found[:-1]
        elif part != ".":
            found.append(part)
    return tuple(found)


def _part(node: Element, name: str) -> Element | None:
    return node.find(f"{{{XFORMS}}}{name}")


def whole(text: str | None, most: int) -> int | None:
    """A whole number an author wrote, None for none or another text."""
    number = int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else 0
    return min(number, most) or None


def _metres(text: str | None) -> float | None:
    metres = values.number(text or "")
    return metres if metres > 0 else None


def _appearance(node: Element) -> tuple[str, ...]:
    return tuple((node.get("appearance") or "").split())


class Reader:
    """Reads controls; one for each form read."""

    def __init__(
        self,
        compiler: Compiler,
        texts: Texts,
        binds: Mapping[Names, Bind],
        types: Mapping[Names, str],
        template: Element,
        filled: Collection[Names],
    ) -> None:
        self.compiler = compiler
        self.texts = texts
        self.binds = binds
        self.types = types
        self.template = template
        self.filled = filled

    def children(self, parent: Element, above: Names) -> tuple[BodyNode, ...]:
        """The body nodes inside an element."""
        found: list[BodyNode] = []
        for node in parent:
            name = local(node)
            if markup.namespace(node) != XFORMS and (markup.namespace(node), name) != (ODK, "rank"):
                raise Refused("forms.unsupported_feature", feature=name)
            if name in ("label", "hint", "setvalue", "help"):
                continue
            if name == "group":
                found.append(self.group(node, above))
            elif name == "repeat":
                found.append(self.repeat(node, above, Words(), ()))
            else:
                found.append(self.question(node, above))
        return tuple(found)

    def group(self, node: Element, above: Names) -> BodyNode:
        """A group, or the repeat it wraps when it is there only to carry the repeat's label."""
        ref = node.get("ref") or node.get("nodeset")
        path = self.known(resolve(ref, above), ref) if ref else None
        label = self.texts.label(_part(node, "label"), path or above)
        controls = [child for child in node if local(child) not in ("label", "hint", "setvalue")]
        if len(controls) == 1 and local(controls[0]) == "repeat":
            if path in (None, resolve(controls[0].get("nodeset") or "", above)):
                return self.repeat(controls[0], above, label, _appearance(node))
        return GroupNode(path, _appearance(node), label, self.children(node, path or above))

    def repeat(self, node: Element, above: Names, label: Words, appearance: tuple[str, ...]) -> RepeatNode:
        """A repeat with its count."""
        source = node.get("nodeset") or ""
        path = self.known(resolve(source, above), source)
        count = node.get(f"{{{JAVAROSA}}}count")
        fixed = (node.get(f"{{{JAVAROSA}}}noAddRemove") or "").strip() == "true()"
        return RepeatNode(
            path=path,
            appearance=(*appearance, *_appearance(node)),
            label=label,
            children=self.children(node, path),
            count=self.compiler.compile(count, path) if count else None,
            fixed=fixed or bool(count),
        )

    def known(self, path: Names, written: str) -> Names:
        """The path itself; refused where the instance has no such node."""
        if path not in self.compiler.paths:
            raise Refused("forms.unknown_reference", reference=written.strip())
        return path

    def question(self, node: Element, above: Names) -> QuestionNode:
        """A question control."""
        source = node.get("ref") or ""
        path = self.known(resolve(source, above), source)
        for part in node:
            if local(part) not in _PARTS:
                raise Refused("forms.unsupported_question", path=source.strip(), what=local(part))
        kind, looks = self.question_type(node, path), _appearance(node)
        span = None
        if kind is QuestionType.RANGE:
            limits = (node.get("start"), node.get("end"), node.get("step"))
            span = ranges.read(*limits, path="/" + "/".join(path))
        listed = local(node) in _LISTED or kind is QuestionType.RANGE and _part(node, "itemset") is not None
        return QuestionNode(
            path=path,
            type=kind,
            appearance=looks,
            label=self.texts.label(_part(node, "label"), path),
            hint=self.texts.label(_part(node, "hint"), path),
            choices=self.choices(node, path) if listed else None,
            guidance=self.texts.guidance(_part(node, "hint"), path),
            span=span,
            rows=whole(node.get("rows"), _MOST_ROWS),
            accuracy_m=_metres(node.get("accuracyThreshold")),
        )

    def question_type(self, node: Element, path: Names) -> QuestionType:
        """The type an author would name this control by."""
        name, declared = local(node), self.types.get(path, "string")
        if name in ("select1", "select") and "label" in _appearance(node):
            # The head row of a table of questions: only its choices' labels are there to be read.
            return QuestionType.NOTE
        if name == "select1":
            return QuestionType.SELECT_ONE
        if name == "select":
            return QuestionType.SELECT_MULTIPLE
        if name == "trigger":
            return QuestionType.ACKNOWLEDGE
        if name == "rank":
            return QuestionType.RANK
        if name == "range" and declared in _NUMBERS:
            return QuestionType.RANGE
        if name == "upload":
            return _UPLOADS.get((node.get("mediatype") or "").partition("/")[0], QuestionType.FILE)
        if name != "input" or declared not in _INPUTS:
            what = declared if name == "input" else name
            raise Refused("forms.unsupported_question", path="/" + "/".join(path), what=what)
        kind = _INPUTS[declared]
        return QuestionType.NOTE if kind is QuestionType.TEXT and self.is_note(path) else kind

    def is_note(self, path: Names) -> bool:
        """A read-only text that nothing ever fills is only there to be read."""
        bind = self.binds.get(path)
        if bind is None or bind.read_only is None or bind.read_only.source != "true()":
            return False
        node = self.template.find("/".join(path[1:])) if not any(":" in name for name in path) else None
        given = node is not None and bool((node.text or "").strip())
        return bind.calculate is None and bind.kind is DataType.TEXT and path not in self.filled and not given

    def choices(self, node: Element, path: Names) -> Choices:
        """Where a select's choices come from."""
        itemset = _part(node, "itemset")
        if itemset is None:
            fixed = []
            for item in node.findall(f"{{{XFORMS}}}item"):
                value = _part(item, "value")
                fixed.append(
                    Choice(
                        markup.text_of(value).strip() if value is not None else "",
                        self.texts.label(_part(item, "label"), path),
                    )
                )
            pictured = any(choice.label.media for choice in fixed)
            return Choices(fixed=tuple(fixed), illustrated=pictured)
        value, label = _part(itemset, "value"), _part(itemset, "label")
        value_name = (value.get("ref") or "").strip() if value is not None else ""
        label_name = (label.get("ref") or "").strip() if label is not None else ""
        translated = label_name.startswith("jr:itext(")
        if translated:
            label_name = label_name[len("jr:itext(") :].rstrip(") ").strip()
        for name in (value_name, label_name):
            if not name or not all(char.isalnum() or char in "_-." for char in name):
                raise Refused("forms.unsupported_question", path="/" + "/".join(path), what=name or "itemset")
        items = self.compiler.compile(itemset.get("nodeset") or "", path)
        return Choices(
            items=items,
            value_name=value_name,
            label_name=label_name,
            translated=translated,
            illustrated=translated and self.texts.illustrated,
        )
