"""What the calls of this House name, for whoever makes, renders or records them.

Keeps true: the bench that speaks, the command that renders ahead and the page that records ask here, and so
never differ. It is a room of its own because the bench carries nothing of what pages read aloud.
"""

from __future__ import annotations

import sqlite3

from hub.base import phrases
from hub.base.settings import Settings
from hub.trades.speech.languages import Needs
from hub.trades.tickets import views


def needs(conn: sqlite3.Connection, settings: Settings) -> Needs:
    """Return what the calls of this House name: its desks, its services' letters and, if wanted, names."""
    offered = views.services(conn)
    named = {one.id: {lang: one.name(lang) for lang in phrases.LANGUAGES} for one in offered}
    return Needs(
        desks=settings.queue.desks,
        letters=tuple(dict.fromkeys(one.letter for one in offered)) or ("",),
        services=named if settings.sound.service else {},
        manner=settings.sound.manner,
    )
