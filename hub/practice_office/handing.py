"""What Houses and phones may fetch to fill in: the list of forms, each form, its files, as OpenRosa has it.

Keeps true: only forms that are open and given to Houses are listed, in their latest version; every hash is of
the very bytes that are handed out. It never hands out a record.
"""

from __future__ import annotations

import hashlib
from functools import partial
from xml.sax.saxutils import escape

from flask import Blueprint, Response, request, url_for

from hub.post import envelope
from hub.practice_office import forms, records
from hub.practice_office.counter import PROJECT, check_key
from hub.practice_office.records import Problem
from hub.practice_office.shelf import shelf

_LIST = "http://openrosa.org/xforms/xformsList"
_MANIFEST = "http://openrosa.org/xforms/xformsManifest"

handing = Blueprint("handing", __name__, url_prefix="/v1/projects/<int:project>")


@handing.before_request
def _enter() -> None:
    check_key(None)
    if (request.view_args or {}).get("project") != PROJECT:
        raise Problem(404, "Could not find the resource you were looking for.")


@handing.errorhandler(Problem)
def _problem(bad: Problem) -> Response:
    return _xml(envelope.answer(bad.message, nature="error"), bad.status)


@handing.get("/formList")
def form_list(project: int) -> Response:
    """List the forms."""
    if request.headers.get("X-OpenRosa-Version") != "1.0":
        raise Problem(400, "An expected header field (X-OpenRosa-Version) did not match 1.0.")
    told = []
    for form_id, version, xml in records.open_forms(shelf()):
        where = partial(url_for, project=project, form_id=form_id, _external=True)
        manifest = ""
        if records.form_files(shelf(), form_id, version):
            manifest = f"<manifestUrl>{escape(where('handing.manifest'))}</manifestUrl>"
        told.append(
            f"<xform><formID>{escape(form_id)}</formID><name>{escape(forms.words(xml, 'vi').title)}</name>"
            f"<version>{escape(version)}</version><hash>{_md5(xml)}</hash>"
            f"<downloadUrl>{escape(where('handing.form'))}</downloadUrl>{manifest}</xform>"
        )
    return _xml(f'<xforms xmlns="{_LIST}">{"".join(told)}</xforms>')


@handing.get("/forms/<form_id>.xml")
def form(project: int, form_id: str) -> Response:
    """Hand out a form."""
    return _xml(_find(form_id)[1])


@handing.get("/forms/<form_id>/manifest")
def manifest(project: int, form_id: str) -> Response:
    """List the files that go with a form."""
    version, _ = _find(form_id)
    told = []
    for name, content in records.form_files(shelf(), form_id, version).items():
        url = url_for("handing.file", project=project, form_id=form_id, name=name, _external=True)
        told.append(
            f"<mediaFile><filename>{escape(name)}</filename><hash>{_md5(content)}</hash>"
            f"<downloadUrl>{escape(url)}</downloadUrl></mediaFile>"
        )
    return _xml(f'<manifest xmlns="{_MANIFEST}">{"".join(told)}</manifest>')


@handing.get("/forms/<form_id>/attachments/<name>")
def file(project: int, form_id: str, name: str) -> Response:
    """Hand out a file that goes with a form."""
    version, _ = _find(form_id)
    files = records.form_files(shelf(), form_id, version)
    if name not in files:
        raise Problem(404, "Could not find the resource you were looking for.")
    return Response(files[name], mimetype="application/octet-stream")


def _find(form_id: str) -> tuple[str, bytes]:
    for known, version, xml in records.open_forms(shelf()):
        if known == form_id:
            return version, xml
    raise Problem(404, "Could not find the resource you were looking for.")


def _md5(content: bytes) -> str:
    return f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}"


def _xml(told: str | bytes, status: int = 200) -> Response:
    response = Response(told, status=status, content_type="text/xml; charset=utf-8")
    response.headers["X-OpenRosa-Version"] = "1.0"
    return response
