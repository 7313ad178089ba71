"""Pages for a question of a draft: scanned or photographed, looked at while the paper is in hand, then used.

Keeps true: what is wrong with a page is said before the paper goes back into a pocket, and a guide
decides; a page is shown to a signed-in guide alone and kept by no browser; without JavaScript the page is
read again by itself while the scanner works. It never puts a person's data into an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for

from devices.desk_ports import ScanSource, ScanWish
from hub.base.errors import Conflict, Missing, Refused
from hub.desks import guard, shell
from hub.desks.guide import common, widgets
from hub.forms import questions
from hub.forms.model import QuestionType
from hub.post import captures, choices, health
from hub.post.capture_model import Capture, CaptureId, Facts, Page, PageId
from hub.trades.dossiers import drafts, sheaves
from hub.trades.staff.model import Role

_DPI = 200
_REDRAW_S = 2
_UNUSABLE = {"offline", "cover_open", "jammed", "denied", "broken", "unsupported", "hangs"}


@dataclass(frozen=True, slots=True)
class _Shown:
    """A page as it is shown: what is wrong with it in words, how heavy it was and is."""

    page: Page
    wrong: tuple[str, ...]
    before: str
    after: str


def add_to(desk: Blueprint) -> None:
    """Put scanning and photographing on ``desk``."""
    base = "/dossiers/<draft_id>/scan/<capture_id>"
    desk.add_url_rule(base, view_func=scan)
    desk.add_url_rule(f"{base}/<page_id>.jpg", view_func=scan_picture)
    for view in (scan_start, scan_cancel, scan_photo, scan_use, scan_drop):
        name = view.__name__.removeprefix("scan_")
        desk.add_url_rule(f"{base}/{name}", view_func=view, methods=["POST"])
    desk.add_url_rule(f"{base}/page/<page_id>", view_func=scan_page, methods=["POST"])


def address(draft_id: str, page_id: str, path: str) -> str:
    """Return where the pages of a question are taken in; raises as ``sheaves.begin``."""
    capture_id = sheaves.begin(shell.conn(), draft_id, page_id, path, **_now())
    return url_for("guide.scan", draft_id=draft_id, capture_id=capture_id)


@guard.needs(Role.GUIDE)
def scan(draft_id: str, capture_id: str) -> Any:
    """Show the pages so far, how far the scanner is, and what can be done; polled while it works."""
    conn = shell.conn()
    try:
        sheaf = sheaves.of(conn, draft_id, capture_id)
    except Missing as bad:
        common.tell("care", common.sentence(bad))
        return redirect(url_for("guide.dossier", draft_id=draft_id), 303)
    pages = captures.pages(conn, sheaf.id)
    scanner = health.one(conn, "scanner", shell.moment())
    state = scanner.state if scanner else "unknown"
    told = common.told()
    key = (sheaf, pages, state, told)
    return shell.polled(key, lambda: _drawn(sheaf, pages, state, told))


@guard.needs(Role.GUIDE)
def scan_picture(draft_id: str, capture_id: str, page_id: str) -> Any:
    """Answer with the picture of one page."""
    sheaf = sheaves.of(shell.conn(), draft_id, capture_id)
    content = captures.open_page(shell.conn(), sheaf.id, page_id, key=guard.house_key())
    return Response(content, mimetype="image/jpeg", headers={"Cache-Control": "no-store"})


@guard.needs(Role.GUIDE)
def scan_start(draft_id: str, capture_id: str) -> Any:
    """Ask the scanner for pages, behind the others."""
    sheaf = _sheaf(draft_id, capture_id)
    if not _has_scanner():
        abort(404)
    return _asked(sheaf, _wish(), None)


@guard.needs(Role.GUIDE)
def scan_cancel(draft_id: str, capture_id: str) -> Any:
    """Take the wish back; the pages so far stay."""
    sheaf = _sheaf(draft_id, capture_id)
    captures.cancel(shell.conn(), sheaf.id, moment=shell.moment())
    return _back(sheaf)


@guard.needs(Role.GUIDE)
def scan_photo(draft_id: str, capture_id: str) -> Any:
    """Take photographs in, behind the others or in place of one."""
    sheaf = _sheaf(draft_id, capture_id)
    settings = shell.house().settings
    replaces = PageId(request.form.get("replaces", "")) or None
    taken = 0
    for upload in request.files.getlist("photo"):
        if not upload.filename:
            continue
        try:
            sheaves.photograph(
                shell.conn(),
                sheaf.id,
                upload.stream.read(),
                colour="grey" not in request.form,
                moment=shell.moment(),
                most_bytes=settings.web.upload_bytes,
                page_bytes=settings.dossiers.page_bytes,
                replaces=replaces,
            )
            taken, replaces = taken + 1, None
        except (Refused, Missing) as bad:
            common.tell("care", common.sentence(bad))
        finally:
            upload.close()
    if not taken:
        common.tell("care", shell.say("scanning.no_photo"))
    return _back(sheaf)


@guard.needs(Role.GUIDE)
def scan_page(draft_id: str, capture_id: str, page_id: str) -> Any:
    """Scan one page again, move it, or leave it out."""
    sheaf = _sheaf(draft_id, capture_id)
    conn, moment, do = shell.conn(), shell.moment(), request.form.get("do")
    try:
        if do == "again":
            once = ScanWish(sheaf.wish.source, sheaf.wish.dpi, sheaf.wish.colour, 1)
            return _asked(sheaf, once, PageId(page_id))
        if do == "remove":
            captures.remove_page(conn, sheaf.id, page_id, moment=moment)
        elif do in ("up", "down"):
            captures.move_page(conn, sheaf.id, page_id, -1 if do == "up" else 1, moment=moment)
        else:
            abort(400)
    except Missing as bad:
        common.tell("care", common.sentence(bad))
    return _back(sheaf)


@guard.needs(Role.GUIDE)
def scan_use(draft_id: str, capture_id: str) -> Any:
    """Put the pages into the draft, and go back to the question."""
    sheaf = _sheaf(draft_id, capture_id)
    count = len(captures.pages(shell.conn(), sheaf.id))
    try:
        most = shell.house().settings.web.upload_bytes
        done = sheaves.use(shell.conn(), sheaf, **_now(), most_bytes=most)
    except (Refused, Conflict) as bad:
        common.tell("care", common.sentence(bad))
        return _back(sheaf)
    common.tell("good", shell.say("scanning.used", count=count, size=_size(done.size)))
    return redirect(_question(sheaf), 303)


@guard.needs(Role.GUIDE)
def scan_drop(draft_id: str, capture_id: str) -> Any:
    """Throw the pages away, and go back to the question."""
    sheaf = _sheaf(draft_id, capture_id)
    captures.drop(shell.conn(), sheaf.id)
    common.tell("note", shell.say("scanning.dropped"))
    return redirect(_question(sheaf), 303)


def _drawn(sheaf: Capture, pages: tuple[Page, ...], state: str, told: common.Told) -> str:
    settings = shell.house().settings
    after = sum(one.facts.after_bytes for one in pages)
    busy = not sheaf.state.over
    page_id = sheaf.place.page_id
    return shell.page(
        "guide/scan.html",
        at="dossiers",
        told=told,
        sheaf=sheaf,
        busy=busy,
        redraw_s=_REDRAW_S,
        base=url_for("guide.scan", draft_id=sheaf.place.draft_id, capture_id=sheaf.id),
        way_back=_question(sheaf),
        label=_label(sheaf),
        pages=[_shown(one) for one in pages],
        before=_size(sum(one.facts.before_bytes for one in pages)),
        after=_size(after),
        travel=_travel(after, settings.dossiers.line_kbit),
        line_kbit=settings.dossiers.line_kbit,
        as_picture=_is_picture(sheaf) and len(pages) == 1,
        percent=round(100 * sheaf.share),
        has_scanner=_has_scanner(),
        trouble=shell.say(f"devices.state_{state}") if state in _UNUSABLE else None,
        sources=list(ScanSource),
        most_mb=settings.web.upload_bytes // (1024 * 1024),
        page_id=page_id,
    )


def _has_scanner() -> bool:
    # What a technician chose at the page stands over the settings file.
    conn, settings = shell.conn(), shell.house().settings
    return choices.effective(settings, choices.all(conn)).scanner.kind != "none"


def _shown(page: Page) -> _Shown:
    facts: Facts = page.facts
    wrong = tuple(shell.say(f"scanning.finding_{one}") for one in facts.findings)
    return _Shown(page, wrong, _size(facts.before_bytes), _size(facts.after_bytes))


def _size(count: int) -> str:
    if count < 1_000_000:
        return f"{-(-count // 1000)} KB"
    return f"{count / 1_000_000:.1f} MB".replace(".", "," if shell.lang() == "vi" else ".")


def _travel(count: int, line_kbit: int) -> str:
    seconds = -(-8 * count // (1000 * line_kbit))
    if seconds < 90:
        return shell.say("scanning.travel_seconds", seconds=seconds)
    return shell.say("scanning.travel_minutes", minutes=-(-seconds // 60))


def _label(sheaf: Capture) -> str:
    found = _asked_question(sheaf)
    return widgets.label(found) if found is not None else ""


def _is_picture(sheaf: Capture) -> bool:
    found = _asked_question(sheaf)
    return found is not None and found.type is QuestionType.IMAGE


def _asked_question(sheaf: Capture) -> Any:
    view = drafts.look(shell.conn(), sheaf.place.draft_id or "", key=guard.house_key(), moment=shell.moment())
    drawn = questions.page(view.form, view.instance, sheaf.place.page_id, shell.lang())
    if drawn is None:
        return None
    return next((one for one in drawn.questions if sheaf.place.path in (one.name, one.path)), None)


def _wish() -> ScanWish:
    try:
        source = ScanSource(request.form.get("source", ScanSource.FLATBED))
    except ValueError:
        abort(400)
    return ScanWish(source, _DPI, "grey" not in request.form)


def _asked(sheaf: Capture, wish: ScanWish, replaces: PageId | None) -> Any:
    try:
        captures.again(shell.conn(), sheaf.id, wish, moment=shell.moment(), replaces=replaces)
    except (Refused, Conflict, Missing) as bad:
        common.tell("care", common.sentence(bad))
    return _back(sheaf)


def _sheaf(draft_id: str, capture_id: str) -> Capture:
    return sheaves.of(shell.conn(), draft_id, CaptureId(capture_id))


def _back(sheaf: Capture) -> Any:
    return redirect(url_for("guide.scan", draft_id=sheaf.place.draft_id, capture_id=sheaf.id), 303)


def _question(sheaf: Capture) -> str:
    return url_for("guide.fill", draft_id=sheaf.place.draft_id, page_id=sheaf.place.page_id)


def _now() -> dict[str, Any]:
    return {"key": guard.house_key(), "staff": common.me().id, "moment": shell.moment()}
