"""The places of the official forms on paper, held against the forms whose answers stand there."""

from __future__ import annotations

import re

import pytest

from hub.forms.model import names_of
from hub.sheets import ct01_notes
from hub.sheets.model import Consent
from hub.trades.procedures import paper, reader
from hub.trades.procedures.model import Drawn
from tests.content import walker
from tests.sheets import drafts

DRAWN = [slug for slug in walker.SLUGS if (walker.PROCEDURES / slug / "paper.toml").is_file()]


def _places(slug: str) -> paper.PaperMap:
    found = paper.read(drafts.core(), slug)
    assert found is not None
    return found


def test_each_procedure_with_ct01_says_where_its_answers_stand() -> None:
    with_form = {
        one.slug
        for one in reader.all(drafts.core())
        if one.paper_form is not None and one.paper_form.drawn is Drawn.CT01
    }
    assert with_form and with_form == {slug for slug in DRAWN if _places(slug).drawn is Drawn.CT01}


@pytest.mark.parametrize("slug", DRAWN)
def test_every_place_names_a_question_that_the_form_has(slug: str) -> None:
    known = {"/" + "/".join(names_of(node)) for node in walker.form(slug).template.iter()}
    assert set(_places(slug).paths()) <= known


@pytest.mark.parametrize("slug", DRAWN)
def test_every_place_of_ct01_is_filled_by_some_question(slug: str) -> None:
    found = _places(slug)
    assert set(found.fields) == set(paper.Place) and found.online is not None
    assert found.members is not None and set(found.members.columns) == set(paper.Column)


@pytest.mark.parametrize("slug", DRAWN)
def test_each_way_to_agree_that_the_form_offers_means_something_on_paper(slug: str) -> None:
    text = (walker.PROCEDURES / slug / "form.md").read_text("utf-8")
    offered = set(re.findall(r"^\| \| cach \| (\w+) \|", text, re.M))
    found = _places(slug)
    if found.opinions:
        assert offered and set(found.ways) == offered
        assert set(found.ways.values()) <= set(Consent) - {Consent.UNASKED, Consent.DECLARANT, Consent.HEAD}


@pytest.mark.parametrize("slug", DRAWN)
def test_the_drawn_form_is_the_one_the_pack_names(slug: str) -> None:
    form = reader.get(drafts.core(), slug).paper_form
    assert form is not None and form.version == ct01_notes.VERSION
    assert form.sources == ("G: 68334004361", "G: 54584265656")
