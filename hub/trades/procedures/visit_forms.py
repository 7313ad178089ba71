"""Forms for home visits that the pack brings: forms of the House like others, but nobody begins a dossier on one.

Keeps true: what a volunteer's telephone gets in the place of a sample list stands beside the form, as it does
where a form is put in by hand. It reads the pack and nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from hub.forms import handout
from hub.packs.shelf import Shelf

SLUG = "visit-"
_FOLDER = "visits"


@dataclass(frozen=True, slots=True)
class Packed:
    """A form for home visits as the pack has it, with the files beside it."""

    form_id: str
    xml: bytes = field(repr=False)
    media: Mapping[str, bytes] = field(repr=False)


@functools.lru_cache(maxsize=4)
def all(shelf: Shelf) -> Mapping[str, Packed]:
    """Return the pack's forms for home visits by what they are listed as."""
    found = {}
    for name in shelf.names(f"{_FOLDER}/*/form.xml"):
        folder = PurePosixPath(name).parent
        xml = shelf.path(name).read_bytes()
        media = {
            PurePosixPath(one).name: shelf.path(one).read_bytes() for one in shelf.names(f"{folder}/*.csv")
        }
        found[SLUG + folder.name] = Packed(handout.read(xml).form_id, xml, media)
    return found
