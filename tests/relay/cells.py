"""The cells of the fault matrix, and the rule by which those that mean nothing are left out.

A cell is (the office's answer) x (where the exchange is cut) x (who is killed by SIGKILL). The rule: an answer that
never leaves cannot differ from another. So where nothing of an answer is sent there is one row for each thing that
can have become of the record (``nothing``: not taken in, ``true``: taken in), and every answer stands in the columns
in which at least its first byte leaves. ``TOGETHER`` is left out: the courier never has two sendings of one dossier
in flight (tests/post), and the office's part is shown in tests/practice_office. ``OTHER_KEY`` changes forms, not
sendings. ``liar_201``, an office that says "done" and keeps nothing, was seen nowhere; it is played with Houses
that may read back, for they notice. A House that may not has to believe it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from hub.practice_office import answers, faults
from hub.practice_office.faults import Manner

LIAR = "liar_201"
LEFT_OUT = {faults.TOGETHER, faults.OTHER_KEY}


class Killed(enum.StrEnum):
    """Who is killed, once, at a moment of the exchange."""

    NOBODY = "nobody"
    RELAY = "relay"
    OFFICE = "office"


class End(enum.Enum):
    """What must become of the dossiers: at the office by itself, held for a person, or either by what came through."""

    ARRIVES = "arrives"
    HELD = "held"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Row:
    """An answer of the table, for how many requests (None: until a person has looked), and what must come of it.

    ``reasons`` are those that a held dossier may show.
    """

    answer: str
    times: int | None
    end: End
    reasons: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What the table of outcomes calls it."""
        return self.answer + ("" if self.times else " for ever")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell."""

    row: Row
    manner: Manner
    killed: Killed

    @property
    def name(self) -> str:
        """What the table of outcomes calls it."""
        return f"{self.row.name} | {self.manner} | {self.killed}"


_CONFLICT = ("relay.conflict",)
_ONCE = {
    # Passing troubles, lies and strangers: whatever they say, the dossier goes again until the office has it.
    answers.TRUE,
    "accepted_202",
    "proxy_407",
    "slow_408",
    "progress_423",
    "many_429",
    "database_500",
    "database_500_stored",
    "down_502",
    "down_502_stored",
    "resting_503",
    "late_504_stored",
    "portal_511",
    "portal_302",
    "moved_307",
    "portal_200",
    "envelope_200",
    "empty_204",
    "portal_201",
    LIAR,
    faults.LOST_FILE,
    faults.LOST_ALL,
    faults.OTHER_DAY,
    "other_409",
    "closed_409",
    "stale_409",
    "deleted_409",
    "large_413",
}
_HOLDING: dict[str, tuple[str, ...]] = {
    "bad_400": ("relay.not_understood",),
    "cut_400": ("relay.not_understood",),
    "key_401": ("relay.token_refused", "relay.form_not_given"),
    "key_403": ("relay.token_refused", "relay.form_not_given"),
    "form_404": ("relay.no_form",),
    "version_404": ("relay.no_form",),
    "inactive_405": ("relay.form_inactive",),
    "other_409": _CONFLICT,
    "closed_409": _CONFLICT,
    "stale_409": _CONFLICT,
    "deleted_409": _CONFLICT,
    "large_413": ("relay.too_large",),
    LIAR: ("relay.not_there",),
    faults.LOST_FILE: ("relay.files_missing",),
    faults.LOST_ALL: ("relay.files_missing",),
}


# What a proxy says on the first lines alone, while the body is still on its way.
_EARLY = ("large_413", "key_401", "down_502", "portal_511")


# The false one comes once in life; what it does to a House that dies in between is played for both.
_BOTH = {"deleted_409"}


def rows() -> tuple[Row, ...]:
    """Return every answer of the table, some of them for once and for ever."""
    assert _ONCE | set(_HOLDING) | LEFT_OUT == set(faults.ANSWERS), "an answer has no row"
    once = [_passing(name) for name in faults.ANSWERS if name in _ONCE]
    ever = [Row(name, None, End.HELD, reasons) for name, reasons in _HOLDING.items()]
    return (*once, *ever)


def _passing(name: str) -> Row:
    # One large file cannot be split, so that even a passing 413 is for a person.
    end = End.EITHER if name == "large_413" else End.ARRIVES
    return Row(name, 1, end, _HOLDING.get(name, ()))


def cells() -> Iterator[Cell]:
    """Yield every cell that means something."""
    for killed in Killed:
        for row in rows():
            if killed is not Killed.NOBODY and row.times and row.answer in _HOLDING.keys() - _BOTH:
                continue
            yield Cell(row, Manner.WHOLE, killed)
            if killed is Killed.NOBODY and (row.times or row.answer not in _ONCE):
                # Without its end an answer is either none, or its first line counts: both are right.
                end = End.EITHER if row.answer in _HOLDING else End.ARRIVES
                yield Cell(Row(row.answer, 1, end, _HOLDING.get(row.answer, ())), Manner.ANSWER, killed)
            if row.answer in _EARLY:
                yield Cell(row, Manner.EARLY, killed)
        true, nothing = Row(answers.TRUE, 1, End.ARRIVES), Row("down_502", 1, End.ARRIVES)
        for row in (true, nothing):
            yield Cell(row, Manner.AFTER, killed)
            if killed is not Killed.NOBODY:
                yield Cell(row, Manner.ANSWER, killed)
        yield Cell(true, Manner.BEFORE, killed)
        yield Cell(true, Manner.BODY, killed)
