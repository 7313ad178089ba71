"""Linked birth registration: the facts that stand on its page alone."""

from __future__ import annotations

from tests.content import pack

PROCEDURE = pack.toml("procedures/lien-thong-khai-sinh/procedure.toml")


def test_the_procedure_names_its_code_and_the_one_it_replaces() -> None:
    assert PROCEDURE["code"]["value"] == "3.000722"
    assert PROCEDURE["code"]["replaces"] == "2.000986"


def test_the_states_part_has_no_amount_that_nobody_has_verified() -> None:
    fees = {f["id"]: f for f in PROCEDURE["figure"] if f["kind"] == "fee"}
    assert fees["fee_house"]["value"] == 0
    assert "value" not in fees["fee_birth_health"]


def test_what_was_three_in_one_stays_visible_with_its_code() -> None:
    assert "2.000986" in PROCEDURE["history"][0]["what"]["vi"]


def test_the_household_book_is_named_as_not_needed() -> None:
    assert "Sổ hộ khẩu" in PROCEDURE["not_needed"][0]["vi"]


def test_the_parents_cards_are_shown() -> None:
    card = next(p for p in PROCEDURE["paper"] if p["id"] == "can-cuoc-cha-me")
    assert card["kind"] == "shown"
