"""Read what was typed for a Vietnamese keyboard that was not there: "ddawng ky", "d9a8ng ky1" → "đăng ký".

Keeps true: a word that is no such spelling comes back as it was. It only proposes; whoever asked decides.
"""

from __future__ import annotations

import re
import unicodedata

_TONES = {"s": "\u0301", "f": "\u0300", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
_VNI_TONES = {"1": "s", "2": "f", "3": "r", "4": "x", "5": "j"}
_ROUND = {"a": "â", "e": "ê", "o": "ô"}
_HOOK = {"a": "ă", "o": "ơ", "u": "ư"}
_VOWELS = "aeiouyâăêôơư"
_WORD = re.compile(r"[a-z0-9]+", re.IGNORECASE)
_LONGEST = 12


def read(typed: str) -> str:
    """Return ``typed`` with every word that is Telex or VNI spelling put into Vietnamese letters."""
    return _WORD.sub(lambda match: word(match[0]), typed)


def word(typed: str) -> str:
    """Return one word decoded, in small letters; what cannot be a syllable comes back unchanged."""
    if len(typed) > _LONGEST or typed.isdigit():
        return typed
    letters: list[str] = []
    tone = ""
    for mark in typed.lower():
        has_vowel = any(letter in _VOWELS for letter in letters)
        if mark in _VNI_TONES and has_vowel:
            tone = _VNI_TONES[mark]
        elif mark in _TONES and has_vowel:
            tone = mark
        elif not _changed(letters, mark):
            letters.append(mark)
    said = "".join(letters)
    if not _syllable(said):
        return typed
    place = _tone_place(said)
    if tone and place is not None:
        said = said[: place + 1] + _TONES[tone] + said[place + 1 :]
    return unicodedata.normalize("NFC", said)


def _changed(letters: list[str], mark: str) -> bool:
    """Apply ``mark`` to what stands before it; return whether it was a sign and not a letter."""
    if mark in "d9" and letters[:1] == ["d"]:
        letters[0] = "đ"
        return True
    if mark in _ROUND and mark in letters:
        letters[letters.index(mark)] = _ROUND[mark]
        return True
    if mark == "6":
        return _replace(letters, _ROUND)
    if mark in "w78":
        if "u" in letters and letters[letters.index("u") + 1 :][:1] in (["o"], ["ơ"]) and mark != "8":
            place = letters.index("u")
            letters[place : place + 2] = ["ư", "ơ"]
            return True
        return _replace(letters, _HOOK)
    return False


def _replace(letters: list[str], table: dict[str, str]) -> bool:
    for place in range(len(letters) - 1, -1, -1):
        if letters[place] in table:
            letters[place] = table[letters[place]]
            return True
    return False


def _syllable(said: str) -> bool:
    # An initial, one to three vowels, a final: what a Vietnamese syllable can be, roughly.
    initials = "(?:ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdđghklmnpqrstvx])?"
    return re.fullmatch(rf"{initials}[{_VOWELS}]{{1,3}}(?:ng|nh|ch|[cmnpt])?", said) is not None


def _tone_place(said: str) -> int | None:
    start = 2 if re.match(rf"(?:qu|gi)[{_VOWELS}]", said) else 0
    places = [place for place in range(start, len(said)) if said[place] in _VOWELS]
    if not places:
        return None
    marked = [place for place in places if said[place] in "âăêôơư"]
    if marked:
        return marked[-1]
    if len(places) == 1:
        return places[0]
    if len(places) == 3 or places[-1] < len(said) - 1:
        return places[1]
    return places[0]
