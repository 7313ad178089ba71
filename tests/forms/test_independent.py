"""What the engine accepts is what the form's own rules accept: asked by a judge that shares no code."""

from __future__ import annotations

import functools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.forms import author, outline, questions, xform
from hub.forms.instance import Instance
from hub.forms.model import Form, QuestionType
from hub.forms.page import ProblemKind, Question
from tests.forms.independent import faults
from tests.forms.samples import NOW

CHOICES = (
    "| choices |\n| | list_name | name | label | of |\n| | yn | y | Yes | |\n| | yn | n | No | |\n"
    "| | place | p1 | One | y |\n| | place | p2 | Two | y |\n| | place | p3 | Three | n |\n"
    "| | kinds | pig | Pig | |\n| | kinds | hen | Hen | |\n| | kinds | cow | Cow | |\n"
)
HEAD = (
    "| survey |\n| | type | name | label | required | relevant | constraint | calculation | choice_filter "
    "| repeat_count |\n"
)
FORMS = {
    "household": """| | select_one yn | lives | Lives here | yes | | | | | |
| | select_one place | where | Where | ${lives} = 'y' | | | | of = ${lives} | |
| | integer | age | Age | yes | ${lives} = 'y' | . >= 0 and . < 40 | | | |
| | calculate | grown | | | | | if(${age} >= 18, 'yes', 'no') | | |
| | begin_group | adult | Adult | | ${grown} = 'yes' | | | | |
| | text | number | Number | yes | | regex(., '[0-9]{3}') | | | |
| | select_multiple kinds | animals | Animals | | | count-selected(.) < 3 | | | |
| | integer | pigs | Pigs | yes | selected(${animals}, 'pig') | . > 0 | | | |
| | end_group | | | | | | | | |
| | calculate | told | | | | | concat(${where}, '-', ${pigs}, '-', count-selected(${animals})) | | |
""",
    "family": """| | text | name | Name | yes | | string-length(.) > 1 | | | |
| | begin_repeat | child | Child | | ${name} != 'none' | | | | |
| | text | who | Who | yes | | . != ${name} | | | |
| | integer | years | Years | | ${who} != '' | . < 30 | | | |
| | select_one place | goes | Goes | | ${years} > 5 | | | of = 'y' | |
| | calculate | place | | | | | position(..) | | |
| | calculate | next | | | | | if(${years} > 5, ${years} + 1, 0) | | |
| | end_repeat | | | | | | | | |
| | calculate | many | | | | | count(${child}) | | |
| | calculate | young | | | | | sum(${child}/next) | | |
| | text | why | Why so many | yes | ${many} > 2 | | | | |
""",
    "counted": """| | integer | rooms | Rooms | yes | | . >= 0 and . <= 4 | | | |
| | begin_repeat | room | Room | | | | | | ${rooms} |
| | text | use | Use | yes | | | | | |
| | integer | beds | Beds | | ${use} = 'sleep' | . < 9 | | | |
| | begin_repeat | window | Window | | | | | | |
| | integer | wide | Wide | | ${beds} > 0 | . > 10 | | | |
| | calculate | twice | | | | | coalesce(${wide}, 0) * 2 | | |
| | end_repeat | | | | | | | | |
| | calculate | glass | | | | | sum(${twice}) | | |
| | end_repeat | | | | | | | | |
| | text | sleepers | Who sleeps where | yes | count-non-empty(${beds}) > 0 | | | | |
""",
}
TYPED = {
    QuestionType.TEXT: ["", "An", "none", "sleep", "123", "x"],
    QuestionType.INTEGER: ["", "0", "3", "7", "17", "45", "-1"],
    QuestionType.SELECT_ONE: ["", "y", "n", "p1", "p3", "zz"],
    QuestionType.SELECT_MULTIPLE: ["pig", "hen", "cow", "zz"],
}


@functools.cache
def form(name: str) -> tuple[bytes, Form]:
    xml = author.convert((HEAD + FORMS[name] + CHOICES).encode(), "md", name).xml
    return xml, xform.read(xml)


def answered(question: Question, dice: int) -> list[str]:
    offered = TYPED[question.type]
    if question.type is QuestionType.SELECT_MULTIPLE:
        return [one for at, one in enumerate(offered) if dice >> at & 1]
    return [offered[dice % len(offered)]]


def numbered(path: str) -> str:
    """The engine's path with a number on every step."""
    return re.sub(r"(?<=[^\]/])(?=/|$)", "[1]", path)


WRONG = {
    ProblemKind.REQUIRED: "required",
    ProblemKind.CONSTRAINT: "constraint",
    ProblemKind.NOT_A_CHOICE: "choice",
}


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=40, deadline=None)
@given(
    presses=st.lists(
        st.tuples(
            st.integers(0, 50), st.lists(st.integers(0, 1000), min_size=1, max_size=9), st.integers(0, 9)
        ),
        max_size=8,
    )
)
def test_both_judges_say_the_same(name: str, presses: list[tuple[int, list[int], int]]) -> None:
    xml, read = form(name)
    instance = Instance.new(read, now=NOW, instance_id="uuid:1")
    for at, dice, button in presses:
        leaves = outline.leaves(read)
        leaf = leaves[at % len(leaves)]
        page = next((one for one in questions.pages(read, instance, "en") if one.id == leaf.id), None)
        if page is None:
            continue
        drawn = [one for one in page.questions if one.type in TYPED]
        fields = {one.name: answered(one, dice[place % len(dice)] + place) for place, one in enumerate(drawn)}
        fields[questions.ASKED] = [one.name for one in drawn]
        buttons = [
            getattr(item, attribute)
            for item in page.items
            for attribute in ("add_name", "remove_name")
            if getattr(item, attribute, None)
        ]
        if buttons and button < 6:
            fields[buttons[button % len(buttons)]] = ["1"]
        questions.answer(read, instance, leaf.id, fields, now=NOW, lang="en")
    left = questions.check_all(read, instance, "en")
    if any(one.kind is ProblemKind.UNREADABLE for one in left):
        return
    found = faults(xml, instance.submission_xml())
    assert found == {numbered(one.path): WRONG[one.kind] for one in left}


def test_the_second_judge_finds_each_kind_of_fault() -> None:
    xml, read = form("household")
    instance = Instance.new(read, now=NOW, instance_id="uuid:1")
    for path, value in {
        "lives": "y",
        "where": "p1",
        "age": "35",
        "adult/number": "12",
        "adult/animals": "pig",
    }.items():
        instance.set(f"/data/{path}", value)
    instance.recalculate(NOW)
    sent = instance.submission_xml()
    assert faults(xml, sent) == {
        "/data[1]/adult[1]/number[1]": "constraint",
        "/data[1]/adult[1]/pigs[1]": "required",
    }
    changed = sent.replace(b">yes<", b">no<").replace(b">p1<", b">p3<")
    assert faults(xml, changed)["/data[1]/grown[1]"] == "calculate"
    assert faults(xml, changed)["/data[1]/adult[1]"] == "relevant"
    assert faults(xml, changed)["/data[1]/where[1]"] == "choice"
