"""What is processed here, who did what with it, and breaches with their three days.

Keeps true: counts, acts and staff names only; no villager stands on these pages. The text of a breach is the
technician's own, and the page asks to leave names out of it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from hub.base import db
from hub.base.clock import VILLAGE
from hub.base.errors import HubError, Missing, NotReady, Refused
from hub.desks import errors, guard, shell
from hub.desks.technician import common
from hub.forms import typed
from hub.forms.typed import DataType
from hub.overview import access
from hub.trades.privacy import breach, days, log, register
from hub.trades.privacy import requests as desk_of
from hub.trades.privacy.model import Access, Breach, Kinds, Step
from hub.trades.staff import service as staff

_LINES = 60


def add_to(desk: Blueprint) -> None:
    """Put the personal data pages on ``desk``."""
    common.put(desk, "/privacy", privacy)
    common.put(desk, "/privacy/register.csv", register_csv)
    common.put(desk, "/breach", breaches)
    common.put(desk, "/breach", open_breach, post=True)
    common.put(desk, "/breach/<int:breach_id>", one_breach)
    common.put(desk, "/breach/<int:breach_id>", add_step, post=True)
    common.put(desk, "/breach/<int:breach_id>/text", breach_text)


def privacy() -> str:
    """Show the register and the access log; that it was read is a line of it."""
    conn, settings, lang = shell.conn(), shell.house().settings, shell.lang()
    told = register.read(settings, lang)
    try:
        lines, broken = access.verify(conn), None
        with db.write(conn):
            log.note(conn, Access.LOG_READ, "", staff=guard.who().staff.id, moment=shell.moment())
    except NotReady as bad:
        lines, broken = 0, errors.told(bad)
    return shell.page(
        "technician/privacy.html",
        register=told,
        heads=register.heads(lang),
        lines=lines,
        broken=broken,
        counts=access.counts(conn),
        log=[(one, common.when(one.at)) for one in access.latest(conn, _LINES)],
        names={one.id: one.name for one in staff.listing(conn)},
        waiting=desk_of.count(conn),
        running=[(one, _hours_left(one)) for one in breach.running(conn)],
    )


def register_csv() -> Response:
    """Answer with the register as a table."""
    body = register.as_csv(shell.house().settings, shell.lang())
    headers = {"Content-Disposition": 'attachment; filename="register.csv"'}
    # The mark at the front lets a spreadsheet read the accents.
    return Response("\ufeff" + body, mimetype="text/csv", headers=headers)


def breaches() -> str:
    """Say what to do first, ask what happened, and list the breaches."""
    return _ask()


def open_breach() -> Any:
    """Open the file of a breach."""
    form = request.form
    people = form.get("people", "").strip()
    try:
        discovered = _read(form.get("day", ""), form.get("hour", ""))
        if not (people.isascii() and people.isdigit() and len(people) < 7):
            raise Refused("privacy.breach_people_number")
        number = breach.report(
            shell.conn(),
            form.get("happened", "")[: breach.LONGEST],
            form.get("measures", "")[: breach.LONGEST],
            discovered_at=discovered,
            kinds=[one for one in Kinds if one in form.getlist("kinds")],
            people=int(people),
            staff=guard.who().staff.id,
            moment=shell.moment(),
        )
    except Refused as bad:
        return _ask(errors.told(bad)), 422
    return redirect(url_for("technician.one_breach", breach_id=number), 303)


def one_breach(breach_id: int) -> str:
    """Show a breach with its clock."""
    return _show(breach.get(shell.conn(), breach_id))


def add_step(breach_id: int) -> Any:
    """Add what else was done, that it was reported, or why it need not be."""
    try:
        breach.step(
            shell.conn(),
            breach_id,
            Step(request.form.get("step", "")),
            request.form.get("words", "")[: breach.LONGEST],
            staff=guard.who().staff.id,
            moment=shell.moment(),
        )
    except Missing:
        raise
    except (HubError, ValueError) as bad:
        words = errors.told(bad) if isinstance(bad, HubError) else shell.say("privacy.choose")
        return _show(breach.get(shell.conn(), breach_id), words), 422
    return redirect(url_for("technician.one_breach", breach_id=breach_id), 303)


def breach_text(breach_id: int) -> str:
    """Show the text for the agency, to be printed on A4."""
    found = breach.get(shell.conn(), breach_id)
    return shell.page("technician/breach_text.html", one=found, **_told(found))


def _ask(problem: str | None = None) -> str:
    now = shell.moment().at.astimezone(VILLAGE)
    return shell.page(
        "technician/breach.html",
        found=[
            (one, _hours_left(one), common.when(one.discovered_at)) for one in breach.listing(shell.conn())
        ],
        kinds=[(one, shell.say(f"privacy.kinds_{one}")) for one in Kinds],
        form=request.form,
        chosen=request.form.getlist("kinds"),
        day=request.form.get("day") or f"{now:%d/%m/%Y}",
        hour=request.form.get("hour") or f"{now:%H:%M}",
        problem=problem,
    )


def _show(found: Breach, problem: str | None = None) -> str:
    steps = [(one, shell.say(f"privacy.step_{one}")) for one in Step]
    if found.ended is not None:
        steps = steps[:1]
    return shell.page(
        "technician/breach_one.html",
        one=found,
        steps=steps,
        form=request.form,
        problem=problem,
        **_told(found),
    )


def _told(found: Breach) -> dict[str, Any]:
    settings = shell.house().settings.house
    return {
        "kinds": ", ".join(shell.say(f"privacy.kinds_{one}") for one in found.kinds),
        "discovered": common.when(found.discovered_at),
        "deadline": common.when(days.deadline(found.discovered_at)),
        "left": _hours_left(found),
        "noted": common.when(found.noted_at),
        "done": [(one, shell.say(f"privacy.step_{one.step}"), common.when(one.at)) for one in found.steps],
        "names": {one.id: one.name for one in staff.listing(shell.conn())},
        "place": ", ".join((settings.village, settings.commune, settings.province)),
    }


def _hours_left(found: Breach) -> int:
    return int((days.deadline(found.discovered_at) - shell.moment().at).total_seconds() // 3600)


def _read(day: str, hour: str) -> dt.datetime:
    """Return the village's day and hour as they were typed; ``Refused`` for one that cannot be read."""
    on = typed.read(DataType.DATE, (), day.strip()[:40], None)
    at = typed.read(DataType.TIME, (), hour.strip()[:40], None)
    if on.key or at.key or not on.value or not at.value:
        raise Refused("privacy.breach_when")
    moment = dt.datetime.combine(dt.date.fromisoformat(on.value), dt.time.fromisoformat(at.value[:5]))
    return moment.replace(tzinfo=VILLAGE)
