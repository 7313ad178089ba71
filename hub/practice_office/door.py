"""The office's door: which dialect is spoken at this address, and whether who knocks shows the key.

Keeps true: every way in compares the same key in constant time, and answers as the dialect's server does: Central
401 in the header and 403 in the path, the others 401 with every challenge they offer. It never says which half of
a name and password was wrong.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request
from flask_wtf.csrf import CSRFProtect

from hub.practice_office import digest
from hub.practice_office.dialects import PLACES, USER, Dialect, Place, Scheme
from hub.practice_office.digest import Nonces
from hub.practice_office.records import Problem

PROJECT = 1
_REFUSED = "Could not authenticate with the provided credentials."


class Unknown(Problem):
    """Who knocks is not known here; ``challenges`` are the values of ``WWW-Authenticate``."""

    def __init__(self, challenges: tuple[str, ...]) -> None:
        super().__init__(401, _REFUSED)
        self.challenges = challenges


_PREPARED: set[str] = set()


def serve(app: Flask, protect: CSRFProtect, blueprint: Blueprint, *, central_only: bool = False) -> None:
    """Serve ``blueprint`` at every address (``central_only``: at Central's), free of the pages' tokens."""
    if blueprint.name not in _PREPARED:
        # A blueprint is of the process, and a process may serve more than one office.
        _PREPARED.add(blueprint.name)
        blueprint.url_value_preprocessor(_note)
        blueprint.url_defaults(_same_place)
    for place in PLACES.values():
        if place.dialect.is_central or not central_only:
            app.register_blueprint(
                blueprint,
                name=f"{blueprint.name}_{place.name}",
                url_prefix=place.prefix + (blueprint.url_prefix or ""),
                url_defaults={"place": place.name},
            )
    for name, view in app.view_functions.items():
        if name.startswith(f"{blueprint.name}_"):
            protect.exempt(view)


def _note(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    given = {} if values is None else values
    g.place = PLACES[given.pop("place", "openrosa")]
    g.key, g.project = given.pop("key", None), given.pop("project", PROJECT)


def _same_place(endpoint: str, values: dict[str, Any]) -> None:
    for name, value in (("key", g.key), ("project", g.project)):
        if current_app.url_map.is_endpoint_expecting(endpoint, name):
            values.setdefault(name, value)


def dialect() -> Dialect:
    """Return what is spoken at the request's address."""
    place: Place = g.place
    return place.dialect


def is_wire() -> bool:
    """Return whether the request is a House's or a phone's, and not a page's."""
    return "place" in g


def enter() -> None:
    """Raise ``Problem`` unless the request shows this office's key and the project is there."""
    spoken = dialect()
    if spoken.is_central:
        _central()
        if g.project != PROJECT:
            raise Problem(404, "Could not find the resource you were looking for.")
    else:
        _others(spoken)


def enter_with_key() -> None:
    """Raise ``Problem`` unless the request shows the office's key as Bearer: for a program that gives orders."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not _is_key(given):
        raise Problem(401, _REFUSED)


def challenged(response: Response, bad: Problem) -> Response:
    """Give ``response`` the challenges of ``bad``, if it has any."""
    for one in bad.challenges if isinstance(bad, Unknown) else ():
        response.headers.add("WWW-Authenticate", one)
    return response


def _central() -> None:
    in_path: str | None = g.key
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if in_path is not None:
        given = in_path
    elif scheme.lower() != "bearer":
        given = ""
    if not _is_key(given):
        # Central: an unknown key in the path is 403, in the header 401.
        raise Problem(401 if in_path is None else 403, _REFUSED)


def _others(spoken: Dialect) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    word, stale = scheme.lower(), False
    if word in {"bearer", "token"} and Scheme.BASIC in spoken.offers and _is_key(given.strip()):
        return
    if word == "basic" and Scheme.BASIC in spoken.offers and _basic_fits(given):
        return
    if word == "digest" and request.authorization is not None:
        fits = digest.judge(
            nonces(),
            request.authorization.parameters,
            method=request.method,
            target=_target(),
            password=current_app.config["OFFICE_TOKEN"],
            offers=spoken.offers,
        )
        if fits:
            return
        stale = fits is None
    raise Unknown(
        tuple(
            (
                f'Basic realm="{digest.REALM}", charset="UTF-8"'
                if one is Scheme.BASIC
                else digest.challenge(nonces(), one, stale=stale)
            )
            for one in spoken.offers
        )
    )


def nonces() -> Nonces:
    """Return the office's nonces."""
    found: Nonces = current_app.extensions["office_nonces"]
    return found


def _basic_fits(given: str) -> bool:
    try:
        name, _, word = base64.b64decode(given.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    # Both are always compared, so that time tells nothing.
    known = hmac.compare_digest(name.encode("utf-8"), USER.encode("utf-8"))
    return _is_key(word) and known


def _is_key(given: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8"), current_app.config["OFFICE_TOKEN"].encode("ascii"))


def _target() -> str:
    raw = request.environ.get("REQUEST_URI")
    if isinstance(raw, str):
        return raw
    asked = request.query_string.decode("latin-1")
    return request.path + (f"?{asked}" if asked else "")
