"""Labels as their authors wrote them: a little Markdown, a little HTML, nothing that runs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.desks.guide import rich


@pytest.mark.parametrize(
    ("text", "html", "plain"),
    [
        ("Họ và tên", "Họ và tên", "Họ và tên"),
        ("Tên *thường gọi*", "Tên <em>thường gọi</em>", "Tên thường gọi"),
        ("**Phải** có", "<strong>Phải</strong> có", "Phải có"),
        ("# Đầu đề\nLời", "<strong>Đầu đề</strong><br>Lời", "Đầu đề Lời"),
        ("- một\n- hai", "• một<br>• hai", "• một • hai"),
        ('<span style="color:red">đỏ</span>', "đỏ", "đỏ"),
        ("a < b & c", "a &lt; b &amp; c", "a < b & c"),
        ("<script>alert(1)</script>ok", "ok", "ok"),
        ("[x](javascript:alert(1))", None, None),
        ("", "", ""),
    ],
)
def test_a_label_is_drawn_clean_and_said_plainly(text: str, html: str | None, plain: str | None) -> None:
    if html is None:
        assert "<a href" not in str(rich.shown(text))
        return
    assert str(rich.shown(text)) == html and rich.plain(text) == plain


def test_a_link_leads_out_of_the_page_and_tells_nobody_where_from() -> None:
    html = str(rich.shown("[trang](https://example.org/a?b=c)"))
    assert 'href="https://example.org/a?b=c"' in html and 'target="_blank"' in html and "noopener" in html


_TAG = re.compile(r"<(/?)([a-zA-Z]+)((?:\s[^>]*)?)>")


@given(st.text(alphabet=st.sampled_from("ab <>/*_#[]()!`\"'&;=:\n-javascriptonx"), max_size=60))
def test_whatever_is_written_only_known_tags_reach_the_page(text: str) -> None:
    html = str(rich.shown(text))
    for _, tag, more in _TAG.findall(html):
        assert tag in rich._TAGS, html
        assert tag == "a" or more.strip(" /") == "", html
    assert not re.search(r"<(?![a-zA-Z/])", html) and "javascript:" not in " ".join(
        re.findall(r'href="([^"]*)"', html)
    )
