"""Forms from the office: what came, what did not and why, whose key waits to be compared; and the House's reports.

Keeps true: a new key is trusted only by somebody who says that they compared its digits with the office; who
and when is written down. It shows no dossier and nothing that a report says of a day beyond its fate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request

from hub.base import clock as clocks
from hub.base import db
from hub.base.errors import Refused
from hub.desks import guard, shell
from hub.desks.technician import common
from hub.packs import shelf
from hub.packs.shelf import Shelf
from hub.post import office_keys
from hub.post.office_keys import NO_KEY
from hub.trades.procedures import added, offers, trusting
from hub.trades.procedures.offers import Came, Offer
from hub.trades.procedures.trusting import Question
from hub.trades.reports import service as reports
from hub.trades.reports.model import FORM_IDS, Kind, Report
from hub.trades.staff import service as staff

_ACTS = 12
_REPORTS = 7


@dataclass(frozen=True, slots=True)
class Asked:
    """A key that waits, as the page shows it; digits are empty for a form without a key."""

    one: Question
    before: str
    after: str
    since: str


def add_to(desk: Blueprint) -> None:
    """Put the page of forms on ``desk``."""
    common.put(desk, "/forms", forms)
    common.put(desk, "/forms/ask", ask, post=True)
    common.put(desk, "/forms/trust", trust, post=True)
    common.put(desk, "/forms/refuse", refuse, post=True)
    common.put(desk, "/forms/again", again, post=True)


def forms() -> str:
    """Show the keys that wait, what the office offers, the keys in use and the reports."""
    conn, settings = shell.conn(), shell.house().settings
    own = office_keys.of_settings(settings.upstream)
    last = offers.asked(conn)
    asked = [
        Asked(one, _digits(one.before), _digits(one.after), common.when(one.since))
        for one in trusting.questions(conn, _active())
    ]
    return shell.page(
        "technician/forms.html",
        office=bool(settings.upstream.url),
        demo=settings.house.demo,
        last=common.when(last.at) if last else None,
        trouble=last.reason_key if last else None,
        wished=offers.wished(conn),
        asked=asked,
        offered=[(one, _came(one, asked)) for one in offers.listing(conn) if one.form_id not in FORM_IDS],
        titles={one.form_id: one.title for one in added.listing(conn, _active())},
        own=_digits(office_keys.fingerprint(own)) if office_keys.readable(own) else "",
        keys=[(one, _digits(one.fingerprint)) for one in office_keys.listing(conn)],
        acts=[
            (one, common.when(clocks.parse(one.at)), _digits(one.fingerprint))
            for one in office_keys.acts(conn, _ACTS)
        ],
        names={one.id: one.name for one in staff.listing(conn)},
        reports=[_of_kind(kind) for kind in Kind],
    )


def ask() -> Any:
    """Have the relay ask the office for its forms now."""
    return common.tried(lambda: offers.ask(shell.conn()), lambda _: shell.say("office_keys.asking"), "forms")


def trust() -> Any:
    """Trust a key whose digits were compared."""
    form_id, mark = _named()

    def work() -> None:
        if request.form.get("compared") != "yes":
            raise Refused("office_keys.compare_first")
        who, now = guard.who().staff.id, shell.moment()
        trusting.trust(shell.conn(), _active(), form_id, mark, staff=who, moment=now)

    return common.tried(work, lambda _: shell.say("office_keys.did_trust", form=form_id), "forms")


def refuse() -> Any:
    """Refuse a key; the form before stays in force."""
    form_id, mark = _named()

    def work() -> None:
        who, now = guard.who().staff.id, shell.moment()
        trusting.refuse(shell.conn(), _active(), form_id, mark, staff=who, moment=now)

    return common.tried(work, lambda _: shell.say("office_keys.did_refuse", form=form_id), "forms")


def again() -> Any:
    """Have a refused key asked about again."""
    form_id, mark = _named()

    def work() -> None:
        conn = shell.conn()
        with db.write(conn):
            trusting.reconsider(conn, _active(), form_id, mark)
            offers.ask(conn)

    return common.tried(work, lambda _: shell.say("office_keys.asking"), "forms")


def _active() -> Shelf:
    return shelf.current(shell.house().packs)


def _named() -> tuple[str, str]:
    return request.form.get("form_id", "")[:200], request.form.get("mark", NO_KEY)[:64]


def _came(offer: Offer, asked: list[Asked]) -> str:
    """What became of it, with what a technician has said since."""
    if offer.came != Came.WAITING:
        return offer.came
    settled = next((one.one.refused for one in asked if one.one.form_id == offer.form_id), None)
    return {None: Came.TAKEN, True: Came.UNTRUSTED, False: Came.WAITING}[settled]


def _digits(mark: str) -> str:
    return office_keys.spoken(mark)


def _of_kind(kind: Kind) -> dict[str, Any]:
    conn, given = shell.conn(), shell.house().settings.reports
    offered = offers.offered(conn, kind.form_id)
    return {
        "kind": kind,
        "on": given.daily if kind is Kind.DAILY else given.monthly,
        "form_id": kind.form_id,
        "offered": offered.version if offered else "",
        "latest": [(one, _fate(one), _mood(one)) for one in reports.listing(conn, kind, _REPORTS)],
    }


def _fate(one: Report) -> str:
    if one.given_up:
        return "reports.given_up"
    return f"technician.parcel_{one.state}" if one.state else "reports.gone"


def _mood(one: Report) -> str:
    return {"sent": "good", "held": "bad"}.get(one.state or "", "wait")
