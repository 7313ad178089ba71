"""Who may come in: sign-in, roles, CSRF, and the headers every page carries.

Keeps true: a page of staff is reached only with a session whose role fits; every form carries a token; no page
runs a script or a style that the House does not serve. The House key stays in the request of a signed-in guide.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Response, abort, g, redirect, request, session, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect

from hub.base.errors import Refused
from hub.base.house import House
from hub.desks import errors, glance, shell
from hub.trades.staff import service as staff
from hub.trades.staff.model import Role, Session

desk = Blueprint("guard", __name__)
_csrf = CSRFProtect()
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " media-src 'self'; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), geolocation=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_HOMES = {Role.GUIDE: "guide.queue", Role.TECHNICIAN: "technician.devices"}


def open_guard(app: Flask, house: House) -> None:
    """Put the guard at the door of ``app``."""
    app.config.update(
        SESSION_COOKIE_NAME="house",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=house.settings.web.https,
        WTF_CSRF_TIME_LIMIT=None,
    )
    _csrf.init_app(app)
    app.register_blueprint(desk)
    app.register_error_handler(CSRFError, _stale_form)
    headers = tuple(_HEADERS.items())

    @app.after_request
    def dress(response: Response) -> Response:
        response.headers.extend(headers)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


def exempt(blueprint: Blueprint) -> None:
    """Ask no form token of ``blueprint``: it knows no cookies and asks for a key in every request."""
    _csrf.exempt(blueprint)


def _stale_form(bad: CSRFError) -> Response:
    # The form was open while the tablet was wiped: nothing was done, and the visitor only starts again.
    return errors.page(400, shell.say("errors.stale_form"))


def signed_in() -> Session | None:
    """Return the session of this request, or None; looked up once."""
    if "staff" not in g:
        g.staff = None
        token = _token()
        if token is not None:
            g.staff = staff.session(shell.conn(), token, shell.moment())
            if g.staff is None:
                session.pop("staff", None)
    found: Session | None = g.staff
    return found


def needs(*roles: Role) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a view be reached only by staff of one of ``roles``; others are sent to sign in, or refused with 403."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def guarded(*args: Any, **values: Any) -> Any:
            who = signed_in()
            if who is None:
                back = request.full_path.rstrip("?") if request.method == "GET" else None
                return redirect(url_for("guard.sign_in", next=back), 303)
            if who.staff.role not in roles:
                abort(403)
            return view(*args, **values)

        return guarded

    return decorate


def who() -> Session:
    """Return the session of a guarded view."""
    found = signed_in()
    if found is None:
        abort(403)
    return found


def house_key() -> bytes:
    """Return the House key that this guide's session opens; 403 for anyone else."""
    key = who().house_key
    if key is None:
        abort(403)
    return key


@desk.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Any:
    """Ask for name and PIN or password."""
    back = _own_page(request.values.get("next", ""))
    if request.method == "GET":
        return shell.page("shared/sign_in.html", name="", next=back, problem=None)
    name, secret = request.form.get("name", "")[:80], request.form.get("secret", "")[:200]
    where = request.remote_addr or "?"
    try:
        opened = staff.sign_in(
            shell.conn(),
            name,
            secret,
            moment=shell.moment(),
            where=where,
            idle_s=shell.house().settings.web.staff_idle_s,
        )
    except Refused as bad:
        wait = getattr(bad, "retry_after", None)
        body = shell.page("shared/sign_in.html", name=name, next=back, problem=errors.told(bad))
        return Response(
            body,
            429 if wait else 422,
            headers={"Retry-After": str(wait)} if wait else None,
            mimetype="text/html",
        )
    session.clear()
    session["staff"] = opened.token
    response = redirect(back or url_for(_HOMES[opened.staff.role]), 303)
    https = shell.house().settings.web.https
    response.set_cookie(glance.STAFF_COOKIE, "1", httponly=True, samesite="Lax", secure=https)
    return response


@desk.post("/sign-out")
def sign_out() -> Any:
    """End the session."""
    token = _token()
    if token is not None:
        staff.sign_out(shell.conn(), token, moment=shell.moment())
    session.clear()
    response = redirect(url_for("villager.home"), 303)
    response.delete_cookie(glance.STAFF_COOKIE)
    return response


@desk.route("/leave")
def leave() -> Any:
    """Wipe what a shared tablet remembers of the last visitor, and show a clean home page.

    A signed-in person's session is ended too: it is called only when nobody has touched the tablet.
    """
    token = _token()
    if token is not None:
        staff.sign_out(shell.conn(), token, moment=shell.moment())
    session.clear()
    response = redirect(url_for("villager.home"), 303)
    response.delete_cookie("lang")
    response.delete_cookie(glance.STAFF_COOKIE)
    return response


def _token() -> str | None:
    found = session.get("staff")
    return found if isinstance(found, str) else None


def _own_page(address: str) -> str:
    # Only a path of this House: never a way to another site.
    if address.startswith("/") and not address.startswith(("//", "/\\")) and "\n" not in address:
        return address
    return ""
