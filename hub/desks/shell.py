"""What every desk stands on in a request: the House, its database, the reader's language, polling.

Keeps true: one connection a request, handed back clean; a page that can be polled answers 304 to a matching
ETag. It never keeps a person's page: only pages that are the same for everyone are cached.
"""

from __future__ import annotations

import hashlib
import queue
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from flask import Flask, Response, current_app, g, render_template, request, session

from hub.base import phrases
from hub.base.clock import Moment
from hub.base.house import House
from hub.desks import glance

_IDLE_CONNECTIONS = 12
_CACHED_PAGES = 64


class _Pool:
    """Connections between requests; opening one costs more than most pages."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue(_IDLE_CONNECTIONS)

    def take(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return self._house.connect()

    def give_back(self, conn: sqlite3.Connection) -> None:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        try:
            self._idle.put_nowait(conn)
        except queue.Full:
            conn.close()

    def close(self) -> None:
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return


class _Pages:
    """The last few rendered pages that are the same for everyone."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, str] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, render: Callable[[], str]) -> str:
        with self._lock:
            page = self._kept.get(key)
            if page is not None:
                self._kept.move_to_end(key)
                return page
        page = render()
        with self._lock:
            self._kept[key] = page
            while len(self._kept) > _CACHED_PAGES:
                self._kept.popitem(last=False)
        return page


def open_shell(app: Flask, house: House) -> None:
    """Give ``app`` its House, and each of its requests a connection and a language."""
    app.extensions["house"] = house
    app.extensions["pool"] = _Pool(house)
    app.extensions["pages"] = _Pages()
    app.extensions["kept"] = {}
    # A tag must not outlive the program and the settings that drew its page.
    app.extensions["born"] = secrets.token_hex(4)

    @app.teardown_appcontext
    def hand_back(bad: BaseException | None) -> None:
        conn = g.pop("conn", None)
        if conn is not None:
            app.extensions["pool"].give_back(conn)

    @app.after_request
    def remember_language(response: Response) -> Response:
        if request.args.get("lang") in phrases.LANGUAGES:
            response.set_cookie(
                "lang",
                lang(),
                max_age=31_536_000,
                samesite="Lax",
                httponly=True,
                secure=house.settings.web.https,
            )
        return response


def close_shell(app: Flask) -> None:
    """Close every idle connection of ``app``."""
    app.extensions["pool"].close()
    app.extensions["glances"].close()


def house() -> House:
    """Return the House this application serves."""
    found: House = current_app.extensions["house"]
    return found


def conn() -> sqlite3.Connection:
    """Return this request's connection, opening it at first use."""
    if "conn" not in g:
        g.conn = current_app.extensions["pool"].take()
    found: sqlite3.Connection = g.conn
    return found


def kept(name: str, make: Callable[[], object]) -> object:
    """Return what ``make`` gave when ``name`` was first asked for; it lasts as long as the process."""
    found = current_app.extensions["kept"]
    if name not in found:
        found[name] = make()
    return found[name]


def moment() -> Moment:
    """Return the present moment, the same one during the whole request."""
    if "moment" not in g:
        g.moment = house().clock.read()
    found: Moment = g.moment
    return found


def lang() -> str:
    """Return the reader's language: asked for in the address, else remembered, else Vietnamese."""
    asked = request.args.get("lang")
    return phrases.language(asked if asked in phrases.LANGUAGES else request.cookies.get("lang"))


def say(key: str, /, **values: object) -> str:
    """Return a phrase in the reader's language."""
    return phrases.say(lang(), key, **values)


def page(template: str, **values: object) -> str:
    """Render ``template`` for this request."""
    return render_template(template, **values)


def polled(key: tuple[Hashable, ...], render: Callable[[], str]) -> Response:
    """Answer with a page that is the same for everyone who sends the same ``key``.

    ``key`` must name everything the page shows: versions of topics; language, address and whether the clock
    is believed are added here. A matching ETag gets 304 without rendering. What a signed-in person sees
    carries their name and token: it is drawn for them and kept for nobody.
    """
    staff = session.get("staff")
    whole = (lang(), request.path, request.query_string, moment().trusted, staff, *key)
    told = repr((current_app.extensions["born"], whole))
    tag = hashlib.blake2b(told.encode("utf-8"), digest_size=12).hexdigest()
    if tag in request.if_none_match:
        response = Response(status=304)
    else:
        kept = render() if staff else current_app.extensions["pages"].get(whole, render)
        response = Response(kept, mimetype="text/html")
    if not staff:
        request.environ[glance.MARK] = True
    response.set_etag(tag)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Cookie"
    return response
