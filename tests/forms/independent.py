"""A second judge of what was sent: the form's own rules, asked with plain XPath and nothing of the engine.

It reads the form's XML and the submission by itself, lays the submission over the blank instance (what was
left out stands there empty and marked) and asks every bind and every list of choices. It knows the functions
its forms use, and in repeats only paths that start from the node itself, which is how pyxform writes them.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

XF = "{http://www.w3.org/2002/xforms}"
LEFT_OUT = "left-out"


def faults(form: bytes, sent: bytes) -> dict[str, str]:
    """What is wrong with a submission: the node's path and which rule says so."""
    return Judge(form).judge(sent)


class Judge:
    """Knows one form."""

    def __init__(self, form: bytes) -> None:
        html = etree.fromstring(form)
        for node in html.iter():
            node.tag = etree.QName(node).localname
        self.model = html.find(".//model")
        self.body = html.find(".//body")
        instances = self.model.findall("instance")
        self.blank = copy.deepcopy(instances[0][0])
        self.lists = {one.get("id"): one for one in instances[1:]}
        self.repeats = {one.get("nodeset") for one in self.body.iter("repeat")}

    def judge(self, sent: bytes) -> dict[str, str]:
        root = etree.fromstring(sent)
        for node in root.iter():
            node.tag = etree.QName(node).localname
        whole = copy.deepcopy(self.blank)
        self.lay(whole, root, "/" + whole.tag)
        found: dict[str, str] = {}
        for bind in self.model.findall("bind"):
            for node in whole.xpath(bind.get("nodeset")):
                rule = self.broken(bind, node, whole)
                if rule:
                    found.setdefault(place(node), rule)
        for control in self.body.iter("select1", "select"):
            for node in whole.xpath(control.get("ref")):
                if self.not_offered(control, node, whole):
                    found.setdefault(place(node), "choice")
        return found

    def lay(self, blank: Any, sent: Any, path: str) -> None:
        """Put the submission's values and repeats into the blank instance."""
        if len(blank) == 0:
            blank.text = sent.text
            return
        seen = set()
        for child in list(blank):
            below = f"{path}/{child.tag}"
            given = sent.findall(child.tag)
            if child.tag in seen:
                blank.remove(child)
                continue
            seen.add(child.tag)
            if below in self.repeats:
                for one in given:
                    twin = copy.deepcopy(child)
                    child.addprevious(twin)
                    self.lay(twin, one, below)
                blank.remove(child)
            elif given:
                self.lay(child, given[0], below)
            else:
                for one in child.iter():
                    one.text = None
                    one.set(LEFT_OUT, "1")

    def broken(self, bind: Any, node: Any, root: Any) -> str | None:
        absent, hidden = node.get(LEFT_OUT) is not None, any(
            one.get(LEFT_OUT) for one in node.iterancestors()
        )
        if bind.get("relevant") and not hidden and self.true(bind.get("relevant"), node, root) is absent:
            return "relevant"
        if absent or len(node):
            return None
        held = node.text or ""
        if bind.get("calculate") and self.text(bind.get("calculate"), node, root) != held:
            return "calculate"
        if bind.get("required") and not held and self.true(bind.get("required"), node, root):
            return "required"
        if bind.get("constraint") and held and not self.true(bind.get("constraint"), node, root):
            return "constraint"
        return None

    def not_offered(self, control: Any, node: Any, root: Any) -> bool:
        if node.get(LEFT_OUT) or not node.text:
            return False
        itemset = control.find("itemset")
        items = self.asked(itemset.get("nodeset"), node, root)
        offered = {item.findtext(itemset.find("value").get("ref")) for item in items}
        chosen = node.text.split() if control.tag == "select" else [node.text]
        return any(one not in offered for one in chosen)

    def asked(self, source: str, node: Any, root: Any) -> Any:
        # Within a list's rows, /data is still the instance: a variable says so.
        # XPath's own count and position cannot be replaced, only called by another name.
        source = re.sub(r"(?<![\w-])(count|position)\(", r"own-\1(", source)
        written = re.sub(rf"(?<![\w\]\)./])/{root.tag}\b", "$whole", source)
        extensions = {(None, name): run for name, run in self.functions(node).items()}
        return etree.XPath(written, extensions=extensions)(node, whole=root)

    def true(self, source: str, node: Any, root: Any) -> bool:
        return bool(self.asked(f"boolean({source})", node, root))

    def text(self, source: str, node: Any, root: Any) -> str:
        found = self.asked(source, node, root)
        if isinstance(found, bool):
            return "true" if found else "false"
        if isinstance(found, float):
            return "" if found != found else str(int(found)) if found == int(found) else repr(found)
        return (found[0].text or "" if found else "") if isinstance(found, list) else str(found)

    def functions(self, node: Any) -> dict[str, Callable[..., Any]]:
        return {
            "if": lambda _, condition, then, other: then if condition else other,
            "selected": lambda _, held, wanted: string(wanted) in string(held).split(),
            "count-selected": lambda _, held: float(len(string(held).split())),
            "coalesce": lambda _, *given: next(
                (string(one) for one in given if string(one) not in ("", "NaN")), ""
            ),
            "regex": lambda _, held, shape: re.fullmatch(string(shape), string(held)) is not None,
            "own-count": lambda _, nodes: float(sum(1 for one in nodes if one.get(LEFT_OUT) is None)),
            "count-non-empty": lambda _, nodes: float(sum(1 for one in nodes if one.text)),
            "instance": lambda _, name: [self.lists[string(name)]],
            "current": lambda _: [node],
            "own-position": lambda _, nodes: float(number(nodes[0])),
        }


def string(value: Any) -> str:
    if isinstance(value, list):
        return (value[0].text or "") if value else ""
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    return str(value)


def place(node: Any) -> str:
    """Where a node stands, numbered wherever it has brothers."""
    return "/" + "/".join(reversed(list(_steps(node))))


def _steps(node: Any) -> Iterator[str]:
    while node is not None:
        yield f"{node.tag}[{number(node)}]"
        node = node.getparent()


def number(node: Any) -> int:
    """Which of the nodes of its name a node is."""
    return 1 + len(list(node.itersiblings(node.tag, preceding=True)))
