"""The history as a drawing."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub.trades.prices.chart import Point, chart

DAY = dt.date(2026, 11, 1)
NS = {"s": "http://www.w3.org/2000/svg"}


def _draw(points: list[Point], lang: str = "vi") -> etree._Element:
    return etree.fromstring(chart(points, lang=lang, title="Vỏ quế <khô> & tươi", unit="đồng/kg").encode())


def _after(days: int, amount: int) -> Point:
    return Point(DAY + dt.timedelta(days=days), amount)


def test_nothing_is_drawn_of_nothing() -> None:
    assert chart([], lang="vi", title="x", unit="đồng/kg") == ""


def test_each_day_that_was_looked_at_is_a_dot_and_a_gap_is_not_bridged() -> None:
    drawn = _draw([_after(0, 50_000), _after(3, 52_000), _after(17, 51_000), _after(32, 60_000)])
    assert len(drawn.findall(".//s:circle", NS)) == 4
    lines = drawn.findall(".//s:g[@class='chart-line']/s:path", NS)
    assert [line.get("d", "").count("H") for line in lines] == [2]


def test_the_line_goes_in_steps_and_never_slopes() -> None:
    (line,) = _draw([_after(0, 50_000), _after(5, 52_000)]).findall(".//s:g[@class='chart-line']/s:path", NS)
    assert re.fullmatch(r"M[\d. ]+H[\d.]+V[\d.]+", line.get("d", ""))


def test_several_reports_of_a_day_are_drawn_at_their_middle() -> None:
    together = _draw([_after(0, 40_000), _after(0, 50_000), _after(0, 90_000), _after(4, 60_000)])
    alone = _draw([_after(0, 50_000), _after(4, 60_000)])
    spots = [
        [(dot.get("cx"), dot.get("cy")) for dot in one.findall(".//s:circle", NS)]
        for one in (together, alone)
    ]
    assert spots[0] == spots[1]


def test_the_axes_say_days_and_dong() -> None:
    texts = [one.text for one in _draw([_after(0, 50_000), _after(20, 60_000)]).findall(".//s:text", NS)]
    assert "01/11" in texts and "21/11" in texts
    assert any(re.fullmatch(r"\d{2}\.000", str(text)) for text in texts)


@pytest.mark.parametrize(("lang", "word"), [("vi", "Thấp nhất 50.000"), ("en", "Lowest 50.000")])
def test_a_screen_reader_hears_title_and_numbers(lang: str, word: str) -> None:
    drawn = _draw([_after(0, 50_000), _after(20, 60_000)], lang)
    labels = str(drawn.get("aria-labelledby")).split()
    told = {one.get("id"): one.text for one in drawn if one.tag.endswith(("title", "desc"))}
    assert set(labels) == set(told)
    assert told["chart-title"] == "Vỏ quế <khô> & tươi"
    assert word in str(told["chart-desc"])


def test_a_small_swing_does_not_fill_the_whole_height() -> None:
    dots = _draw([_after(0, 50_000), _after(3, 50_500)]).findall(".//s:circle", NS)
    heights = [float(str(dot.get("cy"))) for dot in dots]
    assert max(heights) - min(heights) < 30


_points = st.lists(st.builds(_after, st.integers(0, 4_000), st.integers(1, 10**13)), min_size=1, max_size=200)


@given(_points)
def test_any_history_is_a_small_drawing_inside_its_frame_without_style_or_script(points: list[Point]) -> None:
    written = chart(points, lang="vi", title="Giá", unit="đồng/kg")
    assert len(written.encode()) <= 6_144
    drawn = etree.fromstring(written.encode())
    for one in drawn.iter():
        assert etree.QName(one).localname in {"svg", "title", "desc", "g", "path", "text", "circle"}
        assert not [name for name in one.attrib if str(name).startswith("on") or name in {"style", "href"}]
    for dot in drawn.findall(".//s:circle", NS):
        assert 0 <= float(str(dot.get("cx"))) <= 360 and 0 <= float(str(dot.get("cy"))) <= 200


@given(st.integers(1, 10**13))
def test_a_lone_price_stands_between_labels(amount: int) -> None:
    drawn = _draw([_after(0, amount)])
    (dot,) = drawn.findall(".//s:circle", NS)
    rows = [float(str(row.get("d")).split("H")[0].split(" ")[1]) for row in drawn.findall(".//s:path", NS)]
    assert len(rows) >= 3
    assert min(rows) <= float(str(dot.get("cy"))) <= max(rows)
