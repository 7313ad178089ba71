"""What a look around says: a device that could be used, and the settings that would make it the House's own.

Keeps true: ``changes`` are fields of the device's own settings and name it by what stays the same when it is
plugged in elsewhere. Finding opens nothing for work, prints nothing, and never changes a setting.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """One device that was seen.

    ``device`` is the House's name for its kind (``printer``, ``sheets``, ``scanner``, ``reader``); ``label``
    what a technician would call it, from its maker; ``changes`` fields of that device's settings with their
    values; ``detail`` how it is attached, in English.
    """

    device: str
    label: str
    changes: dict[str, object]
    detail: str = ""


def once(seen: Iterable[Found]) -> tuple[Found, ...]:
    """Return each device once, in the order in which it was first seen."""
    kept: list[Found] = []
    for each in seen:
        if not any(each.device == other.device and each.changes == other.changes for other in kept):
            kept.append(each)
    return tuple(kept)
