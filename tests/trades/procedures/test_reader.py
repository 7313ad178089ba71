"""Procedures come from a pack whole, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.base import phrases
from hub.base.errors import Missing, NotReady
from hub.packs.shelf import Shelf
from hub.trades.procedures import reader
from hub.trades.procedures.model import FigureKind, PersonField, Status

_HERE = Path(__file__).parent
_CORE = Path(__file__).parents[3] / "content" / "core"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    root = tmp_path / "pack"
    shutil.copytree(_HERE / "pack", root)
    return Shelf("mau", f"2026.11.1-{tmp_path.name[:8]}", root)


def _spoil(shelf: Shelf, old: str, new: str, name: str = "procedure.toml") -> None:
    path = shelf.root / "procedures" / "mau" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_procedure_carries_papers_figures_and_persons(shelf: Shelf) -> None:
    (one,) = reader.all(shelf)
    assert (one.slug, one.code, one.form_id) == ("mau", "0.000000", "mau")
    assert one.papers[1].attachment == "/data/giay/anh"
    assert [fee.value for fee in one.of_kind(FigureKind.FEE)] == [20_000, 8_000]
    assert one.oldest_on.isoformat() == "2026-09-25"
    assert one.persons[0].path(PersonField.NUMBER) == "/data/nguoi/so"
    assert one.persons[0].unique and not one.persons[1].unique


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_search_text_has_every_word_of_one_language(shelf: Shelf, lang: str) -> None:
    one = reader.get(shelf, "mau")
    told = one.text(lang)
    mine, other = ("Lệ phí", "Fee") if lang == "vi" else ("Fee", "Lệ phí")
    assert mine in told and other not in told and one.plain_name.said(lang) in told


def test_an_unknown_procedure_is_missing(shelf: Shelf) -> None:
    with pytest.raises(Missing, match="procedures.none"):
        reader.get(shelf, "../mau")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('status = "verified"', 'status = "certain"'),
        ('unit = "dong"', 'unit = "dollar"'),
        ('as_of = "2026-09-25"', 'as_of = "hôm qua"'),
        ('sources = ["V: mẫu"]', "sources = []"),
        ("value = 20000", "value = -1"),
        ("value = 20000", "valeu = 20000"),
        ('slug = "mau"', 'slug = "khac"'),
        ('form_id = "mau"', 'form_id = ""'),
    ],
)
def test_a_half_written_procedure_is_refused_with_its_file(shelf: Shelf, old: str, new: str) -> None:
    _spoil(shelf, old, new)
    with pytest.raises(NotReady) as refused:
        reader.get(shelf, "mau")
    assert refused.value.key == "packs.bad_file"
    assert refused.value.values["file"] == "procedures/mau/procedure.toml"


def test_a_wrong_card_field_is_refused_with_its_file(shelf: Shelf) -> None:
    _spoil(shelf, "full_name", "fullname", "prefill.toml")
    with pytest.raises(NotReady) as refused:
        reader.get(shelf, "mau")
    assert refused.value.values["file"] == "procedures/mau/prefill.toml"


def test_a_form_that_was_not_prepared_is_told_and_a_prepared_one_is_handed_out(shelf: Shelf) -> None:
    with pytest.raises(NotReady, match="form_not_prepared"):
        reader.form_xml(shelf, "mau")
    (shelf.root / "procedures" / "mau" / "form.xml").write_bytes(b"<x/>")
    fresh = Shelf(shelf.name, shelf.id, shelf.root)
    assert reader.form_xml(fresh, "mau") == b"<x/>"


def test_a_procedure_without_a_form_says_so(shelf: Shelf) -> None:
    _spoil(shelf, 'form = "form.md"\n', "")
    _spoil(shelf, 'form_id = "mau"', 'form_id = ""')
    with pytest.raises(Missing, match="no_form"):
        reader.form_xml(shelf, "mau")


def test_a_procedure_without_advice_has_none(shelf: Shelf) -> None:
    assert reader.guide(shelf, "mau", "vi") is None


def test_the_real_pack_reads_and_never_promises_an_unverified_fee() -> None:
    shelf = Shelf("core", "real", _CORE)
    birth = reader.get(shelf, "lien-thong-khai-sinh")
    assert birth.code == "3.000722"
    fees = {fee.id: fee for fee in birth.of_kind(FigureKind.FEE)}
    assert fees["fee_birth_health"].value is None
    assert fees["fee_birth_health"].status is Status.UNVERIFIED
    assert {person.id for person in birth.persons} >= {"me", "cha"}
