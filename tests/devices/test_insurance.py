"""Health-insurance QR codes: every field says how sure it is; every card here is made up."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import ident
from devices.ident import Sex
from devices.insurance import Certainty, InsuranceCard, Warning, parse, warnings


def hexed(words: str) -> str:
    return words.encode().hex()


NAME, OLD, ISSUER = "Nguyễn Thị Mẫu", "Thôn Mẫu, Xã Mẫu, Huyện Mẫu", "BHXH huyện Mẫu"
FIELDS = ["DN4150155000000", hexed(NAME), "01/02/1955", "2", hexed(OLD), "15 - 001", "01/01/2024", "-"]
FIELDS += ["02/01/2024", "x9", "-", "4", "01/01/2029", "abc", "-", hexed(ISSUER)]
CARD = "|".join(FIELDS)


def card(text: str) -> InsuranceCard:
    found = parse(text)
    assert found is not None, text
    return found


def changed(place: int, said: str) -> InsuranceCard:
    return card("|".join([*FIELDS[:place], said, *FIELDS[place + 1 :]]))


def test_a_card_is_read_field_by_field() -> None:
    read = card(CARD)
    assert (read.number, read.full_name) == ("DN4150155000000", NAME)
    assert (read.born_on.value, read.sex.value) == (date(1955, 2, 1), Sex.FEMALE)
    assert (read.old_address.value, read.clinic.value) == (OLD, "15 - 001")
    assert (read.valid_from.value, read.issued_on.value) == (date(2024, 1, 1), date(2024, 1, 2))
    assert (read.five_years_on.value, read.issuer.value) == (date(2029, 1, 1), ISSUER)
    assert read.born_year.certainty is Certainty.ABSENT
    assert warnings(read) == (Warning.INSURANCE_REPORTED,)


def test_what_no_source_explains_is_kept_as_it_is_without_a_name() -> None:
    assert card(CARD).rest == ((7, "-"), (9, "x9"), (10, "-"), (11, "4"), (13, "abc"), (14, "-"))


@pytest.mark.parametrize("number", ["0155000000", "015155000000", "GD4150155000000"])
def test_each_form_of_a_number_is_taken(number: str) -> None:
    assert card("|".join([number, *FIELDS[1:]])).number == number


@pytest.mark.parametrize(
    ("place", "said", "name", "certainty"),
    [
        (2, "-", "born_on", Certainty.ABSENT),
        (2, "31/02/1955", "born_on", Certainty.UNREADABLE),
        (2, "1/2/1955", "born_on", Certainty.UNREADABLE),
        (3, "", "sex", Certainty.ABSENT),
        (3, "Nữ", "sex", Certainty.UNREADABLE),
        (4, "-", "old_address", Certainty.ABSENT),
        (4, "Thôn Mẫu", "old_address", Certainty.UNREADABLE),
        (4, "ff", "old_address", Certainty.UNREADABLE),
        (12, "sau", "five_years_on", Certainty.UNREADABLE),
    ],
)
def test_a_field_that_is_not_as_told_says_so_and_moves_nothing(
    place: int, said: str, name: str, certainty: Certainty
) -> None:
    read = changed(place, said)
    assert getattr(read, name).certainty is certainty
    assert getattr(read, name).value is None
    assert (read.number, read.full_name, read.clinic.value) == ("DN4150155000000", NAME, "15 - 001")


def test_a_year_alone_is_a_year() -> None:
    read = changed(2, "1955")
    assert (read.born_year.value, read.born_on.certainty) == (1955, Certainty.ABSENT)
    assert warnings(read) == (Warning.INSURANCE_REPORTED,)
    assert warnings(changed(2, "x")) == (Warning.INSURANCE_REPORTED, Warning.INSURANCE_BIRTH)


def test_a_short_card_tells_what_it_lacks() -> None:
    read = card("|".join(FIELDS[:4]))
    assert read.issuer.certainty is read.valid_from.certainty is Certainty.ABSENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|".join(FIELDS[:3]),
        CARD[1:],
        CARD.replace("DN4", "dn4"),
        CARD.replace(hexed(NAME), NAME),
        CARD.replace(hexed(NAME), hexed(NAME)[:-1]),
        CARD.replace(hexed(NAME), hexed("12 3")),
        CARD * 20,
        "015155000000||Nguyễn Thị Mẫu|01021955|Nữ|Thôn Mẫu|05082021",
    ],
)
def test_anything_else_is_no_insurance_card(text: str) -> None:
    assert parse(text) is None


def test_neither_reader_takes_the_others_card() -> None:
    assert isinstance(ident.parse(CARD), ident.NotACard)


def test_a_card_never_shows_itself_in_a_log() -> None:
    shown = f"{card(CARD)!r} {card(CARD)} {card(CARD).born_on!r}"
    assert "Mẫu" not in shown and "0155" not in shown and "1955" not in shown


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert parse(text) is None or isinstance(parse(text), InsuranceCard)


@given(st.lists(st.text(st.characters(exclude_characters="|"), max_size=12), min_size=12, max_size=22))
def test_fields_never_slip_a_place(rest: list[str]) -> None:
    read = card("|".join(["0155000000", hexed(NAME), *rest]) + "\0")
    given = ["0155000000", hexed(NAME), *rest]
    kept = [
        "".join(mark for mark in one if mark >= " " and mark not in "\x7f\ufeff").strip() for one in given
    ]
    assert dict(read.rest) == {place: kept[place] for place in dict(read.rest)}
    assert 7 in dict(read.rest) and (read.sex.value is None or kept[3] in ("1", "2"))
