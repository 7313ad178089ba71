"""Which device a technician chose at the page: it stands over the settings file until it is taken back.

Keeps true: a choice is a few fields of one device's settings, valid together with what the file says for the
rest; one that does not fit (any more) is left out with a word in the log, and the file's word holds. It never
changes the file, and never opens anything: the bench does, at once.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.base import clock as clocks
from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Missing, Refused
from hub.base.house import House
from hub.base.settings import Settings

_log = logging.getLogger(__name__)

TOPIC = "choices"
_MOST_FOUND = 40
DEVICES = ("printer", "panel", "speaker", "sheets", "scanner", "reader")


@dataclass(frozen=True, slots=True)
class Choice:
    """A standing choice; ``changes`` are fields of the device's settings, ``label`` is how the list named it."""

    device: str
    label: str
    changes: Mapping[str, Any]
    staff_name: str
    chosen_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A device that a look around saw, in the words of ``devices.found``."""

    device: str
    label: str
    changes: dict[str, Any]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A device of the last look around."""

    id: int
    device: str
    label: str
    changes: Mapping[str, Any]
    detail: str
    found_at: dt.datetime


def all(conn: sqlite3.Connection) -> dict[str, Choice]:
    """Return the standing choices by device."""
    rows = conn.execute("SELECT * FROM device_choices ORDER BY device")
    return {row["device"]: _choice(row) for row in rows}


def changes(standing: Mapping[str, Choice], device: str) -> Mapping[str, Any]:
    """Return what was chosen otherwise than in the file for one device; empty when nothing was."""
    return standing[device].changes if device in standing else {}


def choose(
    conn: sqlite3.Connection,
    settings: Settings,
    device: str,
    wanted: Mapping[str, Any],
    *,
    label: str,
    staff_name: str,
    moment: Moment,
    added: bool = False,
) -> None:
    """Have ``wanted`` stand over the file's word for this device; ``added`` keeps an earlier choice's other fields.

    ``settings`` are the file's own. Raises ``Missing("devices.no_device")``, ``Refused("devices.bad_choice")``
    for fields the device does not have or values that cannot work.
    """
    if device not in DEVICES:
        raise Missing("devices.no_device", device=device)
    with db.write(conn):
        before = all(conn).get(device) if added else None
        if before is not None:
            wanted = {**before.changes, **wanted}
            label = f"{before.label} · {label}"[:200]
        fitted(getattr(settings, device), wanted)
        conn.execute(
            "INSERT OR REPLACE INTO device_choices(device, label, changes, staff_name, chosen_at, trusted,"
            " boot_id, mono) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                device,
                label[:200],
                json.dumps(dict(wanted), ensure_ascii=False, sort_keys=True),
                staff_name,
                moment.text,
                moment.trusted,
                moment.boot_id,
                moment.mono,
            ),
        )
        db.touch(conn, TOPIC)
        db.touch(conn, "devices")


def forget(conn: sqlite3.Connection, device: str) -> bool:
    """Go back to the file's word; return whether there was a choice."""
    with db.write(conn):
        gone = conn.execute("DELETE FROM device_choices WHERE device = ?", (device,)).rowcount > 0
        if gone:
            db.touch(conn, TOPIC)
            db.touch(conn, "devices")
    return gone


def note_found(conn: sqlite3.Connection, device: str, seen: Sequence[Seen], *, moment: Moment) -> None:
    """Have these stand for what can be found of one kind of device, in place of what was found before."""
    with db.write(conn):
        conn.execute("DELETE FROM found_devices WHERE device = ?", (device,))
        conn.executemany(
            "INSERT INTO found_devices(device, label, changes, detail, found_at, trusted, boot_id, mono)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    device,
                    one.label[:200],
                    json.dumps(one.changes, ensure_ascii=False, sort_keys=True),
                    one.detail[:300],
                    moment.text,
                    moment.trusted,
                    moment.boot_id,
                    moment.mono,
                )
                for one in seen[:_MOST_FOUND]
                if one.device == device
            ],
        )
        db.touch(conn, "devices")


def found(conn: sqlite3.Connection) -> tuple[Found, ...]:
    """Return what the last look around found, by device."""
    rows = conn.execute("SELECT * FROM found_devices ORDER BY device, id")
    return tuple(
        Found(
            id=row["id"],
            device=row["device"],
            label=row["label"],
            changes=json.loads(row["changes"]),
            detail=row["detail"],
            found_at=clocks.parse(row["found_at"]),
        )
        for row in rows
    )


def take_found(
    conn: sqlite3.Connection, settings: Settings, found_id: int, *, staff_name: str, moment: Moment
) -> str:
    """Use a device that was found, and return the House's name for its kind.

    Raises ``Missing("devices.not_found")`` when a newer look around does not know it, and as ``choose``.
    """
    one = next((each for each in found(conn) if each.id == found_id), None)
    if one is None:
        raise Missing("devices.not_found")
    choose(conn, settings, one.device, one.changes, label=one.label, staff_name=staff_name, moment=moment)
    return one.device


def fitted(config: Any, wanted: Mapping[str, Any]) -> Any:
    """Return one device's settings with these fields changed; raises ``Refused("devices.bad_choice")``."""
    known = {field.name for field in dataclasses.fields(config)}
    strange = sorted(set(wanted) - known)
    if strange:
        raise Refused("devices.bad_choice", why=f"unknown field {strange[0]}")
    try:
        return msgspec.convert(msgspec.to_builtins(config) | dict(wanted), type(config), strict=True)
    except (msgspec.ValidationError, TypeError) as bad:
        raise Refused("devices.bad_choice", why=str(bad)) from bad


def holds(config: Any, wanted: Mapping[str, Any]) -> bool:
    """Return whether a device's settings say this already."""
    return bool(wanted) and not any(getattr(config, key, None) != value for key, value in wanted.items())


def effective(settings: Settings, standing: Mapping[str, Choice]) -> Settings:
    """Return the settings that hold: the file's, with every choice that fits over them."""
    for device, choice in standing.items():
        try:
            held = fitted(getattr(settings, device), choice.changes)
        except (Refused, AttributeError) as bad:
            _log.error("the choice of %s does not fit the settings file and is left out: %s", device, bad)
            continue
        settings = msgspec.structs.replace(settings, **{device: held})
    return settings


def applied(house: House, standing: Mapping[str, Choice]) -> House:
    """Return the House with the devices that were chosen; the very same when nothing was."""
    settings = effective(house.settings, standing)
    turned = [device for device in standing if getattr(settings, device) != getattr(house.settings, device)]
    if not turned:
        return house
    anew = house.ports.anew(settings)
    ports = dataclasses.replace(house.ports, **{device: getattr(anew, device) for device in turned})
    return dataclasses.replace(house, settings=settings, ports=ports)


def _choice(row: sqlite3.Row) -> Choice:
    return Choice(
        device=row["device"],
        label=row["label"],
        changes=json.loads(row["changes"]),
        staff_name=row["staff_name"],
        chosen_at=clocks.parse(row["chosen_at"]),
    )
