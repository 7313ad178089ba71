"""Who a House is: the same after any restart, known by short words, and by nothing secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.base import identity
from hub.base.errors import NotReady, Refused
from hub.base.identity import Identity


def test_a_house_is_the_same_after_every_start_and_no_two_are_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = identity.house_id(tmp_path / "a")
    assert first == identity.house_id(tmp_path / "a") != identity.house_id(tmp_path / "b")
    assert len(first) == 16 and int(first, 16) >= 0
    assert (tmp_path / "a" / identity.FILE).stat().st_mode & 0o777 == 0o600


def test_a_secret_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    identity.house_id(tmp_path)
    (tmp_path / identity.FILE).chmod(0o644)
    with pytest.raises(NotReady, match="secret_open"):
        identity.house_id(tmp_path)


@pytest.mark.parametrize("left", [b"", b"half of it"])
def test_nothing_is_signed_with_a_secret_that_is_not_whole(tmp_path: Path, left: bytes) -> None:
    identity.read_or_make(tmp_path)
    (tmp_path / identity.FILE).write_bytes(left)
    with pytest.raises(NotReady, match="identity_broken"):
        identity.read_or_make(tmp_path)


def test_one_secret_makes_two_different_people_of_house_and_office() -> None:
    house, office = Identity("house", b"s" * 32), Identity("office", b"s" * 32)
    assert house.public.sign != office.public.sign and house.public.box != office.public.box
    assert house.public.fingerprint != office.public.fingerprint


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["house", "office"]))
def test_a_line_is_read_back_however_it_was_typed(secret: bytes, kind: str) -> None:
    public = Identity(kind, secret).public
    assert identity.read(public.line, kind) == public
    assert identity.read(f"  {public.line.upper()}\n", kind) == public
    other = {"house": "office", "office": "house"}[kind]
    with pytest.raises(Refused, match="key_other_kind"):
        identity.read(public.line, other)


@example(-1, "b")
@example(-1, "i")
@given(st.integers(0, 10_000), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567-1!ủ"))
def test_a_line_with_one_wrong_letter_is_no_key(place: int, letter: str) -> None:
    line = Identity("house", b"s" * 32).public.line
    place %= len(line)
    if line[place] == letter:
        return
    with pytest.raises(Refused):
        identity.read(line[:place] + letter + line[place + 1 :], "house")


@given(st.text(max_size=200))
def test_whatever_is_typed_is_a_key_or_refused(typed: str) -> None:
    with pytest.raises(Refused):
        identity.read(typed, "office")


def test_a_signature_counts_only_for_the_words_it_was_made_for() -> None:
    mine = Identity("house", b"s" * 32)
    signature = mine.sign(b"words")
    assert mine.public.signed(signature, b"words")
    assert not mine.public.signed(signature, b"other words")
    assert not Identity("house", b"t" * 32).public.signed(signature, b"words")
    assert not mine.public.signed(b"short", b"words")


def test_an_identity_never_shows_its_secret() -> None:
    mine = Identity("house", b"secretsecretsecretsecretsecretse")
    assert "secret" not in repr(mine) and "secret" not in str(mine)


def test_a_fingerprint_is_six_groups_of_five_digits() -> None:
    groups = Identity("house", b"s" * 32).public.fingerprint.split(" ")
    assert len(groups) == 6 and all(len(group) == 5 and group.isdigit() for group in groups)
