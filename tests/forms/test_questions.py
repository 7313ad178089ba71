"""What a desk draws, and what happens to what it posts."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.base.errors import HubError, Missing
from hub.forms import markup, questions
from hub.forms.instance import Instance
from hub.forms.model import QuestionType
from hub.forms.page import GroupStart, Page, Problem, ProblemKind, Question, RepeatItemStart, RepeatStart
from tests.forms import samples
from tests.forms.samples import NOW

HEAD = {"/data/head/name": ["Lý A Mẫu"], "/data/head/born_on": ["20/05/1990"], "/data/head/married": ["no"]}


def page(instance: Instance, page_id: str, lang: str = "vi") -> Page:
    return next(one for one in questions.pages(instance.form, instance, lang) if one.id == page_id)


def question(instance: Instance, page_id: str, path: str, lang: str = "vi") -> Question:
    return next(one for one in page(instance, page_id, lang).questions if one.path == path)


def drawn(instance: Instance, page_id: str) -> list[str]:
    return [one.name for one in page(instance, page_id).questions]


def post(
    instance: Instance, page_id: str, fields: dict[str, list[str]], lang: str = "vi"
) -> tuple[Problem, ...]:
    asked = {"asked": drawn(instance, page_id)}
    return questions.answer(instance.form, instance, page_id, {**asked, **fields}, now=NOW, lang=lang)


def test_one_page_a_group_and_ungrouped_neighbours_share_one() -> None:
    instance = samples.fresh("household")
    assert [(one.id, one.title) for one in questions.pages(instance.form, instance, "vi")] == [
        ("q-welcome", ""),
        ("head", "Chủ hộ"),
        ("q-province", ""),
        ("child", "Con"),
        ("q-vehicles", ""),
        ("last", "Cuối cùng"),
    ]


def test_pages_keep_their_ids_when_others_come_and_go() -> None:
    instance = samples.fresh("household")
    instance.set("/data/vehicles", "2")
    instance.recalculate(NOW)
    assert [one.id for one in questions.pages(instance.form, instance, "en")] == [
        "q-welcome",
        "head",
        "q-province",
        "child",
        "q-vehicles",
        "vehicle",
        "last",
    ]


def test_a_question_speaks_the_readers_language_and_names_people() -> None:
    instance = samples.fresh("household")
    instance.set("/data/head/name", "Lý A Mẫu")
    born = question(instance, "head", "/data/head/born_on")
    assert (born.label, born.required, born.read_only) == ("Ngày sinh của Lý A Mẫu", True, False)
    assert question(instance, "head", "/data/head/married", "en").label == "Is Lý A Mẫu married?"
    assert question(instance, "head", "/data/head/name", "en").hint == "With accents"
    assert question(instance, "head", "/data/head/name", "fr").hint == "Viết có dấu"


def test_values_are_shown_as_people_write_them() -> None:
    instance = samples.fresh("household")
    for path, value in {"head/born_on": "1990-05-20", "rice": "2.5", "at": "14:30:00.000"}.items():
        instance.set(f"/data/{path}", value)
    assert question(instance, "head", "/data/head/born_on").value == "20/05/1990"
    assert question(instance, "q-province", "/data/rice").value == "2,5"
    assert question(instance, "q-province", "/data/at").value == "14:30"


def test_a_date_inside_a_label_is_shown_day_first() -> None:
    form = samples.written(
        "| | type | name | label |\n| | date | day | Day |\n| | note | told | On ${day} |\n"
        "| | decimal | kg | ${day} kg |\n"
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    instance.set("/data/day", "1990-05-20")
    assert [one.label for one in questions.pages(form, instance, "en")[0].questions] == [
        "Day",
        "On 20/05/1990",
        "20/05/1990 kg",
    ]


def test_choices_are_filtered_by_what_was_answered() -> None:
    instance = samples.fresh("household")
    assert question(instance, "q-province", "/data/commune").choices == ()
    instance.set("/data/province", "lc")
    instance.set("/data/commune", "yt")
    instance.recalculate(NOW)
    choices = question(instance, "q-province", "/data/commune").choices
    assert [(one.value, one.label, one.selected) for one in choices] == [
        ("lg", "Lâm Giang", False),
        ("yt", "Y Tý", True),
    ]


def test_calculated_questions_and_notes_cannot_be_answered() -> None:
    instance = samples.fresh("household")
    age = question(instance, "head", "/data/head/age")
    assert age.read_only
    post(instance, "head", {**HEAD, "/data/head/age": ["99"]})
    assert instance.get("/data/head/age") == "36"
    assert page(instance, "q-welcome").questions[0].type is QuestionType.NOTE


def test_what_was_typed_beside_the_answer_that_makes_it_read_only_is_kept() -> None:
    form = samples.written(
        "| | type | name | label | read_only |\n"
        "| | select_one yn | done | Done? | |\n"
        "| | text | why | Why | ${done} = 'yes' |\n"
        "| | select_multiple yn | which | Which | ${done} = 'no' |\n",
        "| | list_name | name | label |\n| | yn | yes | Yes |\n| | yn | no | No |\n",
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    post(instance, "q-done", {"/data/done": ["yes"], "/data/why": ["Vì đã đủ giấy"], "/data/which": ["no"]})
    assert instance.get("/data/why") == "Vì đã đủ giấy"
    # It stands there read-only now, and nobody can type over it.
    assert question(instance, "q-done", "/data/why").read_only
    post(instance, "q-done", {"/data/done": ["no"], "/data/why": ["khác"], "/data/which": ["no"]})
    assert instance.get("/data/why") == "Vì đã đủ giấy"
    # Its boxes cannot be ticked, so none of them comes with the answer that opens it again.
    post(instance, "q-done", {"/data/done": ["yes"], "/data/why": ["Vì đã đủ giấy"]})
    assert instance.get("/data/which") == "no"


def test_irrelevant_questions_and_groups_are_absent() -> None:
    instance = samples.fresh("household")
    assert "/data/head/spouse" not in drawn(instance, "head")
    instance.set("/data/head/married", "yes")
    instance.recalculate(NOW)
    assert "/data/head/spouse" in drawn(instance, "head")
    groups = [one for one in page(instance, "head").items if isinstance(one, GroupStart)]
    assert [(one.label, one.path) for one in groups] == [("Giấy tờ", "/data/head/papers")]


def test_a_good_page_has_no_problems_and_is_stored_as_forms_store_it() -> None:
    instance = samples.fresh("household")
    assert post(instance, "head", HEAD) == ()
    assert instance.get("/data/head/born_on") == "1990-05-20"


def test_each_fault_is_told_in_the_readers_language() -> None:
    instance = samples.fresh("household")
    fields = {"/data/head/name": ["L"], "/data/head/born_on": ["1/1/2030"]}
    told = {one.path: one for one in post(instance, "head", fields)}
    assert told["/data/head/name"].text == "Tên ngắn quá"
    assert told["/data/head/born_on"].kind is ProblemKind.CONSTRAINT
    married = told["/data/head/married"]
    assert (married.kind, married.key, married.label) == (
        ProblemKind.REQUIRED,
        "forms.required_choice",
        "L đã kết hôn chưa?",
    )
    in_english = {one.path: one for one in post(instance, "head", fields, lang="en")}
    assert in_english["/data/head/name"].text is None
    assert in_english["/data/head/name"].key == "forms.constraint"


def test_a_constraint_is_not_asked_of_an_empty_answer_but_required_is() -> None:
    instance = samples.fresh("household")
    assert post(instance, "q-province", {"/data/rice": [""], "/data/number": [""]}) == ()
    problems = post(instance, "head", {"/data/head/name": [""]})
    assert {one.path: one.text for one in problems}["/data/head/name"] == "Xin ghi họ tên"


def test_a_wrong_date_is_kept_as_typed_shown_again_and_forgotten_when_mended() -> None:
    instance = samples.fresh("household")
    (problem,) = post(instance, "head", {**HEAD, "/data/head/born_on": ["1990"]})
    assert (problem.kind, problem.key, problem.values) == (
        ProblemKind.UNREADABLE,
        "forms.date_only_year",
        {"year": "1990"},
    )
    resumed = Instance.from_xml(instance.form, instance.to_xml())
    born = question(resumed, "head", "/data/head/born_on")
    assert born.value == "1990" and born.problem is not None
    assert any(one.path == born.path for one in questions.check_all(resumed.form, resumed, "vi"))
    assert post(resumed, "head", HEAD) == ()
    assert question(resumed, "head", "/data/head/born_on").problem is None


def test_a_required_answer_typed_wrongly_is_one_problem_not_two() -> None:
    instance = samples.fresh("household")
    problems = post(instance, "head", {**HEAD, "/data/head/born_on": ["x"]})
    assert [one.kind for one in problems] == [ProblemKind.UNREADABLE]


def test_what_was_not_posted_stays_but_an_unticked_box_is_emptied_only_when_it_was_drawn() -> None:
    instance = samples.fresh("household")
    instance.set("/data/animals", "pig hen")
    instance.set("/data/number", "010199000000")
    questions.answer(instance.form, instance, "q-province", {}, now=NOW, lang="vi")
    assert instance.get("/data/animals") == "pig hen"
    post(instance, "q-province", {})
    assert instance.get("/data/animals") == ""
    assert instance.get("/data/number") == "010199000000"


def test_several_ticks_make_one_list() -> None:
    instance = samples.fresh("household")
    assert post(instance, "q-province", {"/data/animals": ["pig", "hen"]}) == ()
    assert instance.get("/data/animals") == "pig hen"
    (problem,) = post(instance, "q-province", {"/data/animals": ["pig", "none"]})
    assert problem.text == "Đã chọn không có thì không chọn thêm"


def test_a_choice_that_is_not_offered_is_not_accepted() -> None:
    instance = samples.fresh("household")
    problems = post(instance, "q-province", {"/data/province": ["lc"], "/data/commune": ["pl"]})
    assert [(one.path, one.kind) for one in problems] == [("/data/commune", ProblemKind.NOT_A_CHOICE)]
    problems = post(instance, "q-province", {"/data/province": ["yb"], "/data/commune": ["pl"]})
    assert problems == ()


def test_a_question_that_has_just_appeared_is_not_passed_unseen() -> None:
    instance = samples.fresh("household")
    problems = post(instance, "head", {**HEAD, "/data/head/married": ["yes"]})
    assert {one.path: one.kind for one in problems} == {
        "/data/head/spouse": ProblemKind.NEWLY_ASKED,
        "/data/head/papers/certificate": ProblemKind.NEWLY_ASKED,
    }
    again = post(instance, "head", {**HEAD, "/data/head/married": ["yes"]})
    assert [(one.path, one.kind) for one in again] == [("/data/head/spouse", ProblemKind.REQUIRED)]
    assert (
        post(
            instance, "head", {**HEAD, "/data/head/married": ["yes"], "/data/head/spouse": ["Giàng Thị Mẫu"]}
        )
        == ()
    )


def test_without_the_asked_list_nothing_is_newly_asked() -> None:
    instance = samples.fresh("household")
    fields = {**HEAD, "/data/head/married": ["yes"]}
    problems = questions.answer(instance.form, instance, "head", fields, now=NOW, lang="vi")
    assert [one.kind for one in problems] == [ProblemKind.REQUIRED]


def test_an_empty_file_field_leaves_the_file_and_clearing_takes_it_away() -> None:
    instance = samples.fresh("household")
    post(instance, "last", {"/data/last/letter": ["thu.pdf"], "/data/last/agreed": ["1"]})
    post(instance, "last", {"/data/last/letter": [""], "/data/last/agreed": ["1"]})
    assert instance.get("/data/last/letter") == "thu.pdf"
    post(instance, "last", {"clear:/data/last/letter": ["1"], "/data/last/agreed": ["1"]})
    assert instance.get("/data/last/letter") == ""
    assert instance.get("/data/last/agreed") == "OK"
    (problem,) = post(instance, "last", {})
    assert (problem.key, problem.text) == ("forms.required_acknowledge", "Xin đánh dấu")


def test_the_add_button_keeps_what_was_typed_and_adds_one() -> None:
    instance = samples.fresh("household")
    start = next(one for one in page(instance, "child").items if isinstance(one, RepeatStart))
    assert (start.add_name, start.count, start.label) == ("add:/data/child", 1, "Con")
    fields = {"/data/child[1]/child_name": ["An"], "add:/data/child": [""]}
    assert questions.changes_repeats(fields)
    assert post(instance, "child", fields) == ()
    assert instance.get("/data/child[1]/child_name") == "An"
    items = [one for one in page(instance, "child").items if isinstance(one, RepeatItemStart)]
    assert [(one.number, one.remove_name) for one in items] == [
        (1, "remove:/data/child[1]"),
        (2, "remove:/data/child[2]"),
    ]
    assert "/data/child[1]/child_age" in drawn(instance, "child")
    assert "/data/child[2]/child_age" not in drawn(instance, "child")


def test_the_remove_button_takes_that_one_and_keeps_what_was_typed_in_the_others() -> None:
    instance = samples.fresh("household")
    for _ in range(2):
        instance.add_repeat("/data/child")
    fields = {f"/data/child[{n}]/child_name": [name] for n, name in ((1, "An"), (2, "Bình"), (3, "Chi"))}
    post(instance, "child", {**fields, "remove:/data/child[2]": [""]})
    assert [instance.value(one) for one in instance.nodes(("data", "child", "child_name"))] == ["An", "Chi"]
    post(instance, "child", {"remove:/data/child[1]": [""], "remove:/data/child[2]": [""]})
    assert instance.nodes(("data", "child")) == []
    assert any(isinstance(one, RepeatStart) and one.add_name for one in page(instance, "child").items)


def test_a_counted_repeat_offers_no_buttons_and_takes_none() -> None:
    instance = samples.fresh("household")
    instance.set("/data/vehicles", "2")
    instance.recalculate(NOW)
    start = next(one for one in page(instance, "vehicle").items if isinstance(one, RepeatStart))
    assert (start.add_name, start.count) == (None, 2)
    for name in ("add:/data/vehicle", "remove:/data/vehicle[1]", "add:/data/child", "remove:/etc"):
        with pytest.raises(Missing):
            post(instance, "vehicle", {name: [""]})
    assert len(instance.nodes(("data", "vehicle"))) == 2


def test_a_repeat_that_does_not_apply_offers_no_button_even_when_it_is_empty() -> None:
    form = samples.written(
        "| | type | name | label | relevant |\n| | text | has | Any? | |\n"
        "| | begin_repeat | kid | Kid | ${has} = 'yes' |\n| | text | who | Who | |\n| | end_repeat | | | |\n"
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    instance.remove_repeat("/data/kid[1]")
    assert [one.id for one in questions.pages(form, instance, "vi")] == ["q-has"]
    instance.set("/data/has", "yes")
    instance.recalculate(NOW)
    assert [one.id for one in questions.pages(form, instance, "vi")] == ["q-has", "kid"]
    assert instance.nodes(("data", "kid")) == []


def test_fields_of_other_pages_and_strangers_are_ignored() -> None:
    instance = samples.fresh("household")
    fields = {
        "csrf_token": ["x"],
        "/data/head/name": ["Thief"],
        "/data/meta/instanceID": ["uuid:2"],
        "/data": ["x"],
    }
    post(instance, "last", {**fields, "/data/last/agreed": ["1"]})
    assert instance.get("/data/head/name") == ""
    assert instance.instance_id.startswith("uuid:0000")


def test_a_page_the_form_has_not_is_missing() -> None:
    instance = samples.fresh("household")
    with pytest.raises(Missing):
        questions.answer(instance.form, instance, "nowhere", {}, now=NOW, lang="vi")


def test_an_hour_with_seconds_posted_unchanged_stays_what_it_was() -> None:
    instance = samples.fresh("household")
    instance.set("/data/at", "14:30:25.000")
    post(instance, "q-province", {"/data/at": ["14:30"]})
    assert instance.get("/data/at") == "14:30:25.000"


def test_check_all_names_the_page_of_each_problem() -> None:
    instance = samples.fresh("household")
    instance.set("/data/rice", "-1")
    instance.recalculate(NOW)
    found = [(one.page_id, one.path) for one in questions.check_all(instance.form, instance, "vi")]
    assert found == [
        ("head", "/data/head/name"),
        ("head", "/data/head/born_on"),
        ("head", "/data/head/married"),
        ("q-province", "/data/rice"),
        ("child", "/data/child[1]/child_name"),
        ("last", "/data/last/agreed"),
    ]


def test_problems_are_drawn_beside_their_questions() -> None:
    instance = samples.fresh("household")
    problems = post(instance, "head", {})
    shown = questions.pages(instance.form, instance, "vi", problems)[1]
    assert [one.path for one in shown.questions if one.problem] == [one.path for one in problems]
    assert len(problems) == 3


FIELDS = st.dictionaries(
    st.sampled_from(
        [
            *[
                "/data/head/name",
                "/data/head/born_on",
                "/data/head/married",
                "/data/head/spouse",
                "/data/rice",
            ],
            *[
                "/data/at",
                "/data/animals",
                "/data/province",
                "/data/commune",
                "/data/number",
                "/data/vehicles",
            ],
            *[
                "/data/child[1]/child_name",
                "/data/child[1]/child_age",
                "/data/child[2]/child_name",
                "add:/data/child",
            ],
            *["remove:/data/child[1]", "/data/last/letter", "/data/last/remark", "asked", "junk"],
        ]
    ),
    st.lists(st.text(max_size=12) | st.sampled_from(["yes", "lc", "lg", "1/2/1990", "3", "pig"]), max_size=3),
    max_size=8,
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["head", "q-province", "child", "q-vehicles", "last"]), FIELDS), max_size=4
    )
)
def test_whatever_is_posted_the_pages_can_be_drawn_and_nothing_typed_is_lost(
    posts: list[tuple[str, dict[str, list[str]]]],
) -> None:
    instance = samples.fresh("household")
    for page_id, fields in posts:
        try:
            questions.answer(instance.form, instance, page_id, fields, now=NOW, lang="vi")
        except HubError:
            pass
        remark = fields.get("/data/last/remark")
        if page_id == "last" and remark:
            assert instance.get("/data/last/remark") == markup.clean(remark[0]).strip()
        born = fields.get("/data/head/born_on")
        if page_id == "head" and born and markup.clean(born[0]).strip():
            node = instance.node("/data/head/born_on")
            assert instance.value(node) or instance.typed(node) == markup.clean(born[0])
        instance = Instance.from_xml(instance.form, instance.to_xml())
        questions.pages(instance.form, instance, "vi")
        questions.check_all(instance.form, instance, "en")
    instance.recalculate(NOW + timedelta(days=1))


def test_one_form_serves_many_threads_each_with_its_own_instance() -> None:
    form = samples.form("household")
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            for turn in range(15):
                instance = samples.fresh("household")
                name = f"Người {number}-{turn}"
                fields = {**HEAD, "/data/head/name": [name]}
                questions.answer(form, instance, "head", fields, now=NOW, lang="vi")
                instance = Instance.from_xml(form, instance.to_xml())
                if question(instance, "head", "/data/head/married", "en").label != f"Is {name} married?":
                    wrong.append(name)
        except Exception as error:  # a thread's own failure must fail the test
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert not wrong
