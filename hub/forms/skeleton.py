"""A form's skeleton: its blank instance, the lists beside it, its paths, and each repeat's template.

Reading never touches disk or network: files a form names are handed in. What it says twice or not at all is
refused by name.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence

from lxml import etree

from hub.base.errors import Refused
from hub.forms import body, external, markup
from hub.forms.markup import JAVAROSA, XFORMS, Element, local
from hub.forms.model import name_of
from hub.forms.rewrite import Names

_TEMPLATE = f"{{{JAVAROSA}}}template"


def instances(model: Element, media: Mapping[str, bytes]) -> tuple[Element, dict[str, Element], str | None]:
    """The blank instance, what holds each secondary one, and the namespace instances are sent in."""
    found = model.findall(f"{{{XFORMS}}}instance")
    if not found or len(found[0]) != 1:
        raise Refused("forms.not_a_form")
    primary = copy.deepcopy(found[0][0])
    primary.tail = None
    home = markup.namespace(primary)
    _leave_namespace(primary, home)
    _ensure_instance_id(primary)
    secondary: dict[str, Element] = {}
    for one in found[1:]:
        name = one.get("id") or ""
        source = one.get("src")
        if source == external.LAST_SAVED:
            # Until an instance brings its own: one that was never answered.
            secondary[name] = _never_saved(primary)
            continue
        if source is not None:
            secondary[name] = external.read(source, media)
            continue
        held = copy.deepcopy(one)
        _leave_namespace(held, XFORMS)
        secondary[name] = held
    return primary, secondary, None if home == XFORMS else home


def _never_saved(primary: Element) -> Element:
    holder = etree.Element("instance")
    blank = copy.deepcopy(primary)
    for node in blank.iter():
        node.text = None
    holder.append(blank)
    return holder


def _leave_namespace(element: Element, home: str | None) -> None:
    # ODK's paths are written without a prefix whatever the default namespace is.
    for node in element.iter():
        if home is not None and markup.namespace(node) == home:
            node.tag = local(node)
    etree.cleanup_namespaces(element)


def _ensure_instance_id(primary: Element) -> None:
    # Without one a server invents its own, and every resend is a duplicate.
    meta = next((child for child in primary if local(child) == "meta"), None)
    if meta is None:
        meta = etree.SubElement(primary, f"{{{markup.OPENROSA}}}meta", nsmap={"orx": markup.OPENROSA})
    if not any(local(child) == "instanceID" for child in meta):
        home = markup.namespace(meta)
        etree.SubElement(meta, f"{{{home}}}instanceID" if home else "instanceID")


def repeats(shown: Element) -> set[Names]:
    """The paths of a form's repeats."""
    return {body.names(node.get("nodeset") or "") for node in shown.iter(f"{{{XFORMS}}}repeat")}


def paths(template: Element, repeats: set[Names]) -> tuple[list[Names], dict[Names, Element]]:
    """The primary instance's paths in document order, and each repeat's own template.

    Templates leave the tree.
    """
    templates: dict[Names, Element] = {}
    paths: dict[Names, None] = {}

    def visit(node: Element, above: Names) -> None:
        path = (*above, name_of(node))
        paths[path] = None
        if path in repeats and (path not in templates or node.get(_TEMPLATE) is not None):
            blank = copy.deepcopy(node)
            blank.tail = None
            templates[path] = blank
        for child in node:
            visit(child, path)

    visit(template, ())
    missing = repeats - paths.keys()
    if missing:
        raise Refused("forms.unknown_reference", reference="/" + "/".join(sorted(missing)[0]))
    for tree in (template, *templates.values()):
        for node in list(tree.iter()):
            parent = node.getparent()
            if parent is not None and node.get(_TEMPLATE) is not None:
                parent.remove(node)
        tree.attrib.pop(_TEMPLATE, "")
        etree.cleanup_namespaces(tree)
    # The innermost first, so that each is laid into the outer ones whole.
    for path in sorted(templates, key=len, reverse=True):
        _keep_shape(templates[path], path, list(paths), templates)
    return list(paths), templates


def _keep_shape(
    blank: Element, path: Names, paths: Sequence[Names], templates: Mapping[Names, Element]
) -> None:
    """A repeat's template begins with one instance of each repeat nested in it, as the first one does."""
    for inner in templates:
        between = [inner[:size] for size in range(len(path) + 1, len(inner))]
        if inner[: len(path)] != path or inner == path or any(one in templates for one in between):
            continue
        parent: Element | None = blank
        for name in inner[len(path) : -1]:
            parent = (
                next((child for child in parent if name_of(child) == name), None)
                if parent is not None
                else None
            )
        if parent is None:
            continue
        for child in [child for child in parent if name_of(child) == inner[-1]]:
            parent.remove(child)
        later = {one[-1] for one in paths[paths.index(inner) :] if one[:-1] == inner[:-1]}
        at = next((place for place, child in enumerate(parent) if name_of(child) in later), len(parent))
        parent.insert(at, copy.deepcopy(templates[inner]))


def attributes(model: Element, known: Collection[Names]) -> list[Names]:
    """The attributes a form calculates: a bind may name one of an element that is there."""
    found = [body.names(node.get("nodeset") or "") for node in model.findall(f"{{{XFORMS}}}bind")]
    return [path for path in found if path[-1:] and path[-1].startswith("@") and path[:-1] in known]
