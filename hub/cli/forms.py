"""``hub forms``: the forms of the House: looked at, put in, fetched from the office, taken out."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.base.errors import Conflict, NotReady, Refused
from hub.cli.main import Context

if TYPE_CHECKING:
    from hub.base.house import House
    from hub.forms.author import Authored
    from hub.packs.shelf import Shelf
    from hub.trades.procedures.added import Put


@click.group()
def forms() -> None:
    """List forms, put in one of your own, fetch the office's, see to their keys, take one out."""


@forms.command("list")
@click.pass_obj
def listing(ctx: Context) -> None:
    """List the forms: what a dossier on it is begun as, form id, version, title, where from, drafts on it.

    A form that waits behind another of its id is marked "-"; what only drafts stand on comes last.

    Example: hub forms list
    """
    from hub.packs import shelf
    from hub.trades.dossiers import blanks
    from hub.trades.procedures import added
    from hub.wiring import content

    house = ctx.house()
    with closing(house.connect()) as conn:
        drafts = dict(blanks.in_use(conn))
        for one in added.listing(conn, shelf.current(house.packs, content.CORE)):
            on_it = drafts.pop((one.form_id, one.version), 0)
            told = (one.slug, one.form_id, one.version, one.title, one.origin, str(on_it))
            click.echo("\t".join((*told, *(() if one.in_force else ("-",)))))
        for (form_id, version), on_it in sorted(drafts.items()):
            click.echo("\t".join(("-", form_id, version, "", "draft", str(on_it))))


@forms.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--media",
    type=click.Path(path_type=Path),
    help="The folder with the pictures, sounds and lists it names.",
)
@click.option("--preview", is_flag=True, help="Draw all pages beside FILE and ask before putting it in.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def add(ctx: Context, file: Path, media: Path | None, preview: bool, yes: bool) -> None:
    """Put in the form in FILE (Markdown, CSV or XLSX); tell every mistake with its sheet and row.

    Example: hub forms add khao-sat.xlsx --media khao-sat-media --preview
    """
    from hub.forms.advice import Mistakes

    files = _files(media) if media else {}
    try:
        made = _converted(file, files)
    except Mistakes as bad:
        for one in bad.found:
            click.echo(one.said(ctx.lang), err=True)
        raise SystemExit(1) from None
    for told in made.warnings:
        click.echo(told.said(ctx.lang))
    house = ctx.house()
    if preview:
        click.echo(ctx.say("adding.drawn", page=_draw(house, file, made.xml, files)))
        if not yes and not click.confirm(ctx.say("adding.put_in"), default=False):
            click.echo(ctx.say("adding.left_out"))
            return
    _put(ctx, house, made, files)


@forms.command()
@click.argument("form_id")
@click.pass_obj
def remove(ctx: Context, form_id: str) -> None:
    """Take out a form that was put in or fetched; drafts that were begun on it keep their own copy.

    Example: hub forms remove khao_sat_ho
    """
    from hub.packs import shelf
    from hub.trades.dossiers import blanks
    from hub.trades.procedures import added
    from hub.wiring import content

    house = ctx.house()
    with closing(house.connect()) as conn:
        packed = added.remove(conn, shelf.current(house.packs, content.CORE), form_id, house.clock.read())
        drafts = sum(count for (known, _), count in blanks.in_use(conn).items() if known == form_id)
    click.echo(ctx.say("adding.removed", id=form_id, drafts=drafts))
    if packed is not None:
        click.echo(ctx.say("adding.pack_again", version=packed))


@forms.command()
@click.pass_obj
def fetch(ctx: Context) -> None:
    """Fetch the forms the office offers; exit code 1 when one did not come.

    Example: hub forms fetch
    """
    from hub.packs import shelf
    from hub.post.transports import known
    from hub.post.transports.blank_forms import BlankForms
    from hub.post.transports.carrier import CarrierFault
    from hub.trades.procedures import fetching
    from hub.trades.procedures.fetching import Asking
    from hub.trades.procedures.offers import Came
    from hub.trades.reports.model import FORM_IDS
    from hub.wiring import content

    house = ctx.house()
    upstream = house.settings.upstream
    if not upstream.url:
        raise NotReady("adding.no_office")
    acquaintance = known.Acquaintance(known.house_time(house.clock))
    office = BlankForms(upstream, lambda: False, known=acquaintance)
    well = True
    try:
        with closing(house.connect()) as conn:
            active = shelf.current(house.packs, content.CORE)
            for one in fetching.fetch(conn, active, Asking(office, upstream, FORM_IDS), house.clock):
                reason = ctx.say(one.reason_key, **one.values) if one.reason_key else ""
                told = {"id": one.form_id, "version": one.version, "before": one.before, "why": reason}
                replaced = one.came is Came.TAKEN and one.before is not None
                click.echo(
                    ctx.say("adding.fetch_replaced" if replaced else f"adding.fetch_{one.came}", **told)
                )
                well = well and one.came in (Came.TAKEN, Came.SAME, Came.OURS)
    except CarrierFault as bad:
        raise NotReady(bad.reason_key) from bad
    finally:
        office.close()
        acquaintance.hang_up()
    if not well:
        raise SystemExit(1)


@forms.command()
@click.option("--trust", metavar="DIGITS", help="Trust the waiting key with these digits.")
@click.option("--refuse", metavar="DIGITS", help="Refuse the waiting key with these digits.")
@click.pass_obj
def keys(ctx: Context, trust: str | None, refuse: str | None) -> None:
    """Show the office's keys by their digits, and what waits; compare the digits with the office by telephone.

    Without an option: the key of the settings, the key of each form, and the forms whose new key waits. Exit
    code 1 while one waits.

    Example: hub forms keys --trust "12345 67890 12345 67890 12345 67890"
    """
    from hub.packs import shelf
    from hub.trades.procedures import offers, trusting
    from hub.wiring import content

    if trust and refuse:
        raise click.UsageError("--trust and --refuse: one of them.")
    house = ctx.house()
    active = shelf.current(house.packs, content.CORE)
    with closing(house.connect()) as conn:
        if trust or refuse:
            settle = trusting.trust if trust else trusting.refuse
            for form_id, mark in _waiting(conn, active, trust or refuse or ""):
                settle(conn, active, form_id, mark, staff=None, moment=house.clock.read())
                click.echo(ctx.say(f"office_keys.did_{'trust' if trust else 'refuse'}", form=form_id))
            offers.ask(conn)
            return
        if _keys_told(ctx, conn, active, house):
            raise SystemExit(1)


def _waiting(conn: sqlite3.Connection, active: Shelf, digits: str) -> list[tuple[str, str]]:
    from hub.post import office_keys
    from hub.trades.procedures import trusting

    wanted = "".join(one for one in digits if one.isdigit())
    found = [
        (one.form_id, one.after)
        for one in trusting.questions(conn, active)
        if one.after and not one.refused and office_keys.spoken(one.after).replace(" ", "") == wanted
    ]
    if not found:
        raise Conflict("office_keys.not_waiting")
    return found


def _keys_told(ctx: Context, conn: sqlite3.Connection, active: Shelf, house: House) -> bool:
    from hub.post import office_keys
    from hub.trades.procedures import trusting

    own = office_keys.of_settings(house.settings.upstream)
    mark = office_keys.spoken(office_keys.fingerprint(own)) if office_keys.readable(own) else "-"
    click.echo("\t".join(("-", "settings", mark)))
    for one in office_keys.listing(conn):
        click.echo("\t".join((one.form_id, one.state, office_keys.spoken(one.fingerprint) or "-")))
    waits = False
    for asked in trusting.questions(conn, active):
        state = "refused" if asked.refused else "waiting"
        click.echo("\t".join((asked.form_id, state, office_keys.spoken(asked.after) or "-", asked.source)))
        waits = waits or not asked.refused
    return waits


def _files(folder: Path) -> dict[str, bytes]:
    from hub.forms import bundle

    try:
        found = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        big = next((path for path in found if path.stat().st_size > bundle.MOST_FILE_BYTES), None)
        if big is not None:
            megabytes = bundle.MOST_FILE_BYTES // (1024 * 1024)
            raise Refused("forms.file_too_big", name=big.name, megabytes=megabytes)
        if len(found) > bundle.MOST_FILES or sum(path.stat().st_size for path in found) > bundle.MOST_BYTES:
            megabytes = bundle.MOST_BYTES // (1024 * 1024)
            raise Refused("forms.files_too_many", most=bundle.MOST_FILES, megabytes=megabytes)
        return {path.name: path.read_bytes() for path in found}
    except OSError as bad:
        raise Refused("adding.no_folder", name=str(folder)) from bad


def _converted(file: Path, media: Mapping[str, bytes]) -> Authored:
    from hub.forms import author, bundle

    bundle.check(media)
    # Without an id on its settings sheet a form is called by its file's name.
    return author.convert(file, None, file.stem, media)


def _draw(house: House, file: Path, xml: bytes, media: Mapping[str, bytes]) -> Path:
    from hub.desks.guide import preview
    from hub.wiring import build

    folder = file.with_name(f"{file.stem}-preview")
    try:
        return preview.write(build.web(house), xml, media, folder)
    except OSError as bad:
        raise Refused("adding.cannot_write", name=str(folder)) from bad


def _put(ctx: Context, house: House, made: Authored, media: Mapping[str, bytes]) -> None:
    from hub.packs import shelf
    from hub.trades.procedures import added
    from hub.trades.procedures.form_shelf import Origin
    from hub.wiring import content, demo

    with closing(house.connect()) as conn:
        active = shelf.current(house.packs, content.CORE)
        done = added.put(conn, active, made.xml, media, origin=Origin.ADDED, moment=house.clock.read())
    if house.settings.house.demo and done.in_force:
        demo.publish(house, made.xml, media)
    for line in _told(done):
        click.echo(
            ctx.say(line, id=done.form_id, version=done.version, before=done.before, packed=done.packed)
        )


def _told(done: Put) -> list[str]:
    told = ["adding.put"] if done.before is None else ["adding.put_again"]
    if done.packed is not None:
        told.append("adding.instead_of_pack" if done.in_force else "adding.behind_pack")
    return told
