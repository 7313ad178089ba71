"""One search over everything on the shelf."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from hub.desks import shell
from hub.overview import search as overview
from hub.overview.documents import Kind

_LONGEST = 200
_WAYS = {
    Kind.PROCEDURE: ("/procedures/", "papers"),
    Kind.LESSON: ("/lessons/", "lesson"),
    Kind.SCAM: ("/fraud/", "shield"),
    Kind.PRICE: ("/prices/", "price"),
}


def add_to(desk: Blueprint) -> None:
    """Put the search on ``desk``."""
    desk.add_url_rule("/search", view_func=search)


def search() -> Any:
    """Ask what to look for, or show what was found."""
    asked = request.args.get("q", "")
    if len(asked) > _LONGEST:
        problem = shell.say("villager.too_long", most=_LONGEST)
        return shell.page("villager/search.html", asked="", found=None, problem=problem, ways=_WAYS), 422
    found = overview.find(shell.conn(), asked, shell.lang()) if asked.strip() else None
    return shell.page("villager/search.html", asked=asked, found=found, problem=None, ways=_WAYS)
