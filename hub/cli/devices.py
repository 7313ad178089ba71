"""``hub devices``: what is attached and how it is."""

from __future__ import annotations

import sys

import click

from hub.base.house import House
from hub.cli.main import Context


@click.group()
def devices() -> None:
    """List, probe and test the devices."""


@devices.command("list")
@click.pass_obj
def listing(ctx: Context) -> None:
    """Show what the bench last saw of each device; exit code 1 when one is not ready.

    Example: hub devices list
    """
    from hub.post import health

    house = ctx.house()
    conn = house.connect()
    try:
        seen = health.all(conn, house.clock.read())
    finally:
        conn.close()
    for one in seen:
        mark = " (simulated)" if one.simulated else ""
        click.echo(f"{one.name}\t{one.kind}{mark}\t{one.state}\t{one.detail}")
    if not seen:
        click.echo(ctx.say("care.no_bench"), err=True)
    sys.exit(0 if seen and all(one.state == "ready" for one in seen) else 1)


@devices.command()
@click.pass_obj
def probe(ctx: Context) -> None:
    """Open each device as the settings name it and ask how it is, while the bench does not run.

    Example: hub devices probe
    """
    from hub.base.locks import OwnerLock

    house = ctx.house()
    with OwnerLock(house.data, "bench"):
        well = [_probe(name, house) for name in ("printer", "panel", "speaker")]
    sys.exit(0 if all(well) else 1)


def _probe(name: str, house: House) -> bool:
    port = getattr(house.ports, name)()
    try:
        status = port.status()
    finally:
        port.close()
    click.echo(f"{name}\t{getattr(house.settings, name).kind}\t{status.state}\t{status.detail}")
    return str(status.state) == "ready"


@devices.command()
@click.argument("name", type=click.Choice(["printer", "panel", "speaker"]))
@click.option("--fault", help="Simulated devices only: paper_out, cable, cover, jam, slow.")
@click.option("--mend", is_flag=True, help="Simulated devices only: take every fault away.")
@click.pass_obj
def test(ctx: Context, name: str, fault: str | None, mend: bool) -> None:
    """Ask the bench for a test slip, a buzz or a chime; or rehearse a fault on a simulated device.

    Example: hub devices test printer --fault paper_out
    """
    from hub.post import orders

    if fault and mend:
        raise click.UsageError("--fault and --mend exclude each other")
    house = ctx.house()
    conn = house.connect()
    try:
        action = orders.Action.FAULT if fault else orders.Action.MEND if mend else orders.Action.TEST
        orders.order(conn, name, action, fault or "", moment=house.clock.read())
    finally:
        conn.close()
    click.echo(ctx.say("care.ordered"))
