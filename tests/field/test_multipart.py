"""Multipart bodies: whatever is in a part comes out to the byte, and half a body is no body."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.sansio.multipart import Data, Epilogue, File, MultipartEncoder, Preamble

from hub.desks.field import multipart
from tests.field import collect

NAMES = (
    st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789._- ảđ*", min_size=1, max_size=30)
    .map(str.strip)
    .filter(bool)
)
MARK = "7f3a-ranh-gioi"
# Content that looks as much like a boundary as it can.
NASTY = st.lists(
    st.sampled_from(
        [
            b"\r\n",
            b"--",
            MARK.encode(),
            b"\r",
            b"\n",
            b"-",
            b"\x00",
            b"\xff",
            b": ",
            b"a",
            b"Content-Disposition: form-data",
        ]
    ),
    max_size=24,
).map(b"".join)
CONTENT = st.one_of(st.binary(max_size=400), NASTY).filter(
    # What a sender must never choose: a boundary that stands in its own content.
    lambda content: b"--" + MARK.encode()
    not in b"\r\n" + content
)
PARTS = st.lists(st.tuples(NAMES, NAMES, st.just("image/jpeg"), CONTENT), min_size=1, max_size=6)


@given(PARTS, st.booleans())
@settings(max_examples=80, deadline=None)
def test_what_a_telephone_puts_in_comes_out_to_the_byte(
    parts: list[tuple[str, str, str, bytes]], incomplete: bool
) -> None:
    body, _ = collect.multipart(parts, incomplete=incomplete, boundary=MARK)
    found = multipart.read(body, MARK)
    assert [(one.name, one.file_name, one.content) for one in found[: len(parts)]] == [
        (name, file_name, content) for name, file_name, _, content in parts
    ]
    assert [(one.name, one.content) for one in found[len(parts) :]] == [
        ("*isIncomplete*", b"yes")
    ] * incomplete


@given(PARTS)
@settings(max_examples=40, deadline=None)
def test_a_body_by_another_hand_is_read_the_same(parts: list[tuple[str, str, str, bytes]]) -> None:
    encoder = MultipartEncoder(MARK.encode())
    body = encoder.send_event(Preamble(data=b"nobody reads this"))
    for name, file_name, _, content in parts:
        body += encoder.send_event(File(name=name, filename=file_name, headers=Headers()))
        body += encoder.send_event(Data(data=b"", more_data=True))
        body += b"\r\n" + content
    body += encoder.send_event(Epilogue(data=b"nor this"))
    assert [one.content for one in multipart.read(body, MARK)] == [content for *_, content in parts]


@given(PARTS, st.integers(min_value=0))
@settings(max_examples=80, deadline=None)
def test_a_body_that_ends_too_early_is_refused_wherever_it_ends(
    parts: list[tuple[str, str, str, bytes]], at: int
) -> None:
    body, _ = collect.multipart(parts, boundary=MARK)
    # The last two bytes are the line end behind the closing boundary, which says nothing.
    with pytest.raises(multipart.Broken):
        multipart.read(body[: at % (len(body) - 2)], MARK)


@given(st.binary(max_size=300), st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_rubbish_is_refused_and_never_anything_worse(body: bytes, boundary: str) -> None:
    try:
        multipart.read(body, boundary)
    except multipart.Broken:
        pass


def test_heads_as_they_are_found_in_the_wild_are_read() -> None:
    body = (
        b'--b \r\ncontent-disposition: form-data;\r\n name="a"; filename="%22x%22.jpg"\r\n\r\n1\r\n'
        b"--b\r\nContent-Type: text/xml\r\nContent-Disposition: FORM-DATA; filename=c.jpg; name=c\r\n\r\n\r\n"
        b'--b\r\nContent-Disposition: form-data; name="d\\"e"\r\n\r\n--bc\r\n--b--'
    )
    found = multipart.read(body, "b")
    assert [(one.name, one.file_name, one.content) for one in found] == [
        ("a", '"x".jpg', b"1"),
        ("c", "c.jpg", b""),
        ('d"e', None, b"--bc"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"--b\r\nContent-Type: text/xml\r\n\r\n1\r\n--b--",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--b--',
        b'--b\r\nContent-Disposition: attachment; name="a"\r\n\r\n1\r\n--b--',
        b"--bx\r\n\r\n--b--",
    ],
)
def test_a_part_that_does_not_say_what_it_is_is_refused(body: bytes) -> None:
    with pytest.raises(multipart.Broken):
        multipart.read(body, "b")


def test_more_parts_than_any_record_has_are_refused() -> None:
    part = ("a", "a", "text/plain", b"")
    body, _ = collect.multipart([part] * multipart.MOST_PARTS, boundary="b")
    assert len(multipart.read(body, "b")) == multipart.MOST_PARTS
    body, _ = collect.multipart([part] * (multipart.MOST_PARTS + 1), boundary="b")
    with pytest.raises(multipart.Broken):
        multipart.read(body, "b")
