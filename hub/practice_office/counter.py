"""Where Houses and phones hand records in: the OpenRosa side, answering as ODK Central was seen to answer.

Keeps true: a record is on the shelf before its 201 leaves; answers are OpenRosa's envelope, except where the
dialect's server itself answers otherwise. A sending that an exercise wants unanswered or lost is read like any
other, so that the exercise's log names it.
"""

from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import FormDataParser

from hub.post import envelope
from hub.practice_office import answers, door, forms, incoming, records
from hub.practice_office.crowd import Crowd, Rank
from hub.practice_office.dialects import CENTRAL
from hub.practice_office.orders import Order, noted, order
from hub.practice_office.records import Problem, Taken
from hub.practice_office.shelf import shelf

MOST_BYTES = CENTRAL.most_bytes
_PART = "xml_submission_file"

counter = Blueprint("counter", __name__)


@counter.route("/submission", methods=["HEAD", "POST"])
def submission() -> Response:
    """Say what is taken (HEAD), or take a record in (POST)."""
    spoken = door.dialect()
    try:
        door.enter()
        if request.method == "HEAD":
            return _dressed(Response(status=204))
        if request.headers.get("X-OpenRosa-Version") != "1.0":
            raise Problem(400, "An expected header field (X-OpenRosa-Version) did not match 1.0.")
        if (request.content_length or 0) > spoken.most_bytes:
            return answers.too_large()
        taken = _take(order())
    except Problem as bad:
        return door.challenged(_said(bad.status, bad.message, "submit_error"), bad)
    if taken is Taken.SAME and spoken.duplicate != 201:
        return _said(spoken.duplicate, "Duplicate submission", "")
    return _said(201, "full submission upload was successful!", "submit_success")


def _take(wanted: Order) -> Taken:
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
    device = request.args.get("deviceID", "")[:200]
    noted().sent(sent, device, xml, {_PART: xml} | files)
    if not wanted.stores:
        return Taken.NEW
    for name in sorted(files)[: wanted.loses]:
        del files[name]
    crowd: Crowd = current_app.extensions["office_crowd"]
    with crowd.enter((sent.form_id, sent.instance_id), (xml, files), gather=wanted.gather) as rank:
        if rank is Rank.SAME_AGAIN:
            _refuse_at_once()
        # Seen at Central: of two that come with different files at one moment, one may lose its own.
        kept = {} if rank is Rank.OTHER_FILES and door.dialect().is_central else files
        return records.take(conn, sent, xml, kept, device, door.dialect())


def _refuse_at_once() -> None:
    if door.dialect().in_progress:
        raise Problem(door.dialect().in_progress, "Submission is currently being processed.")
    if door.dialect().is_central:
        raise Problem(409, records.DELETED)


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
    response.headers["X-OpenRosa-Accept-Content-Length"] = str(door.dialect().most_bytes)
    return response
