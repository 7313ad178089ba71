"""A demo House: synthetic staff, prices that say they are for practice, a short queue, an office to send to.

It never runs in a House whose settings do not say ``demo``; nothing in here stands for a real person or price.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping

from hub.base.house import House
from hub.packs import shelf
from hub.wiring import content

# Printed at each start of a demo House; whoever opens a real one makes their own with `hub staff add`.
SIGN_INS = (
    ("Hướng dẫn Mẫu", "guide", "250719"),
    ("Kỹ thuật Mẫu", "technician", "306141"),
)
_PLACE = "Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu"
_FAMILIES = (
    (
        "Nhà mẫu số 1 (để tập)",
        (
            {"full_name": "Giàng A Mẫu", "number": "010082000000", "born_on": "1982-03-05", "sex": "Nam"}
            | {"residence": _PLACE},
            {"full_name": "Nguyễn Thị Mẫu", "number": "015185000000", "born_year": "1985", "sex": "Nữ"}
            | {"residence": _PLACE, "phone": "0912000000"},
        ),
    ),
    (
        "Nhà mẫu số 2 (để tập)",
        (
            {"full_name": "Lý Thị Mẫu", "number": "015155000000", "born_on": "1955-02-01", "sex": "Nữ"}
            | {"residence": _PLACE},
        ),
    ),
)
_STEPS = (0, 3, 8, 15, 26)
_AMOUNTS = (10_000, 11_000, 9_500, 10_500, 10_000)


def fill(house: House, conn: sqlite3.Connection) -> None:
    """Put demo staff, households, prices and a queue into an empty House, in the caller's transaction.

    Volunteers may take the pack's forms for home visits.
    """
    key = _staff(house, conn)
    _households(house, conn, key)
    _prices(house, conn)
    _queue(house, conn)
    _home_visits(house, conn)


def office(house: House) -> None:
    """Make the practice office ready to receive: its keys, its token, the forms of the active pack."""
    from hub.practice_office import forms, keys

    folder = house.data / "office"
    folder.mkdir(mode=0o700, exist_ok=True)
    public = folder / "public_key.b64"
    told = keys.public_key_base64(folder)
    if not public.exists() or public.read_text(encoding="ascii") != told:
        public.write_text(told, encoding="ascii")
    keys.token(folder)
    for xml in (*(xml for _slug, xml in content.forms(house)), *content.reports(house)):
        forms.register_form(folder, xml)
    for xml, media in content.visits(house):
        forms.register_form(folder, xml, media)


def publish(house: House, xml: bytes, media: Mapping[str, bytes]) -> None:
    """Let the practice office take dossiers on a form that was put in at this House."""
    from hub.practice_office import forms

    forms.register_form(house.data / "office", xml, media)


def _staff(house: House, conn: sqlite3.Connection) -> bytes:
    from hub.trades.staff import service as staff
    from hub.trades.staff.model import Role

    moment = house.clock.read()
    key, _recovery = staff.found_house_key(conn)
    for name, role, secret in SIGN_INS:
        kind = Role(role)
        staff.add(conn, name, kind, secret, moment=moment, house_key=key if kind is Role.GUIDE else None)
    return key


def _households(house: House, conn: sqlite3.Connection, key: bytes) -> None:
    from hub.trades.people import members, service
    from hub.trades.people.model import NOTICE_VERSION, Consent, GivenBy, How, Purpose

    moment, keep_days = house.clock.read(), house.settings.people.keep_days
    # The first family may stand on a volunteer's list, the second has not agreed to it.
    for (label, family), more in zip(_FAMILIES, ({Purpose.HOME_VISITS}, set[Purpose]()), strict=True):
        purposes = frozenset({Purpose.KEEP_FACTS, *more})
        consent = Consent(NOTICE_VERSION, "vi", How.SPOKEN, GivenBy.HEAD, purposes)
        household_id = service.start(
            conn, label, "", consent=consent, key=key, staff=1, moment=moment, keep_days=keep_days
        )
        for facts in family:
            members.add(conn, household_id, facts, key=key, staff=1, moment=moment)


def _prices(house: House, conn: sqlite3.Connection) -> None:
    from hub.trades.prices import reader, service

    moment = house.clock.read()
    for position, commodity in enumerate(reader.commodities(shelf.current(house.packs, content.CORE))[:4]):
        place = commodity.places[0]
        for days, amount in zip(_STEPS, _AMOUNTS, strict=True):
            service.report(
                conn,
                commodity,
                str(amount * (position + 1)),
                place_kind=place.id,
                place="Số tập dượt, không phải giá thật",
                seen_on=moment.on - dt.timedelta(days=days),
                staff_id=1,
                staff_name=SIGN_INS[0][0],
                moment=moment,
                confirmed=True,
            )


def _queue(house: House, conn: sqlite3.Connection) -> None:
    from hub.trades.tickets import service, views
    from hub.trades.tickets.model import Priority, Source

    services = views.services(conn)
    for position, priority in enumerate((Priority.NONE, Priority.ELDERLY, Priority.NONE)):
        service.issue(
            conn,
            services[position % len(services)].id,
            priority=priority,
            source=Source.GUIDE,
            moment=house.clock.read(),
            lang="vi",
            settings=house.settings,
        )


def _home_visits(house: House, conn: sqlite3.Connection) -> None:
    from hub.trades.procedures import visit_forms
    from hub.trades.volunteers import service

    for one in visit_forms.all(shelf.current(house.packs, content.CORE)).values():
        service.mark_form(
            conn, one.form_id, plain=False, may_be_plain=False, staff=1, moment=house.clock.read()
        )
