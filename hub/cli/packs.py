"""``hub packs``: content in and out of its place."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.main import Context


@click.group()
def packs() -> None:
    """List, verify, install and roll back content packs."""


@packs.command("list")
@click.pass_obj
def listing(ctx: Context) -> None:
    """List the active packs.

    Example: hub packs list
    """
    from hub.packs import install

    for one in install.installed(ctx.house().packs):
        click.echo(f"{one.name}\t{one.version}\t{one.id}")


@packs.command()
@click.argument("name", default="core")
@click.pass_obj
def verify(ctx: Context, name: str) -> None:
    """Compare every file of the active pack with its list of hashes.

    Example: hub packs verify core
    """
    from hub.packs import install

    click.echo(install.check(ctx.house().packs, name).id)


@packs.command("install")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--unsealed", is_flag=True, help="Take an author's folder that has no list of hashes yet.")
@click.pass_obj
def install_pack(ctx: Context, folder: Path, unsealed: bool) -> None:
    """Check the pack in FOLDER and make it the active one.

    Example: hub packs install /media/stick/core
    """
    from hub.wiring import content

    done = content.put(ctx.house(), folder, unsealed=unsealed)
    click.echo(f"{done.name}\t{done.version}\t{done.id}")


@packs.command()
@click.argument("name", default="core")
@click.pass_obj
def rollback(ctx: Context, name: str) -> None:
    """Go back to the pack that was active before.

    Example: hub packs rollback core
    """
    from hub.wiring import content

    done = content.back(ctx.house(), name)
    click.echo(f"{done.name}\t{done.version}\t{done.id}")
