"""Whoever holds the line, a mirror or an old copy cannot make a village take what its publisher did not sign now."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, TargetFile

from hub.base import phrases
from hub.base.errors import NotReady, Refused
from hub.packs import fetch, index, offers, publish, publish_keys, publish_lists, trust
from hub.packs.fetch_wire import Pace, Web
from hub.packs.publish_keys import Role
from hub.post.transports.trust import Trust
from tests.packs.repository import NOW, Answer, Publisher, Server, Village, endless, trickle
from tests.post import certificates


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "province")
    made.publish(a_bin=b"a" * 5000)
    return made


@pytest.fixture
def village(tmp_path: Path, publisher: Publisher) -> Iterator[Village]:
    """A village that has the first version, and keeps it whole whatever is tried."""
    made = Village(tmp_path / "village", publisher.root)
    made.update(publisher.repo)
    yield made
    assert made.version is not None


def refused(village: Village, *places: Path | str, **more: float) -> NotReady:
    """The refusal of an update that must change nothing, written down and with a sentence in both languages."""
    before = village.version
    with pytest.raises(NotReady) as told:
        village.update(*places, idle_s=more.get("idle_s", 5.0))
    assert village.version == before
    for lang in phrases.LANGUAGES:
        assert len(phrases.say(lang, told.value.key, **told.value.values)) > 20
    with village.conn() as conn:
        assert offers.check(conn).reason_key == told.value.key
    return told.value


def lying(village: Village, folder: Path, lie: Callable[[str], Answer | None], **more: float) -> NotReady:
    with Server(folder, lie=lambda path, start: lie(path)).running() as server:
        return refused(village, server.url, **more)


def whole(data: bytes) -> Answer:
    return 200, {"Content-Length": str(len(data))}, [data]


# Changed keys


@pytest.mark.parametrize("steps", [1, 4])
def test_a_village_follows_a_root_that_changed_once_or_many_times_while_it_slept(
    publisher: Publisher, village: Village, steps: int
) -> None:
    for _ in range(steps):
        publisher.rotate(Role.ROOT)
    publisher.publish()
    village.update(publisher.repo)
    assert village.version == "2026.11.2" and village.check.root_version == 1 + steps


def test_a_role_may_get_more_keys_and_then_needs_more_signatures(
    publisher: Publisher, village: Village, tmp_path: Path
) -> None:
    publish.rotate(
        publisher.repo, Role.TARGETS, publisher.ring, publisher.keys, now=NOW, count=3, threshold=2
    )
    village.update(publisher.repo)
    two = publisher.ring[Role.TARGETS][:2]
    publisher.publish()
    village.update(publisher.repo)
    lists = publish_lists.read(publisher.repo)
    ring = {**publisher.ring, Role.TARGETS: two[:1]}
    with pytest.raises(Refused, match="keys_missing"):
        lists.sign(Role.TARGETS, ring, publisher.terms, NOW)
    lists.sign(Role.TARGETS, {**ring, Role.TARGETS: two}, publisher.terms, NOW)
    # One of two signatures is lost on the way: the threshold is not met.
    del lists.targets.signatures[two[0].id]
    lists.sign(Role.SNAPSHOT, ring, publisher.terms, NOW)
    lists.sign(Role.TIMESTAMP, ring, publisher.terms, NOW)
    lists.lay()
    told = refused(village, publisher.repo)
    assert (told.key, told.values["role"]) == ("packs.unsigned", "targets")
    with pytest.raises(Refused, match="keys_missing"):
        publish.rotate(publisher.repo, Role.ROOT, publisher.ring, tmp_path, now=NOW, count=1, threshold=2)


@pytest.mark.parametrize("role", [Role.TARGETS, Role.SNAPSHOT, Role.TIMESTAMP])
def test_each_key_can_be_changed_and_the_old_one_signs_nothing_more(
    publisher: Publisher, village: Village, role: Role
) -> None:
    old = publisher.ring
    publisher.rotate(role)
    village.update(publisher.repo)
    stolen = publisher.copy("stolen")
    lists = publish_lists.read(stolen)
    # The thief has the old key of this role and, for the sake of the argument, all the present others.
    for one in publish._ORDER:
        if one in publish._after([role]):
            lists.root.signed.roles[one].keyids = [key.id for key in {**publisher.ring, role: old[role]}[one]]
            for key in old[role]:
                lists.root.signed.keys[key.id] = key.signer.public_key
            lists.sign(one, {**publisher.ring, role: old[role]}, publisher.terms, NOW)
    lists.lay()
    assert refused(village, stolen).key == "packs.unsigned"
    # What the thief signed with good keys counted up; the publisher overtakes it.
    publisher.publish()
    publisher.publish()
    village.update(publisher.repo)
    assert village.version == "2026.11.3"


def test_a_root_of_several_keys_changes_only_with_as_many_signatures_as_it_asks_for(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "province", roots=3, root_threshold=2)
    publisher.publish()
    village = Village(tmp_path / "village", publisher.root)
    first = publisher.ring[Role.ROOT][0]
    lists = publish_lists.read(publisher.repo)
    lists.root.signed.version = 2
    lists.root.signatures.clear()
    lists.root.sign(first.signer)
    publisher.metadata("2.root.json").write_bytes(lists.root.to_bytes())
    told = refused(village, publisher.repo)
    assert (told.key, told.values["role"]) == ("packs.unsigned", "root")
    publisher.metadata("2.root.json").unlink()
    first.path.rename(tmp_path / "lost.pem")
    publisher.rotate(Role.ROOT)
    village.update(publisher.repo)
    assert village.version == "2026.11.1" and village.check.root_version == 2


def test_a_change_of_keys_that_was_cut_off_is_finished_by_the_next_night(
    publisher: Publisher, village: Village
) -> None:
    before = publisher.metadata("timestamp.json").read_bytes()
    publisher.rotate(Role.TIMESTAMP)
    publisher.metadata("timestamp.json").write_bytes(before)
    assert refused(village, publisher.repo).key == "packs.unsigned"
    publisher.freshen()
    village.update(publisher.repo)


def test_another_publisher_is_refused_until_a_person_trusts_its_root(
    publisher: Publisher, village: Village, tmp_path: Path
) -> None:
    other = Publisher(tmp_path / "other")
    other.publish("2026.12.1")
    assert refused(village, other.repo).key == "packs.unsigned"
    fetch.believe(village.home, other.root)
    _, village.root = fetch.trusted(village.home, "")
    village.update(other.repo)
    assert village.version == "2026.12.1"


@pytest.mark.parametrize(
    "junk", [b"", b"{}", b"\xff", b"[" * 5000, b'{"signed": {"_type": "root"}, "signatures": []}']
)
def test_what_is_no_root_is_not_trusted(publisher: Publisher, village: Village, junk: bytes) -> None:
    with pytest.raises(NotReady, match="bad_root"):
        trust.read_root(junk)
    village.root = junk
    assert refused(village, publisher.repo).key == "packs.bad_root"


def test_a_root_that_lacks_signatures_of_its_own_is_not_trusted(publisher: Publisher) -> None:
    one = json.loads(publisher.root)
    one["signatures"] = []
    with pytest.raises(NotReady, match="bad_root"):
        trust.read_root(json.dumps(one).encode())
    timestamp = publisher.metadata("timestamp.json").read_bytes()
    with pytest.raises(NotReady, match="bad_root"):
        trust.read_root(timestamp)
    assert trust.read_root(publisher.root) == 1


# What is old


def test_an_older_timestamp_is_refused(publisher: Publisher, village: Village) -> None:
    old = publisher.copy("old")
    publisher.publish()
    village.update(publisher.repo)
    told = refused(village, old)
    assert (told.key, told.values["role"]) == ("packs.older", "timestamp")


def test_a_new_timestamp_over_an_older_snapshot_is_refused(publisher: Publisher, village: Village) -> None:
    before = publish_lists.read(publisher.repo).snapshot
    publisher.publish()
    village.update(publisher.repo)
    lists = publish_lists.read(publisher.repo)
    lists.snapshot = before
    lists.sign(Role.TIMESTAMP, publisher.ring, publisher.terms, NOW)
    lists.lay()
    assert refused(village, publisher.repo).key == "packs.older"


def test_a_new_snapshot_over_older_targets_is_refused(publisher: Publisher, village: Village) -> None:
    before = publish_lists.read(publisher.repo).targets
    publisher.publish()
    village.update(publisher.repo)
    lists = publish_lists.read(publisher.repo)
    lists.targets = before
    for role in (Role.SNAPSHOT, Role.TIMESTAMP):
        lists.sign(role, publisher.ring, publisher.terms, NOW)
    lists.lay()
    told = refused(village, publisher.repo)
    assert (told.key, told.values["role"]) == ("packs.older", "snapshot")


def test_an_older_root_under_a_new_number_is_refused(publisher: Publisher, village: Village) -> None:
    shutil.copy(publisher.metadata("1.root.json"), publisher.metadata("2.root.json"))
    assert refused(village, publisher.repo).key == "packs.older"


def test_an_older_pack_in_new_lists_is_not_put_in(publisher: Publisher, village: Village) -> None:
    before = publish_lists.read(publisher.repo).targets.signed.targets
    publisher.publish()
    village.update(publisher.repo)
    lists = publish_lists.read(publisher.repo)
    lists.targets.signed.targets = before
    for role in (Role.TARGETS, Role.SNAPSHOT, Role.TIMESTAMP):
        lists.sign(role, publisher.ring, publisher.terms, NOW)
    lists.lay()
    assert village.update(publisher.repo)["small"].state is not offers.State.HERE
    assert village.version == "2026.11.2"


@pytest.mark.parametrize("torn", [b"", b"{", None])
def test_what_was_seen_and_is_torn_by_a_power_cut_opens_no_way_back(
    publisher: Publisher, village: Village, torn: bytes | None
) -> None:
    old = publisher.copy("old")
    publisher.publish()
    village.update(publisher.repo)
    for name in ("timestamp.json", "snapshot.json", "targets.json"):
        if torn is None:
            (village.home / "metadata" / name).unlink()
        else:
            (village.home / "metadata" / name).write_bytes(torn)
    village.update(old)
    assert village.version == "2026.11.2"
    village.update(publisher.repo)


def test_what_was_seen_is_flushed_before_anything_is_made_of_it(
    publisher: Publisher, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = list[str]()
    real = os.fsync

    def fsync(handle: int) -> None:
        flushed.append(os.path.basename(os.readlink(f"/proc/self/fd/{handle}")))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    publisher.publish()
    flushed.clear()
    village.update(publisher.repo, look_only=True)
    # Timestamp, snapshot, targets: each file, and its folder after it.
    assert flushed[1::2] == ["metadata"] * 3 and len(flushed) == 6
    flushed.clear()
    village.update(publisher.repo, look_only=True)
    assert flushed == []


def test_a_kill_while_lists_are_written_leaves_nothing_behind_for_ever(
    publisher: Publisher, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(_handle: int) -> None:
        raise SystemExit

    for count in range(3):
        publisher.publish()
        with monkeypatch.context() as patched, pytest.raises(SystemExit):
            patched.setattr(os, "fsync", kill)
            village.update(publisher.copy(f"at{count}"), look_only=True)
    village.update(publisher.repo)
    left = {place.name for place in (village.home / "metadata").iterdir()}
    assert left == {"root.json", "root_history", "timestamp.json", "snapshot.json", "targets.json"}


# What is held back


def test_lists_that_are_held_back_for_ever_run_out(publisher: Publisher, village: Village) -> None:
    village.clock.advance(29 * 86400)
    village.update(publisher.repo)
    village.clock.advance(2 * 86400)
    told = refused(village, publisher.repo)
    assert (told.key, told.values["role"]) == ("packs.expired", "timestamp")
    publisher.now = village.clock.at
    publisher.freshen()
    village.update(publisher.repo)


def test_the_time_that_counts_is_the_houses_not_the_machines(publisher: Publisher, village: Village) -> None:
    publisher.now = dt.datetime(2019, 1, 1, tzinfo=dt.UTC)
    publisher.freshen()
    assert refused(village, publisher.repo).key == "packs.expired"
    village.clock.at = dt.datetime(2019, 1, 2, tzinfo=dt.UTC)
    # The machine that runs this test lives years later, and would call these lists long run out.
    village.update(publisher.repo)


def test_with_a_doubtful_clock_run_out_is_told_apart(publisher: Publisher, village: Village) -> None:
    village.clock.trusted = False
    village.clock.advance(40 * 86400)
    assert refused(village, publisher.repo).key == "packs.expired_clock"


def test_a_doubtful_clock_that_is_behind_believes_what_was_signed_to_be_in_the_past(
    publisher: Publisher, village: Village
) -> None:
    publisher.now = NOW + dt.timedelta(days=60)
    publisher.freshen()
    village.update(publisher.repo)
    # The lists of this publication hold a day only; by the village's clock, months behind, they would be good.
    short = publish_lists.Terms(timestamp=1)
    publish.freshen(publisher.repo, publisher.ring, now=NOW + dt.timedelta(days=10), terms=short)
    village.clock.reboot(at="2026-11-22T00:00:00.000000Z", trusted=False)
    assert refused(village, publisher.repo).key == "packs.expired_clock"
    village.clock.trusted = True
    village.update(publisher.repo)


@pytest.mark.parametrize("role", [Role.ROOT, Role.TARGETS, Role.SNAPSHOT])
def test_every_list_runs_out(publisher: Publisher, village: Village, role: Role) -> None:
    publisher.terms = publish_lists.Terms(
        **{"timestamp": 900, "snapshot": 900, "targets": 900, "root": 900} | {role: 10}
    )
    if role is Role.ROOT:
        publish.renew_root(publish_lists.read(publisher.repo), publisher.ring[role], publisher.terms, NOW)
    else:
        publisher.publish()
    village.clock.advance(11 * 86400)
    told = refused(village, publisher.repo)
    assert (told.key, told.values["role"]) == ("packs.expired", role)


def test_a_cache_that_is_a_while_behind_does_no_harm(publisher: Publisher, village: Village) -> None:
    kept = dict[str, bytes]()

    def cached(path: str, _start: int) -> Answer | None:
        place = publisher.repo / path.lstrip("/")
        if path not in kept and place.is_file():
            kept[path] = place.read_bytes()
        return whole(kept[path]) if path in kept else None

    with Server(publisher.repo, lie=cached).running() as cdn:
        village.update(cdn.url)
        publisher.publish()
        # The old timestamp comes from the cache: nothing is new, and nothing is wrong.
        assert village.update(cdn.url)["small"].state is offers.State.HERE
        assert village.version == "2026.11.1" and village.check.reason_key is None
        # Only this one address is ever changed in place; when its time in the cache is over, the rest follows.
        kept.pop("/metadata/timestamp.json")
        village.update(cdn.url)
        assert village.version == "2026.11.2"


# What does not belong together


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_lists_of_two_publications_are_not_mixed(publisher: Publisher, village: Village, role: str) -> None:
    publisher.publish()
    shutil.copy(publisher.metadata(f"1.{role}.json"), publisher.metadata(f"2.{role}.json"))
    assert refused(village, publisher.repo).key == "packs.mixed"


def test_targets_signed_under_another_number_are_refused(publisher: Publisher, village: Village) -> None:
    lists = publish_lists.read(publisher.repo)
    lists.sign(Role.TARGETS, publisher.ring, publisher.terms, NOW)
    lists.sign(Role.SNAPSHOT, publisher.ring, publisher.terms, NOW)
    lists.snapshot.signed.meta["targets.json"].version = 3
    publish_lists.signed(
        lists.snapshot, list(publisher.ring[Role.SNAPSHOT]), Role.SNAPSHOT, lists.root.signed
    )
    lists.sign(Role.TIMESTAMP, publisher.ring, publisher.terms, NOW)
    lists.lay()
    shutil.copy(publisher.metadata("2.targets.json"), publisher.metadata("3.targets.json"))
    assert refused(village, publisher.repo).key == "packs.mixed"


def test_an_index_of_another_pack_is_refused(publisher: Publisher, village: Village, tmp_path: Path) -> None:
    lists = publish_lists.read(publisher.repo)
    data = index.write(
        index.Index(1, index.Kind.CONTENT, "other", "2027.1.1", {"a": index.Part("0" * 64, 1)})
    )
    target = TargetFile.from_data(index.target("small"), data, ["sha256"])
    publish_lists.lay(publisher.repo / "targets" / target.get_prefixed_paths()[0], data)
    lists.targets.signed.targets[index.target("small")] = target
    for role in (Role.TARGETS, Role.SNAPSHOT, Role.TIMESTAMP):
        lists.sign(role, publisher.ring, publisher.terms, NOW)
    lists.lay()
    assert refused(village, publisher.repo).key == "packs.bad_index"


# What was not signed


def test_lists_signed_by_somebody_else_are_refused(
    publisher: Publisher, village: Village, tmp_path: Path
) -> None:
    for role in (Role.TIMESTAMP, Role.SNAPSHOT, Role.TARGETS):
        publish_keys.new(tmp_path / "thief", role)
    thief = publish_keys.load([tmp_path / "thief"])
    publisher.publish()
    one = Metadata.from_file(str(publisher.metadata("timestamp.json")))  # type: ignore[var-annotated]
    one.signatures.clear()
    one.sign(thief[Role.TIMESTAMP][0].signer)
    publisher.metadata("timestamp.json").write_bytes(one.to_bytes())
    told = refused(village, publisher.repo)
    assert (told.key, told.values["role"]) == ("packs.unsigned", "timestamp")


@pytest.mark.parametrize("field", ["version", "expires", "snapshot"])
def test_one_changed_word_in_a_signed_list_is_seen(
    publisher: Publisher, village: Village, field: str
) -> None:
    place = publisher.metadata("timestamp.json")
    one = json.loads(place.read_bytes())
    change: dict[str, Callable[[dict[str, object]], object]] = {
        "version": lambda told: told.update(version=9),
        "expires": lambda told: told.update(expires="2036-01-01T00:00:00Z"),
        "snapshot": lambda told: told.update(meta={"snapshot.json": {"version": 9}}),
    }
    change[field](one["signed"])
    place.write_text(json.dumps(one), encoding="utf-8")
    assert refused(village, publisher.repo).key == "packs.unsigned"


@pytest.mark.parametrize("where", ["/files/", "/packs/"])
def test_any_file_in_place_of_a_signed_one_is_refused(
    publisher: Publisher, village: Village, where: str
) -> None:
    publisher.publish(a_bin=b"n" * 400)

    def lie(path: str) -> Answer | None:
        place = publisher.repo / path.lstrip("/")
        return whole(b"E" * place.stat().st_size) if where in path else None

    assert lying(village, publisher.repo, lie).key == "packs.wrong_hash"
    village.update(publisher.repo)
    assert village.version == "2026.11.2"


# What never ends, ends early, or is something else


@pytest.mark.parametrize(
    "where",
    ["/metadata/2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json", "/packs/", "/files/"],
)
@pytest.mark.parametrize("stated", [True, False])
def test_data_without_end_is_not_read_on(
    publisher: Publisher, village: Village, where: str, stated: bool
) -> None:
    publisher.publish(a_bin=b"n" * 400)
    headers = {"Content-Length": str(1 << 40)} if stated else dict[str, str]()
    began = time.monotonic()
    told = lying(village, publisher.repo, lambda path: (200, headers, endless()) if where in path else None)
    assert told.key == "packs.too_long" and time.monotonic() - began < 15
    assert not list(village.home.glob("parts/*.half"))


@pytest.mark.parametrize("where", ["timestamp.json", "/files/"])
def test_what_follows_the_last_chunk_is_not_read_for_ever(
    publisher: Publisher, village: Village, where: str
) -> None:
    publisher.publish(a_bin=b"n" * 400)

    def trailers() -> Iterator[bytes]:
        yield b"2\r\nxx\r\n0\r\n"
        until = time.monotonic() + 20
        while time.monotonic() < until:
            yield b"x: y\r\n"
            time.sleep(0.001)

    headers, began = {"Transfer-Encoding": "chunked"}, time.monotonic()
    told = lying(
        village,
        publisher.repo,
        lambda path: (200, headers, trailers()) if where in path else None,
        idle_s=0.4,
    )
    assert told.key == "packs.slow" and time.monotonic() - began < 15


@pytest.mark.parametrize(
    "where", ["timestamp.json", "2.snapshot.json", "2.targets.json", "/packs/", "/files/"]
)
def test_what_ends_early_is_not_taken(publisher: Publisher, village: Village, where: str) -> None:
    publisher.publish(a_bin=b"n" * 400)

    def lie(path: str) -> Answer | None:
        if where not in path:
            return None
        return whole((publisher.repo / path.lstrip("/")).read_bytes()[:-3])

    assert lying(village, publisher.repo, lie).key in {
        "packs.cut",
        "packs.mixed",
        "packs.wrong_hash",
        "packs.portal",
    }
    village.update(publisher.repo)
    assert village.version == "2026.11.2"


@pytest.mark.parametrize("where", ["timestamp.json", "/files/"])
def test_a_trickle_is_given_up(publisher: Publisher, village: Village, where: str) -> None:
    publisher.publish(a_bin=b"n" * 4000)

    def lie(path: str) -> Answer | None:
        if where not in path:
            return None
        data = (publisher.repo / path.lstrip("/")).read_bytes()
        return 200, {"Content-Length": str(len(data))}, trickle(data, 0.02)

    began = time.monotonic()
    assert lying(village, publisher.repo, lie, idle_s=0.4).key == "packs.slow"
    assert time.monotonic() - began < 15


def test_a_head_that_trickles_is_given_up(publisher: Publisher, village: Village) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            conn, _ = door.accept()
            with conn:
                try:
                    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 400:
                        conn.sendall(bytes((byte,)))
                        time.sleep(0.02)
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        began = time.monotonic()
        told = refused(village, f"http://127.0.0.1:{door.getsockname()[1]}", idle_s=0.4)
        assert told.key == "packs.slow" and time.monotonic() - began < 15
        thread.join(10)


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ((302, {"Location": "http://127.0.0.1/login", "Content-Length": "0"}, ()), "packs.portal"),
        ((200, {"Content-Length": "18"}, [b"<html>Wi-Fi</html>"]), "packs.portal"),
        ((511, {"Content-Length": "0"}, ()), "packs.portal"),
        ((200, {"Content-Length": "2", "Content-Encoding": "gzip"}, [b"xx"]), "packs.portal"),
        ((503, {"Content-Length": "0"}, ()), "packs.server_sick"),
        ((429, {"Content-Length": "0"}, ()), "packs.server_sick"),
        ((206, {"Content-Length": "2", "Content-Range": "bytes 5-6/7"}, [b"xx"]), "packs.server_sick"),
        ((410, {"Content-Length": "0"}, ()), "packs.not_there"),
    ],
)
def test_what_is_no_repository_is_told(
    publisher: Publisher, village: Village, answer: Answer, key: str
) -> None:
    assert lying(village, publisher.repo, lambda path: None if "root" in path else answer).key == key


def test_a_sign_in_page_in_place_of_everything_is_told(publisher: Publisher, village: Village) -> None:
    page = b"<html>Wi-Fi</html>"
    assert lying(village, publisher.repo, lambda path: whole(page)).key == "packs.portal"


def test_a_certificate_is_judged_by_the_time_that_it_is_given(
    publisher: Publisher, village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, then = dt.timedelta(days=1), dt.datetime.now(dt.UTC) + dt.timedelta(days=900)
    issued = certificates.issue(tmp_path / "tls", begins=then - day, ends=then + day)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.server_file)
    monkeypatch.setenv("SSL_CERT_FILE", str(issued.ca_file))

    def look(tls: ssl.SSLContext | None) -> trust.Found:
        web = Web(server.url, connect_s=5.0, idle_s=5.0, tls=tls)
        with contextlib.closing(web):
            moment = village.clock.read()
            return trust.look(web, village.home, village.root, ("small",), moment=moment, pace=Pace())

    with Server(publisher.repo, tls=context).running() as server:
        for tls in (None, Trust("", lambda: None), Trust("", lambda: then + 2 * day)):
            with pytest.raises(NotReady, match="packs.certificate"):
                look(tls)
        assert look(Trust("", lambda: then)).root_version == 1


def test_a_certificate_that_nobody_vouches_for_is_told_and_a_good_one_serves(
    publisher: Publisher, village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = dt.datetime.now(dt.UTC)
    day = dt.timedelta(days=1)
    issued = certificates.issue(tmp_path / "tls", begins=now - day, ends=now + day)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.server_file)
    publisher.publish()
    with Server(publisher.repo, tls=context).running() as server:
        assert refused(village, server.url).key == "packs.certificate"
        monkeypatch.setenv("SSL_CERT_FILE", str(issued.ca_file))
        village.update(server.url)
    assert village.version == "2026.11.2"


@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_leads_to_the_publisher_and_is_shown_its_pass(
    publisher: Publisher, village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secure: bool
) -> None:
    now, day, context = dt.datetime.now(dt.UTC), dt.timedelta(days=1), None
    if secure:
        issued = certificates.issue(tmp_path / "tls", begins=now - day, ends=now + day)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.server_file)
        monkeypatch.setenv("SSL_CERT_FILE", str(issued.ca_file))
    publisher.publish()
    with Server(publisher.repo, tls=context).running() as server, proxied(server) as (address, heads):
        host, port = address
        web = Web(server.url, connect_s=5.0, idle_s=5.0, proxy=(host, port), pass_="Basic bWF1")
        try:
            found = trust.look(
                web, village.home, village.root, ("small",), moment=village.clock.read(), pace=Pace()
            )
            assert [one.version for one in found.offers] == ["2026.11.2"]
        finally:
            web.close()
    first = heads[0].decode("ascii")
    assert first.startswith("CONNECT 127.0.0.1:" if secure else f"GET {server.url}/metadata/")
    assert "Proxy-Authorization: Basic bWF1" in first


@contextlib.contextmanager
def proxied(server: Server) -> Iterator[tuple[tuple[str, int], list[bytes]]]:
    """A proxy that knows one way; what it was asked."""
    heads, port = list[bytes](), int(server.url.rpartition(":")[2])

    def pump(giver: socket.socket, taker: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := giver.recv(65536):
                taker.sendall(data)
            taker.shutdown(socket.SHUT_WR)

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", port)) as there, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65536)
            heads.append(head)
            if head.startswith(b"CONNECT"):
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                there.sendall(head.replace(f"GET {server.url}/".encode(), b"GET /"))
            back = threading.Thread(target=pump, args=(there, client), daemon=True)
            back.start()
            while data := client.recv(65536):
                there.sendall(data.replace(f"GET {server.url}/".encode(), b"GET /"))
            there.shutdown(socket.SHUT_WR)
            back.join(5)

    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.05)
        over, threads = threading.Event(), list[threading.Thread]()

        def accept() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    client, _ = door.accept()
                    threads.append(threading.Thread(target=serve, args=(client,), daemon=True))
                    threads[-1].start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield ("127.0.0.1", int(door.getsockname()[1])), heads
        finally:
            over.set()
            for one in (thread, *threads):
                one.join(5)


def test_nobody_at_home_is_told(village: Village, tmp_path: Path) -> None:
    assert refused(village, "http://127.0.0.1:1").key == "packs.no_route"
    assert refused(village, tmp_path / "no-stick").key == "packs.not_there"


def test_a_lie_is_told_before_a_silence(publisher: Publisher, village: Village, tmp_path: Path) -> None:
    other = Publisher(tmp_path / "other")
    other.publish()
    for places in ((other.repo, "http://127.0.0.1:1"), ("http://127.0.0.1:1", other.repo)):
        assert refused(village, *places).key == "packs.unsigned"
