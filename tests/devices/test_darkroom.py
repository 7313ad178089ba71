"""The process that works on one picture: by pipes alone, bounded, and silent about what it saw."""

from __future__ import annotations

import io
import subprocess
import sys
import time

import pytest
import segno
from PIL import Image

from devices import darkroom
from devices.ports import DeviceError, Malformed
from tests.workers.scanners import letter, pnm

_CARD = "001199000000||Nguyễn Thị Mẫu|02091999|Nữ|Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu|01072025"


def _with_codes(*texts: str) -> bytes:
    page = letter(dpi=150, lines=0)
    for at, text in enumerate(texts):
        out = io.BytesIO()
        segno.make(text, error="m", micro=False).save(out, kind="png", scale=4, border=4)
        page.paste(Image.open(out).convert("RGB"), (100, 150 + at * 500))
    return pnm(page)


def test_a_page_comes_back_small_with_its_size_and_findings() -> None:
    raw = pnm(letter("To khai", dpi=150))
    made = darkroom.page(raw, dpi=150, colour=True, budget=200_000)
    assert made.jpeg.startswith(b"\xff\xd8") and len(made.jpeg) <= 200_000 < made.before_bytes == len(raw)
    with Image.open(io.BytesIO(made.jpeg)) as opened:
        assert opened.size == (made.width, made.height) and opened.mode == "RGB"
    blank = darkroom.page(pnm(letter(lines=0)), dpi=100, colour=False, budget=200_000)
    assert "blank" in blank.findings
    with Image.open(io.BytesIO(blank.jpeg)) as opened:
        assert opened.mode == "L"


def test_the_code_of_a_card_is_told_before_any_other() -> None:
    assert darkroom.codes(_with_codes("https://example.org/a", _CARD))[0] == _CARD
    assert darkroom.codes(pnm(letter())) == ()


def test_pages_are_bound_to_one_file_that_holds_their_pictures() -> None:
    pages = [darkroom.page(pnm(letter(word)), dpi=100, colour=True, budget=100_000) for word in "ab"]
    pdf = darkroom.bind(pages, 1_000_000)
    assert pdf.startswith(b"%PDF-") and all(one.jpeg in pdf for one in pages)
    with pytest.raises(darkroom.TooBig):
        darkroom.bind(pages, 10_000)


def test_a_telephones_photo_with_a_second_picture_behind_it_is_a_page_too() -> None:
    first, second = letter(dpi=100), Image.new("L", (200, 280))
    out = io.BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[second])
    made = darkroom.page(out.getvalue(), dpi=None, colour=True, budget=200_000)
    assert b"MPF" not in made.jpeg and min(made.width, made.height) > 300
    assert darkroom.codes(out.getvalue()) == ()


@pytest.mark.parametrize("junk", [b"", b"no picture", b"\xff\xd8\xff\xe0" + bytes(50), b"P6 9 9 255\n"])
def test_what_is_no_picture_is_refused_without_a_word_of_it(junk: bytes) -> None:
    with pytest.raises(Malformed) as told:
        darkroom.page(junk, dpi=None, colour=True, budget=100_000)
    assert told.value.detail == "no picture that can be read"


def test_who_wants_it_no_more_is_heard_and_the_child_is_gone() -> None:
    began = time.monotonic()
    with pytest.raises(darkroom.Stopped):
        darkroom.page(pnm(letter(dpi=300)), dpi=300, colour=True, budget=100_000, stopped=lambda: True)
    assert time.monotonic() - began < 1.5


def test_a_large_page_reaches_a_child_that_is_slow_to_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = (
        "import time, runpy; time.sleep(0.7); runpy.run_module('devices.darkroom_child', run_name='__main__')"
    )
    monkeypatch.setattr(darkroom, "_CHILD", (sys.executable, "-B", "-c", slow))
    large = pnm(Image.new("RGB", (3000, 2000), "white"))
    assert darkroom.page(large, dpi=300, colour=False, budget=100_000).before_bytes == len(large)


def test_what_takes_too_long_is_ended() -> None:
    with pytest.raises(DeviceError, match="too long"):
        darkroom.page(pnm(letter(dpi=300)), dpi=300, colour=True, budget=100_000, timeout_s=0.05)


def test_the_child_can_write_no_file_and_leaves_no_image_of_itself() -> None:
    # Its own beginning, then an attempt to write: the system itself refuses.
    program = (
        "import io, sys, resource\n"
        "from devices import darkroom_child\n"
        'class Words: buffer = io.BytesIO(b\'{"do": "codes"}\\nno picture\')\n'
        "sys.stdin = Words()\n"
        "assert darkroom_child.main() == 3\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE)[0] <= 1\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "import tempfile\n"
        "try:\n"
        "    with tempfile.TemporaryFile(dir='/dev/shm') as held: held.write(b'x' * 9); held.flush()\n"
        "except OSError as bad: print('refused', bad.errno)\n"
    )
    done = subprocess.run([sys.executable, "-B", "-c", program], capture_output=True, text=True, timeout=30)
    assert done.stdout == "refused 27\n", done.stderr


def test_the_parent_loads_nothing_that_reads_pictures() -> None:
    program = "import sys, devices.darkroom; print([m for m in sys.modules if m.split('.')[0] in %r])"
    names = ("PIL", "zxingcpp", "reportlab")
    done = subprocess.run(
        [sys.executable, "-B", "-c", program % (names,)], capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "[]\n", done.stderr


def test_a_fault_of_the_child_is_told_by_its_kind_alone() -> None:
    with pytest.raises(DeviceError) as told:
        darkroom.page(pnm(letter("Bi Mat")), dpi=100, colour=True, budget=1)
    assert "ValueError" in told.value.detail and "Mat" not in told.value.detail
