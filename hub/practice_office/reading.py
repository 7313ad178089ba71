"""What Houses may read back with their key: states, comments, words with a change of state, and which files
came.

Keeps true: the list of records carries an ETag that a comment does not change, as Central's does not.
"""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response, jsonify, request

from hub.practice_office import door, forms, incoming, records
from hub.practice_office.records import Problem, Record
from hub.practice_office.shelf import shelf

reading = Blueprint("reading", __name__, url_prefix="/forms/<form_id>/submissions")


@reading.before_request
def _enter() -> None:
    door.enter()
    if not records.has_form(shelf(), str((request.view_args or {}).get("form_id"))):
        raise Problem(404, "Could not find the resource you were looking for.")


@reading.errorhandler(Problem)
def _problem(bad: Problem) -> Response:
    response = jsonify({"message": bad.message, "code": bad.status + 0.1})
    response.status_code = bad.status
    return response


@reading.get("")
def submissions(form_id: str) -> Response:
    """List a form's records with their review states."""
    return _tagged([_record(one) for one in records.listing(shelf(), form_id)])


@reading.get("/<instance_id>")
def submission(form_id: str, instance_id: str) -> Response:
    """Tell one record."""
    return _tagged(_record(_find(form_id, instance_id)))


@reading.get("/<instance_id>/comments")
def comments(form_id: str, instance_id: str) -> Response:
    """List the comments under a record."""
    written = records.remarks(shelf(), _find(form_id, instance_id).id, "comment")
    return _tagged([{"body": one.words, "createdAt": one.at} | _actor(one.by) for one in written])


@reading.get("/<instance_id>/audits")
def audits(form_id: str, instance_id: str) -> Response:
    """List the changes of a record's state, with the words that went along as notes."""
    record = _find(form_id, instance_id)
    told: list[dict[str, Any]] = [
        {
            "action": "submission.update",
            "notes": one.words or None,
            "loggedAt": one.at,
            "details": {"reviewState": one.review_state},
        }
        | _actor(one.by)
        for one in records.remarks(shelf(), record.id, "note")
    ]
    told.append(
        {"action": "submission.create", "notes": None, "loggedAt": record.created_at, "details": {}}
        | _actor("House")
    )
    return _tagged(told)


@reading.get("/<instance_id>/attachments")
def attachments(form_id: str, instance_id: str) -> Response:
    """List the files that a record names, and whether each is there."""
    conn, record = shelf(), _find(form_id, instance_id)
    xml, _ = records.content(conn, record.id)
    said = incoming.read(xml, forms.binary_paths(records.form_xml(conn, form_id, record.version)))
    there = records.present_files(conn, record.id)
    return _tagged([{"name": name, "exists": name in there} for name in sorted(said.files if said else ())])


def _find(form_id: str, instance_id: str) -> Record:
    found = records.find(shelf(), form_id, instance_id)
    if found is None:
        raise Problem(404, "Could not find the resource you were looking for.")
    return found


def _record(one: Record) -> dict[str, Any]:
    return {
        "instanceId": one.instance_id,
        "submitterId": 1,
        "deviceId": one.device_id or None,
        "createdAt": one.created_at,
        "updatedAt": one.updated_at,
        "reviewState": one.review_state,
    }


def _actor(name: str) -> dict[str, Any]:
    return {"actorId": 1, "actor": {"id": 1, "displayName": name}}


def _tagged(told: object) -> Response:
    response = jsonify(told)
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:24], weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
