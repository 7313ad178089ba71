"""Who is next: the fair rule, as a pure function.

1. A number that was missed, came back and has let one call pass goes first.
2. Then those with a reason (elderly, pregnant, disabled, long way) or whom a guide moved with priority; but
an
   ordinary number before which two of these were called in a row has its turn.
3. Then ordinary numbers in their order.
4. A returned number that has still to let a call pass comes when nobody else is there.

Keeps true: every order is a permutation of those who wait; while an ordinary number waits, never more than
two priority numbers are called one after the other. It never looks at the clock or the database.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from hub.trades.tickets.model import Ticket

PRIORITY_IN_A_ROW = 2


def order(waiting: Iterable[Ticket]) -> tuple[Ticket, ...]:
    """Return those who wait in the order in which one desk that may call them all would call them."""
    tickets = sorted(waiting, key=lambda ticket: (ticket.line, ticket.id))
    back = [ticket for ticket in tickets if ticket.skip is not None]
    here = [ticket for ticket in tickets if ticket.skip is None]
    first = deque(ticket for ticket in here if ticket.first)
    ordinary = deque(ticket for ticket in here if not ticket.first)
    called: list[Ticket] = []
    # How many priority calls went before the ordinary head: its own count until one is called, then ours.
    since, counted_anew = 0, False
    while back or first or ordinary:
        ripe = next((ticket for ticket in back if (ticket.skip or 0) <= len(called)), None)
        if ripe is None and not first and not ordinary:
            ripe = min(back, key=lambda ticket: (ticket.skip or 0, ticket.line))
        if ripe is not None:
            back.remove(ripe)
            called.append(ripe)
            continue
        passed = since + (ordinary[0].passed if ordinary and not counted_anew else 0)
        if first and not (ordinary and passed >= PRIORITY_IN_A_ROW):
            called.append(first.popleft())
            since += 1
        else:
            called.append(ordinary.popleft())
            since, counted_anew = 0, True
    return tuple(called)
