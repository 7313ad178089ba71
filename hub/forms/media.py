"""Names of the pictures and recordings a form lays beside its texts.

A name is a plain file name, whatever address the form wrote; where the file lies is nobody's business here.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.base.errors import Refused

_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Media:
    """The files beside one text in one language; empty where there is none."""

    image: str = ""
    big_image: str = ""
    audio: str = ""
    video: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The files there are."""
        return tuple(name for name in (self.image, self.big_image, self.audio, self.video) if name)


NONE = Media()


def read(files: dict[str, str]) -> Media:
    """Return the media of itext values by their ``form`` attribute; other forms are passed over."""
    return Media(
        image=_name(files.get("image", "")),
        big_image=_name(files.get("big-image", "")),
        audio=_name(files.get("audio", "")),
        video=_name(files.get("video", "")),
    )


def _name(address: str) -> str:
    """``jr://images/a.png`` as ``a.png``; raises Refused("forms.bad_media_name", name=)."""
    address = address.strip()
    if not address or address == "-":
        return ""
    kept = address.removeprefix("jr://").partition("/")[2] if address.startswith("jr://") else address
    if not kept or "/" in kept or "\\" in kept or kept.startswith(".") or len(kept) > _LONGEST:
        raise Refused("forms.bad_media_name", name=address[:_LONGEST])
    return kept
