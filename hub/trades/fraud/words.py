"""Cut a message into words as a careful reader would, however they are written.

Keeps true: spaced-out letters become one word, digits that stand for letters are read both ways, and each
word knows where it stands in the message. Sentences end at . ! ? ; or a line's end, clauses at a comma.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.base.aligned import Aligned

_SENTENCE = re.compile(r"[.!?;]+(?=\s|$)|\n")
_PLAIN = re.compile(r"[a-z0-9]+")
_MIXED = re.compile(r"[@$]?[a-z0-9]+(?:[@$!]+[a-z0-9]+)*")
# Three or more single letters with one or two separators between them: "v n e i d", "o.t.p", "0-t-p".
_SPACED = re.compile(r"(?<![^\W_])[^\W_](?:[ .\-_*]{1,2}[^\W_](?![^\W_])){2,}")


@dataclass(frozen=True, slots=True)
class Word:
    """A word, its place in the folded message, and whether it was written letter by letter."""

    text: str
    start: int
    end: int
    spaced: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of one sentence in one reading; ``clause_start[i]`` begins the clause of word ``i``."""

    words: tuple[Word, ...]
    texts: tuple[str, ...]
    clause_start: tuple[int, ...]
    spaced: tuple[int, ...]
    line: str


def sentences(folded: Aligned, leet: Mapping[str, str]) -> tuple[Sentence, ...]:
    """Return the sentences of ``folded`` as written and, where digits stand among letters, as meant."""
    whole = folded.folded
    runs = [match.span() for match in _SPACED.finditer(whole) if re.search(r"[a-z]", match[0])]
    # A dot between spaced-out letters ends nothing.
    guarded = list(whole)
    for start, end in runs:
        guarded[start:end] = ["x"] * (end - start)
    found: list[Sentence] = []
    for start, end in _spans("".join(guarded)):
        inside = runs[bisect.bisect_left(runs, (start, 0)) : bisect.bisect_left(runs, (end, 0))]
        plain = _sentence(whole, start, end, inside, _PLAIN, None)
        found.append(plain)
        if not any(mark in leet for mark in whole[start:end]):
            continue
        seen = {plain.line}
        for reading in (leet, {**leet, "1": "l"}):
            meant = _sentence(whole, start, end, inside, _MIXED, reading)
            if meant.line not in seen:
                seen.add(meant.line)
                found.append(meant)
    return tuple(sentence for sentence in found if sentence.words)


def _spans(guarded: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _SENTENCE.finditer(guarded):
        yield start, match.start()
        start = match.end()
    yield start, len(guarded)


def _sentence(
    whole: str,
    start: int,
    end: int,
    runs: list[tuple[int, int]],
    shape: re.Pattern[str],
    leet: Mapping[str, str] | None,
) -> Sentence:
    words: list[Word] = []
    clauses: list[int] = []
    clause = 0

    def add(word: Word) -> None:
        words.append(word)
        clauses.append(clause)

    place = start
    for run_start, run_end in (*runs, (end, end)):
        for match in re.finditer(rf"{shape.pattern}|,", whole[place:run_start]):
            if match[0] == ",":
                clause = len(words)
                continue
            add(Word(_meant(match[0], leet), place + match.start(), place + match.end()))
        if run_start < run_end:
            letters = re.sub(r"[^a-z0-9]", "", whole[run_start:run_end])
            add(Word(_meant(letters, leet), run_start, run_end, spaced=True))
        place = run_end
    texts = tuple(word.text for word in words)
    spaced = tuple(place for place, word in enumerate(words) if word.spaced)
    return Sentence(tuple(words), texts, tuple(clauses), spaced, f" {' '.join(texts)} ")


def _meant(word: str, leet: Mapping[str, str] | None) -> str:
    if leet is None or word.isalpha() or not re.search(r"[a-z]", word):
        return word
    return re.sub(r"[^a-z0-9]", "", "".join(leet.get(mark, mark) for mark in word))
