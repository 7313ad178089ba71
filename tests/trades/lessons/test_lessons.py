"""Lessons, their questions, and the slip."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import slip as slips
from hub.base.errors import Missing, NotReady
from hub.base.settings import HouseSettings
from hub.packs import install, shelf
from hub.trades.lessons import reader, service, slip
from hub.trades.lessons.model import Lesson, Question
from tests.fakes import FakeClock
from tests.shelves import PAGES, core, small

GOLDEN = Path(__file__).parent / "golden"
LESSON = Lesson(
    track="an-toan",
    slug="giu-ma",
    lang="vi",
    title="Giữ mã OTP: không nói với ai",
    summary="Mã OTP là chìa khóa nhà.",
    minutes=8,
    order=1,
    picture="lock",
    as_of="2026-11-21",
    status="unverified",
    sources=("M: bài thử",),
    sections=(),
    quiz=(
        Question("Ai được biết mã?", ("Cán bộ", "Chỉ mình"), 1, "Mã OTP chỉ mình biết, không đọc cho ai."),
        Question("Lỡ đọc mã?", ("Gọi ngân hàng", "Chờ", "Xóa tin"), 0, "Gọi ngân hàng khóa tài khoản ngay."),
    ),
)


@pytest.fixture(scope="module")
def core_shelf(tmp_path_factory: pytest.TempPathFactory) -> shelf.Shelf:
    return core(tmp_path_factory.mktemp("packs"))


def test_at_least_six_lessons_in_both_languages_each_in_its_track(core_shelf: shelf.Shelf) -> None:
    seen = {}
    for lang in ("vi", "en"):
        lessons = [lesson for track in reader.tracks(core_shelf, lang) for lesson in track.lessons]
        assert len(lessons) >= 6
        assert {lesson.lang for lesson in lessons} == {lang}
        assert all(lesson.sections and lesson.quiz and lesson.sources for lesson in lessons)
        seen[lang] = [(lesson.track, lesson.slug) for lesson in lessons]
    assert seen["vi"] == seen["en"]


def test_one_lesson_is_found_by_track_and_slug(core_shelf: shelf.Shelf) -> None:
    first = reader.tracks(core_shelf, "vi")[0].lessons[0]
    assert reader.lesson(core_shelf, first.track, first.slug, "vi") == first
    assert reader.lesson(core_shelf, first.track, first.slug, "en").title != first.title


@pytest.mark.parametrize(("track", "slug"), [("an-toan", "khong"), ("khong", "khong"), ("..", "..")])
def test_an_unknown_lesson_is_missing(core_shelf: shelf.Shelf, track: str, slug: str) -> None:
    with pytest.raises(Missing, match="lessons.none"):
        reader.lesson(core_shelf, track, slug, "vi")


def test_an_untranslated_lesson_is_shown_in_vietnamese_and_says_so(core_shelf: shelf.Shelf) -> None:
    first = reader.tracks(core_shelf, "vi")[0].lessons[0]
    assert reader.lesson(core_shelf, first.track, first.slug, "hmn").lang == "vi"


def _with_lesson(folder: Path, front: str) -> shelf.Shelf:
    pack = small(folder / "pack")
    (pack / "lessons" / "tracks.toml").write_text(
        '[[track]]\nid = "thu"\npicture = "book"\ntitle = { vi = "Thử", en = "Try" }\n', encoding="utf-8"
    )
    (pack / "lessons" / "thu" / "mot.vi.md").write_text(f"+++\n{front}\n+++\n\nChữ\n", encoding="utf-8")
    install.install(pack, folder / "packs", PAGES, unsealed=True)
    return shelf.current(folder / "packs", "small")


_FRONT = """title = "Một"
summary = "s"
minutes = 3
order = 1
picture = "book"
as_of = 2026-11-21
sources = []
"""


def test_a_lesson_that_lacks_a_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotReady) as caught:
        reader.tracks(_with_lesson(tmp_path, _FRONT.replace("minutes = 3\n", "")), "vi")
    assert caught.value.values["file"] == "lessons/thu/mot.vi.md"


def test_a_quiz_whose_answer_is_no_choice_is_named(tmp_path: Path) -> None:
    quiz = '[[quiz]]\nquestion = "?"\nchoices = ["a", "b"]\nanswer = 2\nwhy = "w"'
    with pytest.raises(NotReady, match="quiz.answer"):
        reader.tracks(_with_lesson(tmp_path, _FRONT + quiz), "vi")


def test_answers_are_marked_one_by_one() -> None:
    score = service.check(LESSON, [1, 2])
    assert [one.right for one in score.marked] == [True, False]
    assert (score.right, score.total) == (1, 2)
    assert score.marked[1].question.why == "Gọi ngân hàng khóa tài khoản ngay."


@given(st.lists(st.none() | st.integers(), max_size=6))
def test_any_answers_are_marked(answers: list[int | None]) -> None:
    score = service.check(LESSON, answers)
    assert score.total == 2
    for place, one in enumerate(score.marked):
        given_answer = answers[place] if place < len(answers) else None
        assert one.right == (given_answer == one.question.answer)
        assert one.chosen is None or one.chosen in range(len(one.question.choices))


def test_completions_are_counted_by_day_and_lesson_and_hold_nothing_else(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    other = dataclasses.replace(LESSON, slug="khac")
    for lesson, count in ((LESSON, 3), (other, 1)):
        for _ in range(count):
            service.complete(conn, lesson, moment=clock.read())
    clock.advance(86_400)
    service.complete(conn, LESSON, moment=clock.read())
    day = dt.date(2026, 11, 21)
    assert [(one.slug, one.count) for one in service.completions(conn, day, day)] == [
        ("giu-ma", 3),
        ("khac", 1),
    ]
    both = service.completions(conn, day, day + dt.timedelta(days=1))
    assert [(one.slug, one.count) for one in both] == [("giu-ma", 4), ("khac", 1)]
    columns = {row["name"] for row in conn.execute("PRAGMA table_info(lesson_completions)")}
    assert columns == {"done_on", "track", "slug", "trusted", "count"}


def test_a_doubtful_day_is_counted_apart(conn: sqlite3.Connection, clock: FakeClock) -> None:
    service.complete(conn, LESSON, moment=clock.read())
    clock.trusted = False
    service.complete(conn, LESSON, moment=clock.read())
    assert conn.execute("SELECT count(*) FROM lesson_completions").fetchone()[0] == 2
    day = dt.date(2026, 11, 21)
    assert service.completions(conn, day, day)[0].count == 2


@pytest.mark.parametrize(
    ("file", "lang", "name", "trusted"),
    [("certificate_vi.txt", "vi", "", True), ("certificate_en.txt", "en", "Lý A Mẫu", False)],
)
def test_the_slip_reads_as_its_golden_file(
    clock: FakeClock, file: str, lang: str, name: str, trusted: bool
) -> None:
    clock.trusted = trusted
    house = HouseSettings(phone="0200 000000" if trusted else "")
    made = slip.certificate(
        LESSON, service.check(LESSON, [1, 2]), house=house, lang=lang, moment=clock.read(), name=name
    )
    assert slips.as_text(made) == (GOLDEN / file).read_text(encoding="utf-8")
    assert slips.decode(slips.encode(made)) == made


def test_a_name_with_control_characters_and_of_any_length_fits_the_slip(clock: FakeClock) -> None:
    score = service.check(LESSON, [])
    name = "Lý\0 A\n" + "Mẫu " * 80
    made = slip.certificate(LESSON, score, house=HouseSettings(), lang="vi", moment=clock.read(), name=name)
    (line,) = [line for line in slips.as_text(made).splitlines() if "Người học" in line]
    assert line.strip().startswith("Người học: Lý A Mẫu") and len(line) < 90
