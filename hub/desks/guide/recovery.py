"""The recovery code for the technician's sealed envelope: made anew by a guide, shown once.

Keeps true: the code stands on one answer and nowhere else: not in the database, not in a print job, not in a
browser's store. The code before it is dead from the same moment.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from hub.desks import guard, shell
from hub.desks.guide import common
from hub.trades.staff import service as staff
from hub.trades.staff.model import Role


def add_to(desk: Blueprint) -> None:
    """Put the recovery code on ``desk``."""
    desk.add_url_rule("/recovery", view_func=recovery, methods=["GET", "POST"])


@guard.needs(Role.GUIDE)
def recovery() -> Any:
    """Say what the code is for; after a yes make a new one and show it this once."""
    code = None
    if request.method == "POST":
        code = staff.renew_recovery(
            shell.conn(),
            guard.house_key(),
            by=common.me().id,
            moment=shell.moment(),
            where=request.remote_addr or "?",
        )
    return shell.page("guide/recovery.html", at="dossiers", code=code, day=f"{shell.moment().on:%d/%m/%Y}")
