"""What waits for the office goes by hand: on a stick or a guide's telephone, in parts that each stand alone.

Keeps true: only the office whose key a technician has confirmed opens a part, and even it cannot read a
dossier; a part carries whole parcels with the bytes the outbox froze; what it will carry is written down
before its first byte, so that nothing that may have left is ever said to be here alone. A parcel that went by
hand stays in the outbox until the office's answer or the wire says that its server has it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hub.base import clock as clocks
from hub.base import db, identity
from hub.base.clock import Clock, Moment
from hub.base.errors import Conflict, HubError, NotReady, Refused
from hub.base.identity import Identity, Public
from hub.post import bundle, leases, outbox, stick_ledger
from hub.post.bundle_content import MOST_PARCEL, Cover, FileHead, ParcelHead, head
from hub.post.leases import Piece
from hub.post.stick_ledger import Office, Waiting
from hub.post.transports import stick as sticks

log = logging.getLogger(__name__)

SIZE = 64_000_000
"""What a part weighs at most unless somebody says otherwise."""
SMALLEST = 256 * 1024
_COVER_BYTES = 200
_MOST_PARCELS = 2_000
_TRIES = 3
_KEPT = dt.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Part:
    """A part that was begun: its file's name, its parcels, and the file itself, to be taken once."""

    id: int
    name: str
    parcels: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Written:
    """What a writing came to: whole files, parcels on them, parcels that wait for the next stick, and why;
    ``damaged`` ones whose bytes changed on the card stay where they are."""

    files: tuple[str, ...]
    parcels: int
    left: int
    reason_key: str | None
    damaged: int = 0


def confirm_office(conn: sqlite3.Connection, line: str, *, staff: int | None, moment: Moment) -> Public:
    """Put the office whose key is ``line`` in force: from now on parts are for it, and its answers count.

    A person has compared the fingerprint before. Raises as ``identity.read``.
    """
    public = identity.read(line, "office")
    with db.write(conn):
        known = stick_ledger.office(conn)
        if known is None or known.public != public:
            stick_ledger.put_office(conn, public, staff, moment)
            db.touch(conn, outbox.TOPIC)
    return public


def the_office(conn: sqlite3.Connection) -> Office:
    """Return the office in force; raises ``NotReady("stick.no_office")`` while nobody has confirmed one."""
    found = stick_ledger.office(conn)
    if found is None:
        raise NotReady("stick.no_office")
    return found


@dataclass(slots=True)
class Packing:
    """One packing: what waits now, in the order in which it goes, part by part.

    ``limit`` is what a part's file may weigh; with ``alone`` a parcel that is larger gets a part of its own.
    """

    conn: sqlite3.Connection
    mine: Identity
    clock: Clock
    limit: int = SIZE
    alone: bool = True
    again: bool = False
    damaged: int = field(init=False, default=0)
    office: Office = field(init=False)
    _queue: list[Waiting] = field(init=False)

    def __post_init__(self) -> None:
        self.office = the_office(self.conn)
        self._queue = list(stick_ledger.waiting(self.conn, self.office.id, again=self.again))

    @property
    def left(self) -> int:
        """How many parcels are on no part of this packing yet."""
        return len(self._queue)

    def leave_out(self, instance_ids: set[str]) -> None:
        """Leave out what lies on this stick already."""
        self._queue = [one for one in self._queue if one.instance_id not in instance_ids]

    def part(self, room: int = sticks.MOST_FILE) -> Part | None:
        """Begin the next part, of ``room`` bytes at most; None when nothing that is left fits."""
        chosen, size = self._chosen(room)
        if not chosen:
            return None
        now, mark = self.clock.read(), secrets.token_hex(8)
        name = sticks.new_name(sticks.PARCELS)
        with db.write(self.conn):
            number = stick_ledger.begin_part(
                self.conn,
                mark=mark,
                name=name,
                office_id=self.office.id,
                size=size,
                instance_ids=[one.instance_id for one in chosen],
                now=now,
            )
            db.touch(self.conn, outbox.TOPIC)
        gone = {one.row_id for one in chosen}
        self._queue = [one for one in self._queue if one.row_id not in gone]
        content = _content(self.conn, Cover(mark, number, self.office.heard), chosen)
        chunks = bundle.seal(content, by=self.mine, to=self.office.public, kind=bundle.Kind.PARCELS)
        return Part(number, name, len(chosen), chunks)

    def done(self, part: Part) -> None:
        """Note that a part's file is whole."""
        with db.write(self.conn):
            stick_ledger.end_part(self.conn, part.id, self.clock.read())

    def _chosen(self, room: int) -> tuple[list[Waiting], int]:
        chosen: list[Waiting] = []
        lost: set[int] = set()
        content, pieces, size = _COVER_BYTES, 1, 0
        for one in self._queue:
            if one.size > MOST_PARCEL or content + one.size > (room if self.alone else min(room, self.limit)):
                continue
            told = _head(self.conn, one.row_id)
            if told is None or told[0].instance_id != one.instance_id:
                # Taken out meanwhile, and its place may be another's by now.
                lost.add(one.row_id)
                continue
            if not _intact(self.conn, told[1]):
                # The office would refuse the whole part for its sake.
                log.error("sealed bytes of %s have changed on the card", one.instance_id)
                lost.add(one.row_id)
                self.damaged += 1
                continue
            more = content + len(head(told[0])) + told[0].size
            weight = bundle.length(more, pieces + len(told[1]) + 1)
            fits = weight <= min(room, self.limit)
            if not fits and (chosen or not self.alone or weight > room):
                continue
            chosen.append(one)
            content, pieces, size = more, pieces + len(told[1]) + 1, weight
            if not fits or len(chosen) == _MOST_PARCELS:
                break
        self._queue = [one for one in self._queue if one.row_id not in lost]
        return chosen, size


def write(
    conn: sqlite3.Connection,
    mine: Identity,
    clock: Clock,
    folder: Path,
    *,
    limit: int = SIZE,
    again: bool = False,
) -> Written:
    """Write what waits into ``folder``, in files of ``limit`` bytes at most, as far as there is room; with
    ``again`` also what lies with the office already.

    Files of ours there that are answered make room first; what lies there unanswered is not written twice.
    Raises as ``sticks.write`` when not even one file could be written; later, what is there stays and the
    reason is told.
    """
    packing = Packing(conn, mine, clock, limit, again=again)
    packing.leave_out(_lying(conn, folder, packing.office.id))
    names: list[str] = []
    parcels, tries = 0, _TRIES
    while packing.left and tries:
        room = sticks.room(folder) if not names else _room(folder)
        part = packing.part(room)
        if part is None:
            if packing.left and not names:
                raise Refused("stick.full", folder=folder)
            break
        try:
            sticks.write(folder, part.name, part.chunks)
        except Conflict:
            # Somebody took a parcel out while it was being written: the rest of that part goes by the next one.
            packing, tries = Packing(conn, mine, clock, limit, again=again), tries - 1
            packing.leave_out(_lying(conn, folder, packing.office.id))
            continue
        except HubError as bad:
            if not names:
                raise
            return Written(tuple(names), parcels, packing.left + part.parcels, bad.key, packing.damaged)
        packing.done(part)
        names.append(part.name)
        parcels += part.parcels
    reason_key = ("stick.full" if tries else "stick.changed") if packing.left else None
    return Written(tuple(names), parcels, packing.left, reason_key, packing.damaged)


def forget(conn: sqlite3.Connection, moment: Moment) -> int:
    """Forget which parts and answers carried what has been closed for 90 days; return how many.

    By a doubtful clock nobody knows how old they are, and nothing is forgotten.
    """
    if not moment.trusted:
        return 0
    with db.write(conn):
        return stick_ledger.forget(conn, clocks.stamp(moment.at - _KEPT))


def _room(folder: Path) -> int:
    try:
        return sticks.room(folder)
    except HubError:
        # The next writing finds out and says what is wrong.
        return sticks.MOST_FILE


def _lying(conn: sqlite3.Connection, folder: Path, office_id: int) -> set[str]:
    """Take off what is answered and what was never finished; return what lies there and waits for an answer."""
    there: set[str] = set()
    for half in sticks.halves(folder):
        if stick_ledger.part_named(conn, half.stem.upper() + sticks.PARCELS) is not None:
            sticks.remove(half)
    for path in sticks.files(folder, sticks.PARCELS):
        part = stick_ledger.part_named(conn, path.name.upper())
        if part is None:
            continue
        if part.office_id != office_id or not part.unanswered:
            sticks.remove(path)
        else:
            there |= stick_ledger.on_part(conn, part.id)
    return there


def _content(conn: sqlite3.Connection, cover: Cover, loads: list[Waiting]) -> Iterator[bytes]:
    yield head(cover)
    for one in loads:
        try:
            told = _head(conn, one.row_id)
            if told is None or told[0].instance_id != one.instance_id:
                raise Conflict("stick.changed")
            yield head(told[0])
            for piece in told[1]:
                yield from _frozen(conn, piece)
        except sqlite3.Error as bad:
            raise Conflict("stick.changed") from bad


def _frozen(conn: sqlite3.Connection, piece: Piece) -> Iterator[bytes]:
    # Its row may have gone, and come again as another's, while the stick was slow.
    digest = hashlib.sha256()
    for chunk in leases.chunks(conn, piece):
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != piece.sha256:
        raise Conflict("stick.changed")


def _intact(conn: sqlite3.Connection, pieces: tuple[Piece, ...]) -> bool:
    try:
        return all(leases.intact(conn, piece) for piece in pieces)
    except sqlite3.Error:
        return False


def _head(conn: sqlite3.Connection, row_id: int) -> tuple[ParcelHead, tuple[Piece, ...]] | None:
    row = conn.execute(
        "SELECT instance_id, form_id, form_version, kind, plain, urgent, sha256, length(envelope) AS size"
        " FROM outbox WHERE id = ?",
        (row_id,),
    ).fetchone()
    if row is None:
        return None
    files = conn.execute(
        "SELECT id, name, size, sha256 FROM outbox_files WHERE outbox_id = ? ORDER BY position", (row_id,)
    ).fetchall()
    told = ParcelHead(
        row["instance_id"],
        row["form_id"],
        row["form_version"],
        row["kind"],
        bool(row["plain"]),
        bool(row["urgent"]),
        FileHead(outbox.ENVELOPE_PART, row["size"], row["sha256"]),
        tuple(FileHead(one["name"], one["size"], one["sha256"]) for one in files),
    )
    return told, (
        Piece("outbox", row_id, outbox.ENVELOPE_PART, row["size"], row["sha256"]),
        *(Piece("outbox_files", one["id"], one["name"], one["size"], one["sha256"]) for one in files),
    )
