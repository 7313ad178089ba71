"""What a camera writes beside a picture stays behind; the picture does not change by a bit."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin

from hub.trades.dossiers import attachments, stripping
from tests.trades.dossiers.guide import Guide, photo

_MARK = b"22.3364N 103.8438E"
_GPS, _MAKE, _ORIENTATION = 0x8825, 0x010F, 0x0112
_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def _picture() -> Image.Image:
    # Neither square nor symmetric: a wrong turn would show.
    return Image.linear_gradient("L").resize((120, 80)).rotate(17).convert("RGB")


def _exif(turned: int) -> Image.Exif:
    exif = Image.Exif()
    exif[_MAKE] = _MARK.decode()
    exif[_ORIENTATION] = turned
    exif.get_ifd(_GPS)[29] = _MARK.decode()
    return exif


def _taken(form: str, turned: int = 1) -> bytes:
    """A photograph as a telephone takes it: place, maker, words, a colour profile."""
    out = io.BytesIO()
    more: dict[str, object] = {"exif": _exif(turned), "icc_profile": _PROFILE}
    if form == "JPEG":
        more |= {"comment": _MARK, "progressive": True, "quality": 90}
    elif form == "PNG":
        words = PngImagePlugin.PngInfo()
        words.add_text("Comment", _MARK.decode())
        words.add_itxt("XML:com.adobe.xmp", _MARK.decode())
        words.add_text("Packed", _MARK.decode() * 9, zip=True)
        more |= {"pnginfo": words}
    else:
        more |= {"xmp": b"<x>" + _MARK + b"</x>", "lossless": True}
    _picture().save(out, form, **more)
    return out.getvalue()


_PROFILE = bytes(128) + b"a colour profile of some kind" + bytes(99)


def _dots(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as opened:
        return opened.convert("RGB").tobytes()


def _seen(content: bytes) -> bytes:
    """The dots as a viewer shows them: turned as the picture says."""
    with Image.open(io.BytesIO(content)) as opened:
        return ImageOps.exif_transpose(opened).convert("RGB").tobytes()


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_place_maker_and_words_go_and_which_way_up_stays(form: str, turned: int) -> None:
    taken = _taken(form, turned)
    assert _MARK in taken
    kept = stripping.strip(taken, _TYPES[form])
    assert kept is not None and _MARK not in kept and len(kept) < len(taken)
    assert _dots(kept) == _dots(taken) and _seen(kept) == _seen(taken)
    with Image.open(io.BytesIO(kept)) as opened:
        exif = dict(opened.getexif())
        assert exif == ({_ORIENTATION: turned} if turned != 1 else {})
        assert opened.info["icc_profile"] == _PROFILE
    assert stripping.strip(kept, _TYPES[form]) == kept, "what was stripped is left as it is"


def test_a_png_keeps_its_picture_and_its_colours_and_nothing_else() -> None:
    taken = _taken("PNG")
    kept = stripping.strip(taken, "image/png")
    assert kept is not None and _MARK not in kept and _dots(kept) == _dots(taken)
    with Image.open(io.BytesIO(kept)) as opened:
        opened.load()
        assert set(opened.info) == {"icc_profile"}
    names = {
        kept[at : at + 4]
        for at in range(len(kept))
        if kept[at : at + 4] in (b"eXIf", b"tEXt", b"zTXt", b"iTXt")
    }
    assert not names


def test_what_hangs_behind_the_end_of_a_picture_stays_behind() -> None:
    film = b"\x00\x00\x00\x18ftypmp42" + _MARK
    small = io.BytesIO()
    Image.new("RGB", (8, 8)).save(small, "JPEG")
    for form in ("JPEG", "PNG"):
        kept = stripping.strip(_taken(form) + small.getvalue() + film, _TYPES[form])
        assert kept == stripping.strip(_taken(form), _TYPES[form])


def test_the_small_second_picture_in_a_jpegs_head_goes() -> None:
    plain = io.BytesIO()
    _picture().save(plain, "JPEG")
    content = plain.getvalue()
    thumbnail = struct.pack(">H", 16 + 12) + b"JFIF\0\x01\x02\0\0\1\0\1\x02\x02" + _MARK[:12]
    second = b"\xff\xe0" + struct.pack(">H", 8 + len(_MARK)) + b"JFXX\0\x10" + _MARK
    several = b"\xff\xe2" + struct.pack(">H", 6 + len(_MARK)) + b"MPF\0" + _MARK
    with_them = content[:2] + b"\xff\xe0" + thumbnail + second + several + content[20:]
    kept = stripping.strip(with_them, "image/jpeg")
    assert kept is not None and _MARK[:12] not in kept and _dots(kept) == _dots(content)


def test_a_plain_picture_and_a_pdf_are_left_as_they_are() -> None:
    for form, media_type in _TYPES.items():
        content = photo(form=form)
        assert stripping.strip(content, media_type) == content
    assert stripping.strip(b"%PDF-1.4 ...", "application/pdf") == b"%PDF-1.4 ..."


@pytest.mark.parametrize("form", _TYPES)
def test_a_picture_that_is_cut_off_is_not_guessed_at(form: str) -> None:
    content = _taken(form)
    for length in (4, 13, 30, len(content) // 2):
        assert stripping.strip(content[:length], _TYPES[form]) is None


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    form=st.sampled_from(sorted(_TYPES)), place=st.floats(0, 1), value=st.integers(0, 255), cut=st.booleans()
)
def test_whatever_is_handed_in_the_walk_ends(form: str, place: float, value: int, cut: bool) -> None:
    content = bytearray(_taken(form))
    at = min(int(place * len(content)), len(content) - 1)
    content[at] = value
    found = stripping.strip(bytes(content[: at + 1] if cut else content), _TYPES[form])
    assert found is None or len(found) <= len(content) + 40


def test_a_png_whose_sum_is_wrong_is_not_guessed_at() -> None:
    content = bytearray(_taken("PNG"))
    content[-5] ^= 1
    assert stripping.strip(bytes(content), "image/png") is None
    assert zlib.crc32(b"IEND") == struct.unpack(">I", _taken("PNG")[-4:])[0]


def test_a_photo_from_a_telephone_is_kept_without_its_place(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "giay", {"/data/giay/co_giay": "co"})
    taken = _taken("JPEG", 6)
    attached = guide.attach(draft.id, "/data/giay/anh", taken)
    kept = attachments.read(guide.conn, draft.id, attached.name, key=guide.key)
    assert _MARK not in kept and _seen(kept) == _seen(taken) and attached.size == len(kept)
