"""Every kind of question: drawn, answered as posted, kept, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from hub.forms import outline, questions
from hub.forms.instance import Instance
from hub.forms.model import Form, QuestionType
from hub.forms.page import GroupStart, Problem, ProblemKind, Question, RepeatEnd, RepeatItemStart, RepeatStart
from tests.forms.samples import NOW, written

FRUIT = """| | list_name | name | label |
| | fruit | apple | Táo mèo |
| | fruit | plum | Mận đỏ |
| | fruit | plum2 | Mận xanh |
| | fruit | pear | Lê |"""


def begun(form: Form) -> Instance:
    return Instance.new(form, now=NOW, instance_id="uuid:00000000-0000-4000-8000-000000000000")


def post(instance: Instance, fields: Mapping[str, Sequence[str]], page: str = "") -> tuple[Problem, ...]:
    """Post fields on a page, as a desk that has drawn all of it would."""
    form = instance.form
    page = page or outline.leaves(form)[0].id
    drawn = questions.page(form, instance, page, "vi")
    asked = [one.name for one in drawn.questions] if drawn else []
    return questions.answer(form, instance, page, {questions.ASKED: asked, **fields}, now=NOW, lang="vi")


def drawn(instance: Instance, path: str, problems: Sequence[Problem] = ()) -> Question:
    for page in questions.pages(instance.form, instance, "vi", problems):
        for one in page.questions:
            if one.path == path:
                return one
    raise AssertionError(path)


# -- rank --


@pytest.fixture
def ranked() -> Instance:
    form = written("| | type | name | label | required |\n| | rank fruit | r | Rank | yes |", FRUIT)
    return begun(form)


def order(instance: Instance) -> list[str]:
    return [one.value for one in drawn(instance, "/data/r").choices]


def test_a_rank_nobody_has_given_is_missing_and_shown_in_the_lists_order(ranked: Instance) -> None:
    assert drawn(ranked, "/data/r").value == "" and order(ranked) == ["apple", "plum", "plum2", "pear"]
    (problem,) = post(ranked, {})
    assert problem.key == "forms.required_rank"


def test_a_choice_moves_up_and_down_and_stops_at_the_ends(ranked: Instance) -> None:
    assert post(ranked, {"rank:/data/r": ["up:pear"]}) == ()
    assert ranked.get("/data/r") == "apple plum pear plum2"
    post(ranked, {"/data/r": order(ranked), "rank:/data/r": ["down:apple"]})
    assert order(ranked) == ["plum", "apple", "pear", "plum2"]
    post(ranked, {"/data/r": order(ranked), "rank:/data/r": ["up:plum"]})
    assert order(ranked) == ["plum", "apple", "pear", "plum2"]


def test_an_order_is_taken_as_it_is_and_taken_away(ranked: Instance) -> None:
    post(ranked, {"rank:/data/r": ["as-is"]})
    assert ranked.get("/data/r") == "apple plum plum2 pear"
    post(ranked, {"/data/r": order(ranked), "rank:/data/r": ["none"]})
    assert ranked.get("/data/r") == ""


def test_an_order_of_another_list_must_be_given_again(ranked: Instance) -> None:
    ranked.set("/data/r", "plum apple")
    assert [one.key for one in post(ranked, {})] == ["forms.rank_changed"]
    assert order(ranked) == ["plum", "apple", "plum2", "pear"]


def test_a_ranks_button_is_a_reason_to_stay() -> None:
    assert questions.stays({"rank:/data/r": ["up:x"]}) and questions.stays({"clear:/data/f": ["1"]})
    assert not questions.stays({"/data/r": ["x"]})


# -- range --


def test_a_range_takes_its_stops_alone() -> None:
    rows = "| | type | name | label | parameters |\n| | range | r | R | start=0 end=2 step=0.5 |"
    instance = begun(written(rows))
    assert post(instance, {"/data/r": ["1,5"]}) == () and instance.get("/data/r") == "1.5"
    assert [one.key for one in post(instance, {"/data/r": ["1,7"]})] == ["forms.off_step"]
    (problem,) = post(instance, {"/data/r": ["3"]})
    assert (problem.key, problem.values) == ("forms.out_of_range", {"low": "0", "high": "2"})
    assert drawn(instance, "/data/r").span is not None


def test_the_named_stops_of_a_range_are_drawn_with_their_names() -> None:
    rows = (
        "| | type | name | label | parameters |\n| | range | r | R | start=1 end=3 step=1 tick_labelset=t |"
    )
    ticks = "| | list_name | name | label |\n| | t | 1 | Dở |\n| | t | 3 | Hay |"
    instance = begun(written(rows, ticks))
    assert [(one.value, one.label) for one in drawn(instance, "/data/r").choices] == [
        ("1", "Dở"),
        ("3", "Hay"),
    ]
    assert post(instance, {"/data/r": ["2"]}) == ()


# -- places --


@pytest.mark.parametrize(
    ("kind", "typed", "stored", "key"),
    [
        ("geopoint", "22,5 103,25", "22.5 103.25 0 0", None),
        ("geopoint", "đầu bản", "", "forms.not_point"),
        ("geotrace", "1 1\r\n2 2", "1 1 0 0;2 2 0 0", None),
        ("geotrace", "1 1", "", "forms.not_trace"),
        ("geoshape", "1 1\n2 2\n3 1", "1 1 0 0;2 2 0 0;3 1 0 0;1 1 0 0", None),
        ("geoshape", "1 1\n2 2", "", "forms.not_shape"),
    ],
)
def test_a_place_is_typed(kind: str, typed: str, stored: str, key: str | None) -> None:
    instance = begun(written(f"| | type | name | label |\n| | {kind} | g | G |"))
    found = post(instance, {"/data/g": [typed]})
    assert instance.get("/data/g") == stored and [one.key for one in found] == ([key] if key else [])
    if key:
        assert drawn(instance, "/data/g").value == typed, "what was typed is shown again"


# -- long lists --


@pytest.fixture
def looked_up() -> Instance:
    rows = "| | type | name | label | appearance |\n| | select_one fruit | f | F | autocomplete |"
    return begun(written(rows, FRUIT))


@pytest.mark.parametrize("typed", ["Lê", "le", "  LÊ ", "pear"])
def test_a_name_that_means_one_choice_is_that_choice(looked_up: Instance, typed: str) -> None:
    assert post(looked_up, {"/data/f": [typed]}) == ()
    assert looked_up.get("/data/f") == "pear" and drawn(looked_up, "/data/f").value == "Lê"


def test_a_name_that_means_several_is_kept_and_they_are_offered(looked_up: Instance) -> None:
    (problem,) = post(looked_up, {"/data/f": ["mạn"]})
    assert (problem.kind, problem.key) == (ProblemKind.UNREADABLE, "forms.not_in_list")
    shown = drawn(looked_up, "/data/f")
    assert shown.value == "mạn" and [one.value for one in shown.look_up] == ["plum", "plum2"]
    assert post(looked_up, {"/data/f": ["mạn", "plum2"]}) == ()
    assert looked_up.get("/data/f") == "plum2" and drawn(looked_up, "/data/f").look_up == ()


def test_a_name_that_means_nothing_is_kept_too_and_emptied_by_hand(looked_up: Instance) -> None:
    assert [one.key for one in post(looked_up, {"/data/f": ["xoài"]})] == ["forms.not_in_list"]
    assert drawn(looked_up, "/data/f").look_up == ()
    assert post(looked_up, {"/data/f": [""]}) == () and looked_up.get("/data/f") == ""


def test_an_unchanged_label_that_two_choices_share_stays_the_one_it_was() -> None:
    rows = "| | type | name | label | appearance |\n| | select_one p | f | F | search |"
    twins = "| | list_name | name | label |\n| | p | a | Bản Mẫu |\n| | p | b | Bản Mẫu |"
    instance = begun(written(rows, twins))
    instance.set("/data/f", "b")
    assert post(instance, {"/data/f": ["Bản Mẫu"]}) == () and instance.get("/data/f") == "b"


# -- tables, media, guidance --


def test_the_head_of_a_table_is_never_asked() -> None:
    rows = """| | type | name | label | appearance | required |
| | begin_group | g | Bảng | table-list | |
| | select_one fruit | a | A | | yes |
| | select_one fruit | b | B | | |
| | end_group | | | | |"""
    instance = begun(written(rows, FRUIT))
    kinds = [
        (one.type, bool(one.choices)) for one in questions.pages(instance.form, instance, "vi")[0].questions
    ]
    assert kinds[:2] == [(QuestionType.NOTE, False), (QuestionType.NOTE, True)]
    assert [one.path for one in post(instance, {})] == ["/data/g/a"]


def test_pictures_sounds_and_guidance_are_handed_to_the_desk() -> None:
    rows = """| | type | name | label::vi | label::en | guidance_hint::vi | image::vi | big-image::vi |
| | select_one l | a | A | A | Dài | a.png | b.png |"""
    choices = """| | list_name | name | label::vi | label::en | image::vi |
| | l | x | X | X | x.png |
| | l | y | Y | Y | |"""
    form = written(rows, choices)
    instance = begun(form)
    shown = drawn(instance, "/data/a")
    assert (shown.guidance, shown.media.image, shown.media.big_image) == ("Dài", "a.png", "b.png")
    assert [one.media.image for one in shown.choices] == ["x.png", ""]
    english = questions.pages(form, instance, "en")[0].questions[0]
    assert english.media.image == "a.png", "a picture in one language is better than none"


def test_a_choice_that_is_only_a_picture_is_a_choice() -> None:
    rows = "| | type | name | label |\n| | select_one l | a | A |"
    choices = "| | list_name | name | image |\n| | l | x | x.png |\n| | l | y | y.png |"
    instance = begun(written(rows, choices))
    assert [(one.value, one.media.image) for one in drawn(instance, "/data/a").choices] == [
        ("x", "x.png"),
        ("y", "y.png"),
    ]


def test_rows_accuracy_and_the_size_of_pictures_are_read() -> None:
    rows = """| | type | name | label | parameters | appearance |
| | text | t | T | rows=7 | multiline |
| | geopoint | g | G | capture-accuracy=10 | |
| | image | i | I | max-pixels=640 | |"""
    instance = begun(written(rows))
    assert drawn(instance, "/data/t").rows == 7 and drawn(instance, "/data/g").accuracy_m == 10
    assert instance.form.binds[("data", "i")].max_pixels == 640


# -- pages --


def numbered(count: int, begin: str = "", end: str = "") -> Form:
    asked = "\n".join(f"| | text | t{n} | T {n} | |" for n in range(count))
    return written(
        "| | type | name | label | appearance |\n" + "\n".join(one for one in (begin, asked, end) if one)
    )


def test_a_long_run_of_questions_is_divided_and_a_short_one_is_not() -> None:
    assert [len(leaf.nodes) for leaf in outline.leaves(numbered(outline.MOST_ON_A_PAGE))] == [24]
    leaves = outline.leaves(numbered(40))
    assert [len(leaf.nodes) for leaf in leaves] == [14, 14, 12] and leaves[0].id == "q-t0"
    assert len({leaf.id for leaf in leaves}) == 3


def test_a_long_group_is_divided_and_keeps_its_name_relevance_and_title() -> None:
    asked = "\n".join(f"| | text | t{n} | T {n} | | |" for n in range(20))
    inner = "\n".join(f"| | text | u{n} | U {n} | | |" for n in range(6))
    form = written(f"""| | type | name | label | relevant | appearance |
| | text | open | Open | | |
| | begin_group | g | Hộ | ${{open}} != '' | |
{asked}
| | begin_group | h | Nhà ở | | |
{inner}
| | end_group | | | | |
| | end_group | | | | |""")
    instance = begun(form)
    assert questions.shown_ids(form, instance) == ("q-open",)
    instance.set("/data/open", "x")
    instance.recalculate(NOW)
    found = questions.pages(form, instance, "vi")
    assert [(one.id, one.title) for one in found] == [("q-open", ""), ("g", "Hộ"), ("h", "Hộ · Nhà ở")]
    assert [one.id for one in questions.states(form, instance, "vi")] == ["q-open", "g", "h"]
    assert sum(len(one.questions) for one in found) == 27


def test_a_field_list_is_one_page_however_long() -> None:
    form = numbered(60, "| | begin_group | g | G | field-list |", "| | end_group | | | |")
    assert len(outline.leaves(form)) == 1


def test_the_contents_count_what_is_left_and_what_is_wrong() -> None:
    rows = """| | type | name | label | required | constraint |
| | begin_group | a | A | | |
| | text | x | X | yes | |
| | integer | y | Y | | . > 3 |
| | end_group | | | | |
| | begin_group | b | B | | |
| | text | z | Z | | |
| | end_group | | | | |"""
    instance = begun(written(rows))
    post(instance, {"/data/a/y": ["1"]}, "a")
    states = questions.states(instance.form, instance, "vi")
    assert [(one.id, one.left, one.wrong) for one in states] == [("a", 1, 1), ("b", 0, 0)]
    left = [one.page_id for one in questions.check_all(instance.form, instance, "vi")]
    assert len(left) == sum(one.left + one.wrong for one in states)


# -- repeats in repeats --


def test_inner_repeats_are_added_and_removed_by_their_own_buttons() -> None:
    rows = """| | type | name | label |
| | begin_repeat | house | Nhà |
| | text | head | Chủ hộ |
| | begin_repeat | person | Người |
| | text | name | Tên |
| | end_repeat | | |
| | end_repeat | | |"""
    instance = begun(written(rows))
    post(instance, {"add:/data/house": ["1"]}, "house")
    post(
        instance, {"add:/data/house[2]/person": ["1"], "/data/house[2]/person[1]/name": ["Lý A Mẫu"]}, "house"
    )
    post(instance, {"/data/house[2]/person[2]/name": ["Lý B Mẫu"]}, "house")
    post(instance, {"remove:/data/house[2]/person[1]": ["1"]}, "house")
    assert instance.get("/data/house[2]/person[1]/name") == "Lý B Mẫu"
    items = questions.page(instance.form, instance, "house", "vi")
    assert items is not None
    starts = [
        (one.path, one.number, one.depth, one.label)
        for one in items.items
        if isinstance(one, RepeatItemStart)
    ]
    assert starts == [
        ("/data/house[1]", 1, 1, "Nhà"),
        ("/data/house[1]/person[1]", 1, 2, "Người"),
        ("/data/house[2]", 2, 1, "Nhà"),
        ("/data/house[2]/person[1]", 1, 2, "Người"),
    ]
    adds = [one.add_name for one in items.items if isinstance(one, RepeatEnd)]
    assert adds == ["add:/data/house[1]/person", "add:/data/house[2]/person", "add:/data/house"]
    opened = sum(isinstance(one, RepeatStart) for one in items.items)
    assert opened == len(adds) and not any(isinstance(one, GroupStart) for one in items.items)


def test_dates_of_which_only_a_part_is_asked_keep_only_that_part() -> None:
    rows = """| | type | name | label | appearance |
| | date | m | M | month-year |
| | date | y | Y | year |"""
    instance = begun(written(rows))
    assert post(instance, {"/data/m": ["09/1988"], "/data/y": ["1988"]}) == ()
    assert (instance.get("/data/m"), instance.get("/data/y")) == ("1988-09-01", "1988-01-01")
    assert post(instance, {"/data/m": ["15/09/1988"], "/data/y": ["15/9/1989"]}) == ()
    assert (instance.get("/data/m"), instance.get("/data/y")) == ("1988-09-01", "1989-01-01")
    found = post(instance, {"/data/m": ["1988"], "/data/y": ["88"]})
    assert [one.key for one in found] == ["forms.not_month", "forms.not_year"]
