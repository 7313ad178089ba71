"""ID-card QR codes: layouts, damage, and the warnings; every card here is made up."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.ident import IdentityCard, NotACard, Reason, Sex, Warning, parse, warnings

CARD_2021 = "015155000000||Nguyễn Thị Mẫu|01021955|Nữ|Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái|05082021"
CARD_2024 = "010299000000||Lý A Mẫu|15071999|Nam|Thôn Mẫu, Bảo Ái, Lào Cai|01082025||||"
TODAY = date(2026, 11, 21)


def card(text: str) -> IdentityCard:
    found = parse(text)
    assert isinstance(found, IdentityCard), found
    return found


def test_a_card_of_2021_is_read_with_its_empty_field_in_place() -> None:
    assert card(CARD_2021) == IdentityCard(
        number="015155000000",
        old_number="",
        full_name="Nguyễn Thị Mẫu",
        born_on=date(1955, 2, 1),
        sex=Sex.FEMALE,
        residence="Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái",
        issued_on=date(2021, 8, 5),
    )
    assert warnings(card(CARD_2021), TODAY) == ()


def test_a_card_of_2024_keeps_its_tail_unlabelled() -> None:
    read = card(CARD_2024 + "\0")
    assert (read.full_name, read.issued_on) == ("Lý A Mẫu", date(2025, 8, 1))
    assert read.tail == ("", "", "", "")
    assert warnings(read, TODAY) == (Warning.BIRTH_YEAR_MISMATCH,)


@pytest.mark.parametrize("dirt", ["\ufeff", "\x7f", "\0", "\r\n", "\x1b"])
def test_what_a_scanner_adds_is_taken_away(dirt: str) -> None:
    assert parse(dirt + CARD_2021 + dirt) == parse(CARD_2021)


def test_the_old_number_moves_nothing_else() -> None:
    read = card(CARD_2021.replace("||", "|060000000|", 1))
    assert (read.old_number, read.full_name) == ("060000000", "Nguyễn Thị Mẫu")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.EMPTY),
        ("\0\r\n ", Reason.EMPTY),
        ("https://vneid.gov.vn.example.top/a|b", Reason.WEB_ADDRESS),
        ("HTTP://example.org", Reason.WEB_ADDRESS),
        ("www.example.org", Reason.WEB_ADDRESS),
        ("zalo://qr/p/abc", Reason.WEB_ADDRESS),
        ("00020101021138570010A000000727", Reason.PAYMENT),
        ("015155000000", Reason.OTHER_CODE),
        ("015155000000||Nguyễn Thị Mẫu|01021955|Nữ", Reason.FIELDS),
        (CARD_2024 + "|", Reason.FIELDS),
        (CARD_2021[1:], Reason.NUMBER),
        (CARD_2021.replace("015155000000", "０15155000000"), Reason.NUMBER),
        (CARD_2021.replace("Nguyễn Thị Mẫu", ""), Reason.NAME),
        (CARD_2021.replace("01021955", "1/2/1955"), Reason.DATE),
        (CARD_2021 * 50, Reason.TOO_LONG),
    ],
)
def test_what_is_no_card_says_why(text: str, reason: Reason) -> None:
    assert parse(text) == NotACard(reason)


def test_six_fields_are_a_card_without_its_issue_date() -> None:
    read = card(CARD_2021.rsplit("|", 1)[0])
    assert read.issued_on is None
    # Such a code may have lost its end: the residence is to be compared.
    assert not read.whole
    assert warnings(read, TODAY) == (Warning.CUT_SHORT,)


def _typed_byte_by_byte(text: str) -> str:
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("text", [CARD_2021, CARD_2024])
def test_letters_typed_byte_by_byte_are_put_together_again(text: str) -> None:
    typed = _typed_byte_by_byte(text)
    assert typed != text
    assert parse(typed) == parse(text)
    assert parse(text.encode().decode("latin-1")) == parse(text)


def test_a_code_with_two_nuls_in_its_middle_moves_nothing() -> None:
    assert parse(CARD_2021.replace("|Nữ|", "|Nữ\0\0|") + "\0\0") == parse(CARD_2021)


@pytest.mark.parametrize(
    "lost",
    [
        CARD_2021.replace("ễ", "?").replace("ị", "?").replace("ẫ", "?"),
        CARD_2021.replace("ẫ", "\ufffd"),
        "015155000000||Nguyen Thi Mau|01021955|N|Thon Mau, Lam Giang, Van Yen, Yen Bai|05082021",
    ],
)
def test_lost_letters_are_told(lost: str) -> None:
    assert Warning.MARKS_LOST in warnings(card(lost), TODAY)


def test_a_name_without_marks_beside_an_address_with_them_is_a_name() -> None:
    read = card(CARD_2021.replace("Nguyễn Thị Mẫu", "Lo Van Mau"))
    assert Warning.MARKS_LOST not in warnings(read, TODAY)


@pytest.mark.parametrize("born", ["1955", "00001955"])
def test_who_knows_only_the_year_has_a_year_and_no_day(born: str) -> None:
    read = card(CARD_2021.replace("01021955", born))
    assert (read.born_on, read.born_year) == (None, 1955)
    assert warnings(read, TODAY) == (Warning.BIRTH_DATE_UNREADABLE,)
    assert Warning.BIRTH_YEAR_MISMATCH in warnings(card(CARD_2021.replace("01021955", "1956")), TODAY)


@given(st.integers(0, len(CARD_2024)))
def test_a_card_cut_anywhere_has_right_fields_or_says_so(end: int) -> None:
    cut, whole = parse(CARD_2024[:end]), card(CARD_2024)
    if isinstance(cut, NotACard):
        return
    assert (cut.number, cut.full_name, cut.born_on, cut.sex) == (
        whole.number,
        whole.full_name,
        whole.born_on,
        whole.sex,
    )
    if cut.whole:
        assert cut.residence == whole.residence and cut.issued_on in (None, whole.issued_on)
    else:
        assert Warning.CUT_SHORT in warnings(cut)


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("015155", "101155", Warning.UNKNOWN_PLACE),
        ("|Nữ|", "|Nam|", Warning.SEX_MISMATCH),
        ("01021955", "01021956", Warning.BIRTH_YEAR_MISMATCH),
        ("01021955", "00001955", Warning.BIRTH_DATE_UNREADABLE),
        ("|Nữ|", "||", Warning.SEX_UNREADABLE),
        ("05082021", "31022021", Warning.ISSUE_DATE_UNREADABLE),
        ("0000||", "0000|12|", Warning.OLD_NUMBER_ODD),
        ("05082021", "22112026", Warning.FUTURE_DATE),
    ],
)
def test_what_does_not_fit_is_a_warning_and_the_card_is_still_read(
    old: str, new: str, warning: Warning
) -> None:
    assert warnings(card(CARD_2021.replace(old, new)), TODAY) == (warning,)


def test_a_doubtful_clock_calls_no_date_a_future_one() -> None:
    assert warnings(card(CARD_2021.replace("05082021", "22112026")), None) == ()


def test_a_card_never_shows_itself_in_a_log() -> None:
    shown = f"{card(CARD_2021)!r} {card(CARD_2021)}"
    assert "015•••••0000" in shown
    assert "Mẫu" not in shown
    assert "015155000000" not in shown


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert isinstance(parse(text), IdentityCard | NotACard)


plain = st.text(st.characters(categories=["L", "Zs"], max_codepoint=0x1EFF), max_size=30).map(
    lambda text: " ".join(text.split())
)


@given(
    st.from_regex(r"\A[0-9]{12}\Z"),
    st.from_regex(r"\A([0-9]{9})?\Z"),
    st.dates(date(1900, 1, 1), date(2399, 12, 31)),
    st.sampled_from(Sex),
    plain,
    st.lists(plain, max_size=4),
    st.sampled_from(["", "\0", "\r\n", "\0\0\n"]),
)
def test_whatever_a_card_says_is_read_field_by_field(
    number: str, old: str, born: date, sex: Sex, residence: str, tail: list[str], end: str
) -> None:
    fields = [number, old, "Lý A Mẫu", f"{born:%d%m}{born.year:04}", sex.value, residence, "05082021", *tail]
    read = card("|".join(fields) + end)
    assert (read.number, read.old_number, read.born_on, read.sex) == (number, old, born, sex)
    assert read.residence == __import__("unicodedata").normalize("NFC", residence)
    assert len(read.tail) == len(tail)
    assert all(isinstance(warning, Warning) for warning in warnings(read, TODAY))


@given(st.integers(1900, 2399), st.sampled_from(Sex))
def test_a_number_made_by_the_rule_raises_no_warning(year: int, sex: Sex) -> None:
    digit = 2 * ((year - 1900) // 100) + (sex is Sex.FEMALE)
    text = f"010{digit}{year % 100:02}000000||Lý A Mẫu|0107{year}|{sex.value}|Thôn Mẫu|05082021"
    assert warnings(card(text)) == ()
