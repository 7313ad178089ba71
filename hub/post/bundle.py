"""What is carried by hand: one file that one reader opens, that shows who made it, and that is whole or nothing.

Keeps true: the words of a bundle lie under a key that only the reader's half makes (X25519, HKDF-SHA-256,
AES-256-GCM in frames of one length, so that its size tells little), the maker's signature (Ed25519) covers
every byte and names the reader, and a file that was cut, lengthened, re-ordered or changed by one bit is
refused. It never holds more than a frame in memory, and never says outside the frames whose it is.

    file  = "DCHB" 0x01, throw-away public half (32), frames
    frame = 65,536 bytes under the key, nonce = number (11 bytes) and 1 for the last one; 16 bytes of tag
    words = maker's public halves (64), kind (1), pieces: length (4) and bytes; length 0, signature (64), zeros
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.base import crypto
from hub.base.errors import Refused
from hub.base.identity import Identity, Public

HEAD_BYTES = 37
_MAGIC = b"DCHB\x01"
_PURPOSE = b"house bundle 1"
_SIGNED = b"house bundle 1 signed\n"
_FRAME = 65_536
_TAG = 16
_LENGTH = 4
_SIGNATURE = 64
_HALVES = 64
_MOST_PIECE = 1 << 18


class Kind(enum.IntEnum):
    """What a bundle is: parcels on their way up, or the office's answer on its way back."""

    PARCELS = 1
    ANSWER = 2


_MAKERS = {Kind.PARCELS: "house", Kind.ANSWER: "office"}


def length(content: int, pieces: int) -> int:
    """Return how many bytes the file of ``content`` bytes in at most ``pieces`` pieces has at most.

    A piece of more than 256 KiB counts once more for each 256 KiB.
    """
    words = _HALVES + 1 + content + _LENGTH * (pieces + content // _MOST_PIECE + 1) + _SIGNATURE
    return HEAD_BYTES + -(-words // _FRAME) * (_FRAME + _TAG)


def seal(content: Iterable[bytes], *, by: Identity, to: Public, kind: Kind) -> Iterator[bytes]:
    """Yield the file: ``content`` signed by ``by``, under a key that only ``to`` can make."""
    once = X25519PrivateKey.generate()
    head = _MAGIC + once.public_key().public_bytes_raw()
    cipher = _cipher(once.exchange(X25519PublicKey.from_public_bytes(to.box)), head, to)
    digest = _digest(head, to)
    yield head
    waiting, number = bytearray(), 0
    for words in _words(content, by, kind, digest):
        waiting += words
        # One frame is always kept back: only the end shows which is the last one.
        while len(waiting) > _FRAME:
            yield cipher.encrypt(_nonce(number, last=False), bytes(waiting[:_FRAME]), None)
            del waiting[:_FRAME]
            number += 1
    waiting += bytes(_FRAME - len(waiting))
    yield cipher.encrypt(_nonce(number, last=True), bytes(waiting), None)


def _words(content: Iterable[bytes], by: Identity, kind: Kind, digest: hashlib._Hash) -> Iterator[bytes]:
    public = by.public
    first = public.sign + public.box + bytes([kind])
    digest.update(first)
    yield first
    for chunk in content:
        for start in range(0, len(chunk), _MOST_PIECE):
            piece = chunk[start : start + _MOST_PIECE]
            told = len(piece).to_bytes(_LENGTH, "big") + piece
            digest.update(told)
            yield told
    yield bytes(_LENGTH) + by.sign(_SIGNED + digest.digest())


@dataclass(frozen=True, slots=True)
class Opened:
    """A bundle that was read to its end and is whole: who made it, and the head by which it is known again."""

    by: Public
    head: bytes


def check(source: BinaryIO, mine: Identity, kind: Kind) -> Opened:
    """Read ``source`` to its end and return who made it.

    Raises ``Refused``: "stick.no_bundle" for what is none, "stick.not_for_us" when another's half is needed or
    the first frame was changed, "stick.cut" for one that ends too early, "stick.damaged" for any other change,
    "stick.wrong_kind" for an answer where parcels are wanted or the other way round.
    """
    head = _head(source)
    reading = _Reading(source, head, mine, kind)
    for _ in reading.content():
        pass
    return Opened(reading.maker, head)


def content(source: BinaryIO, mine: Identity, kind: Kind, known: Opened) -> Iterator[bytes]:
    """Yield what is in a bundle that ``check`` has read to its end, from its beginning.

    Each chunk may be believed at once: nobody but its maker has the key of a head that was checked. Raises as
    ``check``, also when another file lies there now.
    """
    head = _head(source)
    if head != known.head:
        raise Refused("stick.damaged")
    return _Reading(source, head, mine, kind).content()


class _Reading:
    def __init__(self, source: BinaryIO, head: bytes, mine: Identity, kind: Kind) -> None:
        to = mine.public
        self._source, self._kind = source, kind
        try:
            half = X25519PublicKey.from_public_bytes(head[len(_MAGIC) :])
            shared = X25519PrivateKey.from_private_bytes(mine.box).exchange(half)
        except ValueError:
            raise Refused("stick.damaged") from None
        self._cipher = _cipher(shared, head, to)
        self._digest = _digest(head, to)
        self._frames = self._opened()
        self._waiting = bytearray()
        first = self._exactly(_HALVES + 1)
        if first[-1] not in tuple(Kind):
            raise Refused("stick.damaged")
        if first[-1] != kind:
            raise Refused("stick.wrong_kind")
        self.maker = Public(_MAKERS[kind], first[:32], first[32:_HALVES])
        self._digest.update(first)

    def content(self) -> Iterator[bytes]:
        while True:
            told = self._exactly(_LENGTH)
            size = int.from_bytes(told, "big")
            if size > _MOST_PIECE:
                raise Refused("stick.damaged")
            if not size:
                break
            piece = self._exactly(size)
            self._digest.update(told + piece)
            yield piece
        signature = self._exactly(_SIGNATURE)
        if any(self._waiting) or next(self._frames, None) is not None:
            raise Refused("stick.damaged")
        if not self.maker.signed(signature, _SIGNED + self._digest.digest()):
            raise Refused("stick.damaged")

    def _exactly(self, size: int) -> bytes:
        while len(self._waiting) < size:
            frame = next(self._frames, None)
            if frame is None:
                raise Refused("stick.damaged")
            self._waiting += frame
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken

    def _opened(self) -> Iterator[bytes]:
        number, frame = 0, _read(self._source, _FRAME + _TAG)
        while True:
            following = _read(self._source, _FRAME + _TAG)
            yield self._frame(frame, number, last=not following)
            if not following:
                return
            number, frame = number + 1, following

    def _frame(self, sealed: bytes, number: int, *, last: bool) -> bytes:
        if len(sealed) < _FRAME + _TAG:
            raise Refused("stick.cut")
        try:
            return self._cipher.decrypt(_nonce(number, last=last), sealed, None)
        except InvalidTag:
            if last and self._opens(sealed, number):
                raise Refused("stick.cut") from None
            raise Refused("stick.damaged" if number else "stick.not_for_us") from None

    def _opens(self, sealed: bytes, number: int) -> bool:
        try:
            self._cipher.decrypt(_nonce(number, last=False), sealed, None)
        except InvalidTag:
            return False
        return True


def _head(source: BinaryIO) -> bytes:
    head = _read(source, HEAD_BYTES)
    if not head.startswith(_MAGIC):
        raise Refused("stick.no_bundle")
    if len(head) < HEAD_BYTES:
        raise Refused("stick.cut")
    return head


def _read(source: BinaryIO, size: int) -> bytes:
    # A raw file may give less than it was asked for.
    parts, left = [], size
    while left:
        part = source.read(left)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _cipher(shared: bytes, head: bytes, to: Public) -> AESGCM:
    return AESGCM(HKDF(SHA256(), crypto.KEY_BYTES, salt=head + to.box, info=_PURPOSE).derive(shared))


def _digest(head: bytes, to: Public) -> hashlib._Hash:
    # The reader stands in what is signed: a bundle cannot be put into another envelope for somebody else.
    return hashlib.sha256(head + to.sign + to.box)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
