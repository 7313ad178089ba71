"""What the loudspeaker is told when a number is called; how a language says it is the voice's business."""

from __future__ import annotations

from hub.base import phrases
from hub.post.signals import Announced
from hub.trades.tickets.model import Ticket


def call(ticket: Ticket, desk: str) -> Announced:
    """Return the call: Vietnamese first, then the ticket's own language if that is another."""
    langs = dict.fromkeys((phrases.DEFAULT, phrases.language(ticket.lang)))
    return Announced(ticket.label, desk, ticket.service_id, tuple(langs))
