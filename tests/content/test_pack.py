"""The whole pack: whole in both languages, honest about its sources, free of real people's numbers."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.content import pack

PAGES = [*pack.pages("lessons"), *pack.pages("fraud"), *pack.pages("procedures")]
FILES = [p for p in sorted(pack.ROOT.rglob("*")) if p.is_file()]
CLAIMS = pack.all_claims()
HOTLINES = {"113", "156", "5656"}


def ids(value: Any) -> str:
    return f"{value.slug}.{value.lang}" if isinstance(value, pack.Page) else str(getattr(value, "name", ""))


def words_in_two_languages(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        here = [node] if {"vi", "en"} & set(node) else []
        return here + [x for v in node.values() for x in words_in_two_languages(v)]
    if isinstance(node, list):
        return [x for v in node for x in words_in_two_languages(v)]
    return []


def test_manifest_names_the_pack_and_its_languages() -> None:
    manifest = pack.toml("manifest.toml")
    assert manifest["name"] == "core"
    assert re.fullmatch(r"\d{4}\.\d{1,2}\.\d+", manifest["version"])
    assert manifest["languages"] == ["vi", "en"] and manifest["default_language"] == "vi"
    assert set(manifest["title"]) == {"vi", "en"}
    assert manifest["licence"]


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_every_file_is_clean_nfc_text(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.endswith("\n") and "\r" not in text and "\t" not in text
    assert unicodedata.is_normalized("NFC", text)
    assert not re.search(
        r"[\u00d0\u00f0\u0400-\u04ff\u200b-\u200f]", text
    ), "a letter that only looks like ours"


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_no_number_that_could_be_a_persons_phone(path: Path) -> None:
    text = re.sub(r"\S*[a-z]\.(?:vn|chn|html?)\S*", "", path.read_text("utf-8"))
    if path.suffix == ".csv":
        # Codes of communes side by side have five digits each.
        text = re.sub(r"(?<!\d)\d{5}(?: \d{5})+(?!\d)", "", text)
    for found in re.finditer(r"(?<![\w.])(?:\+84|0)(?:[ .]?\d){8,10}(?![\w])", text):
        digits = re.sub(r"\D", "", found[0])
        assert digits.endswith("000000"), found[0]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_the_only_numbers_to_call_are_public_hotlines(page: pack.Page) -> None:
    called = re.findall(r"(?:[Gg]ọi|[Cc]all|tới|to|send)[^.\n]{0,24}?\*\*(\d{3,12})\*\*", page.body)
    assert set(called) <= HOTLINES


@pytest.mark.parametrize("folder", ["lessons", "fraud", "procedures"])
def test_every_page_stands_in_both_languages(folder: str) -> None:
    pages = pack.pages(folder)
    by_lang = {
        lang: {str(p.path.parent / p.slug) for p in pages if p.lang == lang} for lang in pack.LANGUAGES
    }
    assert by_lang["vi"] == by_lang["en"]
    assert {p.lang for p in pages} == set(pack.LANGUAGES)


def test_both_languages_tell_the_same_facts() -> None:
    same = ("as_of", "status", "picture", "order", "minutes", "rules")
    by_key = {(p.path.parent, p.slug, p.lang): p for p in PAGES}
    for (folder, slug, lang), vi in by_key.items():
        if lang != "vi":
            continue
        en = by_key[folder, slug, "en"]
        assert {k: vi.front.get(k) for k in same} == {k: en.front.get(k) for k in same}, slug
        assert len(vi.sections) == len(en.sections), slug
        assert [s[0] for s in vi.front["sources"]] == [s[0] for s in en.front["sources"]], slug
        for ours, theirs in zip(vi.front.get("quiz", []), en.front.get("quiz", []), strict=True):
            assert ours.get("answer") == theirs.get("answer"), slug
            assert ours.get("is_scam") == theirs.get("is_scam"), slug
            assert len(ours.get("choices", ours.get("clues"))) == len(
                theirs.get("choices", theirs.get("clues"))
            ), slug


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix == ".toml"], ids=ids)
def test_every_table_of_words_has_vietnamese_and_english(path: Path) -> None:
    for words in words_in_two_languages(pack.toml(str(path.relative_to(pack.ROOT)))):
        assert words.get("vi", "").strip() and words.get("en", "").strip(), words


def test_there_are_many_sourced_claims_to_hold_honest() -> None:
    assert len(CLAIMS) > 50


@pytest.mark.parametrize(("name", "claim"), CLAIMS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_status_is_never_stronger_than_its_weakest_source(name: str, claim: dict[str, Any]) -> None:
    sources, status = claim["sources"], claim["status"]
    assert sources and all(re.match(r"[VSGMP]: \S", s) for s in sources), name
    best = pack.best_status(sources)
    if best == 0:
        assert status == "advice", (name, sources)
    else:
        assert pack.RANK[status] <= best, (name, sources)
    if status == "verified":
        assert any(s.startswith("V: ") for s in sources), name


def test_no_date_of_a_fact_is_after_the_packs_own() -> None:
    newest = date.fromisoformat(pack.toml("manifest.toml")["as_of"])
    dated = [c["as_of"] for _, c in CLAIMS if "as_of" in c]
    assert len(dated) > 30
    assert all(date.fromisoformat(d) <= newest for d in dated)


@pytest.mark.parametrize("page", [p for p in PAGES if p.front["status"] == "unverified"], ids=ids)
def test_an_unverified_page_sends_people_to_the_commune_officer(page: pack.Page) -> None:
    wanted = "hỏi cán bộ xã" if page.lang == "vi" else "ask the commune officer"
    assert wanted in page.body.lower()


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_sections_are_short_enough_for_a_slow_reader(page: pack.Page) -> None:
    assert len(page.sections) >= 4
    assert len(page.front["title"]) <= 70
    assert len(page.front["summary"]) <= 160
    for heading, text in page.sections:
        assert heading and len(heading) <= 40, heading
        assert 1 <= len(text.split()) <= 60, (heading, len(text.split()))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_bodies_carry_no_raw_html_no_images_and_no_clickable_links(page: pack.Page) -> None:
    assert "<" not in page.body
    assert "](" not in page.body


@pytest.mark.parametrize("page", [p for p in PAGES if p.lang == "vi"], ids=ids)
def test_vietnamese_words_are_spelled_one_way(page: pack.Page) -> None:
    text = page.path.read_text("utf-8").lower()
    for other in (
        "văn hóa",
        "mật khấu",
        "chuyển khoàn",
        "đuờng",
        "nguời",
        "truờng",
        "đươc ",
        "khoản vay vay",
    ):
        assert other not in text, other
    assert not re.search(r"\b(\w{2,}) \1\b(?<!từng từng)", page.body.lower()), "a word twice"
    assert not re.search(r" [,.;:!?]|,,|\.\.(?!\.)", page.body)


def test_every_picture_named_is_one_of_the_agreed_and_is_drawn() -> None:
    named: set[str] = set()
    for path in FILES:
        named |= set(re.findall(r'^picture = "([^"]+)"', path.read_text("utf-8"), re.M))
    assert len(named) > 15
    assert named <= pack.AGREED_PICTURES
    drawn = {p.stem for p in pack.PICTURES.glob("*.svg")}
    assert named <= drawn, named - drawn
