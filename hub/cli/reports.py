"""``hub reports``: the House's own reports, and the forms that an office needs to take them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from hub.base.errors import Refused
from hub.cli.main import Context

_KINDS = click.Choice(("daily", "monthly"))


@click.group()
def reports() -> None:
    """List the House's reports; write out their forms for the office."""


@reports.command("list")
@click.pass_obj
def listing(ctx: Context) -> None:
    """List the reports: kind, day or month, state (or "gone", "given up"), reason.

    Example: hub reports list
    """
    from hub.trades.reports import service
    from hub.trades.reports.model import Kind

    with closing(ctx.house().connect()) as conn:
        for kind in Kind:
            for one in service.listing(conn, kind, 62):
                state = "given up" if one.given_up else str(one.state or "gone")
                reason = ctx.say(one.reason_key) if one.reason_key else ""
                click.echo(f"{kind}\t{one.period}\t{state}\t{reason}")


@reports.command()
@click.argument("kind", type=_KINDS)
@click.option(
    "--xlsx",
    type=click.Path(path_type=Path),
    help="Write a workbook (XLSForm) to this file, as KoboToolbox and Ona take it.",
)
@click.pass_obj
def form(ctx: Context, kind: str, xlsx: Path | None) -> None:
    """Write out the form of a report, for ODK Central as XML or with --xlsx as a workbook.

    Example: hub reports form daily > house_daily.xml
    """
    from hub.packs import shelf
    from hub.trades.reports import service
    from hub.trades.reports.model import Kind
    from hub.wiring import content

    active = shelf.current(ctx.house().packs, content.CORE)
    if xlsx is None:
        click.echo(service.form_xml(active, Kind(kind)), nl=False)
        return
    from hub.forms import workbook

    table = active.path(f"reports/{kind}/form.md").read_text(encoding="utf-8")
    try:
        xlsx.write_bytes(workbook.made(table))
    except OSError as bad:
        raise Refused("adding.cannot_write", name=str(xlsx)) from bad
    click.echo(str(xlsx))
