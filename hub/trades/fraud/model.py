"""What the fraud room speaks of: verdicts, reasons, kinds of scam.

Keeps true: there are three verdicts, and none of them says that a message is safe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.packs.pages import Section


class Level(StrEnum):
    """What the checker may say."""

    DANGEROUS = "dangerous"
    SUSPICIOUS = "suspicious"
    CANNOT_KNOW = "cannot_know"


class Weight(StrEnum):
    """How heavy a sign is; the points of each come with the rules."""

    RED = "red"
    STRONG = "strong"
    LINK = "link"
    WEAK = "weak"


class LinkKind(StrEnum):
    """What can be odd about a link."""

    APK = "apk"
    LOOKALIKE = "lookalike"
    BAD_TLD = "bad_tld"
    IP = "ip"
    SHORTENER = "shortener"
    HOMOGRAPH = "homograph"
    USERINFO = "userinfo"
    UNKNOWN = "unknown"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class Words:
    """The same sentence for both kinds of reader."""

    vi: str
    en: str

    def said(self, lang: str) -> str:
        """Return the sentence in ``lang``, Vietnamese unless it is ``en``."""
        return self.en if lang == "en" else self.vi


@dataclass(frozen=True, slots=True)
class Reason:
    """A sign that was found: which rule, why it matters, and the words of the message that show it."""

    rule_id: str
    weight: Weight
    text_vi: str
    text_en: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checker says, heaviest reason first; ``whole``: was all of the message read."""

    level: Level
    reasons: tuple[Reason, ...]
    advice: Words
    whole: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it stands in a message: its host, its scheme ("" if none), what is odd about it."""

    text: str
    host: str
    scheme: str
    kinds: frozenset[LinkKind]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One sign. ``groups``: each needs one of its phrases; ``link``: a kind of link instead of phrases."""

    id: str
    weight: Weight
    reason: Words
    groups: tuple[tuple[str, ...], ...]
    link: LinkKind | None
    within: int | None
    negatable: bool
    not_after: frozenset[str]
    unless: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hosts:
    """What is known about addresses."""

    allowed: tuple[str, ...]
    bad_tlds: frozenset[str]
    bare_tlds: frozenset[str]
    shorteners: tuple[str, ...]
    lookalike_contains: tuple[str, ...]
    lookalike_parts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Negation:
    """How a sentence says that something is not to be done; see the head of the pack's ``rules.toml``."""

    words: frozenset[str]
    not_after: frozenset[str]
    undone_by: tuple[str, ...]
    bridge: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rules:
    """All that the checker knows, from one version of a pack."""

    rules: tuple[Rule, ...]
    lists: Mapping[str, tuple[str, ...]]
    leet: Mapping[str, str]
    hosts: Hosts
    negation: Negation
    points: Mapping[Weight, int]
    dangerous_from: int
    suspicious_from: int
    advice: Mapping[Level, Words]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to report: a number to call or to write to, with the syntax of the message."""

    id: str
    number: str
    how: str
    syntax: str
    words: Words


@dataclass(frozen=True, slots=True)
class Reporting:
    """Where to report, as of which day, from which sources, how well known."""

    ways: tuple[Way, ...]
    as_of: str
    status: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scam:
    """One kind of scam in one language; ``lang`` differs from what was asked when it is not translated."""

    slug: str
    lang: str
    title: str
    summary: str
    order: int
    picture: str
    as_of: str
    status: str
    sources: tuple[str, ...]
    sections: tuple[Section, ...]
    quiz: tuple[Quiz, ...]


@dataclass(frozen=True, slots=True)
class Quiz:
    """A message to judge: is it a scam, and by which clues."""

    message: str
    scam: bool
    clues: tuple[str, ...]
    why: str
