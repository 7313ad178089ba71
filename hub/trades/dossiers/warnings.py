"""What somebody should look at once more before a dossier is sealed: numbers, names and days that do not fit.

Keeps true: a warning stops nothing and changes nothing; what is odd but true stays as it was written. With
the clock in doubt no day is called a future one. Sources: the project's fact sheet on the domain, sections 3
(personal numbers), 4 (telephone and insurance numbers) and 10 (names).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from devices import ident
from hub.base import text
from hub.base.clock import Moment
from hub.forms import outline
from hub.forms.model import QuestionNode, walk
from hub.trades.dossiers import linking
from hub.trades.dossiers.linking import Facts
from hub.trades.dossiers.model import View
from hub.trades.procedures.model import PersonField

OLDEST = 115
"""Years; who is older is asked about."""

_BETWEEN_DIGITS = re.compile(r"[\s.\-–()]+")
_OR = re.compile(r"\s*[,;/]\s*|\s+(?:hoặc|và|or|and)\s+")
_MOBILE = re.compile(r"(?:\+?84|0)(?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9])[0-9]{7}")
# Eleven digits since 2017, 0214 and 0216 among them.
_LANDLINE = re.compile(r"(?:\+?84|0)2[0-9]{9}")
_BEFORE_2018 = re.compile(r"(?:\+?84|0)1[0-9]{9}")
_INSURANCE = re.compile(r"[0-9]{10}|[0-9]{12}|[A-Z]{2}[0-9]{13}")
_ASCII_DIGITS = re.compile(r"[0-9]+")

Found = Iterator[tuple[PersonField, str, Mapping[str, object]]]


@dataclass(frozen=True, slots=True)
class Warning:
    """One thing to look at: the question's path and page, its label, and the phrase that tells it."""

    path: str
    page_id: str
    label: str
    key: str
    values: Mapping[str, object] = field(default_factory=dict, repr=False)


def warnings(view: View, lang: str, moment: Moment) -> tuple[Warning, ...]:
    """Return what is odd about a draft's persons, one question after the other, as they stand in the form."""
    today = moment.on if moment.trusted else None
    found: dict[tuple[str, str], Warning] = {}
    for person in linking.persons(view):
        facts = linking.told(view, person)
        for name, key, values in odd(facts, today):
            asked = linking.question(view, person.path(name) or "")
            if asked is None:
                continue
            question, node = asked
            path = view.instance.path(node)
            label = question.label.say(view.form, view.instance.scope(node, lang))
            # Two persons of a form may share a question: it is told once.
            found.setdefault((path, key), Warning(path, page_of(view, question), label, key, values))
    return tuple(found.values())


def odd(facts: Facts, today: dt.date | None) -> Found:
    """Yield what is odd about one person: which fact, the phrase, its values. ``today`` None: not known."""
    for name, judge in _ALONE.items():
        if said := facts.get(name, ""):
            for key, values in judge(said):
                yield name, key, values
    yield from _number_and_birth(facts, today)
    yield from _days(facts, today)


def page_of(view: View, question: QuestionNode) -> str:
    """Return the id of the page that asks a question."""
    return next(
        leaf.id
        for leaf in outline.leaves(view.form)
        if any(isinstance(one, QuestionNode) and one.path == question.path for one in walk(leaf.nodes))
    )


Told = Iterator[tuple[str, Mapping[str, object]]]


def _number(said: str) -> Told:
    digits = _plain(said)
    if not _ASCII_DIGITS.fullmatch(digits):
        yield "warnings.number_letters", {}
    elif len(digits) == 9:
        yield "warnings.number_old", {}
    elif len(digits) != 12:
        yield "warnings.number_length", {"count": len(digits)}
    elif not ident.known_place(digits):
        yield "warnings.number_place" if digits[0] == "0" else "warnings.number_abroad", {}


def _old_number(said: str) -> Told:
    digits = _plain(said)
    if not _ASCII_DIGITS.fullmatch(digits) or len(digits) not in (9, 12):
        yield "warnings.old_number", {}


def _phone(said: str) -> Told:
    for one in filter(None, (_plain(part) for part in _OR.split(said))):
        if _BEFORE_2018.fullmatch(one):
            yield "warnings.phone_before_2018", {}
        elif not _MOBILE.fullmatch(one) and not _LANDLINE.fullmatch(one):
            yield "warnings.phone", {}


def _insurance(said: str) -> Told:
    if not _INSURANCE.fullmatch(_plain(said).upper()):
        yield "warnings.insurance", {}


def _name(said: str) -> Told:
    if any(mark.isdigit() for mark in said):
        yield "warnings.name_digits", {}
    letters = [mark for mark in unicodedata.normalize("NFC", said) if mark.isalpha()]
    # "A" is a name: neither shouted nor without its accents.
    if len(letters) < 2:
        return
    if all(mark == mark.upper() != mark.lower() for mark in letters):
        yield "warnings.name_capitals", {}
    if all(mark.isascii() for mark in letters):
        yield "warnings.name_plain", {}


_ALONE: Mapping[PersonField, Callable[[str], Told]] = {
    PersonField.FULL_NAME: _name,
    PersonField.NUMBER: _number,
    PersonField.OLD_NUMBER: _old_number,
    PersonField.PHONE: _phone,
    PersonField.INSURANCE_NUMBER: _insurance,
}


def _number_and_birth(facts: Facts, today: dt.date | None) -> Found:
    number = _plain(facts.get(PersonField.NUMBER, ""))
    if len(number) != 12 or not _ASCII_DIGITS.fullmatch(number):
        return
    year, sex = ident.told_by(number)
    said_sex = text.fold(facts.get(PersonField.SEX, ""))
    if said_sex in {text.fold(one) for one in ident.Sex} and said_sex != text.fold(sex):
        yield PersonField.NUMBER, "warnings.number_sex", {}
    born = _birth_year(facts)
    if born is not None and born != year:
        yield PersonField.NUMBER, "warnings.number_year", {"year": year}
    elif born is None and today is not None and year > today.year:
        yield PersonField.NUMBER, "warnings.number_future", {"year": year}


def _days(facts: Facts, today: dt.date | None) -> Found:
    born, issued = (_day(facts.get(name, "")) for name in (PersonField.BORN_ON, PersonField.ISSUED_ON))
    asked = PersonField.BORN_ON if born is not None else PersonField.BORN_YEAR
    year = _birth_year(facts)
    if today is not None and year is not None:
        if year > today.year or (born is not None and born > today):
            yield asked, "warnings.born_future", {}
        elif _age(born, year, today) > OLDEST:
            yield asked, "warnings.born_long_ago", {"years": _age(born, year, today)}
    if issued is None:
        return
    if today is not None and issued > today:
        yield PersonField.ISSUED_ON, "warnings.issued_future", {}
    if (born is not None and issued < born) or (year is not None and issued.year < year):
        yield PersonField.ISSUED_ON, "warnings.issued_before_birth", {}


def _age(born: dt.date | None, year: int, today: dt.date) -> int:
    """Whole years; from a year alone the fewest there can be."""
    before = (today.month, today.day) < (born.month, born.day) if born is not None else True
    return today.year - year - before


def _birth_year(facts: Facts) -> int | None:
    born = _day(facts.get(PersonField.BORN_ON, ""))
    if born is not None:
        return born.year
    year = facts.get(PersonField.BORN_YEAR, "")
    return int(year) if len(year) == 4 and _ASCII_DIGITS.fullmatch(year) else None


def _day(iso: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(iso) if iso else None
    except ValueError:
        return None


def _plain(said: str) -> str:
    return _BETWEEN_DIGITS.sub("", said)
