"""The errors of the House, split by who must act.

Each error carries a phrase key and values, never prose, so that the reader's language is chosen where the
reader is. It never carries what a person typed beyond what the sentence needs.
"""

from __future__ import annotations


class HubError(Exception):
    """Something the House can say in one sentence.

    ``key`` names a phrase of ``hub.base.phrases``; ``values`` fill its braces. ``str(error)`` is for logs only.
    """

    def __init__(self, key: str, /, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"{self.key}({told})" if told else self.key


class Refused(HubError, ValueError):
    """The visitor can correct it: a wrong value, a missing answer, a file that is not what its name says."""


class Missing(HubError, LookupError):
    """What was asked for is not here (or no longer)."""


class NotReady(HubError, RuntimeError):
    """The House cannot do it now; a technician must act, and the work so far is safe."""


class Conflict(HubError, RuntimeError):
    """Someone was quicker; look again and decide."""
