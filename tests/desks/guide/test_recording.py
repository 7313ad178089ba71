"""The page on which a village records its voice: consent, sentence by sentence, listened to, withdrawn."""

from __future__ import annotations

import io
import itertools
import re
import sqlite3
from contextlib import closing

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from devices import sound as sounds
from devices.sound import Sound
from hub.base import backups, phrases
from hub.base.house import House
from hub.post import jobs
from hub.trades.speech import intake, languages, recordings
from tests.desks.guide.hand import Guide, said
from tests.desks.visitor import words
from tests.trades.speech import samples

ROOM = "/guide/recording"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hmong with two numbers."""
    table = {"call": "call number, desk", "numbers": "whole", "most": 2}
    known = dict(languages.all()) | {"hmn": languages.read("hmn", table)}
    monkeypatch.setattr(languages, "all", lambda: known)


def begun(guide: Guide, language: str = "hmn") -> str:
    answer = guide.post(f"{ROOM}/new", {"language": language, "agreed": "1"}, follow=False)
    assert answer.status_code == 303, words(answer)
    return answer.location


def hand_in(guide: Guide, where: str, slot: str, content: bytes, name: str = "a.wav") -> TestResponse:
    sound = FileStorage(io.BytesIO(content), name, "sound")
    data = {"csrf_token": guide.token, "slot": slot, "sound": sound}
    # Encoded here: the test client would leave a temporary file open for a large one.
    boundary, body = encode_multipart(data)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return guide.client.post(where, data=body, follow_redirects=True, content_type=kind)


def slot_of(answer: TestResponse) -> str:
    found = re.search(r'name="slot" value="([^"]+)"', answer.text)
    assert found is not None
    return found[1]


def test_the_way_leads_from_the_dossiers_over_consent_to_the_first_sentence(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    assert f'href="{ROOM}"' in guide.get("/guide/dossiers").text
    assert f'href="{ROOM}/new"' in guide.get(ROOM).text
    consent = guide.get(f"{ROOM}/new")
    for part in ("what", "who", "how_long", "back", "free"):
        assert phrases.say("vi", f"recording.consent_{part}") in said(consent)
    page = guide.get(begun(guide))
    assert "Mời số" in words(page) and slot_of(page) == "call"
    (voice,) = recordings.listing(conn)
    assert voice.code in words(page) and len(jobs.for_subject(conn, f"voice:{voice.id}")) == 1


def test_without_language_and_consent_nothing_begins(guide: Guide, conn: sqlite3.Connection) -> None:
    for typed in ({}, {"language": "hmn"}, {"agreed": "1"}, {"language": "fr", "agreed": "1"}):
        assert guide.post(f"{ROOM}/new", typed).status_code == 422, typed
        assert recordings.listing(conn) == (), typed


def test_a_sentence_is_handed_in_heard_kept_and_the_next_one_asked_for(guide: Guide) -> None:
    where = begun(guide)
    page = hand_in(guide, where, "call", samples.wav(300.0))
    assert phrases.say("vi", "recording.judged_good") in said(page)
    sound = guide.get(f"{where}/sound?slot=call")
    assert sound.mimetype == "audio/wav" and sound.data[:4] == b"RIFF"
    assert sound.headers["Cache-Control"] == "no-store"
    page = guide.post(f"{where}/keep", {"slot": "call"})
    assert slot_of(page) != "call"
    assert phrases.say("vi", "recording.is_kept") in said(page)


def test_what_should_be_said_again_is_told_and_can_be(guide: Guide, conn: sqlite3.Connection) -> None:
    where = begun(guide)
    page = hand_in(guide, where, "call", samples.wav(loud=0.2, noise=0.08))
    assert phrases.say("vi", "recording.judged_noisy") in said(page)
    page = guide.post(f"{where}/again", {"slot": "call"})
    assert slot_of(page) == "call" and "<audio" not in page.text
    assert recordings.takes(conn, recordings.listing(conn)[0]) == {}


def test_what_is_no_recording_is_answered_with_one_sentence(guide: Guide) -> None:
    where = begun(guide)
    values = {"seconds": intake.LONGEST_S, "megabytes": intake.MOST_BYTES // 1024 // 1024}
    for content, key in (
        (b"", "recording.empty"),
        (b"\xff\xfb\x90\x00" * 50, "recording.not_a_sound"),
        (samples.wav(loud=0.0), "recording.silent"),
        (sounds.as_wav(Sound(8_000, 1, 2, bytes(16_000 * 31))), "recording.too_long"),
        (bytes(intake.MOST_BYTES + 5), "recording.too_big"),
    ):
        page = hand_in(guide, where, "call", content, "a.mp3")
        assert page.status_code == 422, key
        assert phrases.say("vi", key, **values) in said(page), key
        assert slot_of(page) == "call", key


def test_a_whole_set_says_so_and_the_list_shows_that_it_speaks(guide: Guide, short: None) -> None:
    where = begun(guide)
    page = guide.get(where)
    for _ in range(20):
        if 'name="slot"' not in page.text:
            break
        slot = slot_of(page)
        hand_in(guide, where, slot, samples.wav())
        page = guide.post(f"{where}/keep", {"slot": slot})
    assert phrases.say("vi", "recording.whole") in said(page)
    assert phrases.say("vi", "recording.all_there") in said(page)
    assert phrases.say("vi", "recording.state_speaks") in said(guide.get(ROOM))


def test_the_slips_code_leads_to_the_voice_and_one_question_later_it_is_gone(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    where = begun(guide)
    hand_in(guide, where, "call", samples.wav())
    guide.post(f"{where}/keep", {"slot": "call"})
    (voice,) = recordings.listing(conn)
    found = guide.post(ROOM, {"code": voice.code.replace("-", " ").lower()}, follow=False)
    assert found.status_code == 303 and found.location == where
    assert voice.code in words(guide.get(f"{where}/withdraw"))
    page = guide.post(f"{where}/withdraw")
    assert phrases.say("vi", "recording.erased", count=1) in said(page)
    assert phrases.say("vi", "recording.state_withdrawn") in said(page)
    assert guide.get(f"{where}/sound?slot=call").status_code == 404
    assert phrases.say("vi", "recording.withdrawn") in said(guide.get(where))
    assert hand_in(guide, where, "call", samples.wav()).status_code == 422


def test_a_copy_that_could_not_be_changed_is_told_and_can_be_tried_again(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    where = begun(guide)
    hand_in(guide, where, "call", samples.wav())
    copy = backups.make(house)
    whole = copy.read_bytes()
    copy.write_bytes(b"not a database" * 400)
    page = guide.post(f"{where}/withdraw")
    assert phrases.say("vi", "recording.copies_stay") in said(page)
    assert f'action="{where}/withdraw"' in page.text
    assert recordings.takes(conn, recordings.listing(conn)[0]) == {}
    copy.write_bytes(whole)
    assert phrases.say("vi", "recording.erased", count=0) in said(guide.post(f"{where}/withdraw"))
    with closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("SELECT count(*) FROM recordings").fetchone()[0] == 0


def test_a_wrong_code_is_told_beside_its_field(guide: Guide) -> None:
    page = guide.post(ROOM, {"code": "AAAA-AAAB"})
    assert page.status_code == 422 and phrases.say("vi", "ids.code_wrong") in said(page)


def test_a_voice_that_is_not_there_is_missing(guide: Guide) -> None:
    for path in ("77", "77/sound?slot=call", "77/withdraw"):
        assert guide.get(f"{ROOM}/{path}").status_code == 404


def test_every_page_is_whole_in_both_languages(guide: Guide, house: House) -> None:
    where = begun(guide, "vi")
    hand_in(guide, where, "call", samples.wav())
    paths = (ROOM, f"{ROOM}/new", where, f"{where}?slot=call", f"{where}/withdraw")
    for lang, path in itertools.product(phrases.LANGUAGES, paths):
        mark = "&" if "?" in path else "?"
        page = guide.get(f"{path}{mark}lang={lang}")
        assert page.status_code == 200 and f'<html lang="{lang}">' in page.text, (lang, path)
        assert not re.search(r"\b(?:recording|speech|guide|shared)\.[a-z_]+\b", words(page)), (lang, path)
        assert "<script>" not in page.text and " style=" not in page.text, (lang, path)
