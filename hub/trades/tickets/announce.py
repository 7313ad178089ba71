"""What the loudspeaker says when a number is called: numbers in words, whatever engine speaks."""

from __future__ import annotations

from hub.base import phrases, spoken
from hub.trades.tickets.model import Ticket


def call(ticket: Ticket, desk: str) -> tuple[tuple[str, str], ...]:
    """Return the call as (language, text): Vietnamese, then the ticket's own language if that is another."""
    langs = dict.fromkeys((phrases.DEFAULT, phrases.language(ticket.lang)))
    return tuple(
        (lang, phrases.say(lang, "tickets.call", number=_said(ticket.label, lang), desk=_said(desk, lang)))
        for lang in langs
    )


def _said(label: str, lang: str) -> str:
    """Return letters as they are and the digits behind them as a number in words: ``A12`` is "A mười hai"."""
    letters = label.rstrip("0123456789")
    digits = label[len(letters) :]
    if not digits or len(digits) > 9:
        return label
    return f"{letters.strip()} {spoken.number(int(digits), lang)}".strip()
