"""A draft moved to a newer version of its form."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.forms import merge, questions
from hub.forms.instance import Instance
from hub.forms.merge import Lost
from tests.forms import samples
from tests.forms.samples import NOW

OLD = (
    "| | type | name | label | choice_filter |\n| | begin_group | person | Person | |\n"
    "| | text | name | Name | |\n"
    "| | text | years | Years | |\n| | text | nickname | Nickname | |\n| | end_group | | | |\n"
    "| | select_one c | commune | Commune | |\n| | date | day | Day | |\n| | begin_repeat | kid | Kid | |\n"
    "| | text | who | Who | |\n| | end_repeat | | | |\n"
)
NEW = (
    "| | type | name | label | relevant |\n| | begin_group | person | Person | |\n"
    "| | text | name | Name | |\n"
    "| | integer | years | Years | |\n| | text | added | Added | |\n| | end_group | | | |\n"
    "| | select_one c | commune | Commune | |\n| | begin_group | when | When | |\n| | date | day | Day | |\n"
    "| | end_group | | | |\n| | begin_repeat | kid | Kid | |\n"
    "| | text | who | Who | ${name} != '' |\n| | end_repeat | | | |\n"
)
CHOICES = "| | list_name | name | label |\n| | c | lg | Lâm Giang |\n| | c | pl | Púng Luông |\n"
FEWER = "| | list_name | name | label |\n| | c | pl | Púng Luông |\n"


def settings(version: int) -> str:
    return f"| | form_id | version |\n| | moved | {version} |\n"


@pytest.fixture
def draft() -> Instance:
    instance = Instance.new(samples.written(OLD, CHOICES, settings(1)), now=NOW, instance_id="uuid:1")
    for path, value in {
        "person/name": "Lý A Mẫu",
        "person/years": "36",
        "person/nickname": "Mẫu",
        "commune": "lg",
        "day": "1990-05-20",
        "kid[1]/who": "An",
    }.items():
        instance.set(f"/data/{path}", value)
    for name in ("Bình", "Chi"):
        instance.set(instance.add_repeat("/data/kid") + "/who", name)
    instance.recalculate(NOW)
    return instance


def test_a_draft_moves_to_a_newer_version_and_what_found_no_place_is_named(draft: Instance) -> None:
    before = draft.to_xml()
    moved, lost = merge.carry_over(draft, samples.written(NEW, CHOICES, settings(2)))
    assert moved.instance_id == "uuid:1" and moved.form.version == "2"
    assert moved.get("/data/person/name") == "Lý A Mẫu"
    assert moved.get("/data/person/years") == "36"
    assert moved.get("/data/when/day") == "1990-05-20"
    assert [moved.value(node) for node in moved.nodes(("data", "kid", "who"))] == ["An", "Bình", "Chi"]
    assert lost == (Lost("/data/person/nickname", "Nickname", "Mẫu"),)
    assert draft.to_xml() == before


def test_a_value_of_another_kind_is_read_anew_or_kept_as_typed(draft: Instance) -> None:
    draft.set("/data/person/years", "ba mươi sáu")
    moved, lost = merge.carry_over(draft, samples.written(NEW, CHOICES, settings(2)))
    assert moved.typed(moved.node("/data/person/years")) == "ba mươi sáu"
    assert any(one.path == "/data/person/years" for one in questions.check_all(moved.form, moved, "vi"))
    assert [one.value for one in lost] == ["Mẫu"]


def test_a_choice_no_longer_offered_is_named_by_its_label_and_must_be_chosen_again(draft: Instance) -> None:
    moved, lost = merge.carry_over(draft, samples.written(NEW, FEWER, settings(2)))
    assert Lost("/data/commune", "Commune", "Lâm Giang") in lost
    assert any(one.path == "/data/commune" for one in questions.check_all(moved.form, moved, "vi"))


def test_an_answer_that_is_irrelevant_now_still_waits_in_the_moved_draft(draft: Instance) -> None:
    draft.set("/data/person/name", "")
    moved, _ = merge.carry_over(draft, samples.written(NEW, CHOICES, settings(2)))
    assert not moved.is_relevant("/data/kid[2]/who")
    moved.set("/data/person/name", "Lý A Mẫu")
    moved.recalculate(NOW)
    assert moved.get("/data/kid[2]/who") == "Bình"


def test_a_draft_without_repeats_does_not_gain_one(draft: Instance) -> None:
    for _ in range(3):
        draft.remove_repeat("/data/kid[1]")
    moved, _ = merge.carry_over(draft, samples.written(NEW, CHOICES, settings(2)))
    assert moved.nodes(("data", "kid")) == []


def test_what_a_lower_count_has_set_aside_is_named(draft: Instance) -> None:
    household = samples.fresh("household")
    household.set("/data/vehicles", "1")
    household.recalculate(NOW)
    household.set("/data/vehicle[1]/plate", "21-A1 000000")
    household.set("/data/vehicles", "0")
    household.recalculate(NOW)
    _, lost = merge.carry_over(household, samples.form("household"), NOW + timedelta(days=1))
    assert [one.value for one in lost] == ["21-A1 000000"]


def test_the_same_form_carries_everything_over(draft: Instance) -> None:
    moved, lost = merge.carry_over(draft, draft.form)
    assert lost == ()
    assert moved.submission_xml() == draft.submission_xml()
