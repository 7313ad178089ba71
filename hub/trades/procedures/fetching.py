"""Forms fetched from the office: only what has changed, and only what the engine can run.

Keeps true: a form and all its files have arrived whole and been tried before they replace anything; one
form's trouble costs no other form; what the office no longer offers stays until somebody removes it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hub.base import db
from hub.base.clock import Clock
from hub.base.errors import HubError, Refused
from hub.forms import bundle
from hub.packs.shelf import Shelf
from hub.post.transports import blank_forms
from hub.post.transports.blank_forms import BlankForms, Offered, OfferedFile
from hub.post.transports.carrier import CarrierFault
from hub.trades.procedures import added, form_shelf
from hub.trades.procedures.added import Listed
from hub.trades.procedures.form_shelf import Origin


class Came(StrEnum):
    """What became of one offered form."""

    TAKEN = "taken"
    SAME = "same"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One offered form: what became of it, and as a phrase why where it did not come.

    ``before`` is the version that new dossiers used until now.
    """

    form_id: str
    version: str
    came: Came
    before: str | None = None
    reason_key: str = ""
    values: Mapping[str, object] = field(default_factory=dict)


def fetch(conn: sqlite3.Connection, shelf: Shelf, office: BlankForms, clock: Clock) -> Iterator[Fetched]:
    """Fetch what the office offers, form after form. Raises ``CarrierFault`` when there is no list."""
    for offered in office.listing():
        try:
            yield _one(conn, shelf, office, clock, offered)
        except CarrierFault as bad:
            yield Fetched(offered.form_id, offered.version, Came.FAILED, reason_key=bad.reason_key)
        except HubError as bad:
            came = Came.REFUSED if isinstance(bad, Refused) else Came.FAILED
            yield Fetched(offered.form_id, offered.version, came, None, bad.key, bad.values)


def _one(
    conn: sqlite3.Connection, shelf: Shelf, office: BlankForms, clock: Clock, offered: Offered
) -> Fetched:
    files = office.manifest(offered)
    told = _told(offered, files)
    kept = form_shelf.find(conn, offered.form_id)
    used = added.in_force(conn, shelf, offered.form_id)
    before = used.version if used else None
    if kept is not None and kept.told == told:
        return Fetched(offered.form_id, offered.version, Came.SAME, before)
    xml, media = _content(conn, shelf, office, offered, files, used)
    form = added.tried(xml, media)
    if form.form_id != offered.form_id:
        raise Refused("adding.other_form", listed=offered.form_id, found=form.form_id)
    if used is not None and added.digest_today(conn, shelf, used.slug) == bundle.digest(xml, media):
        # The office offers what the pack brought.
        # One added by hand stays what it is: the office has not put it here.
        if kept is not None and kept.origin is Origin.FETCHED:
            with db.write(conn):
                form_shelf.note_told(conn, form.form_id, told)
        return Fetched(form.form_id, form.version, Came.SAME, before)
    added.put(conn, shelf, xml, media, origin=Origin.FETCHED, moment=clock.read(), told=told)
    return Fetched(form.form_id, form.version, Came.TAKEN, before)


def _content(
    conn: sqlite3.Connection,
    shelf: Shelf,
    office: BlankForms,
    offered: Offered,
    files: tuple[OfferedFile, ...],
    used: Listed | None,
) -> tuple[bytes, dict[str, bytes]]:
    """The form and its files; what is here already with the same hash is not fetched again."""
    known: dict[str, bytes] = {}
    if used is not None:
        blank = added.today(conn, shelf, used.slug)
        known = {blank_forms.md5(one): one for one in (blank.xml, *blank.media.values())}
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
