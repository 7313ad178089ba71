"""``hub dossiers``: what waits and what was sent; a copy for the person it belongs to; erased when they ask.

Keeps true: a list names nobody; a copy is made only with a guide's own secret, into a folder that only its
owner can open; both are written down in the access log.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from hub.base import db
from hub.base.errors import Missing
from hub.cli.main import Context


@click.group()
def dossiers() -> None:
    """Look at dossiers, give a copy of a draft, erase one."""


@dossiers.command("list")
@click.option("--drafts", "of_drafts", is_flag=True, help="Drafts instead: id, procedure, day of erasing.")
@click.pass_obj
def listing(ctx: Context, of_drafts: bool) -> None:
    """List sealed dossiers: follow code, form, state, reason; or drafts, without names.

    Example: hub dossiers list --drafts
    """
    from hub.post import outbox
    from hub.trades.dossiers import drafts

    with closing(ctx.house().connect()) as conn:
        if of_drafts:
            for draft_id, procedure, day in drafts.waiting(conn):
                click.echo(f"{draft_id}\t{procedure}\t{day}")
            return
        for one in outbox.listing(conn):
            if one.kind is outbox.Kind.REPORT:
                continue
            reason = ctx.say(one.reason_key) if one.reason_key else ""
            click.echo(f"{one.follow_code}\t{one.form_id}\t{one.state}\t{reason}")


@dossiers.command()
@click.argument("dossier")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(ctx: Context, dossier: str, yes: bool) -> None:
    """Erase a draft by its id, or take a sealed dossier out by its follow code before the office has it.

    Example: hub dossiers erase 4b1f6c0e9d --yes
    """
    from hub.trades.dossiers import drafts, withdrawing
    from hub.trades.privacy import log
    from hub.trades.privacy.model import Access

    house = ctx.house()
    moment = house.clock.read()
    if not yes:
        click.confirm(ctx.say("privacy.erase_sure"), abort=True)
    with closing(house.connect()) as conn:
        said = "privacy.erased"
        with db.write(conn):
            try:
                drafts.erase(conn, dossier, staff=None, moment=moment)
                subject = dossier
            except Missing:
                gone = withdrawing.withdraw(conn, dossier, staff=None, moment=moment)
                subject = gone.draft_id
                said = "privacy.withdrawn_never_left" if gone.never_left else "privacy.withdrawn_maybe_left"
            log.note(conn, Access.SHELL_ERASE, subject, staff=None, moment=moment)
        _scrub(conn)
    click.echo(ctx.say(said))


@dossiers.command()
@click.argument("draft")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", prompt=True, help="A guide's name.")
@click.option("--secret", prompt=True, hide_input=True, help="This guide's PIN or password.")
@click.pass_obj
def export(ctx: Context, draft: str, folder: Path, name: str, secret: str) -> None:
    """Write all that a draft holds into a new FOLDER: a page to read, the form's instance, the files.

    Example: hub dossiers export 4b1f6c0e9d /media/stick/copy --name "Lý A Mẫu"
    """
    from hub.base import text
    from hub.desks.guide import rich
    from hub.overview import copies
    from hub.trades.dossiers import drafts
    from hub.trades.privacy import log
    from hub.trades.privacy.model import Access, Subject, SubjectKind
    from hub.trades.staff import service
    from hub.trades.staff.model import Colleague

    house = ctx.house()
    moment = house.clock.read()
    with closing(house.connect()) as conn:
        key = service.unlock(conn, Colleague(name, secret), moment=moment, where="shell")
        staff = next(one.id for one in service.listing(conn) if text.fold(one.name) == text.fold(name))
        known = drafts.known(conn, draft)
        _new(ctx, folder)
        with db.write(conn):
            made = copies.gather(
                conn,
                [Subject(SubjectKind.DRAFT, known)],
                key=key,
                staff=staff,
                moment=moment,
                lang=ctx.lang,
                plain=rich.plain,
            )
            log.note(conn, Access.SHELL_EXPORT, known, staff=staff, moment=moment)
    for at, content in copies.whole(made, house.settings.house.name, moment, ctx.lang).items():
        _write(folder / at, content)
    click.echo(ctx.say("privacy.copy_written", folder=folder))


def _new(ctx: Context, folder: Path) -> None:
    # A folder that is there may be open to others, and its files would be mixed with the person's.
    try:
        folder.mkdir(mode=0o700)
    except OSError as bad:
        raise click.ClickException(ctx.say("privacy.folder_new", folder=folder)) from bad
    folder.chmod(0o700)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)


def _scrub(conn: db.Connection) -> None:
    from hub.base import scrub

    # Inside the transaction nothing could be emptied from the log yet.
    scrub.scrub(conn)
