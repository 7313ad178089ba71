"""The practice office put together: a receiver that behaves as ODK Central does, with a desk for the trainer.

Keeps true: it stands on its own folder and shares nothing with a House but the wire; it says on every page
that it is practice and not the State. It listens where it is told to, which is only ever this machine.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, render_template
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from hub.practice_office import door, keys, records, shelf
from hub.practice_office.counter import MOST_BYTES, counter
from hub.practice_office.crowd import Crowd
from hub.practice_office.digest import Nonces
from hub.practice_office.drill import calls, drill
from hub.practice_office.handing import handing
from hub.practice_office.pages import pages
from hub.practice_office.reading import reading

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_office(folder: Path, *, secret: bytes) -> Flask:
    """Return the practice office of ``folder`` (made on first use); ``secret`` signs its cookies.

    Raises ``NotReady`` when the folder cannot be written or its keys lie open.
    """
    records.connect(folder).close()
    keys.private_key(folder)
    app = Flask("practice_office", root_path=str(_HERE), template_folder="templates", static_folder="static")
    app.secret_key = secret
    app.config.update(
        OFFICE_FOLDER=folder,
        OFFICE_TOKEN=keys.token(folder),
        # Room for the lines between the parts.
        MAX_CONTENT_LENGTH=MOST_BYTES + 65_536,
        # Two programs on one machine share cookies whatever their ports.
        SESSION_COOKIE_NAME="office",
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_HTTPONLY=True,
    )
    shelf.close_after_requests(app)
    protect = CSRFProtect(app)
    app.extensions["office_nonces"] = Nonces(secret)
    app.extensions["office_crowd"] = Crowd()
    door.serve(app, protect, counter)
    door.serve(app, protect, handing)
    door.serve(app, protect, reading, central_only=True)
    app.register_blueprint(pages)
    app.register_blueprint(drill)
    protect.exempt(calls)
    app.register_blueprint(calls)
    app.register_error_handler(CSRFError, _stale)
    app.register_error_handler(404, _lost)

    @app.after_request
    def _headed(response: Response) -> Response:
        # What goes over the wire is no page, and on a thin line every header is paid for.
        for name, value in ({} if door.is_wire() else _HEADERS).items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return app


def _stale(_bad: HTTPException) -> tuple[str, int]:
    return render_template("trouble.html", key="office.stale"), 400


def _lost(_bad: HTTPException) -> tuple[str, int]:
    return render_template("trouble.html", key="office.lost"), 404
