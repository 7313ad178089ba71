"""``hub migrate|backup``: looking after the box."""

from __future__ import annotations

import click

from hub.base import migrate as migrations
from hub.cli.main import Context


@click.command()
@click.pass_obj
def migrate(ctx: Context) -> None:
    """Bring the database to this version's shape.

    Example: hub migrate
    """
    house = ctx.house()
    conn = house.connect()
    try:
        click.echo(ctx.say("care.migrated", number=migrations.present(conn)))
    finally:
        conn.close()


@click.command()
@click.pass_obj
def backup(ctx: Context) -> None:
    """Copy the database into the backup folder now.

    Example: hub backup
    """
    from hub.base import backups

    click.echo(str(backups.make(ctx.house())))
