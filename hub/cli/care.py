"""``hub migrate|doctor|backup``: looking after the box."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict, dataclass

import click

from hub.base import db
from hub.base import migrate as migrations
from hub.base.errors import HubError
from hub.base.house import House
from hub.cli.main import Context

_LEAST_FREE = 500 * 1024 * 1024


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


@dataclass(frozen=True)
class _Finding:
    name: str
    well: bool
    told: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def doctor(ctx: Context, as_json: bool) -> None:
    """Examine this House and say what is not well; exit code 1 when something is not.

    Example: hub doctor --json
    """
    house = ctx.house()
    findings = [
        _database(ctx, house),
        _disk(house),
        _clock(house),
        _content(ctx, house),
        _figures(ctx, house),
        _access(ctx, house),
        *_devices(ctx, house),
    ]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            click.echo(f"{'✔' if finding.well else '✘'} {finding.name}: {finding.told}")
    sys.exit(0 if all(finding.well for finding in findings) else 1)


def _database(ctx: Context, house: House) -> _Finding:
    try:
        with closing(house.connect()) as conn:
            told = str(conn.execute("PRAGMA quick_check").fetchone()[0])
    except sqlite3.Error as bad:
        return _bad(ctx, "database", db.told(bad))
    return _Finding("database", told == "ok", told)


def _bad(ctx: Context, name: str, bad: HubError) -> _Finding:
    return _Finding(name, False, ctx.say(bad.key, **bad.values))


def _disk(house: House) -> _Finding:
    free = shutil.disk_usage(house.data).free
    return _Finding("disk", free > _LEAST_FREE and os.access(house.data, os.W_OK), f"{free // 1_048_576} MiB")


def _clock(house: House) -> _Finding:
    now = house.clock.read()
    return _Finding("clock", now.trusted, now.text)


def _content(ctx: Context, house: House) -> _Finding:
    from hub.packs import shelf

    try:
        return _Finding("content", True, shelf.current(house.packs).id)
    except HubError as bad:
        return _bad(ctx, "content", bad)


def _figures(ctx: Context, house: House) -> _Finding:
    from hub.trades.procedures import figures

    try:
        with closing(house.connect()) as conn:
            return _Finding("figures", True, str(figures.verify(conn)))
    except HubError as bad:
        return _bad(ctx, "figures", bad)
    except sqlite3.Error as bad:
        return _bad(ctx, "figures", db.told(bad))


def _access(ctx: Context, house: House) -> _Finding:
    from hub.overview import access

    try:
        with closing(house.connect()) as conn:
            return _Finding("access log", True, str(access.verify(conn)))
    except HubError as bad:
        return _bad(ctx, "access log", bad)
    except sqlite3.Error as bad:
        return _bad(ctx, "access log", db.told(bad))


def _devices(ctx: Context, house: House) -> list[_Finding]:
    from hub.post import health

    try:
        with closing(house.connect()) as conn:
            seen = health.all(conn, house.clock.read())
    except sqlite3.Error as bad:
        return [_bad(ctx, "devices", db.told(bad))]
    if not seen:
        return [_Finding("devices", False, ctx.say("care.no_bench"))]
    return [
        _Finding(f"{one.name} ({one.kind})", one.state == "ready", f"{one.state} {one.detail}".strip())
        for one in seen
    ]
