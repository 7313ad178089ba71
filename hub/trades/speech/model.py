"""A villager's voice and its recordings.

Keeps true: a voice has a code and no name. What it agreed to is told by the version of the words it heard.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NewType

from hub.trades.speech.shaping import Verdict

VoiceId = NewType("VoiceId", int)

NOTICE_VERSION = "1"
"""Changes whenever the phrases ``recording.consent_…`` say something else."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker of one language; ``speaks``: its set was whole, so calls are made with it."""

    id: VoiceId
    code: str
    lang: str
    speaks: bool
    given_at: dt.datetime
    trusted: bool
    withdrawn_at: dt.datetime | None
    kept: int
    """How many recordings are kept."""


@dataclass(frozen=True, slots=True)
class Take:
    """One recording of a slot: how good it is, how long, and whether it is kept."""

    slot: str
    kept: bool
    verdict: Verdict
    ms: int
