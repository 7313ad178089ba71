"""``hub doctor``: examines the House, and says for whatever is not well the one thing to do."""

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
from hub.base.errors import HubError
from hub.base.house import House
from hub.cli.main import Context

_LEAST_FREE = 500 * 1024 * 1024
_MENDED_BY_HAND = (
    *("relay.portal", "relay.redirected", "relay.token_refused", "relay.token_missing", "relay.token_bad"),
    *("relay.bad_address", "relay.needs_https", "base.secret_open"),
)
# Reasons are kept without their values.
_UNKNOWN_VALUES = {"url": "…", "path": "…", "name": "…"}


@dataclass(frozen=True)
class _Finding:
    """``told`` is what was seen, ``todo`` the one thing to do; empty when all is well."""

    name: str
    well: bool
    told: str
    todo: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def doctor(ctx: Context, as_json: bool) -> None:
    """Examine this House and its devices, and say for what is not well the one thing to do; exit code 1 then.

    Example: hub doctor --json
    """
    house = ctx.house()
    findings = [
        _database(ctx, house),
        _disk(ctx, house),
        _clock(ctx, house),
        _content(ctx, house),
        _figures(ctx, house),
        _access(ctx, house),
        _uplink(ctx, house),
        *_devices(ctx, house),
        *_machine(ctx, house),
    ]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            click.echo(f"{'✔' if finding.well else '✘'} {finding.name}: {finding.told}")
            if finding.todo:
                click.echo(f"  → {finding.todo}")
    sys.exit(0 if all(finding.well for finding in findings) else 1)


def _database(ctx: Context, house: House) -> _Finding:
    try:
        with closing(house.connect()) as conn:
            told = str(conn.execute("PRAGMA quick_check").fetchone()[0])
    except sqlite3.Error as bad:
        return _bad(ctx, "database", db.told(bad))
    return _Finding("database", told == "ok", told, "" if told == "ok" else ctx.say("care.todo_database"))


def _bad(ctx: Context, name: str, bad: HubError) -> _Finding:
    return _Finding(name, False, ctx.say(bad.key, **bad.values))


def _disk(ctx: Context, house: House) -> _Finding:
    free = shutil.disk_usage(house.data).free
    well = free > _LEAST_FREE and os.access(house.data, os.W_OK)
    return _Finding("disk", well, f"{free // 1_048_576} MiB", "" if well else ctx.say("care.todo_disk"))


def _clock(ctx: Context, house: House) -> _Finding:
    now = house.clock.read()
    return _Finding("clock", now.trusted, now.text, "" if now.trusted else ctx.say("care.todo_clock"))


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


def _uplink(ctx: Context, house: House) -> _Finding:
    from hub.post import uplink

    try:
        with closing(house.connect()) as conn:
            line = uplink.look(conn, house.settings.uplink, house.clock.read())
    except sqlite3.Error as bad:
        return _bad(ctx, "uplink", db.told(bad))
    seen, word = line.seen.network, {True: "up", False: "down", None: "unknown"}[line.uplink.up]
    told = f"{word}; {seen.state}, {seen.kind}; {line.waiting.parcels} waiting, {line.waiting.bytes} bytes"
    reason = line.uplink.reason_key or ""
    # A House that is out of reach is a well House; one that somebody has to mend is not.
    well = reason not in _MENDED_BY_HAND and not reason.startswith("relay.certificate")
    return _Finding("uplink", well, told, "" if well else ctx.say(reason, **_UNKNOWN_VALUES))


def _devices(ctx: Context, house: House) -> list[_Finding]:
    from hub.desks.technician import cards
    from hub.post import health

    try:
        with closing(house.connect()) as conn:
            seen = health.all(conn, house.clock.read())
    except sqlite3.Error as bad:
        return [_bad(ctx, "devices", db.told(bad))]
    if not seen:
        return [_Finding("devices", False, ctx.say("care.no_bench"), ctx.say("technician.card_bench_3"))]
    found = []
    for one in seen:
        stem = "bench" if one.silent else "" if one.well else cards.stem(one.name, one.state)
        todo = ctx.say(f"technician.card_{stem}_{3 if one.silent else 1}") if stem else ""
        told = f"{one.state} {one.detail}".strip()
        found.append(_Finding(f"{one.name} ({one.kind})", one.well, told, todo))
    return found


def _machine(ctx: Context, house: House) -> list[_Finding]:
    from hub.cli import machine
    from hub.post import choices

    try:
        with closing(house.connect()) as conn:
            settings = choices.effective(house.settings, choices.all(conn))
    except sqlite3.Error as bad:
        return [_bad(ctx, "choices", db.told(bad))]
    return [
        _Finding(
            one.name,
            not one.lacking,
            ", ".join(one.lacking) or "ok",
            ctx.say(one.todo_key, lacking=" ".join(one.lacking)) if one.lacking else "",
        )
        for one in machine.examine(settings)
    ]
