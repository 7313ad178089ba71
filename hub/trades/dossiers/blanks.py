"""The blank forms that drafts were begun with, kept in the database and read once a process.

Keeps true: a draft finds the very XML it was begun with, whatever the pack holds by now.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from hub.forms import xform
from hub.forms.model import Form
from hub.trades.dossiers import store

_MOST = 6
_read: OrderedDict[str, Form] = OrderedDict()
_lock = Lock()


def digest(xml: bytes) -> str:
    """Return the name a form is kept under."""
    return hashlib.sha256(xml).hexdigest()


def keep(conn: sqlite3.Connection, xml: bytes) -> tuple[str, Form]:
    """Keep a form in the caller's transaction; return its name and the form. Raises as ``xform.read``."""
    sha256 = digest(xml)
    form = _form(sha256, lambda: xml)
    store.keep_form(conn, sha256, form.form_id, form.version, xml)
    return sha256, form


def form(conn: sqlite3.Connection, sha256: str) -> Form:
    """Return a kept form."""
    return _form(sha256, lambda: store.form_xml(conn, sha256))


def _form(sha256: str, xml: Callable[[], bytes]) -> Form:
    with _lock:
        known = _read.get(sha256)
        if known is not None:
            _read.move_to_end(sha256)
            return known
    made = xform.read(xml())
    with _lock:
        _read[sha256] = made
        while len(_read) > _MOST:
            _read.popitem(last=False)
    return made
