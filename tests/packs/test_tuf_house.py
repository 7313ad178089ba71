"""A House and its publisher as people use them: commands, the relay's errand, the technician's page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask

from hub.base import clock as clocks
from hub.base.errors import NotReady, Refused
from hub.base.house import House
from hub.base.settings import (
    ClockSettings,
    HouseSettings,
    PacksSettings,
    Settings,
    UplinkSettings,
    UpstreamSettings,
)
from hub.base.settings import write as written_settings
from hub.cli import main
from hub.desks import shell
from hub.packs import fetch, index, install, offers
from hub.packs.offers import State
from hub.post import network, outbox
from hub.wiring import build, content, updates
from hub.workers import relay_packs
from tests.cli import command
from tests.cli.command import hub
from tests.desks.test_technician import press, signed_in, told
from tests.fakes import FakeClock
from tests.packs.repository import Answer, Publisher, Server, pack, trickle
from tests.post import certificates, parcels
from tests.workers.house import until

_NAMES = ("core", "small", "program")


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "province")
    made.now = dt.datetime.now(dt.UTC)
    made.publish()
    return made


def _house(data: Path, *urls: str, **more: object) -> House:
    chosen = Settings(
        house=HouseSettings(demo=False),
        clock=ClockSettings(trust="always"),
        packs=PacksSettings(urls=urls, names=_NAMES, idle_s=5.0),
        **more,  # type: ignore[arg-type]
    )
    return build.build(chosen, data)


@pytest.fixture
def data(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Path:
    return command.copied(tmp_path_factory, tmp_path / "data")


def _settings(folder: Path, house: House) -> Path:
    return command.written(folder, written_settings(house.settings))


def _said(*arguments: str | Path, typed: str = "") -> str:
    """Run a command in this process; what it says."""
    done = CliRunner().invoke(main.cli, [str(one) for one in arguments], input=typed, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.output


def test_a_province_publishes_and_a_house_follows_by_commands_alone(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_SETTINGS", str(_settings(tmp_path / "etc", _house(data))))
    house = ("--data", data, "packs")
    repo, keys, word = tmp_path / "repo", tmp_path / "keys", tmp_path / "word"
    word.write_text("mot hai ba\n", encoding="utf-8")
    held = ("--keys", keys, "--passphrase-file", word)
    made = _said("packs", "keys", "new", keys, "--passphrase-file", word)
    assert [line.split("\t")[0] for line in made.splitlines()] == ["root", "targets", "snapshot", "timestamp"]
    first = pack(tmp_path / "p1", "2026.11.1")
    with pytest.raises(Refused, match="bad_key"):
        _said("packs", "publish", repo, first, "--keys", keys)
    assert not repo.exists()
    assert _said("packs", "publish", repo, first, *held).startswith("small 2026.11.1\n")
    root = repo / "metadata" / "1.root.json"
    mark = index.fingerprint(root.read_bytes())
    assert mark in _said("packs", "keys", "list", repo)
    # Nobody is trusted before a person has compared.
    with pytest.raises(NotReady, match="no_root"):
        _said(*house, "update", "--from", repo)
    with pytest.raises(SystemExit):
        _said(*house, "trust", root, "--fingerprint", "0" * 64)
    with pytest.raises(click.Abort):
        _said(*house, "trust", root, typed="n\n")
    with pytest.raises(NotReady, match="no_root"):
        _said(*house, "update", "--from", repo)
    assert mark in _said(*house, "trust", root, typed="y\n")
    assert mark in _said(*house, "trust", root, "--fingerprint", mark.upper())
    assert _said(*house, "update", "--from", repo).split("\t")[:3] == ["small", "2026.11.1", "here"]
    assert "small\t2026.11.1" in _said(*house, "list")
    # Keys change, the root is renewed, an update of the program comes.
    rotated = _said("packs", "keys", "rotate", repo, "timestamp", keys, *held, "--new-passphrase-file", word)
    assert rotated.startswith("timestamp\t")
    _said("packs", "keys", "renew", repo, *held)
    # Who forgets to name a new passphrase has not given up the old one.
    for role, locked in (("root", True), ("targets", True), ("timestamp", False)):
        fresh = _said("packs", "keys", "rotate", repo, role, keys, *held)
        assert (b"ENCRYPTED" in Path(fresh.split("\t")[1]).read_bytes()) is locked
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "hub.tar").write_bytes(b"new")
    _said("packs", "publish-program", repo, tmp_path / "dist", "9.0.0", *held)
    assert _said("packs", "freshen", repo, *held) == "timestamp\n"
    _said("packs", "withdraw", repo, "small", *held)
    looked = _said(*house, "update", "--look", "--from", repo)
    assert looked.split("\t")[:3] == ["program", "9.0.0", "waiting"]
    assert _said(*house, "update", "--from", repo).split("\t")[:3] == ["program", "9.0.0", "ready"]
    assert (data / offers.HOME / "program" / "9.0.0" / "hub.tar").read_bytes() == b"new"


def test_without_addresses_an_update_says_what_to_do(data: Path, tmp_path: Path) -> None:
    file = _settings(tmp_path / "etc", _house(data))
    told = hub(data, "packs", "update", settings=file)
    assert told.code == 1 and "packs.urls" in told.sentence


def test_a_root_named_in_the_settings_is_changed_there_only(data: Path, publisher: Publisher) -> None:
    place = publisher.metadata("1.root.json")
    house = build.build(Settings(packs=PacksSettings(root_file=str(place))), data)
    with pytest.raises(Refused, match="root_by_setting"):
        updates.believe(house, place.read_bytes())
    assert fetch.trusted(data / offers.HOME, str(place)) == (place, publisher.root)


def test_the_relay_fetches_by_a_process_of_its_own_and_carries_none_of_its_weight(
    data: Path, tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(publisher.repo).running() as server:
        house = _house(data, server.url)
        updates.believe(house, publisher.root)
        monkeypatch.setenv("HUB_SETTINGS", str(_settings(tmp_path / "etc", house)))
        with closing(house.connect()) as conn:
            errand = relay_packs.Packs(house, conn)
            assert errand.due() and not errand.needs_way
            errand.run()
            assert not errand.due()
            assert until(lambda: not errand.due() and offers.check(conn).good_at, 60)
            assert until(lambda: install.active(house.packs, "small"), 60)
            until(lambda: not errand.due() and errand._child is None, 60)
            with closing(house.connect()) as other:
                assert [one.state for one in offers.offers(other)] == [State.HERE]
            # It was looked at just now: neither this relay nor one that starts again asks before its time.
            assert not errand.due() and not relay_packs.Packs(house, conn).due()
            offers.ask(conn)
            assert relay_packs.Packs(house, conn).due()


def test_the_relay_itself_never_loads_what_judges_signatures() -> None:
    asked = (
        "import sys; from hub.workers import relay; "
        "print([one for one in ('tuf', 'pyxform') if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_failing_update_is_tried_again_later_and_later_and_a_press_now(data: Path) -> None:
    house = _house(data, "http://127.0.0.1:1", upstream=UpstreamSettings(url="http://127.0.0.1:2"))
    with closing(house.connect()) as conn:
        errand = relay_packs.Packs(house, conn, command=(sys.executable, "-c", "raise SystemExit(1)"))
        assert errand.needs_way and errand.due()
        errand.run()
        until(lambda: not errand.due() and errand._child is None, 20)
        assert errand._rest_s == 600.0 and not errand.due()
        errand._began = errand._again_at = float("-inf")
        assert errand.due()
        offers.ask(conn)
        assert errand.due() and not errand.needs_way


def test_what_keeps_a_look_from_beginning_is_told_and_no_process_is_started_again_and_again(
    data: Path,
) -> None:
    house = _house(data, "http://127.0.0.1:1")
    with closing(house.connect()) as conn:
        offers.ask(conn)
        errand = relay_packs.Packs(house, conn, command=(sys.executable, "-c", "raise SystemExit(1)"))
        assert errand.due()
        errand.run()
        assert until(lambda: not errand.due() and errand._child is None, 20)
        errand._began = float("-inf")
        assert not offers.check(conn).wanted and not errand.due()
        with pytest.raises(NotReady, match="no_root"):
            updates.update(house)
        known = offers.check(conn)
        assert known.reason_key == "packs.no_root" and not known.unfinished
        offers.ask(conn)
        with pytest.raises(NotReady, match="not_started"):
            relay_packs.Packs(house, conn, command=(str(data / "nobody"),)).run()
        known = offers.check(conn)
        assert known.reason_key == "packs.not_started" and not known.wanted and not known.unfinished


def test_what_a_kill_after_the_switch_left_undone_is_done_at_the_next_look(
    data: Path, publisher: Publisher
) -> None:
    house = _house(data)
    updates.believe(house, publisher.root)
    with closing(house.connect()) as conn:
        conn.execute("UPDATE facts SET value = 'core of yesterday' WHERE name = 'search_built_from'")
        updates.update(house, folder=publisher.repo)
        built = conn.execute("SELECT value FROM facts WHERE name = 'search_built_from'").fetchone()[0]
    assert built.startswith(f"core {install.active(house.packs, 'core')}")


def test_certificates_of_mirrors_are_judged_by_the_houses_time(
    data: Path, tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, then = dt.timedelta(days=1), dt.datetime.now(dt.UTC) + dt.timedelta(days=20)
    issued = certificates.issue(tmp_path / "tls", begins=then - day, ends=then + day)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.server_file)
    monkeypatch.setenv("SSL_CERT_FILE", str(issued.ca_file))
    with Server(publisher.repo, tls=context).running() as server:
        house = _house(data, server.url)
        updates.believe(house, publisher.root)
        with pytest.raises(NotReady, match="packs.certificate"):
            updates.update(house)
        later = dataclasses.replace(house, clock=FakeClock(clocks.stamp(then)))
        assert [one.state for one in updates.update(later)] == [State.HERE]
        doubtful = dataclasses.replace(house, clock=FakeClock(clocks.stamp(then), trusted=False))
        with pytest.raises(NotReady, match="packs.certificate"):
            updates.update(doubtful)


def test_an_update_that_was_cut_off_is_told_and_taken_up_again(data: Path) -> None:
    house = _house(data, "http://127.0.0.1:1")
    with closing(house.connect()) as conn:
        offers.begin(conn, house.clock.read())
        errand = relay_packs.Packs(house, conn, command=(sys.executable, "-c", "import time; time.sleep(60)"))
        assert errand.due()
        errand.run()
        assert not errand.due() and errand._child is not None
        errand._child.kill()
        until(lambda: not errand.due() and errand._child is None, 20)
        assert offers.check(conn).reason_key == "packs.interrupted"


def test_the_relay_ends_at_once_and_nobody_goes_on_using_the_line(
    data: Path, tmp_path: Path, publisher: Publisher
) -> None:
    def slowly(path: str, _start: int) -> Answer | None:
        if "/files/" not in path:
            return None
        body = (publisher.repo / path.lstrip("/")).read_bytes()
        return 200, {"Content-Length": str(len(body))}, trickle(body, 0.2)

    with Server(publisher.repo, lie=slowly).running() as server:
        house = _house(data, server.url)
        updates.believe(house, publisher.root)
        file = _settings(tmp_path / "etc", house)
        with subprocess.Popen(command.line(data, "relay"), env=command.environment(file)) as relay:
            try:
                until(lambda: any("/files/" in path for path in server.asked), 60)
                children = _children(relay.pid)
                assert children
                began = time.monotonic()
                relay.send_signal(signal.SIGTERM)
                assert relay.wait(10) == 0
                until(lambda: not [one for one in children if _runs(one)], 5)
                assert time.monotonic() - began < 10
            finally:
                relay.kill()


def _children(pid: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            told = place.read_text(errors="replace").rpartition(")")[2].split()
            if int(told[1]) == pid:
                found.append(int(place.parent.name))
    return found


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_packs_give_way_to_a_dossier_on_the_wire_and_stay_off_a_paid_line(
    data: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updates, "_WAIT_S", 0.2)
    with Server(publisher.repo).running() as server:
        house = _house(data, server.url)
        updates.believe(house, publisher.root)
        with closing(house.connect()) as conn:
            network.note(
                conn,
                network.Network(network.State.CONNECTED, network.Kind.MOBILE, True, "x"),
                house.clock.read(),
            )
            with pytest.raises(Exception, match="no_packs_when_metered"):
                updates.update(house)
            assert server.asked == [] and offers.check(conn).reason_key == "uplink.no_packs_when_metered"
            outbox.add(conn, parcels.parcel(), moment=house.clock.read())
            conn.execute("UPDATE outbox SET state = 'sending'")
            paid = _house(data, server.url, uplink=UplinkSettings(packs_when_metered=True))
            with pytest.raises(Exception, match="dossiers_first"):
                updates.update(paid)
            conn.execute("UPDATE outbox SET state = 'queued'")
            assert [one.state for one in updates.update(paid)] == [State.HERE]


def test_what_was_fetched_stays_at_the_next_start_and_so_does_a_step_back(
    data: Path, tmp_path: Path, publisher: Publisher
) -> None:
    pack(tmp_path / "content" / "small", "2026.11.1")
    house = build.build(
        Settings(
            content_dir=str(tmp_path / "content"),
            house=HouseSettings(demo=False),
            packs=PacksSettings(names=_NAMES),
        ),
        data,
    )

    def start() -> tuple[str, str]:
        content.again(house)
        return _version(house, "core"), _version(house, "small")

    core = _version(house, "core")
    assert start() == (core, "2026.11.1")
    publisher.publish()
    updates.believe(house, publisher.root)
    updates.update(house, folder=publisher.repo)
    assert start() == (core, "2026.11.2")
    content.back(house, "small")
    assert start() == (core, "2026.11.1")
    # A new program brings a newer one of its own.
    pack(tmp_path / "content" / "small", "2026.12.1")
    assert start() == (core, "2026.12.1")


def test_another_program_prepares_what_was_fetched_anew_and_a_rotten_one_gives_way(
    data: Path, tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(tmp_path / "content" / "small", "2026.11.1")
    publisher.publish()
    house = build.build(
        Settings(content_dir=str(tmp_path / "content"), packs=PacksSettings(names=("small",))), data
    )
    updates.believe(house, publisher.root)
    updates.update(house, folder=publisher.repo)
    first = install.active(house.packs, "small")
    monkeypatch.setattr(content, "version", lambda: "99.0")
    # The core with all its forms would take seconds, and goes the same way.
    monkeypatch.setattr(content.install, "installed", lambda packs: ())
    assert [one.name for one in content.again(house)] == ["small"]
    second = install.active(house.packs, "small")
    assert second != first and str(second).startswith("2026.11.2")
    (house.packs / "small" / str(second) / "manifest.toml").write_bytes(b"rot")
    monkeypatch.setattr(content, "version", lambda: "100.0")
    content.again(house)
    assert _version(house, "small") == "2026.11.1"


def _version(house: House, name: str) -> str:
    return str(install.active(house.packs, name)).rsplit("-", 1)[0]


@pytest.fixture
def shown(data: Path, publisher: Publisher) -> Iterator[tuple[House, Flask]]:
    house = _house(data, "http://user:secret@127.0.0.1:1/packs")
    app = build.web(house)
    app.testing = True
    yield house, app
    shell.close_shell(app)


def test_a_technician_sees_whose_content_it_is_what_is_offered_and_what_is_in_its_way(
    shown: tuple[House, Flask], publisher: Publisher
) -> None:
    house, app = shown
    client = signed_in(app)
    page = client.get("/technician/packs").text
    assert "http://127.0.0.1:1/packs" in page and "secret" not in page and "hub packs trust" in page
    updates.believe(house, publisher.root)
    updates.update(house, folder=publisher.repo)
    page = client.get("/technician/packs").text
    assert index.fingerprint(publisher.root) in page and "Tệp gốc đang dùng: bản 1" in page
    assert str(publisher.repo) in page and page.count("2026.11.1") >= 3 and "đang dùng" in page
    with closing(house.connect()) as conn:
        publisher.publish()
        updates.update(house, folder=publisher.repo, look_only=True)
        assert "chờ tải" in client.get("/technician/packs").text
        offers.move(conn, "small", State.FETCHING, fetched=40)
        assert "40 B /" in client.get("/technician/packs").text
    with pytest.raises(Exception, match="not_there"):
        updates.update(house, folder=publisher.home)
    page = client.get("/technician/packs").text
    assert "Nơi phát hành không có metadata/timestamp.json" in page
    english = signed_in(app)
    english.get("/language/en")
    assert "metadata/timestamp.json" in english.get("/technician/packs").text


def test_a_press_has_the_publisher_asked_and_an_unchanged_page_costs_nothing(
    shown: tuple[House, Flask],
) -> None:
    house, app = shown
    client = signed_in(app)
    assert "sẽ hỏi nơi phát hành ngay" in told(press(client, "packs/look", "packs"))[0]
    page = client.get("/technician/packs")
    assert "Sẽ xem ngay" in page.text
    again = {"If-None-Match": page.headers["ETag"]}
    assert client.get("/technician/packs", headers=again).status_code == 304
    with closing(house.connect()) as conn:
        assert offers.check(conn).wanted
        offers.begin(conn, house.clock.read())
    assert "Đang xem, đang tải" in client.get("/technician/packs", headers=again).text
