"""``hub privacy``: the register of processing, for whoever asks to see it."""

from __future__ import annotations

import click

from hub.cli.main import Context


@click.group()
def privacy() -> None:
    """Show what this House processes of people."""


@privacy.command()
@click.option("--csv", "as_csv", is_flag=True, help="As a table for a spreadsheet.")
@click.pass_obj
def register(ctx: Context, as_csv: bool) -> None:
    """Print the register of processing with the days of the settings in force.

    Example: hub privacy register --csv
    """
    from hub.trades.privacy import register as told

    settings = ctx.settings()
    click.echo(told.as_csv(settings, ctx.lang) if as_csv else told.as_text(settings, ctx.lang), nl=False)
