"""Villagers' voices for calls: begun with consent, recorded slot by slot, listened to, kept, withdrawn.

Keeps true: nothing is recorded before consent; no name is kept, the code on the speaker's slip is enough to
have everything erased, also from the copies of the database; a voice speaks once its set is whole. It never
mixes two voices in one sentence.
"""

from __future__ import annotations

import sqlite3

from devices import sound as sounds
from devices.slip import Align, Big, Rule, Size, Slip, Text
from hub.base import backups, db, ids, letterhead, phrases, scrub
from hub.base.clock import Moment
from hub.base.errors import Missing, Refused
from hub.base.house import House
from hub.base.settings import HouseSettings
from hub.post import jobs
from hub.trades.speech import intake, languages, store
from hub.trades.speech.languages import Language, Needs, Slot
from hub.trades.speech.model import Take, Voice, VoiceId


def begin(
    conn: sqlite3.Connection,
    lang: str,
    *,
    agreed: bool,
    by: int,
    moment: Moment,
    house: HouseSettings,
    slip_lang: str = phrases.DEFAULT,
) -> Voice:
    """Begin a voice of somebody who heard the words of consent, and queue the slip with its code.

    Raises ``Refused`` ("recording.language_needed", "recording.consent_needed"),
    ``Missing("recording.no_language")``.
    """
    if not lang:
        raise Refused("recording.language_needed")
    language(lang)
    if not agreed:
        raise Refused("recording.consent_needed")
    code = ids.new_follow_code()
    with db.write(conn):
        voice_id = store.add_voice(conn, code, lang, by, moment)
        jobs.add(
            conn,
            jobs.Kind.OTHER,
            slip(code, lang, house=house, lang=slip_lang, moment=moment),
            moment=moment,
            subject=f"voice:{voice_id}",
            lang=slip_lang,
        )
    return get(conn, voice_id)


def slip(code: str, spoken: str, *, house: HouseSettings, lang: str, moment: Moment) -> Slip:
    """Return the speaker's slip: the code, what was agreed to, and how to take it back."""

    def say(key: str, **values: object) -> str:
        return phrases.say(lang, key, **values)

    said = say(languages.all()[spoken].name_key)
    return Slip(
        (
            *letterhead.head(house),
            Text(say("recording.slip_title", language=said), bold=True, align=Align.CENTRE),
            Big(code),
            Text(say("recording.slip_use")),
            Text(say("recording.slip_back"), bold=True),
            Rule(),
            Text(letterhead.shown_time(lang, moment.at, moment.trusted), Size.SMALL),
        )
    )


def language(tag: str) -> Language:
    """Return the language of ``tag``; raises ``Missing("recording.no_language")``."""
    found = languages.all().get(tag)
    if found is None:
        raise Missing("recording.no_language")
    return found


def listing(conn: sqlite3.Connection) -> tuple[Voice, ...]:
    """Return every voice, withdrawn ones too, newest first."""
    return store.voices(conn)


def get(conn: sqlite3.Connection, voice_id: int) -> Voice:
    """Return one voice; raises ``Missing("recording.no_voice")``."""
    found = store.voice(conn, voice_id)
    if found is None:
        raise Missing("recording.no_voice")
    return found


def find(conn: sqlite3.Connection, typed: str) -> Voice:
    """Return the voice of the code on a slip.

    Raises ``Refused("ids.code_wrong")``, ``Missing("recording.no_voice")``.
    """
    found = store.by_code(conn, ids.read_follow_code(typed))
    if found is None:
        raise Missing("recording.no_voice")
    return found


def takes(conn: sqlite3.Connection, voice: Voice) -> dict[str, Take]:
    """Return what is recorded of a voice by slot; a draft stands before what was kept earlier."""
    return {one.slot: one for one in sorted(store.takes(conn, voice.id), key=lambda one: not one.kept)}


def missing(conn: sqlite3.Connection, voice: Voice, needs: Needs) -> tuple[Slot, ...]:
    """Return the slots that are still to be recorded and kept, in a good order."""
    kept = {one.slot for one in store.takes(conn, voice.id) if one.kept}
    return tuple(slot for slot in languages.slots(language(voice.lang), needs) if slot.name not in kept)


def take(conn: sqlite3.Connection, voice: Voice, slot: str, content: bytes, needs: Needs) -> Take:
    """Take a recording of ``slot`` in, to be listened to; it replaces a draft that was not kept.

    Raises ``Refused("recording.withdrawn")``, ``Missing("recording.no_slot")``, and as ``intake.read``.
    """
    _known(voice, slot, needs)
    shaped, verdict = intake.read(content)
    made = Take(slot, False, verdict, round(1000 * shaped.seconds))
    with db.write(conn):
        _still_given(conn, voice.id)
        store.drop_drafts(conn, voice.id)
        store.put(conn, voice.id, made, sounds.as_wav(shaped))
    return made


def keep(conn: sqlite3.Connection, voice: Voice, slot: str, needs: Needs) -> Voice:
    """Keep the draft of ``slot``; the voice speaks from the moment its set is whole.

    Raises ``Missing("recording.no_take")`` when there is none to keep.
    """
    with db.write(conn):
        _still_given(conn, voice.id)
        if not store.keep(conn, voice.id, slot):
            raise Missing("recording.no_take")
        if not missing(conn, voice, needs):
            store.let_speak(conn, voice.id)
    return get(conn, voice.id)


def again(conn: sqlite3.Connection, voice: Voice) -> None:
    """Drop the draft: it is recorded again."""
    with db.write(conn):
        store.drop_drafts(conn, voice.id)


def heard(conn: sqlite3.Connection, voice: Voice, slot: str) -> bytes:
    """Return the WAV of a slot, the draft before what is kept; raises ``Missing("recording.no_take")``."""
    for kept in (False, True):
        found = store.sound(conn, voice.id, slot, kept=kept)
        if found is not None:
            return found
    raise Missing("recording.no_take")


def withdraw(house: House, conn: sqlite3.Connection, voice: Voice, *, moment: Moment) -> int:
    """Erase everything a voice said, here and in the copies of the database; return how many recordings.

    Calls are joined in memory for each call, so nothing of it is left in any cache.
    """
    with db.write(conn):
        gone = store.withdraw(conn, voice.id, moment)
        scrub.want(conn)
    scrub.scrub(conn)
    backups.erase(house, "recordings", "voice_id", voice.id)
    return gone


def withdrawn_again(house: House, conn: sqlite3.Connection) -> int:
    """Erase once more, in every copy, what was withdrawn; return how many copies still held some of it.

    For the night: the power may have gone between the erasing here and there, or a copy was just being made.
    """
    gone = [voice for voice in listing(conn) if voice.withdrawn_at is not None]
    return sum(backups.erase(house, "recordings", "voice_id", voice.id) for voice in gone)


def _known(voice: Voice, slot: str, needs: Needs) -> None:
    if slot not in {one.name for one in languages.slots(language(voice.lang), needs)}:
        raise Missing("recording.no_slot")


def _still_given(conn: sqlite3.Connection, voice_id: VoiceId) -> None:
    if get(conn, voice_id).withdrawn_at is not None:
        raise Refused("recording.withdrawn")
