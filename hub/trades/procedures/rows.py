"""How a pack writes a procedure down: the shapes of its TOML files, key by key.

Keeps true: a key that is not known here stops the reading, so that a slip of the pen is no lost fee. It
only has shapes; what they mean is the reader's.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec

from hub.trades.procedures.calculators import CalculatorKind
from hub.trades.procedures.eligibility import QuestionKind, Verdict
from hub.trades.procedures.model import Drawn, FigureKind, Group, Kind, PaperKind, Status, Unit

Text = Annotated[str, msgspec.Meta(min_length=1)]
Path = Annotated[str, msgspec.Meta(pattern="^/")]
Sources = Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]
Amount = Annotated[int, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_-]*$")]


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same words in both languages."""

    vi: Text
    en: Text


class FactRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence with its sources."""

    vi: Text
    en: Text
    sources: Sources
    status: Status


class CodeRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[code]``; an empty value where nobody knows one."""

    value: str
    sources: Sources
    status: Status
    replaces: str = ""


class PaperFormRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[paper_form]``."""

    name: Said
    version: Text
    drawn: Drawn
    as_of: dt.date
    sources: Sources
    status: Status


class PaperRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[paper]]``."""

    id: Text
    name: Said
    kind: PaperKind
    when: Said
    sources: Sources
    status: Status
    attachment: Path | None = None
    only_for: tuple[Name, ...] = ()


class FigureRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[figure]]``."""

    id: Name
    kind: FigureKind
    label: Said
    text: Said
    unit: Unit
    as_of: dt.date
    sources: Sources
    status: Status
    value: Amount | None = None
    value_max: Amount | None = None
    value_online: Amount | None = None
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None


class LawRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[law]]``."""

    name: Said
    sources: Sources
    status: Status
    note: Said | None = None
    valid_from: dt.date | None = None


class FormerRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[history]]``."""

    what: Said
    sources: Sources
    status: Status
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None


class ProcedureFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``procedure.toml``."""

    slug: Text
    group: Group
    plain_name: Said
    official_name: Said
    summary: Said
    code: CodeRow
    who: FactRow
    where: FactRow
    as_of: dt.date
    status: Status
    paper: Annotated[tuple[PaperRow, ...], msgspec.Meta(min_length=1)]
    step: Annotated[tuple[FactRow, ...], msgspec.Meta(min_length=1)]
    figure: tuple[FigureRow, ...]
    kind: Kind = Kind.FILED
    form: str = ""
    form_id: str = ""
    prefill: str = ""
    eligibility: str = ""
    calculators: str = ""
    picture: str = "papers"
    order: int = 1_000
    service: str = ""
    office: Said | None = None
    related: tuple[Name, ...] = ()
    paper_form: PaperFormRow | None = None
    who_not: FactRow | None = None
    not_needed: tuple[FactRow, ...] = ()
    law: tuple[LawRow, ...] = ()
    mistake: tuple[FactRow, ...] = ()
    history: tuple[FormerRow, ...] = ()


class ChoiceRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of a question's ``choices``."""

    id: Name
    vi: Text
    en: Text


class QuestionRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[question]]``."""

    id: Name
    kind: QuestionKind
    ask: Said
    hint: Said | None = None
    choices: tuple[ChoiceRow, ...] = ()


class WhenRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition: one of ``all``, ``any``, ``not``, or a ``question`` with what its answer must be."""

    all: tuple[WhenRow, ...] | None = None
    any: tuple[WhenRow, ...] | None = None
    but: WhenRow | None = msgspec.field(default=None, name="not")
    question: Name | None = None
    one_of: tuple[Name, ...] | None = msgspec.field(default=None, name="is")
    age_from: Amount | None = None
    age_below: Amount | None = None
    age_from_figure: Name | None = None
    age_below_figure: Name | None = None
    least: Amount | None = msgspec.field(default=None, name="from")
    below: Amount | None = None
    from_figure: Name | None = None
    below_figure: Name | None = None


class OutcomeRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[outcome]]``."""

    id: Name
    verdict: Verdict
    said: Said
    sources: Sources
    status: Status
    when: WhenRow | None = None
    next: Said | None = None
    figures: tuple[Name, ...] = ()


class EligibilityFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``eligibility.toml``."""

    title: Said
    question: Annotated[tuple[QuestionRow, ...], msgspec.Meta(min_length=1)]
    outcome: Annotated[tuple[OutcomeRow, ...], msgspec.Meta(min_length=1)]


class CalculatorRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[calculator]]``."""

    id: Name
    kind: CalculatorKind
    title: Said
    figures: dict[str, Name] = {}
    note: Said | None = None


class CalculatorsFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``calculators.toml``."""

    calculator: Annotated[tuple[CalculatorRow, ...], msgspec.Meta(min_length=1)]
