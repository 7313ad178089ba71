"""Lessons: worth a villager's time, with quizzes that the lesson itself answers."""

from __future__ import annotations

import re

import pytest

from tests.content import pack

LESSONS = pack.pages("lessons")
TRACKS = {t["id"]: t for t in pack.toml("lessons/tracks.toml")["track"]}


def ids(page: pack.Page) -> str:
    return f"{page.slug}.{page.lang}"


def test_there_are_at_least_six_lessons_and_each_track_has_one() -> None:
    assert len(LESSONS) >= 12
    assert {p.path.parent.name for p in LESSONS} == set(TRACKS)


def test_orders_are_unique_in_a_track_and_among_tracks() -> None:
    assert len({t["order"] for t in TRACKS.values()}) == len(TRACKS)
    places = [(p.path.parent.name, p.lang, p.front["order"]) for p in LESSONS]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("page", LESSONS, ids=ids)
def test_a_lesson_says_how_long_it_takes(page: pack.Page) -> None:
    assert 5 <= page.front["minutes"] <= 15


@pytest.mark.parametrize("page", LESSONS, ids=ids)
def test_quiz_answers_point_at_one_of_distinct_choices(page: pack.Page) -> None:
    quiz = page.front["quiz"]
    assert 3 <= len(quiz) <= 5
    for item in quiz:
        assert set(item) == {"question", "choices", "answer", "why"}
        assert len(item["choices"]) == len(set(item["choices"])) == 3
        assert 0 <= item["answer"] < len(item["choices"])
        assert item["question"].endswith(("?", ".")) and item["why"].endswith(".")


@pytest.mark.parametrize("page", LESSONS, ids=ids)
def test_a_reader_who_always_takes_one_place_does_not_pass(page: pack.Page) -> None:
    answers = [q["answer"] for q in page.front["quiz"]]
    assert len(set(answers)) > 1, answers


@pytest.mark.parametrize("page", LESSONS, ids=ids)
def test_every_question_is_about_something_the_lesson_says(page: pack.Page) -> None:
    words = set(re.findall(r"\w+", (page.front["summary"] + " " + page.body).lower()))
    for item in page.front["quiz"]:
        right = [w for w in re.findall(r"\w+", (item["choices"][item["answer"]] + " " + item["why"]).lower())]
        known = sum(w in words for w in right) / len(right)
        assert known >= 0.5, (item["question"], known, [w for w in right if w not in words])


@pytest.mark.parametrize("page", [p for p in LESSONS if p.lang == "vi"], ids=ids)
def test_steps_are_numbered_from_one_without_a_gap(page: pack.Page) -> None:
    for heading, text in page.sections:
        numbers = [int(n) for n in re.findall(r"^(\d+)\. ", text, re.M)]
        assert numbers == list(range(1, len(numbers) + 1)), heading


def test_the_shelf_teaches_steps_somewhere_in_every_lesson() -> None:
    for page in LESSONS:
        assert re.search(r"^3\. ", page.body, re.M), page.slug
