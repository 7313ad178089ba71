"""A form with every kind of field on it, and a draft of any form for a guide who has signed in."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path

from hub.base.house import House
from hub.desks import guard
from hub.desks.guide import common
from hub.forms import author, xform
from hub.trades.dossiers import drafts
from tests.desks.guide.hand import Draft, Guide
from tests.trades.dossiers.guide import CONSENT, SAMPLE, photo

PAGES = ("words", "numbers", "times", "choices", "scales", "places", "files", "house", "last")
MEDIA = {
    "map.png": photo(form="PNG"),
    "apple.png": photo((20, 120, 20), form="PNG", side=60),
    "hello.mp3": b"ID3",
}


@functools.cache
def xml() -> bytes:
    """The gallery; converted once a run."""
    return author.convert(Path(__file__).with_name("gallery.md"), None, "gallery").xml


def begin(guide: Guide, house: House, form: bytes, media: Mapping[str, bytes] = MEDIA) -> Draft:
    """Begin a draft of any form, with nobody to scan a card for."""
    with guide.client:
        guide.get("/guide/desk")
        key, staff = guard.house_key(), common.me().id
    procedure = dataclasses.replace(SAMPLE, form_id=xform.read(form, media).form_id, persons=())
    conn = house.connect()
    try:
        draft = drafts.start(
            conn,
            procedure,
            form,
            consent=CONSENT,
            staff=staff,
            key=key,
            moment=house.clock.read(),
            draft_days=30,
            media=media,
        )
    finally:
        conn.close()
    return Draft(guide, draft.id)
