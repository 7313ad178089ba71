"""Where Houses and phones hand records in: the OpenRosa side, answering as ODK Central was seen to answer.

Keeps true: a record is on the shelf before its 201 leaves; answers are OpenRosa's envelope, except where
Central itself answers otherwise. It never compares keys in a way whose time tells anything.
"""

from __future__ import annotations

import hmac
import io
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import FormDataParser

from hub.post import envelope
from hub.practice_office import forms, incoming, records
from hub.practice_office.records import Problem
from hub.practice_office.shelf import shelf

MOST_BYTES = 100_000_000
PROJECT = 1
_PART = "xml_submission_file"

counter = Blueprint("counter", __name__)


@counter.route("/v1/projects/<int:project>/submission", methods=["HEAD", "POST"], defaults={"key": None})
@counter.route("/v1/key/<key>/projects/<int:project>/submission", methods=["HEAD", "POST"])
def submission(project: int, key: str | None) -> Response:
    """Say what is taken (HEAD), or take a record in (POST)."""
    try:
        check_key(key)
        if project != PROJECT:
            raise Problem(404, "Could not find the resource you were looking for.")
        if request.method == "HEAD":
            return _dressed(Response(status=204))
        if request.headers.get("X-OpenRosa-Version") != "1.0":
            raise Problem(400, "An expected header field (X-OpenRosa-Version) did not match 1.0.")
        _take()
    except Problem as bad:
        return _said(bad.status, bad.message, "submit_error")
    return _said(201, "full submission upload was successful!", "submit_success")


def check_key(in_path: str | None) -> None:
    """Raise ``Problem`` unless the request carries this office's key, in the header or in the path."""
    given = in_path
    if given is None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        given = given if scheme.lower() == "bearer" else ""
    if not hmac.compare_digest(given.encode("utf-8"), current_app.config["OFFICE_TOKEN"].encode("ascii")):
        # Central: an unknown key in the path is 403, in the header 401.
        raise Problem(
            403 if in_path is not None else 401, "Could not authenticate with the provided credentials."
        )


def _take() -> None:
    if request.mimetype != "multipart/form-data":
        raise Problem(400, "Multipart form data is expected.")
    files = _parts()
    if _PART not in files:
        raise Problem(400, f"Required multipart POST field {_PART} missing.")
    xml = files.pop(_PART)
    first = incoming.read(xml)
    if first is None:
        raise Problem(400, "The submitted XML could not be read, or names no form.")
    conn = shelf()
    binary = forms.binary_paths(records.form_xml(conn, first.form_id, first.version))
    sent = incoming.read(xml, binary) or first
    records.take(conn, sent, xml, files, request.args.get("deviceID", "")[:200])


def _parts() -> dict[str, bytes]:
    # Flask's own reading forgives a body that is cut off; Central does not.
    parser = FormDataParser(
        stream_factory=_in_memory,
        silent=False,
        max_form_memory_size=MOST_BYTES,
        max_form_parts=1000,
    )
    try:
        if request.headers.get("Content-Encoding"):
            raise ValueError("Central takes no encoded bodies")
        _, _, found = parser.parse(
            request.stream, request.mimetype, request.content_length, request.mimetype_params
        )
        return {str(name): _bytes(file) for name, file in found.items()}
    except ValueError as bad:
        raise _BrokenBody from bad


def _in_memory(
    total_content_length: int | None,
    content_type: str | None,
    filename: str | None,
    content_length: int | None = None,
) -> io.BytesIO:
    return io.BytesIO()


def _bytes(file: FileStorage) -> bytes:
    try:
        return file.stream.read()
    finally:
        file.close()


class _BrokenBody(Exception):
    pass


@counter.errorhandler(_BrokenBody)
def _broken_body(_bad: Any) -> Response:
    response = jsonify({"message": "The body could not be read: it ends too early.", "code": 400.1})
    response.status_code = 400
    return _dressed(response)


def _said(status: int, message: str, nature: str) -> Response:
    body = envelope.answer(message, nature=nature)
    return _dressed(Response(body, status=status, content_type="text/xml; charset=utf-8"))


def _dressed(response: Response) -> Response:
    response.headers["X-OpenRosa-Version"] = "1.0"
    response.headers["X-OpenRosa-Accept-Content-Length"] = str(MOST_BYTES)
    return response
