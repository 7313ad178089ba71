"""What may be kept of a person, and when two people are the same.

Keeps true: what is delicate passes only with a purpose of its own that was agreed to; two people are never
taken for one by their name alone.
"""

from __future__ import annotations

from hub.base import text
from hub.base.errors import Refused
from hub.trades.people import vault
from hub.trades.people.model import NAME, NUMBER, OLD_NUMBER, OWN_PURPOSE, Consent, Facts

LONGEST = 300
_DIGITS = (9, 12)
_UNKNOWN = ("", "")


def clean(facts: Facts) -> dict[str, str]:
    """Return ``facts`` tidied, without what is empty."""
    told = {name: text.clean(value)[:LONGEST] for name, value in facts.items()}
    return {name: value for name, value in told.items() if value}


def allowed(facts: Facts, consent: Consent) -> dict[str, str]:
    """Return of ``facts`` what ``consent`` lets be kept. Raises ``Refused("people.name_needed")``."""
    told = clean(facts)
    if not told.get(NAME):
        raise Refused("people.name_needed")
    return {
        name: value
        for name, value in told.items()
        if name not in OWN_PURPOSE or OWN_PURPOSE[name] in consent.purposes
    }


def marks(facts: Facts, key: bytes) -> list[bytes]:
    """Return the keyed marks of a person's ID numbers."""
    told = [facts.get(name, "").replace(" ", "") for name in (NUMBER, OLD_NUMBER)]
    # Zeros stand for "none" on some cards: they would make one person of strangers.
    known = [one for one in told if one.isdecimal() and len(one) in _DIGITS and one.strip("0")]
    return [vault.mark(key, one) for one in known]


def same(mine: Facts, theirs: Facts) -> bool:
    """Whether two people without a number to tell them apart are the same: name and birth agree."""
    births = [(one.get("born_on", ""), one.get("born_year", "")) for one in (mine, theirs)]
    if births[0] != births[1] or births[0] == _UNKNOWN:
        return False
    clash = mine.get(NUMBER) and theirs.get(NUMBER) and mine[NUMBER] != theirs[NUMBER]
    return not clash and text.fold(mine.get(NAME, "")) == text.fold(theirs.get(NAME, ""))
