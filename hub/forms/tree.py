"""An instance's XML tree and the paths people's answers are stored under.

A path is written ``/data/child/kids[2]/name``: every repeat carries its number, nothing else does. This
module moves nodes about; it evaluates nothing.
"""

from __future__ import annotations

import copy
import re
from datetime import datetime

from lxml import etree

from hub.base.errors import Missing, Refused
from hub.forms import markup
from hub.forms.markup import Element, clean, local, namespace
from hub.forms.model import Form, name_of, names_of
from hub.forms.rewrite import Names

DRAFT = "urn:digital-cultural-house:draft"
TYPED = f"{{{DRAFT}}}typed"
SPARE = f"{{{DRAFT}}}spare"
AT = f"{{{DRAFT}}}at"
etree.register_namespace("house", DRAFT)

_STEP = re.compile(r"([^\[\]/]+)(?:\[([1-9][0-9]{0,5})\])?")


def find(root: Element, path: str) -> Element:
    """The node at a path; a missing number means the first. Raises Missing("forms.no_such_node", path=)."""
    steps = [_STEP.fullmatch(part) for part in path.strip().lstrip("/").split("/")]
    node: Element | None = None
    for at, step in enumerate(steps):
        if step is None:
            break
        same = [root] if at == 0 else [] if node is None else list(node)
        same = [one for one in same if name_of(one) == step[1]]
        number = int(step[2] or 1)
        node = same[number - 1] if len(same) >= number else None
        if node is None:
            break
    if node is None or None in steps:
        raise Missing("forms.no_such_node", path=path[:200])
    return node


def path_of(form: Form, node: Element) -> str:
    """The path of a node, repeats numbered."""
    parts: list[str] = []
    names = names_of(node)
    step: Element | None = node
    while step is not None:
        number = ""
        if names in form.repeats:
            number = f"[{1 + sum(1 for _ in step.itersiblings(step.tag, preceding=True))}]"
        parts.append(names[-1] + number)
        names, step = names[:-1], step.getparent()
    return "/" + "/".join(reversed(parts))


def put_repeat(form: Form, parent: Element, node: Element) -> None:
    """Put a repeat instance behind its last sibling, else where the form has it."""
    same = [child for child in parent if child.tag == node.tag]
    if same:
        same[-1].addnext(node)
        return
    above = names_of(parent)
    place = form.places.get((*above, name_of(node)), len(form.places))
    for child in parent:
        if form.places.get((*above, name_of(child)), len(form.places)) > place:
            child.addprevious(node)
            return
    parent.append(node)


def blank_repeat(form: Form, path: Names) -> Element:
    """A fresh instance of a repeat, with its static defaults."""
    return copy.deepcopy(form.repeats[path])


def take_in(form: Form, source: Element) -> tuple[Element, list[tuple[Element, Element]]]:
    """Lay a parsed instance over the form's template: (root, spare repeats as (parent, node)).

    What the form has and the source has not is there and empty; what only the source has is kept. Raises
    Refused for an instance of another form or version, or with two nodes where the form has one.
    """
    form_id = source.get("id") or namespace(source) or ""
    if form_id != form.form_id:
        raise Refused("forms.other_form", expected=form.form_id, found=form_id[:80])
    if (source.get("version") or "") != form.version:
        raise Refused("forms.other_version", expected=form.version, found=(source.get("version") or "")[:80])
    root = copy.deepcopy(form.template)
    spare: list[tuple[Element, Element]] = []
    _lay(form, root, source, (name_of(root),), spare)
    return root, spare


def held(form: Form, xml: bytes) -> Element:
    """A sent instance of a form as a holder that expressions walk from; raises Refused for another form's."""
    root = markup.parse(xml)
    form_id = root.get("id") or namespace(root) or ""
    if form_id != form.form_id:
        raise Refused("forms.other_form", expected=form.form_id, found=form_id[:80])
    home = namespace(root)
    for node in root.iter():
        if home is not None and namespace(node) == home:
            node.tag = local(node)
    holder = etree.Element("instance")
    holder.append(root)
    return holder


def _lay(
    form: Form, target: Element, source: Element, path: Names, spare: list[tuple[Element, Element]]
) -> None:
    for name, value in source.attrib.items():
        if name != SPARE:
            target.set(name, value)
    if len(target) == 0:
        if len(source) == 0:
            target.text = clean(source.text or "") or None
        else:
            target.extend(copy.deepcopy(child) for child in source)
        return
    offered: dict[str, list[Element]] = {}
    for child in source:
        offered.setdefault(local(child), []).append(child)
    held: dict[str, list[Element]] = {}
    for child in target:
        held.setdefault(name_of(child), []).append(child)
    for name, own in held.items():
        below = (*path, name)
        given = offered.pop(local(own[0]), [])
        if below in form.repeats:
            _lay_repeat(form, target, own, given, below, spare)
        elif len(given) > 1:
            raise Refused("forms.answered_twice", path="/" + "/".join(below))
        elif given:
            _lay(form, own[0], given[0], below, spare)
        else:
            empty(own[0])
    for unknown in offered.values():
        target.extend(copy.deepcopy(child) for child in unknown)


def _lay_repeat(
    form: Form,
    parent: Element,
    own: list[Element],
    given: list[Element],
    path: Names,
    spare: list[tuple[Element, Element]],
) -> None:
    anchor = own[0]
    for source in given:
        blank = blank_repeat(form, path)
        _lay(form, blank, source, path, spare)
        if source.get(SPARE) is not None:
            spare.append((parent, blank))
        else:
            anchor.addprevious(blank)
    for one in own:
        parent.remove(one)


def empty(node: Element) -> None:
    """Empty every leaf at and below a node."""
    for one in node.iter():
        if len(one) == 0:
            one.text = None


def read_moment(root: Element) -> datetime | None:
    """The moment a draft was last settled at, as its root says."""
    try:
        moment = datetime.fromisoformat(root.get(AT) or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
