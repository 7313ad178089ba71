"""Say a text: a file for the loudspeaker, a small one for a tablet, and only what the House itself wrote.

Keeps true: a clip that a person recorded wins over the machine's voice; the same words are made once; a web
address can only ask for words that the House signed. It never sends a word anywhere: everything is spoken
on this machine.

A recorded clip lies at ``clips/<lang>/<name>.ogg`` or ``.wav``, its name being ``clip_name`` or a key given
by the caller.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.base import spoken
from hub.base.errors import NotReady, Refused
from hub.base.spoken import Manner
from hub.trades.speech import cache, engine, words

LONGEST = 1_500
"""Characters that one address may ask to be said."""
_SIGNATURE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Built:
    """What ``build`` did: files made now, files that were there, files that could not be made."""

    made: int
    present: int
    failed: int


def clip_name(lang: str, text: str) -> str:
    """Return the name under which a recorded clip of ``text`` is looked for, whatever the speed of speech."""
    return hashlib.sha256(f"{lang}\0{words.spoken_form(text, lang)}".encode()).hexdigest()[:32]


def render(
    folder: Path,
    lang: str,
    text: str,
    *,
    words_per_minute: int,
    clips: Sequence[Path] = (),
    key: str = "",
    manner: Manner = spoken.USUAL,
) -> Path:
    """Return a WAV of ``text`` for the loudspeaker, from ``clips``, from the cache in ``folder``, or made
    now.

    Raises ``Refused("speech.nothing")`` for a text without a word, ``Refused("speech.too_long")`` beyond
    ``LONGEST``, ``NotReady("speech.…")`` when no engine is here or it fails.
    """
    said = _checked(text, lang, manner)
    recorded = _recorded(clips, lang, text, key, (".wav", ".ogg"))
    if recorded is not None and recorded.suffix == ".wav":
        return recorded
    if recorded is not None:
        stamp = recorded.stat()
        name = _digest("clip", str(recorded.resolve()), str(stamp.st_mtime_ns), str(stamp.st_size))
        try:
            path = folder / f"{name}.wav"
            return cache.find(path) or cache.make(path, lambda draft: engine.unpack(recorded, draft))
        except NotReady:
            # A recording that cannot be opened here is no reason to stay silent.
            pass
    path = folder / f"{_name(lang, said, words_per_minute)}.wav"
    return cache.find(path) or cache.make(
        path, lambda draft: engine.speak(said, lang, words_per_minute, draft)
    )


def clip(
    folder: Path,
    lang: str,
    text: str,
    *,
    words_per_minute: int,
    clips: Sequence[Path] = (),
    key: str = "",
    manner: Manner = spoken.USUAL,
) -> Path:
    """Return an Opus file of ``text`` for a tablet, or a WAV without opusenc; raises as ``render``."""
    said = _checked(text, lang, manner)
    recorded = _recorded(clips, lang, text, key, (".ogg", ".wav"))
    if recorded is not None:
        return recorded
    path = folder / f"{_name(lang, said, words_per_minute)}.ogg"
    found = cache.find(path)
    if found is not None:
        return found
    if not engine.can_pack():
        return render(folder, lang, text, words_per_minute=words_per_minute, manner=manner)

    def write(draft: Path) -> None:
        wav = draft.with_suffix(".wav")
        try:
            engine.speak(said, lang, words_per_minute, wav)
            engine.pack(wav, draft)
        finally:
            wav.unlink(missing_ok=True)

    return cache.make(path, write)


def build(
    folder: Path,
    texts: Iterable[tuple[str, str]],
    *,
    words_per_minute: int,
    clips: Sequence[Path] = (),
    manner: Manner = spoken.USUAL,
) -> Built:
    """Make the tablet files of all (language, text) pairs ahead of time; go on after one that fails."""
    made = present = failed = 0
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    for lang, text in texts:
        try:
            path = clip(folder, lang, text, words_per_minute=words_per_minute, clips=clips, manner=manner)
        except (NotReady, Refused) as bad:
            if bad.key == "speech.no_engine":
                raise
            failed += 1
            continue
        if path.parent != folder or path.name in there:
            present += 1
        else:
            made += 1
            there.add(path.name)
    return Built(made, present, failed)


def sign(secret: bytes, lang: str, text: str) -> str:
    """Return the signature that lets an address ask for ``text``; raises ``Refused("speech.too_long")``."""
    if len(text) > LONGEST:
        raise Refused("speech.too_long", most=LONGEST)
    what = f"speak\0{lang}\0{unicodedata.normalize('NFC', text)}".encode("utf-8", "replace")
    told = hmac.new(secret, what, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(told).decode("ascii").rstrip("=")


def check(secret: bytes, lang: str, text: str, signature: str) -> bool:
    """Return whether the House signed ``text`` in ``lang``."""
    if len(text) > LONGEST:
        return False
    return hmac.compare_digest(sign(secret, lang, text).encode(), signature.encode("utf-8", "replace"))


def _checked(text: str, lang: str, manner: Manner) -> str:
    if len(text) > LONGEST:
        raise Refused("speech.too_long", most=LONGEST)
    said = words.spoken_form(text, lang, manner)
    if not any(mark.isalnum() for mark in said):
        raise Refused("speech.nothing")
    return said


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()


def _name(lang: str, said: str, words_per_minute: int) -> str:
    return _digest(lang, str(words_per_minute), said)


def _recorded(
    clips: Sequence[Path], lang: str, text: str, key: str, suffixes: tuple[str, ...]
) -> Path | None:
    names = [key] if key and "/" not in key and not key.startswith(".") else []
    names.append(clip_name(lang, text))
    for folder in clips:
        for name in names:
            for suffix in suffixes:
                path = folder / lang / f"{name}{suffix}"
                if path.is_file():
                    return path
    return None
