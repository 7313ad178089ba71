"""The form for a home visit: in both languages, nothing of a person asked, and filled in to its end."""

from __future__ import annotations

import csv
import functools
import io
import re
from datetime import datetime

import pytest
from lxml import etree

from hub.forms import author, handout, markup, questions, xform
from hub.forms.instance import Instance
from hub.forms.model import Form, QuestionType
from hub.forms.page import Problem, ProblemKind
from hub.trades.volunteers import lists
from tests.content import pack, walker
from tests.content.test_procedure_forms import LANGS, XF
from tests.content.test_procedures import CREDENTIAL, IDENTITY

FOLDER = pack.ROOT / "visits" / "household_visit"
TODAY = datetime(2026, 11, 22, 9, tzinfo=walker.VILLAGE)
COMMON = {"dong_y": "co", "ho": "mau", "viec": "dien_thoai doc_giay"}


@functools.cache
def media() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FOLDER.glob("*.csv")}


@functools.cache
def converted() -> author.Authored:
    return author.convert((FOLDER / "form.md").read_bytes(), "md", FOLDER.name, media())


@functools.cache
def form() -> Form:
    return xform.read(converted().xml, media())


def filled(answers: dict[str, str], lang: str) -> tuple[Instance, list[Problem]]:
    """Answer page after page, as far as that goes; what was asked, and what was not right."""
    instance = Instance.new(form(), now=TODAY, instance_id=walker.INSTANCE_ID)
    done: set[str] = set()
    for _ in range(40):
        page = next((one for one in questions.pages(form(), instance, lang) if one.id not in done), None)
        if page is None:
            return instance, []
        fields: dict[str, list[str]] = {questions.ASKED: [one.name for one in page.questions]}
        for one in page.questions:
            told = answers.get(one.path.rpartition("/")[2], one.value or "")
            fields[one.name] = told.split() if one.type is QuestionType.SELECT_MULTIPLE else [told]
        found = questions.answer(form(), instance, page.id, fields, now=TODAY, lang=lang)
        wrong = [one for one in found if one.kind is not ProblemKind.NEWLY_ASKED]
        if wrong:
            return instance, wrong
        if not found:
            done.add(page.id)
    raise AssertionError("the form never comes to an end")


def test_the_form_says_who_it_is_and_converts_without_a_warning() -> None:
    assert converted().warnings == ()
    assert form().form_id == FOLDER.name and re.fullmatch(r"20\d{8}", form().version)
    assert form().default_language == LANGS[0] and set(form().languages) == set(LANGS)
    # Sealed to the key that the House has; an address would lead a telephone past it.
    assert not form().public_key and b"<submission" not in converted().xml


def test_every_text_stands_in_both_languages_and_each_in_its_own() -> None:
    texts: dict[str, dict[str, str]] = {}
    for part in markup.parse(converted().xml).iter(f"{XF}translation"):
        for text in part.iter(f"{XF}text"):
            value = etree.tostring(text, method="text", encoding="unicode").strip()
            texts.setdefault(part.get("lang", ""), {})[text.get("id", "")] = value
    assert set(texts) == set(LANGS) and set(texts[LANGS[0]]) == set(texts[LANGS[1]])
    for name, told in texts[LANGS[0]].items():
        assert told not in ("", "-") and texts[LANGS[1]][name] not in ("", "-", told), name


def test_it_reads_the_list_that_volunteers_are_given() -> None:
    assert handout.read(converted().xml).wants == {lists.FILE}
    header, *rows = csv.reader(io.StringIO(media()[lists.FILE].decode("utf-8")))
    assert tuple(header) == lists.COLUMNS and len(rows) == 1 and "để tập" in rows[0][1]


def test_nothing_of_a_person_is_asked_and_no_money() -> None:
    for path, question in form().questions.items():
        label = " ".join(str(part) for parts in question.label.texts.values() for part in parts)
        assert not CREDENTIAL.search(label + " " + path[-1]), path
        assert not IDENTITY.search(label + " " + path[-1]), path
        assert not re.search(
            r"họ tên|ngày sinh|điện thoại số|lệ phí|\bphí\b|name of|birth|\bfee", label.lower()
        ), path
    files = [path[-1] for path, question in form().questions.items() if question.type.is_file]
    assert files == ["anh"] and not form().binds[("data", "anh")].required


def test_what_can_be_wrong_has_its_own_words() -> None:
    for bind in markup.parse(converted().xml).iter(f"{XF}bind"):
        keys = {etree.QName(key).localname for key in bind.attrib}
        assert ("required" in keys) == ("requiredMsg" in keys), bind.get("nodeset")
        assert ("constraint" in keys) == ("constraintMsg" in keys), bind.get("nodeset")


@pytest.mark.parametrize("lang", pack.LANGUAGES)
def test_it_is_filled_in_to_its_end_with_a_house_of_the_list_and_without(lang: str) -> None:
    told, wrong = filled(COMMON, lang)
    assert not wrong and told.get("/data/ho") == "mau" and told.get("/data/viec") == "dien_thoai doc_giay"
    assert told.get("/data/ngay") == "2026-11-22"
    other = {**COMMON, "ho": "", "nha_khac": "Nhà đầu xóm Mẫu", "viec": "khac", "viec_khac": "Sửa đài"}
    told, wrong = filled({**other, "ghi_chu": "Tuần sau\nghé lại"}, lang)
    assert not wrong and told.get("/data/nha_khac") == "Nhà đầu xóm Mẫu"
    assert told.get("/data/ghi_chu") == "Tuần sau\nghé lại"


@pytest.mark.parametrize(
    ("answers", "path"),
    [
        ({"dong_y": "khong"}, "/data/dong_y"),
        ({"ngay": "23/11/2026"}, "/data/ngay"),
        ({"ho": ""}, "/data/nha_khac"),
        ({"ho": "", "nha_khac": "nhà 015082000000"}, "/data/nha_khac"),
        ({"viec": ""}, "/data/viec"),
        ({"viec": "khac"}, "/data/viec_khac"),
        ({"ghi_chu": "gọi lại\n0912 000 000"}, "/data/ghi_chu"),
        ({"ghi_chu": "căn cước 015-082-000-000"}, "/data/ghi_chu"),
    ],
)
def test_no_visit_without_consent_and_no_number_of_a_paper(answers: dict[str, str], path: str) -> None:
    _, wrong = filled({**COMMON, **answers}, "vi")
    assert [one.path for one in wrong] == [path] and wrong[0].text
