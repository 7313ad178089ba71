"""What the front tells the office about one request, and what the office tells back for the exercise's log.

Keeps true: an order travels with its request alone, so that two requests at the same moment cannot take each
other's; without a front there is none, and everything is as ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import request

from hub.practice_office.incoming import Incoming

ORDER = "practice_office.order"
NOTED = "practice_office.noted"


@dataclass(frozen=True, slots=True)
class Order:
    """How to take this request: not at all, with so many of its files lost, only when ``gather`` of them are in, with
    another key in the forms."""

    stores: bool = True
    loses: int = 0
    gather: int = 0
    other_key: bool = False


@dataclass(slots=True)
class Noted:
    """What a sending turned out to be; ``unread`` when it was answered before all of it had come."""

    form_id: str = ""
    instance_id: str = ""
    device: str = ""
    xml: bytes = b""
    parts: Mapping[str, int] = field(default_factory=dict)
    unread: bool = False

    def sent(self, told: Incoming, device: str, xml: bytes, parts: Mapping[str, bytes]) -> None:
        """Note what came: its own account, the House, its XML, each part's length."""
        self.form_id, self.instance_id, self.device, self.xml = told.form_id, told.instance_id, device, xml
        self.parts = {name: len(content) for name, content in parts.items()}


_AS_EVER = Order()


def order() -> Order:
    """Return the order that came with the request."""
    found: Order = request.environ.get(ORDER, _AS_EVER)
    return found


def noted() -> Noted:
    """Return where to note what the request was."""
    found: Noted = request.environ.setdefault(NOTED, Noted())
    return found
