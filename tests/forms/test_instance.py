"""Answers kept, hidden, brought back, counted and written out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.base.errors import Missing, Refused
from hub.forms import markup
from hub.forms.instance import Instance
from tests.forms import samples
from tests.forms.samples import NOW


def canonical(xml: bytes) -> bytes:
    return etree.tostring(etree.fromstring(xml), method="c14n")


def again(instance: Instance) -> Instance:
    return Instance.from_xml(instance.form, instance.to_xml())


def answered() -> Instance:
    instance = samples.fresh("household")
    for path, value in {
        "/data/head/name": "Lý A Mẫu",
        "/data/head/born_on": "1990-05-20",
        "/data/head/married": "yes",
        "/data/head/spouse": "Giàng Thị Mẫu",
        "/data/head/papers/certificate": "ket-hon.jpg",
        "/data/province": "lc",
        "/data/commune": "lg",
    }.items():
        instance.set(path, value)
    instance.recalculate(NOW)
    return instance


def test_a_new_instance_carries_its_metadata_and_defaults() -> None:
    instance = Instance.new(
        samples.form("household"), now=NOW, instance_id="uuid:1", properties={"deviceid": "house-0001"}
    )
    assert instance.instance_id == "uuid:1"
    assert instance.get("/data/started") == "2026-11-21T08:30:00.000+07:00"
    assert instance.get("/data/day") == "2026-11-21"
    assert instance.get("/data/device") == "house-0001"
    assert instance.get("/data/source") == "house"
    assert instance.get("/data/ended") == ""


def test_the_end_is_written_when_the_instance_is_finished() -> None:
    instance = answered()
    instance.finish(NOW + timedelta(minutes=12))
    assert instance.get("/data/ended") == "2026-11-21T08:42:00.000+07:00"
    assert instance.get("/data/started") == "2026-11-21T08:30:00.000+07:00"


def test_calculations_follow_the_answers() -> None:
    instance = answered()
    assert instance.get("/data/head/age") == "36"
    assert instance.get("/data/commune_name") == "Lâm Giang"
    assert instance.instance_name == "Hộ Lý A Mẫu"


def test_a_calculated_uuid_stays_the_same_however_often_it_is_settled() -> None:
    instance = answered()
    first = instance.get("/data/ticket")
    instance.recalculate(NOW + timedelta(days=1))
    assert len(first) == 36
    assert again(instance).get("/data/ticket") == instance.get("/data/ticket") == first


def test_a_question_changed_sets_off_what_waits_for_it_once() -> None:
    instance = samples.fresh("household")
    assert instance.get("/data/chosen_at") == ""
    instance.set("/data/commune", "lg")
    instance.recalculate(NOW)
    instance.recalculate(NOW + timedelta(hours=1))
    assert instance.get("/data/chosen_at") == "2026-11-21T08:30:00.000+07:00"
    instance.set("/data/commune", "yt")
    instance.recalculate(NOW + timedelta(hours=2))
    assert instance.get("/data/chosen_at") == "2026-11-21T10:30:00.000+07:00"


def test_an_irrelevant_answer_is_not_sent_and_comes_back() -> None:
    instance = answered()
    instance.set("/data/head/married", "no")
    instance.recalculate(NOW)
    assert not instance.is_relevant("/data/head/spouse")
    assert not instance.is_relevant("/data/head/papers/certificate")
    sent = instance.submission_xml().decode()
    assert "spouse" not in sent and "papers" not in sent and "ket-hon" not in sent
    resumed = again(instance)
    assert resumed.get("/data/head/spouse") == "Giàng Thị Mẫu"
    resumed.set("/data/head/married", "yes")
    resumed.recalculate(NOW)
    assert "<spouse>Giàng Thị Mẫu</spouse>" in resumed.submission_xml().decode()


def test_an_irrelevant_answer_is_empty_for_every_expression() -> None:
    form = samples.written(
        "| | type | name | label | relevant | calculation |\n| | text | a | A | | |\n"
        "| | text | b | B | ${a} = 'yes' | |\n| | text | c | C | ${b} != '' | |\n"
        "| | calculate | d | | | concat(${b}, '!') |\n"
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    for name, value in {"a": "yes", "b": "here", "c": "deep"}.items():
        instance.set(f"/data/{name}", value)
    instance.recalculate(NOW)
    assert (instance.is_relevant("/data/c"), instance.get("/data/d")) == (True, "here!")
    instance.set("/data/a", "no")
    instance.recalculate(NOW)
    assert (instance.is_relevant("/data/c"), instance.get("/data/d")) == (False, "!")
    assert (instance.get("/data/b"), instance.get("/data/c")) == ("here", "deep")


def test_attachments_are_those_of_relevant_questions() -> None:
    instance = answered()
    instance.set("/data/last/letter", "thu.pdf")
    assert instance.attachments() == ("ket-hon.jpg", "thu.pdf")
    instance.set("/data/head/married", "no")
    instance.recalculate(NOW)
    assert instance.attachments() == ("thu.pdf",)
    assert instance.attachments(all_kept=True) == ("ket-hon.jpg", "thu.pdf")


def test_repeats_are_added_numbered_and_removed() -> None:
    instance = samples.fresh("household")
    instance.set("/data/child[1]/child_name", "An")
    assert instance.add_repeat("/data/child") == "/data/child[2]"
    instance.set("/data/child[2]/child_name", "Bình")
    instance.set("/data/child[2]/child_age", "7")
    instance.recalculate(NOW)
    assert instance.get("/data/child[2]/place") == "2"
    assert (instance.get("/data/children_years"), instance.get("/data/first_child")) == ("", "An")
    instance.remove_repeat("/data/child[1]")
    instance.recalculate(NOW)
    assert instance.get("/data/child[1]/child_name") == "Bình"
    assert instance.get("/data/child[1]/place") == "1"
    assert (instance.get("/data/children_years"), instance.get("/data/first_child")) == ("7", "Bình")


def test_the_last_repeat_can_go_and_a_new_one_finds_its_place() -> None:
    instance = samples.fresh("household")
    instance.remove_repeat("/data/child[1]")
    resumed = again(instance)
    with pytest.raises(Missing):
        resumed.get("/data/child[1]/child_name")
    assert resumed.add_repeat("/data/child") == "/data/child[1]"
    names = [str(node.tag) for node in resumed.root]
    assert names.index("number") + 1 == names.index("child") == names.index("vehicles") - 1


def test_a_lower_count_hides_repeats_and_a_higher_one_brings_them_back() -> None:
    instance = samples.fresh("household")
    instance.set("/data/vehicles", "3")
    instance.recalculate(NOW)
    for number in (1, 2, 3):
        instance.set(f"/data/vehicle[{number}]/plate", f"21-A{number} 000000")
    instance.set("/data/vehicles", "1")
    instance.recalculate(NOW)
    assert instance.submission_xml().count(b"<plate>") == 1
    resumed = again(again(instance))
    resumed.set("/data/vehicles", "2")
    resumed.recalculate(NOW)
    resumed.set("/data/vehicles", "3")
    resumed.recalculate(NOW)
    assert [resumed.get(f"/data/vehicle[{number}]/plate") for number in (1, 2, 3)] == [
        "21-A1 000000",
        "21-A2 000000",
        "21-A3 000000",
    ]


def test_a_repeat_inside_a_repeat_keeps_to_its_own_family() -> None:
    instance = samples.fresh("nested")
    instance.set("/data/family/family_name", "Lý")
    instance.set("/data/family/members", "2")
    second = instance.add_repeat("/data/family")
    instance.set(f"{second}/family_name", "Giàng")
    instance.set(f"{second}/members", "1")
    instance.recalculate(NOW)
    for path, value in {
        "family[1]/member[1]": "3",
        "family[1]/member[2]": "4",
        "family[2]/member[1]": "5",
    }.items():
        instance.set(f"/data/{path}/years", value)
        instance.set(f"/data/{path}/given", f"N{value}")
    instance.recalculate(NOW)
    assert [instance.get(f"/data/family[{n}]/total") for n in (1, 2)] == ["7", "5"]
    assert instance.get("/data/family[2]/member[1]/whole") == "Giàng N5"
    instance.set("/data/family[1]/members", "0")
    instance.recalculate(NOW)
    resumed = again(instance)
    resumed.set("/data/family[1]/members", "2")
    resumed.recalculate(NOW)
    assert resumed.get("/data/family[1]/member[2]/whole") == "Lý N4"
    assert resumed.get("/data/everyone") == "3"


def test_a_count_that_is_no_number_or_far_too_high_stays_bounded() -> None:
    instance = samples.fresh("household")
    instance.set("/data/vehicles", "100000000")
    instance.recalculate(NOW)
    assert len(instance.nodes(("data", "vehicle"))) == 1000
    instance.set("/data/vehicles", "many")
    instance.recalculate(NOW)
    assert instance.nodes(("data", "vehicle")) == []


@pytest.mark.parametrize(
    "path", ["", "/", "/data/nobody", "/data/child[9]/child_name", "/other/head", "/data/../x", "[1]"]
)
def test_a_path_that_leads_nowhere_is_missing(path: str) -> None:
    with pytest.raises(Missing):
        samples.fresh("household").get(path)


def test_a_group_cannot_be_answered() -> None:
    with pytest.raises(Refused) as caught:
        samples.fresh("household").set("/data/head", "x")
    assert caught.value.key == "forms.not_a_question"


def test_nul_and_control_characters_never_reach_the_instance() -> None:
    instance = samples.fresh("household")
    instance.set("/data/head/name", "Lý\x00 A\x1b Ma\u0302\u0303u")
    assert instance.get("/data/head/name") == "Lý A Mẫu"
    markup.parse(instance.submission_xml())


def test_a_text_nobody_understood_stays_in_the_draft_and_stops_the_sending() -> None:
    instance = answered()
    instance.put_typed(instance.node("/data/head/born_on"), "mùa lúa năm Ngọ")
    instance.recalculate(NOW)
    assert instance.get("/data/head/age") == ""
    resumed = again(instance)
    assert resumed.typed(resumed.node("/data/head/born_on")) == "mùa lúa năm Ngọ"
    with pytest.raises(Refused) as caught:
        resumed.submission_xml()
    assert caught.value.key == "forms.unreadable_left"
    resumed.set("/data/head/born_on", "1990-05-20")
    assert b"house" not in resumed.submission_xml().replace(b"household", b"").replace(b">house<", b"")


def test_what_is_unknown_in_an_instance_is_kept_untouched() -> None:
    form = samples.form("household")
    sent = answered().submission_xml().decode()
    sent = sent.replace("<head>", '<head xmlns:x="urn:x" x:by="guide"><extra kind="1">kept</extra>')
    instance = Instance.from_xml(form, sent.encode())
    head = etree.fromstring(instance.submission_xml()).find("head")
    assert head is not None and head.get("{urn:x}by") == "guide"
    assert (head.findtext("extra"), head.find("extra").get("kind")) == ("kept", "1")


def test_a_submission_taken_up_again_has_every_question_of_the_form() -> None:
    instance = answered()
    instance.set("/data/head/married", "no")
    instance.recalculate(NOW)
    seen = Instance.from_xml(instance.form, instance.submission_xml(), now=NOW)
    assert seen.get("/data/head/spouse") == ""
    assert canonical(seen.submission_xml()) == canonical(instance.submission_xml())


def test_a_draft_of_another_form_or_version_is_refused() -> None:
    instance = answered()
    with pytest.raises(Refused) as caught:
        Instance.from_xml(samples.form("nested"), instance.to_xml())
    assert caught.value.key == "forms.other_form"
    newer = instance.to_xml().replace(b"2026112101", b"2026112202")
    with pytest.raises(Refused) as caught:
        Instance.from_xml(instance.form, newer)
    assert caught.value.key == "forms.other_version"
    assert caught.value.values == {"expected": "2026112101", "found": "2026112202"}


def test_two_answers_to_one_question_are_refused() -> None:
    doubled = answered().submission_xml().replace(b"<meta>", b"<province>yb</province><meta>")
    with pytest.raises(Refused) as caught:
        Instance.from_xml(samples.form("household"), doubled, now=NOW)
    assert (caught.value.key, caught.value.values) == ("forms.answered_twice", {"path": "/data/province"})


def test_a_broken_draft_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        Instance.from_xml(samples.form("household"), answered().to_xml()[:-20])
    assert caught.value.key == "forms.broken_xml"


ANY_TEXT = st.text(max_size=60)


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_TEXT, min_size=3, max_size=3))
def test_any_text_survives_draft_and_submission(texts: list[str]) -> None:
    instance = samples.fresh("household")
    paths = ("/data/head/name", "/data/last/remark", "/data/child[1]/child_name")
    for path, text in zip(paths, texts, strict=True):
        instance.set(path, text)
    instance.recalculate(NOW)
    resumed = again(instance)
    received = Instance.from_xml(instance.form, resumed.submission_xml(), now=NOW)
    for path, text in zip(paths, texts, strict=True):
        assert resumed.get(path) == received.get(path) == markup.clean(text)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("married"), st.sampled_from(["yes", "no", ""])),
        st.tuples(st.just("spouse"), ANY_TEXT),
        st.tuples(st.just("vehicles"), st.sampled_from(["0", "1", "2", "4", "x", ""])),
        st.tuples(st.just("plate"), ANY_TEXT),
        st.tuples(st.just("add"), st.just("")),
        st.tuples(st.just("remove"), st.just("")),
        st.tuples(st.just("child"), ANY_TEXT),
        st.tuples(st.just("resume"), st.just("")),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_is_done_nothing_answered_is_lost(steps: list[tuple[str, str]]) -> None:
    """Drives an instance beside a plain list of what should be in it."""
    instance = samples.fresh("household")
    spouse, plates, children = "", [""] * 9, [""]
    count = 0
    for step, text in steps:
        if step == "married":
            instance.set("/data/head/married", text)
        elif step == "spouse":
            instance.set("/data/head/spouse", text)
            spouse = markup.clean(text)
        elif step == "vehicles":
            instance.set("/data/vehicles", text)
            count = int(text) if text.isdecimal() else 0
        elif step == "plate" and count:
            instance.set(f"/data/vehicle[{count}]/plate", text)
            plates[count] = markup.clean(text)
        elif step == "add":
            instance.add_repeat("/data/child")
            children.append("")
        elif step == "remove" and children:
            instance.remove_repeat(f"/data/child[{len(children)}]")
            children.pop()
        elif step == "child" and children:
            instance.set(f"/data/child[{len(children)}]/child_name", text)
            children[-1] = markup.clean(text)
        elif step == "resume":
            instance = again(instance)
        instance.recalculate(NOW)
        assert len(instance.nodes(("data", "vehicle"))) == count
    instance = again(instance)
    instance.set("/data/head/married", "yes")
    instance.set("/data/vehicles", "4")
    instance.recalculate(NOW)
    assert instance.get("/data/head/spouse") == spouse and instance.is_relevant("/data/head/spouse")
    assert [instance.get(f"/data/vehicle[{n}]/plate") for n in (1, 2, 3, 4)] == plates[1:5]
    assert [instance.value(node) for node in instance.nodes(("data", "child", "child_name"))] == children
    markup.parse(instance.submission_xml())


def test_a_draft_that_could_not_be_taken_up_again_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = samples.fresh("household")
    whole = instance.to_xml()
    monkeypatch.setattr(markup, "MAX_BYTES", len(whole))
    assert Instance.from_xml(instance.form, instance.to_xml()).to_xml() == whole
    instance.set("/data/head/name", "Nguyễn Thị Mẫu")
    with pytest.raises(Refused) as bad:
        instance.to_xml()
    assert bad.value.key == "forms.draft_too_big"
