"""Folded text that remembers where each of its characters came from.

Keeps true: the folded form is what ``text.fold`` would compare, seen more suspiciously (full-width and
lookalike letters of other scripts become the plain ones, invisible marks vanish), and any piece of it can be
shown again exactly as it was written. Time grows with the length and with nothing else.
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass

from hub.base import text

# Cyrillic and Greek letters that a reader takes for Latin ones; from the shapes of a sans-serif typeface.
_ALIKE = str.maketrans(
    "авсԁеғһіјкӏмнопрԛѕтцѵԝхуʏɡαβγεικνορτυχωıȷ",
    "abcdefhijklmhonpqstuvwxyygabyeikvoptuxwij",
)


@dataclass(frozen=True, slots=True)
class Aligned:
    """``folded[i]`` comes from ``original[at[i]]``; line breaks stay, other white space is one space each."""

    original: str
    folded: str
    at: tuple[int, ...]

    def shown(self, start: int, end: int) -> str:
        """Return the original text behind ``folded[start:end]``, with the marks of its last letter."""
        if start >= end:
            return ""
        last = self.at[end - 1] + 1
        while last < len(self.original) and unicodedata.combining(self.original[last]):
            last += 1
        return self.original[self.at[start] : last]

    def whole(self, start: int, end: int) -> tuple[int, int]:
        """Return the span widened to whole original letters: one such as ¼ folds to several."""
        while 0 < start < len(self.at) and self.at[start - 1] == self.at[start]:
            start -= 1
        while 0 < end < len(self.at) and self.at[end - 1] == self.at[end]:
            end += 1
        return start, end


def fold(original: str, *, alike: bool = True) -> Aligned:
    """Return ``original`` folded letter by letter; with ``alike`` false other scripts stay what they are."""
    letters: list[str] = []
    places: list[int] = []
    for place, mark in enumerate(original):
        for letter in _letters(mark, alike):
            letters.append(letter)
            places.append(place)
    return Aligned(original, "".join(letters), tuple(places))


@functools.lru_cache(maxsize=4096)
def _letters(mark: str, alike: bool) -> str:
    if mark.isspace():
        return "\n" if mark in "\n\r\v\f\x85\u2028\u2029" else " "
    folded = text.fold(unicodedata.normalize("NFKC", mark))
    return folded.translate(_ALIKE) if alike else folded
