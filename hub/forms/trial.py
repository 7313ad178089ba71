"""A form tried before anybody meets it: all that the engine refuses in it, found one after the other.

What is refused is taken out of a copy and the copy is read again, so that an author hears of everything at
once; the copy is never used for anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from lxml import etree

from hub.base.errors import Refused
from hub.forms import markup, questions, xform
from hub.forms.instance import Instance
from hub.forms.markup import JAVAROSA, XFORMS, Element, local
from hub.forms.model import Form

_MOST = 60
_RULES = ("calculate", "relevant", "required", "constraint", "readonly", "value", f"{{{JAVAROSA}}}count")
_CONTROLS = {"input", "select", "select1", "rank", "range", "upload", "trigger", "secret"}
# Trying a form out needs some moment; none of it is kept.
_MOMENT = datetime(2000, 1, 1, 12, tzinfo=timezone(timedelta(hours=7)))


def read_all(xml: bytes, media: Mapping[str, bytes]) -> tuple[Form | None, list[Refused]]:
    """The form, None where it cannot be read at all, and everything that is refused in it."""
    found: list[Refused] = []
    while len(found) < _MOST:
        try:
            return xform.read(xml, media), found
        except Refused as bad:
            found.append(bad)
            mended = _without(xml, bad)
            if mended is None or mended == xml:
                break
            xml = mended
    return None, found


def run(form: Form) -> list[Refused]:
    """Everything that fails when an empty instance is begun, drawn in each language, checked and written."""
    found: list[Refused] = []
    try:
        instance = Instance.new(form, now=_MOMENT, instance_id="uuid:trial")
    except Refused as bad:
        return [bad]
    for path, bind in form.binds.items():
        for rule in (bind.relevant, bind.required, bind.constraint, bind.read_only, bind.calculate):
            if rule is None:
                continue
            for node in instance.nodes(path):
                try:
                    rule.value(instance.scope(node))
                except Refused as bad:
                    found.append(Refused(bad.key, **{"path": "/" + "/".join(path), **bad.values}))
    if found:
        return found
    try:
        for language in form.languages or ("",):
            questions.pages(form, instance, language)
            questions.check_all(form, instance, language)
        instance.submission_xml()
    except Refused as bad:
        found.append(bad)
    return found


def _without(xml: bytes, bad: Refused) -> bytes | None:
    """The form without what was refused, None where nobody can say what that was."""
    html = markup.parse(xml)
    done = (
        _drop_rule(html, bad)
        or _drop_control(html, bad)
        or _drop_text(html, bad)
        or _drop_list(html, bad)
        or _drop_feature(html, bad)
    )
    return etree.tostring(html) if done else None


def _drop_rule(html: Element, bad: Refused) -> bool:
    """Take away expressions at the refused path that hold what was refused."""
    path = str(bad.values.get("path", "")).strip()
    parts = [
        str(bad.values[key])
        for key in ("expression", "function", "pattern", "reference")
        if key in bad.values
    ]
    if not path and not parts or bad.key in ("forms.unsupported_question", "forms.bad_range"):
        return False
    done = False
    for node in html.iter():
        here = not path or path in (node.get("nodeset"), node.get("ref"), _place(node))
        for name in _RULES:
            source = node.get(name)
            if here and source and (any(part in source for part in parts) or not parts):
                del node.attrib[name]
                done = True
        source = node.get("nodeset") or ""
        if local(node) == "itemset" and parts and any(part in source for part in parts):
            _remove(node)
            done = True
    return done


def _place(node: Element) -> str:
    """The path of the control that a part such as an <output/> stands in."""
    above = node.getparent()
    while above is not None:
        if above.get("ref") and local(above) in _CONTROLS | {"group"}:
            return above.get("ref") or ""
        above = above.getparent()
    return ""


def _drop_control(html: Element, bad: Refused) -> bool:
    path = str(bad.values.get("path") or bad.values.get("reference") or "").strip()
    found = [
        node
        for node in html.iter()
        if path
        and path in (node.get("ref"), node.get("nodeset"))
        and local(node) in _CONTROLS | {"bind", "setvalue"}
    ]
    controls = [node for node in found if local(node) in _CONTROLS]
    for node in controls or found:
        _remove(node)
    return bool(found)


def _drop_text(html: Element, bad: Refused) -> bool:
    name = str(bad.values.get("name", ""))
    found = [
        node
        for node in html.iter(f"{{{XFORMS}}}label", f"{{{XFORMS}}}hint", f"{{{XFORMS}}}value")
        if name and (re.search(rf"['\"]{re.escape(name)}['\"]", node.get("ref") or "") or node.text == name)
    ]
    for node in found:
        _remove(node)
    return bool(found)


def _drop_list(html: Element, bad: Refused) -> bool:
    named = {str(value) for value in bad.values.values()}
    done = False
    for node in html.iter(f"{{{XFORMS}}}instance"):
        source = node.get("src")
        if source and (node.get("id") in named or source in named or source.rpartition("/")[2] in named):
            del node.attrib["src"]
            etree.SubElement(node, f"{{{XFORMS}}}root")
            done = True
    return done


def _drop_feature(html: Element, bad: Refused) -> bool:
    feature = str(bad.values.get("feature", ""))
    preload, _, params = feature.partition(" ")
    done = False
    for node in list(html.iter()):
        if feature and local(node) == feature and node.getparent() is not None:
            _remove(node)
            done = True
        elif feature and node.get(f"{{{JAVAROSA}}}preload") == preload:
            if (node.get(f"{{{JAVAROSA}}}preloadParams") or "") == params:
                del node.attrib[f"{{{JAVAROSA}}}preload"]
                done = True
        elif (
            feature
            and local(node) == "setvalue"
            and sorted((node.get("event") or "").split()) == feature.split()
        ):
            _remove(node)
            done = True
    return done


def _remove(node: Element) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)
