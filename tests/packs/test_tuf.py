"""What a publisher offers comes to a village: only what changed, gone on with after a cut, never by halves."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.base.errors import Conflict, HubError, Missing, NotReady, Refused
from hub.base.locks import OwnerLock
from hub.packs import (
    fetch,
    fetch_wire,
    index,
    install,
    manifest,
    offers,
    publish,
    publish_keys,
    publish_lists,
)
from hub.packs.fetch_wire import Web
from hub.packs.index import Kind
from hub.packs.offers import State
from hub.packs.publish_keys import Role
from tests.packs.repository import NOW, Publisher, Server, Village, pack
from tests.shelves import PAGES


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "province")
    made.publish(a_bin=b"a" * 5000, b_bin=b"b" * 7000)
    return made


@pytest.fixture
def village(tmp_path: Path, publisher: Publisher) -> Village:
    return Village(tmp_path / "village", publisher.root)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_what_is_published_is_installed_from_a_web_server(publisher: Publisher, village: Village) -> None:
    with Server(publisher.repo).running() as server:
        done = village.update(server.url)
    assert done["small"].state is State.HERE and village.version == "2026.11.1"
    assert village.text == "Bản 2026.11.1."
    known = village.check
    assert known.reason_key is None and known.source == server.url and known.root_version == 1
    assert not known.unfinished and known.expires_at == NOW + dt.timedelta(days=30)


def test_what_is_published_is_installed_from_a_stick(publisher: Publisher, village: Village) -> None:
    village.update(publisher.copy("stick"))
    assert village.version == "2026.11.1"


def test_a_new_version_costs_only_the_files_that_changed(publisher: Publisher, village: Village) -> None:
    village.update(publisher.repo)
    publisher.publish(a_bin=b"a" * 5000, b_bin=b"c" * 7000)
    with Server(publisher.repo).running() as server:
        done = village.update(server.url)["small"]
        asked = [path for path in server.asked if "/files/" in path]
    changed = {"b.bin", "manifest.toml", "lessons/thu/mot.vi.md"}
    new = publisher.home / "packs" / "2"
    assert done.fetched == done.to_fetch == sum((new / name).stat().st_size for name in changed)
    assert len(asked) == len(changed) and village.version == "2026.11.2"
    # Lists and index together stay small beside what they describe.
    assert server.sent < done.fetched + 4000


def test_a_look_at_nothing_new_is_two_small_answers(publisher: Publisher, village: Village) -> None:
    village.update(publisher.repo)
    with Server(publisher.repo).running() as server:
        village.update(server.url)
    assert server.asked == ["/metadata/2.root.json", "/metadata/timestamp.json"]
    assert server.sent < 700


def test_one_connection_serves_a_whole_update(publisher: Publisher, village: Village) -> None:
    with Server(publisher.repo).running() as server:
        village.update(server.url)
    assert len(server.asked) > 8 and server.lines == 1


def test_a_connection_that_idled_is_not_spoken_on(
    publisher: Publisher, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_wire, "_FRESH_S", -1.0)
    with Server(publisher.repo).running() as server:
        village.update(server.url)
    assert server.lines == len(server.asked)


def test_until_when_the_lists_hold_is_the_first_day_that_one_runs_out(
    publisher: Publisher, village: Village
) -> None:
    publisher.terms = publish_lists.Terms(snapshot=5)
    publisher.publish()
    village.update(publisher.repo)
    assert village.check.expires_at == NOW + dt.timedelta(days=5)


def test_a_half_file_is_gone_on_with_after_a_restart(publisher: Publisher, village: Village) -> None:
    publisher.publish(a_bin=os.urandom(60_000))
    with Server(publisher.repo).running() as server:
        server.lie = lambda path, start: (503, {"Content-Length": "0"}, ()) if start else None
        server.cut_after = 40_000
        with pytest.raises(NotReady, match="packs.cut"):
            village.update(server.url)
        before, server.sent = server.sent, 0
        server.lie = lambda path, start: None
        done = village.update(server.url)["small"]
    assert before == 40_000 and done.state is State.HERE
    assert done.to_fetch < 30_000 and server.sent < 30_000


def test_a_server_that_knows_no_ranges_gives_it_all_again_and_it_comes_whole(
    publisher: Publisher, village: Village
) -> None:
    publisher.publish(a_bin=os.urandom(60_000))
    with Server(publisher.repo, ranges=False).running() as server:
        server.cut_after = 40_000
        done = village.update(server.url)["small"]
    assert done.state is State.HERE and village.version == "2026.11.2"


def test_a_half_file_torn_by_a_power_cut_is_fetched_anew(publisher: Publisher, village: Village) -> None:
    data = os.urandom(60_000)
    publisher.publish(a_bin=data)
    parts = village.home / "parts"
    parts.mkdir(parents=True)
    sha = manifest.file_hash(publisher.home / "packs" / "2" / "a.bin")
    (parts / f"{sha}.half").write_bytes(bytes(30_000))
    (parts / sha).write_bytes(bytes(60_000))
    with Server(publisher.repo).running() as server:
        assert village.update(server.url)["small"].state is State.HERE
    assert village.version == "2026.11.2"


def test_a_rotten_file_of_the_installed_pack_is_fetched_not_copied(
    publisher: Publisher, village: Village
) -> None:
    village.update(publisher.repo)
    (village.packs / "small" / install.CURRENT / "a.bin").write_bytes(b"rot")
    publisher.publish(a_bin=b"a" * 5000)
    village.update(publisher.repo)
    assert village.version == "2026.11.2"


def test_going_back_is_not_undone_by_the_next_look_but_the_next_version_comes(
    publisher: Publisher, village: Village
) -> None:
    village.update(publisher.repo)
    publisher.publish()
    village.update(publisher.repo)
    install.rollback(village.packs, "small")
    assert village.update(publisher.repo)["small"].state is State.LEFT
    assert village.version == "2026.11.1"
    publisher.publish()
    assert village.update(publisher.repo)["small"].state is State.HERE
    assert village.version == "2026.11.3"


def test_a_newer_pack_put_in_by_hand_is_not_replaced_by_an_older_one(
    publisher: Publisher, village: Village
) -> None:
    village.update(publisher.repo)
    install.install(pack(publisher.home / "hand", "2027.1.1"), village.packs, PAGES)
    publisher.publish()
    assert village.update(publisher.repo)["small"].state is State.OLDER
    assert village.version == "2027.1.1"


def test_a_second_mirror_helps_out_where_the_first_has_nothing(
    publisher: Publisher, village: Village
) -> None:
    with Server(publisher.repo / "nowhere").running() as empty, Server(publisher.repo).running() as good:
        village.update("http://127.0.0.1:1", empty.url, good.url)
        assert village.check.source == good.url
    assert village.version == "2026.11.1"


def test_a_file_that_one_mirror_spoilt_comes_from_the_next(publisher: Publisher, village: Village) -> None:
    with Server(publisher.repo).running() as bad, Server(publisher.repo).running() as good:
        bad.lie = lambda path, start: (200, {"Content-Length": "3"}, [b"xxx"]) if "/files/" in path else None
        village.update(bad.url, good.url)
    assert village.version == "2026.11.1"


def test_only_looking_fetches_nothing_and_tells_what_it_would_cost(
    publisher: Publisher, village: Village
) -> None:
    done = village.update(publisher.repo, look_only=True)["small"]
    assert done.state is State.WAITING and done.to_fetch == done.size > 12_000
    assert village.version is None


def test_whoever_pays_for_the_line_is_asked_before_and_while_bytes_come(
    publisher: Publisher, village: Village
) -> None:
    class Purse:
        def __init__(self, left: int) -> None:
            self.left = left

        def why_not(self) -> str | None:
            return None if self.left > 0 else "packs.slow"

        def took(self, count: int) -> None:
            self.left -= count

    publisher.publish(a_bin=os.urandom(200_000))
    with Server(publisher.repo).running() as server:
        with pytest.raises(NotReady, match="packs.slow"):
            village.update(server.url, leave=Purse(0))
        assert server.asked == []
        purse = Purse(60_000)
        with pytest.raises(NotReady, match="packs.slow"):
            village.update(server.url, leave=purse)
        assert -20_000 < purse.left <= 0 and village.version is None
        village.update(server.url, leave=Purse(1_000_000))
    assert village.version == "2026.11.2"


def test_a_cap_on_the_line_is_kept(publisher: Publisher, village: Village) -> None:
    publisher.publish(a_bin=os.urandom(30_000))
    with Server(publisher.repo).running() as server:
        began = time.monotonic()
        village.update(server.url, bytes_per_s=30_000)
    assert time.monotonic() - began > 0.9 and village.version == "2026.11.2"


def test_a_pack_for_which_there_is_no_room_is_said_before_a_byte_of_it_is_fetched(
    publisher: Publisher, village: Village
) -> None:
    _huge(publisher)
    with Server(publisher.repo).running() as server:
        with pytest.raises(NotReady, match="no_space") as told:
            village.update(server.url)
        assert not [path for path in server.asked if "/files/" in path]
    assert told.value.values["name"] == "small" and int(str(told.value.values["need"])) > 1_000_000


def _huge(publisher: Publisher) -> None:
    """Publish an index of a hundred files of 16 GiB that nobody has."""
    from tuf.api.metadata import TargetFile

    lists, ring = publish_lists.read(publisher.repo), publisher.ring
    parts = {f"f{n}": index.Part(f"{n:064x}", 1 << 34) for n in range(100)}
    data = index.write(index.Index(1, Kind.CONTENT, "small", "2026.12.1", parts))
    target = TargetFile.from_data(index.target("small"), data, ["sha256"])
    publish_lists.lay(publisher.repo / "targets" / target.get_prefixed_paths()[0], data)
    lists.targets.signed.targets[index.target("small")] = target
    for role in (Role.TARGETS, Role.SNAPSHOT, Role.TIMESTAMP):
        lists.sign(role, ring, publisher.terms, NOW)
    lists.lay()


def test_an_update_of_the_program_is_kept_whole_and_never_installed(
    publisher: Publisher, village: Village, tmp_path: Path
) -> None:
    made = tmp_path / "dist"
    made.mkdir()
    for count in (2, 3, 4):
        (made / "hub.tar").write_bytes(os.urandom(2000))
        publish.publish_program(publisher.repo, made, f"0.{count}.0", publisher.ring, now=NOW)
        assert village.update(publisher.repo)["program"].state is State.READY
    assert village.update(publisher.repo)["program"].state is State.READY
    kept = fetch.programs(village.home)
    assert [version for version, _ in kept] == ["0.4.0", "0.3.0"]
    assert (kept[0][1] / "hub.tar").read_bytes() == (made / "hub.tar").read_bytes()
    assert install.active(village.packs, "program") is None
    publish.publish_program(publisher.repo, made, "0.4.1", publisher.ring, now=NOW, name="other")
    assert "other" not in village.update(publisher.repo)


def test_an_update_of_the_program_that_is_older_than_one_kept_is_not_fetched(
    publisher: Publisher, village: Village, tmp_path: Path
) -> None:
    made = tmp_path / "dist"
    made.mkdir()
    (made / "hub.tar").write_bytes(b"new")
    publish.publish_program(publisher.repo, made, "0.4.0", publisher.ring, now=NOW)
    village.update(publisher.repo)
    publish.withdraw(publisher.repo, "program", publisher.ring, now=NOW)
    (made / "hub.tar").write_bytes(b"old")
    publish.publish_program(publisher.repo, made, "0.2.0", publisher.ring, now=NOW)
    assert village.update(publisher.repo)["program"].state is State.OLDER
    assert [version for version, _ in fetch.programs(village.home)] == ["0.4.0"]


def test_a_pack_that_says_something_else_of_itself_than_its_index_is_not_put_in(
    publisher: Publisher, village: Village
) -> None:
    from tuf.api.metadata import TargetFile

    publisher.publish("2026.11.5")
    village.update(publisher.repo)
    lists, ring = publish_lists.read(publisher.repo), publisher.ring
    old = publish.content(publisher.home / "packs" / "1")
    data = index.write(index.Index(1, Kind.CONTENT, "small", "2026.12.1", old.files))
    target = TargetFile.from_data(index.target("small"), data, ["sha256"])
    publish_lists.lay(publisher.repo / "targets" / target.get_prefixed_paths()[0], data)
    lists.targets.signed.targets[index.target("small")] = target
    for role in (Role.TARGETS, Role.SNAPSHOT, Role.TIMESTAMP):
        lists.sign(role, ring, publisher.terms, NOW)
    lists.lay()
    with pytest.raises(NotReady, match="bad_index"):
        village.update(publisher.repo)
    assert village.version == "2026.11.5"


def test_what_a_kill_left_half_laid_together_does_not_stay(publisher: Publisher, village: Village) -> None:
    left = village.home / "whole" / "clips"
    left.mkdir(parents=True)
    (left / "a.mp4").write_bytes(b"a")
    village.update(publisher.repo)
    assert not left.exists()


def test_two_updates_at_once_are_one(publisher: Publisher, village: Village) -> None:
    village.home.mkdir(parents=True)
    with OwnerLock(village.home, fetch.LOCK), pytest.raises(Conflict):
        village.update(publisher.repo)
    assert village.check.begun_at is None


def test_a_pack_that_cannot_be_put_in_place_stops_no_other_and_is_told(
    publisher: Publisher, village: Village, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    (bad / "lessons" / "thu").mkdir(parents=True)
    (bad / "manifest.toml").write_bytes(
        (publisher.home / "packs/1/manifest.toml").read_bytes().replace(b'"small"', b'"bad"')
    )
    (bad / "lessons" / "thu" / "x.vi.md").write_text("no front matter", encoding="utf-8")
    publish.publish(publisher.repo, [bad], publisher.ring, now=NOW)
    with pytest.raises(NotReady, match="bad_page"):
        village.update(publisher.repo, names=("bad", "small"))
    with village.conn() as conn:
        told = {one.name: one for one in offers.offers(conn)}
    assert told["bad"].state is State.FAILED and told["bad"].reason_key == "packs.bad_page"
    assert told["small"].state is State.HERE and village.version == "2026.11.1"


def test_what_is_offered_no_more_is_forgotten_and_what_is_here_stays(
    publisher: Publisher, village: Village
) -> None:
    village.update(publisher.repo)
    publish.withdraw(publisher.repo, "small", publisher.ring, now=NOW)
    assert village.update(publisher.repo) == {} and village.version == "2026.11.1"
    with pytest.raises(Missing, match="no_pack"):
        publish.withdraw(publisher.repo, "small", publisher.ring, now=NOW)


def test_what_was_fetched_for_nothing_does_not_stay_for_ever(publisher: Publisher, village: Village) -> None:
    publisher.publish(a_bin=os.urandom(60_000))
    with Server(publisher.repo).running() as server:
        server.lie = lambda path, start: (503, {"Content-Length": "0"}, ()) if start else None
        server.cut_after = 40_000
        with pytest.raises(NotReady):
            village.update(server.url)
    parts = village.home / "parts"
    halves = set(parts.glob("*.half"))
    assert halves
    publisher.publish(a_bin=b"other")
    village.update(publisher.repo)
    assert not parts.exists() and village.version == "2026.11.3"


def test_publishing_the_same_again_changes_no_file(publisher: Publisher) -> None:
    before = _files(publisher.repo)
    done = publish.publish(publisher.repo, [publisher.home / "packs" / "1"], publisher.ring, now=NOW)
    assert done == publish.Published((), 0, (), 0) and _files(publisher.repo) == before


def test_publishing_the_same_again_lays_down_what_was_lost(publisher: Publisher, village: Village) -> None:
    lost = [one for one in (publisher.repo / "targets").rglob("*") if one.is_file()]
    for place in lost:
        place.unlink()
    with pytest.raises(NotReady, match="no_repository"):
        publisher.publish()
    done = publish.publish(publisher.repo, [publisher.home / "packs" / "1"], publisher.ring, now=NOW)
    assert done.packs == () and done.signed == () and done.new_bytes > 12_000
    village.update(publisher.repo)
    assert village.version == "2026.11.1"


def test_no_list_outlives_a_power_cut_that_its_files_do_not(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = list[str]()
    real = os.fsync

    def fsync(handle: int) -> None:
        flushed.append(os.path.basename(os.readlink(f"/proc/self/fd/{handle}")))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    publisher.publish(a_bin=b"new")
    sha = manifest.file_hash(publisher.home / "packs" / "2" / "a.bin")
    assert flushed.index(f".{sha}.half") < flushed.index(".2.targets.json.half")
    assert flushed[-1] == ".timestamp.json.half"


def test_the_nightly_job_and_a_person_do_not_sign_at_once(publisher: Publisher) -> None:
    before = _files(publisher.repo)
    handle = os.open(publisher.repo, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        acts: list[Callable[[], object]] = [
            publisher.freshen,
            publisher.publish,
            lambda: publisher.rotate(Role.TIMESTAMP),
            lambda: publish.withdraw(publisher.repo, "small", publisher.ring, now=NOW),
            lambda: publish.renew(publisher.repo, publisher.ring, now=NOW),
        ]
        for act in acts:
            with pytest.raises(Conflict, match="busy"):
                act()
    finally:
        os.close(handle)
    assert _files(publisher.repo) == before
    publisher.freshen()


def test_publishing_again_later_signs_only_what_is_half_run_out(publisher: Publisher) -> None:
    later, packs = NOW + dt.timedelta(days=20), [publisher.home / "packs" / "1"]
    assert publish.publish(publisher.repo, packs, publisher.ring, now=later).signed == (Role.TIMESTAMP,)
    later = NOW + dt.timedelta(days=100)
    assert publish.publish(publisher.repo, packs, publisher.ring, now=later).signed == (
        Role.SNAPSHOT,
        Role.TIMESTAMP,
    )


def test_every_night_only_the_timestamp_changes_and_only_its_key_is_needed(publisher: Publisher) -> None:
    before = _files(publisher.repo)
    online = {Role.TIMESTAMP: publisher.ring[Role.TIMESTAMP]}
    publisher.now = NOW + dt.timedelta(days=100)
    assert publish.freshen(publisher.repo, online, now=publisher.now) == (Role.TIMESTAMP,)
    after = _files(publisher.repo)
    assert {name for name in after if after[name] != before.get(name)} == {"metadata/timestamp.json"}
    assert set(before) == set(after)


def test_the_same_files_are_laid_down_once_whatever_the_version(publisher: Publisher) -> None:
    blobs = {name for name in _files(publisher.repo) if "/files/" in name}
    done = publisher.publish(a_bin=b"a" * 5000, b_bin=b"b" * 7000)
    assert done.new_bytes < 1000
    assert len({name for name in _files(publisher.repo) if "/files/" in name} - blobs) == 2


def test_old_versions_are_pruned_and_roots_never(publisher: Publisher, village: Village) -> None:
    publisher.rotate(Role.ROOT)
    for count in range(8):
        publisher.publish(a_bin=bytes([count]) * 100)
    names = set(_files(publisher.repo))
    assert {"metadata/1.root.json", "metadata/2.root.json"} <= names
    assert len([name for name in names if name.endswith(".targets.json")]) == 4
    assert len([name for name in names if name.endswith(".small.json")]) == 4
    assert len([name for name in names if "/files/" in name]) == 4 * 3
    village.update(publisher.repo)
    assert village.version == "2026.11.9"


def test_a_repository_whose_beginning_was_cut_off_is_begun_with_the_same_root(
    publisher: Publisher, village: Village
) -> None:
    for place in [*publisher.repo.rglob("*.targets.json"), *publisher.repo.rglob("timestamp.json")]:
        place.unlink()
    before = publisher.root
    publish.publish(publisher.repo, [publisher.home / "packs" / "1"], publisher.ring, now=NOW)
    # Cut off later, when all but the last list lay there: nobody has seen them.
    publisher.metadata("timestamp.json").unlink()
    publish.publish(publisher.repo, [publisher.home / "packs" / "1"], publisher.ring, now=NOW)
    assert publisher.root == before
    village.update(publisher.repo)
    assert village.version == "2026.11.1"
    with pytest.raises(Refused, match="begun_already"):
        publish.publish(publisher.repo, [], publisher.ring, now=NOW, thresholds={Role.ROOT: 2})


def test_what_goes_wrong_inside_is_told_as_cut_off(
    publisher: Publisher, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tests.packs.repository.install.install", fall)
    with pytest.raises(ZeroDivisionError):
        village.update(publisher.repo)
    assert village.check.reason_key == "packs.interrupted" and not village.check.unfinished
    with village.conn() as conn:
        assert [one.state for one in offers.offers(conn)] == [State.WAITING]


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "http://", "http://x:port", "http://x/y?z=1", "x", "http://me:secret@x:port/y"]
)
def test_an_address_that_is_none_is_told_without_anybodys_password(url: str) -> None:
    with pytest.raises(NotReady, match="bad_address") as told:
        Web(url, connect_s=1, idle_s=1)
    assert "secret" not in str(told.value.values)


def test_a_version_must_count_up_when_its_content_changes(publisher: Publisher) -> None:
    with pytest.raises(Refused, match="version_same"):
        publisher.publish("2026.11.1", a_bin=b"new")
    with pytest.raises(Refused, match="version_older"):
        publisher.publish("2026.10.1")


def test_nothing_is_published_without_the_keys_and_nothing_is_half_published(publisher: Publisher) -> None:
    before, ring = _files(publisher.repo / "metadata"), publisher.ring
    new = pack(publisher.home / "new", "2026.12.1")
    for role in (Role.TARGETS, Role.SNAPSHOT, Role.TIMESTAMP):
        with pytest.raises(Refused, match="keys_missing"):
            publish.publish(publisher.repo, [new], {**ring, role: ()}, now=NOW)
    assert _files(publisher.repo / "metadata") == before


def test_keys_are_for_their_owner_alone_and_a_passphrase_is_needed_where_one_was_given(
    tmp_path: Path,
) -> None:
    made = publish_keys.new(tmp_path / "k", Role.ROOT, 2, passphrase=b"mot hai ba")
    assert [key.path.stat().st_mode & 0o777 for key in made] == [0o600, 0o600]
    assert b"ENCRYPTED" in made[0].path.read_bytes()
    found = publish_keys.load([tmp_path / "k"], passphrase=b"mot hai ba")[Role.ROOT]
    assert [key.id for key in found] == [key.id for key in made]
    for wrong in (b"", b"bon"):
        with pytest.raises(Refused, match="bad_key"):
            publish_keys.load([tmp_path / "k"], passphrase=wrong)
    made[0].path.chmod(0o644)
    with pytest.raises(NotReady, match="secret_open"):
        publish_keys.load([tmp_path / "k"], passphrase=b"mot hai ba")


def test_a_publisher_stops_at_a_pack_that_is_not_as_its_list_says(
    publisher: Publisher, tmp_path: Path
) -> None:
    new = pack(tmp_path / "new", "2026.12.1", a_bin=b"x")
    (new / "a.bin").write_bytes(b"y")
    with pytest.raises(NotReady, match="changed_file"):
        publish.publish(publisher.repo, [new], publisher.ring, now=NOW)


def test_a_reader_that_comes_while_it_is_published_gets_the_old_or_the_new(
    publisher: Publisher, village: Village
) -> None:
    stop, failed = threading.Event(), list[HubError]()

    def look() -> None:
        while not stop.is_set():
            try:
                village.update(publisher.repo)
            except HubError as bad:
                failed.append(bad)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    for _ in range(8):
        publisher.publish()
    stop.set()
    thread.join(20)
    # Four publications are kept: who is slower than that, or reads what goes just then, looks again.
    assert not thread.is_alive() and {bad.key for bad in failed} <= {"packs.not_there", "packs.cut"}
    village.update(publisher.repo)
    assert village.version == "2026.11.9"


_NAMES = st.text(min_size=1, max_size=20)


@given(path=_NAMES)
@settings(max_examples=60, deadline=None)
def test_no_path_of_an_index_leads_out_of_the_pack(path: str) -> None:
    part = {"sha256": "0" * 64, "size": 1}
    data = {"format": 1, "kind": "content", "name": "small", "version": "1.0", "files": {path: part}}
    try:
        found = index.read(json.dumps(data).encode(), "small")
    except NotReady:
        return
    for name in found.files:
        place = Path("/a/b") / name
        assert (
            Path(os.path.normpath(place)) == place and place.is_relative_to("/a/b") and place != Path("/a/b")
        )


@pytest.mark.parametrize(
    "path",
    ["../x", "/x", "a/../b", "a//b", "./a", "files.toml", "files.toml.half", "a\\b", "a\nb", "", "."],
)
def test_paths_that_lead_out_or_hide_are_refused(path: str) -> None:
    part = {"sha256": "0" * 64, "size": 1}
    data = {"format": 1, "kind": "content", "name": "small", "version": "1.0", "files": {path: part}}
    with pytest.raises(NotReady, match="bad_index"):
        index.read(json.dumps(data).encode(), "small")


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda tree: json.dumps(tree).encode()
    )
)
def test_anything_else_is_no_index(data: bytes) -> None:
    with pytest.raises(NotReady, match="bad_index"):
        index.read(data, "small")
