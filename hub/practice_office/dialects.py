"""The servers that the practice office can be, told apart by address: ODK Central, KoboToolbox, Ona, plain OpenRosa.

Keeps true: what a dialect answers is a row here and nowhere else; only Central's answers were seen on the wire,
Kobo's and Ona's were read. It decides nothing about a record.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

USER = "house"


class Scheme(enum.StrEnum):
    """How a House may show its key: as RFC 7616 and RFC 7617 name it; ``TOKEN`` covers Bearer and Token."""

    TOKEN = "token"
    BASIC = "basic"
    MD5 = "MD5"
    SHA256 = "SHA-256"


_BOTH = (Scheme.SHA256, Scheme.MD5, Scheme.BASIC)
_OLD = (Scheme.MD5, Scheme.BASIC)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server answers: name, challenges it offers, largest body, and its statuses where they differ.

    ``in_progress`` 0 is Central's way with two sendings of one record at the same moment: a false conflict.
    """

    name: str
    offers: tuple[Scheme, ...]
    most_bytes: int = 100_000_000
    duplicate: int = 201
    closed: int = 409
    in_progress: int = 0
    not_assigned: int = 401

    @property
    def is_central(self) -> bool:
        """Whether states and files can be read back as ODK Central lets one."""
        return self.name == "central"


@dataclass(frozen=True, slots=True)
class Place:
    """An address under which a dialect is served: a name of one's own, and the path before ``/submission``."""

    name: str
    prefix: str
    dialect: Dialect


CENTRAL = Dialect("central", ())
OPENROSA = Dialect("openrosa", _BOTH, not_assigned=403)
BASIC = Dialect("basic", (Scheme.BASIC,), not_assigned=403)
DIGEST = Dialect("digest", (Scheme.SHA256, Scheme.MD5), not_assigned=403)
KOBO = Dialect("kobo", _OLD, duplicate=202, closed=405, in_progress=423, not_assigned=403)
ONA = Dialect("ona", _OLD, most_bytes=10_000_000, duplicate=202, closed=405, not_assigned=403)

PLACES = {
    place.name: place
    for place in (
        Place("central", "/v1/projects/<int:project>", CENTRAL),
        Place("central_key", "/v1/key/<key>/projects/<int:project>", CENTRAL),
        Place("openrosa", "", OPENROSA),
        Place("basic", "/basic", BASIC),
        Place("digest", "/digest", DIGEST),
        Place("kobo", "/kobo", KOBO),
        Place("kobo_user", f"/kobo/{USER}", KOBO),
        Place("ona", "/ona", ONA),
        Place("ona_user", f"/ona/{USER}", ONA),
    )
}


def dialect_of(path: str) -> str:
    """Return the name of the dialect that is spoken at a path."""
    first = path.split("/")[1] if path.startswith("/") else ""
    return {"v1": "central", "kobo": "kobo", "ona": "ona", "basic": "basic", "digest": "digest"}.get(
        first, "openrosa"
    )
