"""What the technician's views share: times as people write them, sizes, a word after something was done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from typing import Any

from flask import Blueprint, Response, flash, redirect, session, url_for

from hub.base.clock import VILLAGE
from hub.base.errors import HubError
from hub.desks import errors, guard, shell, way_out
from hub.post import inbox, outbox
from hub.trades.staff.model import Role

View = Callable[..., Any]


def put(desk: Blueprint, rule: str, view: View, *, post: bool = False) -> None:
    """Put a view on ``desk``, for technicians only; ``post`` makes it one that changes something."""
    guarded = guard.needs(Role.TECHNICIAN)(view)
    desk.add_url_rule(rule, view_func=guarded, methods=["POST"] if post else ["GET"])


def when(at: dt.datetime | None) -> str:
    """Return day and time of the village: ``21/11/2026 08:30:05``; a dash for never."""
    return at.astimezone(VILLAGE).strftime("%d/%m/%Y %H:%M:%S") if at else "–"


def size(count: int) -> str:
    """Return a number of bytes as people read it: ``12,3 MB`` in Vietnamese."""
    return way_out.size(count)


def polled(key: tuple[Hashable, ...], render: Callable[[], str]) -> Response:
    """Answer as ``shell.polled``, anew also when there is a word to say or the strip on top has changed."""
    words = tuple(tuple(pair) for pair in session.get("_flashes", ()))
    strip = (inbox.uplink(shell.conn()).up, outbox.counts(shell.conn()))
    return shell.polled((words, strip, *key), render)


def done(kind: str, words: str, endpoint: str, *, anchor: str | None = None) -> Any:
    """Lead back to a page that says ``words``; ``kind`` is one of the notices: good, note, care, danger."""
    flash(words, kind)
    return redirect(url_for(f"technician.{endpoint}", _anchor=anchor), 303)


def tried(
    work: Callable[[], object], words: Callable[[object], str], endpoint: str, *, anchor: str | None = None
) -> Any:
    """Do ``work`` and say how it went on the page it was asked from; a refusal is said there too."""
    try:
        result = work()
    except HubError as bad:
        return done("care", errors.told(bad), endpoint, anchor=anchor)
    return done("good", words(result), endpoint, anchor=anchor)
