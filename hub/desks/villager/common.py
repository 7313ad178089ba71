"""What the villager's views share: the shelf, a mark for a form, times and sources as people write them."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Iterable

from flask import request

from hub.base import letterhead, phrases
from hub.base.errors import Refused
from hub.desks import shell
from hub.packs import shelf
from hub.packs.shelf import Shelf
from hub.trades.procedures import telling

_MARK = re.compile(r"[0-9a-f]{16}")
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)


def pack() -> Shelf:
    """Return the active content."""
    return shelf.current(shell.house().packs)


def new_mark() -> str:
    """Return a mark for one drawing of a form: a second press of the same drawing is the same wish."""
    return secrets.token_hex(8)


def mark() -> str:
    """Return the mark that came with the form, or a fresh one: then a press stands for itself."""
    sent = request.form.get("mark", "")
    return sent if _MARK.fullmatch(sent) else new_mark()


def typed(name: str, most: int) -> str:
    """Return what was typed into ``name``; ``Refused("villager.too_long")`` beyond ``most`` letters."""
    said = request.values.get(name, "")
    if len(said) > most:
        raise Refused("villager.too_long", most=most)
    return said


def time_words(at: dt.datetime, trusted: bool) -> str:
    """Return day and time of the village, marked when the clock was not believed."""
    return letterhead.shown_time(shell.lang(), at, trusted)


def age_words(read_on: dt.date | str) -> str:
    """Return how old a source is: "đọc 2 tháng trước (25/09/2026)"."""
    day = dt.date.fromisoformat(read_on) if isinstance(read_on, str) else read_on
    return telling.age(shell.lang(), day, shell.moment())


def source_words(sources: Iterable[str]) -> str:
    """Return a pack's source notes as a reader can use them: the site, or what kind of source it is.

    A note is ``<tag>: <what>``; the pack's manifest says what each tag means.
    """
    tags = pack().table("manifest.toml").get("source_tags", {})
    found: dict[str, None] = {}
    for source in sources:
        tag, _, rest = source.partition(": ")
        meaning = tags.get(tag, {}).get(phrases.language(shell.lang()), "")
        site = _HOST.match(rest)
        # "Not verified" is said by the status already.
        if tags.get(tag, {}).get("status") != "unverified":
            found[site[0] if tag == "V" and site else meaning or rest] = None
    return ", ".join(found)
