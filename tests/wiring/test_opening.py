"""The House put together: the same settings give the same House, and opening it twice changes nothing."""

from __future__ import annotations

import dataclasses
import shutil
import stat
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from devices.config import PrinterConfig
from hub.base import phrases, settings
from hub.base.errors import NotReady
from hub.base.house import House
from hub.packs import install, shelf
from hub.trades.prices import reader as goods
from hub.trades.prices import service as prices
from hub.trades.staff import service as staff
from hub.trades.tickets import views as tickets
from hub.wiring import build, content, demo, opening
from tests.cli import command
from tests.fakes import FakeClock


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A prepared demo House."""
    return build.build(settings.Settings(), command.copied(tmp_path_factory, tmp_path / "data"))


def test_the_data_folder_is_as_given_else_of_the_environment_else_the_setting_else_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings.Settings(data_dir=str(tmp_path / "setting"))
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "environment"))
    assert build.data_folder(given, tmp_path / "given") == tmp_path / "given"
    assert build.data_folder(given) == tmp_path / "environment"
    monkeypatch.delenv("HUB_DATA")
    assert build.data_folder(given) == tmp_path / "setting"
    assert build.data_folder(settings.Settings()).is_relative_to(Path.home())


def test_nobody_else_can_look_into_what_the_house_keeps(tmp_path: Path) -> None:
    made = build.build(settings.Settings(), tmp_path / "data")
    for path in (made.data, made.keys, made.packs, made.speech, made.simulated):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_secrets_of_a_demo_house_are_readable_by_their_owner_alone(house: House) -> None:
    secrets = [house.data / "office" / "token", house.data / "office" / "practice_key.pem"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in secrets)


def test_only_a_demo_house_without_an_office_of_its_own_sends_to_the_practice_office(tmp_path: Path) -> None:
    demo_house = build.with_practice_office(settings.Settings(), tmp_path)
    assert demo_house.upstream.url == f"http://127.0.0.1:{demo_house.office.port}"
    named = settings.Settings(upstream=settings.UpstreamSettings(url="https://central.example"))
    assert build.with_practice_office(named, tmp_path).upstream == named.upstream
    real = settings.Settings(house=settings.HouseSettings(demo=False))
    assert build.with_practice_office(real, tmp_path) == real


def test_the_demo_house_has_a_queue_prices_and_staff_that_say_they_are_samples(house: House) -> None:
    moment = house.clock.read()
    with closing(house.connect()) as conn:
        assert len(tickets.queue(conn).waiting) == 3
        board = prices.board(conn, goods.commodities(shelf.current(house.packs)), moment.on)
        shown = [row for row in board if row.latest is not None]
        assert len(shown) == 4
        assert all("tập dượt" in row.latest.place for row in shown if row.latest)
        assert all("Mẫu" in one.name for one in staff.listing(conn))


def test_opening_again_tells_nothing_and_makes_nothing(house: House) -> None:
    said: list[str] = []
    before = install.installed(house.packs)
    opening.prepare(house, tell=said.append)
    assert said == [] and install.installed(house.packs) == before
    with closing(house.connect()) as conn:
        assert len(tickets.queue(conn).waiting) == 3


def test_a_demo_that_broke_off_half_way_is_made_whole_by_the_next_start(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = command.prepared(tmp_path_factory)
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    made = build.build(settings.Settings(), data)
    made.packs.rmdir()
    # The form compiler has done its work in the prepared House.
    shutil.copytree(prepared / "packs", made.packs, symlinks=True)
    with monkeypatch.context() as patch:
        patch.setattr(demo, "_queue", lambda *_: (_ for _ in ()).throw(OSError("the card is full")))
        with pytest.raises(OSError, match="full"):
            opening.prepare(made, tell=lambda _: None)
    with closing(made.connect()) as conn:
        assert staff.listing(conn) == ()
        opening.prepare(made, tell=lambda _: None)
        assert len(staff.listing(conn)) == len(demo.SIGN_INS)


@pytest.mark.parametrize("lang", phrases.LANGUAGES)
def test_the_welcome_names_addresses_sign_ins_and_what_is_simulated(tmp_path: Path, lang: str) -> None:
    told = "\n".join(opening.welcome(settings.Settings(), tmp_path, "http://127.0.0.1:8000", lang))
    for name, _role, secret in demo.SIGN_INS:
        assert name in told and secret in told
    assert "http://127.0.0.1:8000/board" in told and "http://127.0.0.1:8001" in told
    assert phrases.say(lang, "opening.device_printer") in told

    one = msgspec.structs.replace(
        settings.Settings(house=settings.HouseSettings(demo=False)),
        printer=PrinterConfig(kind="network", host="192.0.2.20"),
    )
    told = "\n".join(opening.welcome(one, tmp_path, "http://127.0.0.1:8000", lang))
    assert not any(secret in told for _name, _role, secret in demo.SIGN_INS) and "8001" not in told
    assert phrases.say(lang, "opening.device_printer") not in told
    assert phrases.say(lang, "opening.device_panel") in told


def test_a_content_folder_without_a_pack_is_refused(house: House, tmp_path: Path) -> None:
    empty = dataclasses.replace(house, content=tmp_path)
    with pytest.raises(NotReady, match="packs.none"):
        opening.prepare(empty, tell=lambda _: None)


def test_a_house_without_a_voice_says_so_and_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(house.data))
    said: list[str] = []
    opening.speak(house, tell=said.append, lang="en")
    assert len(said) == 1 and said[0] == phrases.say("en", "speech.no_engine")


def test_every_form_of_the_pack_lies_ready_for_the_web(house: House) -> None:
    found = dict(content.forms(house))
    assert "lien-thong-khai-sinh" in found and all(xml.startswith(b"<?xml") for xml in found.values())


def test_a_time_seen_by_an_earlier_run_holds_the_clock_from_below(tmp_path: Path) -> None:
    never = settings.Settings(clock=settings.ClockSettings(trust="never"))
    first = build.build(never, tmp_path / "data")
    ahead = FakeClock("2038-01-01T00:00:00.000000Z", trusted=False)
    with closing(first.connect()) as conn:
        ahead.keep(conn)
    second = build.build(never, tmp_path / "data").clock.read()
    assert second.at >= ahead.at and not second.trusted
