"""``hub staff``: who may sign in."""

from __future__ import annotations

import click

from hub.base import db, text
from hub.cli.main import Context


@click.group()
def staff() -> None:
    """Add, reset and list those who may sign in."""


@staff.command()
@click.argument("name")
@click.option("--role", type=click.Choice(["guide", "technician"]), required=True)
@click.option("--secret", prompt=True, hide_input=True, confirmation_prompt=True, help="PIN or password.")
@click.option("--recovery", help="The recovery code, needed for every guide after the first.")
@click.pass_obj
def add(ctx: Context, name: str, role: str, secret: str, recovery: str | None) -> None:
    """Add somebody; the first guide's recovery code is shown once: write it down and lock it away.

    Example: hub staff add "Lý A Mẫu" --role guide
    """
    from hub.trades.staff import service
    from hub.trades.staff.model import Recovery, Role

    house = ctx.house()
    moment = house.clock.read()
    conn = house.connect()
    try:
        key, code = None, None
        if role == Role.GUIDE and service.has_house_key(conn):
            asked = recovery or click.prompt(ctx.say("care.ask_recovery"), hide_input=True)
            key = service.unlock(conn, Recovery(asked), moment=moment, where="shell")
        # The first guide and the key are made together: a key whose code nobody saw would be lost.
        with db.write(conn):
            if role == Role.GUIDE and key is None:
                key, code = service.found_house_key(conn)
            added = service.add(conn, name, Role(role), secret, moment=moment, house_key=key)
    finally:
        conn.close()
    click.echo(ctx.say("care.added", name=added.name))
    if code is not None:
        click.echo(ctx.say("care.recovery_once", code=code))


@staff.command()
@click.argument("name")
@click.option(
    "--secret", prompt=True, hide_input=True, confirmation_prompt=True, help="The new PIN or password."
)
@click.option("--recovery", help="The recovery code, needed for a guide.")
@click.pass_obj
def reset(ctx: Context, name: str, secret: str, recovery: str | None) -> None:
    """Give somebody a new PIN or password.

    Example: hub staff reset "Lý A Mẫu"
    """
    from hub.trades.staff import service
    from hub.trades.staff.model import Recovery, Role

    house = ctx.house()
    conn = house.connect()
    try:
        known = {text.fold(one.name): one.role for one in service.listing(conn)}
        unlock_by = None
        if known.get(text.fold(name)) is Role.GUIDE:
            unlock_by = Recovery(recovery or click.prompt(ctx.say("care.ask_recovery"), hide_input=True))
        done = service.reset(
            conn, name, secret, unlock_by=unlock_by, moment=house.clock.read(), where="shell"
        )
    finally:
        conn.close()
    click.echo(ctx.say("care.was_reset", name=done.name))


@staff.command()
@click.argument("name")
@click.option("--secret", prompt=True, hide_input=True, help="This guide's PIN or password.")
@click.pass_obj
def recovery(ctx: Context, name: str, secret: str) -> None:
    """Make a new recovery code with a guide's secret; it is shown once, and the old one is dead.

    Example: hub staff recovery "Lý A Mẫu"
    """
    from hub.trades.staff import service
    from hub.trades.staff.model import Colleague

    house = ctx.house()
    moment = house.clock.read()
    conn = house.connect()
    try:
        key = service.unlock(conn, Colleague(name, secret), moment=moment, where="shell")
        code = service.renew_recovery(conn, key, by=None, moment=moment, where="shell")
    finally:
        conn.close()
    click.echo(ctx.say("care.recovery_once", code=code))


@staff.command("list")
@click.pass_obj
def listing(ctx: Context) -> None:
    """List who may sign in.

    Example: hub staff list
    """
    from hub.trades.staff import service

    conn = ctx.house().connect()
    try:
        for one in service.listing(conn):
            click.echo(f"{one.role}\t{one.name}")
    finally:
        conn.close()
