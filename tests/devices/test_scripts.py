"""Scripts that join and reorder letters: drawn as another program draws them, or refused, never loose."""

from __future__ import annotations

import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFont

from devices import choose, fonts, raster
from devices.config import PrinterConfig
from devices.ports import Malformed, State
from devices.slip import Align, Slip, Text
from tests.contract.sink import Sink
from tests.devices import golden
from tests.devices.samples import ARABIC, BENGALI, MONG, scripts, ticket

NOTO = Path("/usr/share/fonts/truetype/noto")


def ink(image: Image.Image) -> Image.Image:
    grey = image.convert("L").point(lambda value: 255 if value < 150 else 0)
    box = grey.getbbox()
    assert box is not None
    return grey.crop(box)


def likeness(ours: Image.Image, theirs: Image.Image) -> float:
    """Return the share of black dots that two drawings have in common, at the place where they fit best."""
    best = 0.0
    for dx in (-2, -1, 0, 1, 2):
        for dy in (-2, -1, 0, 1, 2):
            sheet = [Image.new("L", (ours.width + 8, ours.height + 8), 0) for _ in "ab"]
            sheet[0].paste(ours, (4, 4))
            sheet[1].paste(theirs, (4 + dx, 4 + dy))
            common = ImageChops.darker(*sheet).histogram()[255]
            either = ImageChops.lighter(*sheet).histogram()[255]
            best = max(best, common / either)
    return best


def by_harfbuzz(text: str, face: str, size: int, folder: Path) -> Image.Image:
    out = folder / "reference.png"
    line = [
        "hb-view",
        f"--font-size={size}",
        "--margin=4",
        "-O",
        "png",
        "-o",
        str(out),
        str(NOTO / face),
        text,
    ]
    subprocess.run(line, check=True, timeout=20)
    with Image.open(out) as drawn:
        return ink(drawn)


def by_us(text: str, size: int) -> Image.Image:
    sheet = Image.new("L", (1400, 3 * size), 255)
    raster._write(sheet, (20, 2 * size), text, size, False)
    return ink(sheet)


def unshaped(text: str, face: str, size: int) -> Image.Image:
    loose = ImageFont.truetype(str(NOTO / face), size, layout_engine=ImageFont.Layout.BASIC)
    sheet = Image.new("L", (1400, 3 * size), 255)
    ImageDraw.Draw(sheet).text((20, 2 * size), text, fill=0, font=loose, anchor="ls")
    return ink(sheet)


@pytest.mark.parametrize(
    ("text", "face"),
    [
        ("السلام", "NotoSansArabic-Regular.ttf"),
        (ARABIC, "NotoSansArabic-Regular.ttf"),
        ("ক্ষিতি", "NotoSansBengali-Regular.ttf"),
        (BENGALI, "NotoSansBengali-Regular.ttf"),
        ("ស្រុក", "NotoSansKhmer-Regular.ttf"),
    ],
)
def test_a_shaped_word_is_drawn_as_harfbuzz_draws_it_and_not_letter_by_letter(
    text: str, face: str, tmp_path: Path
) -> None:
    reference = by_harfbuzz(text, face, 64, tmp_path)
    ours = by_us(text, 64)
    assert abs(ours.width - reference.width) <= 3
    assert abs(ours.height - reference.height) <= 3
    assert likeness(ours, reference) > 0.85
    loose = unshaped(text, face, 64)
    assert abs(loose.width - reference.width) > 3 or likeness(loose, reference) < 0.6


TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")


@pytest.mark.parametrize("vowel", "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY")
def test_each_vowel_with_each_tone_is_most_like_harfbuzzs_own(vowel: str, tmp_path: Path) -> None:
    letters = [unicodedata.normalize("NFC", vowel + tone) for tone in TONES]
    references = {letter: by_harfbuzz(letter, "NotoSans-Regular.ttf", 64, tmp_path) for letter in letters}
    for letter in letters:
        ours = by_us(letter, 64)
        alike = {other: likeness(ours, drawn) for other, drawn in references.items()}
        assert max(alike, key=alike.__getitem__) == letter
        assert alike[letter] > 0.65


def test_mong_is_drawn_as_harfbuzz_draws_it(tmp_path: Path) -> None:
    for word in MONG.split():
        ours, reference = by_us(word, 64), by_harfbuzz(word, "NotoSans-Regular.ttf", 64, tmp_path)
        assert abs(ours.width - reference.width) <= 6
        assert likeness(ours, reference.resize(ours.size)) > 0.6


@pytest.mark.parametrize("width", raster.WIDTHS)
def test_the_slip_of_scripts_looks_as_it_was_approved(width: int) -> None:
    assert golden.difference(raster.render(scripts(), width), golden.FOLDER / f"scripts-{width}.png") <= 2


def test_a_line_read_from_the_right_starts_at_the_right_margin() -> None:
    drawn = raster.render(Slip((Text("السلام", align=Align.LEFT),)), 576).convert("L")
    left, _, right, _ = ImageChops.invert(drawn).getbbox() or (0, 0, 0, 0)
    assert left > 400
    assert 540 <= right <= 552


def test_numbers_and_latin_words_keep_their_direction_in_a_line_read_from_the_right() -> None:
    found = [run.text for run in fonts.runs("عدد 17 (12,5) tấn gạo")]
    assert found == ["tấn gạo", ") ", "12,5", " (", "17", " ", "عدد"]
    assert [run.backwards for run in fonts.runs("عدد 17 (")] == [True, False, True, True]


def test_a_vietnamese_line_with_arabic_words_goes_on_from_the_left() -> None:
    assert [(run.text, run.backwards) for run in fonts.runs("Chào السلام عليكم bạn")] == [
        ("Chào ", False),
        ("السلام عليكم", True),
        (" bạn", False),
    ]


@given(st.text(st.sampled_from("aế 17.(،سلام বাংি\u200d।"), max_size=24))
def test_every_letter_of_a_line_is_in_exactly_one_run(text: str) -> None:
    assert sorted("".join(run.text for run in fonts.runs(text))) == sorted(text)


@given(st.text(st.sampled_from("ক্ষিতিস্ত্রীং \u200d"), min_size=1, max_size=60), st.integers(60, 300))
def test_no_line_begins_with_a_mark_that_belongs_to_the_letter_before(text: str, room: int) -> None:
    lines = raster.wrap("ক" + text, 29, False, room)
    assert not any(line and fonts.attached(line[0]) and not _starts_a_word(line, text) for line in lines)


def _starts_a_word(line: str, text: str) -> bool:
    return any(word.startswith(line[0]) for word in text.split())


@pytest.fixture
def without_shaping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.fonts.features.check", lambda name: False)


@pytest.mark.parametrize("text", [ARABIC, BENGALI, "a\u0331", "(السلام)"])
def test_without_the_shaping_engine_nothing_is_drawn_wrong(text: str, without_shaping: None) -> None:
    with pytest.raises(Malformed, match="libfribidi0"):
        raster.render(Slip((Text(text),)), 576)


def test_without_the_shaping_engine_vietnamese_and_signs_still_print(without_shaping: None) -> None:
    raster.render(ticket(), 576)
    raster.render(Slip((Text("✓ → Xong"),)), 576)


def test_without_the_shaping_engine_the_technician_sees_a_sick_printer(
    tmp_path: Path, without_shaping: None
) -> None:
    status = choose.slip_printer(PrinterConfig(), tmp_path).status()
    assert status.state is State.UNSUPPORTED
    assert "libfribidi0" in status.detail


def test_without_the_shaping_engine_a_real_printer_is_sick_too_and_yet_prints_what_it_can(
    tmp_path: Path, without_shaping: None
) -> None:
    with Sink() as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port)
        printer = choose.slip_printer(config, tmp_path)
        assert "libfribidi0" in printer.status().detail
        printer.print(Slip((Text("Mời bà con ngồi chờ"),)))
        with pytest.raises(Malformed):
            printer.print(Slip((Text(BENGALI),)))
        assert len(sink.printed()) == 1
        sink.cover_open = True
        assert printer.status().state is State.COVER_OPEN


def test_a_script_whose_face_is_missing_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(fonts, "FOLDERS", (tmp_path,))
    fonts._load.cache_clear()
    fonts._file.cache_clear()
    try:
        with pytest.raises(Malformed, match="fonts-noto-core"):
            fonts.drawn(fonts.Run("বাংলা", "NotoSansBengali"), 33, False)
    finally:
        fonts._load.cache_clear()
        fonts._file.cache_clear()
