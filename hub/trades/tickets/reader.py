"""Reads the services of a content pack: ``tickets/services.toml``.

Keeps true: a file that is not what it should be is refused whole, with its place; nothing is guessed.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hub.base.errors import NotReady
from hub.trades.tickets.model import Service

FILE = Path("tickets") / "services.toml"
LONGEST_BUZZ_MS = 2_000

_Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vi: _Words
    en: _Words


class _Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: _Id
    name: _Said
    colour: Literal["indigo", "madder", "turmeric", "leaf", "clay", "sky"]
    picture: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+$", max_length=30)]
    usual_minutes: Annotated[int, msgspec.Meta(ge=1, le=240)]
    letter: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]?$")] = ""
    detail: _Said | None = None
    open: bool = True
    buzz: tuple[Annotated[int, msgspec.Meta(ge=20, le=1000)], ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: Annotated[tuple[_Service, ...], msgspec.Meta(min_length=1, max_length=40)]


def read(pack: Path) -> tuple[Service, ...]:
    """Return the services of the pack in folder ``pack``, in the file's order.

    Raises ``NotReady("tickets.services_broken")`` with file and reason.
    """
    path = pack / FILE
    try:
        told = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File, strict=True)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as bad:
        raise NotReady("tickets.services_broken", file=str(path), why=str(bad)) from bad
    for service in told.service:
        if sum(service.buzz) > LONGEST_BUZZ_MS or (service.buzz and len(service.buzz) % 2 == 0):
            why = (
                f"buzz of {service.id!r} must begin and end with sound and last {LONGEST_BUZZ_MS} ms at most"
            )
            raise NotReady("tickets.services_broken", file=str(path), why=why)
    ids = [service.id for service in told.service]
    twice = next((one for one in ids if ids.count(one) > 1), None)
    if twice is not None:
        raise NotReady("tickets.services_broken", file=str(path), why=f"service id {twice!r} is there twice")
    return tuple(
        Service(
            id=service.id,
            name_vi=service.name.vi,
            name_en=service.name.en,
            colour=service.colour,
            picture=service.picture,
            letter=service.letter,
            usual_minutes=service.usual_minutes,
            position=position,
            open=service.open,
            buzz=service.buzz,
            detail_vi=service.detail.vi if service.detail else "",
            detail_en=service.detail.en if service.detail else "",
        )
        for position, service in enumerate(told.service)
    )
