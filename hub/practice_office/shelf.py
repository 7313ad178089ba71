"""One connection a request, opened when it is first needed and closed with the request."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from flask import Flask, current_app, g, request

from hub.practice_office import records

LENT = "practice_office.shelf"
"""Where the front lends its own connection, which it closes itself."""


def folder() -> Path:
    """Return the office's folder."""
    found: Path = current_app.config["OFFICE_FOLDER"]
    return found


def shelf() -> sqlite3.Connection:
    """Return the request's connection to the shelf."""
    lent: sqlite3.Connection | None = request.environ.get(LENT)
    if lent is not None:
        return lent
    if "shelf" not in g:
        g.shelf = records.connect(folder())
    found: sqlite3.Connection = g.shelf
    return found


def close_after_requests(app: Flask) -> None:
    """Close the connection whenever a request ends, however it ends."""

    @app.teardown_appcontext
    def _close(_bad: BaseException | None) -> None:
        conn = g.pop("shelf", None)
        if conn is not None:
            conn.close()
