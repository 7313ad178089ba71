"""What a scanned text is to a guide: an ID card, a health-insurance card, a paper of this House, or something
else.

Keeps true: a card is read and forgotten, only the facts it gives go on; a field that certainly lost a letter
on its way is left to be typed; an insurance card's old address is never taken for a residence; nothing that
is scanned is ever opened or called. It stores and logs nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from devices import ident, insurance
from devices.ident import IdentityCard, NotACard
from devices.insurance import InsuranceCard
from hub.base import ids
from hub.base.clock import Moment
from hub.base.errors import HubError, Refused
from hub.base.ids import FollowCode
from hub.trades.dossiers.linking import Facts
from hub.trades.procedures.model import PersonField

_PAPERS = re.compile(r"/(?:ticket|procedures|lessons|fraud|prices)/[^/]+/?")
_FOLLOW = re.compile(r"/follow/([^/]+)/?")

Warning = ident.Warning | insurance.Warning

_BOTH = frozenset({PersonField.FULL_NAME, PersonField.BORN_ON, PersonField.BORN_YEAR, PersonField.SEX})
_IDENTITY = _BOTH | {
    PersonField.NUMBER,
    PersonField.OLD_NUMBER,
    PersonField.RESIDENCE,
    PersonField.ISSUED_ON,
}
_INSURANCE = _BOTH | {PersonField.INSURANCE_NUMBER}


@dataclass(frozen=True, slots=True)
class Told:
    """What a card tells of a person, what such a card may tell, what to compare with the card itself."""

    facts: Facts = field(repr=False)
    asking: frozenset[PersonField]
    warnings: tuple[Warning, ...]


class OwnPaper(Refused):
    """A paper of this House was scanned: whoever asked for a card may want to go there instead."""

    def __init__(self, code: FollowCode | None) -> None:
        super().__init__("cards.own_follow" if code else "cards.own_paper")
        self.code = code


def read(scanned: str, moment: Moment, *, address: str = "") -> Told:
    """Return what the text of a code tells of a person.

    ``address`` is the House's own on its papers. Raises ``Refused("dossiers.card_…")`` with the reason for
    what is no card, and ``OwnPaper``.
    """
    card = ident.parse(scanned)
    if isinstance(card, IdentityCard):
        return Told(
            _of_identity(card), _IDENTITY, ident.warnings(card, moment.on if moment.trusted else None)
        )
    health = insurance.parse(scanned)
    if health is not None:
        return Told(_of_insurance(health), _INSURANCE, insurance.warnings(health))
    own = _own("".join(mark for mark in scanned if mark >= " ").strip(), address)
    if own is not None:
        raise own
    raise Refused(f"dossiers.card_{_reason(card)}")


def _reason(card: NotACard) -> str:
    return card.reason.value


def _of_identity(card: IdentityCard) -> Facts:
    said = {
        PersonField.FULL_NAME: card.full_name,
        PersonField.NUMBER: card.number,
        PersonField.OLD_NUMBER: card.old_number,
        PersonField.BORN_ON: card.born_on.isoformat() if card.born_on else "",
        PersonField.BORN_YEAR: str(card.born_year or ""),
        PersonField.SEX: card.sex.value if card.sex else "",
        PersonField.RESIDENCE: card.residence,
        PersonField.ISSUED_ON: card.issued_on.isoformat() if card.issued_on else "",
    }
    return {name: value for name, value in said.items() if value and not ident.damaged(value)}


def _of_insurance(card: InsuranceCard) -> Facts:
    said = {
        PersonField.FULL_NAME: card.full_name,
        PersonField.BORN_ON: card.born_on.value.isoformat() if card.born_on.value else "",
        PersonField.BORN_YEAR: str(card.born_year.value or ""),
        PersonField.SEX: card.sex.value.value if card.sex.value else "",
        PersonField.INSURANCE_NUMBER: card.number,
    }
    return {name: value for name, value in said.items() if value}


def _own(scanned: str, address: str) -> OwnPaper | None:
    """Return what a paper of this House says it is, None for any other text."""
    path = scanned
    if "/" in scanned:
        if not address or not scanned.startswith(address.rstrip("/") + "/"):
            return None
        try:
            path = unquote(urlsplit(scanned).path)
        except ValueError:
            return None
        if _PAPERS.fullmatch(path):
            return OwnPaper(None)
        follow = _FOLLOW.fullmatch(path)
        if follow is None:
            return None
        path = follow[1]
    try:
        return OwnPaper(ids.read_follow_code(path))
    except HubError:
        return None
