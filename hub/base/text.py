"""Vietnamese text: one normal form, and a folded form for search and comparison.

Keeps true: whatever passes ``clean`` is NFC without control characters; two spellings that a reader would call
the same word fold to the same string. It never changes text that is shown back to the person who typed it
beyond that.
"""

from __future__ import annotations

import re
import unicodedata

# đ and Đ have no decomposition, and ð/Ð are other letters that only look like them (old keyboards produce both).
_STROKES = str.maketrans({"đ": "d", "Đ": "d", "ð": "d", "Ð": "d", "’": "'", "‘": "'", "ʼ": "'"})
_SPACES = re.compile(r"\s+")
_LINE_KEEPERS = {"\n", "\t"}


def clean(text: str, *, lines: bool = False) -> str:
    """Return ``text`` in NFC, without control and format characters, spaces collapsed.

    With ``lines`` true, line breaks and tabs stay and only the ends are trimmed.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(
        mark
        for mark in text
        if unicodedata.category(mark) not in {"Cc", "Cs", "Co", "Cn"} or mark in _LINE_KEEPERS
    )
    if lines:
        return kept.strip()
    return _SPACES.sub(" ", kept).strip()


def fold(text: str) -> str:
    """Return the comparison form: no marks, đ as d, lower case, single spaces, straight apostrophes."""
    stripped = "".join(
        mark
        for mark in unicodedata.normalize("NFD", text)
        if unicodedata.category(mark) not in {"Mn", "Cc", "Cf"} or mark.isspace()
    )
    return _SPACES.sub(" ", stripped.translate(_STROKES).casefold().translate(_STROKES)).strip()


def given_name_key(full_name: str) -> tuple[str, str]:
    """Return a sort key by given (last) word, then the whole name, as Vietnamese lists are ordered."""
    folded = fold(full_name)
    return (folded.rsplit(" ", 1)[-1], folded)
