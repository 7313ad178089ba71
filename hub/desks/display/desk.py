"""The board on the wall: which number goes to which desk, and who comes next.

Keeps true: nobody signs in, nothing can be pressed, and it shows no person; it is the same for every screen.
"""

from __future__ import annotations

from flask import Blueprint, Response

from hub.base import db
from hub.desks import shell
from hub.trades.tickets import views

desk = Blueprint("display", __name__)
# The one called last, large, and as many others as the screen holds.
_AT_DESKS = 5


@desk.get("/board")
def board() -> Response:
    """Show the board; polled by its screen."""
    conn = shell.conn()

    def render() -> str:
        now = views.board(conn)
        return shell.page("display/board.html", board=now, most=_AT_DESKS, shared_tablet=False)

    return shell.polled((db.version(conn, views.TOPIC),), render)
