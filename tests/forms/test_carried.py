"""What a form carries beside its questions: entities, metadata that stays empty, shuffled choices."""

from __future__ import annotations

import functools
import threading

import pytest
from lxml import etree

from hub.base.errors import Refused
from hub.forms import author, shuffle, xform
from hub.forms.instance import Instance
from hub.forms.markup import Element
from hub.forms.model import Form
from tests.forms import samples
from tests.forms.samples import NOW

PEOPLE = b"name,label,__version,__trunkVersion,__branchId\np1,L\xc3\xbd A M\xe1\xba\xabu,4,3,b7\n"


@functools.cache
def entities(repeated: bool) -> Form:
    if repeated:
        told = (
            "| survey |\n| | type | name | label | save_to |\n| | begin_repeat | tree | Tree | |\n"
            "| | text | kind | Kind | species |\n| | begin_group | g | G | |\n"
            "| | integer | high | High | height |\n"
            "| | end_group | | | |\n| | end_repeat | | | |\n"
            "| entities |\n| | list_name | label | create_if |\n| | trees | ${kind} | ${high} > 2 |\n"
        )
    else:
        told = (
            "| survey |\n| | type | name | label | save_to |\n"
            "| | select_one_from_file people.csv | person | Who | |\n"
            "| | text | name | Name | full_name |\n"
            "| entities |\n| | list_name | label | create_if | update_if | entity_id |\n"
            "| | people | ${name} | ${person} = '' | ${person} != '' | ${person} |\n"
        )
    from pyxform import xls2xform

    made = xls2xform.convert(told.encode(), file_type=".md").xform.replace('id="data"', 'id="carried"')
    return xform.read(made.encode(), {"people.csv": PEOPLE})


def entity(sent: bytes) -> list[Element]:
    return list(etree.fromstring(sent).iter("{*}entity"))


def test_an_entity_is_created_or_updated_as_its_conditions_say() -> None:
    instance = Instance.new(entities(False), now=NOW, instance_id="uuid:1")
    instance.set("/data/name", "Lý A Mẫu")
    instance.recalculate(NOW)
    (held,) = entity(instance.submission_xml())
    assert (held.get("dataset"), held.get("create"), held.get("update")) == ("people", "true", "false")
    assert held.findtext("{*}label") == "Lý A Mẫu"
    instance.set("/data/person", "p1")
    instance = Instance.from_xml(instance.form, instance.to_xml())
    instance.recalculate(NOW)
    (held,) = entity(instance.submission_xml())
    assert (held.get("create"), held.get("update"), held.get("id")) == ("false", "true", "p1")
    assert [held.get(name) for name in ("baseVersion", "trunkVersion", "branchId")] == ["4", "3", "b7"]


def test_each_repeat_carries_an_entity_of_its_own_with_an_id_that_stays() -> None:
    instance = Instance.new(entities(True), now=NOW, instance_id="uuid:1")
    instance.add_repeat("/data/tree")
    for number, (kind, high) in enumerate([("xoan", "1"), ("thông", "9")], start=1):
        instance.set(f"/data/tree[{number}]/kind", kind)
        instance.set(f"/data/tree[{number}]/g/high", high)
    instance.recalculate(NOW)
    held = entity(instance.submission_xml())
    assert [(one.get("create"), one.findtext("{*}label")) for one in held] == [
        ("false", "xoan"),
        ("true", "thông"),
    ]
    ids = [one.get("id") or "" for one in held]
    assert len(set(ids)) == 2 and all(len(one) == 36 for one in ids)
    saved = instance.to_xml()
    again = Instance.from_xml(instance.form, saved)
    again.recalculate_all(NOW)
    assert again.to_xml() == saved


def test_what_a_tablet_cannot_record_by_itself_stays_empty_and_the_author_is_told() -> None:
    told = (
        "| survey |\n| | type | name | label | parameters |\n| | start-geopoint | place | | |\n"
        "| | background-audio | sound | | |\n| | audit | audit | | |\n| | text | a | A | |\n"
    )
    form = xform.read(author.convert(told.encode(), "md", "carried").xml)
    assert {note.key for note in form.notes} == {
        "forms.note_setgeopoint",
        "forms.note_recordaudio",
        "forms.note_audit",
    }
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    instance.finish(NOW)
    sent = etree.fromstring(instance.submission_xml())
    assert [sent.findtext(f".//{name}") for name in ("place", "sound", "audit")] == ["", "", ""]


def test_a_seed_gives_the_order_collect_gives() -> None:
    assert "".join(shuffle.shuffled("ABCDEF", 42)) == "AFCBDE"
    assert "".join(shuffle.shuffled("ABCDEF", 1)) == "BFEACD"
    assert shuffle.shuffled("", 1) == [] and shuffle.shuffled("A", 7) == ["A"]
    assert shuffle.seed_of("42") == shuffle.seed_of(42.9) == 42
    assert shuffle.seed_of("") == 0 and shuffle.seed_of("một") == shuffle.hashed("một") != 0


def shuffled_form(parameters: str) -> Form:
    choices = "| | list_name | name | label |\n" + "".join(f"| | l | c{n} | C{n} |\n" for n in range(12))
    return samples.written(
        "| | type | name | label | parameters |\n| | integer | s | S | |\n"
        f"| | select_one l | a | A | {parameters} |\n| | select_one l | b | B | {parameters} |\n",
        choices,
    )


def order(instance: Instance, name: str) -> list[str]:
    choices = instance.form.questions[("data", name)].choices
    assert choices is not None
    return [
        value for value, _ in choices.listed(instance.form, instance.scope(instance.node(f"/data/{name}")))
    ]


def test_shuffled_choices_keep_their_order_when_a_page_is_drawn_again() -> None:
    form = shuffled_form("randomize=true")
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    first = order(instance, "a")
    assert first == order(Instance.from_xml(form, instance.to_xml()), "a")
    assert sorted(first) == sorted(f"c{n}" for n in range(12))
    others = [order(Instance.new(form, now=NOW, instance_id=f"uuid:{n}"), "a") for n in range(2, 6)]
    assert any(other != first for other in others) and order(instance, "b") != first


def test_a_seed_may_be_an_answer() -> None:
    instance = Instance.new(shuffled_form("randomize=true, seed=${s}"), now=NOW, instance_id="uuid:1")
    instance.set("/data/s", "42")
    instance.recalculate(NOW)
    assert order(instance, "a") == order(instance, "b") == shuffle.shuffled([f"c{n}" for n in range(12)], 42)
    instance.set("/data/s", "43")
    instance.recalculate(NOW)
    assert order(instance, "a") == shuffle.shuffled([f"c{n}" for n in range(12)], 43)


def test_what_the_house_is_asked_of_itself_is_kept_once_it_is_known() -> None:
    form = xform.read(samples.raw(model='<bind nodeset="/data/a" calculate="property(\'deviceid\')"/>'))
    instance = Instance.new(form, now=NOW, instance_id="uuid:1", properties={"deviceid": "house-1"})
    assert instance.get("/data/a") == "house-1"
    again = Instance.from_xml(form, instance.to_xml())
    again.recalculate(NOW)
    assert again.get("/data/a") == "house-1"


@pytest.mark.parametrize(("lang", "told"), [("vi", "CN 22 thg 11"), ("en", "Sun 22 Nov")])
def test_a_date_in_a_label_is_written_in_the_readers_language(lang: str, told: str) -> None:
    form = samples.written(
        "| | type | name | label::Tiếng Việt (vi) | label::English (en) | calculation |\n"
        "| | calculate | day | | | format-date('2026-11-22', '%a %e %b') |\n"
        "| | calculate | choice | | | jr:choice-name('x', '/data/day') |\n| | note | n | Ngày | Day | |\n"
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    assert instance.get("/data/day") == "CN 22 thg 11" and instance.get("/data/choice") == ""
    from hub.forms.expressions import Expression
    from hub.forms.rewrite import Place

    shown = Expression("format-date('2026-11-22', '%a %e %b')", Place(("data", "n"), set(), set()), {})
    assert shown.text(instance.scope(instance.node("/data/n"), lang)) == told


def test_the_label_of_a_choice_is_told_anew_when_what_it_is_filtered_by_changes() -> None:
    form = samples.written(
        "| | type | name | label | choice_filter | calculation |\n| | text | where | Where | | |\n"
        "| | select_one l | a | A | in = ${where} | |\n"
        "| | calculate | told | | | jr:choice-name(${a}, '${a}') |\n",
        "| | list_name | name | label | in |\n| | l | x | X here | here |\n| | l | y | Y there | there |\n",
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    instance.set("/data/where", "here")
    instance.set("/data/a", "x")
    instance.recalculate(NOW)
    assert instance.get("/data/told") == "X here"
    instance.set("/data/where", "there")
    instance.recalculate(NOW)
    assert instance.get("/data/told") == ""


def test_a_translated_label_may_look_at_what_is_made_of_a_choices_label() -> None:
    form = samples.written(
        "| | type | name | label::Tiếng Việt (vi) | label::English (en) | calculation |\n"
        "| | text | who | Ai | Who | |\n| | select_one l | a | A | A | |\n"
        "| | calculate | told | | | jr:choice-name(${a}, '${a}') |\n"
        "| | calculate | loud | | | concat(${told}, '!') |\n| | note | n | Là ${loud} | It is ${loud} | |\n",
        "| | list_name | name | label::Tiếng Việt (vi) | label::English (en) |\n"
        "| | l | x | Của ${who} | Of ${who} |\n",
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    instance.set("/data/a", "x")
    instance.set("/data/who", "An")
    instance.recalculate(NOW)
    assert (instance.get("/data/told"), instance.get("/data/loud")) == ("Của An", "Của An!")
    instance.set("/data/who", "Bình")
    instance.recalculate(NOW)
    assert instance.get("/data/loud") == "Của Bình!"


def test_one_form_serves_many_drafts_in_many_threads() -> None:
    form = entities(False)
    told: list[bytes] = []

    def work(number: int) -> None:
        for _ in range(20):
            instance = Instance.new(form, now=NOW, instance_id=f"uuid:{number}")
            instance.set("/data/person", "p1")
            instance.set("/data/name", f"Lý {number} Mẫu")
            instance.recalculate(NOW)
            again = Instance.from_xml(form, instance.to_xml(), NOW, recalculating=True)
            (held,) = entity(again.submission_xml())
            if (held.get("baseVersion"), held.findtext("{*}label")) != ("4", f"Lý {number} Mẫu"):
                told.append(again.submission_xml())

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert not told


def test_search_is_refused_by_its_name() -> None:
    with pytest.raises(Refused) as caught:
        xform.read(samples.raw('<select1 ref="/data/a" appearance="search(\'x\')"/>'))
    assert caught.value.values["function"] == "search"
