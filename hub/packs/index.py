"""What one version of a pack consists of, file by file: what a publisher signs and a House fetches by.

Keeps true: a path in an index never leads out of its pack, a file is named by what is in it, and the same
pack always gives the same bytes. It does not say whom to believe: that is ``trust``'s business.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import json
import re
from pathlib import PurePosixPath
from typing import Annotated, Literal

import msgspec

from hub.base.errors import NotReady
from hub.packs.manifest import LISTING, Words

MOST_BYTES = 5_000_000
"""How long an index may be: some forty thousand files."""

_MOST_FILE = 1 << 34
_PLAIN = re.compile(r"^[^\x00-\x1f\x7f\\\"]{1,400}$")
_Sha = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
_Version = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,6}(\.[0-9]{1,6}){1,3}$")]


class Kind(enum.StrEnum):
    """What is done with a pack when it is here whole."""

    CONTENT = "content"
    """Put in place at once."""
    PROGRAM = "program"
    """Kept for the technician who updates the program."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file's content: its SHA-256 in hexadecimal and its length in bytes."""

    sha256: _Sha
    size: Annotated[int, msgspec.Meta(ge=0, le=_MOST_FILE)]


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of one pack; ``files`` by path with ``/``."""

    format: Literal[1]
    kind: Kind
    name: _Name
    version: _Version
    files: Annotated[dict[str, Part], msgspec.Meta(min_length=1)]
    title: Words | None = None
    as_of: dt.date | None = None

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return sum(part.size for part in self.files.values())


def read(data: bytes, name: str) -> Index:
    """Return the index written in ``data``.

    Raises ``NotReady("packs.bad_index")`` for anything else, for a path that leads out of the pack, and for
    an index of a pack that is not called ``name``.
    """
    try:
        found = msgspec.json.decode(data, type=Index)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as bad:
        raise NotReady("packs.bad_index", name=name, why=str(bad)[:120]) from bad
    if found.name != name:
        raise NotReady("packs.bad_index", name=name, why=found.name)
    for path in found.files:
        pure = PurePosixPath(path)
        plain = _PLAIN.match(path) and str(pure) == path and not pure.is_absolute() and ".." not in pure.parts
        if not plain or path in {LISTING, f"{LISTING}.half", "."}:
            raise NotReady("packs.bad_index", name=name, why=path.encode("unicode_escape").decode()[:120])
    return found


def write(index: Index) -> bytes:
    """Return ``index`` as JSON, always the same for the same pack."""
    return json.dumps(
        msgspec.to_builtins(index), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode("utf-8")


def target(name: str) -> str:
    """Return what the signed list calls the index of the pack ``name``."""
    return f"packs/{name}.json"


def blob(sha256: str) -> str:
    """Return where below a repository's targets a file of this content lies."""
    return f"files/{sha256[:2]}/{sha256}"


def order(version: str) -> tuple[int, ...]:
    """Return a version as numbers that sort as it counts."""
    return tuple(int(part) for part in version.split("."))


def fingerprint(root: bytes) -> str:
    """Return what people compare of a trusted root: its SHA-256 in groups of four."""
    told = hashlib.sha256(root).hexdigest()
    return " ".join(told[at : at + 4] for at in range(0, 64, 4))
