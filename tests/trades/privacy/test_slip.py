"""The papers: as their golden files, and without a name on them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from devices import slip as slips
from hub.base import phrases
from hub.base.settings import Settings
from hub.trades.privacy import slip
from hub.trades.privacy.model import (
    Act,
    Delegation,
    Done,
    Identified,
    Kind,
    Reason,
    Request,
    RequestId,
    Scope,
    Shown,
    Subject,
    SubjectKind,
)

_GOLDEN = Path(__file__).parent / "golden"
_AT = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)


def _request(*acts: Done, kind: Kind = Kind.COPY) -> Request:
    subjects = (Subject(SubjectKind.DRAFT, "d1"), Subject(SubjectKind.SEALED, "7KQ-M4D"))
    due = dt.date(2026, 11, 24)
    return Request(RequestId(12), kind, Identified.CARD_SEEN, "vi", 1, _AT, True, due, subjects, acts)


def _slip(name: str, lang: str) -> slips.Slip:
    settings = Settings()
    if name == "notice":
        return slip.notice_slip(settings, lang=lang)
    if name == "asked":
        return slip.request(_request(), settings, lang=lang)
    if name == "answered":
        acts = (Done(Act.EXPORTED, "", 1, _AT, True), Done(Act.DONE, "", 1, _AT, True))
        return slip.request(_request(*acts), settings, lang=lang)
    if name == "refused":
        refused = Done(Act.REFUSED, Reason.AT_OFFICE, 1, _AT, False)
        return slip.request(_request(refused, kind=Kind.DELETE), settings, lang=lang)
    held = Delegation(1, "d1", "child", Scope.FILL_AND_SEND, Shown.PAPER, dt.date(2026, 12, 21), 1, _AT, True)
    relation = phrases.say(lang, "dossiers.relation_child")
    return slip.delegation(held, "Mẫu", relation, settings, lang=lang)


@pytest.mark.parametrize("name", ["notice", "asked", "answered", "refused", "delegation"])
@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_a_paper_reads_as_its_golden_file(name: str, lang: str) -> None:
    golden = (_GOLDEN / f"{lang}_{name}.txt").read_text(encoding="utf-8")
    assert slips.as_text(_slip(name, lang)) == golden
