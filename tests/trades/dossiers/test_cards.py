"""What a scanned text is: one card or the other, a paper of this House, or something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import ident, insurance
from hub.base import ids, phrases
from hub.base.errors import Refused
from hub.trades.dossiers import cards
from hub.trades.procedures.model import PersonField
from tests.fakes import FakeClock

ADDRESS = "http://10.42.0.1"
CARD = "015155000000|060000000|Nguyễn Thị Mẫu|01021955|Nữ|Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái|05082021"
INSURED = (
    "0155000000|" + "Lý A Mẫu".encode().hex() + "|15/07/2002|1|" + "Xã Mẫu".encode().hex() + "|-|01/01/2026"
)
NOW = FakeClock().read()


def read(text: str) -> cards.Told:
    return cards.read(text, NOW, address=ADDRESS)


def test_an_identity_card_tells_all_it_has() -> None:
    told = read(CARD)
    assert told.facts == {
        PersonField.NUMBER: "015155000000",
        PersonField.OLD_NUMBER: "060000000",
        PersonField.FULL_NAME: "Nguyễn Thị Mẫu",
        PersonField.BORN_ON: "1955-02-01",
        PersonField.SEX: "Nữ",
        PersonField.RESIDENCE: "Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái",
        PersonField.ISSUED_ON: "2021-08-05",
    }
    assert told.warnings == () and set(told.facts) <= told.asking
    assert "Mẫu" not in repr(told)


def test_an_insurance_card_tells_no_residence_and_no_personal_number() -> None:
    told = read(INSURED)
    assert told.facts == {
        PersonField.FULL_NAME: "Lý A Mẫu",
        PersonField.BORN_ON: "2002-07-15",
        PersonField.SEX: "Nam",
        PersonField.INSURANCE_NUMBER: "0155000000",
    }
    assert told.warnings == (insurance.Warning.INSURANCE_REPORTED,)


def test_a_field_that_lost_a_letter_is_left_to_be_typed() -> None:
    told = read(CARD.replace("Nguyễn", "Nguy?n"))
    assert PersonField.FULL_NAME not in told.facts and PersonField.RESIDENCE in told.facts
    assert told.warnings == (ident.Warning.MARKS_LOST,)


def test_a_year_alone_stays_a_year() -> None:
    told = read(CARD.replace("01021955", "1955"))
    assert told.facts[PersonField.BORN_YEAR] == "1955" and PersonField.BORN_ON not in told.facts


def test_a_follow_code_in_every_dress_is_the_houses_own() -> None:
    code = ids.new_follow_code()
    for text in (
        code,
        code.replace("-", ""),
        code.lower(),
        f"{ADDRESS}/follow/{code}",
        f"{ADDRESS}/follow/{code}/",
    ):
        with pytest.raises(cards.OwnPaper) as own:
            read(text)
        assert own.value.code == code and own.value.key == "cards.own_follow"


@pytest.mark.parametrize("path", ["ticket/abc", "procedures/khai-sinh"])
def test_another_slip_of_the_house_is_told_as_such(path: str) -> None:
    with pytest.raises(cards.OwnPaper) as own:
        read(f"{ADDRESS}/{path}")
    assert own.value.code is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("https://example.org/follow/K7MX-4QP9", "dossiers.card_web_address"),
        (f"{ADDRESS}.example.org/ticket/abc", "dossiers.card_web_address"),
        (f"{ADDRESS}/follow/AAAA-AAAA", "dossiers.card_web_address"),
        ("K7MX-0000", "dossiers.card_other_code"),
        ("00020101021138", "dossiers.card_payment"),
        ("", "dossiers.card_empty"),
        ("x|y", "dossiers.card_fields"),
    ],
)
def test_anything_else_says_why(text: str, key: str) -> None:
    with pytest.raises(Refused) as bad:
        read(text)
    assert bad.value.key == key


def test_without_an_address_of_its_own_no_address_is_the_houses() -> None:
    code = ids.new_follow_code()
    with pytest.raises(Refused, match="web_address"):
        cards.read(f"{ADDRESS}/follow/{code}", NOW)


def test_every_warning_has_its_words() -> None:
    assert all(phrases.has(f"dossiers.warning_{one}") for one in (*ident.Warning, *insurance.Warning))


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    try:
        assert read(text).facts
    except Refused as bad:
        assert phrases.has(bad.key)
