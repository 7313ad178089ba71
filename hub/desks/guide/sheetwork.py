"""Sheets on the A4 printer: press, see how far each is, take it back, say whether it came out.

Keeps true: a sheet is drawn, sealed and queued in one press, and a second press of the same page is the same
wish; a page here tells what kind of sheet it is and never whose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for

from hub.base import db
from hub.base.errors import Missing
from hub.desks import guard, shell
from hub.desks.guide import common, sheets
from hub.overview import monthly
from hub.post import sheet_jobs
from hub.post.sheet_jobs import Job, Kind
from hub.sheets import service as drawing
from hub.sheets.model import Leaflet
from hub.trades.dossiers import drafts
from hub.trades.dossiers.model import What
from hub.trades.procedures import figures, reader
from hub.trades.procedures import sheet as checklists
from hub.trades.staff.model import Role

_SHOWN = 20
_DRAFT_SHEETS = {"sheet": Kind.FORM, "cover": Kind.COVER}


@dataclass(frozen=True, slots=True)
class Row:
    """A sheet as a guide knows it, and where what it belongs to is."""

    job: Job
    name: str
    place: str


def add_to(desk: Blueprint) -> None:
    """Put the printing of sheets on ``desk``."""
    desk.add_url_rule("/sheets", view_func=all_sheets)
    desk.add_url_rule("/sheets/<int:job_id>", view_func=one_sheet)
    desk.add_url_rule("/sheets/<int:job_id>", view_func=act_on_sheet, methods=["POST"])
    desk.add_url_rule("/sheets/checklist", view_func=print_checklist, methods=["POST"])
    desk.add_url_rule("/sheets/month", view_func=print_month, methods=["POST"])
    desk.add_url_rule("/sheets/month.pdf", view_func=month_sheet)
    desk.add_url_rule("/dossiers/<draft_id>/print", view_func=print_draft, methods=["POST"])
    desk.add_url_rule("/sealed/<code>/print_cover", view_func=print_sealed, methods=["POST"])
    # Every page that offers a sheet asks these.
    desk.app_template_global("sheets_ready")(ready)
    desk.app_template_global("sheet_mark")(common.new_mark)


def ready() -> bool:
    """Return whether the bench takes sheets: otherwise no page offers to print one."""
    return sheet_jobs.ready(shell.conn(), shell.moment())


def troubled() -> tuple[Row, ...]:
    """Return the sheets that need a hand now, or will not come."""
    conn, now = shell.conn(), shell.moment()
    return tuple(map(_row, (*sheet_jobs.stuck(conn, now), *sheet_jobs.failed_lately(conn, now))))


@guard.needs(Role.GUIDE)
def all_sheets() -> Any:
    """Show the last sheets with their states, and what else can be printed here."""
    lang = shell.lang()
    return shell.page(
        "guide/sheets.html",
        at="queue",
        told=common.told(),
        rows=[_row(job) for job in sheet_jobs.latest(shell.conn(), _SHOWN)],
        when=common.when,
        procedures=[(one.slug, one.plain_name.said(lang)) for one in reader.all(common.pack())],
        months=[(month, f"{month[5:]}/{month[:4]}") for month in monthly.months(shell.moment())],
    )


@guard.needs(Role.GUIDE)
def one_sheet(job_id: int) -> Any:
    """Show how far one sheet is; polled until it is over."""
    conn = shell.conn()
    told = common.told()
    row = _row(sheet_jobs.get(conn, job_id))
    return shell.polled(
        (db.version(conn, sheet_jobs.TOPIC), row.job, told),
        lambda: shell.page("guide/sheet.html", at="queue", told=told, row=row, when=common.when),
    )


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.all_sheets")
def act_on_sheet(job_id: int) -> Any:
    """Take a guide's word on one sheet: take it back, it came out, it did not."""
    conn, now = shell.conn(), shell.moment()
    wanted = request.form.get("do", "")
    if wanted == "cancel":
        sheet_jobs.cancel(conn, job_id, moment=now)
    elif wanted in ("out", "not"):
        sheet_jobs.answer(conn, job_id, wanted == "out", moment=now)
    else:
        abort(400)
    common.tell("good", shell.say(f"sheetjobs.told_{wanted}"))
    return _to(job_id)


@guard.needs(Role.GUIDE)
def print_draft(draft_id: str) -> Any:
    """Print the filled form of a draft, or its cover."""
    what = request.form.get("what", "")
    if what not in _DRAFT_SHEETS:
        abort(400)
    view, mark = sheets.view(draft_id), common.mark()
    pdf = drawing.render(sheets.drawn_form(view) if what == "sheet" else sheets.drawn_cover(view))
    conn = shell.conn()
    with db.write(conn):
        twice = sheet_jobs.of_mark(conn, mark) is not None
        job_id = _queued(_DRAFT_SHEETS[what], pdf, f"draft:{view.draft.id}", mark)
        if not twice:
            drafts.tell(conn, view.draft.id, What.SHEET, what, common.me().id, shell.moment())
    return _to(job_id)


@guard.needs(Role.GUIDE)
def print_sealed(code: str) -> Any:
    """Print the cover of a sealed dossier."""
    found, drawn = sheets.drawn_sealed(code)
    return _to(_queued(Kind.SEALED_COVER, drawing.render(drawn), f"sealed:{found.code}"))


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.all_sheets")
def print_checklist() -> Any:
    """Print what a procedure needs, as the villager's page gives it."""
    conn, now = shell.conn(), shell.moment()
    one = figures.today(conn, reader.get(common.pack(), request.form.get("slug", "")), now.on)
    drawn = checklists.checklist(one, shell.house().settings, lang=shell.lang(), moment=now)
    return _to(_queued(Kind.CHECKLIST, drawing.render_kept(drawn), f"procedure:{one.slug}"))


@guard.needs(Role.GUIDE)
def month_sheet() -> Response:
    """Answer with the counts of a month."""
    month = request.args.get("month") or monthly.months(shell.moment())[0]
    return sheets.answer(drawing.render(_month(month)), f"{month}.pdf")


@guard.needs(Role.GUIDE)
@common.back_with_words("guide.all_sheets")
def print_month() -> Any:
    """Print the counts of a month."""
    month = request.form.get("month", "")
    return _to(_queued(Kind.FIGURES, drawing.render(_month(month)), f"month:{month}"))


def _month(month: str) -> Leaflet:
    now = shell.moment()
    counted = monthly.count(shell.conn(), month, now)
    return monthly.leaflet(counted, shell.house().settings, lang=shell.lang(), moment=now)


def _queued(kind: Kind, pdf: bytes, subject: str, mark: str = "") -> int:
    return sheet_jobs.add(
        shell.conn(),
        kind,
        pdf,
        moment=shell.moment(),
        subject=subject,
        copies=common.number("copies") or 1,
        mark=mark or common.mark(),
    )


def _to(job_id: int) -> Any:
    return redirect(url_for("guide.one_sheet", job_id=job_id), 303)


def _row(job: Job) -> Row:
    job = sheet_jobs.aged(job, shell.moment())
    about, _, rest = job.subject.partition(":")
    kind = shell.say(job.kind_key)
    match about:
        case "draft":
            return Row(job, kind, _draft(rest))
        case "sealed":
            return Row(job, f"{kind} {rest}", url_for("guide.sealed", code=rest))
        case "procedure":
            return Row(job, f"{kind}: {_procedure(rest)}", url_for("guide.all_sheets"))
        case "month":
            return Row(job, f"{kind} {rest[5:]}/{rest[:4]}", url_for("guide.all_sheets"))
        case _:
            return Row(job, kind, url_for("guide.all_sheets"))


def _draft(draft_id: str) -> str:
    try:
        drafts.procedure(shell.conn(), draft_id)
    except Missing:
        # Sealed or erased since; its sheet may still come out.
        return url_for("guide.dossiers")
    return url_for("guide.review", draft_id=draft_id)


def _procedure(slug: str) -> str:
    try:
        return reader.get(common.pack(), slug).plain_name.said(shell.lang())
    except Missing:
        return slug
