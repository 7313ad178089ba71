"""What the guide's views share: who works at which desk, words that outlive a redirect, times as people say
them."""

from __future__ import annotations

import datetime as dt
import functools
import re
import secrets
from collections.abc import Callable
from typing import Any

from flask import flash, get_flashed_messages, redirect, request, session, url_for

from hub.base import letterhead, phrases
from hub.base.clock import VILLAGE, Moment
from hub.base.errors import Conflict, HubError, Missing, Refused
from hub.desks import errors, guard, shell
from hub.packs import shelf
from hub.packs.shelf import Shelf
from hub.trades.dossiers.model import Appointment
from hub.trades.staff import service as staff
from hub.trades.staff.model import Role, Staff

_MARK = re.compile(r"[0-9a-f]{16}")
_REASON_VALUES = ("url", "path", "name")
Told = tuple[tuple[str, str], ...]


def pack() -> Shelf:
    """Return the active content."""
    return shelf.current(shell.house().packs)


def me() -> Staff:
    """Return the guide of this request."""
    return guard.who().staff


def guides() -> tuple[Staff, ...]:
    """Return all guides, by given name."""
    return tuple(one for one in staff.listing(shell.conn()) if one.role is Role.GUIDE)


def staff_name(staff_id: int | None) -> str:
    """Return who has this number; empty for nobody."""
    return next((one.name for one in staff.listing(shell.conn()) if one.id == staff_id), "")


def my_desk() -> str | None:
    """Return the desk this guide sits at; a House with one desk asks nobody."""
    desks = shell.house().settings.queue.desks
    chosen = session.get("desk")
    return chosen if chosen in desks else desks[0] if len(desks) == 1 else None


def tell(kind: str, words: str) -> None:
    """Say ``words`` on the next page; ``kind`` as of a notice.

    They travel in the cookie: never a person's data.
    """
    flash(words, kind)


def told() -> Told:
    """Return what is to be said on this page, once."""
    pairs: list[tuple[str, str]] = get_flashed_messages(with_categories=True)  # type: ignore[assignment]
    return tuple(pairs)


def back_with_words(endpoint: str, *keep: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Lead back to ``endpoint`` with the sentence of what a press could not do; ``keep`` names its values."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def pressed(*args: Any, **values: Any) -> Any:
            try:
                return view(*args, **values)
            except (Refused, Missing, Conflict) as bad:
                tell("care", sentence(bad))
                return redirect(url_for(endpoint, **{name: values[name] for name in keep}), 303)

        return pressed

    return decorate


def sentence(bad: HubError) -> str:
    """Return what an error says in the reader's language."""
    return errors.told(bad)


def reason(key: str | None) -> str | None:
    """Return the phrase of a reason that is kept without its values; those show as "…"."""
    return shell.say(key, **dict.fromkeys(_REASON_VALUES, "…")) if key and phrases.has(key) else None


def new_mark() -> str:
    """Return a mark for one drawing of a form: a second press of the same drawing is the same wish."""
    return secrets.token_hex(8)


def mark() -> str:
    """Return the mark that came with the form, or a fresh one: then a press stands for itself."""
    sent = request.form.get("mark", "")
    return sent if _MARK.fullmatch(sent) else new_mark()


def minutes_since(then: Moment) -> int | None:
    """Return whole minutes since ``then``, None where nobody can know."""
    now = shell.moment()
    if then.boot_id == now.boot_id:
        return max(0, int((now.mono - then.mono) // 60))
    if then.trusted and now.trusted:
        return max(0, int((now.at - then.at).total_seconds() // 60))
    return None


def when(at: dt.datetime, trusted: bool = True) -> str:
    """Return the village's time of today, with its day when it is another; marked when it is doubtful."""
    shown = at.astimezone(VILLAGE)
    if trusted and shown.date() == shell.moment().on:
        return f"{shown:%H:%M}"
    return letterhead.shown_time(shell.lang(), at, trusted)


def day(iso: str) -> str:
    """Return a day of the database as it is written here."""
    return f"{dt.date.fromisoformat(iso):%d/%m/%Y}"


def meeting(told: Appointment) -> str:
    """Return in one sentence when and where somebody is invited, and with what."""
    weekday = shell.say(f"dossiers.weekday_{told.meet_on.isoweekday()}")
    hour = shell.say("dossiers.meet_any_hour")
    if told.hour:
        hour = shell.say("dossiers.meet_slip_hour", hour=told.hour)
    said = [
        f"{weekday} {told.meet_on:%d/%m/%Y}, {hour}.",
        shell.say("dossiers.meet_slip_place", place=told.place),
        shell.say("dossiers.meet_slip_bring", bring=told.bring) if told.bring else "",
    ]
    return " ".join(filter(None, said))


def number(name: str) -> int:
    """Return a whole number of the form; 0 for anything else."""
    typed = request.form.get(name, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 12 else 0
