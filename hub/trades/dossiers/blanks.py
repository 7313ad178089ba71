"""The blank forms that drafts were begun with, kept in the database and read once a process.

Keeps true: a draft finds the very XML and the very files it was begun with, whatever the pack or the shelf of
added forms holds by now.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock

from hub.forms import bundle, xform
from hub.forms.model import Form
from hub.trades.dossiers import store

_MOST = 6
_read: OrderedDict[str, Form] = OrderedDict()
_lock = Lock()

digest = bundle.digest


def keep(conn: sqlite3.Connection, xml: bytes, media: Mapping[str, bytes] | None = None) -> tuple[str, Form]:
    """Keep a form with its files in the caller's transaction; return its name and the form.

    Raises as ``xform.read``.
    """
    sha256 = bundle.digest(xml, media)
    form = _form(sha256, lambda: (xml, media or {}))
    store.keep_form(conn, sha256, form.form_id, form.version, xml)
    store.keep_form_media(conn, sha256, media or {})
    return sha256, form


def form(conn: sqlite3.Connection, sha256: str) -> Form:
    """Return a kept form."""
    return _form(sha256, lambda: (store.form_xml(conn, sha256), store.all_form_media(conn, sha256)))


def media(conn: sqlite3.Connection, sha256: str, name: str) -> bytes | None:
    """Return one file of a kept form, None when it has none of this name."""
    return store.form_media(conn, sha256, name)


def in_use(conn: sqlite3.Connection) -> Mapping[tuple[str, str], int]:
    """Return how many drafts stand on which version of which form."""
    return store.forms_in_use(conn)


def _form(sha256: str, source: Callable[[], tuple[bytes, Mapping[str, bytes]]]) -> Form:
    with _lock:
        known = _read.get(sha256)
        if known is not None:
            _read.move_to_end(sha256)
            return known
    made = xform.read(*source())
    with _lock:
        _read[sha256] = made
        while len(_read) > _MOST:
            _read.popitem(last=False)
    return made
