"""Records that come in from home visits: taken once, joined where they come in pieces, handed to the outbox whole.

Keeps true: what is answered for is on the card before it is answered for; the same record again changes
nothing, another under its id is refused, also long after its bytes are gone; what is not whole is held under
the field key and never dropped; plain words whose form wants a seal are sealed in the very transaction that
takes them in whole, and lie nowhere on the card in the clear. It never changes a byte of a record.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.base import crypto, db, markup, scrub
from hub.base.clock import Moment
from hub.base.errors import Conflict, HubError, Missing, NotReady, Refused
from hub.base.settings import UpstreamSettings
from hub.forms import handout
from hub.forms import seal as sealer
from hub.post import envelope, inbox, office_keys, outbox
from hub.trades.volunteers import credentials, store, visit_rows
from hub.trades.volunteers.credentials import FieldKeys
from hub.trades.volunteers.model import Seal, Sent, Taken, Version, Visit, Volunteer

TOPIC = "visits"
MOST_FILES = 200
MOST_BYTES = 60_000_000
"""What a record may weigh with its files: it is joined and sealed in memory."""

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,113}$")
_DEVICE = 120


@dataclass(frozen=True, slots=True)
class _Record:
    """What a record says of itself."""

    form: Version
    instance_id: str
    names: tuple[str, ...]
    seal: Seal
    content: bytes = field(repr=False)


def take(
    conn: sqlite3.Connection,
    sent: Sent,
    *,
    volunteer: Volunteer,
    keys: FieldKeys,
    upstream: UpstreamSettings,
    moment: Moment,
) -> Taken:
    """Take one sending in; when it returns, it is on the card.

    Raises ``Refused``: "field.not_xml", "field.no_instance_id", "field.bad_names", "field.too_large" and what
    ``outbox.add`` refuses; ``Missing("field.no_form")`` for a form or version that was never handed out;
    ``Conflict``: "field.other_record", "field.other_file" where this id or name stands for other bytes,
    "field.late_file" for one that a guide sent the record on without; ``NotReady`` where no trusted key is there
    to seal to, or a form lost the key it had.
    """
    record = _read(conn, sent.record)
    # Asked before the first piece is taken: a record that could not be handed on stays on the telephone.
    _key(conn, record, record.seal, upstream)
    files = _named(sent, record)
    with db.write(conn):
        row, taken = _place(conn, record, sent, volunteer, keys, moment)
        if row["state"] == "waiting":
            taken = _fill(conn, row, record, files, keys, upstream, moment) or taken
        else:
            _same(conn, row, files, keys)
            _late(conn, row, files)
        visit_rows.strayed(conn, row["id"], len(sent.files) - len(files))
        if taken is not Taken.SAME:
            db.touch(conn, TOPIC)
    if scrub.due(conn):
        scrub.scrub(conn, tries=1)
    return taken


def listing(
    conn: sqlite3.Connection, *, waiting: bool, most: int = 200, volunteer_id: int | None = None
) -> tuple[Visit, ...]:
    """Return visits that still wait for files, oldest first, or those that are whole, latest first."""
    return visit_rows.listing(conn, waiting=waiting, most=most, volunteer_id=volunteer_id)


def get(conn: sqlite3.Connection, visit_id: int) -> Visit:
    """Return one visit; raises ``Missing("field.no_visit")``."""
    found = visit_rows.told(conn, visit_id)
    if found is None:
        raise Missing("field.no_visit")
    return found


def counts(conn: sqlite3.Connection) -> tuple[int, int]:
    """Return how many visits wait for files, and how many came whole."""
    return visit_rows.counts(conn)


def send_on(
    conn: sqlite3.Connection, visit_id: int, *, keys: FieldKeys, upstream: UpstreamSettings, moment: Moment
) -> None:
    """Send a visit on without the files that never came, because somebody decided so.

    Raises ``Missing("field.no_visit")``, ``Conflict("field.is_whole")``, ``Refused("field.needs_all")`` for
    one that the telephone sealed: an office cannot open it without all its files.
    """
    with db.write(conn):
        row = visit_rows.get(conn, visit_id)
        if row is None:
            raise Missing("field.no_visit")
        if row["state"] != "waiting":
            raise Conflict("field.is_whole")
        held = _opened(conn, row, keys)
        content = held.pop(visit_rows.RECORD, None)
        if row["seal"] == Seal.PHONE or content is None:
            raise Refused("field.needs_all")
        record = _read(conn, content)
        _hand_on(conn, row, record, held, upstream, moment)
        db.touch(conn, TOPIC)
    scrub.scrub(conn)


def close(conn: sqlite3.Connection, moment: Moment, days: int) -> int:
    """Erase the bytes of visits that the office has had for ``days`` days; return how many that were.

    By what it was known again stays. Only by a trusted clock, which also puts doubtful times right.
    """
    if not moment.trusted:
        return 0
    with db.write(conn):
        visit_rows.settle(conn, moment)
        over = visit_rows.sent_before(conn, moment.at - dt.timedelta(days=days))
        gone = outbox.erase(conn, over, moment=moment)
        if inbox.forget(conn, over):
            scrub.want(conn)
    if gone:
        scrub.scrub(conn)
    return gone


def _read(conn: sqlite3.Connection, content: bytes) -> _Record:
    root = markup.plain(content)
    if root is None or not root.get("id"):
        raise Refused("field.not_xml")
    try:
        said = envelope.declared(content) if root.get("encrypted") == "yes" else envelope.plainly(content)
    except HubError as bad:
        raise Refused("field.not_xml") from bad
    if not said.instance_id:
        raise Refused("field.no_instance_id")
    form = store.version(conn, said.form_id, said.form_version)
    if form is None:
        raise Missing("field.no_form", form_id=said.form_id[:80], version=said.form_version[:80])
    if said.instance_file:
        names, seal = (*said.media, said.instance_file), Seal.PHONE
    else:
        names = handout.named(root, form.uploads)
        seal = Seal.NONE if form.plain and not form.public_key else Seal.HOUSE
    # As the outbox will have it: found out now, not when the last piece has come.
    if len(names) > MOST_FILES or len(set(names)) < len(names) or not all(map(_NAME.match, names)):
        raise Refused("field.bad_names")
    return _Record(form, said.instance_id, names, seal, content)


def _named(sent: Sent, record: _Record) -> dict[str, bytes]:
    """The files of a sending that the record names, by either of their names."""
    found: dict[str, bytes] = {}
    for one in sent.files:
        name = next((name for name in (one.name, one.file_name) if name in record.names), None)
        if name is not None and found.setdefault(name, one.content) != one.content:
            raise Refused("field.bad_names")
    return found


def _key(conn: sqlite3.Connection, record: _Record, seal: Seal, upstream: UpstreamSettings) -> str:
    """The key to seal to here, empty where nothing is sealed here."""
    if seal is Seal.HOUSE:
        return office_keys.to_seal(conn, record.form.form_id, record.form.public_key, upstream)
    if seal is Seal.NONE and not office_keys.trusted_key(conn, record.form.form_id, office_keys.NO_KEY):
        raise NotReady("office_keys.not_trusted")
    return ""


def _place(
    conn: sqlite3.Connection,
    record: _Record,
    sent: Sent,
    volunteer: Volunteer,
    keys: FieldKeys,
    moment: Moment,
) -> tuple[sqlite3.Row, Taken]:
    """The visit's row, made if nobody had it."""
    mark = credentials.mark(keys, visit_rows.RECORD, record.content)
    row, taken = visit_rows.find(conn, record.instance_id), Taken.SAME
    if row is None:
        visit_rows.add(
            conn,
            instance_id=record.instance_id,
            form_id=record.form.form_id,
            form_version=record.form.version,
            title=record.form.title or record.form.form_id,
            volunteer_id=volunteer.id,
            device_id=sent.device_id[:_DEVICE],
            seal=record.seal,
            record_mark=mark,
            size=len(record.content),
            names=record.names,
            now=moment,
        )
        row, taken = visit_rows.find(conn, record.instance_id), Taken.NEW
    if row is None or not hmac.compare_digest(bytes(row["record_mark"]), mark):
        raise Conflict("field.other_record")
    return row, taken


def _same(conn: sqlite3.Connection, row: sqlite3.Row, files: Mapping[str, bytes], keys: FieldKeys) -> None:
    """Refuse files that stand for other bytes than those that came under their names."""
    known = visit_rows.files(conn, row["id"])
    for name, content in files.items():
        mark = known.get(name)
        if mark is not None and not hmac.compare_digest(mark, credentials.mark(keys, name, content)):
            raise Conflict("field.other_file", name=name[:80])


def _late(conn: sqlite3.Connection, row: sqlite3.Row, files: Mapping[str, bytes]) -> None:
    """Refuse files that the record went on without: nobody may be told that they are here."""
    known = visit_rows.files(conn, row["id"])
    late = next((name for name in files if known.get(name) is None), None)
    if late is not None:
        raise Conflict("field.late_file", name=late[:80])


def _fill(
    conn: sqlite3.Connection,
    row: sqlite3.Row,
    record: _Record,
    files: Mapping[str, bytes],
    keys: FieldKeys,
    upstream: UpstreamSettings,
    moment: Moment,
) -> Taken | None:
    """Take what is new of a visit that waits; hand it on when nothing is missing any more."""
    _same(conn, row, files, keys)
    there = visit_rows.held_names(conn, row["id"])
    fresh = {name: content for name, content in files.items() if name not in there}
    if row["size"] + sum(map(len, fresh.values())) > MOST_BYTES:
        raise Refused("field.too_large")
    marks = visit_rows.files(conn, row["id"])
    for name, content in fresh.items():
        if marks[name] is None:
            visit_rows.came(conn, row["id"], name, credentials.mark(keys, name, content), len(content))
    if set(record.names) <= there | fresh.keys():
        held = _opened(conn, row, keys) if there else {}
        held.pop(visit_rows.RECORD, None)
        _hand_on(conn, row, record, {**held, **fresh}, upstream, moment)
        return Taken.MORE if there else None
    if visit_rows.RECORD not in there:
        fresh[visit_rows.RECORD] = record.content
    visit_rows.hold(
        conn,
        row["id"],
        {name: crypto.encrypt(keys.held, content, _place_of(row, name)) for name, content in fresh.items()},
    )
    return Taken.MORE if there and fresh else None


def _hand_on(
    conn: sqlite3.Connection,
    row: sqlite3.Row,
    record: _Record,
    files: Mapping[str, bytes],
    upstream: UpstreamSettings,
    moment: Moment,
) -> None:
    # Marked anew between two pieces: what was to be sealed when it came is sealed, and so is what is to be now.
    seal = Seal.HOUSE if Seal.HOUSE in (row["seal"], record.seal) else record.seal
    public_key = _key(conn, record, seal, upstream)
    envelope_bytes, parts = record.content, tuple((one, files[one]) for one in record.names if one in files)
    if seal is Seal.HOUSE:
        sealed = sealer.seal(
            form_id=record.form.form_id,
            version=record.form.version,
            instance_id=record.instance_id,
            submission=record.content,
            files=[sealer.SealFile(name, content) for name, content in parts],
            public_key_base64_der=public_key,
        )
        envelope_bytes, parts = sealed.envelope, sealed.files
    parcel = outbox.Parcel(
        instance_id=record.instance_id,
        form_id=record.form.form_id,
        form_version=record.form.version,
        follow_code="",
        label=row["title"],
        envelope=envelope_bytes,
        files=parts,
        kind=outbox.Kind.VISIT,
        plain=seal is Seal.NONE,
    )
    outbox.add(conn, parcel, moment=moment)
    if visit_rows.whole(conn, row["id"], seal):
        scrub.want(conn)


def _opened(conn: sqlite3.Connection, row: sqlite3.Row, keys: FieldKeys) -> dict[str, bytes]:
    held = visit_rows.held(conn, row["id"])
    try:
        # Each is let go as it is opened: a record with many photographs is in memory once, not twice.
        return {name: crypto.decrypt(keys.held, held.pop(name), _place_of(row, name)) for name in tuple(held)}
    except crypto.WrongKey as bad:
        raise NotReady("field.not_opened") from bad


def _place_of(row: sqlite3.Row, name: str) -> str:
    return f"visit_held:{row['instance_id']}:{name}"
