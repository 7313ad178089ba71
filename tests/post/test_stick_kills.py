"""Power that fails, sticks that are full or pulled, machines that are killed: what was whole stays good."""

from __future__ import annotations

import errno
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.base.errors import HubError, Refused
from hub.post import outbox, stick, stick_ledger
from hub.post.transports import stick as sticks
from hub.practice_office import records
from tests.post import carried, servers, stick_children
from tests.post.carried import Commune, Village
from tests.post.parcels import parcel

LIMIT = stick.SMALLEST


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Village]:
    with carried.village(tmp_path / "house") as made:
        yield made


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Commune]:
    with carried.commune(tmp_path / "commune") as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "stick"
    made.mkdir()
    return made


def taken(office: Commune, folder: Path) -> set[str]:
    """Open everything that lies on the stick under its name; each file must be whole."""
    for path in sticks.files(folder, sticks.PARCELS):
        office.take(path.read_bytes())
    return set(office.words())


def test_a_writing_that_is_killed_anywhere_leaves_only_whole_files_and_goes_on_where_it_was(
    house: Village, office: Commune, tmp_path: Path, folder: Path
) -> None:
    carried.introduce(house, office)
    made = {house.add(parcel(photo_bytes=100_000)).instance_id for _ in range(6)}
    chance = random.Random(5)
    killed = 0
    for turn in range(18):
        statements = chance.randint(1, 60) if turn % 2 else 0
        most_bytes = 0 if turn % 2 else chance.randint(1, 300_000)
        code = stick_children.run(
            stick_children.write, tmp_path / "house", folder, LIMIT, statements, most_bytes
        )
        killed += code < 0
        for path in sticks.files(folder, sticks.PARCELS):
            part = stick_ledger.part_named(house.conn, path.name)
            assert part is not None and part.parcels
            office.take(path.read_bytes())
        left_house = set(office.words())
        assert set(stick_ledger.hands(house.conn, left_house)) == left_house
        if turn % 6 == 5:
            for path in folder.iterdir():
                path.unlink()
    assert killed >= 9
    assert stick_children.run(stick_children.write, tmp_path / "house", folder, LIMIT, 0, 0) == 0
    assert taken(office, folder) == made
    assert [path.suffix for path in folder.iterdir()].count(sticks.HALF) == 0


def test_an_import_that_is_killed_at_any_statement_ends_as_one_that_was_not(
    house: Village, office: Commune, tmp_path: Path, folder: Path
) -> None:
    chance = random.Random(7)
    with servers.practice_office(tmp_path / "server") as server:
        carried.introduce(house, office)
        made = {}
        for number in range(3):
            one = house.add(parcel(photos=number, photo_bytes=2_000, public_key=server.public_key))
            made[one.instance_id] = one
        stick.write(house.conn, house.mine, house.clock, folder, limit=LIMIT)
        killed = 0
        for _ in range(14):
            given = (tmp_path / "commune", folder, server.url, server.token_file, chance.randint(1, 90))
            killed += stick_children.run(stick_children.take_and_forward, *given) == -9
        assert killed >= 4
        assert stick_children.run(stick_children.take_and_forward, *given[:-1], 0) == 0
        with records.connect(server.folder) as there:
            found = records.listing(there)
            assert sorted(one.instance_id for one in found) == sorted(made)
            for one in found:
                envelope, files = records.content(there, one.id)
                assert envelope == made[one.instance_id].envelope
                assert files == dict(made[one.instance_id].files)
    assert set(office.words().values()) == {"forwarded"}
    for path in sticks.files(folder, sticks.ANSWER):
        try:
            house.hear(path.read_bytes())
        except HubError as bad:
            assert bad.key == "stick.answer_known"
    assert sorted(house.received) == sorted(made)
    assert all(house.state(one) == "sent" for one in made.values())


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A stick of one megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=False, capture_output=True
    ).returncode:
        pytest.skip("mounting needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_stick_keeps_its_whole_files_and_the_rest_goes_on_the_next(
    house: Village, office: Commune, small: Path, folder: Path
) -> None:
    carried.introduce(house, office)
    made = {house.add(parcel(photo_bytes=150_000)).instance_id for _ in range(9)}
    done = stick.write(house.conn, house.mine, house.clock, small, limit=LIMIT)
    assert 2 <= len(done.files) < 9 and done.left == 9 - done.parcels and done.reason_key == "stick.full"
    first = taken(office, small)
    assert len(first) == done.parcels
    rest = stick.write(house.conn, house.mine, house.clock, folder, limit=LIMIT)
    assert rest.left == 0
    # What was never carried is in the first files of the second stick.
    assert not stick_ledger.on_part(house.conn, first_part(house, rest.files[0])) & first
    assert taken(office, folder) == made


def first_part(house: Village, name: str) -> int:
    part = stick_ledger.part_named(house.conn, name)
    assert part is not None
    return part.id


def test_a_stick_that_fills_up_while_it_is_written_says_so_and_leaves_no_half_file(small: Path) -> None:
    def more() -> Iterator[bytes]:
        for _ in range(40):
            yield os.urandom(65_536)

    sticks.write(small, "AAAAAAAA.HSB", [b"whole"])
    with pytest.raises(Refused, match="stick.full"):
        sticks.write(small, "BBBBBBBB.HSB", more())
    assert [path.name for path in small.iterdir()] == ["AAAAAAAA.HSB"]
    assert (small / "AAAAAAAA.HSB").read_bytes() == b"whole"


def test_a_stick_that_is_pulled_while_it_is_written_is_said_in_a_sentence(
    house: Village, office: Commune, folder: Path
) -> None:
    carried.introduce(house, office)
    house.add(parcel(photo_bytes=300_000))
    packing = stick.Packing(house.conn, house.mine, house.clock)
    part = packing.part()
    assert part is not None

    def pulled() -> Iterator[bytes]:
        yield next(part.chunks)
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        yield from part.chunks

    with pytest.raises(Refused, match="stick.gone"):
        sticks.write(folder, part.name, pulled())
    with pytest.raises(Refused, match="stick.no_folder"):
        stick.write(house.conn, house.mine, house.clock, folder)
    folder.mkdir()
    assert len(stick.write(house.conn, house.mine, house.clock, folder).files) == 1


def test_each_error_of_a_stick_has_its_sentence(tmp_path: Path) -> None:
    told = {
        errno.ENOSPC: "stick.full",
        errno.EROFS: "stick.read_only",
        errno.EIO: "stick.gone",
        errno.ENODEV: "stick.gone",
        errno.EINVAL: "stick.broken",
    }
    for number, key in told.items():
        assert sticks.told(OSError(number, os.strerror(number)), tmp_path).key == key


def test_what_lies_on_the_stick_unanswered_is_not_written_twice_and_what_is_answered_makes_room(
    house: Village, office: Commune, folder: Path
) -> None:
    carried.introduce(house, office)
    house.add(parcel())
    [first] = stick.write(house.conn, house.mine, house.clock, folder).files
    assert stick.write(house.conn, house.mine, house.clock, folder).files == ()
    (folder / "holiday.jpg").write_bytes(b"not ours")
    (folder / "ZZZZZZZZ.HSB").write_bytes(b"of another House")
    house.add(parcel())
    [second] = stick.write(house.conn, house.mine, house.clock, folder).files
    for name in (first, second):
        office.take((folder / name).read_bytes())
    answer = office.answer(house)
    assert answer is not None
    house.hear(answer)
    assert stick.write(house.conn, house.mine, house.clock, folder).files == ()
    assert sorted(path.name for path in folder.iterdir()) == ["ZZZZZZZZ.HSB", "holiday.jpg"]


def test_a_link_or_a_pipe_on_a_stick_is_not_followed(tmp_path: Path, folder: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"key")
    (folder / "AAAAAAAA.HSA").symlink_to(secret)
    os.mkfifo(folder / "BBBBBBBB.HSA")
    assert sticks.files(folder, sticks.ANSWER) == ()
    for name in ("AAAAAAAA.HSA", "BBBBBBBB.HSA"):
        with pytest.raises(Refused, match="stick.no_bundle"):
            sticks.open_file(folder / name)
    (folder / "CCCCCCCC.PRT").symlink_to(secret)
    with pytest.raises(HubError):
        sticks.write(folder, "CCCCCCCC.HSB", [b"x"])
    assert secret.read_bytes() == b"key"


def test_sticks_are_found_by_the_kernels_own_list(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 /media/no\\040such vfat rw 0 0\n/dev/mmcblk0p2 / ext4 rw 0 0\n"
        "systemd-1 /media autofs rw 0 0\nproc /proc proc rw 0 0\nbroken\n"
    )
    assert sticks.media(mounts) == ()
    assert sticks.media(tmp_path / "absent") == ()


def test_a_stick_that_is_mounted_only_when_it_is_looked_at_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, mounts = tmp_path / "media", tmp_path / "mounts"
    place.mkdir()
    asleep = f"systemd-1 {place} autofs rw 0 0\n"
    mounts.write_text(asleep)

    def look(folder: str) -> list[str]:
        # What the kernel does when an automount point is looked at.
        assert folder == str(place)
        mounts.write_text(f"{asleep}/dev/sda1 {place} vfat rw 0 0\n")
        return []

    monkeypatch.setattr(sticks, "_WHERE", (str(tmp_path),))
    monkeypatch.setattr(os, "listdir", look)
    assert [one.folder for one in sticks.media(mounts)] == [place]


def test_what_is_carried_again_is_not_taken_off_the_stick_for_an_answer_of_before(
    house: Village, office: Commune, folder: Path
) -> None:
    carried.introduce(house, office)
    house.add(parcel())
    [first] = stick.write(house.conn, house.mine, house.clock, folder).files
    house.clock.advance(60)
    office.take((folder / first).read_bytes())
    answer = office.answer(house)
    assert answer is not None
    house.hear(answer)
    house.clock.advance(60)
    # The commune's machine is lost; what lay there goes once more, and stays on the stick.
    [again] = stick.write(house.conn, house.mine, house.clock, folder, again=True).files
    house.clock.advance(60)
    stick.write(house.conn, house.mine, house.clock, folder)
    assert [path.name for path in folder.iterdir()] == [again]


def test_a_dossier_taken_back_while_the_stick_is_written_is_on_no_file_of_it(
    house: Village, office: Commune, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried.introduce(house, office)
    gone, stays = house.add(parcel(photo_bytes=300_000)), house.add(parcel())
    last = house.add(parcel(photo_bytes=300_000))
    slow = sticks.write
    turns = []

    def while_it_is_written(place: Path, name: str, chunks: Iterator[bytes]) -> int:
        def pulled() -> Iterator[bytes]:
            yield next(chunks)
            if not turns:
                turns.append(1)
                assert outbox.withdraw(house.conn, last.instance_id, house.clock.read()) is False
                assert outbox.withdraw(house.conn, gone.instance_id, house.clock.read()) is False
                # The rows that became free are another's now.
                house.add(parcel(photo_bytes=300_000))
            yield from chunks

        return slow(place, name, pulled())

    monkeypatch.setattr(sticks, "write", while_it_is_written)
    done = stick.write(house.conn, house.mine, house.clock, folder)
    assert done.left == 0 and done.parcels == 2 and len(done.files) == 1
    there = taken(office, folder)
    assert stays.instance_id in there and len(there) == 2
    assert not {gone.instance_id, last.instance_id} & there


def test_bytes_that_changed_on_the_card_are_told_and_nothing_else_is_kept_back(
    house: Village, office: Commune, folder: Path
) -> None:
    carried.introduce(house, office)
    house.add(parcel())
    house.add(parcel())
    house.conn.execute("DROP TRIGGER outbox_frozen")
    house.conn.execute("UPDATE outbox SET envelope = zeroblob(length(envelope)) WHERE id = 2")
    done = stick.write(house.conn, house.mine, house.clock, folder)
    assert (done.parcels, done.left, done.damaged, done.reason_key) == (1, 0, 1, None)
    assert len(taken(office, folder)) == 1
