"""Choose a device that was found, go back to the settings file, and point at a line of the probe slip.

Keeps true: a choice is written down and the bench opens the device anew; the page opens nothing. What the
settings file says is never changed from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request

from devices import probe
from devices.ports import DeviceError
from hub.base.errors import Missing, Refused
from hub.desks import guard, shell
from hub.desks.technician import common
from hub.post import choices, health, orders


@dataclass(frozen=True, slots=True)
class Offer:
    """A device that was found, as the list shows it; ``used`` when it is the one that holds now."""

    id: int
    device_key: str
    label: str
    detail: str
    used: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A standing choice, as a device's card shows it."""

    label: str
    name: str
    at: str


@dataclass(frozen=True, slots=True)
class Look:
    """The last look around: the list, how it went, and which kinds could not be looked for."""

    offers: tuple[Offer, ...]
    state_key: str
    missed: tuple[str, ...]
    done: bool


def add_to(desk: Blueprint) -> None:
    """Put the choosing of devices on ``desk``."""
    common.put(desk, "/devices/found/<int:number>", take_found, post=True)
    common.put(desk, "/devices/<device>/back", file_again, post=True)
    common.put(desk, "/devices/probe", probe_slip)
    common.put(desk, "/devices/probe/line", probe_line, post=True)


def look() -> Look:
    """Return what the last look around found."""
    conn = shell.conn()
    settings = choices.effective(shell.house().settings, choices.all(conn))
    last = orders.latest(conn, orders.BENCH)
    offers = tuple(
        Offer(
            one.id,
            f"devices.name_{one.device}",
            one.label,
            one.detail,
            choices.holds(getattr(settings, one.device), one.changes),
        )
        for one in choices.found(conn)
        if one.device in choices.DEVICES
    )
    missed = tuple(last.detail.split(", ")) if last and last.detail else ()
    return Look(
        offers,
        last.state_key if last else "",
        tuple(shell.say(f"devices.name_{kind}") for kind in missed if kind in choices.DEVICES),
        last is not None and last.state is not orders.State.OPEN,
    )


def held() -> dict[str, Held]:
    """Return the standing choices by device."""
    found = choices.all(shell.conn())
    return {name: Held(one.label, one.staff_name, common.when(one.chosen_at)) for name, one in found.items()}


def take_found(number: int) -> Any:
    """Use a device that was found."""
    return common.tried(
        lambda: choices.take_found(
            shell.conn(), shell.house().settings, number, staff_name=_name(), moment=shell.moment()
        ),
        lambda device: shell.say("technician.chosen_done", device=shell.say(f"devices.name_{device}")),
        "devices",
    )


def file_again(device: str) -> Any:
    """Let the settings file hold again for one device."""
    if device not in choices.DEVICES:
        raise Missing("devices.no_device", device=device)
    return common.tried(
        lambda: choices.forget(shell.conn(), device),
        lambda _: shell.say("technician.chosen_gone", device=shell.say(f"devices.name_{device}")),
        "devices",
        anchor=device,
    )


def probe_slip() -> str:
    """Show the numbers of the probe slip's lines."""
    conn = shell.conn()
    printer = choices.effective(shell.house().settings, choices.all(conn)).printer
    last = orders.latest(conn, "printer")
    told = health.one(conn, "printer", shell.moment())
    trials = probe.lines(printer)
    return shell.page(
        "technician/probe.html",
        rulers=tuple(trial.number for trial in trials if trial.ruler is not None),
        trials=tuple(trial.number for trial in trials if trial.ruler is None),
        order=last.state_key if last and last.action is orders.Action.PROBE else "",
        printer=told,
    )


def probe_line() -> Any:
    """Have slips come as the line that the technician points at."""
    settings, conn = shell.house().settings, shell.conn()

    def choose() -> int:
        number = _number(request.form.get("value", ""))
        try:
            wanted = probe.chosen(choices.effective(settings, choices.all(conn)).printer, number)
        except DeviceError as bad:
            raise Refused("devices.no_sense") from bad
        label = shell.say("technician.probe_line", number=number)
        choices.choose(
            conn,
            settings,
            "printer",
            wanted,
            label=label,
            staff_name=_name(),
            moment=shell.moment(),
            added=True,
        )
        return number

    return common.tried(
        choose, lambda number: shell.say("technician.probe_done", number=number), "devices", anchor="printer"
    )


def _number(written: str) -> int:
    if not written.isascii() or not written.isdigit() or len(written) > 3:
        raise Refused("devices.no_sense")
    return int(written)


def _name() -> str:
    return guard.who().staff.name
