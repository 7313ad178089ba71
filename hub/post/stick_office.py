"""The commune's end of what is carried by hand: parts are opened, checked, forwarded, and answered.

Keeps true: a part counts only when a House that the office knows has signed it and every byte is as it was
frozen; parcels go to the server by the same courier as from a House, with the same bytes; whatever moment this
is killed at, the next run ends in the same state, and nothing is sent as two. The office says "forwarded" of
what its server has acknowledged and of nothing else. It reads no dossier: it has not the key.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hub.base import clock as clocks
from hub.base import db, identity, migrate
from hub.base.clock import Clock
from hub.base.errors import Conflict, NotReady, Refused
from hub.base.identity import Identity
from hub.base.settings import UpstreamSettings
from hub.post import bundle, courier, outbox, stick_ledger
from hub.post import stick_office_ledger as ledger
from hub.post.bundle import Opened
from hub.post.bundle_content import MOST_PARCEL, AnswerCover, Cover, ParcelHead, Stream, Word, answer
from hub.post.outbox import Kind, Parcel
from hub.post.stick_office_ledger import House
from hub.post.transports.carrier import Carrier

DATABASE = "parcels.db"
_PLAIN = re.compile(r"[A-Za-z0-9-]{8,80}")
_ROUNDS = 20
_IDLE_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Taken:
    """What a part brought: parcels that are new here, known ones, and such that cannot be forwarded."""

    house: House
    number: int
    new: int
    known: int
    refused: int
    before: bool = False


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What a forwarding came to: parcels the server has acknowledged, refused ones, and what still lies here."""

    sent: int
    refused: int
    left: int
    reason_key: str | None


@dataclass(frozen=True, slots=True)
class Answering:
    """An answer for one House: how many words, and the file itself, to be taken once."""

    house: House
    entries: int
    chunks: Iterator[bytes]


def open_folder(folder: Path) -> tuple[sqlite3.Connection, Identity]:
    """Open the office's own folder, making it on first use; return its database and its keys.

    Raises ``NotReady`` when it cannot be written.
    """
    try:
        for place in (folder, folder / "keys"):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as bad:
        raise NotReady("base.read_only", path=str(folder)) from bad
    conn = db.connect(folder / DATABASE)
    migrate.migrate(conn)
    return conn, identity.read_or_make(folder / "keys", "office")


def trust(conn: sqlite3.Connection, line: str, name: str, *, clock: Clock) -> House:
    """Take parts of the House with the key ``line`` from now on; a person has compared the fingerprint.

    Raises as ``identity.read``.
    """
    public = identity.read(line, "house")
    with db.write(conn):
        return ledger.put_house(conn, public, name, clock.read())


def whose(conn: sqlite3.Connection, source: BinaryIO, mine: Identity) -> tuple[Opened, House | None]:
    """Read a part to its end; return who made it, and the House where it is one the office knows.

    Raises as ``bundle.check``.
    """
    opened = bundle.check(source, mine, bundle.Kind.PARCELS)
    return opened, ledger.house(conn, opened.by)


def take(
    conn: sqlite3.Connection, source: BinaryIO, mine: Identity, opened: Opened, *, clock: Clock
) -> Taken:
    """Take in the parcels of a part that ``whose`` has read; a part that was read before changes nothing.

    Raises ``Refused("stick.house_unknown")``, and as ``bundle.check``.
    """
    house = ledger.house(conn, opened.by)
    if house is None:
        raise Refused("stick.house_unknown", fingerprint=opened.by.fingerprint)
    source.seek(0)
    stream = Stream(bundle.content(source, mine, bundle.Kind.PARCELS, opened))
    cover = stream.head(Cover)
    if ledger.part_known(conn, cover.mark):
        return Taken(house, cover.number, 0, 0, 0, before=True)
    with db.write(conn):
        ledger.note_heard(conn, house.id, cover.heard)
    counts = dict.fromkeys(("new", "known", "refused"), 0)
    while not stream.ended():
        told = stream.head(ParcelHead)
        if told.size > MOST_PARCEL:
            raise Refused("stick.damaged")
        content = [stream.file(one) for one in (told.envelope, *told.files)]
        counts[_take(conn, house.id, told, content, clock)] += 1
    with db.write(conn):
        ledger.note_part(conn, cover.mark, house.id, cover.number, clock.read())
    return Taken(house, cover.number, counts["new"], counts["known"], counts["refused"])


def _take(
    conn: sqlite3.Connection, house_id: int, told: ParcelHead, content: list[bytes], clock: Clock
) -> str:
    row = ledger.parcel(conn, house_id, told.instance_id)
    if row is not None and row.digest != told.digest:
        return "refused"
    if row is not None and row.word is not Word.REFUSED:
        with db.write(conn):
            ledger.say_again(conn, house_id, told.instance_id)
        return "known"
    try:
        with db.write(conn):
            outbox.add(conn, _parcel(told, content), moment=clock.read())
            ledger.say(conn, house_id, told.instance_id, told.digest, Word.TAKEN)
            _let_go(conn, told.instance_id)
            if ledger.arrived(conn, told.instance_id):
                ledger.say(conn, house_id, told.instance_id, told.digest, Word.FORWARDED)
    except (Conflict, Refused) as bad:
        if bad.key.startswith("base."):
            # This machine is at fault, not the parcel: nothing is said of it.
            raise
        reason = bad.key if bad.key in stick_ledger.REFUSALS else "relay.refused"
        with db.write(conn):
            ledger.say(conn, house_id, told.instance_id, told.digest, Word.REFUSED, reason)
        return "refused"
    return "new"


def _parcel(told: ParcelHead, content: list[bytes]) -> Parcel:
    try:
        kind = Kind(told.kind)
    except ValueError:
        raise Refused("stick.damaged") from None
    names = [one.name for one in told.files]
    return Parcel(
        told.instance_id,
        told.form_id,
        told.form_version,
        "",
        "",
        content[0],
        tuple(zip(names, content[1:], strict=True)),
        told.urgent,
        kind,
        told.plain,
    )


def _let_go(conn: sqlite3.Connection, instance_id: str) -> None:
    # The House sends it again because somebody there let it go again.
    if ledger.held(conn, instance_id):
        outbox.release(conn, instance_id)


def forward(
    conn: sqlite3.Connection,
    carrier: Carrier,
    clock: Clock,
    *,
    settings: UpstreamSettings,
    stop: threading.Event,
    pause_s: float = 1.0,
    tell: Callable[[int], None] = lambda left: None,
) -> Forwarded:
    """Send what lies here to the office's server until all is there, the way is gone, or nothing moves.

    ``tell`` hears after each round how many are left.
    """
    for instance_id in ledger.held_for_access(conn, stick_ledger.REFUSALS):
        outbox.release(conn, instance_id)
    sent, idle, reason = 0, 0, None
    for _ in range(_ROUNDS):
        done = courier.round(
            conn,
            carrier,
            clock,
            settings=settings,
            on_received=_arrived,
            on_word=lambda *_: None,
            words_key=bytes(32),
            stop=stop.is_set,
            force=True,
        )
        sent, reason = sent + done.sent, done.reason_key
        _say_refusals(conn)
        left = outbox.counts(conn).queued
        tell(left)
        idle = 0 if done.sent or done.held else idle + 1
        if not left or not done.uplink or idle == _IDLE_ROUNDS or stop.wait(pause_s):
            break
    left, refused = ledger.lying(conn), ledger.refused(conn)
    return Forwarded(sent, refused, left, reason or (ledger.reason(conn) if left else None))


def _arrived(conn: sqlite3.Connection, instance_id: str) -> None:
    ledger.say_arrived(conn, instance_id)


def _say_refusals(conn: sqlite3.Connection) -> None:
    with db.write(conn):
        ledger.say_refusals(conn, stick_ledger.REFUSALS)


def tidy(conn: sqlite3.Connection, clock: Clock) -> int:
    """Erase the bytes of what the server has; hashes and words stay. Return how many parcels."""
    with db.write(conn):
        return outbox.erase(conn, ledger.arrived_whole(conn), moment=clock.read())


def answers(conn: sqlite3.Connection, mine: Identity, *, clock: Clock) -> Iterator[Answering]:
    """Yield an answer for each House to which there is something to say that it has not said it heard."""
    for house in ledger.houses(conn):
        entries = ledger.entries(conn, house)
        if entries:
            cover = AnswerCover(
                secrets.token_hex(8), max(one.serial for one in entries), clocks.stamp(clock.read().at)
            )
            chunks = bundle.seal(answer(cover, entries), by=mine, to=house.public, kind=bundle.Kind.ANSWER)
            yield Answering(house, len(entries), chunks)


def keep(conn: sqlite3.Connection, folder: Path) -> int:
    """Lay the parcels that are not with the server into ``folder``, one folder each as ODK lays them; return how
    many are new there."""
    laid = 0
    for instance_id in ledger.waiting(conn):
        target = folder / _folder_name(instance_id)
        if not target.exists():
            _lay(conn, instance_id, target)
            laid += 1
    return laid


def _folder_name(instance_id: str) -> str:
    # A House may call its records as it likes; a folder here may not lead anywhere else.
    bare = instance_id.replace(":", "")
    return bare if _PLAIN.fullmatch(bare) else hashlib.sha256(instance_id.encode("utf-8")).hexdigest()


def _lay(conn: sqlite3.Connection, instance_id: str, target: Path) -> None:
    half = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    try:
        half.mkdir(parents=True, mode=0o700)
        for name, content in ledger.content(conn, instance_id):
            with (half / name).open("xb") as file:
                file.write(content)
        half.rename(target)
    except OSError as bad:
        raise NotReady("stick.broken", folder=target.parent, why=bad.strerror or "") from bad
