"""What Houses and phones may fetch to fill in: the list of forms, each form, its files, as OpenRosa has it.

Keeps true: only forms that are open and given to Houses are listed, in their latest version; every hash is of
the very bytes that are handed out. It never hands out a record.
"""

from __future__ import annotations

import hashlib
import re
from functools import partial
from xml.sax.saxutils import escape

from flask import Blueprint, Response, request, url_for

from hub.post import envelope
from hub.practice_office import door, forms, keys, records
from hub.practice_office.orders import order
from hub.practice_office.records import Problem
from hub.practice_office.shelf import folder, shelf

_LIST = "http://openrosa.org/xforms/xformsList"
_MANIFEST = "http://openrosa.org/xforms/xformsManifest"
_KEY = re.compile(rb'base64RsaPublicKey="[^"]*"')

handing = Blueprint("handing", __name__)
handing.before_request(door.enter)


@handing.errorhandler(Problem)
def _problem(bad: Problem) -> Response:
    return door.challenged(_xml(envelope.answer(bad.message, nature="error"), bad.status), bad)


@handing.get("/formList")
def form_list() -> Response:
    """List the forms, or the one that ``formID`` names."""
    if request.headers.get("X-OpenRosa-Version") != "1.0":
        raise Problem(400, "An expected header field (X-OpenRosa-Version) did not match 1.0.")
    asked = request.args.get("formID")
    told = []
    for form_id, version, xml in _handed_out():
        if asked not in (None, form_id):
            continue
        where = partial(url_for, form_id=form_id, _external=True)
        manifest = ""
        if records.form_files(shelf(), form_id, version):
            manifest = f"<manifestUrl>{escape(where('.manifest'))}</manifestUrl>"
        told.append(
            f"<xform><formID>{escape(form_id)}</formID><name>{escape(forms.words(xml, 'vi').title)}</name>"
            f"<version>{escape(version)}</version><hash>{_md5(xml)}</hash>"
            f"<downloadUrl>{escape(where('.form'))}</downloadUrl>{manifest}</xform>"
        )
    return _xml(f'<xforms xmlns="{_LIST}">{"".join(told)}</xforms>')


@handing.get("/forms/<form_id>.xml")
def form(form_id: str) -> Response:
    """Hand out a form."""
    return _xml(_find(form_id)[1])


@handing.get("/forms/<form_id>/manifest")
@handing.get("/xformsManifest/<form_id>")
def manifest(form_id: str) -> Response:
    """List the files that go with a form."""
    version, _ = _find(form_id)
    told = []
    for name, content in records.form_files(shelf(), form_id, version).items():
        url = url_for(".file", form_id=form_id, name=name, _external=True)
        told.append(
            f"<mediaFile><filename>{escape(name)}</filename><hash>{_md5(content)}</hash>"
            f"<downloadUrl>{escape(url)}</downloadUrl></mediaFile>"
        )
    return _xml(f'<manifest xmlns="{_MANIFEST}">{"".join(told)}</manifest>')


@handing.get("/forms/<form_id>/attachments/<name>")
def file(form_id: str, name: str) -> Response:
    """Hand out a file that goes with a form."""
    version, _ = _find(form_id)
    files = records.form_files(shelf(), form_id, version)
    if name not in files:
        raise Problem(404, "Could not find the resource you were looking for.")
    return Response(files[name], mimetype="application/octet-stream")


def _handed_out() -> tuple[tuple[str, str, bytes], ...]:
    found = records.open_forms(shelf())
    if not order().other_key:
        return found
    other = b'base64RsaPublicKey="%s"' % keys.other_public_key_base64(folder()).encode("ascii")
    return tuple((form_id, version, _KEY.sub(other, xml)) for form_id, version, xml in found)


def _find(form_id: str) -> tuple[str, bytes]:
    for known, version, xml in _handed_out():
        if known == form_id:
            return version, xml
    raise Problem(404, "Could not find the resource you were looking for.")


def _md5(content: bytes) -> str:
    return f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"


def _xml(told: str | bytes, status: int = 200) -> Response:
    response = Response(told, status=status, content_type="text/xml; charset=utf-8")
    response.headers["X-OpenRosa-Version"] = "1.0"
    return response
