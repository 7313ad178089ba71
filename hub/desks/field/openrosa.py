"""How this House speaks OpenRosa to a telephone: its headers, its envelope, its lists.

Source: docs.getodk.org/openrosa-form-list, -form-submission. ODK Collect passes over a hash without "md5:" in
front of it, and takes a list only as text/xml.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from xml.sax.saxutils import escape

from flask import Response

from hub.desks import shell
from hub.post import envelope

_LIST = "http://openrosa.org/xforms/xformsList"
_MANIFEST = "http://openrosa.org/xforms/xformsManifest"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Turned(Exception):
    """A request that is answered before it is looked at any further."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def said(status: int, sentence: str) -> Response:
    """Return an answer that says ``sentence``."""
    return _xml(envelope.answer(sentence, nature="" if status < 400 else "submit_error"), status)


def form_xml(content: bytes) -> Response:
    """Return a form, byte for byte."""
    return _xml(content, 200)


def form_list(entries: Iterable[Mapping[str, str]]) -> Response:
    """Return a list of forms; each has formID, name, version, hash, downloadUrl, and maybe manifestUrl."""
    told = "".join(f"<xform>{_fields(one)}</xform>" for one in entries)
    return _xml(f'{_HEAD}<xforms xmlns="{_LIST}">{told}</xforms>'.encode(), 200)


def manifest(entries: Iterable[Mapping[str, str]]) -> Response:
    """Return a list of files; each has filename, hash, downloadUrl."""
    told = "".join(f"<mediaFile>{_fields(one)}</mediaFile>" for one in entries)
    return _xml(f'{_HEAD}<manifest xmlns="{_MANIFEST}">{told}</manifest>'.encode(), 200)


def fingerprint(content: bytes) -> str:
    """Return the hash of a form or file as lists carry it."""
    return f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"


def dress(response: Response) -> Response:
    """Put on what every OpenRosa answer carries."""
    response.headers["X-OpenRosa-Version"] = "1.0"
    response.headers["X-OpenRosa-Accept-Content-Length"] = str(shell.house().settings.field.post_bytes)
    response.headers["Cache-Control"] = "no-store"
    return response


def _fields(entry: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in entry.items())


def _xml(body: bytes, status: int) -> Response:
    return Response(body, status, content_type="text/xml; charset=utf-8")
