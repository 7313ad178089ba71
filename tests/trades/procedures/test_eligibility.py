"""Questions come to one answer: the first that holds, never against what is true, and never without one."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base.errors import Refused
from hub.trades.procedures import eligibility
from hub.trades.procedures.eligibility import (
    NO,
    UNSURE,
    YES,
    All,
    Between,
    Bound,
    Choice,
    Condition,
    Eligibility,
    Is,
    Not,
    Outcome,
    Question,
    QuestionKind,
    Result,
    Some,
    Verdict,
)
from hub.trades.procedures.model import Status, Words

TODAY = dt.date(2026, 11, 21)


def _words(text: str) -> Words:
    return Words(text, text)


def _question(id: str, kind: QuestionKind, *choices: str) -> Question:
    return Question(id, kind, _words(id), None, tuple(Choice(one, _words(one)) for one in choices))


def _outcome(id: str, verdict: Verdict, when: Condition | None) -> Outcome:
    return Outcome(id, verdict, when, _words(id), None, (), ("P: mẫu",), Status.ADVICE)


BORN = _question("born", QuestionKind.BORN)
PENSION = _question("pension", QuestionKind.YES_NO)
POOR = _question("poor", QuestionKind.CHOICE, "poor", "near", "none")
_FREE = Is("pension", (NO,))
PENSIONS = Eligibility(
    _words("?"),
    (BORN, PENSION, POOR),
    (
        _outcome("from-75", Verdict.YES, All((Between("born", Bound(figure="full"), None, True), _FREE))),
        _outcome(
            "from-70",
            Verdict.YES,
            All((Between("born", Bound(70), Bound(75), True), _FREE, Is("poor", ("poor", "near")))),
        ),
        _outcome("no", Verdict.NO, None),
    ),
)
FIGURES = {"full": 75}


def _decide(
    answers: dict[str, str], today: dt.date = TODAY, asked: Eligibility = PENSIONS
) -> Question | Result:
    return eligibility.decide(asked, answers, today=today, figures=FIGURES)


def _result(answers: dict[str, str], today: dt.date = TODAY) -> Result:
    found = _decide(answers, today)
    assert isinstance(found, Result), found
    return found


def test_only_what_still_matters_is_asked() -> None:
    assert _decide({}) == BORN
    assert _decide({"born": "1950-01-01"}) == PENSION
    assert _decide({"born": "1955-01-01", "pension": NO}) == POOR
    over_75 = _result({"born": "1950-01-01", "pension": NO})
    assert (over_75.verdict, over_75.outcome) == (Verdict.YES, PENSIONS.outcomes[0])
    young = _result({"born": "1990-01-01"})
    assert (young.verdict, young.possible) == (Verdict.NO, ("no",))


@pytest.mark.parametrize(
    ("born", "outcome"),
    [
        ("1951-11-21", "from-75"),
        ("1951-11-22", "from-70"),
        ("1956-11-21", "from-70"),
        ("1956-11-22", "no"),
    ],
)
def test_a_birthday_today_counts_and_one_tomorrow_does_not(born: str, outcome: str) -> None:
    found = _result({"born": born, "pension": NO, "poor": "near"})
    assert found.outcome is not None and found.outcome.id == outcome


def test_seventy_alone_is_not_enough() -> None:
    assert _result({"born": "1956-01-01", "pension": NO, "poor": "none"}).verdict is Verdict.NO


@pytest.mark.parametrize(
    ("today", "ages"),
    [
        (dt.date(2027, 2, 27), (74, 74)),
        (dt.date(2027, 2, 28), (74, 75)),
        (dt.date(2027, 3, 1), (75, 75)),
        (dt.date(2028, 2, 28), (75, 75)),
        (dt.date(2028, 2, 29), (76, 76)),
    ],
)
def test_born_on_29_february_has_two_readings_on_28_february_of_a_common_year(
    today: dt.date, ages: tuple[int, int]
) -> None:
    assert eligibility.ages("1952-02-29", today) == ages


def test_where_the_two_readings_differ_the_commune_is_asked() -> None:
    answers = {"born": "1952-02-29", "pension": NO, "poor": "none"}
    assert _result(answers, dt.date(2027, 2, 27)).verdict is Verdict.NO
    doubtful = _result(answers, dt.date(2027, 2, 28))
    assert (doubtful.verdict, doubtful.outcome, doubtful.unsure) == (Verdict.ASK, None, (BORN,))
    assert _result(answers, dt.date(2027, 3, 1)).verdict is Verdict.YES


def test_where_both_readings_agree_the_answer_stands() -> None:
    answers = {"born": "1952-02-29", "pension": NO, "poor": "poor"}
    found = _decide(answers, dt.date(2027, 2, 28))
    assert isinstance(found, Result) and found.verdict is Verdict.ASK
    # 70 by either reading and poor: only which sentence is open where it is 75 or 74.
    assert _result(answers, dt.date(2022, 3, 1)).verdict is Verdict.YES


@pytest.mark.parametrize(
    ("year", "verdict"),
    [("1950", Verdict.YES), ("1951", Verdict.ASK), ("1952", Verdict.NO), ("2000", Verdict.NO)],
)
def test_a_year_alone_decides_only_where_every_day_of_it_would(year: str, verdict: Verdict) -> None:
    assert _result({"born": year, "pension": NO, "poor": "none"}).verdict is verdict


def test_on_the_last_day_of_a_year_the_year_is_enough() -> None:
    assert eligibility.ages("1951", dt.date(2026, 12, 31)) == (75, 75)
    assert eligibility.ages("1951", dt.date(2026, 12, 30)) == (74, 75)
    assert eligibility.ages("2026", dt.date(2026, 11, 21)) == (0, 0)


def test_not_sure_is_enough_where_it_does_not_matter() -> None:
    assert _result({"born": "1950-01-01", "pension": YES}).verdict is Verdict.NO
    assert _decide({"born": UNSURE}) == PENSION
    assert _result({"born": UNSURE, "pension": YES}).verdict is Verdict.NO
    open_one = _result({"born": UNSURE, "pension": NO, "poor": "none"})
    assert (open_one.verdict, open_one.unsure) == (Verdict.ASK, (BORN,))
    assert open_one.possible == ("from-75", "no")


def test_an_author_may_answer_not_sure_in_their_own_words() -> None:
    own = Eligibility(
        _words("?"),
        (PENSION,),
        (
            _outcome("yes", Verdict.YES, _FREE),
            _outcome("ask", Verdict.ASK, Is("pension", (UNSURE,))),
            _outcome("no", Verdict.NO, None),
        ),
    )
    found = _decide({"pension": UNSURE}, asked=own)
    assert isinstance(found, Result) and found.outcome == own.outcomes[1]


def test_a_limit_nobody_knows_is_asked_about() -> None:
    found = eligibility.decide(
        PENSIONS, {"born": "1940-01-01", "pension": NO, "poor": "none"}, today=TODAY, figures={"full": None}
    )
    assert isinstance(found, Result) and found.verdict is Verdict.ASK


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (QuestionKind.BORN, "02/09/1953", "1953-09-02"),
        (QuestionKind.BORN, "02091953", "1953-09-02"),
        (QuestionKind.BORN, " 1953 ", "1953"),
        (QuestionKind.BORN, "21/11/2026", "2026-11-21"),
        (QuestionKind.NUMBER, "1.500.000", "1500000"),
        (QuestionKind.YES_NO, "co", "co"),
        (QuestionKind.NUMBER, UNSURE, UNSURE),
    ],
)
def test_answers_are_read_as_people_write_them(kind: QuestionKind, typed: str, kept: str) -> None:
    question = _question("q", kind)
    assert eligibility.read(question, typed, TODAY) == kept
    assert eligibility.is_kept(question, kept)


@pytest.mark.parametrize(
    ("kind", "typed", "key"),
    [
        (QuestionKind.BORN, "", "procedures.answer_missing"),
        (QuestionKind.BORN, "22/11/2026", "procedures.born_wrong"),
        (QuestionKind.BORN, "2027", "procedures.born_wrong"),
        (QuestionKind.BORN, "1899", "procedures.born_wrong"),
        (QuestionKind.BORN, "31/02/1953", "forms.date_not_real"),
        (QuestionKind.BORN, "hồi trước", "forms.not_date"),
        (QuestionKind.NUMBER, "-3", "procedures.number_wrong"),
        (QuestionKind.YES_NO, "maybe", "procedures.answer_missing"),
        (QuestionKind.CHOICE, "maybe", "procedures.answer_missing"),
    ],
)
def test_what_is_no_answer_is_asked_again(kind: QuestionKind, typed: str, key: str) -> None:
    with pytest.raises(Refused) as refused:
        eligibility.read(_question("q", kind), typed, TODAY)
    assert refused.value.key == key


def test_a_doubtful_day_refuses_no_birth() -> None:
    assert eligibility.read(BORN, "2027", None) == "2027"
    assert eligibility.ages("2027", TODAY) == (0, 0)


@pytest.mark.parametrize("sent", ["", "1953-13-01", "1700", "abc", "1953-9-2x", "0000"])
def test_a_birth_that_the_house_never_wrote_is_known(sent: str) -> None:
    assert not eligibility.is_kept(BORN, sent)


# ---------------------------------------------------------------- any questions, any answers

_QUESTIONS = (BORN, PENSION, POOR, _question("count", QuestionKind.NUMBER))
_atoms: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Is, st.just("pension"), st.sampled_from([(YES,), (NO,), (YES, NO)])),
    st.builds(Is, st.just("poor"), st.sampled_from([("poor",), ("poor", "near"), ("none",)])),
    st.builds(
        Between,
        st.just("born"),
        st.none() | st.integers(60, 80).map(Bound),
        st.integers(60, 80).map(Bound),
        st.just(True),
    ),
    st.builds(
        Between,
        st.just("count"),
        st.integers(0, 5).map(Bound),
        st.none() | st.integers(0, 5).map(Bound),
        st.just(False),
    ),
)
_conditions: st.SearchStrategy[Condition] = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Some, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
_days = st.dates(dt.date(1940, 1, 1), dt.date(1970, 12, 31)).map(dt.date.isoformat)
_known = st.fixed_dictionaries(
    {
        "born": _days,
        "pension": st.sampled_from([YES, NO]),
        "poor": st.sampled_from(["poor", "near", "none"]),
        "count": st.integers(0, 6).map(str),
    }
)


@st.composite
def _any_eligibility(draw: st.DrawFn) -> Eligibility:
    whens = draw(st.lists(_conditions, min_size=1, max_size=4))
    verdicts = draw(st.lists(st.sampled_from(Verdict), min_size=len(whens) + 1, max_size=len(whens) + 1))
    outcomes = [
        _outcome(f"o{place}", verdict, when)
        for place, (verdict, when) in enumerate(zip(verdicts, [*whens, None], strict=True))
    ]
    return Eligibility(_words("?"), _QUESTIONS, tuple(outcomes))


def _holds(condition: Condition | None, answers: dict[str, str], today: dt.date) -> bool:
    """A plain second reading of conditions, for answers that are all known."""
    if condition is None:
        return True
    if isinstance(condition, Not):
        return not _holds(condition.part, answers, today)
    if isinstance(condition, All):
        return all(_holds(part, answers, today) for part in condition.parts)
    if isinstance(condition, Some):
        return any(_holds(part, answers, today) for part in condition.parts)
    answer = answers[condition.question]
    if isinstance(condition, Is):
        return answer in condition.ids
    value = int(answer) if condition.question == "count" else _age(answer, today)
    least = condition.least.value if condition.least and condition.least.value is not None else 0
    below = condition.below.value if condition.below and condition.below.value is not None else 10**9
    return least <= value < below


def _age(born: str, today: dt.date) -> int:
    day = dt.date.fromisoformat(born)
    return today.year - day.year - ((today.month, today.day) < (day.month, day.day))


def _first(asked: Eligibility, answers: dict[str, str]) -> Outcome:
    return next(one for one in asked.outcomes if _holds(one.when, answers, TODAY))


def _walk(asked: Eligibility, answers: dict[str, str]) -> tuple[Result, list[str]]:
    given: dict[str, str] = {}
    for _ in range(len(_QUESTIONS) + 1):
        found = _decide(given, asked=asked)
        if isinstance(found, Result):
            return found, list(given)
        assert found.id not in given, "nothing is asked twice"
        given[found.id] = answers[found.id]
    raise AssertionError("the questions never end")


@given(_any_eligibility(), _known)
def test_with_everything_known_the_first_outcome_that_holds_is_the_answer(
    asked: Eligibility, answers: dict[str, str]
) -> None:
    found, _ = _walk(asked, answers)
    expected = _first(asked, answers)
    assert found.verdict is expected.verdict and expected.id in found.possible
    assert found.outcome == expected and found.possible == (expected.id,)


@given(_any_eligibility(), _known, st.sets(st.sampled_from(["born", "pension", "poor", "count"])))
def test_what_is_not_known_never_leads_to_an_answer_that_knowing_it_would_change(
    asked: Eligibility, answers: dict[str, str], hidden: set[str]
) -> None:
    found, _ = _walk(asked, {**answers, **dict.fromkeys(hidden, UNSURE)})
    truth = _first(asked, answers)
    assert found.verdict in (truth.verdict, Verdict.ASK)
    assert truth.id in found.possible


@given(_any_eligibility(), _known)
def test_a_year_never_says_more_than_the_day_in_it(asked: Eligibility, answers: dict[str, str]) -> None:
    found, _ = _walk(asked, {**answers, "born": answers["born"][:4]})
    truth = _first(asked, answers)
    assert found.verdict in (truth.verdict, Verdict.ASK) and truth.id in found.possible


@given(_any_eligibility(), _known)
def test_what_was_not_asked_changes_nothing(asked: Eligibility, answers: dict[str, str]) -> None:
    found, given_ids = _walk(asked, answers)
    other = {"born": "1900-01-01", "pension": UNSURE, "poor": UNSURE, "count": "6"}
    for id, value in itertools.chain(other.items()):
        if id not in given_ids:
            again, _ = _walk(asked, {**answers, id: value})
            assert again == found
