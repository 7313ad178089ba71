"""``hub devices``: what is attached and how it is."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass

import click

from hub.base.house import House
from hub.cli.main import Context

_NAMES = ("printer", "panel", "speaker", "sheets", "scanner", "reader")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@dataclass(frozen=True)
class _Line:
    """One device as both commands print it; ``chosen`` is empty where the settings file holds."""

    name: str
    kind: str
    state: str
    detail: str
    well: bool
    chosen: str
    since: str = ""
    last_job: int | None = None


@click.group()
def devices() -> None:
    """List, probe and test the devices."""


@devices.command("list")
@_AS_JSON
@click.pass_obj
def listing(ctx: Context, as_json: bool) -> None:
    """Show what the bench last saw of each device; exit code 1 when one is not ready.

    Example: hub devices list --json
    """
    from hub.base import clock
    from hub.post import choices, health

    house = ctx.house()
    with closing(house.connect()) as conn:
        seen = health.all(conn, house.clock.read())
        standing = choices.all(conn)
    lines = [
        _Line(
            one.name,
            one.kind,
            one.state,
            one.detail,
            one.well,
            standing[one.name].label if one.name in standing else "",
            clock.stamp(one.since_at),
            one.last_job,
        )
        for one in seen
    ]
    if not seen:
        click.echo(ctx.say("care.no_bench"), err=True)
    _show(ctx, lines, as_json)


@devices.command()
@_AS_JSON
@click.pass_obj
def probe(ctx: Context, as_json: bool) -> None:
    """Open each device as it was chosen and ask how it is, while the bench does not run.

    Example: hub devices probe
    """
    from hub.base.locks import OwnerLock
    from hub.post import choices

    house = ctx.house()
    with OwnerLock(house.data, "bench"), closing(house.connect()) as conn:
        standing = choices.all(conn)
        held = choices.applied(house, standing)
        lines = [
            _probe(name, held, standing[name].label if name in standing else "")
            for name in _NAMES
            if getattr(held.settings, name).kind != "none"
        ]
    _show(ctx, lines, as_json)


def _probe(name: str, house: House, chosen: str) -> _Line:
    from devices.ports import State

    port = getattr(house.ports, name)()
    try:
        status = port.status()
    finally:
        port.close()
    well = status.state in (State.READY, State.NO_DOCUMENT)
    kind = str(getattr(house.settings, name).kind)
    return _Line(name, kind, str(status.state), status.detail, well, chosen)


def _show(ctx: Context, lines: list[_Line], as_json: bool) -> None:
    if as_json:
        told = [{key: getattr(line, key) for key in line.__dataclass_fields__} for line in lines]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        for line in lines:
            mark = " (simulated)" if line.kind == "simulator" else ""
            holds = (
                ctx.say("care.holds_choice", label=line.chosen) if line.chosen else ctx.say("care.holds_file")
            )
            click.echo(f"{line.name}\t{line.kind}{mark}\t{line.state}\t{line.detail}\t{holds}")
    sys.exit(0 if lines and all(line.well for line in lines) else 1)


@devices.command()
@click.argument("name", type=click.Choice(_NAMES))
@click.option(
    "--fault", help="Practice devices only: such as paper_out, cable, cover, jam, busy, ink, hangs."
)
@click.option("--mend", is_flag=True, help="Practice devices only: take every fault away.")
@click.pass_obj
def test(ctx: Context, name: str, fault: str | None, mend: bool) -> None:
    """Ask the bench to test a device as real work would; or rehearse a fault on a practice device.

    Example: hub devices test printer --fault paper_out
    """
    from hub.post import orders

    if fault and mend:
        raise click.UsageError("--fault and --mend exclude each other")
    house = ctx.house()
    action = orders.Action.FAULT if fault else orders.Action.MEND if mend else orders.Action.TEST
    conn: sqlite3.Connection
    with closing(house.connect()) as conn:
        orders.order(conn, name, action, fault or "", moment=house.clock.read())
    click.echo(ctx.say("care.ordered"))
