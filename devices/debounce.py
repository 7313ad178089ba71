"""Tell presses from bounces, sparks and a button that is stuck, sample by sample.

Keeps true: a level counts once it has stood still for the settling time; one press is told once, however long it
lasts; a button that was down when watching began is no press. It reads no clock and no pin: it is fed.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Debouncer:
    """One contact: ``settle_s`` is how long a level must last, ``stuck_s`` how long nobody holds a button."""

    settle_s: float
    stuck_s: float
    believed: bool = False
    """What the contact was when watching began, and what is believed since."""
    _seen: bool = field(init=False)
    _since: float = field(default=0.0, init=False)
    _down_at: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._seen = self.believed

    def feed(self, level: bool, now: float) -> bool:
        """Take one sample (``now`` in seconds, never backwards).

        Return True when a press has just become certain.
        """
        if level is not self._seen:
            self._seen, self._since = level, now
        elif level is not self.believed and now - self._since >= self.settle_s:
            self.believed = level
            self._down_at = now if level else None
            return level
        if self.believed and self._down_at is None:
            self._down_at = now
        return False

    def stuck(self, now: float) -> bool:
        """Return whether the button has been down for so long that nobody can be holding it."""
        return self._down_at is not None and now - self._down_at >= self.stuck_s

    @property
    def settled(self) -> bool:
        """Whether the last samples agree with what is believed, so that nothing is pending."""
        return self._seen is self.believed
