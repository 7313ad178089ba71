"""What a telephone writes beside a film or a voice does not leave with it."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.trades.dossiers import media, recordings, silencing

PLACE = b"+22.4890+103.9710/"


def box(name: bytes, *inside: bytes, wide: bool = False) -> bytes:
    content = b"".join(inside)
    if wide:
        return struct.pack(">I4sQ", 1, name, 16 + len(content)) + content
    return struct.pack(">I4s", 8 + len(content), name) + content


def film(brand: bytes = b"isom", *, apple: bool = False, wide: bool = False) -> bytes:
    """An MP4 as telephones lay it out: tags in the head, in a track, and in a box of the maker's own."""
    tags = box(
        b"udta", box(b"\xa9xyz", struct.pack(">HH", len(PLACE), 0) + PLACE), bytes(4) if apple else b""
    )
    samples = box(b"stbl", box(b"stco", struct.pack(">III", 0, 1, 40)))
    track = box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", box(b"minf", samples)), box(b"udta", PLACE))
    told = box(b"meta", box(b"keys", b"com.apple.quicktime.location.ISO6709"), box(b"ilst", PLACE))
    head = box(b"moov", box(b"mvhd", bytes(100)), track, tags, told if apple else b"")
    # The stream may hold any bytes, names of boxes among them.
    stream = box(b"mdat", b"\x00\x00\x00\x08udta" + bytes(range(256)), wide=wide)
    own = box(b"uuid", bytes(16), b"Maker Mau", PLACE)
    return box(b"ftyp", brand + bytes(4) + b"isom") + stream + head + own + box(b"free", PLACE)


@pytest.mark.parametrize("brand", [b"isom", b"3gp5", b"M4A ", b"qt  "])
@pytest.mark.parametrize("apple", [False, True])
@pytest.mark.parametrize("wide", [False, True])
def test_the_place_goes_and_every_part_stays_where_it_was(brand: bytes, apple: bool, wide: bool) -> None:
    given_in = film(brand, apple=apple, wide=wide)
    media_type, suffix = recordings.kind(given_in) or ("", "")
    kept = media.stripped(given_in, media.Kind(media_type, suffix))
    assert PLACE in given_in and PLACE not in kept and b"Maker" not in kept and b"location" not in kept
    assert len(kept) == len(given_in) and recordings.kind(kept) == (media_type, suffix)
    begin = given_in.index(b"mdat")
    assert kept[begin : begin + 270] == given_in[begin : begin + 270]
    assert kept.index(b"stco") == given_in.index(b"stco")
    assert media.stripped(kept, media.Kind(media_type, suffix)) == kept


def test_a_voice_keeps_its_sound_and_loses_its_words() -> None:
    sound = struct.pack("<4sI", b"fmt ", 16) + bytes(16) + struct.pack("<4sI", b"data", 6) + b"abcdef"
    said = struct.pack("<4sI", b"LIST", 12) + b"INFOIART" + b"Mau!"
    wave = b"RIFF" + struct.pack("<I", 4 + len(sound) + len(said)) + b"WAVE" + said + sound
    kept = silencing.silence(wave, "audio/wav")
    assert kept is not None and b"Mau!" not in kept and kept.endswith(sound) and len(kept) == len(wave)


def test_the_tags_of_an_mp3_go_from_both_its_ends() -> None:
    frames = b"\xff\xfb\x90\x00" + bytes(413)
    tag = b"ID3\x04\x00\x00" + bytes((0, 0, 0, 20)) + PLACE.ljust(20, b"\0")
    assert silencing.silence(tag + tag + frames * 2 + b"TAG" + bytes(125), "audio/mpeg") == frames * 2
    assert silencing.silence(tag, "audio/mpeg") is None


@given(st.integers(0, 800), st.integers(0, 255), st.booleans())
def test_whatever_is_handed_in_the_walk_ends(place: int, value: int, cut: bool) -> None:
    content = bytearray(film(apple=True))
    content[place % len(content)] = value
    given_in = bytes(content[: place if cut else None])
    kept = silencing.silence(given_in, "video/mp4")
    assert kept is None or len(kept) == len(given_in)


def test_what_carries_no_words_of_a_telephone_is_left_as_it_is() -> None:
    assert silencing.silence(b"#!AMR\nabc", "audio/amr") == b"#!AMR\nabc"
