"""Errors to pages: one clear sentence in the reader's language, what was kept, and a code for the technician.

The only place that knows which error of the House is which HTTP status.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3

from flask import Flask, Response, render_template
from werkzeug.exceptions import HTTPException

from hub.base import db, ids, phrases
from hub.base.errors import Conflict, HubError, Missing, NotReady, Refused
from hub.desks import shell
from hub.trades.staff.model import TooMany

_log = logging.getLogger("hub.desks")
_STATUS: tuple[tuple[type[HubError], int], ...] = (
    (TooMany, 429),
    (Refused, 422),
    (Missing, 404),
    (Conflict, 409),
    (NotReady, 503),
)
_HTTP_PHRASES = {400: "errors.bad_request", 403: "errors.forbidden", 404: "errors.not_found"} | {
    405: "errors.wrong_method",
    413: "errors.too_large",
    415: "errors.bad_request",
}


def open_errors(app: Flask) -> None:
    """Make ``app`` answer every failure with a page of the House."""
    app.register_error_handler(HubError, _hub_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(sqlite3.Error, _database_error)
    app.register_error_handler(Exception, _unforeseen)


def told(bad: HubError) -> str:
    """Return the sentence of ``bad`` in the reader's language."""
    return shell.say(bad.key, **bad.values) if phrases.has(bad.key) else shell.say("errors.unforeseen")


def _hub_error(bad: HubError) -> Response:
    status = next((status for kind, status in _STATUS if isinstance(bad, kind)), 500)
    if status >= 500:
        _log.error("not ready: %s", bad)
    response = page(status, told(bad))
    if isinstance(bad, TooMany):
        response.headers["Retry-After"] = str(bad.retry_after)
    return response


def _database_error(bad: sqlite3.Error) -> Response:
    return _hub_error(db.told(bad))


def _http_error(bad: HTTPException) -> Response:
    status = bad.code or 500
    if status < 400:
        # Redirects travel as exceptions too.
        return Response(bad.get_response().get_data(), status, dict(bad.get_headers()))
    response = page(status, shell.say(_HTTP_PHRASES.get(status, "errors.unforeseen")))
    if status == 405:
        response.headers["Allow"] = ", ".join(getattr(bad, "valid_methods", None) or ())
    return response


def _unforeseen(bad: Exception) -> Response:
    return page(500, shell.say("errors.unforeseen"), trace=bad)


def page(status: int, sentence: str, trace: Exception | None = None) -> Response:
    """Return a page of the House that says ``sentence``, with a code that also stands in the log."""
    code = "".join(secrets.choice(ids.ALPHABET) for _ in range(5))
    if status >= 500:
        _log.error("page %s code %s", status, code, exc_info=trace)
    todo = shell.say("errors.todo_technician" if status >= 500 else "errors.todo_guide")
    body = render_template("shared/error.html", what=sentence, todo=todo, code=code)
    return Response(body, status, mimetype="text/html", headers={"Cache-Control": "no-store"})
