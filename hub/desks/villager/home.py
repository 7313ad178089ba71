"""The first page: one thing to press for who reads nothing, six more for who looks around."""

from __future__ import annotations

from flask import Blueprint, Response

from hub.desks import shell


def add_to(desk: Blueprint) -> None:
    """Put the home page on ``desk``."""
    desk.add_url_rule("/", view_func=home)


def home() -> Response:
    """Show the ways on."""
    return shell.polled((), lambda: shell.page("villager/home.html"))
