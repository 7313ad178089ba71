"""Read from a pack which goods the board can carry; a pack never carries a price."""

from __future__ import annotations

import functools
from typing import Annotated

import msgspec

from hub.base.errors import Missing, NotReady
from hub.base.money import Dong
from hub.packs.shelf import Shelf
from hub.trades.prices.model import Commodity, CommodityId, Place, PlaceKind, Words

_FILE = "prices/commodities.toml"
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    vi: _Text
    en: _Text


class _PlaceRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: _Text
    name: _Said


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: _Text
    name: _Said
    form: _Said
    unit: Annotated[str, msgspec.Meta(pattern="^đồng/")]
    place_kinds: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)]
    picture: _Text
    plausible_min: int | None = None
    plausible_max: int | None = None
    plausible_source: str = ""


class _File(msgspec.Struct, frozen=True):
    place_kind: tuple[_PlaceRow, ...]
    commodity: tuple[_Row, ...]


@functools.lru_cache(maxsize=4)
def commodities(shelf: Shelf) -> tuple[Commodity, ...]:
    """Return the goods in the pack's order; raises ``NotReady("packs.bad_file")``."""
    try:
        told = msgspec.convert(shelf.table(_FILE), _File)
        places = {
            row.id: Place(PlaceKind(row.id), Words(row.name.vi, row.name.en)) for row in told.place_kind
        }
        return tuple(_commodity(row, places) for row in told.commodity)
    except (msgspec.ValidationError, KeyError) as bad:
        raise NotReady("packs.bad_file", file=_FILE, why=str(bad)) from bad


def commodity(shelf: Shelf, commodity_id: str) -> Commodity:
    """Return one good; raises ``Missing("prices.no_commodity")``."""
    for one in commodities(shelf):
        if one.id == commodity_id:
            return one
    raise Missing("prices.no_commodity")


def _commodity(row: _Row, places: dict[str, Place]) -> Commodity:
    return Commodity(
        id=CommodityId(row.id),
        name=Words(row.name.vi, row.name.en),
        form=Words(row.form.vi, row.form.en),
        unit=row.unit,
        places=tuple(places[kind] for kind in row.place_kinds),
        picture=row.picture,
        plausible_min=None if row.plausible_min is None else Dong(row.plausible_min),
        plausible_max=None if row.plausible_max is None else Dong(row.plausible_max),
    )
