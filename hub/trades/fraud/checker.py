"""The checker: a message and the pack's rules in, a verdict with its reasons out.

Keeps true: it says "dangerous", "suspicious" or "cannot know", never "safe"; any text gets an answer in
bounded time; the meaning of each rule is what the head of the pack's ``rules.toml`` says. The message is kept
nowhere and logged nowhere.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from hub.base import aligned, text
from hub.base.aligned import Aligned
from hub.trades.fraud import links, words
from hub.trades.fraud.model import Level, Link, LinkKind, Reason, Rule, Rules, Verdict, Weight
from hub.trades.fraud.words import Sentence

MOST = 10_000
_WALK = 24
_ENOUGH = 200
_EXCERPT = 120
_LINK_PLACE = -1


@dataclass(frozen=True, slots=True, order=True)
class _Hit:
    """Where a phrase was found: sentence (-1 for a link), word, and its letters in the folded message."""

    sentence: int
    word: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """A message taken apart once for all rules."""

    folded: Aligned
    sentences: tuple[Sentence, ...]
    undone_at: tuple[int, ...]
    lines: str
    runs: str
    links: tuple[Link, ...]
    kinds: frozenset[LinkKind]


def check(message: str, rules: Rules) -> Verdict:
    """Say what ``message`` looks like by ``rules``; reads at most its first 10,000 characters.

    Never raises. Reasons come heaviest first, then in the order of the rules.
    """
    whole = len(message) <= MOST
    read = _read(message[:MOST], rules)
    found = [reason for rule in rules.rules if (reason := _reason(rule, read, rules)) is not None]
    points = sum(rules.points[reason.weight] for reason in found)
    level = Level.CANNOT_KNOW
    if points >= rules.dangerous_from:
        level = Level.DANGEROUS
    elif points >= rules.suspicious_from:
        level = Level.SUSPICIOUS
    order = list(Weight)
    found.sort(key=lambda reason: order.index(reason.weight))
    return Verdict(level, tuple(found), rules.advice[level], whole)


def _read(message: str, rules: Rules) -> _Reading:
    shown = links.opened(text.clean(message, lines=True), rules.hosts)
    found = links.find(shown, rules.hosts)
    # Links are looked at, never read as words; what follows one stays where it is.
    blanked = list(shown)
    for link in found:
        blanked[link.start : link.end] = " " * (link.end - link.start)
    folded = dataclasses.replace(aligned.fold("".join(blanked)), original=shown)
    kinds = frozenset(kind for link in found for kind in link.kinds)
    sentences = words.sentences(folded, rules.leet)
    return _Reading(
        folded=folded,
        sentences=sentences,
        undone_at=tuple(_undone_at(one, rules) for one in sentences),
        lines="\n".join(one.line for one in sentences),
        runs="\n".join(one.texts[place] for one in sentences for place in one.spaced),
        links=found,
        kinds=kinds,
    )


def _undone_at(sentence: Sentence, rules: Rules) -> int:
    """Return the last word at which a phrase begins that undoes a negation before it, or -1."""
    last = -1
    for phrase in rules.negation.undone_by:
        before, said, _after = sentence.line.rpartition(f" {phrase} ")
        if said:
            last = max(last, len(before.split()))
    return last


def _reason(rule: Rule, read: _Reading, rules: Rules) -> Reason | None:
    if rule.link is not None:
        shown = next((link.text for link in read.links if rule.link in link.kinds), None)
    else:
        shown = _shown(_together(rule, read, rules), read)
    if shown is None:
        return None
    return Reason(rule.id, rule.weight, rule.reason.vi, rule.reason.en, shown[:_EXCERPT])


def _shown(hits: tuple[_Hit, ...], read: _Reading) -> str | None:
    if not hits:
        return None
    shown = []
    for hit in sorted(set(hits)):
        if hit.sentence == _LINK_PLACE:
            shown.append(next(link.text for link in read.links if LinkKind.UNKNOWN in link.kinds))
        else:
            shown.append(text.clean(read.folded.shown(hit.start, hit.end)))
    return " … ".join(shown)


def _together(rule: Rule, read: _Reading, rules: Rules) -> tuple[_Hit, ...]:
    """Return one hit for each group of ``rule``, near enough to each other, or nothing."""
    found = []
    for group in rule.groups:
        hits = sorted(set(_group(group, rule, read, rules)))
        if not hits:
            return ()
        found.append(hits)
    if rule.within is None:
        return tuple(hits[0] for hits in found)
    for hit in found[0]:
        near = [_nearest(hit, hits, rule.within) for hits in found[1:]]
        if all(near):
            return (hit, *(other for other in near if other))
    return ()


def _nearest(hit: _Hit, hits: list[_Hit], within: int) -> _Hit | None:
    place = bisect.bisect_left(hits, (hit.sentence, hit.word), key=lambda other: (other.sentence, other.word))
    for other in hits[max(0, place - 1) : place + 1]:
        if other.sentence == hit.sentence != _LINK_PLACE and abs(other.word - hit.word) <= within:
            return other
    return None


def _group(group: tuple[str, ...], rule: Rule, read: _Reading, rules: Rules) -> Iterator[_Hit]:
    for phrase in group:
        if phrase == "@link":
            if LinkKind.UNKNOWN in read.kinds:
                yield _Hit(_LINK_PLACE, 0, 0, 0)
        elif phrase.startswith("@"):
            for listed in rules.lists[phrase[1:]]:
                yield from _phrase(listed, rule, read, rules, listed=True)
        else:
            yield from _phrase(phrase, rule, read, rules, listed=False)


def _phrase(phrase: str, rule: Rule, read: _Reading, rules: Rules, *, listed: bool) -> Iterator[_Hit]:
    wanted = tuple(phrase.split())
    joined = "".join(wanted)
    if f" {phrase} " not in read.lines and joined not in read.runs:
        return
    count = 0
    for number, sentence in enumerate(read.sentences):
        if any(f" {other} " in sentence.line for other in rule.unless):
            continue
        for place in _places(phrase, wanted, joined, sentence):
            undone = read.undone_at[number] >= place + len(wanted)
            if not listed and _void(sentence, place, rule, rules, undone):
                continue
            spaced = sentence.words[place].spaced and sentence.words[place].text != wanted[0]
            last = sentence.words[place if spaced else place + len(wanted) - 1]
            yield _Hit(number, place, sentence.words[place].start, last.end)
            count += 1
            if count >= _ENOUGH:
                return


def _places(phrase: str, wanted: tuple[str, ...], joined: str, sentence: Sentence) -> Iterator[int]:
    if f" {phrase} " in sentence.line:
        texts = sentence.texts
        for place in range(len(texts) - len(wanted) + 1):
            if texts[place] == wanted[0] and texts[place : place + len(wanted)] == wanted:
                yield place
    for place in sentence.spaced:
        if joined in sentence.texts[place] and sentence.texts[place] != wanted[0]:
            yield place


def _void(sentence: Sentence, place: int, rule: Rule, rules: Rules, undone: bool) -> bool:
    begins = sentence.clause_start[place]
    if place > begins and sentence.texts[place - 1] in rule.not_after:
        return True
    return rule.negatable and not undone and _negated(sentence.texts[begins:place][-3 * _WALK :], rules)


def _negated(texts: tuple[str, ...], rules: Rules) -> bool:
    """Return whether ``texts``, the clause up to a phrase, says that it is not to be done."""
    negation = rules.negation
    at, steps = len(texts), 0
    while at > 0 and steps < _WALK:
        taken = 0
        for size in (3, 2, 1):
            said = " ".join(texts[at - size : at]) if size <= at else ""
            if said in negation.words:
                return at == size or texts[at - size - 1] not in negation.not_after
            if not taken and said in negation.bridge:
                taken = size
        if not taken:
            return False
        at, steps = at - taken, steps + 1
    return False
