"""What is made to be heard ahead of time is what the pages really say."""

from __future__ import annotations

import pytest
from flask import Flask

from hub.base import phrases
from hub.overview import voices
from hub.packs import shelf
from hub.trades.procedures import reader
from tests.desks.conftest import filled, opened, reading  # noqa: F401
from tests.desks.visitor import Visitor, spoken


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_a_procedures_page_says_what_was_made_ready(reading: Flask, lang: str) -> None:  # noqa: F811
    house = reading.extensions["house"]
    active = shelf.current(house.packs)
    ready = {words for told, words in voices.texts(active) if told == lang}
    visitor = Visitor(reading)
    for one in reader.all(active)[:4]:
        said = set(spoken(visitor.get(f"/procedures/{one.slug}?lang={lang}")))
        fixed = list(voices.of_procedure(one, lang))
        assert len(fixed) >= 4 and not [words for words in fixed if words not in said]
        advice = reader.guide(active, one.slug, lang)
        assert advice is not None and len(said & ready) >= len(fixed) + len(advice.sections)
