"""Where is my dossier: told from the outbox and the inbox, and two receipts that are never one another."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from devices import slip as slips
from hub.base import db, phrases
from hub.base.errors import Conflict, Refused
from hub.base.settings import HouseSettings, Settings, WebSettings
from hub.post import inbox, jobs, leases, outbox
from hub.post.inbox import Case, Comment
from hub.trades.dossiers import follow, service, slip
from hub.trades.dossiers.model import Appointment, Event, Following, Sealed, State, What, Why
from hub.trades.procedures.model import Words
from tests import papers
from tests.devices.golden import difference
from tests.fakes import FakeClock
from tests.trades.dossiers.guide import Guide

_GOLDEN = Path(__file__).parent / "golden"
_TITLE = Words("Làm giấy mẫu", "A sample paper")
_WORDS_KEY = bytes(range(32, 64))
_MEETINGS = {
    "invited_result": Appointment(
        Why.RESULT, dt.date(2026, 12, 2), "08:30", "Bộ phận một cửa xã Mẫu", "Căn cước bản gốc và giấy hẹn"
    ),
    "invited_correction": Appointment(Why.CORRECTION, dt.date(2026, 12, 6), "", "Nhà văn hóa thôn Mẫu", ""),
}
_SETTINGS = Settings(house=HouseSettings(phone="0214 000000"), web=WebSettings(address="http://nha.lan/"))


@pytest.fixture
def sealed(guide: Guide) -> Sealed:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": "Lý A Mẫu"})
    found = guide.seal(draft.id)
    _printed(guide)
    return found


def _printed(guide: Guide) -> None:
    """The bench has printed all that waits."""
    guide.conn.execute("UPDATE jobs SET state = 'done' WHERE state = 'queued'")


def _state(guide: Guide, sealed: Sealed) -> State:
    return follow.follow(guide.conn, sealed.follow_code).state


def _take(guide: Guide) -> int:
    (row_id,) = leases.due(guide.conn, guide.clock.read(), force=True)
    assert leases.take(guide.conn, row_id) is not None
    return row_id


def _arrive(guide: Guide, sealed: Sealed) -> None:
    """The relay's own steps after a 201."""
    row_id = _take(guide)
    now = guide.clock.read()
    with db.write(guide.conn):
        leases.sent(guide.conn, row_id, now)
        service.office_has_it(guide.conn, sealed.instance_id, now)


def _say(guide: Guide, sealed: Sealed, state: str, *comments: str) -> None:
    now = guide.clock.read()
    with db.write(guide.conn):
        inbox.expect(guide.conn, sealed.instance_id, "mau", now)
        inbox.note_state(guide.conn, sealed.instance_id, state, now)
        told = [
            Comment(text, f"2026-11-21T05:00:{place:02}.000000Z", "Cán bộ")
            for place, text in enumerate(comments)
        ]
        case = Case(sealed.instance_id, "", "")
        inbox.note_remarks(guide.conn, case, comments=(told, ""), notes=None, key=_WORDS_KEY, now=now)
        word = inbox.word(guide.conn, sealed.instance_id)
        assert word is not None
        service.office_says(guide.conn, sealed.instance_id, word, now)


def test_a_dossier_is_kept_then_on_its_way_then_at_the_office(guide: Guide, sealed: Sealed) -> None:
    assert _state(guide, sealed) is State.KEPT
    row_id = _take(guide)
    assert _state(guide, sealed) is State.ON_THE_WAY
    guide.clock.advance(60)
    with db.write(guide.conn):
        leases.sent(guide.conn, row_id, guide.clock.read())
        service.office_has_it(guide.conn, sealed.instance_id, guide.clock.read())
    following = follow.follow(guide.conn, sealed.follow_code)
    assert following.state is State.OFFICE_HAS_IT
    assert [event.what for event in following.events] == [What.SEALED, What.OFFICE_HAS_IT]
    assert following.events[1].at - following.events[0].at == dt.timedelta(seconds=60)


def test_a_held_dossier_says_that_somebody_looks(guide: Guide, sealed: Sealed) -> None:
    leases.hold(guide.conn, _take(guide), "relay.conflict", "", "")
    following = follow.follow(guide.conn, sealed.follow_code)
    assert following.state is State.HELD and not following.state.at_office


@pytest.mark.parametrize(
    ("review", "state"),
    [
        ("received", State.OFFICE_HAS_IT),
        ("edited", State.OFFICE_HAS_IT),
        ("hasIssues", State.NEEDS_CORRECTION),
        ("rejected", State.REJECTED),
        ("approved", State.APPROVED),
    ],
)
def test_the_offices_state_is_told_as_a_villager_understands_it(
    guide: Guide, sealed: Sealed, review: str, state: State
) -> None:
    _arrive(guide, sealed)
    _say(guide, sealed, review)
    following = follow.follow(guide.conn, sealed.follow_code)
    assert following.state is state and phrases.has(following.state_key)
    assert following.events[-1].detail == review


def test_the_same_word_again_is_no_news(guide: Guide, sealed: Sealed) -> None:
    _arrive(guide, sealed)
    _say(guide, sealed, "hasIssues", "Ảnh mờ.")
    _say(guide, sealed, "hasIssues", "Ảnh mờ.")
    _say(guide, sealed, "hasIssues", "Ảnh mờ.", "Xin chụp lại.")
    _say(guide, sealed, "approved", "Ảnh mờ.", "Xin chụp lại.")
    following = follow.follow(guide.conn, sealed.follow_code)
    assert [(event.what, event.detail) for event in following.events[2:]] == [
        (What.OFFICE_SAYS, "hasIssues"),
        (What.OFFICE_WROTE, "1"),
        (What.OFFICE_WROTE, "2"),
        (What.OFFICE_SAYS, "approved"),
    ]
    told = follow.comments(guide.conn, following, key=_WORDS_KEY)
    assert [comment.text for comment in told] == ["Ảnh mờ.", "Xin chụp lại."]


def test_a_second_arrival_is_written_down_once(guide: Guide, sealed: Sealed) -> None:
    _arrive(guide, sealed)
    service.office_has_it(guide.conn, sealed.instance_id, guide.clock.read())
    events = follow.follow(guide.conn, sealed.follow_code).events
    assert [event.what for event in events].count(What.OFFICE_HAS_IT) == 1


def test_a_parcel_that_is_no_dossier_is_passed_over(guide: Guide, sealed: Sealed) -> None:
    before = guide.conn.execute("SELECT count(*) FROM dossier_events").fetchone()[0]
    now = guide.clock.read()
    service.office_has_it(guide.conn, "uuid:of-another-room", now)
    service.office_says(guide.conn, "uuid:of-another-room", inbox.Word("approved", 0, now.at), now)
    assert guide.conn.execute("SELECT count(*) FROM dossier_events").fetchone()[0] == before
    assert _state(guide, sealed) is State.KEPT


def test_whatever_changes_a_followed_dossier_changes_its_version(guide: Guide, sealed: Sealed) -> None:
    seen = [follow.version(guide.conn)]
    _arrive(guide, sealed)
    seen.append(follow.version(guide.conn))
    _say(guide, sealed, "hasIssues")
    seen.append(follow.version(guide.conn))
    _say(guide, sealed, "hasIssues", "Ảnh mờ.")
    seen.append(follow.version(guide.conn))
    assert len(set(seen)) == len(seen)


def test_a_code_is_read_however_it_is_written(guide: Guide, sealed: Sealed) -> None:
    code = sealed.follow_code
    for written in (code.lower(), code.replace("-", ""), f" {code[:2]} {code[2:]} "):
        assert follow.follow(guide.conn, written).instance_id == sealed.instance_id


def test_the_time_of_a_doubtful_clock_is_put_right_when_the_office_answers(guide: Guide) -> None:
    guide.clock.trusted = False
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": "Lý A Mẫu"})
    sealed = guide.seal(draft.id)
    assert not follow.follow(guide.conn, sealed.follow_code).events[0].trusted
    guide.clock.advance(30)
    guide.clock.at += dt.timedelta(days=3)
    guide.clock.trusted = True
    _arrive(guide, sealed)
    first = follow.follow(guide.conn, sealed.follow_code).events[0]
    assert first.trusted and first.at == guide.clock.at - dt.timedelta(seconds=30)


def _received(guide: Guide, sealed: Sealed) -> int:
    return follow.print_received(
        guide.conn,
        sealed.follow_code,
        moment=guide.clock.read(),
        settings=_SETTINGS,
        lang="vi",
        words_key=_WORDS_KEY,
    )


def test_the_second_receipt_exists_only_when_the_office_has_it(guide: Guide, sealed: Sealed) -> None:
    with pytest.raises(Refused, match="not_at_office"):
        _received(guide, sealed)
    row_id = _take(guide)
    with pytest.raises(Refused, match="not_at_office"):
        _received(guide, sealed)
    leases.hold(guide.conn, row_id, "relay.conflict", "", "")
    with pytest.raises(Refused, match="not_at_office"):
        _received(guide, sealed)
    assert jobs.waiting(guide.conn) == ()


def test_the_second_receipt_carries_the_offices_word(guide: Guide, sealed: Sealed) -> None:
    _arrive(guide, sealed)
    _say(guide, sealed, "hasIssues", "Ảnh mờ.")
    job_id = _received(guide, sealed)
    text = slips.as_text(jobs.slip(guide.conn, job_id))
    assert "CƠ QUAN ĐÃ NHẬN" in text and "Ảnh mờ." in text and "Cần bổ sung" in text
    assert jobs.get(guide.conn, job_id).kind is jobs.Kind.RECEIPT
    with pytest.raises(Conflict, match="still_open"):
        _received(guide, sealed)


def test_a_lost_first_receipt_comes_again_as_a_copy(guide: Guide, sealed: Sealed) -> None:
    def again() -> int:
        return follow.print_kept_again(
            guide.conn, sealed.follow_code, moment=guide.clock.read(), settings=_SETTINGS, lang="vi"
        )

    guide.clock.advance(3_600)
    job = jobs.get(guide.conn, again())
    assert job.copy and "21/11/2026 08:30" in slips.as_text(jobs.slip(guide.conn, job.id))
    with pytest.raises(Conflict, match="still_open"):
        again()


def test_guides_see_all_sealed_dossiers_latest_first(guide: Guide, sealed: Sealed) -> None:
    guide.clock.advance(60)
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/ho_ten": "Lý Thị Mẫu"})
    later = guide.seal(draft.id)
    codes = [one.code for one in follow.listing(guide.conn)]
    assert codes == [later.follow_code, sealed.follow_code]
    assert follow.of_instance(guide.conn, later.instance_id).code == later.follow_code
    assert outbox.counts(guide.conn).queued == 2


def _following(state: State, *, trusted: bool = True) -> Following:
    at = FakeClock().read().at
    return Following(
        code="K7MX-4QP9",  # type: ignore[arg-type]
        instance_id="uuid:mau",  # type: ignore[arg-type]
        procedure="mau",
        title=_TITLE,
        lang="vi",
        state=state,
        events=(
            Event(What.SEALED, "", 1, at, True),
            Event(What.OFFICE_HAS_IT, "", None, at + dt.timedelta(hours=2), trusted),
        ),
        read_at=at + dt.timedelta(hours=4),
    )


def _slip(name: str, lang: str) -> slips.Slip:
    at = FakeClock().read().at
    if name == "kept":
        return slip.kept("K7MX-4QP9", _TITLE, _SETTINGS, lang=lang, at=at, trusted=True)
    if name == "kept_doubtful":
        return slip.kept("K7MX-4QP9", _TITLE, Settings(), lang=lang, at=at, trusted=False)
    if name.startswith("invited"):
        return slip.invitation("K7MX-4QP9", _TITLE, _MEETINGS[name], _SETTINGS, lang=lang)
    if name == "kept_again":
        return slip.kept("K7MX-4QP9", _TITLE, _SETTINGS, lang=lang, at=at, trusted=True, corrects="PQ3W-7XN2")
    return slip.received(
        _following(State.NEEDS_CORRECTION), _SETTINGS, lang=lang, words="Ảnh giấy mờ, xin chụp lại."
    )


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
@pytest.mark.parametrize("name", ["kept", "kept_doubtful", "kept_again", "received", *_MEETINGS])
def test_the_receipts_read_as_they_should(name: str, lang: str) -> None:
    golden = (_GOLDEN / f"{lang}_{name}.txt").read_text(encoding="utf-8")
    assert slips.as_text(_slip(name, lang)) == golden


@pytest.mark.parametrize("width", [576, 384])
@pytest.mark.parametrize("name", ["kept", "received", "invited_result"])
def test_the_receipts_look_as_they_should(name: str, width: int) -> None:
    assert papers.looks_as_agreed(_slip(name, "vi"), _GOLDEN / f"vi_{name}_{width}.png", width)


def test_nobody_can_take_one_receipt_for_the_other_by_its_looks() -> None:
    assert difference(papers.drawn(_slip("kept", "vi")), _GOLDEN / "vi_received_576.png") > 100


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_the_two_receipts_are_never_taken_for_one_another(lang: str) -> None:
    kept, received = _slip("kept", lang), _slip("received", lang)
    pictures = [
        [part.name for part in one.parts if isinstance(part, slips.Picture)] for one in (kept, received)
    ]
    assert pictures[0] != pictures[1]
    assert isinstance(received.parts[0], slips.Band) and not isinstance(kept.parts[0], slips.Band)
    titles = [phrases.say(lang, f"dossiers.slip_{name}_title") for name in ("kept", "received")]
    told = [slips.as_text(one) for one in (kept, received)]
    assert titles[0] in told[0] and titles[0] not in told[1]
    assert titles[1] in told[1] and titles[1] not in told[0]
    assert all("0 đồng" in text for text in told)


@pytest.mark.parametrize("state", [State.KEPT, State.ON_THE_WAY, State.HELD])
def test_no_second_receipt_can_be_drawn_of_what_the_office_has_not(state: State) -> None:
    with pytest.raises(ValueError, match="office has not"):
        slip.received(_following(state), _SETTINGS, lang="vi")


def test_a_long_word_of_the_office_is_cut_on_paper() -> None:
    made = slip.received(_following(State.REJECTED), _SETTINGS, lang="vi", words="dài " * 400)
    assert "…" in slips.as_text(made) and len(slips.as_text(made)) < 2_500


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_every_state_and_event_has_its_words(lang: str) -> None:
    for state in State:
        assert phrases.say(lang, f"dossiers.state_{state}") and phrases.say(lang, f"dossiers.next_{state}")
    for review in ("received", "edited", "hasIssues", "rejected", "approved"):
        assert phrases.say(lang, f"dossiers.review_{review}")
