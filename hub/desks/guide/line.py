"""The way out, for a guide: a push where hours or the day's allowance keep dossiers at home.

Keeps true: what it costs was said beside the button; it opens the line for an hour and changes no parcel.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, url_for

from hub.desks import guard, shell
from hub.desks.guide import common
from hub.post import allowance, outbox
from hub.trades.staff.model import Role


def add_to(desk: Blueprint) -> None:
    """Put the push on ``desk``."""
    desk.add_url_rule("/line/send", view_func=send_now, methods=["POST"])


@guard.needs(Role.GUIDE)
def send_now() -> Any:
    """Have everything that waits tried now, whatever the hour and the allowance."""
    allowance.let_through(shell.conn(), guard.who().staff.name, shell.moment())
    outbox.hurry(shell.conn())
    common.tell("good", shell.say("uplink.sending_now"))
    return redirect(url_for("guide.dossiers"), 303)
