from __future__ import annotations

import dataclasses

import pytest

from hub.base.settings import Settings
from hub.sheets import drawing
from hub.sheets.model import Mark
from hub.trades.procedures import holding, reader, sheet, telling
from hub.trades.procedures.model import Procedure
from tests.content import walker
from tests.fakes import FakeClock
from tests.sheets import drafts, reading

MOMENT = FakeClock().read()


def _procedure(slug: str) -> Procedure:
    return holding.on_day(reader.get(drafts.core(), slug), MOMENT.on)


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize("slug", walker.SLUGS)
def test_each_paper_and_each_fee_of_every_procedure_is_on_its_sheet(slug: str, lang: str) -> None:
    one = _procedure(slug)
    drawn = sheet.checklist(one, Settings(), lang=lang, moment=MOMENT)
    words = {item.words for block in drawn.blocks for item in block.items}
    for paper in one.papers:
        assert any(said.startswith(paper.name.said(lang)) for said in words)
    for figure in one.figures:
        if figure.kind in ("fee", "time", "amount", "deadline"):
            assert any(
                figure.label.said(lang) in said and telling.amount(lang, figure) in said for said in words
            )
    assert any("0 đồng" in said for said in words)


def test_the_sheet_is_drawn_whole_in_both_languages() -> None:
    one = _procedure("dang-ky-thuong-tru")
    for lang in ("vi", "en"):
        drawn = sheet.checklist(one, Settings(), lang=lang, moment=MOMENT)
        said = reading.tight(reading.text(drawing.draw(drawn)))
        for block in drawn.blocks:
            for item in block.items:
                assert reading.tight(item.words) in said and reading.tight(item.small) in said
        assert drawn.lang == lang


def test_what_is_not_needed_is_crossed_and_what_is_needed_has_a_box() -> None:
    one = _procedure("dang-ky-thuong-tru")
    bring = sheet.checklist(one, Settings(), lang="vi", moment=MOMENT).blocks[1]
    marks = [item.mark for item in bring.items]
    assert marks == [Mark.BOX] * len(one.papers) + [Mark.CROSS] * len(one.not_needed)


def test_help_at_the_house_costs_nothing_also_where_the_pack_forgot_to_say_so() -> None:
    one = dataclasses.replace(_procedure("dang-ky-thuong-tru"), figures=())
    drawn = sheet.checklist(one, Settings(), lang="vi", moment=MOMENT)
    assert any("0 đồng" in item.words for block in drawn.blocks for item in block.items)
