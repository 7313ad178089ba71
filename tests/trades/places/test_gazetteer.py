"""Addresses of before and of today: everything that could be meant is offered, nothing is chosen."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.base.errors import NotReady
from hub.packs.shelf import Shelf
from hub.trades.places import reader
from hub.trades.places.gazetteer import Gazetteer
from hub.trades.places.model import Former, Why
from tests.shelves import CORE

SHELF = Shelf("core", "places-test", CORE)


@pytest.fixture(scope="module")
def places() -> Gazetteer:
    return reader.gazetteer(SHELF)


def former() -> list[Former]:
    with (CORE / "places" / "former.csv").open(encoding="utf-8", newline="") as file:
        return [Former(*row[:4], tuple(row[4].split())) for row in list(csv.reader(file))[1:]]


FORMER = former()


def test_the_lists_are_the_official_ones() -> None:
    gazetteer = reader.gazetteer(SHELF)
    assert len(gazetteer.provinces()) == 34 and ("15", "Tỉnh Lào Cai") in gazetteer.provinces()
    of_lao_cai = [one for one in gazetteer._communes.values() if one.province_code == "15"]
    assert len(gazetteer._communes) == 3321 and len(of_lao_cai) == 99
    for code, name in (("04381", "Xã Lâm Giang"), ("04750", "Xã Bảo Ái"), ("02647", "Phường Lào Cai")):
        found = gazetteer.commune(code)
        assert found is not None and (found.name, found.province_code) == (name, "15")


def test_an_address_of_four_levels_finds_the_commune_of_today_and_keeps_the_old_names(
    places: Gazetteer,
) -> None:
    found = places.today("Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái")
    assert found.why is Why.MERGED and found.why.to_ask
    assert [one.code for one in found.candidates] == ["04381"]
    assert (
        found.written(found.candidates[0])
        == "Thôn Mẫu, xã Lâm Giang, tỉnh Lào Cai (trước: Lâm Giang, Văn Yên, Yên Bái)"
    )


def test_the_same_name_is_not_taken_for_the_same_commune(places: Gazetteer) -> None:
    assert [one.code for one in places.today("Bảo Ái, Yên Bình, Yên Bái").candidates] == ["04750"]
    assert places.today("Thôn Mẫu, Bảo Ái, Lào Cai").why is Why.TODAY


def test_a_divided_commune_offers_all_its_parts(places: Gazetteer) -> None:
    found = places.today("Hòa Liên, Hòa Vang, Đà Nẵng")
    assert found.why is Why.DIVIDED
    assert {one.name for one in found.candidates} == {"Phường Hải Vân", "Phường Liên Chiểu"}


def test_a_name_that_stands_twice_offers_both(places: Gazetteer) -> None:
    found = places.today("Hồng Hà, Hà Nội")
    assert found.why is Why.SEVERAL and len(found.candidates) > 1


@pytest.mark.parametrize(
    "spelt",
    [
        "Thôn Mẫu, xã Lâm Giang, huyện Văn Yên, tỉnh Yên Bái",
        "thon mau, lam giang, van yen, yen bai",
        "THÔN MẪU - LÂM GIANG - VĂN YÊN - YÊN BÁI",
        "Thôn Mẫu, X. Lâm Giang, H.Văn Yên, T. Yên Bái",
        "Thôn Mẫu,Lâm Giang,Yên Bái",
        "Thôn Mẫu, Lâm  Giang , Văn Yên",
    ],
)
def test_kinds_accents_case_and_commas_do_not_matter(places: Gazetteer, spelt: str) -> None:
    assert [one.code for one in places.today(spelt).candidates] == ["04381"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hoà Liên, Hoà Vang, Đà Nẵng", "Hòa Liên, Hòa Vang, Đà Nẵng"),
        ("Thị trấn Mù Căng Chải, Mù Căng Chải, Yên Bái", "Mù Cang Chải, Mù Cang Chải, Yên Bái"),
        ("Phường 01, Quận 3, TP. Hồ Chí Minh", "P. 1, Q. 3, TP HCM"),
    ],
)
def test_two_spellings_of_one_place_find_the_same(places: Gazetteer, one: str, other: str) -> None:
    assert places.today(one).candidates and places.today(one).candidates == places.today(other).candidates


@pytest.mark.parametrize(
    "spelt", ["", "Thôn Mẫu", "gần chợ", "Xã Không Có, Huyện Không Có, Tỉnh Không Có", ",,,", "Yên Bái"]
)
def test_what_is_no_known_place_is_said_to_be_unknown(places: Gazetteer, spelt: str) -> None:
    found = places.today(spelt)
    assert found.why is Why.UNKNOWN and not found.candidates and not found.why.to_ask


def test_every_former_commune_is_found_by_its_own_address_with_all_that_followed(places: Gazetteer) -> None:
    missed = []
    for one in FORMER:
        if one.name == one.district:
            continue
        found = places.today(f"Thôn Mẫu, {one.name}, {one.district}, {one.province}")
        if not set(one.now) <= {commune.code for commune in found.candidates} or found.before != "Thôn Mẫu":
            missed.append((one, found))
    assert not missed, missed[:5]


@given(st.sampled_from(FORMER), st.sampled_from(["", "Số 5, Tổ 2, ", "Thôn Mẫu, "]))
def test_without_the_district_the_true_commune_is_still_among_those_offered(one: Former, head: str) -> None:
    found = reader.gazetteer(SHELF).today(f"{head}{one.name}, {one.province}")
    if one.name != one.district:
        assert set(one.now) <= {commune.code for commune in found.candidates}, found


@settings(max_examples=200)
@given(st.text(max_size=200))
@example("\0,\0,\0")
@example("x" * 5000 + "," * 3000)
def test_anything_may_be_asked(typed: str) -> None:
    places = reader.gazetteer(SHELF)
    assert places.today(typed).why in Why
    assert len(places.find(typed)) <= 20


def test_a_commune_is_found_without_accents_and_exact_ones_come_first(places: Gazetteer) -> None:
    assert places.find("lam giang")[0].code == "04381"
    assert places.find("Bảo Ái")[0].code == "04750"
    assert {one.province_code for one in places.find("hoa, da nang")} == {"48"}
    assert "Hòa" in places.find("Hòa")[0].name
    assert places.find("   ") == ()


def test_a_list_that_names_an_unknown_successor_stops_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "places"
    folder.mkdir()
    (folder / "communes.csv").write_text(
        "code,name,province_code,province\n04381,Xã Mẫu,15,Tỉnh Mẫu\n", "utf-8"
    )
    (folder / "former.csv").write_text(
        "code,name,district,province,now\n1,Xã A,Huyện B,Tỉnh C,99999\n", "utf-8"
    )
    with pytest.raises(NotReady) as told:
        reader.gazetteer(Shelf("core", "broken", tmp_path))
    assert told.value.values["file"] == "places/former.csv:2"
