"""The services of a content pack."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hub.base import phrases
from hub.base.errors import NotReady
from hub.trades.tickets import reader
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views

CORE = Path(__file__).parents[3] / "content" / "core"
GOOD = """
[[service]]
id = "giay-to"
name = { vi = "Làm giấy tờ", en = "Papers" }
colour = "indigo"
picture = "buffalo"
usual_minutes = 20
"""


def pack(folder: Path, text: str) -> Path:
    (folder / "tickets").mkdir()
    (folder / "tickets" / "services.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_services_of_the_first_pack_can_be_offered(conn: sqlite3.Connection) -> None:
    services = reader.read(CORE)
    tickets.set_services(conn, services)
    assert views.services(conn) == services and len(services) >= 4
    letters = [service.letter for service in services if service.letter]
    assert len(set(letters)) == len(letters)


def test_every_colour_and_picture_of_the_first_pack_has_a_word() -> None:
    for service in reader.read(CORE):
        assert phrases.has(f"tickets.colour_{service.colour}"), service.id
        assert phrases.has(f"tickets.picture_{service.picture}"), service.id


def test_a_service_may_be_plain(tmp_path: Path) -> None:
    (service,) = reader.read(pack(tmp_path, GOOD))
    assert (service.letter, service.open, service.detail("vi"), service.name("en")) == (
        "",
        True,
        "",
        "Papers",
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "service"),
        ("service = 3", "service"),
        ("[[service]", "line 1"),
        (GOOD + 'colors = "red"', "colors"),
        (GOOD.replace("indigo", "pink"), "colour"),
        (GOOD.replace("20", "0"), "usual_minutes"),
        (GOOD.replace('"giay-to"', '"Giấy tờ"'), "id"),
        (GOOD.replace('"buffalo"', '"../buffalo"'), "picture"),
        (GOOD + GOOD, "twice"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(NotReady, match="tickets.services_broken") as refused:
        reader.read(pack(tmp_path, text))
    assert why in str(refused.value.values["why"])
    assert "services.toml" in phrases.say("vi", refused.value.key, **refused.value.values)


@pytest.mark.parametrize("buzz", ["[100, 50]", "[1000, 500, 1000]", "[5]", '["long"]'])
def test_a_rhythm_that_cannot_be_told_apart_or_is_too_long_is_refused(tmp_path: Path, buzz: str) -> None:
    with pytest.raises(NotReady, match="tickets.services_broken"):
        reader.read(pack(tmp_path, f"{GOOD}\nbuzz = {buzz}\n"))


def test_each_service_of_the_first_pack_has_a_rhythm_of_its_own(conn: sqlite3.Connection) -> None:
    services = reader.read(CORE)
    rhythms = [service.buzz for service in services]
    assert all(rhythms) and len(set(rhythms)) == len(rhythms)
    tickets.set_services(conn, services)
    assert [one.buzz for one in views.services(conn)] == rhythms


def test_a_pack_without_services_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="tickets.services_broken"):
        reader.read(tmp_path)
