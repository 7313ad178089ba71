"""An ID card's QR, read by a scanner, put into the questions it answers.

Keeps true: the card itself is never stored, only the answers it gives; an answer somebody typed is never
replaced unless a guide names it. What looks odd about a card is told, never a reason to refuse.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field

from devices import ident
from devices.ident import IdentityCard, NotACard
from hub.base import db, text
from hub.base.clock import Moment
from hub.base.errors import Missing, Refused
from hub.forms import checks, typed
from hub.forms.markup import Element
from hub.forms.model import QuestionNode, names_of
from hub.forms.typed import DataType
from hub.trades.dossiers import drafts
from hub.trades.dossiers.model import View, What
from hub.trades.procedures.model import CardField, Person


@dataclass(frozen=True, slots=True)
class Filled:
    """An answer that came from the card, as people read it."""

    path: str
    label: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was there already and says something else than the card."""

    path: str
    label: str
    here: str = field(repr=False)
    on_card: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prefilled:
    """What a card did: what it filled, what it would have changed, and what a guide should look at."""

    version: int
    filled: tuple[Filled, ...]
    kept: tuple[Kept, ...]
    warnings: tuple[ident.Warning, ...]

    @property
    def warning_keys(self) -> tuple[str, ...]:
        """The phrases that tell the warnings."""
        return tuple(f"dossiers.warning_{warning}" for warning in self.warnings)


def from_card(
    conn: sqlite3.Connection,
    draft_id: str,
    person_id: str,
    scanned: str,
    *,
    key: bytes,
    staff: int,
    moment: Moment,
    lang: str,
    replace: Collection[str] = (),
) -> Prefilled:
    """Fill the questions of one person from the text a scanner typed; ``replace`` names the paths it may
    change.

    Raises ``Refused("dossiers.card_…")`` with the reason for what is no ID card,
    ``Refused("dossiers.card_not_asked")`` when the form asks nothing of this person now,
    ``Missing("dossiers.no_person")``, and as ``drafts.look``.
    """
    card = ident.parse(scanned)
    if isinstance(card, NotACard):
        raise Refused(f"dossiers.card_{card.reason}")
    told = ident.warnings(card, moment.on if moment.trusted else None)
    with db.write(conn):
        view = drafts.look(conn, draft_id, key=key, moment=moment)
        person = next((one for one in view.draft.persons if one.id == person_id), None)
        if person is None:
            raise Missing("dossiers.no_person")
        filled, kept, asked = _fill(view, person, card, lang, replace)
        if not asked:
            raise Refused("dossiers.card_not_asked")
        version = view.draft.version
        if filled:
            view.instance.recalculate(drafts.village(moment))
            pages = (person.page,)
            version = drafts.put_back(
                conn,
                view,
                key=key,
                staff=staff,
                moment=moment,
                pages=pages,
                what=What.FILLED,
                detail=person_id,
            )
    return Prefilled(version, tuple(filled), tuple(kept), told)


def _fill(
    view: View, person: Person, card: IdentityCard, lang: str, replace: Collection[str]
) -> tuple[list[Filled], list[Kept], bool]:
    filled: list[Filled] = []
    kept: list[Kept] = []
    asked = False
    instance = view.instance
    for card_field, path in person.fields:
        try:
            node = instance.node(path)
        except Missing:
            continue
        question = view.form.questions.get(names_of(node))
        if question is None or not instance.relevant(node) or checks.is_read_only(instance, question, node):
            continue
        asked = True
        value = _value(view, question, node, card, card_field)
        if not value:
            continue
        label = question.label.say(view.form, instance.scope(node, lang))
        kind = view.form.kind(question.path)
        here = instance.typed(node) or typed.shown(kind, question.appearance, instance.value(node))
        shown = typed.shown(kind, question.appearance, value)
        # Cards are printed in capitals, people write as they please: the same name is the same answer.
        if here and text.fold(here) == text.fold(shown):
            continue
        if here and path not in replace:
            kept.append(Kept(path, label, here, shown))
            continue
        instance.put(node, value)
        filled.append(Filled(path, label, shown))
    return filled, kept, asked


def _value(
    view: View, question: QuestionNode, node: Element, card: IdentityCard, card_field: CardField
) -> str:
    day = {CardField.BORN_ON: card.born_on, CardField.ISSUED_ON: card.issued_on}.get(card_field)
    if card_field in (CardField.BORN_ON, CardField.ISSUED_ON):
        if day is None:
            return ""
        iso = day.isoformat()
        kind = view.form.kind(question.path)
        return iso if kind is DataType.DATE else typed.shown(DataType.DATE, (), iso)
    said = {
        CardField.FULL_NAME: card.full_name,
        CardField.NUMBER: card.number,
        CardField.OLD_NUMBER: card.old_number,
        CardField.RESIDENCE: card.residence,
        CardField.SEX: card.sex.value if card.sex else "",
    }[card_field]
    if question.choices is None:
        return text.clean(said)
    listed = question.choices.listed(view.form, view.instance.scope(node, "vi"))
    wanted = text.fold(said)
    return next((value for value, label in listed if wanted in (text.fold(value), text.fold(label))), "")
