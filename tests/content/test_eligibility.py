"""The questions "is this for me?": every way through them ends, and every answer can be reached."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from datetime import date

import pytest

from hub.trades.procedures import eligibility, holding, reader
from hub.trades.procedures.eligibility import (
    UNSURE,
    Between,
    Eligibility,
    Question,
    QuestionKind,
    Result,
    Verdict,
    questions_in,
)
from tests.content import pack
from tests.content.test_procedures import SHELF
from tests.content.walker import SLUGS

TODAY = date(2026, 11, 22)
MOST_WAYS = 60_000
MOST_QUESTIONS = 8

each = pytest.mark.parametrize("slug", SLUGS)


@functools.cache
def asked(slug: str) -> Eligibility:
    found = reader.eligibility(SHELF, slug)
    assert found is not None
    return found


@functools.cache
def values(slug: str) -> Mapping[str, int | None]:
    today = holding.on_day(reader.get(SHELF, slug), TODAY)
    return {figure.id: figure.value for figure in today.figures}


def edges(slug: str, question: Question) -> set[int]:
    """Give every age or number at which a condition on this question turns."""
    found: set[int] = set()
    for outcome in asked(slug).outcomes:
        for part in questions_in(outcome.when) if outcome.when else ():
            if isinstance(part, Between) and part.question == question.id:
                for bound in (part.least, part.below):
                    if bound is not None:
                        value = bound.value if bound.figure is None else values(slug).get(bound.figure)
                        assert value is not None, (outcome.id, bound.figure)
                        found.add(value)
    return found


def candidates(slug: str, question: Question) -> list[str]:
    """Give answers on both sides of every edge, every choice, and "not sure"."""
    turns = edges(slug, question)
    if question.kind is QuestionKind.BORN:
        # Had the birthday today, has it tomorrow, and only the year known.
        days = [TODAY.replace(year=TODAY.year - age).isoformat() for age in turns]
        days += [TODAY.replace(year=TODAY.year - age, day=TODAY.day + 1).isoformat() for age in turns]
        return [*days, *(str(TODAY.year - age) for age in turns), UNSURE]
    if question.kind is QuestionKind.NUMBER:
        return [*(str(n) for edge in turns for n in (edge - 1, edge) if n >= 0), UNSURE]
    return [*question.ids, UNSURE]


def ways(slug: str, answers: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], Result]]:
    """Give every way through the questions, with what comes out."""
    step = eligibility.decide(asked(slug), answers, today=TODAY, figures=values(slug))
    if isinstance(step, Result):
        yield answers, step
        return
    assert step.id not in answers, "the same is asked twice"
    for answer in candidates(slug, step):
        yield from ways(slug, {**answers, step.id: answer})


@functools.cache
def ends(slug: str) -> tuple[tuple[Mapping[str, str], Result], ...]:
    found = []
    for number, way in enumerate(ways(slug, {})):
        assert number < MOST_WAYS, "too many questions for a person who waits"
        found.append(way)
    return tuple(found)


@each
def test_there_are_few_questions_and_each_is_used(slug: str) -> None:
    told = asked(slug)
    assert 1 <= len(told.questions) <= MOST_QUESTIONS
    used = {p.question for o in told.outcomes if o.when for p in questions_in(o.when)}
    assert used == {question.id for question in told.questions}


@each
def test_every_way_through_the_questions_comes_to_an_answer(slug: str) -> None:
    for answers, result in ends(slug):
        assert result.outcome is not None or result.verdict is Verdict.ASK, answers
        assert result.possible, answers


@each
def test_every_answer_can_be_reached(slug: str) -> None:
    reached = {result.outcome.id for _, result in ends(slug) if result.outcome is not None}
    assert {outcome.id for outcome in asked(slug).outcomes} - reached == set()


@each
def test_who_does_not_know_anything_is_sent_to_ask(slug: str) -> None:
    nothing = {question.id: UNSURE for question in asked(slug).questions}
    result = eligibility.decide(asked(slug), nothing, today=TODAY, figures=values(slug))
    assert isinstance(result, Result) and result.verdict is Verdict.ASK


@each
def test_whoever_is_sent_to_ask_hears_whom_or_what_to_do_now(slug: str) -> None:
    for outcome in asked(slug).outcomes:
        if outcome.verdict is Verdict.ASK and outcome.next is None:
            assert "hỏi" in outcome.said.vi.lower() and "ask" in outcome.said.en.lower(), outcome.id


@each
def test_an_unverified_answer_says_whom_to_ask(slug: str) -> None:
    for outcome in asked(slug).outcomes:
        if outcome.status == "unverified":
            told = [outcome.said, *([outcome.next] if outcome.next else [])]
            assert any("hỏi" in words.vi.lower() for words in told), outcome.id
            assert any("ask" in words.en.lower() for words in told), outcome.id


def test_the_edges_of_a_childs_age_decide_as_the_law_does() -> None:
    slug = "lien-thong-khai-sinh"
    rest = {"da-khai-sinh": "khong", "la-gi": "cha-me", "vneid": "co", "dac-biet": "khong"}
    told = {}
    for born in ("2020-11-22", "2020-11-23", "2020", "2021", "2019"):
        result = eligibility.decide(
            asked(slug), {"ngay-sinh": born, **rest}, today=TODAY, figures=values(slug)
        )
        assert isinstance(result, Result)
        told[born] = result.outcome.id if result.outcome else result.verdict.value
    assert told == {
        "2020-11-22": "qua-tuoi",
        "2020-11-23": "duoc",
        "2020": "hoi",
        "2021": "duoc",
        "2019": "qua-tuoi",
    }


@pytest.mark.parametrize(
    ("who", "book", "notice", "group"),
    [
        ("ho-ca-nhan", "khong", "khong", "nhom-a"),
        ("nuoc-ngoai", "khong", "khong", "nhom-b"),
        ("ho-ca-nhan", "khong", "co", "nhom-c"),
        ("nuoc-ngoai", "khong", "co", "nhom-c"),
        ("ho-ca-nhan", "co", "khong", "da-co-so"),
        ("to-chuc", "khong", "khong", "to-chuc"),
    ],
)
def test_the_three_groups_of_land_shut_one_another_out(who: str, book: str, notice: str, group: str) -> None:
    slug = "dat-dai-lan-dau"
    answers = {"tinh": "co", "to-chuc": who, "so-do": book, "thong-bao": notice, "tranh-chap": "khong"}
    result = eligibility.decide(asked(slug), answers, today=TODAY, figures=values(slug))
    assert isinstance(result, Result) and result.outcome is not None
    assert result.outcome.id == group


def test_words_of_the_questions_stand_in_both_languages() -> None:
    for slug in SLUGS:
        for question in asked(slug).questions:
            for words in (question.ask, *(choice.words for choice in question.choices)):
                assert all(words.said(lang).strip() for lang in pack.LANGUAGES), (slug, question.id)
            assert question.ask.vi.endswith("?") and question.ask.en.endswith("?"), (slug, question.id)
