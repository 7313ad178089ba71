"""Repeats inside repeats inside repeats: each keeps to its own, and a draft holds them all."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.forms import xform
from hub.forms.instance import Instance
from hub.forms.model import Form
from tests.forms import samples
from tests.forms.samples import NOW

SURVEY = """| | type | name | label | repeat_count | relevant | calculation | default | trigger |
| | text | village | Village | | | | | |
| | begin_repeat | house | House | | | | | |
| | text | owner | Owner | | | | Chủ hộ | |
| | integer | rooms | Rooms | | | | | |
| | calculate | place | | | | position(..) | | |
| | begin_repeat | room | Room | ${rooms} | | | | |
| | text | use | Use | | | | | |
| | calculate | where | | | | concat(${village}, '/', ${owner}, '/', position(..)) | | |
| | begin_group | inside | Inside | | | | | |
| | begin_repeat | thing | Thing | | | | | |
| | text | what | What | | | | | |
| | integer | worth | Worth | | | | | |
| | dateTime | noted | Noted | | | | now() | |
| | calculate | path | | | | concat(position(../../../..), '.', position(../../..), '.', position(..)) | | |
| | calculate | seen | | | | concat(${use}, ':', ${what}) | | ${what} |
| | text | more | More | | ${worth} > 100 | | | |
| | end_repeat | | | | | | | |
| | end_group | | | | | | | |
| | calculate | room_worth | | | | sum(${worth}[. != '']) | | |
| | end_repeat | | | | | | | |
| | calculate | house_worth | | | | sum(${room_worth}[. != '']) | | |
| | calculate | things | | | | count(${thing}) | | |
| | end_repeat | | | | | | | |
| | calculate | all_worth | | | | sum(${house_worth}[. != '']) | | |
| | calculate | second | | | | indexed-repeat(${what}, ${house}, 2, ${room}, 1, ${thing}, 2) | | |
"""
HOUSE = "/data/house"


@functools.cache
def form() -> Form:
    return samples.written(SURVEY)


def built() -> Instance:
    instance = Instance.new(form(), now=NOW, instance_id="uuid:1")
    instance.set("/data/village", "Mẫu")
    instance.add_repeat(HOUSE)
    for house, rooms in ((1, 1), (2, 2)):
        instance.set(f"{HOUSE}[{house}]/rooms", str(rooms))
        instance.recalculate(NOW)
        for room in range(1, rooms + 1):
            here = f"{HOUSE}[{house}]/room[{room}]"
            instance.set(f"{here}/use", f"use{house}{room}")
            instance.add_repeat(f"{here}/inside/thing")
            for thing in (1, 2):
                instance.set(f"{here}/inside/thing[{thing}]/what", f"w{house}{room}{thing}")
                instance.set(f"{here}/inside/thing[{thing}]/worth", str(house * 100 + room * 10 + thing))
    instance.recalculate(NOW)
    return instance


def all_of(instance: Instance, *names: str) -> list[str]:
    return [instance.value(node) for node in instance.nodes(("data", *names))]


def test_three_levels_count_add_and_number_their_own() -> None:
    instance = built()
    deepest = ("house", "room", "inside", "thing")
    assert all_of(instance, *deepest, "what") == ["w111", "w112", "w211", "w212", "w221", "w222"]
    assert all_of(instance, *deepest, "path") == ["1.1.1", "1.1.2", "2.1.1", "2.1.2", "2.2.1", "2.2.2"]
    assert all_of(instance, "house", "room", "where") == ["Mẫu/Chủ hộ/1", "Mẫu/Chủ hộ/1", "Mẫu/Chủ hộ/2"]
    assert all_of(instance, "house", "room", "room_worth") == ["223", "423", "443"]
    assert all_of(instance, "house", "house_worth") == ["223", "866"]
    assert all_of(instance, "house", "things") == ["2", "4"]
    assert (instance.get("/data/all_worth"), instance.get("/data/second")) == ("1089", "w212")


def test_a_dynamic_default_and_a_trigger_work_in_the_innermost_repeat() -> None:
    instance = built()
    deepest = ("house", "room", "inside", "thing")
    assert set(all_of(instance, *deepest, "noted")) == {"2026-11-21T08:30:00.000+07:00"}
    assert all_of(instance, *deepest, "seen") == [
        "use11:w111",
        "use11:w112",
        "use21:w211",
        "use21:w212",
        "use22:w221",
        "use22:w222",
    ]


def test_an_answer_hides_only_the_question_beside_it() -> None:
    instance = built()
    instance.set(f"{HOUSE}[1]/room[1]/inside/thing[1]/worth", "7")
    instance.recalculate(NOW)
    shown = [
        instance.relevant(node)
        for node in instance.nodes(("data", "house", "room", "inside", "thing", "more"))
    ]
    assert shown == [False, True, True, True, True, True]


def test_removing_an_inner_repeat_leaves_all_others_as_they_were() -> None:
    instance = built()
    instance.remove_repeat(f"{HOUSE}[2]/room[1]/inside/thing[1]")
    assert all_of(instance, "house", "room", "inside", "thing", "what") == [
        "w111",
        "w112",
        "w212",
        "w221",
        "w222",
    ]
    assert all_of(instance, "house", "room", "inside", "thing", "path") == [
        "1.1.1",
        "1.1.2",
        "2.1.1",
        "2.2.1",
        "2.2.2",
    ]
    assert (instance.get("/data/all_worth"), instance.get("/data/second")) == ("878", "")
    instance.remove_repeat(f"{HOUSE}[1]")
    assert all_of(instance, "house", "place") == ["1"]
    assert all_of(instance, "house", "room", "inside", "thing", "path") == ["1.1.1", "1.2.1", "1.2.2"]
    assert instance.get("/data/all_worth") == "655"


def test_a_lower_inner_count_is_undone_with_all_that_was_in_it() -> None:
    instance = built()
    before = instance.submission_xml()
    instance.set(f"{HOUSE}[2]/rooms", "0")
    instance.recalculate(NOW)
    assert all_of(instance, "house", "things") == ["2", "0"]
    instance = Instance.from_xml(form(), instance.to_xml())
    instance.set(f"{HOUSE}[2]/rooms", "2")
    instance.recalculate(NOW)
    assert instance.submission_xml() == before


def test_a_new_outer_repeat_begins_with_one_of_each_inner_one_in_its_place() -> None:
    nested = samples.raw(
        '<group><repeat nodeset="/data/a"><group><repeat nodeset="/data/a/g/b">'
        '<group><repeat nodeset="/data/a/g/b/c"/></group></repeat></group></repeat></group>',
        data="<a><x/><g><b><y/><c><z/></c><w/></b><v/></g></a>",
    )
    instance = Instance.new(xform.read(nested), now=NOW, instance_id="uuid:1")
    instance.add_repeat("/data/a")
    first, second = instance.nodes(("data", "a"))
    assert [node.tag for node in first.iter()] == [node.tag for node in second.iter()]
    assert instance.add_repeat("/data/a[2]/g/b") == "/data/a[2]/g/b[2]"
    assert [node.tag for node in instance.node("/data/a[2]/g").iter()] == list("gb") + list("yczw") + list(
        "byczwv"
    )


def test_a_chain_of_triggers_runs_to_its_end_and_a_circle_of_them_ends() -> None:
    def put(question: str, target: str, value: str) -> str:
        return (
            f'<input ref="/data/{question}"><setvalue ref="/data/{target}" event="xforms-value-changed"'
            f' value="{value}"/></input>'
        )

    chain = put("a", "b", "concat(/data/a, 'b')") + put("b", "c", "concat(/data/b, 'c')")
    instance = Instance.new(
        xform.read(samples.raw(chain, data="<a/><b/><c/>")), now=NOW, instance_id="uuid:1"
    )
    instance.set("/data/a", "x")
    instance.recalculate(NOW)
    assert instance.get("/data/c") == "xbc"
    circle = put("a", "b", "/data/a + 1") + put("b", "a", "/data/b + 1")
    instance = Instance.new(xform.read(samples.raw(circle, data="<a/><b/>")), now=NOW, instance_id="uuid:1")
    instance.set("/data/a", "1")
    instance.recalculate(NOW)
    assert int(instance.get("/data/a")) < 100


@pytest.mark.parametrize("path", ["/data/house[3]", "/data/house[1]/room[9]/inside/thing", "/data/village"])
def test_a_repeat_that_is_not_there_cannot_be_removed(path: str) -> None:
    from hub.base.errors import Missing

    with pytest.raises(Missing):
        built().remove_repeat(path)


PRESSES = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "rooms", "worth", "resume"]), st.integers(0, 99)), max_size=12
)


@settings(max_examples=60, deadline=None)
@given(PRESSES)
def test_whatever_is_pressed_a_draft_saved_loaded_and_saved_again_is_the_same(
    presses: list[tuple[str, int]],
) -> None:
    instance = built()
    for press, number in presses:
        things = [
            instance.path(node) for node in instance.nodes(("data", "house", "room", "inside", "thing"))
        ]
        houses = [instance.path(node) for node in instance.nodes(("data", "house"))]
        if press == "add" and things:
            instance.add_repeat(things[number % len(things)].rpartition("[")[0])
        elif press == "add":
            instance.add_repeat(HOUSE)
        elif press == "remove" and things + houses:
            instance.remove_repeat((things + houses)[number % len(things + houses)])
        elif press == "rooms" and houses:
            instance.set(f"{houses[number % len(houses)]}/rooms", str(number % 4))
        elif press == "worth" and things:
            instance.set(f"{things[number % len(things)]}/worth", str(number * 7))
        elif press == "resume":
            instance = Instance.from_xml(form(), instance.to_xml())
        instance.recalculate(NOW)
        saved = instance.to_xml()
        loaded = Instance.from_xml(form(), saved)
        assert loaded.to_xml() == saved
        loaded.recalculate(NOW)
        assert loaded.to_xml() == saved
        sent = instance.submission_xml()
        assert Instance.from_xml(form(), sent, NOW).submission_xml() == sent == loaded.submission_xml()
