"""When something cannot be done at the guide's desk: one sentence, what was kept, what to do.

Keeps true: no page here is only red. What nobody foresaw is left to the page of the whole House.
"""

from __future__ import annotations

import logging
import secrets

from flask import Blueprint, Response, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge

from hub.base import ids
from hub.base.errors import Conflict, HubError, Missing, NotReady, Refused
from hub.desks import shell
from hub.desks.guide import common

_log = logging.getLogger("hub.desks")
_STATUS: dict[type[HubError], int] = {Refused: 422, Missing: 404, Conflict: 409, NotReady: 503}


def add_to(desk: Blueprint) -> None:
    """Have ``desk`` answer the House's errors with its own page."""
    for kind in _STATUS:
        desk.register_error_handler(kind, _told)
    desk.register_error_handler(RequestEntityTooLarge, _too_large)


def _told(bad: HubError) -> Response:
    status = next(status for kind, status in _STATUS.items() if isinstance(bad, kind))
    return page(status, common.sentence(bad), f"guide.todo_{status}", bad)


def _too_large(_bad: RequestEntityTooLarge) -> Response:
    # The rest of the body is not read; what the page held before is still in the browser behind "back".
    return page(413, shell.say("guide.too_large"), "guide.todo_413")


def page(status: int, what: str, todo_key: str, bad: HubError | None = None) -> Response:
    """Return a page that says ``what``, that everything saved is there, and what to do."""
    code = "".join(secrets.choice(ids.ALPHABET) for _ in range(5))
    if status >= 500:
        _log.error("guide page %s code %s: %s", status, code, bad.key if bad else "")
    in_dossier = "/dossiers" in request.path or "/sealed" in request.path
    body = shell.page(
        "guide/trouble.html",
        what=what,
        kept=shell.say("guide.kept_dossier" if in_dossier else "guide.kept_queue"),
        todo=shell.say(todo_key),
        code=code if status >= 500 else None,
        way_back=url_for("guide.dossiers" if in_dossier else "guide.queue"),
    )
    return Response(body, status, mimetype="text/html", headers={"Cache-Control": "no-store"})
