"""The design language keeps its promises: contrast, words in both languages, markup that stands alone."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from werkzeug.datastructures import MultiDict

import hub.desks
from devices.weave import THREADS, WEAVE
from hub.base import phrases

DESKS = Path(hub.desks.__file__).parent
STATIC = DESKS / "static"
TEMPLATES = DESKS / "templates"
ROOT = DESKS.parent.parent
CSS = (STATIC / "house.css").read_text(encoding="utf-8")
PICTURES = sorted((STATIC / "pictures").glob("*.svg"))
COLOURS = ("indigo", "madder", "turmeric", "leaf", "clay", "sky")

PIECES = """
{% extends "shared/base.html" %}
{% block back %}{{ m.back('/') }}{{ m.crumbs([('/', 'Trang đầu'), ('/x', 'Ở đây')]) }}{% endblock %}
{% block main %}
{{ m.ask('Câu hỏi', say='Câu hỏi dài hơn') }}
<ul class="tiles">{{ m.tile('/ticket', 'ticket', 'Lấy số', small='Có người giúp', first=True) }}</ul>
<ul class="rows">{{ m.row('/a', 'Khai sinh', 'baby', 'Tên đầy đủ') }}</ul>
{{ m.button('Gửi', 'go', picture='check', id='b') }}{{ m.go('/', 'Về', 'house') }}{{ m.print_button() }}
{{ m.confirm('/erase', 'Xóa thật chứ?', '/', fields={'which': '7'}) }}
{{ m.problem_list([('name', 'Xin viết tên.'), ('born', 'Ngày chưa đúng.')]) }}
{% call m.form('/x', files=True) %}
{{ m.text_field('name', 'Họ tên', 'Lý A Mẫu', 'Như thẻ', 'Xin viết tên.', True, 'Họ tên') }}
{{ m.number_field('copies', 'Số bản', 2) }}
{{ m.date_field('born', 'Ngày sinh', '31/02/2026', problem='Chưa đúng') }}
{{ m.pin_field('pin', 'Mã PIN', numeric=True) }}{{ m.area_field('message', 'Tin nhắn', '<b>&') }}
{{ m.radio_field('sex', 'Con là', [('f', 'Gái'), ('m', 'Trai', 'pig')], 'f', None, None, True, 'A', True) }}
{{ m.checks_field('want', 'Cần thêm', [(1, 'Thẻ'), (2, 'Căn cước')], [2], problem='Chọn ít nhất một') }}
{{ m.select_field('folk', 'Dân tộc', [(1, 'Kinh'), (2, 'Tày')], 2) }}
{{ m.file_field('photo', 'Ảnh', kept='a.jpg') }}{{ m.scan_field() }}
{% endcall %}
{% for kind in ('good', 'note', 'care', 'danger') %}{{ m.notice(kind, 'Lời nhắn', live=True) }}{% endfor %}
{% call m.notice('good') %}<p>Lời gọi</p>{% endcall %}
{% for kind in ('good', 'wait', 'bad', 'plain') %}{{ m.badge('Chữ', kind) }}{% endfor %}
{% for status in ('verified', 'reported', 'unverified') %}
{{ m.age({'as_of': '2026-07-01', 'status': status}) }}{% endfor %}
<p id="money">{{ m.dong(0) }}|{{ m.dong(1540000) }}</p><p id="day">{{ m.day('2026-09-02') }}</p>
<p id="prices">{% for days in (0, 1, 5, 30) %}{{ m.price_age(days) }}|{% endfor %}</p>
{{ m.steps(['Một', 'Hai', 'Ba'], 2) }}{{ m.steps(['Một', 'Hai']) }}
{% call m.ticket_card('K012', 'leaf', 'tea', 'Giấy tờ') %}<p>Còn 3 người</p>{% endcall %}
{{ m.live_stale() }}{{ m.line_out(None) }}{{ m.line_out(False, 2) }}{{ m.line_out(True, 0) }}
{% endblock %}
"""


def environment() -> jinja2.Environment:
    loader = jinja2.ChoiceLoader(
        [jinja2.DictLoader({"pieces.html": PIECES}), jinja2.FileSystemLoader(TEMPLATES)]
    )
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.ChainableUndefined)


def render(name: str, lang: str, voice: bool = True, **values: object) -> str:
    def say(key: str, **filled: object) -> str:
        return phrases.say(lang, key, **filled)

    given: dict[str, object] = {
        "lang": lang,
        "t": say,
        "csrf_token": lambda: "token",
        "speak_url": lambda text: "/speech/1.wav" if voice else None,
        "house_name": "Nhà văn hóa số thôn Mẫu",
        "clock_trusted": True,
        "uplink": False,
        "signed_in": None,
        "request": SimpleNamespace(args=MultiDict([("q", "chè & lúa")])),
    }
    return environment().get_template(name).render(**given | values)


class Reader(HTMLParser):
    """Collects what a page says about itself, and refuses a tag closed out of turn."""

    VOID = {"meta", "link", "input", "br", "hr", "img", "use"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.refers: list[str] = []
        self.attributes: set[str] = set()
        self.pictures: set[str] = set()
        self.classes: set[str] = set()
        self.inline: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == [], "left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        assert len(found) == len(attrs), f"an attribute twice in <{tag}>"
        if tag not in self.VOID:
            self.open.append(tag)
        self.attributes |= set(found)
        self.classes |= set(found.get("class", "").split())
        if "id" in found:
            self.ids.append(found["id"])
        for name in ("for", "aria-describedby", "aria-labelledby", "data-scan-press"):
            self.refers += found.get(name, "").split()
        if tag == "a" and found["href"].startswith("#"):
            self.refers.append(found["href"][1:])
        if tag == "use":
            self.pictures.add(found["href"].partition("#")[2])
        if tag == "style" or (tag == "script" and "src" not in found):
            self.inline.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture(params=phrases.LANGUAGES)
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("extra", [{}, {"staff": True}, {"shared_tablet": True}, {"clock_trusted": False}])
def test_every_piece_is_whole_markup_that_refers_only_to_what_is_there(
    lang: str, extra: dict[str, object]
) -> None:
    if extra.pop("staff", False):
        extra = {
            "signed_in": SimpleNamespace(name="Lý A Mẫu", role="guide"),
            "unsent": 2,
            "sign_out_url": "/out",
        }
    page = Reader(render("pieces.html", lang, **extra))
    assert len(page.ids) == len(set(page.ids))
    assert set(page.refers) <= set(page.ids)
    assert page.pictures <= {path.stem for path in PICTURES}


def test_no_piece_needs_a_hole_in_the_content_policy(lang: str) -> None:
    page = Reader(render("pieces.html", lang, shared_tablet=True))
    assert page.inline == []
    assert "style" not in page.attributes
    assert not [name for name in page.attributes if name.startswith("on")]
    assert "data:" not in CSS


def test_what_a_person_typed_is_shown_and_never_run(lang: str) -> None:
    assert "&lt;b&gt;&amp;</textarea>" in render("pieces.html", lang)


def test_without_a_voice_no_loudspeaker_is_offered(lang: str) -> None:
    assert "data-speak" in render("pieces.html", lang)
    assert "data-speak" not in render("pieces.html", lang, voice=False)


def test_switching_language_keeps_what_was_searched_for() -> None:
    assert 'href="?q=ch%C3%A8+%26+l%C3%BAa&amp;lang=en"' in render("pieces.html", "vi")


def test_money_days_and_ages_are_said_in_full() -> None:
    page = render("pieces.html", "vi")
    assert '<p id="money">0 đồng|1.540.000&nbsp;₫</p>' in page
    assert '<time datetime="2026-09-02">02/09/2026</time>' in page
    assert "giá hôm nay|giá hôm qua|giá của 5 ngày trước|giá của 30 ngày trước, có thể đã khác nhiều|" in page
    assert "theo quy định từ 01/07/2026; chưa xác minh" in page


def test_an_error_page_says_what_happened_what_was_kept_and_what_to_do(lang: str) -> None:
    page = render(
        "shared/error.html", lang, what="Tệp lạ.", kept="Còn nguyên.", todo="Chụp lại.", code="UP-1"
    )
    Reader(page)
    assert all(words in page for words in ("Tệp lạ.", "Còn nguyên.", "Chụp lại.", "UP-1"))


def test_every_colour_and_every_valley_picture_has_a_name(lang: str) -> None:
    for colour in COLOURS:
        assert phrases.say(lang, f"shared.colour_{colour}")
        assert f".ground-{colour} " in CSS
    named = {
        key.removeprefix("shared.picture_")
        for key in phrases.catalog(lang)
        if key.startswith("shared.picture_")
    }
    assert named <= {path.stem for path in PICTURES} and len(named) >= 12


def luminance(colour: str) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    named = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", CSS))
    low, high = sorted((luminance(named[one]), luminance(named[other])))
    return (high + 0.05) / (low + 0.05)


GROUNDS = ("paper", "card", "indigo-tint", "madder-tint", "turmeric-tint", "leaf-tint")
TEXT_PAIRS = [
    *[(text, ground) for text in ("ink", "ink-soft", "indigo") for ground in GROUNDS],
    *[("madder", ground) for ground in ("paper", "card")],
    *[(f"on-{colour}", colour) for colour in COLOURS],
    ("turmeric", "indigo"),
]


@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_keeps_seven_to_one(text: str, ground: str) -> None:
    assert contrast(text, ground) >= 7


@pytest.mark.parametrize("ground", ["paper", "card"])
def test_lines_that_bound_a_thing_keep_three_to_one(ground: str) -> None:
    assert contrast("line", ground) >= 3


def test_every_class_a_piece_wears_is_in_the_stylesheet() -> None:
    worn = Reader(render("pieces.html", "vi", shared_tablet=True)).classes
    plain = {"villager", "button-main", "badge-plain", "notice-note"}
    assert {name for name in worn - plain if not re.search(rf"\.{name}\b(?!-)", CSS)} == set()


def test_nothing_moves_needs_a_mouse_or_turns_dark_by_itself() -> None:
    for word in ("animation", "transition", ":hover", "prefers-color-scheme", "@keyframes", "@import"):
        assert word not in CSS


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_drawn_in_the_one_hand(path: Path) -> None:
    drawing = path.read_text(encoding="utf-8")
    head, *shapes = re.findall(r"<(\w+)([^>]*)>", drawing)
    assert head[0] == "svg"
    for told in (
        'viewBox="0 0 24 24"',
        'fill="none"',
        'stroke="currentColor"',
        'stroke-width="1.6"',
        'stroke-linecap="round"',
    ):
        assert told in head[1]
    for tag, attributes in shapes:
        assert tag in {"path", "circle", "ellipse", "line", "polyline", "rect"}
        assert set(re.findall(r"(\w+)=", attributes)) <= {
            "d",
            "cx",
            "cy",
            "r",
            "rx",
            "ry",
            "x",
            "y",
            "width",
            "height",
        }
        for line in re.findall(r' d="([^"]*)"', attributes):
            # The paper's own drawing room reads these commands and no others.
            assert re.fullmatch(r"[MmLlHhVvCcQqAaZz0-9. -]+", line)


def test_what_is_made_from_other_files_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "sprite", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_cloth_is_one_repeat_that_meets_itself_and_fits_both_papers() -> None:
    assert len(WEAVE) == len(THREADS) == 15
    assert {len(row) for row in WEAVE} == {24}
    assert {stitch for row in WEAVE for stitch in row} == {"0", "1"}
    for row in THREADS:
        assert row[1:] == row[:0:-1], "the same from both sides, so that repeats meet"
    assert THREADS == THREADS[::-1]
    assert 576 % 24 == 384 % 24 == 0


def test_the_look_itself_leaves_room_on_the_first_visit() -> None:
    names = ("house.css", "house.js", "pictures.svg", "weave.svg", "mark.svg")
    assert sum((STATIC / name).stat().st_size for name in names) <= 45_000
