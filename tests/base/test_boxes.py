"""Sealed boxes: open with the private half and the same context only."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.base import boxes, crypto

_PRIVATE, _PUBLIC = boxes.pair()


@given(st.binary(max_size=3000), st.text(max_size=40))
def test_what_was_put_in_a_box_comes_out_of_it(content: bytes, context: str) -> None:
    box = boxes.seal(_PUBLIC, content, context)
    assert len(box) == len(content) + 62
    assert boxes.open(_PRIVATE, box, context) == content


@given(st.binary(min_size=1, max_size=200), st.data())
def test_any_changed_byte_of_a_box_is_noticed(content: bytes, data: st.DataObject) -> None:
    box = bytearray(boxes.seal(_PUBLIC, content, "captures:1"))
    place = data.draw(st.integers(0, len(box) - 1))
    # The top bit of a point's last byte is ignored by the curve, and for that reason bound into the key.
    box[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(crypto.WrongKey):
        boxes.open(_PRIVATE, bytes(box), "captures:1")


@given(st.binary(max_size=200))
def test_no_bytes_whatever_are_taken_for_a_box(junk: bytes) -> None:
    with pytest.raises(crypto.WrongKey):
        boxes.open(_PRIVATE, junk, "captures:1")
    with pytest.raises(crypto.WrongKey):
        boxes.open(_PRIVATE, b"\x01" + junk, "captures:1")


def test_a_box_opens_only_with_its_own_pair_and_in_its_own_place() -> None:
    box = boxes.seal(_PUBLIC, b"x", "captures:1")
    other, _ = boxes.pair()
    with pytest.raises(crypto.WrongKey):
        boxes.open(other, box, "captures:1")
    with pytest.raises(crypto.WrongKey):
        boxes.open(_PRIVATE, box, "captures:2")
    with pytest.raises(crypto.WrongKey):
        boxes.open(b"short", box, "captures:1")


@settings(max_examples=20)
@given(st.binary(max_size=64).filter(lambda one: len(one) != boxes.HALF_BYTES))
def test_what_is_no_public_half_is_refused_at_once(public: bytes) -> None:
    with pytest.raises(ValueError):
        boxes.seal(public, b"x", "captures:1")


def test_two_boxes_of_the_same_thing_have_nothing_in_common() -> None:
    first, second = (boxes.seal(_PUBLIC, b"the same", "c") for _ in range(2))
    assert first[1:33] != second[1:33] and first[33:] != second[33:]


def test_a_point_that_gives_no_secret_is_refused() -> None:
    with pytest.raises(ValueError):
        boxes.seal(bytes(32), b"x", "c")
    with pytest.raises(crypto.WrongKey):
        boxes.open(_PRIVATE, b"\x01" + bytes(32) + bytes(40), "c")
