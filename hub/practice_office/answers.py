"""Every answer that servers on the way were seen or read to give, ready to be given on demand.

Keeps true: each has the body that its giver really sends (OpenRosa's envelope, JSON of Central, HTML of a web server
or of a hotel's network); ``stores`` is whether the record is taken in before the answer that hides it. It never
decides when one is given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Response

from hub.post import envelope

TRUE = "true"
"""The office's own answer."""
_XML = "text/xml; charset=utf-8"
_HTML = "text/html"
_PORTAL = (
    b"<!DOCTYPE html><html><head><title>Wi-Fi</title></head><body><form method='post' action='/login'>"
    b"<input name='phone'><button>OK</button></form></body></html>"
)


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer: status, body, media type, more headers; ``done`` is whether a House must take it for "done"."""

    status: int
    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    stores: bool = False
    done: bool = False


def _xml(status: int, words: str, nature: str = "submit_error") -> Canned:
    head = {"X-OpenRosa-Version": "1.0", "X-OpenRosa-Accept-Content-Length": "100000000"}
    return Canned(status, envelope.answer(words, nature=nature), _XML, head)


def _json(status: int, words: str) -> Canned:
    told = json.dumps({"message": words, "code": status + 0.1}).encode()
    return Canned(status, told, "application/json; charset=utf-8")


def _nginx(
    status: int, words: str, headers: Mapping[str, str] | None = None, *, stores: bool = False
) -> Canned:
    page = (
        f"<html>\r\n<head><title>{status} {words}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {words}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return Canned(status, page.encode(), _HTML, headers or {}, stores)


_SUCCESS = envelope.answer("full submission upload was successful!", nature="submit_success")

CATALOGUE: Mapping[str, Canned] = {
    "bad_400": _xml(400, "Required multipart POST field xml_submission_file missing."),
    "cut_400": _json(400, "The body could not be read: it ends too early."),
    "key_401": _xml(401, "Could not authenticate with the provided credentials."),
    "key_403": _xml(403, "Could not authenticate with the provided credentials."),
    "form_404": _xml(404, "The form you are looking for could not be found."),
    "version_404": _xml(404, "The form version specified in this submission does not exist."),
    "inactive_405": _xml(405, "Form is not active"),
    "proxy_407": Canned(407, _PORTAL, _HTML, {"Proxy-Authenticate": 'Basic realm="proxy"'}),
    "slow_408": Canned(408, b"Request Timeout", "text/plain"),
    "other_409": _xml(409, "A submission already exists with this ID, but with different XML."),
    "closed_409": _xml(409, "This form is not currently accepting new submissions."),
    "stale_409": _xml(409, "You tried to update a submission, but the copy you provided is out of date."),
    "deleted_409": _xml(409, "This submission has been deleted. You may not resubmit it."),
    "large_413": _nginx(413, "Request Entity Too Large"),
    "progress_423": _xml(423, "Submission is currently being processed."),
    "many_429": _nginx(429, "Too Many Requests", {"Retry-After": "2"}),
    "database_500": _json(500, "Completely unhandled exception: connect ECONNREFUSED"),
    "database_500_stored": Canned(
        500, _json(500, "Completely unhandled exception").body, "application/json", stores=True
    ),
    "down_502": _nginx(502, "Bad Gateway"),
    "down_502_stored": _nginx(502, "Bad Gateway", stores=True),
    "resting_503": _nginx(503, "Service Temporarily Unavailable", {"Retry-After": "2"}),
    "late_504_stored": _nginx(504, "Gateway Time-out", stores=True),
    "portal_511": Canned(511, _PORTAL, _HTML),
    "portal_302": Canned(302, b"", _HTML, {"Location": "http://login.example/hotspot"}),
    "moved_307": Canned(307, b"", _HTML, {"Location": "https://elsewhere.example/submission"}),
    "portal_200": Canned(200, _PORTAL, _HTML),
    "envelope_200": Canned(200, _SUCCESS, _XML),
    "empty_204": Canned(204, b"", _HTML),
    "portal_201": Canned(201, _PORTAL, _HTML),
    "accepted_202": Canned(202, _SUCCESS, _XML, {"X-OpenRosa-Version": "1.0"}, stores=True, done=True),
    "liar_201": Canned(201, _SUCCESS, _XML, {"X-OpenRosa-Version": "1.0"}, done=True),
}


def too_large() -> Response:
    """Return what a web server in front of an office says to a body over its limit."""
    told = CATALOGUE["large_413"]
    return Response(told.body, status=told.status, content_type=told.media_type)
