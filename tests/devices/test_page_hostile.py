"""A large picture takes bounded memory, a hostile one is one clean error, and the budget is kept."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib

import pytest
import segno
from PIL import Image, PngImagePlugin

from devices import codes, darkroom, page, page_file
from devices.page import Finding
from tests.devices import pages_drawn as drawn

DPI = 120

_HELD = (
    "import sys\n"
    "from devices import darkroom_child\n"
    "code = darkroom_child.main()\n"
    "lines = open('/proc/self/status').read().splitlines()\n"
    "print(next(line.split()[1] for line in lines if line.startswith('VmHWM:')), file=sys.stderr)\n"
    "sys.exit(code)\n"
)
_MOST_KB = 150 * 1024


def in_a_child(content: bytes, dpi: int | None) -> tuple[int, int, bytes]:
    """Return how the child ended, its high-water mark in kilobytes, and what it said."""
    wish = json.dumps({"do": "page", "dpi": dpi, "colour": True, "budget": 400_000}).encode() + b"\n"
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", _HELD], input=wish + content, capture_output=True, timeout=60
    )
    return done.returncode, int(done.stderr.split()[-1]), done.stdout


def _large(kind: str) -> tuple[bytes, int | None]:
    if kind == "scan":
        laid = drawn.on_glass(drawn.paper("stamped", DPI), tilt=0.4, glass=drawn.A4).shown
        return drawn.pnm(laid.resize((2480, 3508))), 300
    laid = drawn.photographed(drawn.paper("stamped", DPI)).shown
    return drawn.jpeg(laid.resize((3024, 4032) if kind == "12 MP" else (6144, 8192))), None


@pytest.mark.parametrize("kind", ["scan", "12 MP", "50 MP"])
def test_a_large_picture_takes_less_than_150_megabytes(kind: str) -> None:
    content, dpi = _large(kind)
    code, peak_kb, said = in_a_child(content, dpi)
    assert code == 0 and json.loads(said.partition(b"\n")[0])["findings"] == []
    assert peak_kb < _MOST_KB


def _saved(shown: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    shown.save(out, kind, **how)  # type: ignore[arg-type]
    return out.getvalue()


def _text_bomb() -> bytes:
    words = PngImagePlugin.PngInfo()
    for at in range(80):
        words.add_text(f"k{at}", "x" * 1_000_000, zip=True)
    return _saved(Image.new("L", (400, 500), 250), "PNG", pnginfo=words)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _pixel_bomb() -> bytes:
    head = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(bytes(10_000_000)))


def _many_scans() -> bytes:
    # Every scan of a progressive picture costs a walk through all its dots; here the last comes again.
    whole = _saved(Image.effect_noise((3000, 3000), 2), "JPEG", progressive=True, quality=20)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * 3 + b"\xff\xd9"


def _moving() -> bytes:
    frames = [Image.new("RGB", (300, 400), (at * 9, 90, 90)) for at in range(20)]
    return _saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=50)


def _strips() -> bytes:
    return _saved(Image.new("L", (30_000, 20), 200), "PNG")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(_text_bomb(), id="text bomb"),
        pytest.param(_pixel_bomb(), id="pixel bomb"),
        pytest.param(_moving(), id="moving"),
        pytest.param(_strips(), id="strip"),
        pytest.param(b"P6\n4294967295 4294967295\n255\n" + bytes(900), id="endless pnm"),
        pytest.param(_saved(Image.effect_noise((900, 1200), 40), "JPEG")[:-4000], id="torn"),
        pytest.param(_saved(Image.effect_noise((900, 1200), 40), "TIFF")[:-4000], id="torn tiff"),
    ],
)
def test_a_hostile_picture_is_one_clean_error_in_little_memory(content: bytes) -> None:
    code, peak_kb, said = in_a_child(content, None)
    assert (code, said) == (darkroom.MALFORMED, b"") and peak_kb < _MOST_KB


def test_a_picture_of_many_scans_ends_in_bounded_memory_and_time() -> None:
    code, peak_kb, _ = in_a_child(_many_scans(), None)
    assert code in (0, darkroom.MALFORMED) and peak_kb < _MOST_KB + 100 * 1024


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_a_jpeg_in_other_colours_is_a_page(mode: str) -> None:
    shown = drawn.on_glass(drawn.paper("a5", 100)).shown.convert(mode)
    code, _, said = in_a_child(_saved(shown, "JPEG"), None)
    assert code == 0 and json.loads(said.partition(b"\n")[0])["findings"] == []


@pytest.mark.parametrize("budget", [20_000, 60_000, 400_000])
def test_what_is_over_the_budget_says_that_it_is_unreadable(budget: int) -> None:
    shown = drawn.noisy(5)(drawn.on_glass(drawn.paper("birth", 100)).shown)
    made = page.prepare(drawn.pnm(shown), dpi=100, colour=True, budget=budget)
    assert made.after_bytes == len(made.jpeg)
    assert (made.after_bytes > budget) is (Finding.UNREADABLE in made.findings)


def test_ten_pages_are_one_file_within_its_budget_with_every_picture_in_it() -> None:
    made = [
        page.prepare(drawn.pnm(drawn.paper(name, 120).shown), dpi=120, colour=True, budget=150_000)
        for name in ("a5", "one_line")
    ] * 5
    whole = sum(one.after_bytes for one in made)
    assert b"/Count 10 " in page_file.as_pdf(made, whole + 20_000)
    tight = page_file.as_pdf(made, whole * 5 // 6)
    assert len(tight) <= whole * 5 // 6 and tight.count(b"/DCTDecode") == 10


def test_a_code_on_a_page_still_reads_after_the_page_was_made_ready() -> None:
    text = "001199000000||Nguyễn Thị Mẫu|02091999|Nữ|Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu|01072025"
    paper = drawn.paper("a5", 200)
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=6, border=4)
    with Image.open(out) as code:
        side = round(20 / 25.4 * 200)
        square = code.convert("RGB").resize((side, side), Image.Resampling.BOX)
    shown = paper.shown.copy()
    shown.paste(square, (shown.width - side - 60, shown.height - side - 60))
    laid = drawn.noisy(4)(drawn.on_glass(drawn.Paper(shown, paper.ink, 200), tilt=4).shown)
    made = page.prepare(drawn.pnm(laid), dpi=200, colour=True, budget=400_000)
    assert [one.text for one in codes.find(made.jpeg)] == [text]
