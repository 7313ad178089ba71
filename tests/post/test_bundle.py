"""A bundle is whole or nothing: whatever is done to the file on its way, it is refused with a sentence."""

from __future__ import annotations

import io
import secrets

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.base.errors import Refused
from hub.base.identity import Identity
from hub.post import bundle
from hub.post.bundle import Kind

HOUSE, OFFICE, OTHER = (
    Identity("house", b"h" * 32),
    Identity("office", b"o" * 32),
    Identity("office", b"x" * 32),
)
FRAME = 65_536 + 16


def sealed(
    chunks: list[bytes], by: Identity = HOUSE, to: Identity = OFFICE, kind: Kind = Kind.PARCELS
) -> bytes:
    return b"".join(bundle.seal(chunks, by=by, to=to.public, kind=kind))


def opened(file: bytes, mine: Identity = OFFICE, kind: Kind = Kind.PARCELS) -> bytes:
    source = io.BytesIO(file)
    known = bundle.check(source, mine, kind)
    assert known.by == HOUSE.public
    source.seek(0)
    return b"".join(bundle.content(source, mine, kind, known))


def refusal(file: bytes, mine: Identity = OFFICE, kind: Kind = Kind.PARCELS) -> str:
    with pytest.raises(Refused) as bad:
        opened(file, mine, kind)
    return bad.value.key


BIG = sealed([secrets.token_bytes(300_000), b"end"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=70_000), max_size=4))
@example([b"a" * (65_536 - 64 - 1 - 4 - 4 - 64)])
@example([b"a" * (65_536 - 64 - 1 - 4 - 4 - 63)])
@example([b"a" * 600_000])
@example([b""])
def test_what_was_sealed_is_what_is_opened_and_the_length_was_foretold(chunks: list[bytes]) -> None:
    file = sealed(chunks)
    assert opened(file) == b"".join(chunks)
    assert (len(file) - bundle.HEAD_BYTES) % FRAME == 0
    assert len(file) <= bundle.length(sum(map(len, chunks)), len(chunks)) <= len(file) + FRAME


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(BIG) * 8 - 1))
def test_one_changed_bit_anywhere_is_refused(bit: int) -> None:
    changed = bytearray(BIG)
    changed[bit // 8] ^= 1 << bit % 8
    assert refusal(bytes(changed)) in {"stick.damaged", "stick.no_bundle", "stick.not_for_us", "stick.cut"}


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(BIG) - 1))
@example(bundle.HEAD_BYTES)
@example(bundle.HEAD_BYTES + FRAME)
@example(bundle.HEAD_BYTES + 2 * FRAME)
def test_a_file_cut_anywhere_is_refused(at: int) -> None:
    assert refusal(BIG[:at]) in {"stick.cut", "stick.no_bundle"}


def test_frames_in_another_order_twice_or_from_another_file_are_refused() -> None:
    head, frames = BIG[: bundle.HEAD_BYTES], [
        BIG[start : start + FRAME] for start in range(bundle.HEAD_BYTES, len(BIG), FRAME)
    ]
    other = sealed([secrets.token_bytes(300_000), b"end"])
    assert len(frames) == 5
    for mixed in (
        [frames[1], frames[0], *frames[2:]],
        [frames[0], frames[2], frames[1], *frames[3:]],
        [frames[0], frames[0], *frames[1:]],
        [*frames, frames[-1]],
        [*frames[:-2], frames[-1]],
        [*frames[:-1], other[-FRAME:]],
    ):
        assert refusal(head + b"".join(mixed)) in {"stick.damaged", "stick.not_for_us"}
    assert refusal(other[: bundle.HEAD_BYTES] + b"".join(frames)) == "stick.not_for_us"
    assert refusal(BIG + b"more") == "stick.damaged" or refusal(BIG + b"more") == "stick.cut"


def test_only_the_reader_it_was_made_for_opens_it() -> None:
    assert refusal(BIG, OTHER) == "stick.not_for_us"
    assert refusal(BIG, HOUSE) == "stick.not_for_us"


def test_parcels_are_no_answer_and_an_answer_is_no_parcel() -> None:
    assert refusal(BIG, kind=Kind.ANSWER) == "stick.wrong_kind"
    answer = sealed([b"x"], by=OFFICE, to=HOUSE, kind=Kind.ANSWER)
    assert refusal(answer, HOUSE, Kind.PARCELS) == "stick.wrong_kind"


def test_who_cannot_sign_for_a_house_cannot_speak_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forger(Identity):
        """Has no secret of the House, and says that it is the House."""

        @property
        def public(self):  # type: ignore[no-untyped-def]
            return HOUSE.public

    forged = sealed([b"lies"], by=Forger("house", b"f" * 32))
    assert refusal(forged) == "stick.damaged"


def test_a_reader_who_puts_it_into_an_envelope_for_another_is_found_out() -> None:
    plain, head = [], io.BytesIO(BIG)
    known = bundle.check(head, OFFICE, Kind.PARCELS)
    head.seek(0)
    plain = list(bundle.content(head, OFFICE, Kind.PARCELS, known))
    # What is left to a dishonest reader is to sign anew, as itself.
    again = sealed(plain, by=OFFICE, to=OTHER)
    source = io.BytesIO(again)
    assert bundle.check(source, OTHER, Kind.PARCELS).by.sign == OFFICE.public.sign != HOUSE.public.sign


def test_a_file_that_was_changed_for_another_after_it_was_checked_is_refused() -> None:
    known = bundle.check(io.BytesIO(BIG), OFFICE, Kind.PARCELS)
    other = sealed([b"other"])
    with pytest.raises(Refused):
        list(bundle.content(io.BytesIO(other), OFFICE, Kind.PARCELS, known))


def test_nothing_of_the_content_and_nobodys_name_stands_in_the_file() -> None:
    file = sealed([b"khai_sinh_mau " * 1000])
    for secret in (b"khai_sinh", HOUSE.public.sign, HOUSE.public.box, OFFICE.public.sign, OFFICE.public.box):
        assert secret not in file


def test_two_files_of_one_content_have_nothing_in_common_but_their_length() -> None:
    one, other = sealed([b"same" * 100]), sealed([b"different, and shorter"])
    assert len(one) == len(other)
    assert one[5:37] != other[5:37]
