"""What stands in a bundle: a cover, then parcels with their bytes; or the office's word on each parcel.

Keeps true: a parcel goes with its frozen bytes and their hashes and with nothing that names anybody (neither
label nor follow code); who reads holds each byte against its hash before it counts. It never believes a
length that is larger than what any House sends.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, TypeVar

import msgspec

from hub.base.errors import Refused

_LENGTH = 4
_MOST_HEAD = 1 << 20
MOST_PARCEL = 512 * 1024 * 1024
_ENTRIES = 500
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
_T = TypeVar("_T")


class Word(enum.StrEnum):
    """What the office says of a parcel: its server has it, it lies with the office, the server refused it."""

    FORWARDED = "forwarded"
    TAKEN = "taken"
    REFUSED = "refused"


class Cover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A bundle's first words: its own mark and number, and how far the House has heard this office."""

    mark: str
    number: Count
    heard: Count


class FileHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a parcel."""

    name: str
    size: Count
    sha256: str


class ParcelHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parcel as the outbox froze it; its bytes follow: the envelope, then each file."""

    instance_id: str
    form_id: str
    form_version: str
    kind: str
    plain: bool
    urgent: bool
    envelope: FileHead
    files: tuple[FileHead, ...]

    @property
    def size(self) -> int:
        """Bytes that follow."""
        return self.envelope.size + sum(one.size for one in self.files)

    @property
    def digest(self) -> str:
        """What both sides know the parcel's bytes by."""
        return digest(self.envelope.sha256, [(one.name, one.sha256) for one in self.files])


class AnswerCover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer's first words: its own mark, and up to which serial it brings the office's words.

    It brings all of them that the House has not said it heard, so one that is lost is made good by the next.
    """

    mark: str
    upto: Count
    said_at: str


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The office's word on one parcel; a higher ``serial`` is a later word."""

    instance_id: str
    digest: str
    word: Word
    serial: Count
    reason_key: str = ""
    detail: str = ""


def digest(envelope_sha256: str, files: Iterable[tuple[str, str]]) -> str:
    """Return what a parcel's bytes are known by, from the hashes of envelope and files, in their order."""
    lines = [envelope_sha256, *(f"{sha256} {name}" for name, sha256 in files)]
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def head(told: msgspec.Struct) -> bytes:
    """Return a head as it stands in a bundle."""
    words = msgspec.json.encode(told)
    return len(words).to_bytes(_LENGTH, "big") + words


def answer(cover: AnswerCover, entries: Sequence[Entry]) -> Iterator[bytes]:
    """Yield an answer's words."""
    yield head(cover)
    for start in range(0, len(entries), _ENTRIES):
        words = msgspec.json.encode(list(entries[start : start + _ENTRIES]))
        yield len(words).to_bytes(_LENGTH, "big") + words


def read_answer(chunks: Iterable[bytes]) -> tuple[AnswerCover, tuple[Entry, ...]]:
    """Return an answer's words; raises ``Refused("stick.damaged")`` for what is none."""
    stream = Stream(chunks)
    cover = stream.head(AnswerCover)
    found: list[Entry] = []
    while not stream.ended():
        found += stream.head(list[Entry])
    return cover, tuple(found)


class Stream:
    """Bytes that are taken in order: heads, and what they announce."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._waiting = bytearray()

    def ended(self) -> bool:
        """Return whether nothing is left."""
        while not self._waiting:
            chunk = next(self._chunks, None)
            if chunk is None:
                return True
            self._waiting += chunk
        return False

    def head(self, shape: type[_T]) -> _T:
        """Return the next head; raises ``Refused("stick.damaged")`` when it is none of ``shape``."""
        size = int.from_bytes(self.exactly(_LENGTH), "big")
        if size > _MOST_HEAD:
            raise Refused("stick.damaged")
        try:
            return msgspec.json.decode(self.exactly(size), type=shape)
        except msgspec.MsgspecError as bad:
            raise Refused("stick.damaged") from bad

    def exactly(self, size: int) -> bytes:
        """Return the next ``size`` bytes; raises ``Refused("stick.damaged")`` when there are fewer."""
        while len(self._waiting) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise Refused("stick.damaged")
            self._waiting += chunk
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken

    def file(self, told: FileHead) -> bytes:
        """Return the bytes of a file; raises ``Refused("stick.damaged")`` when they are not those it was frozen
        with."""
        if not 0 <= told.size <= MOST_PARCEL:
            raise Refused("stick.damaged")
        found = self.exactly(told.size)
        if hashlib.sha256(found).hexdigest() != told.sha256:
            raise Refused("stick.damaged")
        return found
