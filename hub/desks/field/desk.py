"""``/field``: this House as an OpenRosa server for an unmodified ODK Collect on the village's Wi-Fi.

Keeps true: nothing is given or taken without a volunteer's key; what is answered with 201 or 202 is on the card;
uploads are in memory alone until they are sealed; a form's address to send to leads here and nowhere else. It
shows no page and knows no cookie.

Source: docs.getodk.org/openrosa; the answers are those that ODK Central was seen to give.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from threading import BoundedSemaphore, Lock
from typing import Any, TypeVar

from flask import Blueprint, Response, request, url_for
from werkzeug.exceptions import HTTPException

from hub.base import db
from hub.base.errors import Conflict, HubError, Missing, NotReady, Refused
from hub.base.settings import UpstreamSettings
from hub.desks import errors, shell
from hub.desks.field import door, multipart, openrosa
from hub.desks.field.door import Guest
from hub.desks.field.openrosa import Turned
from hub.overview import handouts
from hub.overview.handouts import Blank
from hub.packs import shelf
from hub.packs.shelf import Shelf
from hub.trades.volunteers import lists, visits
from hub.trades.volunteers.model import Part, Sent, Taken

RECORD_PART = "xml_submission_file"
# Room for the record and the lines between the parts: a telephone sends at least one file with each record,
# however much this House says that it takes.
_ROOM = 1024 * 1024
# A sending is held several times over while it is sealed, and the card writes one after the other anyway.
_SEAT = Lock()
# Two more may wait for it; whoever comes then is sent away, so that the pages keep threads of their own.
_BENCH = BoundedSemaphore(3)
_STATUS: tuple[tuple[type[HubError], int], ...] = (
    (Refused, 400),
    (Missing, 404),
    (Conflict, 409),
    (NotReady, 503),
)

_View = TypeVar("_View", bound=Callable[..., Response])

desk = Blueprint("field", __name__, url_prefix="/field")


def _both(path: str, **options: Any) -> Callable[[_View], _View]:
    """Route a view with a password's address and with a token's."""

    def decorate(view: _View) -> _View:
        desk.add_url_rule(path, view_func=view, defaults={"token": None}, **options)
        desk.add_url_rule(f"/key/<token>{path}", view_func=view, **options)
        return view

    return decorate


@_both("/formList")
def form_list(token: str | None) -> Response:
    """List the forms that a volunteer may take."""
    guest, wanted = door.enter(token), request.args.get("formID")
    found = handouts.blanks(shell.conn(), *_shelf())
    return openrosa.form_list(
        {
            "formID": one.form.form_id,
            "name": one.title,
            "version": one.form.version,
            "hash": openrosa.fingerprint(one.form.xml),
            "downloadUrl": _address("form", guest, form_id=one.form.form_id),
            **({"manifestUrl": _address("manifest", guest, form_id=one.form.form_id)} if _files(one) else {}),
        }
        for one in found
        if wanted in (None, one.form.form_id)
    )


@_both("/forms/<form_id>.xml")
def form(token: str | None, form_id: str) -> Response:
    """Hand a form out."""
    door.enter(token)
    return openrosa.form_xml(handouts.blank(shell.conn(), *_shelf(), form_id).form.xml)


@_both("/forms/<form_id>/manifest")
def manifest(token: str | None, form_id: str) -> Response:
    """List the files beside a form; the list of households is this volunteer's own."""
    guest = door.enter(token)
    one = handouts.blank(shell.conn(), *_shelf(), form_id)
    return openrosa.manifest(
        {
            "filename": name,
            "hash": openrosa.fingerprint(_file(one, name, guest)),
            "downloadUrl": _address("media", guest, form_id=form_id, name=name),
        }
        for name in _files(one)
    )


@_both("/forms/<form_id>/media/<path:name>")
def media(token: str | None, form_id: str, name: str) -> Response:
    """Hand out a file beside a form."""
    guest = door.enter(token)
    one = handouts.blank(shell.conn(), *_shelf(), form_id)
    if name not in _files(one):
        raise Missing("field.no_such_form", form_id=form_id[:80])
    return Response(_file(one, name, guest), mimetype="application/octet-stream")


@_both("/submission", methods=["HEAD", "POST"])
def submission(token: str | None) -> Response:
    """Say what is taken (HEAD), or take a record in (POST): on the card before the answer."""
    guest = door.enter(token)
    if request.method == "HEAD":
        return Response(status=204)
    if not _BENCH.acquire(blocking=False):
        busy = openrosa.said(503, shell.say("field.busy"))
        busy.headers["Retry-After"] = "5"
        return busy
    try:
        with _SEAT:
            taken = _taken(guest)
    finally:
        _BENCH.release()
    return openrosa.said(202 if taken is Taken.SAME else 201, shell.say(f"field.taken_{taken}"))


def _taken(guest: Guest) -> Taken:
    sent = _sent()
    try:
        return _take(guest, sent)
    except Missing:
        # A House brought back from a copy has not handed out anything yet, and telephones have it all the same.
        handouts.blanks(shell.conn(), *_shelf())
        return _take(guest, sent)


def _take(guest: Guest, sent: Sent) -> Taken:
    return visits.take(
        shell.conn(),
        sent,
        volunteer=guest.volunteer,
        keys=door.keys(),
        upstream=shell.house().settings.upstream,
        moment=shell.moment(),
    )


def _sent() -> Sent:
    given = shell.house().settings
    request.max_content_length = max(given.field.post_bytes, given.web.upload_bytes) + _ROOM
    if request.mimetype != "multipart/form-data" or request.headers.get("Content-Encoding"):
        raise Refused("field.not_multipart")
    body = request.get_data(cache=False, parse_form_data=False)
    try:
        pieces = multipart.read(body, request.mimetype_params.get("boundary", ""))
    except multipart.Broken as bad:
        raise Refused("field.cut_off") from bad
    records = [one.content for one in pieces if one.name == RECORD_PART]
    if len(records) != 1:
        raise Refused("field.no_record")
    return Sent(
        records[0],
        tuple(
            Part(one.name, one.file_name, one.content)
            for one in pieces
            if one.file_name is not None and one.name != RECORD_PART
        ),
        request.args.get("deviceID", ""),
    )


def _shelf() -> tuple[Shelf, UpstreamSettings]:
    house = shell.house()
    return shelf.current(house.packs), house.settings.upstream


def _files(one: Blank) -> list[str]:
    return sorted({*one.media, lists.FILE} if one.with_list else one.media)


def _file(one: Blank, name: str, guest: Guest) -> bytes:
    if one.with_list and name == lists.FILE:
        return lists.table(shell.conn(), guest.volunteer, guest.token, moment=shell.moment())
    return one.media[name]


def _address(view: str, guest: Guest, **values: str) -> str:
    token = {"token": guest.token} if guest.token else {}
    return url_for(f"field.{view}", _external=True, **token, **values)


@desk.after_request
def _dress(response: Response) -> Response:
    return openrosa.dress(response)


@desk.errorhandler(Turned)
def _turned(bad: Turned) -> Response:
    return bad.response


@desk.errorhandler(HubError)
def _hub_error(bad: HubError) -> Response:
    status = next((status for kind, status in _STATUS if isinstance(bad, kind)), 500)
    status = 413 if bad.key == "field.too_large" else status
    # Nothing is wrong with the record when the database is busy: the telephone tries again.
    return openrosa.said(503 if bad.key.startswith("base.") else status, errors.told(bad))


@desk.errorhandler(sqlite3.Error)
def _database_error(bad: sqlite3.Error) -> Response:
    return _hub_error(db.told(bad))


@desk.errorhandler(HTTPException)
def _http_error(bad: HTTPException) -> Response:
    status = bad.code or 500
    key = {413: "field.too_large", 404: "errors.not_found"}.get(status, "errors.bad_request")
    return openrosa.said(status, shell.say(key))
