"""Forms that came after the pack - written here, or fetched from the office - beside the pack's own.

Keeps true: the office's form goes before all others of its id, for the office takes no other version; of the
pack's and one added by hand the newer version is in force. Drafts are never touched: they stand on copies of
their own. A form that belongs to no procedure is one a guide can begin, and nothing is claimed about it.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hub.base import db, phrases
from hub.base.clock import Moment
from hub.base.errors import Missing, NotReady, Refused
from hub.forms import bundle, markup, seal, trial, xform
from hub.forms.model import Form
from hub.packs.shelf import Shelf
from hub.post import office_keys
from hub.post.office_keys import Act
from hub.trades.procedures import form_shelf, reader, visit_forms
from hub.trades.procedures.form_shelf import Kept, Origin
from hub.trades.procedures.model import Fact, Group, Kind, Person, Procedure, Status, Words

SLUG = "form-"
_ID = re.compile(r"[^\s/\\?#%&<>\"'\x00-\x1f]{1,100}")
# Python reads no number of more than 4300 digits.
_PART = re.compile(r"[0-9]{1,4000}|[^0-9]+")
_ORDER = 1_000


@dataclass(frozen=True, slots=True)
class Blank:
    """A form to begin a dossier on: its XML and the files it comes with."""

    xml: bytes
    media: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Listed:
    """A form the House has; ``slug`` is what it is begun as, ``in_force`` whether new dossiers use it."""

    slug: str
    form_id: str
    version: str
    title: str
    origin: Origin
    in_force: bool


@dataclass(frozen=True, slots=True)
class Put:
    """What came of putting a form in: ``before`` is the one of the shelf it replaces, ``packed`` the pack's
    version, ``in_force`` whether new dossiers use it.
    """

    form_id: str
    version: str
    before: str | None
    packed: str | None
    in_force: bool


def put(
    conn: sqlite3.Connection,
    shelf: Shelf,
    xml: bytes,
    media: Mapping[str, bytes],
    *,
    origin: Origin,
    moment: Moment,
    told: str = "",
) -> Put:
    """Put a form on the shelf after the engine has tried it; its key is trusted for it from now on.

    A form of the office's is put in only after its key was believed (``trusting``). Raises ``Refused`` for what
    the engine cannot run, files out of bounds, and
    ``Refused("forms.bad_form_id", form_id=)`` for an id no address can carry.
    """
    form = tried(xml, media)
    with db.write(conn):
        old, used = form_shelf.find(conn, form.form_id), in_force(conn, shelf, form.form_id)
        was = key_today(conn, shelf, used.slug) if used else None
        name = bundle.digest(xml, media)
        kept = Kept(form.form_id, form.version, form.title, origin, name, told, moment.on)
        form_shelf.put(conn, kept, xml, media, moment)
        act = Act.KNOWN if origin is Origin.FETCHED else Act.ADDED
        office_keys.use(conn, form.form_id, form.public_key or "", act, was=was, staff=None, moment=moment)
        slug = _owner(shelf, form.form_id)
        packed = _packed(shelf, slug)[0] if slug else None
        return Put(
            form.form_id,
            form.version,
            old.version if old else None,
            packed,
            packed is None or _goes_before(kept, packed),
        )


def tried(xml: bytes, media: Mapping[str, bytes]) -> Form:
    """Return a form that runs: read, begun, drawn in each of its languages and written out once.

    Raises as ``put``.
    """
    bundle.check(media)
    form = xform.read(xml, media)
    if not _ID.fullmatch(form.form_id):
        raise Refused("forms.bad_form_id", form_id=form.form_id[:100])
    if form.public_key:
        try:
            seal.read_public_key(form.public_key)
        except NotReady as bad:
            raise Refused("adding.bad_key", form_id=form.form_id) from bad
    for wrong in trial.run(form):
        raise wrong
    return form


def remove(conn: sqlite3.Connection, shelf: Shelf, form_id: str, moment: Moment) -> str | None:
    """Take a form off the shelf; return the pack's version that is in force again, None for no such.

    The pack's key, or that it has none, is what holds again. Raises ``Refused("adding.of_the_pack")`` for a form
    that only the pack has, ``Missing("adding.none")``.
    """
    with db.write(conn):
        there, slug = form_shelf.remove(conn, form_id), _owner(shelf, form_id)
        if not there and slug:
            raise Refused("adding.of_the_pack", form_id=form_id)
        if not there:
            raise Missing("adding.none", form_id=form_id)
        if slug:
            key = _named(_brought(shelf, slug).xml)[2]
            office_keys.use(conn, form_id, key, Act.PACK, was=None, staff=None, moment=moment)
    return _packed(shelf, slug)[0] if slug else None


def listing(conn: sqlite3.Connection, shelf: Shelf) -> tuple[Listed, ...]:
    """Return every form of the pack and of the shelf, the pack's procedures first, then its home visits."""
    found = []
    kept = {one.form_id: one for one in form_shelf.listing(conn)}
    for slug, form_id in _of_pack(shelf):
        version, title = _packed(shelf, slug)
        later = kept.get(form_id)
        own = later is None or not _goes_before(later, version)
        found.append(Listed(slug, form_id, version, title, Origin.PACK, own))
    packed = {one.form_id: one for one in found}
    for one in kept.values():
        beside = packed.get(one.form_id)
        slug = beside.slug if beside else SLUG + one.form_id
        in_force = beside is None or not beside.in_force
        found.append(Listed(slug, one.form_id, one.version, one.title, one.origin, in_force))
    return tuple(found)


def in_force(conn: sqlite3.Connection, shelf: Shelf, form_id: str) -> Listed | None:
    """Return the form of this id that new dossiers use, None where the House has none."""
    return next((one for one in listing(conn, shelf) if one.form_id == form_id and one.in_force), None)


def all(conn: sqlite3.Connection, shelf: Shelf) -> tuple[Procedure, ...]:
    """Return the pack's procedures and then the forms that belong to none of them, its home visits left out."""
    of_pack = {form_id for _slug, form_id in _of_pack(shelf)}
    others = (one for one in form_shelf.listing(conn) if one.form_id not in of_pack)
    return (*reader.all(shelf), *map(_procedure, others))


def get(conn: sqlite3.Connection, shelf: Shelf, slug: str) -> Procedure:
    """Return a procedure as ``reader.get`` does, or what stands for a form that belongs to none.

    Of a form in force that is not the pack's only those people's questions are named that it has.
    """
    if slug.startswith(SLUG) and slug not in reader.slugs(shelf):
        return _procedure(_kept(conn, slug))
    found = reader.get(shelf, slug)
    later = _later(conn, shelf, slug, found.form_id)
    return found if later is None else _fitting(found, _form(conn, later))


def today(conn: sqlite3.Connection, shelf: Shelf, slug: str) -> Blank:
    """Return the form that a new dossier is begun on; raises as ``reader.form_xml``."""
    if slug.startswith(SLUG) and slug not in reader.slugs(shelf):
        return Blank(*form_shelf.content(conn, _kept(conn, slug).form_id))
    later = _later(conn, shelf, slug)
    return _brought(shelf, slug) if later is None else Blank(*form_shelf.content(conn, later.form_id))


def digest_today(conn: sqlite3.Connection, shelf: Shelf, slug: str) -> str:
    """Return the name of the form that a new dossier is begun on, without reading its files.

    Raises as ``today``.
    """
    if slug.startswith(SLUG) and slug not in reader.slugs(shelf):
        return _kept(conn, slug).sha256
    later = _later(conn, shelf, slug)
    if later is not None:
        return later.sha256
    brought = _brought(shelf, slug)
    return bundle.digest(brought.xml, brought.media)


def key_today(conn: sqlite3.Connection, shelf: Shelf, slug: str) -> str:
    """Return the public key that a new dossier's form carries, base64 of DER, empty for none.

    Raises as ``today``.
    """
    if slug.startswith(SLUG) and slug not in reader.slugs(shelf):
        return _named(form_shelf.xml(conn, _kept(conn, slug).form_id))[2]
    later = _later(conn, shelf, slug)
    xml = _brought(shelf, slug).xml if later is None else form_shelf.xml(conn, later.form_id)
    return _named(xml)[2]


def newer(one: str, other: str) -> bool:
    """Return whether version ``one`` comes after ``other``: numbers as numbers, the rest as text."""
    return _sortable(one) > _sortable(other)


def _sortable(version: str) -> list[tuple[int, int, str]]:
    return [
        (1, int(part), "") if part.isascii() and part.isdigit() else (0, 0, part)
        for part in _PART.findall(version)
    ]


def _goes_before(kept: Kept, packed: str) -> bool:
    return kept.origin is Origin.FETCHED or not newer(packed, kept.version)


def _kept(conn: sqlite3.Connection, slug: str) -> Kept:
    found = form_shelf.find(conn, slug.removeprefix(SLUG))
    if found is None:
        raise Missing("procedures.none")
    return found


def _later(conn: sqlite3.Connection, shelf: Shelf, slug: str, form_id: str | None = None) -> Kept | None:
    """The shelf's form that is in force in place of the pack's."""
    if form_id is None:
        visit = visit_forms.all(shelf).get(slug)
        form_id = visit.form_id if visit else reader.get(shelf, slug).form_id
    found = form_shelf.find(conn, form_id) if form_id else None
    if found is None or not _goes_before(found, _packed(shelf, slug)[0]):
        return None
    return found


def _of_pack(shelf: Shelf) -> list[tuple[str, str]]:
    """The pack's forms: what each is listed as, and its form id."""
    found = [(one.slug, one.form_id) for one in reader.all(shelf) if one.form_id]
    return found + [(slug, one.form_id) for slug, one in visit_forms.all(shelf).items()]


def _owner(shelf: Shelf, form_id: str) -> str | None:
    return next((slug for slug, known in _of_pack(shelf) if known == form_id), None)


def _brought(shelf: Shelf, slug: str) -> Blank:
    """A form as the pack has it; raises as ``reader.form_xml``."""
    visit = visit_forms.all(shelf).get(slug)
    return Blank(visit.xml, visit.media) if visit else Blank(reader.form_xml(shelf, slug), {})


def _packed(shelf: Shelf, slug: str) -> tuple[str, str]:
    """Version and title of a pack's form."""
    return _named(_brought(shelf, slug).xml)[:2]


@functools.lru_cache(maxsize=64)
def _named(xml: bytes) -> tuple[str, str, str]:
    html = markup.parse(xml)
    first = html.find(f".//{{{markup.XFORMS}}}model/{{{markup.XFORMS}}}instance")
    root = first[0] if first is not None and len(first) else None
    title = html.find(f".//{{{markup.XHTML}}}title")
    sealing = html.find(f".//{{{markup.XFORMS}}}model/{{{markup.XFORMS}}}submission")
    return (
        (root.get("version") or "") if root is not None else "",
        markup.text_of(title).strip() if title is not None else "",
        "".join((sealing.get("base64RsaPublicKey") or "").split()) if sealing is not None else "",
    )


def _form(conn: sqlite3.Connection, kept: Kept) -> Form:
    known = _forms.get(kept.sha256)
    if known is None:
        known = xform.read(*form_shelf.content(conn, kept.form_id))
        if len(_forms) >= _MOST_FORMS:
            _forms.clear()
        _forms[kept.sha256] = known
    return known


_MOST_FORMS = 8
_forms: dict[str, Form] = {}


def _fitting(procedure: Procedure, form: Form) -> Procedure:
    """The procedure without the questions that its form of today does not have."""
    known = {"/" + "/".join(path) for path in form.questions}
    people = []
    for one in procedure.persons:
        fields = tuple((field, path) for field, path in one.fields if re.sub(r"\[\d+\]", "", path) in known)
        if fields:
            people.append(Person(one.id, one.label, one.page, fields, one.unique, one.card))
    return replace(procedure, persons=tuple(people))


def _procedure(kept: Kept) -> Procedure:
    name = Words(kept.title or kept.form_id, kept.title or kept.form_id)

    def said(key: str) -> Words:
        return Words(phrases.say("vi", key), phrases.say("en", key))

    def fact(key: str) -> Fact:
        return Fact(said(key), (), Status.UNVERIFIED)

    return Procedure(
        slug=SLUG + kept.form_id,
        group=Group.OTHER,
        kind=Kind.FILED,
        plain_name=name,
        official_name=said(f"procedures.form_{kept.origin}"),
        summary=said("procedures.form_summary"),
        code="",
        replaces="",
        code_status=Status.UNVERIFIED,
        form_id=kept.form_id,
        service="",
        picture="papers",
        order=_ORDER,
        as_of=kept.put_on,
        status=Status.UNVERIFIED,
        who=fact("procedures.form_who"),
        who_not=None,
        where=fact("procedures.form_where"),
        office=None,
        paper_form=None,
        papers=(),
        not_needed=(),
        steps=(),
        figures=(),
        laws=(),
        mistakes=(),
        history=(),
        persons=(),
    )
