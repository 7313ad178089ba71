"""``hub stick``: what waits goes by hand on a stick, and the office's answer comes back on it."""

from __future__ import annotations

import re
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.main import Context

if TYPE_CHECKING:
    from hub.post.stick_words import Heard

_UNITS = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3}


def _bytes(_ctx: click.Context, _param: click.Parameter, typed: str) -> int:
    from hub.post import stick
    from hub.post.transports import stick as sticks

    match = re.fullmatch(r"([0-9]{1,10}(?:\.[0-9]{1,3})?)\s*([KMG]?B?)", typed.strip().upper())
    if match is None:
        raise click.BadParameter("a size is a number and kB, MB or GB, as in 64MB")
    unit = match[2] if match[2] in _UNITS else f"{match[2]}B"
    count = int(float(match[1]) * _UNITS[unit])
    if not stick.SMALLEST <= count <= sticks.MOST_FILE:
        raise click.BadParameter(f"from {stick.SMALLEST} to {sticks.MOST_FILE} bytes")
    return count


@click.group()
def stick() -> None:
    """Carry by hand what waits for the office, and bring back its answer."""


@stick.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--size", callback=_bytes, default="64MB", show_default=True, help="What one file weighs at most."
)
@click.option("--again", is_flag=True, help="Also what lies with the office already: its machine was lost.")
@click.pass_obj
def write(ctx: Context, folder: Path, size: int, again: bool) -> None:
    """Write what waits into FOLDER, a stick, in files of which each stands alone.

    Example: hub stick write /media/stick --size 64MB
    """
    from hub.base import identity
    from hub.post import stick as service

    house = ctx.house()
    with closing(house.connect()) as conn:
        done = service.write(
            conn, identity.read_or_make(house.keys), house.clock, folder, limit=size, again=again
        )
    for name in done.files:
        click.echo(name)
    click.echo(ctx.say("stick.written", files=len(done.files), parcels=done.parcels))
    if done.damaged:
        click.echo(ctx.say("stick.damaged_here", count=done.damaged), err=True)
    if done.left:
        click.echo(ctx.say("stick.left_next", left=done.left), err=True)
        if done.reason_key:
            click.echo(ctx.say(done.reason_key, folder=folder, why=""), err=True)
    sys.exit(1 if done.left or done.damaged else 0)


@stick.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_obj
def read(ctx: Context, folder: Path) -> None:
    """Take in the office's answers that lie in FOLDER, and close what its server has.

    Example: hub stick read /media/stick
    """
    from hub.overview import by_hand

    house = ctx.house()
    with closing(house.connect()) as conn:
        heard, before, bad_ones = by_hand.hear_all(conn, folder, house.keys, house.clock)
    if heard.words:
        for line in _told(ctx, heard):
            click.echo(line)
    elif not (before or bad_ones):
        click.echo(ctx.say("stick.answers_none", folder=folder))
    if before:
        click.echo(ctx.say("stick.answers_known", count=before))
    for name, bad in bad_ones:
        click.echo(f"{name}: {ctx.say(bad.key, **bad.values)}", err=True)
    sys.exit(1 if bad_ones else 0)


def _told(ctx: Context, heard: Heard) -> list[str]:
    lines = [ctx.say("stick.heard_closed", count=heard.closed)]
    for key in ("taken", "held", "gone", "other"):
        if count := getattr(heard, key):
            lines.append(ctx.say(f"stick.heard_{key}", count=count))
    return lines


@stick.command("list")
@click.pass_obj
def listing(ctx: Context) -> None:
    """List what waits to be carried and the latest files: name, parcels, unanswered ones.

    Example: hub stick list
    """
    from hub.base.clock import VILLAGE
    from hub.post import stick_ledger

    with closing(ctx.house().connect()) as conn:
        office = stick_ledger.office(conn)
        count, size, _ = stick_ledger.waiting_count(conn, office.id if office else None)
        click.echo(ctx.say("stick.waiting", count=count, megabytes=f"{size / 1e6:.1f}"))
        for one in stick_ledger.parts(conn, 50):
            at = one.begun_at.astimezone(VILLAGE).strftime("%d/%m/%Y %H:%M")
            click.echo(f"{one.name}\t{at}\t{one.parcels}\t{one.unanswered}")


@stick.command()
@click.pass_obj
def keys(ctx: Context) -> None:
    """Show this House's public key and fingerprint, and those of the office that was confirmed.

    Example: hub stick keys
    """
    from hub.base import identity
    from hub.post import stick_ledger

    house = ctx.house()
    public = identity.read_or_make(house.keys).public
    click.echo(f"{ctx.say('stick.this_house')}\t{public.fingerprint}\n{public.line}")
    with closing(house.connect()) as conn:
        office = stick_ledger.office(conn)
    if office is None:
        click.echo(ctx.say("stick.no_office"))
    else:
        click.echo(f"{ctx.say('stick.the_office')}\t{office.public.fingerprint}\n{office.public.line}")


@stick.command()
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask: the fingerprint was compared.")
@click.pass_obj
def trust(ctx: Context, key: str, yes: bool) -> None:
    """Confirm the office's stick KEY (its line, or a file with it) after its fingerprint was compared.

    Example: hub stick trust /media/stick/OFFICE.PUB
    """
    from hub.base import identity
    from hub.post import stick as service

    line = key_line(key)
    public = identity.read(line, "office")
    click.echo(ctx.say("stick.fingerprint", fingerprint=public.fingerprint))
    if not yes:
        click.confirm(ctx.say("stick.same_fingerprint"), abort=True)
    house = ctx.house()
    with closing(house.connect()) as conn:
        service.confirm_office(conn, line, staff=None, moment=house.clock.read())
    click.echo(ctx.say("stick.office_confirmed"))


def key_line(given: str) -> str:
    """Return the key's line: as given, or the first line of the file of that name."""
    path = Path(given)
    try:
        if path.is_file():
            with path.open(encoding="ascii", errors="replace") as file:
                return file.readline(1000).strip()
    except OSError:
        pass
    return given
