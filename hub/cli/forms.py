"""``hub forms``: the procedures' forms."""

from __future__ import annotations

import click

from hub.cli.main import Context


@click.group()
def forms() -> None:
    """Look at the forms of the active content."""


@forms.command("list")
@click.pass_obj
def listing(ctx: Context) -> None:
    """List the active forms: procedure, form id, version, title.

    Example: hub forms list
    """
    from hub.forms import xform
    from hub.wiring import content

    for slug, xml in content.forms(ctx.house()):
        form = xform.read(xml)
        click.echo(f"{slug}\t{form.form_id}\t{form.version}\t{form.title}")
