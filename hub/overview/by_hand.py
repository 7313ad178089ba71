"""What came back by hand, told to every room that waits for it, as the relay tells what came by the wire.

Keeps true: a dossier that the office's server has is known as such everywhere in the transaction that closes
it. It decides nothing: what an answer may close is for ``hub.post.stick_words``.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import BinaryIO

from hub.base import identity
from hub.base.clock import Clock
from hub.base.errors import Conflict, HubError
from hub.post import stick_words
from hub.post.stick_words import Heard
from hub.post.transports import stick as sticks
from hub.trades.dossiers import service as dossiers


def hear(conn: sqlite3.Connection, source: BinaryIO, keys: Path, clock: Clock) -> Heard:
    """Take in one answer of the office. Raises as ``stick_words.hear``."""

    def received(within: sqlite3.Connection, instance_id: str) -> None:
        dossiers.office_has_it(within, instance_id, clock.read())

    return stick_words.hear(conn, source, identity.read_or_make(keys), clock=clock, on_received=received)


def hear_all(
    conn: sqlite3.Connection, folder: Path, keys: Path, clock: Clock
) -> tuple[Heard, int, tuple[tuple[str, HubError], ...]]:
    """Take in every answer that lies in ``folder``; return what they brought, how many were read before, and
    which files do not count, with the reason.

    Raises as ``sticks.files``.
    """
    heard, before, bad_ones = Heard(), 0, []
    for path in sticks.files(folder, sticks.ANSWER):
        try:
            with sticks.open_file(path) as source:
                heard += hear(conn, source, keys, clock)
        except Conflict as bad:
            if bad.key != "stick.answer_known":
                raise
            before += 1
        except HubError as bad:
            bad_ones.append((path.name, bad))
        except OSError as bad:
            bad_ones.append((path.name, sticks.told(bad, folder)))
    return heard, before, tuple(bad_ones)
