"""Which pages of a draft were read back to the person it belongs to, and found right.

Keeps true: a page that was changed since counts as not read; what is written down is the page and the version
that was read, never what stood there.
"""

from __future__ import annotations

import sqlite3

from hub.base import db
from hub.base.clock import Moment
from hub.base.errors import Conflict
from hub.trades.dossiers import drafts, ledger, store
from hub.trades.dossiers.model import What


def read_back(
    conn: sqlite3.Connection,
    draft_id: str,
    page_id: str,
    *,
    version: int,
    key: bytes,
    staff: int,
    moment: Moment,
) -> None:
    """Write down that a page was read back as it stood at ``version`` and found right.

    Raises ``Conflict("dossiers.changed_meanwhile")`` when the page was changed since, and as ``drafts.told``.
    """
    with db.write(conn):
        draft = drafts.told(conn, draft_id, key=key)
        if not store.page_version(conn, draft.id, page_id) <= version <= draft.version:
            raise Conflict("dossiers.changed_meanwhile")
        drafts.tell(conn, draft.id, What.READ_BACK, f"{version} {page_id}", staff, moment)


def pages(conn: sqlite3.Connection, draft_id: str) -> frozenset[str]:
    """Return the ids of the pages that were read back and not changed since."""
    known = drafts.known(conn, draft_id)
    found = {}
    for event in ledger.events(conn, known, (What.READ_BACK,)):
        version, _, page_id = event.detail.partition(" ")
        found[page_id] = int(version)
    return frozenset(
        page_id for page_id, version in found.items() if store.page_version(conn, known, page_id) <= version
    )
