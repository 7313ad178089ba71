"""A form as it is handed to a telephone, and what a filled-in record of it names.

Keeps true: the bytes stay as the author's tools wrote them, but for one thing: an address to send to, which
would lead the telephone past this House. What cannot be freed of it is not handed out. Nothing is evaluated.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass

from hub.base.errors import Refused
from hub.forms import markup
from hub.forms.markup import XFORMS, XHTML, Element, local

_TAG = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?submission(?=[\s/>])(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
_ACTION = re.compile(rb"\s+action\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_SOURCE = re.compile(r"jr://(?:file-csv|file)/([^/\\\x00-\x1f]{1,200})")


@dataclass(frozen=True, slots=True)
class Handout:
    """A form for a telephone: ``xml`` as it is handed out.

    ``public_key`` is empty where the form asks for no seal; ``uploads`` are the paths of questions whose
    answers are files, by local names; ``wants`` the files that its lists are read from.
    """

    form_id: str
    version: str
    title: str
    public_key: str
    uploads: frozenset[str]
    wants: frozenset[str]
    xml: bytes


@functools.lru_cache(maxsize=32)
def read(xml: bytes) -> Handout:
    """Return the form ``xml`` made ready to be handed out.

    Raises ``Refused("forms.not_a_form")``, ``Refused("forms.no_form_id")``, and ``Refused
    ("forms.sends_elsewhere")`` for an address that cannot be taken out of it; and as ``markup.parse``.
    """
    ready = _TAG.sub(lambda found: _ACTION.sub(b"", found[0]), xml)
    html = markup.parse(ready)
    model = html.find(f".//{{{XFORMS}}}model")
    first = model.find(f"{{{XFORMS}}}instance") if model is not None else None
    if model is None or first is None or not len(first):
        raise Refused("forms.not_a_form")
    root, submission = first[0], model.find(f"{{{XFORMS}}}submission")
    if not root.get("id"):
        raise Refused("forms.no_form_id")
    if submission is not None and submission.get("action"):
        raise Refused("forms.sends_elsewhere")
    title = html.find(f".//{{{XHTML}}}title")
    sources = [_SOURCE.fullmatch(one.get("src") or "") for one in model.findall(f"{{{XFORMS}}}instance")]
    return Handout(
        root.get("id") or "",
        root.get("version") or "",
        markup.text_of(title).strip() if title is not None else "",
        ((submission.get("base64RsaPublicKey") or "") if submission is not None else "").strip(),
        frozenset(
            _plain(bind.get("nodeset") or "")
            for bind in model.findall(f"{{{XFORMS}}}bind")
            if (bind.get("type") or "").rpartition(":")[2] == "binary"
        ),
        frozenset(found[1] for found in sources if found is not None),
        ready,
    )


def named(record: Element, uploads: Collection[str]) -> tuple[str, ...]:
    """Return the files that the plain ``record`` names at these paths, in their order, each once."""
    found: dict[str, None] = {}
    waiting = [(record, "/" + local(record))]
    while waiting:
        node, path = waiting.pop()
        told = (node.text or "").strip()
        if told and not len(node) and path in uploads:
            found[told] = None
        waiting += [(child, f"{path}/{local(child)}") for child in reversed(node)]
    return tuple(found)


def _plain(path: str) -> str:
    return "/".join(step.rpartition(":")[2] for step in path.strip().split("/"))
