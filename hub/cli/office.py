"""``hub office``: the practice office; and at the commune's own machine, the end of what is carried by hand."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from hub.base import logs, memory
from hub.base.errors import HubError, NotReady
from hub.cli import stick, workers
from hub.cli.main import Context

if TYPE_CHECKING:
    from hub.base.clock import Clock
    from hub.base.identity import Identity
    from hub.base.settings import UpstreamSettings
    from hub.post.stick_office_ledger import House

_FOLDER = "commune"


@click.group(invoke_without_command=True)
@click.pass_context
def office(ctx: click.Context) -> None:
    """Serve the practice office on this machine only; or, at the commune: take in what came by hand.

    Example: hub office
    """
    if ctx.invoked_subcommand is None:
        serve(ctx.obj)


def serve(ctx: Context) -> None:
    """Serve the practice office until a signal."""
    logs.start()
    memory.keep()
    house = ctx.house()
    logs.keep(house.data, "office")
    workers.serve_office(house)


@contextmanager
def _folder(ctx: Context) -> Iterator[tuple[Path, sqlite3.Connection, Identity]]:
    from hub.post import stick_office
    from hub.wiring import build

    folder = build.data_folder(ctx.settings(), ctx.data) / _FOLDER
    conn, mine = stick_office.open_folder(folder)
    with closing(conn):
        yield folder, conn, mine


def _clock() -> Clock:
    from hub.base import clock

    return clock.SystemClock(None, trust="auto")


@office.command("keys")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the line into this file.")
@click.pass_obj
def show_keys(ctx: Context, out: Path | None) -> None:
    """Show this commune's stick key and its fingerprint, for the technician of a House to confirm.

    Example: hub office keys --out /media/stick/OFFICE.PUB
    """
    with _folder(ctx) as (_, _conn, mine):
        public = mine.public
    click.echo(ctx.say("stick.fingerprint", fingerprint=public.fingerprint))
    click.echo(public.line)
    if out is not None:
        try:
            out.write_text(public.line + "\n", encoding="ascii")
        except OSError as bad:
            raise NotReady("stick.broken", folder=out.parent, why=bad.strerror or "") from bad


@office.command("trust")
@click.argument("key")
@click.option("--name", default="", help="What this House is called here.")
@click.option("--yes", is_flag=True, help="Do not ask: the fingerprint was compared.")
@click.pass_obj
def trust_house(ctx: Context, key: str, name: str, yes: bool) -> None:
    """Take bundles of the House with this KEY (its line, or a file with it) from now on.

    Example: hub office trust HOUSE.PUB --name "Nhà văn hóa Thôn Mẫu"
    """
    from hub.base import identity
    from hub.post import stick_office

    line = stick.key_line(key)
    public = identity.read(line, "house")
    click.echo(ctx.say("stick.fingerprint", fingerprint=public.fingerprint))
    if not yes:
        click.confirm(ctx.say("stick.same_fingerprint"), abort=True)
    with _folder(ctx) as (_, conn, _mine):
        house = stick_office.trust(conn, line, name, clock=_clock())
    click.echo(ctx.say("stick.house_known", name=house.name))


@office.command("import")
@click.argument("bundles", nargs=-1, type=click.Path(path_type=Path))
@click.option("--to", "url", default="", help="Address of the office's OpenRosa server.")
@click.option(
    "--kind",
    type=click.Choice(["central", "kobo", "ona", "openrosa"]),
    default="central",
    show_default=True,
    help="What kind of server that is.",
)
@click.option("--token-file", help="File with the server's key, mode 0600.")
@click.option("--user", help="Name at the server, instead of a key.")
@click.option("--password-file", help="File with that name's password, mode 0600.")
@click.option("--project", type=int, help="Project on an ODK Central; 1 unless it is named.")
@click.option("--keep", type=click.Path(path_type=Path), help="Lay the parcels into this folder instead.")
@click.option("--answer", type=click.Path(path_type=Path), help="Where answers go; else beside the bundles.")
@click.pass_obj
def import_(
    ctx: Context,
    /,
    bundles: tuple[Path, ...],
    url: str,
    keep: Path | None,
    answer: Path | None,
    **access: str | int | None,
) -> None:
    """Open BUNDLES (files, or folders with them), forward what is in them, and write the answers.

    Example: hub office import /media/stick --to https://odk.example.vn --token-file key.txt
    """
    from hub.base.locks import OwnerLock
    from hub.post import stick_office

    if bool(url) == bool(keep):
        raise click.UsageError(ctx.say("stick.to_or_keep"))
    upstream = _upstream(url, access) if url else None
    back_to = answer or next((one if one.is_dir() else one.parent for one in bundles), None)
    if back_to is None:
        raise click.UsageError(ctx.say("stick.where_answers"))
    with _folder(ctx) as (folder, conn, mine), OwnerLock(folder, "import"):
        whose = [_one(ctx, conn, mine, path) for path in _files(bundles)]
        wrong = whose.count(None)
        if upstream is not None:
            wrong += not _forward(ctx, conn, upstream)
        elif keep is not None:
            click.echo(ctx.say("stick.kept_in", count=stick_office.keep(conn, keep), folder=keep))
        # Beside a House's files lies what is for that House; another one would only wonder about it.
        theirs = {house for house in whose if house is not None}
        _answers(ctx, conn, mine, back_to, None if answer else theirs)
        stick_office.tidy(conn, _clock())
    sys.exit(1 if wrong else 0)


def _files(bundles: tuple[Path, ...]) -> list[Path]:
    from hub.post.transports import stick as sticks

    found: list[Path] = []
    for one in bundles:
        found += sticks.files(one, sticks.PARCELS) if one.is_dir() else (one,)
    return found


def _one(ctx: Context, conn: sqlite3.Connection, mine: Identity, path: Path) -> int | None:
    from hub.post.transports import stick as sticks

    try:
        with sticks.open_file(path) as source:
            return _take(ctx, conn, mine, path, source)
    except HubError as bad:
        click.echo(f"{path.name}: {ctx.say(bad.key, **{'name': path.name, **bad.values})}", err=True)
    except OSError as bad:
        told = sticks.told(bad, path.parent)
        click.echo(f"{path.name}: {ctx.say(told.key, **told.values)}", err=True)
    return None


def _take(ctx: Context, conn: sqlite3.Connection, mine: Identity, path: Path, source: BinaryIO) -> int:
    from hub.post import stick_office

    opened, house = stick_office.whose(conn, source, mine)
    if house is None and sys.stdin.isatty():
        click.echo(ctx.say("stick.new_house", fingerprint=opened.by.fingerprint))
        if click.confirm(ctx.say("stick.same_fingerprint")):
            name = click.prompt(ctx.say("stick.house_name"), default=opened.by.id)
            stick_office.trust(conn, opened.by.line, name, clock=_clock())
    taken = stick_office.take(conn, source, mine, opened, clock=_clock())
    key = "stick.part_before" if taken.before else "stick.part_taken"
    said = ctx.say(key, house=taken.house.name, new=taken.new, known=taken.known)
    click.echo(f"{path.name}: {said}")
    if taken.refused:
        click.echo(ctx.say("stick.part_refused", count=taken.refused), err=True)
    return taken.house.id


def _upstream(url: str, access: dict[str, str | int | None]) -> UpstreamSettings:
    import msgspec

    from hub.base.settings import UpstreamSettings
    from hub.post.transports import credentials

    given = {name: value for name, value in access.items() if value is not None}
    try:
        made = msgspec.convert({"url": url, "backoff_first_s": 1.0, **given}, UpstreamSettings)
    except msgspec.ValidationError as bad:
        raise click.UsageError(str(bad)) from bad
    # A wrong file is said before anything is opened.
    credentials.read(made)
    return made


def _forward(ctx: Context, conn: sqlite3.Connection, upstream: UpstreamSettings) -> bool:
    from hub.post import stick_office
    from hub.post.transports.openrosa import OpenRosa

    stop = workers.stop_event()
    carrier = OpenRosa(upstream, stop.is_set)
    try:
        done = stick_office.forward(
            conn,
            carrier,
            _clock(),
            settings=upstream,
            stop=stop,
            tell=lambda left: click.echo(ctx.say("stick.forwarding", left=left)) if left else None,
        )
    finally:
        carrier.close()
    click.echo(ctx.say("stick.forwarded", sent=done.sent, left=done.left, refused=done.refused))
    if done.reason_key:
        click.echo(ctx.say(done.reason_key), err=True)
    return not done.left


def _answers(
    ctx: Context, conn: sqlite3.Connection, mine: Identity, folder: Path, only: set[int] | None
) -> None:
    from hub.base import db
    from hub.post import stick_office, stick_office_ledger
    from hub.post.transports import stick as sticks

    for one in stick_office.answers(conn, mine, clock=_clock()):
        if only and one.house.id not in only:
            continue
        name = sticks.new_name(sticks.ANSWER)
        sticks.write(folder, name, one.chunks)
        _drop_old(one.house, folder)
        with db.write(conn):
            stick_office_ledger.note_answer(conn, one.house.id, name)
        click.echo(ctx.say("stick.answer_written", house=one.house.name, count=one.entries, name=name))


def _drop_old(house: House, folder: Path) -> None:
    # The new answer says all that the last one said: one file to carry is enough.
    from hub.post.transports import stick as sticks

    if house.answer:
        sticks.remove(folder / house.answer)


@office.command("list")
@click.pass_obj
def listing(ctx: Context) -> None:
    """List the Houses this commune knows, and what of each is forwarded, lies here, or was refused.

    Example: hub office list
    """
    from hub.post import stick_office_ledger as ledger

    with _folder(ctx) as (_, conn, _mine):
        for house in ledger.houses(conn):
            counts = ledger.counts(conn, house.id)
            told = "\t".join(str(counts[word]) for word in ("forwarded", "taken", "refused"))
            click.echo(f"{house.name}\t{house.public.fingerprint}\t{told}")
