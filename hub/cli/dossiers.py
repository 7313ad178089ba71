"""``hub dossiers``: what waits and what was sent; nothing of any person."""

from __future__ import annotations

import click

from hub.cli.main import Context


@click.group()
def dossiers() -> None:
    """Look at sealed dossiers."""


@dossiers.command("list")
@click.pass_obj
def listing(ctx: Context) -> None:
    """List sealed dossiers: follow code, form, state, reason.

    Example: hub dossiers list
    """
    from hub.post import outbox

    conn = ctx.house().connect()
    try:
        for one in outbox.listing(conn):
            reason = ctx.say(one.reason_key) if one.reason_key else ""
            click.echo(f"{one.follow_code}\t{one.form_id}\t{one.state}\t{reason}")
    finally:
        conn.close()
