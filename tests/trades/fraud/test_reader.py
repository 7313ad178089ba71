"""The kinds of scam as a pack tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.base.errors import Missing
from hub.packs import shelf
from hub.trades.fraud import checker, reader
from hub.trades.fraud.model import Level
from tests.shelves import core


@pytest.fixture(scope="module")
def core_shelf(tmp_path_factory: pytest.TempPathFactory) -> shelf.Shelf:
    return core(tmp_path_factory.mktemp("packs"))


def test_at_least_eight_kinds_of_scam_in_both_languages(core_shelf: shelf.Shelf) -> None:
    for lang in ("vi", "en"):
        scams = reader.scams(core_shelf, lang)
        assert len(scams) >= 8
        assert {scam.lang for scam in scams} == {lang}
        assert [scam.order for scam in scams] == sorted(scam.order for scam in scams)
        assert all(scam.sections and scam.sources and scam.as_of for scam in scams)


def test_an_untranslated_scam_is_shown_in_vietnamese_and_says_so(core_shelf: shelf.Shelf) -> None:
    slug = reader.slugs(core_shelf)[0]
    assert reader.scam(core_shelf, slug, "tay").lang == "vi"


@pytest.mark.parametrize("slug", ["khong-co", "../manifest", "", "a\0"])
def test_an_unknown_scam_is_missing(core_shelf: shelf.Shelf, slug: str) -> None:
    with pytest.raises(Missing, match="fraud.no_scam"):
        reader.scam(core_shelf, slug, "vi")


def test_reporting_names_the_free_number_with_its_source(core_shelf: shelf.Shelf) -> None:
    told = reader.reporting(core_shelf)
    assert {"156", "5656", "113"} <= {way.number for way in told.ways}
    assert told.sources and told.as_of and told.status


def test_the_checker_never_lets_a_quiz_scam_pass_as_nothing_to_say(core_shelf: shelf.Shelf) -> None:
    rules = reader.rules(core_shelf)
    quiz = [quiz for scam in reader.scams(core_shelf, "vi") for quiz in scam.quiz]
    missed = [
        one.message
        for one in quiz
        if one.scam and checker.check(one.message, rules).level is Level.CANNOT_KNOW
    ]
    accused = [
        one.message
        for one in quiz
        if not one.scam and checker.check(one.message, rules).level is Level.DANGEROUS
    ]
    assert (missed, accused) == ([], [])


def test_the_reader_needs_the_pack_to_be_installed(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        reader.rules(shelf.Shelf("core", "2026.11.1-00000000", tmp_path))
