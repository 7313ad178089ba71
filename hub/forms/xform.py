"""XForm XML read into a Form: everything compiled, checked and ordered before a villager sees it.

What is broken or hostile is refused with its line, what the engine does not support is refused by name;
nothing is skipped in silence. Reading never touches disk or network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hub.base.errors import Refused
from hub.forms import body, graph, markup, skeleton
from hub.forms.expressions import Expression
from hub.forms.graph import Rule
from hub.forms.lists import Lists
from hub.forms.markup import JAVAROSA, ODK, XFORMS, Element, local
from hub.forms.model import Bind, Form, Note, QuestionNode, RepeatNode, SetValue, name_of, walk
from hub.forms.rewrite import Names
from hub.forms.texts import Compiler, Texts, read_texts
from hub.forms.typed import DataType

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
    "geopoint": DataType.POINT,
    "geotrace": DataType.TRACE,
    "geoshape": DataType.SHAPE,
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
_UNUSED = {"setgeopoint": "forms.note_setgeopoint", "recordaudio": "forms.note_recordaudio"}
_AUDIT = re.compile(r"/meta/(?:\w+:)?audit\s*$")
_SEARCH = re.compile(r"\bsearch\s*\(")


def read(xml: bytes, media: Mapping[str, bytes] | None = None) -> Form:
    """Read an XForm with the files it names, by their names.

    Raises Refused with the line or the name of what is broken, missing or not supported.
    """
    html = markup.parse(xml)
    model = html.find(f".//{{{XFORMS}}}model")
    shown = html.find(f"{{{markup.XHTML}}}body")
    if model is None or shown is None:
        raise Refused("forms.not_a_form")
    template, instances, home = skeleton.instances(model, media or {})
    notes = _only_known_parts(html, model)
    repeats = skeleton.repeats(shown)
    paths, repeat_templates = skeleton.paths(template, repeats)
    paths += skeleton.attributes(model, frozenset(paths))
    compiler = Compiler(frozenset(paths), frozenset(repeats), _namespaces(html), frozenset(instances))
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
        instances=Lists(instances),
        template=template,
        instance_namespace=home,
        repeats=repeat_templates,
        counts=counts,
        places={path: at for at, path in enumerate(paths)},
        graph=graph.build(paths, _rules(binds, counts), _labels(questions, texts, instances)),
        notes=notes,
        questions=questions,
    )


def _only_known_parts(html: Element, model: Element) -> tuple[Note, ...]:
    """Refuse what a model must not hold; return a note for each thing that is known and does nothing here."""
    for part in model:
        known = _UNUSED if markup.namespace(part) == ODK else _MODEL_PARTS
        if markup.namespace(part) not in (XFORMS, ODK) or local(part) not in known:
            raise Refused("forms.unsupported_feature", feature=local(part))
    for node in html.iter(f"{{{XFORMS}}}select", f"{{{XFORMS}}}select1"):
        if _SEARCH.search(node.get("appearance") or ""):
            raise Refused("forms.unsupported_function", function="search")
    used = [node for node in html.iter() if markup.namespace(node) == ODK and local(node) in _UNUSED]
    notes = [Note(_UNUSED[local(node)], {"path": node.get("ref") or ""}) for node in used]
    audit = [node for node in model.findall(f"{{{XFORMS}}}bind") if _AUDIT.search(node.get("nodeset") or "")]
    notes += [Note("forms.note_audit", {"path": node.get("nodeset") or ""}) for node in audit]
    return tuple(notes)


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
            max_pixels=body.whole(node.get(f"{{{markup.OPENROSA}}}max-pixels"), body.MOST_PIXELS),
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


def _rules(binds: Mapping[Names, Bind], counts: Mapping[Names, Expression]) -> Iterator[Rule]:
    for path, bind in binds.items():
        for expression in (bind.calculate, bind.relevant):
            if expression is not None:
                yield Rule(path, expression)
    for path, count in counts.items():
        yield Rule(path, count, recount=True)


def _labels(
    questions: Mapping[Names, QuestionNode], texts: Texts, instances: Mapping[str, Element]
) -> dict[Names, list[Expression]]:
    """What the choices a question offers, and their labels, depend on."""
    found: dict[Names, list[Expression]] = {}
    for path, question in questions.items():
        choices = question.choices
        if choices is None or choices.items is None:
            continue
        holders = [instances[name] for name in choices.items.lists] if choices.translated else []
        named = {markup.text_of(child) for holder in holders for child in holder.iter(choices.label_name)}
        told = [
            part
            for name in named & texts.words.keys()
            for one in texts.words[name].texts.values()
            for part in one
        ]
        found[path] = [choices.items, *(part for part in told if isinstance(part, Expression))]
    return found


__all__ = ["Form", "read"]
