"""What is odd is said beside its question, and stops nothing; what people really bear and have is not odd."""

from __future__ import annotations

import datetime as dt
import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.base import phrases, text
from hub.trades.dossiers import linking, warnings
from hub.trades.procedures.model import PersonField
from tests.trades.dossiers.guide import MOTHER, Guide, fill_birth, photo

TODAY = dt.date(2026, 11, 22)
F = PersonField


def odd(today: dt.date | None = TODAY, **facts: str) -> set[str]:
    """What is said of one person, without the room's name."""
    found = warnings.odd({F(name): value for name, value in facts.items()}, today)
    return {key.removeprefix("warnings.") for _, key, _ in found}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("015155000000", set()),
        ("015 155 000 000", set()),
        ("010.299.000.000", {"number_future"}),
        ("010200000000", set()),
        ("003155000000", {"number_place"}),
        ("101155000000", {"number_abroad"}),
        ("000000000", {"number_old"}),
        ("0151550000", {"number_length"}),
        ("0151550000000", {"number_length"}),
        ("01515500000O", {"number_letters"}),
        ("٠١٥١٥٥٠٠٠٠٠٠", {"number_letters"}),
    ],
)
def test_a_personal_number_is_looked_at_by_itself(number: str, expected: set[str]) -> None:
    assert odd(number=number) == expected


def test_a_personal_number_is_held_against_sex_and_birth() -> None:
    good = {"number": "015155000000", "sex": "Nữ", "born_on": "1955-02-01"}
    assert odd(**good) == set()
    assert odd(**good | {"sex": "Nam"}) == {"number_sex"}
    assert odd(**good | {"sex": "Khác"}) == set()
    assert odd(**good | {"born_on": "1956-02-01"}) == {"number_year"}
    assert odd(number="015155000000", born_year="1955") == set()
    assert odd(number="015155000000", born_year="1954") == {"number_year"}
    assert odd(number="010299000000", born_on="1999-07-15", sex="Nam") == {"number_year"}
    assert odd(None, number="010299000000") == set()


def test_an_old_number_has_nine_digits_or_is_a_cancelled_one() -> None:
    assert odd(old_number="000000000") == odd(old_number="015155000000") == set()
    assert odd(old_number="00000000") == {"old_number"}


@pytest.mark.parametrize(
    "good",
    [
        "0912000000",
        "0912 000 000",
        "+84 912 000 000",
        "84912000000",
        "(091) 200.0000",
        "0870000000",
        "0559000000",
        "02143000000",
        "0216 3000 000",
        "0912 000 000 hoặc 0382 000 000",
        "0912000000; 02143000000",
    ],
)
def test_telephone_numbers_in_use_are_left_alone(good: str) -> None:
    assert odd(phone=good) == set()


@pytest.mark.parametrize(
    ("bad", "key"),
    [
        ("01632 000 000", "phone_before_2018"),
        ("+841632000000", "phone_before_2018"),
        ("0912 000 00", "phone"),
        ("09120000000", "phone"),
        ("0312000000", "phone"),
        ("0510000000", "phone"),
        ("912000000", "phone"),
        ("nhà hàng xóm", "phone"),
        ("0912 000 000 hoặc 0912", "phone"),
    ],
)
def test_other_telephone_numbers_are_read_again(bad: str, key: str) -> None:
    assert odd(phone=bad) == {key}


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("0100000000", True),
        ("015155000000", True),
        ("DN 4 15 0100000000", True),
        ("dn4150100000000", True),
        ("010000000", False),
        ("D14150100000000", False),
        ("DN41501000000000", False),
    ],
)
def test_an_insurance_number_has_ten_or_twelve_digits_or_fifteen_characters(number: str, right: bool) -> None:
    assert odd(insurance_number=number) == (set() if right else {"insurance"})


@pytest.mark.parametrize(
    "name",
    ["Nguyễn Thị Mẫu", "Lý A Mẫu", "Mẫu", "A", "A’Mẫu", "Bling'Mẫu", "H-Mẫu", "Đặng", "Ô", "ꆈꌠ", "𖬁𖬲"],
)
def test_a_name_people_bear_is_not_odd(name: str) -> None:
    assert odd(full_name=name) == odd(full_name=unicodedata.normalize("NFD", name)) == set()


def test_a_name_is_asked_about_for_digits_capitals_and_missing_accents() -> None:
    assert odd(full_name="Nguyễn Thị Mẫu 2") == {"name_digits"}
    assert odd(full_name="NGUYỄN THỊ MẪU") == {"name_capitals"}
    assert odd(full_name="Giang A Sinh") == {"name_plain"}
    assert odd(full_name="NGUYEN THI MAU") == {"name_capitals", "name_plain"}
    assert odd(full_name="LÝ a MẪU") == set()


def test_days_are_held_against_today_and_each_other() -> None:
    assert odd(born_on="2026-11-22") == set()
    assert odd(born_on="2026-11-23") == odd(born_year="2027") == {"born_future"}
    assert odd(born_on="1910-11-23") == set() and odd(born_on="1910-11-22") == {"born_long_ago"}
    assert odd(born_year="1910") == set() and odd(born_year="1909") == {"born_long_ago"}
    assert odd(born_on="1999-09-02", issued_on="1999-09-01") == {"issued_before_birth"}
    assert odd(born_year="1999", issued_on="1998-12-31") == {"issued_before_birth"}
    assert odd(born_on="1999-09-02", issued_on="2021-08-05") == set()
    assert odd(issued_on="2026-11-23") == {"issued_future"}


def test_with_the_clock_in_doubt_no_day_is_called_a_future_one() -> None:
    assert odd(None, born_on="2099-01-01", issued_on="2099-02-01", number="010499000000") == {"number_year"}
    assert odd(None, born_on="1800-01-01") == set()


anything = st.dictionaries(st.sampled_from(list(F)), st.text(max_size=40))


@given(anything, st.none() | st.dates())
@example({F.NUMBER: "0" * 12, F.BORN_ON: "2026-02-30", F.BORN_YEAR: "0000", F.ISSUED_ON: "x"}, TODAY)
def test_whatever_is_answered_every_sentence_can_be_said(facts: dict[F, str], today: dt.date | None) -> None:
    for name, key, values in warnings.odd(facts, today):
        assert facts.get(name)
        for lang in phrases.LANGUAGES:
            said = phrases.say(lang, key, **values)
            assert said and "{" not in said


# What a draft says


def test_a_warning_names_question_and_page_and_shows_no_answer_in_its_repr(midwife: Guide) -> None:
    draft = midwife.start()
    mother = {**MOTHER, "/data/me/so_dinh_danh": "010200000000", "/data/me/ho_ten": "GIANG THI MAU"}
    midwife.save(draft.id, "me", mother)
    found = warnings.warnings(midwife.look(draft.id), "vi", midwife.clock.read())
    assert [(one.path, one.page_id, one.key) for one in found] == [
        ("/data/me/ho_ten", "me", "warnings.name_capitals"),
        ("/data/me/ho_ten", "me", "warnings.name_plain"),
        ("/data/me/so_dinh_danh", "me", "warnings.number_year"),
    ]
    assert "2000" not in repr(found) and "GIANG" not in repr(found)
    assert all(one.label for one in found)


def test_a_whole_dossier_without_anything_odd_has_no_warning(midwife: Guide) -> None:
    draft = midwife.start()
    fill_birth(midwife, draft.id, photo())
    assert warnings.warnings(midwife.look(draft.id), "vi", midwife.clock.read()) == ()


def test_a_warning_stops_no_seal(midwife: Guide) -> None:
    draft = midwife.start()
    fill_birth(midwife, draft.id, photo())
    midwife.save(draft.id, "me", {"/data/me/ho_ten": "GIANG THI MAU"})
    assert warnings.warnings(midwife.look(draft.id), "vi", midwife.clock.read())
    assert midwife.seal(draft.id).follow_code


# Names and dates as people bear and say them

_MARKS = "aăâbcdđeêghiklmnoôơpqrstuưvxy" + "áàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ"
_word = st.text(_MARKS + _MARKS.upper() + "ñçøłꆈ", min_size=1, max_size=7)
_joined = st.builds("".join, st.tuples(_word, st.sampled_from(["'", "’", "-"]), _word))
names = st.lists(_word | _joined, min_size=1, max_size=6).map(" ".join)

_slow = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_slow
@given(names, st.sampled_from(["NFC", "NFD"]))
@example("A", "NFC")
@example("Lý A Mẫu", "NFD")
@example("A’Mẫu Bling-Mẫu", "NFC")
def test_a_name_goes_in_and_comes_out_the_same(guide: Guide, name: str, form: str) -> None:
    draft = guide.start()
    typed = unicodedata.normalize(form, name)  # type: ignore[arg-type]
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": typed})
    view = guide.look(draft.id)
    person = linking.persons(view)[0]
    expected = unicodedata.normalize("NFC", name)
    assert view.instance.get("/data/nguoi/ho_ten") == linking.told(view, person)[F.FULL_NAME] == expected
    assert guide.drawn(draft.id, "nguoi")["/data/nguoi/ho_ten"].value == expected
    assert expected in view.instance.to_xml().decode()


@given(st.lists(names, max_size=12))
def test_names_are_sorted_by_the_given_one_however_they_are_spelt(many: list[str]) -> None:
    found = sorted(many, key=text.given_name_key)
    given_names = [text.fold(one.split(" ")[-1]) for one in found]
    assert given_names == sorted(given_names)
    decomposed = sorted((unicodedata.normalize("NFD", one) for one in many), key=text.given_name_key)
    assert [text.fold(one) for one in decomposed] == [text.fold(one) for one in found]


@_slow
@given(st.dates(dt.date(1900, 1, 1), TODAY), st.sampled_from(["/", "-", ".", " "]), st.booleans())
def test_a_day_is_typed_day_first_and_comes_back_with_two_digits(
    guide: Guide, day: dt.date, mark: str, short: bool
) -> None:
    typed = (
        f"{day.day}{mark}{day.month}{mark}{day.year}" if short else f"{day:%d}{mark}{day:%m}{mark}{day:%Y}"
    )
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/ngay_sinh": typed})
    assert guide.look(draft.id).instance.get("/data/nguoi/ngay_sinh") == day.isoformat()
    assert guide.drawn(draft.id, "nguoi")["/data/nguoi/ngay_sinh"].value == f"{day:%d/%m/%Y}"


@pytest.mark.parametrize("typed", ["1955", "2/1955", "31/02/1955", "00/00/1955"])
def test_a_year_alone_is_never_made_a_day(guide: Guide, typed: str) -> None:
    draft = guide.start()
    saved = guide.save(draft.id, "nguoi", {"/data/nguoi/ngay_sinh": typed})
    assert [one.path for one in saved.problems if one.path.endswith("ngay_sinh")]
    view = guide.look(draft.id)
    assert view.instance.get("/data/nguoi/ngay_sinh") == ""
    assert guide.drawn(draft.id, "nguoi")["/data/nguoi/ngay_sinh"].value == typed
    assert F.BORN_ON not in linking.told(view, linking.persons(view)[0])
