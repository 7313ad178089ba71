"""Every form of the corpus is walked as posted fields and comes to the submission written beside it."""

from __future__ import annotations

import pytest

from hub.forms.instance import Instance
from tests.forms import cases
from tests.forms.cases import Case


@pytest.mark.parametrize("case", cases.all(), ids=str)
def test_a_form_is_answered_page_by_page_and_comes_to_its_submission(case: Case) -> None:
    sent = cases.walk(case).submission_xml()
    cases.compare(sent, cases.expected(case))
    # What was sent can be taken up, and is sent the same.
    again = Instance.from_xml(cases.form(case.name), sent, case.now)
    assert again.submission_xml() == sent


@pytest.mark.parametrize("case", cases.all(), ids=str)
def test_its_author_is_told_of_what_is_drawn_otherwise_and_of_nothing_else(case: Case) -> None:
    told = [f"{one.row}:{one.key}:{_about(one.values)}" for one in cases.converted(case.name).warnings]
    assert [one for one in told if ":forms.author.said:" not in one] == case.told.get("warned", [])


def _about(values: object) -> str:
    return ",".join(map(str, values.values())) if isinstance(values, dict) else ""


def test_the_corpus_is_as_large_as_it_was_promised_to_be() -> None:
    long = [case for case in cases.all() if len(cases.form(case.name).questions) >= 20]
    assert len(cases.all()) >= 60 and len(long) >= 4
