"""A call as one sound: clause by clause, a villager's recordings or the machine's voice, joined in memory.

Keeps true: a sentence is one voice from its first word to its last; a language of the valley is heard once
somebody has recorded its whole set, and a sentence it cannot say is left to Vietnamese; what the machine
speaks is made once and kept. Nothing of a recording is ever written to a file.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devices import sound as sounds
from devices.ports import Malformed
from devices.sound import Sound
from hub.base import phrases
from hub.base.errors import NotReady, Refused
from hub.base.settings import SoundSettings
from hub.post.signals import Announced, Call
from hub.trades.speech import cache, engine, languages, service, shaping, store
from hub.trades.speech.languages import Language, Needs, Slot

_log = logging.getLogger(__name__)

COMMA_S, STOP_S = 0.14, 0.55
"""Silence between the clauses of a sentence, and between sentences."""

AHEAD = 60
"""How many numbers are rendered before anybody is called: a busy day. Later ones are made when called."""

_Clauses = tuple[tuple[Slot, ...], ...]


@dataclass(frozen=True, slots=True)
class Voices:
    """Where the machine's voice keeps what it made, how it speaks, and recorded clips of a pack."""

    folder: Path
    settings: SoundSettings
    clips: Sequence[Path] = ()


def sound(conn: sqlite3.Connection, call: Call, voices: Voices, needs: Needs) -> Sound | None:
    """Return the words of a call as one shaped sound; None where nobody here can say any of it."""
    if call.announced is None:
        said = [_free(lang, text, voices) for lang, text in call.texts]
    else:
        said = [
            _sentence(conn, language, call.announced, voices, needs)
            for language in spoken_in(conn, call.announced.langs, voices.settings)
        ]
    heard = [one for one in said if one is not None]
    return shaping.joined(heard, STOP_S) if heard else None


def spoken_in(
    conn: sqlite3.Connection, langs: Sequence[str], settings: SoundSettings
) -> tuple[Language, ...]:
    """Return the languages of a call: those asked for, then the valley's own that somebody speaks."""
    known = languages.all()
    own = (tag for tag in store.speaking(conn) if tag in known and not known[tag].written)
    wanted = [tag for tag in own if not settings.languages or tag in settings.languages]
    return tuple(known[tag] for tag in dict.fromkeys((*langs, *wanted)) if tag in known)


def build(
    voices: Voices,
    needs: Needs,
    *,
    ahead: int = AHEAD,
    tell: Callable[[int, int], object] = lambda there, of: None,
) -> service.Built:
    """Render every piece of every call ahead of time, as far as number ``ahead``.

    ``tell`` hears how many of how many are there. Raises ``NotReady("speech.no_engine")``; one piece that
    fails does not stop the others.
    """
    wanted = dict.fromkeys(_all_clauses(needs, ahead))
    made = present = failed = 0
    for count, (lang, text) in enumerate(wanted, start=1):
        try:
            path = _path(lang, text, voices)
            there = cache.find(path) is not None
            _clause(lang, text, voices)
            made, present = made + (not there), present + there
        except (NotReady, Refused) as bad:
            if bad.key == "speech.no_engine":
                raise
            failed += 1
        if count % 100 == 0 or count == len(wanted):
            tell(count, len(wanted))
    return service.Built(made, present, failed)


def _all_clauses(needs: Needs, ahead: int) -> Iterator[tuple[str, str]]:
    labels = [f"{letter}{number}" for letter in needs.letters for number in range(1, ahead + 1)]
    for language in languages.all().values():
        if not language.written:
            continue
        for label in labels:
            for desk in needs.desks if label == labels[0] else needs.desks[:1]:
                for named in needs.services or ("",) if label == labels[0] else ("",):
                    for clause in languages.clauses(language, label, desk, named, needs) or ():
                        for words in _breaths(clause):
                            yield language.tag, words


def _sentence(
    conn: sqlite3.Connection, language: Language, told: Announced, voices: Voices, needs: Needs
) -> Sound | None:
    made = languages.clauses(language, told.label, told.desk, told.service, needs)
    if made is None:
        # No number: it is said as it is written, by whom that can be said.
        return _free(language.tag, told.label, voices) if language.tag == phrases.DEFAULT else None
    recorded = _recorded(conn, language, made)
    if recorded is not None or not language.written:
        return recorded
    try:
        said = [
            shaping.joined([_clause(language.tag, words, voices) for words in _breaths(clause)])
            for clause in made
        ]
    except (NotReady, Refused) as bad:
        _log.error("a call has no voice: %s", bad)
        return None
    return shaping.joined(said, COMMA_S)


def _recorded(conn: sqlite3.Connection, language: Language, made: _Clauses) -> Sound | None:
    names = [slot.name for clause in made for slot in clause]
    found = store.sentence(conn, language.tag, names)
    if found is None:
        return None
    wavs = iter(found)
    try:
        said = [shaping.joined([sounds.parse(next(wavs)) for _ in clause]) for clause in made]
    except Malformed as bad:
        _log.error("a recording cannot be played: %s", bad.detail)
        return None
    return shaping.joined(said, COMMA_S)


def _breaths(clause: tuple[Slot, ...]) -> list[str]:
    # A letter ends a breath: six letters and a hundred numbers are then not six hundred files.
    breaths: list[list[str]] = [[]]
    for slot in clause:
        breaths[-1].append(slot.text)
        if slot.name.startswith("letter-"):
            breaths.append([])
    return [" ".join(words) for words in breaths if words]


def _path(lang: str, text: str, voices: Voices) -> Path:
    told = f"call\0{lang}\0{voices.settings.words_per_minute}\0{text}"
    return voices.folder / f"{hashlib.sha256(told.encode()).hexdigest()}.wav"


def _clause(lang: str, text: str, voices: Voices) -> Sound:
    path = _path(lang, text, voices)
    speed = voices.settings.words_per_minute

    def write(draft: Path) -> None:
        try:
            # The comma leaves the voice up: the sentence goes on, or its last word stands alone.
            engine.speak(f"{text},", lang, speed, draft)
            draft.write_bytes(sounds.as_wav(shaping.shaped(sounds.read(draft))))
        except Malformed as bad:
            raise NotReady("speech.failed") from bad

    try:
        return sounds.read(cache.find(path) or cache.make(path, write))
    except Malformed:
        # A file that a power cut left behind broken is made again.
        return sounds.read(cache.make(path, write))


def _free(lang: str, text: str, voices: Voices) -> Sound | None:
    try:
        path = service.render(
            voices.folder,
            lang,
            text,
            words_per_minute=voices.settings.words_per_minute,
            clips=voices.clips,
            manner=voices.settings.manner,
        )
        return shaping.shaped(sounds.read(path))
    except (NotReady, Refused) as bad:
        _log.error("a call has no voice: %s", bad)
    except Malformed as bad:
        _log.error("a call cannot be played: %s", bad.detail)
    return None
