"""Every device: how it is, what to do when it is not well, a test, and for simulated ones a rehearsal.

Keeps true: no page touches hardware; it reads the bench's snapshots and leaves orders for it. What only a
simulator can do is offered only for a simulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from devices import journal
from devices.ports import TICKET, desk_button
from hub.base import phrases
from hub.base.errors import Missing
from hub.desks import shell
from hub.desks.technician import came_out, cards, choosing, common, papers
from hub.post import health, jobs, orders
from hub.post.health import Snapshot

_PICTURES = {
    "printer": "printer",
    "panel": "bell",
    "speaker": "speaker",
    "sheets": "papers",
    "scanner": "camera",
    "reader": "qr",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One device as the page shows it; ``card`` is the stem of its fault card's phrases, or empty."""

    name: str
    kind: str
    simulated: bool
    picture: str
    state_key: str
    mood: str
    detail: str
    since: str
    last_job: int | None
    card: str
    order: tuple[str, str, str] | None
    faults: tuple[tuple[str, str], ...]
    buttons: tuple[tuple[str, str], ...]


def add_to(desk: Blueprint) -> None:
    """Put the devices' pages on ``desk``."""
    common.put(desk, "", home)
    common.put(desk, "/devices", devices)
    common.put(desk, "/devices/<device>/<action>", order, post=True)
    choosing.add_to(desk)
    came_out.add_to(desk)


def home() -> Any:
    """Lead to the devices."""
    return redirect(url_for("technician.devices"), 303)


def devices() -> Response:
    """Show every device, the papers that wait, and what came out of the simulated ones."""
    conn, house, moment = shell.conn(), shell.house(), shell.moment()
    snapshots = health.all(conn, moment)
    quiet = not snapshots or all(one.silent for one in snapshots)
    seen = tuple(_seen(one, quiet) for one in snapshots)
    open_jobs = tuple(papers.row(job) for job in (*jobs.asking(conn), *jobs.stuck(conn), *jobs.waiting(conn)))
    look, held = choosing.look(), choosing.held()
    simulated = frozenset(one.name for one in snapshots if one.simulated)
    out = came_out.all(house, simulated)

    def render() -> str:
        return shell.page(
            "technician/devices.html",
            devices=seen,
            quiet=quiet,
            jobs=open_jobs,
            last=tuple(papers.row(job) for job in jobs.latest(conn, papers.LATEST)),
            out=out,
            simulated=bool(simulated),
            look=look,
            held=held,
        )

    # Everything the page shows, so that a poll is answered by 304 until one of them moves.
    return common.polled(
        (seen, quiet, open_jobs, jobs.latest(conn, 1), out, look, tuple(held.items())), render
    )


def order(device: str, action: str) -> Any:
    """Leave an order for the bench."""
    try:
        asked = orders.Action(action)
    except ValueError as bad:
        raise Missing("devices.no_order") from bad
    value = shell.lang() if asked is orders.Action.TEST else request.form.get("value", "")[:40]
    return common.tried(
        lambda: orders.order(shell.conn(), device, asked, value, moment=shell.moment()),
        lambda _: shell.say(f"technician.ordered_{asked}", device=shell.say(f"devices.name_{device}")),
        "probe_slip" if asked is orders.Action.PROBE else "devices",
        anchor=_anchor(device, asked),
    )


def _anchor(device: str, asked: orders.Action) -> str | None:
    if asked is orders.Action.LOOK:
        return "look"
    return device if device in _PICTURES and asked is not orders.Action.PROBE else None


def _button(device: str, name: str) -> str:
    if device == "panel":
        if name == TICKET:
            return shell.say("technician.button_ticket")
        return shell.say("technician.button_desk", desk=name.removeprefix(desk_button("")))
    key = f"technician.lay_{name}"
    return shell.say(key) if phrases.has(key) else name


def _seen(one: Snapshot, quiet: bool) -> Seen:
    last = orders.latest(shell.conn(), one.name)
    buttons: tuple[tuple[str, str], ...] = ()
    faults: tuple[tuple[str, str], ...] = ()
    if one.simulated:
        faults = tuple((name, orders.fault_key(name)) for name in orders.FAULTS[one.name])
        found = journal.read(shell.house().simulated / f"{one.name}.json").get("buttons")
        names = [str(name) for name in found] if isinstance(found, list) else []
        buttons = tuple((name, _button(one.name, name)) for name in names)
    return Seen(
        name=one.name,
        kind=one.kind,
        simulated=one.simulated,
        picture=_PICTURES.get(one.name, "tools"),
        state_key=one.state_key,
        mood=cards.mood(one.state),
        detail=one.detail,
        since=common.when(one.since_at),
        last_job=one.last_job,
        card="" if quiet else cards.stem(one.name, one.state),
        order=(last.action, last.state_key, last.detail) if last else None,
        faults=faults,
        buttons=buttons,
    )
