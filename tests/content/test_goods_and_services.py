"""Goods of the price board and services of the desks."""

from __future__ import annotations

from tests.content import pack

COMMODITIES = pack.toml("prices/commodities.toml")
SERVICES = pack.toml("tickets/services.toml")["service"]
PALETTE = {"indigo", "madder", "turmeric", "leaf", "clay", "sky"}
UNITS = {"đồng/kg", "đồng/tạ", "đồng/yến", "đồng/tấn", "đồng/m³", "đồng/con"}


def test_goods_have_their_own_ids_units_and_places() -> None:
    goods = COMMODITIES["commodity"]
    assert len({g["id"] for g in goods}) == len(goods) >= 8
    assert len({g["name"]["vi"] for g in goods}) == len({g["name"]["en"] for g in goods}) == len(goods)
    places = {p["id"] for p in COMMODITIES["place_kind"]}
    for good in goods:
        assert good["unit"] in UNITS
        assert good["place_kinds"] and set(good["place_kinds"]) <= places
        assert set(good["form"]) == {"vi", "en"}


def test_no_price_is_invented() -> None:
    for good in COMMODITIES["commodity"]:
        assert not [k for k, v in good.items() if isinstance(v, int | float)], good["id"]


def test_services_differ_by_letter_colour_and_picture() -> None:
    assert 1 <= len(SERVICES) <= 8
    for key in ("id", "letter", "colour", "picture"):
        assert len({s[key] for s in SERVICES}) == len(SERVICES), key
    assert {s["colour"] for s in SERVICES} <= PALETTE
    assert not {s["letter"] for s in SERVICES} & set("IOQ"), "letters that read like digits"
    assert all(len(s["letter"]) == 1 and s["letter"].isascii() and s["letter"].isupper() for s in SERVICES)
    assert all(5 <= s["usual_minutes"] <= 60 for s in SERVICES)
