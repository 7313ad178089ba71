"""Linked birth registration: the facts on the page."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from tests.content import pack
from tests.content.birth import FOLDER, PROCEDURE, converted


def test_the_procedure_names_its_code_and_the_one_it_replaces() -> None:
    assert PROCEDURE["code"]["value"] == "3.000722"
    assert PROCEDURE["code"]["replaces"] == "2.000986"
    assert PROCEDURE["slug"] == FOLDER.name
    assert (FOLDER / PROCEDURE["form"]).is_file() and (FOLDER / PROCEDURE["prefill"]).is_file()


def test_the_page_as_a_whole_is_no_surer_than_its_code_its_people_and_its_place() -> None:
    parts = [PROCEDURE[key]["status"] for key in ("code", "who", "where")]
    assert pack.RANK[PROCEDURE["status"]] <= min(pack.RANK[status] for status in parts)


@pytest.mark.parametrize("figure", PROCEDURE["figure"], ids=lambda f: f["id"])
def test_every_figure_has_date_source_status_unit_and_words(figure: dict[str, Any]) -> None:
    assert {"as_of", "sources", "status", "unit", "text", "label", "kind"} <= set(figure)
    assert figure["unit"] in {"dong", "day", "working_day", "hour_of_day"}
    assert figure["kind"] in {"fee", "fine", "time", "deadline"}
    for key in ("value", "value_max", "value_online"):
        assert isinstance(figure.get(key, 0), int) and figure.get(key, 0) >= 0


@pytest.mark.parametrize("figure", PROCEDURE["figure"], ids=lambda f: f["id"])
def test_every_number_of_a_figure_stands_in_its_words(figure: dict[str, Any]) -> None:
    for lang, dot in (("vi", "."), ("en", ",")):
        for key in ("value", "value_max", "value_online"):
            if key in figure:
                assert f"{figure[key]:,}".replace(",", dot) in figure["text"][lang], (lang, key)


def test_unverified_figures_say_ask_the_commune_officer() -> None:
    unverified = [f for f in PROCEDURE["figure"] if f["status"] == "unverified"]
    assert unverified
    for figure in unverified:
        assert "hỏi cán bộ xã" in figure["text"]["vi"] and "ask the commune officer" in figure["text"]["en"]


def test_nobody_is_promised_that_the_states_part_is_free() -> None:
    fees = {f["id"]: f for f in PROCEDURE["figure"] if f["kind"] == "fee"}
    assert fees["fee_house"]["value"] == 0
    assert "value" not in fees["fee_birth_health"]
    guide = pack.page(FOLDER / "guide.vi.md").body.lower()
    assert "miễn phí" not in guide and "không mất tiền" not in guide


def test_a_fee_of_nothing_is_only_ours_or_reported() -> None:
    for figure in PROCEDURE["figure"]:
        if figure["kind"] == "fee" and figure.get("value") == 0:
            assert figure["status"] in ("advice", "reported")


def test_old_rules_stay_visible_with_the_days_they_held() -> None:
    old = PROCEDURE["history"][0]
    assert date.fromisoformat(old["valid_from"]) < date.fromisoformat(old["valid_until"])
    assert "2.000986" in old["what"]["vi"]


def test_the_household_book_is_only_named_as_not_needed() -> None:
    assert "Sổ hộ khẩu" in PROCEDURE["not_needed"][0]["vi"]
    assert not [p for p in PROCEDURE["paper"] if "hộ khẩu" in p["name"]["vi"].lower()]


def test_papers_to_photograph_have_a_picture_question_in_the_form() -> None:
    pictures = {p["attachment"] for p in PROCEDURE["paper"] if p["kind"] == "photo"}
    xml = converted()[0]
    uploads = set(re.findall(r'<upload[^>]* ref="([^"]+)"', xml))
    assert pictures == uploads
    assert all("attachment" not in p for p in PROCEDURE["paper"] if p["kind"] != "photo")


def test_no_photo_of_an_id_card_is_ever_asked() -> None:
    card = next(p for p in PROCEDURE["paper"] if p["id"] == "can-cuoc-cha-me")
    assert card["kind"] == "shown"
    assert not [n for n in re.findall(r'<upload[^>]* ref="([^"]+)"', converted()[0]) if "can_cuoc" in n]
