"""Filling in a form page by page: every press saves what is on the page, right or wrong.

Keeps true: nothing typed is lost: not by a wrong answer, a photo that cannot be taken, a scan of something
else, or another guide on the same page. Without JavaScript everything works; with it a page grows as it is
answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, abort, redirect, request, url_for

from hub.base.errors import Conflict, HubError, Missing, Refused
from hub.desks import guard, shell
from hub.desks.guide import common, drawing, newer, noting, places, rich, scanning, widgets
from hub.forms import outline, questions
from hub.forms.page import Problem, ProblemKind
from hub.trades.dossiers import attachments, drafts, pages, prefill
from hub.trades.dossiers.model import Clash, View
from hub.trades.dossiers.prefill import Prefilled
from hub.trades.staff.model import Role

_OWN = {"csrf_token", "version", "go", "to", "scan", "person", "take_scan", "own_scan", "sheaf"}
_OWN |= {places.PRESSED, places.KEPT}
_CARD_PARTS = 5


@dataclass(slots=True)
class _Done:
    """What came of one press: problems to show, a scan's outcome, a sentence on top."""

    problems: list[Problem] = field(default_factory=list)
    filled: Prefilled | None = None
    scan_problem: str | None = None
    person: str = ""
    told: str | None = None


def add_to(desk: Blueprint) -> None:
    """Put the filling of forms on ``desk``."""
    desk.add_url_rule("/dossiers/<draft_id>/page/<page_id>", view_func=fill, methods=["GET", "POST"])
    desk.add_url_rule("/dossiers/<draft_id>/page/<page_id>/card", view_func=use_card, methods=["POST"])


@guard.needs(Role.GUIDE)
def fill(draft_id: str, page_id: str) -> Any:
    """Show a page of a draft, or save it and go where the guide pressed."""
    if request.method == "POST":
        return _save(draft_id, page_id)
    view = drafts.take_up(shell.conn(), draft_id, **_now())
    done = _Done()
    if "check" in request.args:
        done.problems = _left(view, page_id)
    return _draw(view, page_id, done)


@guard.needs(Role.GUIDE)
def use_card(draft_id: str, page_id: str) -> Any:
    """Put what the card says in place of what was there, for the questions the guide ticked."""
    fields = {name: [request.form.get(f"card:{name}", "")] for name in request.form.getlist("take")}
    try:
        _store(draft_id, request.form.get("card_page", page_id), fields)
    except Clash as clash:
        return _to_clash(draft_id, clash)
    return redirect(url_for("guide.fill", draft_id=draft_id, page_id=page_id), 303)


def use_scan(draft_id: str, page_id: str, person_id: str, scanned: str) -> Response:
    """Fill a person's questions from the text of a card's code and draw the page with what came of it.

    Raises as ``prefill.from_card``.
    """
    filled = _from_card(draft_id, person_id, scanned)
    view = drafts.look(shell.conn(), draft_id, key=guard.house_key(), moment=shell.moment())
    drawn: Response = _draw(view, page_id, _Done(filled=filled, person=person_id))
    return drawn


def _save(draft_id: str, page_id: str) -> Any:
    fields = {name: request.form.getlist(name) for name in request.form if name not in _OWN}
    places.take(fields)
    scanned = request.form.get("scan", "").strip() or _misplaced_scan(fields)
    done = _Done(person=request.form.get("person", ""))
    _attach(draft_id, page_id, done)
    refused = {one.path for one in done.problems}
    try:
        found = _store(draft_id, page_id, fields)
    except Clash as clash:
        return _to_clash(draft_id, clash)
    stays = questions.stays(fields) or places.PRESSED in request.form
    go = "stay" if stays or scanned else request.form.get("go", "next")
    if scanned:
        _scan(draft_id, scanned, done)
    if "sheaf" in request.form and not done.problems:
        return _to_sheaf(draft_id, page_id)
    if "to" in request.form or go in ("back", "leave", "skip", "review", "from", "card"):
        if not done.problems:
            return redirect(_onward(draft_id, page_id, go), 303)
    elif go == "next":
        done.problems += [one for one in found if one.path not in refused]
        if not done.problems:
            return redirect(_onward(draft_id, page_id, go), 303)
    elif not scanned:
        done.told = shell.say("guide.saved_at", time=common.when(shell.moment().at, shell.moment().trusted))
    view = drafts.look(shell.conn(), draft_id, key=guard.house_key(), moment=shell.moment())
    only_new = all(one.kind is ProblemKind.NEWLY_ASKED for one in done.problems)
    bad = done.scan_problem is not None or not only_new
    return _draw(view, page_id, done, status=422 if bad else 200)


def _store(draft_id: str, page_id: str, fields: dict[str, list[str]]) -> tuple[Problem, ...]:
    version = request.form.get("version", "")
    if not version.isdecimal() or len(version) > 9:
        abort(400)
    return pages.save_page(
        shell.conn(), draft_id, page_id, fields, expected_version=int(version), **_now(), lang=shell.lang()
    ).problems


def _attach(draft_id: str, page_id: str, done: _Done) -> None:
    # Photos first: they need no version, and a page that others changed meanwhile must not cost a photo.
    most = shell.house().settings.web.upload_bytes
    for path, upload in request.files.items(multi=True):
        if not upload.filename:
            continue
        try:
            attachments.attach(shell.conn(), draft_id, path, upload.stream.read(), **_now(), most_bytes=most)
        except (Refused, Conflict) as bad:
            done.problems.append(_file_problem(page_id, path, bad))
        finally:
            upload.close()


def _file_problem(page_id: str, path: str, bad: HubError) -> Problem:
    return Problem(page_id, path, ProblemKind.UNREADABLE, shell.say("guide.a_file"), bad.key, bad.values)


def _misplaced_scan(fields: dict[str, list[str]]) -> str:
    """Take a card's code out of the question it was scanned into; what stood there before stays."""
    for name, values in fields.items():
        if name in request.form.getlist("own_scan"):
            continue
        if name.startswith("/") and values and values[0].count("|") >= _CARD_PARTS:
            code = values[0].strip()
            del fields[name]
            return code
    return ""


def _scan(draft_id: str, scanned: str, done: _Done) -> None:
    try:
        done.filled = _from_card(draft_id, done.person, scanned)
    except (Refused, Missing) as bad:
        if bad.key == "dossiers.no_draft":
            raise
        done.scan_problem = common.sentence(bad)


def _from_card(draft_id: str, person_id: str, scanned: str) -> Prefilled:
    address = shell.house().settings.web.address
    return prefill.from_card(
        shell.conn(), draft_id, person_id, scanned, **_now(), lang=shell.lang(), address=address
    )


def _onward(draft_id: str, page_id: str, go: str) -> str:
    if go == "leave":
        common.tell("good", shell.say("guide.saved_for_later"))
        return url_for("guide.dossiers")
    review = url_for("guide.review", draft_id=draft_id)
    if go == "review":
        return review
    if go == "from":
        return url_for("guide.fill_from", draft_id=draft_id, page_id=page_id)
    if go == "card":
        person = request.form.get("person", "")
        return url_for("guide.card", draft_id=draft_id, page_id=page_id, person=person)
    view = drafts.look(shell.conn(), draft_id, key=guard.house_key(), moment=shell.moment())
    ids = questions.shown_ids(view.form, view.instance)
    wanted = request.form.get("to")
    if wanted is None:
        order = [leaf.id for leaf in outline.leaves(view.form)]
        here = order.index(page_id)
        if go == "back":
            wanted = next((one for one in reversed(order[:here]) if one in ids), None)
            return (
                url_for("guide.fill", draft_id=draft_id, page_id=wanted)
                if wanted
                else url_for("guide.dossiers")
            )
        wanted = next((one for one in order[here + 1 :] if one in ids), None)
    if wanted not in ids:
        return review
    return url_for("guide.fill", draft_id=draft_id, page_id=wanted)


def _left(view: View, page_id: str) -> list[Problem]:
    found = questions.check_all(view.form, view.instance, shell.lang())
    return [one for one in found if one.page_id == page_id]


def _draw(view: View, page_id: str, done: _Done, status: int = 200) -> Any:
    outline.leaf(view.form, page_id)
    drawn = drawing.draw(view, page_id, done.problems)
    draft_id = view.draft.id
    if drawn is None:
        # What was answered elsewhere has emptied this page.
        return redirect(url_for("guide.dossier", draft_id=draft_id), 303)
    faults = [one for one in done.problems if one.kind is not ProblemKind.NEWLY_ASKED]
    labels = {one.path: one.label for one in drawn.page.questions}
    people = drawing.people(view, page_id)
    person = done.filled.person if done.filled else None
    notes = noting.seen(view)
    here = noting.on_page(notes, page_id)
    kept = places.kept()
    body = shell.page(
        "guide/fill.html",
        at="dossiers",
        told=common.told(),
        view=view,
        draft=view.draft,
        drawn=drawn,
        words=drawing.words,
        **widgets.helpers(),
        **drawing.addresses(view, page_id),
        faults=[
            (one.path, f"{rich.plain(labels.get(one.path) or one.label)}: {drawing.words(one)}")
            for one in faults
        ],
        newly=sum(one.kind is ProblemKind.NEWLY_ASKED for one in done.problems),
        notes=noting.by_path(one for one in here if one.ask is None),
        asks={one.path: one.ask for one in here if one.ask is not None and one.path not in kept},
        kept_places=kept,
        passed=noting.on_page(notes, drawn.before) if request.method == "GET" else (),
        people=people,
        person=done.person or drawing.likely(view, people),
        card_page=person.page if person else page_id,
        filled=done.filled,
        filled_who=person.label.said(shell.lang()) if person else "",
        scan_problem=done.scan_problem,
        saved=done.told,
        newer=newer.waiting(view.draft),
        is_first=drawn.before is None,
        guides=[one for one in common.guides() if one.id != common.me().id],
        most_mb=shell.house().settings.web.upload_bytes // (1024 * 1024),
    )
    return Response(body, status, mimetype="text/html")


def _to_sheaf(draft_id: str, page_id: str) -> Any:
    try:
        return redirect(scanning.address(draft_id, page_id, request.form["sheaf"]), 303)
    except Refused as bad:
        common.tell("care", common.sentence(bad))
        return redirect(url_for("guide.fill", draft_id=draft_id, page_id=page_id), 303)


def _to_clash(draft_id: str, clash: Clash) -> Any:
    return redirect(url_for("guide.clash", draft_id=draft_id, aside_id=clash.aside_id), 303)


def _now() -> dict[str, Any]:
    return {"key": guard.house_key(), "staff": common.me().id, "moment": shell.moment()}
