"""The forms of all procedures: in both languages, nothing forbidden asked, and filled to the very end."""

from __future__ import annotations

import dataclasses
import functools
import re
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from hub.forms import markup, outline, questions
from hub.forms.instance import Instance
from hub.forms.model import QuestionType, RepeatNode
from tests.content import pack, walker
from tests.content.test_procedures import CREDENTIAL, IDENTITY, procedure
from tests.content.walker import SLUGS, Walk, Walked

XF = "{http://www.w3.org/2002/xforms}"
LANGS = ("Tiếng Việt (vi)", "English (en)")
UNTYPED = (QuestionType.NOTE, QuestionType.ACKNOWLEDGE)
WALKS = [one for slug in SLUGS for one in walker.walks(slug)]

each = pytest.mark.parametrize("slug", SLUGS)


@functools.cache
def walked(one: Walk, lang: str) -> Walked:
    return walker.walk(one, lang)


def path_of(names: tuple[str, ...]) -> str:
    return "/" + "/".join(names)


def said(slug: str) -> dict[str, dict[str, str]]:
    """Give every text of a form by language and id, as the converted XML has it."""
    found: dict[str, dict[str, str]] = {}
    for part in markup.parse(walker.converted(slug).xml).iter(f"{XF}translation"):
        texts = found.setdefault(part.get("lang", ""), {})
        for text in part.iter(f"{XF}text"):
            for value in text.iter(f"{XF}value"):
                if value.get("form") is None:
                    texts[text.get("id", "")] = etree.tostring(
                        value, method="text", encoding="unicode"
                    ).strip()
    return found


# ------------------------------------------------------------------ the form


@each
def test_the_form_converts_without_a_warning(slug: str) -> None:
    assert walker.converted(slug).warnings == ()


@each
def test_the_form_says_who_it_is(slug: str) -> None:
    form = walker.form(slug)
    assert form.form_id == procedure(slug)["form_id"] == slug.replace("-", "_")
    assert re.fullmatch(r"20\d{8}", form.version)
    assert form.default_language == LANGS[0] and set(form.languages) == set(LANGS)
    assert form.style == "pages" and form.template.tag.endswith("data")


@each
def test_every_text_of_the_form_stands_in_both_languages(slug: str) -> None:
    texts = said(slug)
    assert set(texts) == set(LANGS)
    assert set(texts[LANGS[0]]) == set(texts[LANGS[1]])
    for lang in LANGS:
        empty = [name for name, text in texts[lang].items() if text in ("", "-")]
        assert not empty, (lang, empty)


@each
def test_no_sentence_was_left_untranslated(slug: str) -> None:
    texts = said(slug)
    same = [
        text
        for name, text in texts[LANGS[0]].items()
        if texts[LANGS[1]][name] == text and len(text.split()) > 3 and not re.search(r"\$|dan_toc", name)
    ]
    assert not same


@each
def test_every_question_that_can_be_wrong_has_its_own_words(slug: str) -> None:
    for bind in markup.parse(walker.converted(slug).xml).iter(f"{XF}bind"):
        keys = {etree.QName(key).localname for key in bind.attrib}
        assert ("required" in keys) == ("requiredMsg" in keys), bind.get("nodeset")
        assert ("constraint" in keys) == ("constraintMsg" in keys), bind.get("nodeset")


@each
def test_the_conversation_has_few_pages_and_ends_with_reading_back_and_a_promise(slug: str) -> None:
    leaves = outline.leaves(walker.form(slug))
    assert 3 <= len(leaves) <= 11
    assert all(
        leaf.group is not None or isinstance(leaf.nodes[0], RepeatNode) for leaf in leaves
    ), "a question stands outside every page"
    last = leaves[-1]
    assert last.id == "cam_ket"
    types = [q.type for path, q in walker.form(slug).questions.items() if path[:2] == ("data", "cam_ket")]
    assert types[0] is QuestionType.NOTE and QuestionType.ACKNOWLEDGE in types


# ------------------------------------------------------------------ what is never asked


@each
def test_no_password_code_or_pin_is_ever_asked(slug: str) -> None:
    for path, question in walker.form(slug).questions.items():
        if question.type in UNTYPED:
            continue
        label = " ".join(str(part) for parts in question.label.texts.values() for part in parts)
        # "The password is forgotten" may be ticked as a reason; a field to type one into may not exist.
        assert not CREDENTIAL.search(label + " " + path[-1]), path_of(path)


@each
def test_no_photo_of_an_identity_document_is_ever_asked(slug: str) -> None:
    for path, question in walker.form(slug).questions.items():
        if question.type.is_file:
            label = " ".join(str(part) for parts in question.label.texts.values() for part in parts)
            assert not IDENTITY.search(label + " " + path[-1]), path_of(path)


@each
def test_nobodys_birthday_or_ethnic_group_is_made_up(slug: str) -> None:
    assert "01-01" not in (walker.PROCEDURES / slug / "form.md").read_text("utf-8")
    form = walker.form(slug)
    today = walker.walks(slug)[0].today
    blank = Instance.new(form, now=today, instance_id=walker.INSTANCE_ID)
    for path, question in form.questions.items():
        if question.type is QuestionType.DATE or path[-1].startswith(("dan_toc", "quoc_tich", "gioi_tinh")):
            assert [blank.value(node) for node in blank.nodes(path)] in ([], [""]), path_of(path)


@each
def test_a_number_that_looks_like_an_id_has_nine_or_twelve_digits(slug: str) -> None:
    form = walker.form(slug)
    for path in form.questions:
        if path[-1].endswith("so_dinh_danh"):
            bind = form.binds[path]
            assert bind.constraint is not None and "[0-9]{12}" in bind.constraint.source, path_of(path)


# ------------------------------------------------------------------ walked to the end


@each
def test_a_common_and_a_rare_way_are_written_down(slug: str) -> None:
    names = [one.name for one in walker.walks(slug)]
    assert len(names) == len(set(names)) >= 2


@pytest.mark.parametrize("lang", pack.LANGUAGES)
@pytest.mark.parametrize("one", WALKS, ids=str)
def test_a_walk_comes_out_whole_without_a_problem(one: Walk, lang: str) -> None:
    instance = walked(one, lang).instance
    instance.finish(one.today)
    assert questions.check_all(instance.form, instance, lang) == ()
    for path, value in one.expect.items():
        assert instance.get(path) == value, path
    assert instance.instance_name.strip(" :")
    assert markup.parse(instance.submission_xml()).tag.endswith("data")
    assert len(instance.attachments()) == len(one.files)


@pytest.mark.parametrize("days", [1, 3 * 365])
@pytest.mark.parametrize("one", WALKS, ids=str)
def test_a_walk_still_holds_later(one: Walk, days: int) -> None:
    # In the browser the walks are led against the real clock: an agreed day that has passed is refused there.
    walker.walk(dataclasses.replace(one, today=one.today + timedelta(days=days)))


@pytest.mark.parametrize("one", WALKS, ids=str)
def test_both_languages_lead_to_the_same_answers(one: Walk) -> None:
    drawn = [
        [(s.page_id, s.pressed, [t.name for t in s.typed]) for s in walked(one, x).steps]
        for x in pack.LANGUAGES
    ]
    assert drawn[0] == drawn[1]
    vi, en = (walked(one, lang).instance for lang in pack.LANGUAGES)
    assert all(vi.get(path) == en.get(path) for path in one.answers)


@pytest.mark.parametrize("one", WALKS, ids=str)
def test_a_walk_names_nobody_real(one: Walk) -> None:
    for path, value in one.answers.items():
        for digits in re.findall(r"(?<!\d)0\d{8,11}(?!\d)", value):
            assert digits.endswith("000000"), (path, digits)


@each
def test_the_walks_together_meet_every_required_question(slug: str) -> None:
    form = walker.form(slug)
    met = {
        tuple(re.sub(r"\[\d+\]", "", typed.name).strip("/").split("/"))
        for one in walker.walks(slug)
        for step in walked(one, "vi").steps
        for typed in step.typed
    }
    required = {
        path for path in form.questions if (bind := form.binds.get(path)) is not None and bind.required
    }
    assert {path_of(path) for path in required - met} == set()


@each
def test_the_read_back_names_somebody_or_something_that_was_typed(slug: str) -> None:
    one = walker.walks(slug)[0]
    instance = walked(one, "vi").instance
    last = questions.pages(instance.form, instance, "vi")[-1]
    names = {
        value for path, value in one.answers.items() if path.rsplit("/", 1)[-1].startswith(("ho_ten", "ten"))
    }
    assert any(name in last.questions[0].label for name in names), last.questions[0].label


def test_a_wrong_answer_stops_a_walk() -> None:
    good = walker.walks("lien-thong-khai-sinh")[0]
    bad: dict[str, Any] = {**good.answers, "/data/me/so_dinh_danh": "12"}
    with pytest.raises(AssertionError, match="so_dinh_danh"):
        walker.walk(Walk(good.slug, "bad", good.today, "vi", bad, good.repeats, good.files))


def test_an_answer_that_is_never_asked_for_stops_a_walk() -> None:
    good = walker.walks("lien-thong-khai-sinh")[0]
    spare: dict[str, Any] = {**good.answers, "/data/cha/ly_do": "khac"}
    with pytest.raises(AssertionError, match="never asked"):
        walker.walk(Walk(good.slug, "spare", good.today, "vi", spare, good.repeats, good.files))
