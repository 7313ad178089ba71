"""What a guide should look at once more, beside the question it is about, on the next page and at the end.

Keeps true: nothing here stops a page or a seal. What is noted goes to the page and the voice alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.desks import shell
from hub.desks.guide import places, rich
from hub.desks.guide.places import Ask
from hub.trades.dossiers import warnings
from hub.trades.dossiers.model import View


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about the question at ``path``; ``ask`` where it can be answered by a press."""

    path: str
    page_id: str
    label: str
    words: str = field(repr=False)
    ask: Ask | None = None


def seen(view: View) -> tuple[Note, ...]:
    """Return all there is to look at in a draft, in the order of its persons."""
    found = [
        Note(one.path, one.page_id, rich.plain(one.label), shell.say(one.key, **one.values))
        for one in warnings.warnings(view, shell.lang(), shell.moment())
    ]
    found += [
        Note(ask.path, ask.page_id, ask.label, shell.say("places.ask_short", old=ask.found.old), ask)
        for ask in places.asks(view)
    ]
    return tuple(found)


def on_page(notes: Iterable[Note], page_id: str | None) -> tuple[Note, ...]:
    """Return those that belong to a page."""
    return tuple(one for one in notes if one.page_id == page_id)


def by_path(notes: Iterable[Note]) -> dict[str, list[str]]:
    """Return the sentences beside each question."""
    found: dict[str, list[str]] = {}
    for one in notes:
        found.setdefault(one.path, []).append(one.words)
    return found


def spoken(notes: Iterable[Note]) -> str:
    """Return the notes as they are read aloud; empty for none."""
    said = " ".join(f"{one.label}: {one.words}" for one in notes)
    return f"{shell.say('warnings.aloud')} {said}" if said else ""
