"""XForm XML read into a Form: everything compiled, checked and ordered before a villager sees it.

What is broken or hostile is refused with its line, what the engine does not support is refused by name;
nothing is skipped in silence. Reading never touches disk or network.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from lxml import etree

from hub.base.errors import Refused
from hub.forms import body, markup, order
from hub.forms.expressions import Expression
from hub.forms.markup import ENTITIES, JAVAROSA, XFORMS, Element, local
from hub.forms.model import Bind, Form, QuestionNode, RepeatNode, SetValue, name_of, walk
from hub.forms.rewrite import Names
from hub.forms.texts import Compiler, Texts, read_texts
from hub.forms.typed import DataType

_TEMPLATE = f"{{{JAVAROSA}}}template"
_KINDS = {
    "string": DataType.TEXT,
    "int": DataType.INTEGER,
    "integer": DataType.INTEGER,
    "long": DataType.INTEGER,
    "decimal": DataType.DECIMAL,
    "date": DataType.DATE,
    "time": DataType.TIME,
    "dateTime": DataType.MOMENT,
    "boolean": DataType.BOOLEAN,
    "binary": DataType.BINARY,
    "barcode": DataType.TEXT,
    "select": DataType.TEXT,
    "select1": DataType.TEXT,
}
_PRELOADS = {
    "uid": None,
    "timestamp": {"start", "end"},
    "date": {"today"},
    "property": {"deviceid", "username", "phonenumber", "email", "simserial", "subscriberid"},
}
_KNOWN_EVENTS = {"odk-instance-first-load", "odk-new-repeat", "xforms-value-changed"}
_MODEL_PARTS = {"instance", "bind", "itext", "submission", "setvalue"}


def read(xml: bytes) -> Form:
    """Read an XForm; raises Refused with the line or the name of what is broken or not supported."""
    html = markup.parse(xml)
    model = html.find(f".//{{{XFORMS}}}model")
    shown = html.find(f"{{{markup.XHTML}}}body")
    if model is None or shown is None:
        raise Refused("forms.not_a_form")
    template, instances, home = _instances(model)
    _only_known_parts(model)
    repeats = _repeats(shown)
    paths, repeat_templates = _paths(template, repeats)
    compiler = Compiler(frozenset(paths), frozenset(repeats), _namespaces(html))
    texts = read_texts(model, compiler, (name_of(template),))
    form_id = template.get("id") or home or ""
    if not form_id:
        raise Refused("forms.no_form_id")
    binds, types = _binds(model, compiler, texts)
    set_values = _set_values(html, compiler)
    targets = {one.target for one in set_values}
    reader = body.Reader(compiler, texts, binds, types, template, targets)
    nodes = reader.children(shown, (name_of(template),))
    questions = {node.path: node for node in walk(nodes) if isinstance(node, QuestionNode)}
    counts = {node.path: node.count for node in walk(nodes) if isinstance(node, RepeatNode) and node.count}
    submission = model.find(f"{{{XFORMS}}}submission")
    title = html.find(f".//{{{markup.XHTML}}}title")
    return Form(
        form_id=form_id,
        version=template.get("version") or "",
        title=markup.text_of(title).strip() if title is not None else "",
        languages=texts.languages,
        default_language=texts.default,
        public_key=(submission.get("base64RsaPublicKey") or None) if submission is not None else None,
        style=shown.get("class") or "",
        body=nodes,
        binds=binds,
        set_values=set_values,
        texts=texts.words,
        instances=instances,
        template=template,
        instance_namespace=home,
        repeats=repeat_templates,
        counts=counts,
        places={path: at for at, path in enumerate(paths)},
        order=order.settle(paths, _rules(binds, counts)),
        questions=questions,
    )


def _instances(model: Element) -> tuple[Element, dict[str, Element], str | None]:
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
        if one.get("src") is not None:
            raise Refused("forms.unsupported_external", name=name, source=one.get("src"))
        held = copy.deepcopy(one)
        _leave_namespace(held, XFORMS)
        secondary[name] = held
    return primary, secondary, None if home == XFORMS else home


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


def _only_known_parts(model: Element) -> None:
    for part in model:
        if markup.namespace(part) != XFORMS or local(part) not in _MODEL_PARTS:
            raise Refused("forms.unsupported_feature", feature=local(part))
    if any(markup.namespace(node) == ENTITIES for node in model.iter()):
        raise Refused("forms.unsupported_feature", feature="entities")


def _repeats(shown: Element) -> set[Names]:
    return {body.names(node.get("nodeset") or "") for node in shown.iter(f"{{{XFORMS}}}repeat")}


def _paths(template: Element, repeats: set[Names]) -> tuple[list[Names], dict[Names, Element]]:
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
    for path, blank in templates.items():
        _keep_shape(blank, path, repeats, templates)
    return list(paths), templates


def _keep_shape(blank: Element, path: Names, repeats: set[Names], templates: Mapping[Names, Element]) -> None:
    """A repeat's template begins with one instance of each repeat nested in it, as the first one does."""
    for inner in sorted(repeats, key=len):
        if len(inner) == len(path) + 1 and inner[:-1] == path and blank.find(inner[-1]) is None:
            blank.append(copy.deepcopy(templates[inner]))


def _namespaces(html: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in html.iter():
        for prefix, uri in node.nsmap.items():
            if prefix and uri:
                found.setdefault(prefix, uri)
    return found


def _binds(model: Element, compiler: Compiler, texts: Texts) -> tuple[dict[Names, Bind], dict[Names, str]]:
    binds: dict[Names, Bind] = {}
    types: dict[Names, str] = {}
    for node in model.findall(f"{{{XFORMS}}}bind"):
        path = body.names(node.get("nodeset") or "")
        if path not in compiler.paths:
            raise Refused("forms.unknown_reference", reference=node.get("nodeset") or "")
        declared = (node.get("type") or "string").rpartition(":")[2]
        types[path] = declared
        preload, params = (
            node.get(f"{{{JAVAROSA}}}preload") or "",
            node.get(f"{{{JAVAROSA}}}preloadParams") or "",
        )
        if preload:
            allowed = _PRELOADS.get(preload, set())
            if allowed is not None and params not in allowed:
                raise Refused("forms.unsupported_feature", feature=f"{preload} {params}".strip())

        def rule(name: str, node: Element = node, path: Names = path) -> Expression | None:
            source = node.get(name)
            return compiler.compile(source, path) if source and source.strip() else None

        binds[path] = Bind(
            path=path,
            kind=_KINDS.get(declared, DataType.TEXT),
            calculate=rule("calculate"),
            relevant=rule("relevant"),
            required=rule("required"),
            constraint=rule("constraint"),
            read_only=rule("readonly"),
            required_words=texts.message(node.get(f"{{{JAVAROSA}}}requiredMsg"), path),
            constraint_words=texts.message(node.get(f"{{{JAVAROSA}}}constraintMsg"), path),
            preload=preload,
            preload_params=params,
        )
    return binds, types


def _set_values(html: Element, compiler: Compiler) -> tuple[SetValue, ...]:
    found = []
    for node in html.iter(f"{{{XFORMS}}}setvalue"):
        target = body.names(node.get("ref") or "")
        events = frozenset((node.get("event") or "").split())
        if target not in compiler.paths:
            raise Refused("forms.unknown_reference", reference=node.get("ref") or "")
        if not events or events - _KNOWN_EVENTS:
            raise Refused("forms.unsupported_feature", feature=" ".join(sorted(events)) or "setvalue")
        source = node.get("value") or ""
        parent = node.getparent()
        trigger = body.names(parent.get("ref") or "") if parent is not None and parent.get("ref") else None
        value = compiler.compile(source, target) if source.strip() else None
        found.append(SetValue(target, events, value, node.text or "", trigger))
    return tuple(found)


def _rules(binds: Mapping[Names, Bind], counts: Mapping[Names, Expression]) -> dict[Names, list[Expression]]:
    rules: dict[Names, list[Expression]] = {}
    for path, bind in binds.items():
        rules[path] = [rule for rule in (bind.calculate, bind.relevant) if rule is not None]
    for path, count in counts.items():
        rules.setdefault(path, []).append(count)
    return rules


__all__ = ["Form", "read"]
