"""From Markdown to sections."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base.errors import NotReady
from hub.packs import render

_FRONT = '+++\ntitle = "Bài"\nas_of = 2026-11-21\n+++\n'


def test_front_matter_comes_out_plain_with_days_as_text() -> None:
    page = render.page(_FRONT + "Xin chào", "a.md")
    assert page.front == {"title": "Bài", "as_of": "2026-11-21"}


def test_each_heading_begins_a_section_and_stands_apart_from_its_text() -> None:
    page = render.page(
        _FRONT + "Mở đầu\n\n## Một\n\nChữ *nghiêng*\n\n### Nhỏ\n\n## Hai\n\n- a\n- b\n", "a.md"
    )
    assert [section.title for section in page.sections] == ["", "Một", "Hai"]
    assert page.sections[1].html == "<p>Chữ <em>nghiêng</em></p>\n<h3>Nhỏ</h3>"
    assert page.sections[2].plain == "a.\nb."


def test_numbered_steps_are_spoken_with_their_numbers_and_full_stops() -> None:
    page = render.page(_FRONT + "1. Mở máy\n2. Đọc tin!\n", "a.md")
    assert page.sections[0].plain == "1. Mở máy.\n2. Đọc tin!"


@pytest.mark.parametrize(
    ("written", "never"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("[a](javascript:alert(1))", 'href="javascript'),
        ("[a](data:text/html;base64,xx)", 'href="data'),
        ('<p onclick="x()" style="color:red">a</p>', "<p onclick"),
        ("<iframe src=//a.top></iframe>", "<iframe"),
    ],
)
def test_what_could_run_does_not_survive(written: str, never: str) -> None:
    html = render.page(f"{_FRONT}{written}\n", "a.md").sections[0].html
    assert never not in html


def test_a_good_link_survives_and_opens_nothing_behind_the_page() -> None:
    html = render.page(_FRONT + "[cổng](https://vneid.gov.vn)", "a.md").sections[0].html
    assert html == '<p><a href="https://vneid.gov.vn" rel="noopener noreferrer">cổng</a></p>'


def test_a_picture_in_the_text_is_refused_with_its_line() -> None:
    with pytest.raises(NotReady) as caught:
        render.page(_FRONT + "\nchữ\n\n![x](y.png)\n", "a.md")
    assert (caught.value.values["file"], caught.value.values["line"]) == ("a.md", 8)


@pytest.mark.parametrize(
    ("written", "line"), [("## Không có đầu\n", 1), ('+++\ntitle = "a"\n', 1), ("+++\na = 1\nb = \n+++\n", 3)]
)
def test_a_page_without_good_front_matter_is_refused_with_its_line(written: str, line: int) -> None:
    with pytest.raises(NotReady) as caught:
        render.page(written, "a.md")
    assert (caught.value.key, caught.value.values["line"]) == ("packs.bad_page", line)


def test_text_is_one_normal_form_whatever_the_author_typed() -> None:
    page = render.page(_FRONT + "## Vie\u0323\u0302t\n\nhoa\u0300\n", "a.md")
    assert (page.sections[0].title, page.sections[0].plain) == ("Việt", "hoà.")


_TAGS = "p ul ol li strong em a h3 h4 blockquote br hr code table thead tbody tr th td".split()


@given(st.text(max_size=300))
def test_any_body_gives_only_known_tags_or_a_named_refusal(body: str) -> None:
    try:
        page = render.page(_FRONT + body, "a.md")
    except NotReady as told:
        assert told.key == "packs.bad_page"
        return
    for section in page.sections:
        for tag in re.findall(r"</?([a-zA-Z0-9]+)", section.html):
            assert tag in _TAGS
