"""``hub packs``: content in and out of its place."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

import click

from hub.cli import publishing
from hub.cli.main import Context

_PR_SET_PDEATHSIG = 1


@click.group()
def packs() -> None:
    """List, verify, install and roll back content packs; fetch them, and publish them for others."""


for _one in publishing.COMMANDS:
    packs.add_command(_one)


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


@packs.command()
@click.option(
    "--from",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A repository on a stick.",
)
@click.option("--look", is_flag=True, help="Only look what is offered; fetch nothing.")
@click.option("--for-relay", is_flag=True, hidden=True)
@click.pass_obj
def update(ctx: Context, folder: Path | None, look: bool, for_relay: bool) -> None:
    """Ask the publisher what is new, fetch what is missing, put it in place whole.

    Example: hub packs update --from /media/stick
    """
    from hub.wiring import updates

    if for_relay:
        _end_with_parent()
    for one in updates.update(ctx.house(), folder=folder, look_only=look):
        click.echo(f"{one.name}\t{one.version}\t{one.state}\t{one.fetched}/{one.to_fetch}")


@packs.command()
@click.argument("root", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--fingerprint", help="What the publisher told you; without it you are asked to compare.")
@click.pass_obj
def trust(ctx: Context, root: Path, fingerprint: str | None) -> None:
    """Trust the publisher whose root file is ROOT, from now on and nobody else.

    Example: hub packs trust /media/stick/metadata/1.root.json
    """
    from hub.packs import index
    from hub.wiring import updates

    # Read once: a stick may answer differently the second time.
    data = root.read_bytes()
    told = index.fingerprint(data)
    if fingerprint is None:
        click.confirm(ctx.say("packs.trust_ask", fingerprint=told), abort=True)
    elif "".join(fingerprint.split()).lower() != told.replace(" ", ""):
        click.echo(ctx.say("packs.trust_other", fingerprint=told), err=True)
        sys.exit(1)
    click.echo(ctx.say("packs.trust_done", fingerprint=updates.believe(ctx.house(), data)))


def _end_with_parent() -> None:
    # A relay that is killed must not leave somebody behind who goes on using the line.
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(143)
