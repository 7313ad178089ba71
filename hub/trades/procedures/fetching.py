"""Forms fetched from the office: only what has changed, only what the engine can run, only under a trusted key.

Keeps true: a form and all its files have arrived whole and been tried before they replace anything, and one
with another key waits aside for a technician's word; one form's trouble costs no other form; what the office no
longer offers stays until somebody removes it. Nothing that was fetched once travels a second time.
"""

from __future__ import annotations

import importlib.metadata
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hub.base import db
from hub.base.clock import Clock, Moment
from hub.base.errors import HubError, Refused
from hub.base.settings import UpstreamSettings
from hub.forms import bundle
from hub.packs.shelf import Shelf
from hub.post import office_keys
from hub.post.transports import blank_forms
from hub.post.transports.blank_forms import BlankForms, Offered, OfferedFile
from hub.post.transports.carrier import CarrierFault
from hub.trades.procedures import added, asides, form_shelf, offers, trusting
from hub.trades.procedures.added import Listed
from hub.trades.procedures.asides import Aside
from hub.trades.procedures.form_shelf import Origin
from hub.trades.procedures.offers import Came

SOME_FAILED = "office_keys.some_failed"
"""Why the office is asked again soon, although its list came."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One offered form: what became of it, and as a phrase why where it did not come.

    ``before`` is the version that new dossiers used until now; ``told`` names one that cannot run here.
    """

    form_id: str
    version: str
    came: Came
    before: str | None = None
    reason_key: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    told: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """What an asking needs: the office, the settings it is asked by, and the forms that the House brings itself.

    ``ours`` are form ids that the office may list and that no dossier is ever begun on: the House's reports.
    """

    office: BlankForms
    upstream: UpstreamSettings
    ours: frozenset[str] = frozenset()


def fetch(conn: sqlite3.Connection, shelf: Shelf, asking: Asking, clock: Clock) -> Iterator[Fetched]:
    """Fetch what the office offers, form after form, and write down what became of each.

    Raises ``CarrierFault`` when there is no list, which is written down too.
    """
    wish = db.version(conn, offers.WISH)
    found: list[Fetched] = []
    try:
        for offered in asking.office.listing():
            one = _tried(conn, shelf, asking, clock, offered)
            found.append(one)
            yield one
    except CarrierFault as bad:
        offers.note_asked(conn, wish, bad.reason_key, clock.read())
        raise
    _note(conn, found, clock.read(), wish)


def _note(conn: sqlite3.Connection, found: list[Fetched], now: Moment, wish: int) -> None:
    told = [
        offers.Offer(one.form_id, one.version, one.came, one.reason_key, dict(one.values), one.told, now.at)
        for one in found
    ]
    with db.write(conn):
        offers.note(conn, told)
        failed = any(one.came is Came.FAILED for one in found)
        offers.note_asked(conn, wish, SOME_FAILED if failed else None, now)
        # What is not offered any more needs nobody's word.
        for aside in asides.listing(conn):
            if not aside.refused and aside.form_id not in {one.form_id for one in found}:
                asides.drop(conn, aside.form_id)


def _tried(conn: sqlite3.Connection, shelf: Shelf, asking: Asking, clock: Clock, offered: Offered) -> Fetched:
    if offered.form_id in asking.ours:
        return Fetched(offered.form_id, offered.version, Came.OURS)
    try:
        return _one(conn, shelf, asking, clock, offered)
    except CarrierFault as bad:
        return Fetched(offered.form_id, offered.version, Came.FAILED, reason_key=bad.reason_key)
    except HubError as bad:
        return Fetched(offered.form_id, offered.version, Came.FAILED, None, bad.key, bad.values)


def _one(conn: sqlite3.Connection, shelf: Shelf, asking: Asking, clock: Clock, offered: Offered) -> Fetched:
    office = asking.office
    files = office.manifest(offered)
    told = _told(offered, files)
    kept = form_shelf.find(conn, offered.form_id)
    used = added.in_force(conn, shelf, offered.form_id)
    before = used.version if used else None
    if kept is not None and kept.told == told:
        return _same(conn, Fetched(offered.form_id, offered.version, Came.SAME, before))
    aside = asides.find(conn, offered.form_id)
    if aside is not None and aside.told == told:
        return _waits(aside, before)
    mark = f"{importlib.metadata.version('digital-cultural-house')} {told}"
    last = offers.offered(conn, offered.form_id)
    if last is not None and last.told == mark:
        # This program could not run it and cannot today.
        return Fetched(
            offered.form_id, offered.version, Came.REFUSED, None, last.reason_key, last.values, mark
        )
    try:
        xml, media = _content(conn, shelf, office, offered, files, used, aside)
        name = bundle.digest(xml, media)
        if used is not None and added.digest_today(conn, shelf, used.slug) == name:
            # The office offers what the pack brought.
            # One added by hand stays what it is: the office has not put it here.
            if kept is not None and kept.origin is Origin.FETCHED:
                with db.write(conn):
                    form_shelf.note_told(conn, offered.form_id, told)
            return _same(conn, Fetched(offered.form_id, offered.version, Came.SAME, before))
        form = added.tried(xml, media)
        if form.form_id != offered.form_id:
            raise Refused("adding.other_form", listed=offered.form_id, found=form.form_id)
    except Refused as bad:
        return Fetched(offered.form_id, offered.version, Came.REFUSED, None, bad.key, bad.values, mark)
    key, now = form.public_key or "", clock.read()
    with db.write(conn):
        # While it travelled a technician may have said a word.
        used, aside = added.in_force(conn, shelf, form.form_id), asides.find(conn, form.form_id)
        was = added.key_today(conn, shelf, used.slug) if used else None
        if trusting.believes(conn, form.form_id, key, was=was, upstream=asking.upstream):
            added.put(conn, shelf, xml, media, origin=Origin.FETCHED, moment=now, told=told)
            asides.drop(conn, form.form_id)
            return Fetched(form.form_id, form.version, Came.TAKEN, before)
        # The same key that was refused stays refused, whatever else the office changed.
        refused = aside is not None and aside.refused and _alike(aside.public_key, key)
        waits = Aside(
            form.form_id,
            form.version,
            form.title,
            name,
            told,
            key,
            urlsplit(offered.url).netloc.rpartition("@")[2],
            refused,
            now.at,
            now.trusted,
        )
        asides.put(conn, waits, xml, media, now)
    return _waits(waits, before)


def _alike(one: str, other: str) -> bool:
    return office_keys.fingerprint(one) == office_keys.fingerprint(other)


def _same(conn: sqlite3.Connection, found: Fetched) -> Fetched:
    # The office has gone back to what is in force.
    if asides.find(conn, found.form_id) is not None:
        with db.write(conn):
            asides.drop(conn, found.form_id)
    return found


def _waits(aside: Aside, before: str | None) -> Fetched:
    came, reason = (
        (Came.UNTRUSTED, "office_keys.refused") if aside.refused else (Came.WAITING, "office_keys.waits")
    )
    return Fetched(aside.form_id, aside.version, came, before, reason)


def _content(
    conn: sqlite3.Connection,
    shelf: Shelf,
    office: BlankForms,
    offered: Offered,
    files: tuple[OfferedFile, ...],
    used: Listed | None,
    aside: Aside | None,
) -> tuple[bytes, dict[str, bytes]]:
    """The form and its files; what is here already with the same hash is not fetched again."""
    known: dict[str, bytes] = {}
    if aside is not None and not aside.refused:
        xml, files_aside = asides.content(conn, aside.form_id)
        known = {blank_forms.md5(one): one for one in (xml, *files_aside.values())}
    if used is not None:
        blank = added.today(conn, shelf, used.slug)
        known |= {blank_forms.md5(one): one for one in (blank.xml, *blank.media.values())}
    own = known.get(offered.md5) or office.xml(offered)
    media: dict[str, bytes] = {}
    for one in files:
        media[one.name] = known[one.md5] if one.md5 in known else office.file(one)
        # Before the next one is in memory too.
        bundle.check(media)
    return own, media


def _told(offered: Offered, files: tuple[OfferedFile, ...]) -> str:
    return " ".join(
        [offered.md5, *(f"{one.md5}:{one.name}" for one in sorted(files, key=lambda one: one.name))]
    )
