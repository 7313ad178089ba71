"""Every device: how it is, what to do when it is not well, a test, and for simulated ones a rehearsal.

Keeps true: no page touches hardware; it reads the bench's snapshots and leaves orders for it. What only a
simulator can do is offered only for a simulator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from devices import journal
from hub.base import clock as clocks
from hub.base.errors import Missing
from hub.desks import shell
from hub.desks.technician import common, papers
from hub.post import health, jobs, orders
from hub.post.health import Snapshot

_PICTURES = {"printer": "printer", "panel": "bell", "speaker": "speaker"}
# Cards of one device's own; any other bad state has a card for all devices.
_OWN_CARDS = frozenset(
    {
        "printer_no_paper",
        "printer_low_paper",
        "printer_cover_open",
        "printer_jammed",
        "printer_offline",
        "panel_offline",
        "speaker_offline",
    }
)
_CARDS = frozenset({"busy", "unsupported", "broken", "hangs", "offline"})
_LAST_PAPERS, _LAST_SOUNDS = 6, 8


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
    buttons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """Something that was heard: a file of the loudspeaker or a pattern of the buzzer."""

    what: str
    length: str
    at: str


def add_to(desk: Blueprint) -> None:
    """Put the devices' pages on ``desk``."""
    common.put(desk, "", home)
    common.put(desk, "/devices", devices)
    common.put(desk, "/devices/<device>/<action>", order, post=True)
    common.put(desk, "/devices/papers/<int:number>.png", paper_picture)


def home() -> Any:
    """Lead to the devices."""
    return redirect(url_for("technician.devices"), 303)


def devices() -> Response:
    """Show every device, the papers that wait, and what came out of the simulated ones."""
    conn, house, moment = shell.conn(), shell.house(), shell.moment()
    snapshots = health.all(conn, moment)
    quiet = not snapshots or all(_quiet(one) for one in snapshots)
    seen = tuple(_seen(one, quiet) for one in snapshots)
    open_jobs = tuple(papers.row(job) for job in (*jobs.asking(conn), *jobs.stuck(conn), *jobs.waiting(conn)))
    told = {name: journal.read(house.simulated / f"{name}.json") for name in ("printer", "panel", "speaker")}
    simulated = {one.name for one in snapshots if one.simulated}
    out = _papers(told["printer"]) if "printer" in simulated else ()
    heard = _heard(told["speaker"]) if "speaker" in simulated else ()
    buzzed = _buzzed(told["panel"]) if "panel" in simulated else ()

    def render() -> str:
        return shell.page(
            "technician/devices.html",
            devices=seen,
            quiet=quiet,
            jobs=open_jobs,
            last=tuple(papers.row(job) for job in jobs.latest(conn, papers.LATEST)),
            papers=out,
            heard=heard,
            buzzed=buzzed,
            simulated=bool(simulated),
        )

    # Everything the page shows, so that a poll is answered by 304 until one of them moves.
    return common.polled((seen, quiet, open_jobs, jobs.latest(conn, 1), out, heard, buzzed), render)


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
        "devices",
        anchor=device if device in _PICTURES else None,
    )


def paper_picture(number: int) -> Response:
    """Give one paper of the simulated printer as a picture."""
    try:
        picture = (shell.house().simulated / f"paper-{number:06}.png").read_bytes()
    except FileNotFoundError as bad:
        raise Missing("technician.no_paper", number=number) from bad
    return Response(picture, mimetype="image/png", headers={"Cache-Control": "no-store"})


def _quiet(one: Snapshot) -> bool:
    # The bench renews its word every few seconds; a snapshot that was not renewed carries no detail.
    return one.state == "unknown" and one.since_at == one.seen_at and not one.detail


def _seen(one: Snapshot, quiet: bool) -> Seen:
    last = orders.latest(shell.conn(), one.name)
    button_names: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()
    if one.simulated:
        faults = tuple((name, orders.fault_key(name)) for name in orders.FAULTS[one.name])
        if one.name == "panel":
            found = journal.read(shell.house().simulated / "panel.json").get("buttons")
            button_names = tuple(str(name) for name in found) if isinstance(found, list) else ()
    return Seen(
        name=one.name,
        kind=one.kind,
        simulated=one.simulated,
        picture=_PICTURES.get(one.name, "tools"),
        state_key=one.state_key,
        mood=_mood(one.state),
        detail=one.detail,
        since=common.when(one.since_at),
        last_job=one.last_job,
        card="" if quiet else _card(one),
        order=(last.action, last.state_key, last.detail) if last else None,
        faults=faults,
        buttons=button_names,
    )


def _card(one: Snapshot) -> str:
    own = f"{one.name}_{one.state}"
    return own if own in _OWN_CARDS else one.state if one.state in _CARDS else ""


def _mood(state: str) -> str:
    return {"ready": "good", "unknown": "plain", "busy": "wait", "low_paper": "wait"}.get(state, "bad")


def _papers(told: Mapping[str, object]) -> tuple[tuple[int, str, bool, str], ...]:
    found = []
    for entry in journal.entries(dict(told), "papers")[-_LAST_PAPERS:]:
        number = entry.get("number")
        if isinstance(number, int):
            text = str(entry.get("text", ""))
            found.append((number, _time(entry.get("printed_at")), bool(entry.get("whole")), text))
    return tuple(reversed(found))


def _heard(told: Mapping[str, object]) -> tuple[Sound, ...]:
    last = journal.entries(dict(told), "played")[-_LAST_SOUNDS:]
    return tuple(
        Sound(str(entry.get("sound", "")), f"{entry.get('ms', 0)} ms", _time(entry.get("played_at")))
        for entry in reversed(last)
    )


def _buzzed(told: Mapping[str, object]) -> tuple[Sound, ...]:
    last = journal.entries(dict(told), "buzzes")[-_LAST_SOUNDS:]
    return tuple(
        Sound(
            "", " · ".join(str(part) for part in _parts(entry.get("pattern"))), _time(entry.get("buzzed_at"))
        )
        for entry in reversed(last)
    )


def _parts(pattern: object) -> list[object]:
    return list(pattern) if isinstance(pattern, list) else []


def _time(told: object) -> str:
    try:
        return common.when(clocks.parse(str(told)))
    except ValueError:
        return "–"
