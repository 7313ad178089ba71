"""Recordings known by their content, and pictures made smaller."""

from __future__ import annotations

import io
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hub.base.errors import Refused
from hub.forms.model import QuestionType
from hub.trades.dossiers import media, recordings, scaling
from hub.trades.dossiers.media import Kind
from tests.trades.dossiers.guide import photo


def box(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(content) + 8, name) + content


def film(brand: bytes = b"isom") -> bytes:
    return box(b"ftyp", brand + bytes(4)) + box(b"moov", bytes(20)) + box(b"mdat", bytes(50))


def tone() -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 800)
    return held.getvalue()


# Two frames of 128 kbit/s at 44,100 Hz, 417 bytes each.
MP3 = (b"\xff\xfb\x90\x00" + bytes(413)) * 2
TAG = b"ID3\x04\x00\x00\x00\x00\x00\x05" + bytes(5)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (tone(), ("audio/wav", "wav")),
        (MP3, ("audio/mpeg", "mp3")),
        (TAG + MP3, ("audio/mpeg", "mp3")),
        (b"OggS" + bytes(40), ("audio/ogg", "ogg")),
        (b"fLaC" + bytes(40), ("audio/flac", "flac")),
        (b"#!AMR\n" + bytes(40), ("audio/amr", "amr")),
        (b"\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1fB\x82\x84webm", ("video/webm", "webm")),
        (film(), ("video/mp4", "mp4")),
        (film(b"M4A "), ("audio/mp4", "m4a")),
        (film(b"3gp4"), ("video/3gpp", "3gp")),
        (film(b"qt  "), ("video/quicktime", "mov")),
        (b"\xff\xfb\x90\x00" + bytes(500), None),
        (b"MZ\x90\x00" + bytes(100), None),
        (b"", None),
    ],
)
def test_a_recording_is_known_by_its_content(content: bytes, found: tuple[str, str] | None) -> None:
    assert recordings.kind(content) == found


@pytest.mark.parametrize(
    "content", [tone()[:200], film()[:40], box(b"ftyp", b"isom" + bytes(4)), film()[:-3]]
)
def test_a_recording_cut_off_is_refused(content: bytes) -> None:
    with pytest.raises(Refused) as caught:
        recordings.kind(content)
    assert caught.value.key == "dossiers.file_broken"


@given(st.binary(max_size=300), st.sampled_from([b"", b"RIFF", b"ID3", b"\xff\xfb", bytes(4) + b"ftypisom"]))
def test_any_bytes_are_a_recording_or_none_or_refused(content: bytes, head: bytes) -> None:
    try:
        found = recordings.kind(head + content)
    except Refused as bad:
        assert bad.key == "dossiers.file_broken"
    else:
        assert found is None or "/" in found[0]


@pytest.mark.parametrize(
    ("held", "asked", "answer"),
    [
        (Kind("image/jpeg", "jpg"), QuestionType.IMAGE, "image/jpeg"),
        (Kind("application/pdf", "pdf"), QuestionType.IMAGE, "application/pdf"),
        (Kind("audio/wav", "wav"), QuestionType.IMAGE, "dossiers.file_no_picture"),
        (Kind("audio/wav", "wav"), QuestionType.AUDIO, "audio/wav"),
        (Kind("video/mp4", "mp4"), QuestionType.AUDIO, "audio/mp4"),
        (Kind("video/quicktime", "mov"), QuestionType.AUDIO, "dossiers.file_no_sound"),
        (Kind("image/png", "png"), QuestionType.AUDIO, "dossiers.file_no_sound"),
        (Kind("video/mp4", "mp4"), QuestionType.VIDEO, "video/mp4"),
        (Kind("audio/mpeg", "mp3"), QuestionType.VIDEO, "dossiers.file_no_film"),
        (Kind("audio/mpeg", "mp3"), QuestionType.FILE, "audio/mpeg"),
    ],
)
def test_a_question_takes_the_files_it_asks_for(held: Kind, asked: QuestionType, answer: str) -> None:
    if answer.startswith("dossiers."):
        with pytest.raises(Refused) as caught:
            media.fitting(held, asked)
        assert caught.value.key == answer
    else:
        assert media.fitting(held, asked).media_type == answer


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_made_smaller_and_stays_what_it_is(form: str) -> None:
    content = photo(form=form, side=300)
    kind = f"image/{form.lower()}"
    with Image.open(io.BytesIO(scaling.scaled(content, kind, 120))) as picture:
        assert (picture.format, max(picture.size)) == (form, 120)
    assert scaling.scaled(content, kind, 300) is content and scaling.scaled(content, kind, None) is content


def test_a_picture_that_lies_on_its_side_is_turned_before_it_is_made_smaller() -> None:
    picture = Image.new("RGB", (400, 200), "white")
    picture.putpixel((0, 0), (0, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6
    held = io.BytesIO()
    picture.save(held, "JPEG", exif=exif)
    with Image.open(io.BytesIO(scaling.scaled(held.getvalue(), "image/jpeg", 100))) as small:
        assert small.size == (50, 100) and small.getexif().get(0x0112, 1) == 1


def test_a_paper_and_a_sound_are_never_scaled() -> None:
    assert scaling.scaled(b"%PDF-", "application/pdf", 10) == b"%PDF-"
    assert scaling.scaled(tone(), "audio/wav", 10) == tone()


def test_a_picture_that_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(Refused):
        scaling.scaled(photo(side=300)[:300], "image/jpeg", 50)
