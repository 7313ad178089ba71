"""The words of the House: Vietnamese first, English complete.

A phrase is named ``room.key``; its room is a file ``phrases/<language>/<room>.toml`` of flat ``key = "text"``
lines whose braces name values. Keeps true (by a test): every language has the same keys with the same values.
It never shows a key to a reader: a phrase that is missing in one language is said in Vietnamese, and a name
that no language knows raises, because that is a mistake in the program.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

DEFAULT = "vi"
LANGUAGES = ("vi", "en")
_FOLDER = Path(__file__).parent / "phrases"


@functools.cache
def catalog(lang: str) -> Mapping[str, str]:
    """Return all phrases of one language by ``room.key``."""
    found: dict[str, str] = {}
    for path in sorted((_FOLDER / lang).glob("*.toml")):
        for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
            found[f"{path.stem}.{key}"] = value
    return found


def language(wanted: str | None) -> str:
    """Return ``wanted`` if the House speaks it, else Vietnamese."""
    return wanted if wanted in LANGUAGES else DEFAULT


def say(lang: str, key: str, /, **values: object) -> str:
    """Return the phrase ``key`` in ``lang`` with its values filled in; raises ``KeyError`` for an unknown key."""
    phrase = catalog(language(lang)).get(key)
    if phrase is None:
        phrase = catalog(DEFAULT)[key]
    return phrase.format_map(values) if "{" in phrase else phrase


def has(key: str) -> bool:
    """Return whether any language names ``key``."""
    return key in catalog(DEFAULT)
