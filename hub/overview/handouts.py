"""The forms that volunteers may take along, as they are handed out today, and what keeps one from going out.

Keeps true: a form is handed out only while it is in force, somebody marked it for home visits, and there is a
key to seal to that is trusted (or it leaves plain, which a form of the pack never does); every version is
remembered before it leaves, for what is filled in on it comes back after the form has changed.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.base.errors import HubError, Missing, NotReady
from hub.base.settings import UpstreamSettings
from hub.forms import handout
from hub.forms.handout import Handout
from hub.packs.shelf import Shelf
from hub.post import office_keys
from hub.trades.procedures import added
from hub.trades.procedures.added import Listed
from hub.trades.volunteers import lists
from hub.trades.volunteers import service as volunteers
from hub.trades.volunteers.model import Version

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Offer:
    """A form in force: whether volunteers may take it, whether it leaves plain, what stands in its way.

    ``may_be_plain`` is whether that could be chosen; ``with_list`` whether it reads a list of households.
    """

    form: Listed
    marked: bool
    plain: bool
    may_be_plain: bool
    with_list: bool
    trouble: HubError | None


@dataclass(frozen=True, slots=True)
class Blank:
    """A form to be filled in on a walk, with the files beside it."""

    form: Handout
    title: str
    media: Mapping[str, bytes] = field(repr=False)

    @property
    def with_list(self) -> bool:
        """Whether this form chooses from a list of households."""
        return lists.FILE in self.form.wants


def offers(conn: sqlite3.Connection, shelf: Shelf, upstream: UpstreamSettings) -> tuple[Offer, ...]:
    """Return every form in force, those that volunteers may take first."""
    marked = volunteers.forms(conn)
    found = [_offer(conn, shelf, upstream, one, marked) for one in added.listing(conn, shelf) if one.in_force]
    return tuple(sorted(found, key=lambda one: (not one.marked, one.form.title)))


def may_be_plain(one: Listed) -> bool:
    """Return whether records of a form may leave without a seal: never those of a form that the pack has too."""
    return one.slug.startswith(added.SLUG)


def blanks(conn: sqlite3.Connection, shelf: Shelf, upstream: UpstreamSettings) -> tuple[Blank, ...]:
    """Return every form that volunteers may take today; what cannot be handed out is left out."""
    marked = volunteers.forms(conn)
    found = []
    for one in added.listing(conn, shelf) if marked else ():
        if one.in_force and one.form_id in marked:
            try:
                found.append(_blank(conn, shelf, upstream, one, marked[one.form_id]))
            except HubError as bad:
                _log.warning("form %s is not handed out: %s", one.form_id, bad)
    return tuple(found)


def blank(conn: sqlite3.Connection, shelf: Shelf, upstream: UpstreamSettings, form_id: str) -> Blank:
    """Return one of them; raises ``Missing("field.no_such_form")``, and as it cannot be handed out."""
    marked = volunteers.forms(conn)
    one = added.in_force(conn, shelf, form_id) if form_id in marked else None
    if one is None:
        raise Missing("field.no_such_form", form_id=form_id[:80])
    return _blank(conn, shelf, upstream, one, marked[form_id])


def _blank(
    conn: sqlite3.Connection, shelf: Shelf, upstream: UpstreamSettings, one: Listed, plain: bool
) -> Blank:
    given = added.today(conn, shelf, one.slug)
    form = handout.read(given.xml)
    plain = _checked(conn, upstream, form, plain and may_be_plain(one))
    title = form.title or one.title or form.form_id
    sha256 = hashlib.sha256(form.xml).hexdigest()
    told = Version(form.form_id, form.version, sha256, title, form.public_key, form.uploads, plain)
    volunteers.handed_out(conn, told)
    return Blank(form, title, given.media)


def _offer(
    conn: sqlite3.Connection,
    shelf: Shelf,
    upstream: UpstreamSettings,
    one: Listed,
    marked: Mapping[str, bool],
) -> Offer:
    plain = marked.get(one.form_id, False) and may_be_plain(one)
    trouble, with_list, own = None, False, False
    try:
        form = handout.read(added.today(conn, shelf, one.slug).xml)
        with_list, own = lists.FILE in form.wants, bool(form.public_key)
        _checked(conn, upstream, form, plain)
    except HubError as bad:
        trouble = bad
    return Offer(
        one, one.form_id in marked, plain and not own, may_be_plain(one) and not own, with_list, trouble
    )


def _checked(conn: sqlite3.Connection, upstream: UpstreamSettings, form: Handout, plain: bool) -> bool:
    """Whether records leave plain. Asked before a walk, so that nobody fills in what could not be taken in."""
    if form.public_key or not plain:
        office_keys.to_seal(conn, form.form_id, form.public_key, upstream)
        return False
    if not office_keys.trusted_key(conn, form.form_id, office_keys.NO_KEY):
        raise NotReady("office_keys.not_trusted")
    return True
