"""``hub speech``: the House's voice."""

from __future__ import annotations

import click

from hub.cli.main import Context


@click.group()
def speech() -> None:
    """Make the sound of what pages say."""


@speech.command()
@click.pass_obj
def build(ctx: Context) -> None:
    """Read all calls, lessons and scams ahead of time; what is there is kept.

    Example: hub speech build
    """
    from hub.wiring import opening

    opening.speak(ctx.house(), tell=click.echo, lang=ctx.lang)
