"""Which fault card belongs to which state of which device.

Keeps true: every state in which a hand is needed has a card: the device's own where its hand's work is its own,
else one for all devices.
"""

from __future__ import annotations

OWN = frozenset(
    {
        "printer_no_paper",
        "printer_low_paper",
        "printer_cover_open",
        "printer_jammed",
        "printer_offline",
        "panel_offline",
        "panel_stuck",
        "speaker_offline",
        "sheets_no_paper",
        "sheets_cover_open",
        "sheets_jammed",
        "sheets_no_ink",
        "sheets_low_ink",
        "sheets_offline",
        "sheets_paused",
        "sheets_unsupported",
        "scanner_offline",
        "scanner_cover_open",
        "scanner_jammed",
        "scanner_no_document",
        "scanner_busy",
        "scanner_hangs",
        "reader_offline",
        "reader_denied",
    }
)
FOR_ALL = frozenset({"busy", "unsupported", "broken", "hangs", "offline", "denied"})
_MOODS = {
    "ready": "good",
    "unknown": "plain",
    "busy": "wait",
    "low_paper": "wait",
    "low_ink": "wait",
    "no_document": "wait",
}


def stem(device: str, state: str) -> str:
    """Return the stem of the card's phrases, ``sheets_no_paper``; empty when no hand is needed."""
    own = f"{device}_{state}"
    return own if own in OWN else state if state in FOR_ALL else ""


def mood(state: str) -> str:
    """Return the mood of a state's badge: good, plain, wait or bad."""
    return _MOODS.get(state, "bad")
