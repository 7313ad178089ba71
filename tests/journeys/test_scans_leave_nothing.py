"""Scans, photographs and cards, with a power cut at random moments: nothing of a page is ever on the card.

Searched is the whole data folder (database, log, free pages, copies), what the processes said, their
temporary folder, and whatever appeared in the machine's own places for what is passing.
"""

from __future__ import annotations

import contextlib
import io
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3
from PIL import Image

from devices import darkroom
from devices.desk_ports import ScanSource, ScanWish
from hub.base import crypto, scrub
from hub.base.clock import SystemClock
from hub.base.settings import Settings
from hub.post import captures
from hub.post.capture_model import Kind, State
from tests import leaks
from tests.journeys import scan_bench
from tests.journeys.test_dossier_walk import Walk
from tests.journeys.village import Village, until
from tests.journeys.visitor import Page
from tests.leaks import Finder

QUESTION = "/data/giay_to/anh_chung_sinh"
_BUDGET = Settings().dossiers.page_bytes
_ROUNDS = 5
_PASSING = (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path("/var/spool/cups"))
_MOST = 64 * 1024 * 1024


def _photo() -> bytes:
    """The first marked page as a camera would hand it over, place and maker written beside it."""
    exif = Image.Exif()
    exif[0x010F] = "May Anh Dau Vet Quet"
    out = io.BytesIO()
    with Image.open(io.BytesIO(scan_bench.marked(1))) as opened:
        opened.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


PHOTO = _photo()


def _chunks(name: str, whole: bytes) -> dict[str, bytes]:
    # Forty bytes that stand nowhere else: of an even ground a picture's bytes are all alike.
    found = {}
    for part in (1, 2):
        at = len(whole) * part // 3
        while at < len(whole) - 40 and len(set(whole[at : at + 40])) < 28:
            at += 7
        if len(set(whole[at : at + 40])) >= 28:
            found[f"{name} at {at}"] = whole[at : at + 40]
    assert len(found) == 2, name
    return found


def _pattern(raw: bytes) -> dict[str, bytes]:
    # Forty bytes out of the square that no other picture has, as the scanner tells them.
    noise = random.Random(1).randbytes(160 * 160 * 3)
    found = {f"dots {row}": noise[row * 480 + 90 : row * 480 + 130] for row in (3, 155)}
    assert all(one in raw for one in found.values()), "the pattern is not on the page"
    return found


class Burglar:
    """Takes a copy of everything and looks."""

    def __init__(self, village: Village, opened: Path) -> None:
        self.village = village
        self.known = leaks.stamps(opened)
        self.before = {one for folder in _PASSING for one in _plain_files(folder)}
        raw = scan_bench.marked(1)
        self.page = darkroom.page(raw, dpi=scan_bench.DPI, colour=True, budget=_BUDGET).jpeg
        self.photo = darkroom.page(PHOTO, dpi=None, colour=True, budget=_BUDGET).jpeg
        words = {
            "words": scan_bench.WORDS,
            "card": scan_bench.CARD[:40],
            "code": scan_bench.CODE,
            "maker": "May Anh Dau Vet Quet",
        }
        chunks = _pattern(raw) | _chunks("page", self.page) | _chunks("photo page", self.photo)
        self.finder = Finder(words, chunks | _chunks("photo", PHOTO))
        self.looks = 0

    def look(self, when: str) -> None:
        """Search everything as it lies there now."""
        assert not self.finder.below(self.village.data, self.known, but="office"), when
        assert not self.finder.below(self.village.temporary), when
        for log in self.village.folder.glob("*.log"):
            assert not self.finder.inside(log.read_bytes()), f"{when}: {log.name}"
        for folder in _PASSING:
            for path in _plain_files(folder):
                if path not in self.before:
                    assert not self.finder.inside(_read(path)), f"{when}: {path}"
        self.looks += 1


def _plain_files(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                if path.is_file() and not path.is_symlink() and path.stat().st_size <= _MOST:
                    yield path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.fixture
def village(data: Path, tmp_path: Path) -> Iterator[Village]:
    """A House whose bench has a scanner with marked pages in it."""
    with Village(data, tmp_path, printer="simulator") as made:
        made.modules["bench"] = "tests.journeys.scan_bench"
        yield made


class Desk:
    """The guide at the page of one question's papers."""

    def __init__(self, village: Village) -> None:
        walk = Walk(village)
        walk.sign_in()
        walk.consent()
        self.guide = walk.guide
        self.village = village
        self.question = urlsplit(walk.page.url).path.replace("nguoi_yeu_cau", "giay_to")
        page = self.guide.get(self.question).form(has="version")
        # Choosing "on paper" brings the question for its picture.
        again = page.send({"/data/giay_to/chung_sinh": "giay"}, press="go=next")
        sheaf = again.form(has="version").send(press=f"sheaf={QUESTION}")
        self.address = urlsplit(sheaf.url).path
        assert "/scan/" in self.address, sheaf.words[:400]
        self.id = self.address.rsplit("/", 1)[1]

    def open(self) -> Page:
        page = self.guide.get(self.address)
        assert page.status == 200, page.words[:300]
        return page

    def scan(self) -> None:
        self.open().form(action="/start").send({"source": "feeder"})

    def state(self) -> State:
        with self.village.database() as conn:
            return captures.get(conn, self.id).state

    def pages(self) -> int:
        with self.village.database() as conn:
            return len(captures.pages(conn, self.id))

    def pictures(self) -> list[bytes]:
        found = self.open().tree.xpath("//ol[@class='sheaf']//img/@src")
        return [self.guide.get(one).body for one in found]

    def empty(self) -> None:
        for _ in range(60):
            forms = [one for one in self.open().forms() if "/page/" in one.action]
            if not forms:
                return
            with self.village.database() as conn:
                first, *_ = captures.pages(conn, self.id)
            form = next(
                one for one in forms if one.action.endswith(first.id) and ("do", "remove") in one.fields
            )
            form.send()
        raise AssertionError("the sheaf does not get empty")


def test_the_burglar_would_find_a_page_in_the_clear(village: Village, opened: Path, tmp_path: Path) -> None:
    burglar = Burglar(village, opened)
    burglar.look("before anything")
    for name, content in (
        ("raw.pnm", scan_bench.marked(1)),
        ("page.jpg", burglar.page),
        ("photo.jpg", PHOTO),
        ("code.txt", scan_bench.CARD.encode()),
    ):
        path = village.data / name
        path.write_bytes(content)
        with pytest.raises(AssertionError, match=name):
            burglar.look("a page lies there")
        path.unlink()


@pytest.mark.timeout(110)
def test_whoever_dies_in_mid_scan_no_page_is_ever_on_the_card(village: Village, opened: Path) -> None:
    village.start("web", "bench", "relay")
    burglar = Burglar(village, opened)
    desk = Desk(village)
    chance = random.Random(4)
    kept = interrupted = 0
    for number in range(_ROUNDS):
        desk.scan()
        victims = (("bench",), ("bench", "web"), ("web",))[number % 3]
        if number:
            # From here the scanner alone needs a second more for its pages.
            until(lambda: desk.state() is State.TAKEN, 20, village.log("bench")[-1500:])
        time.sleep(chance.uniform(0.0, 0.9))
        for name in victims:
            village.kill(name)
        burglar.look(f"{victims} died, {number}")
        before = desk.pages()
        village.start(*victims)
        until(lambda: desk.state().over, 30, village.log("bench")[-1500:])
        assert desk.pages() >= before, "what was delivered stays"
        kept += desk.pages()
        if desk.state() is State.FAILED:
            interrupted += 1
            assert "bị ngắt giữa chừng" in desk.open().words
        desk.empty()
    assert interrupted >= 3, "the bench was killed too late each time"
    assert kept >= 1
    desk.scan()
    until(lambda: desk.state() is State.DONE, 40, village.log("bench")[-1500:])
    pictures = desk.pictures()
    assert len(pictures) == scan_bench.PAGES and pictures[0] == burglar.page, "it looked for other bytes"
    burglar.look("all pages are there, sealed")
    done = desk.open().form(action="/use").send()
    assert "Đã lưu 3 trang" in done.words
    _scrubbed(village)
    burglar.look("the pages are in the draft")
    nightly = village.command("nightly")
    assert nightly.returncode == 0, nightly.stderr
    for name in ("web", "bench", "relay"):
        village.kill(name)
    burglar.look("after the night, with its copy, and a last power cut")


@pytest.mark.timeout(110)
def test_whoever_dies_while_a_photo_comes_in_it_is_never_on_the_card(village: Village, opened: Path) -> None:
    village.start("web", "relay")
    burglar = Burglar(village, opened)
    desk = Desk(village)
    for pause in (0.05, 0.3, 0.8):
        form = desk.open().form(action="/photo")
        pressed = threading.Thread(target=_press, args=(form,))
        pressed.start()
        time.sleep(pause)
        village.kill("web")
        pressed.join(20)
        burglar.look(f"the web died {pause} s after the photo was sent")
        village.start("web")
        desk.empty()
    desk.open().form(action="/photo").send(files={"photo": ("giay.jpg", PHOTO, "image/jpeg")})
    assert desk.pictures() == [burglar.photo], "it looked for other bytes"
    burglar.look("the photo is there, sealed")
    desk.open().form(action="/drop").send()
    _scrubbed(village)
    burglar.look("it was thrown away")


def _press(form: object) -> None:
    # The process that was asked dies: what it answers, if anything, does not matter.
    with contextlib.suppress(urllib3.exceptions.HTTPError, OSError):
        form.send(files={"photo": ("giay.jpg", PHOTO, "image/jpeg")})  # type: ignore[attr-defined]


@pytest.mark.timeout(110)
def test_a_card_on_the_glass_leaves_neither_picture_nor_text(village: Village, opened: Path) -> None:
    village.start("bench", "relay")
    burglar = Burglar(village, opened)
    key, clock = crypto.new_key(), SystemClock(None, trust="always")
    wish = ScanWish(ScanSource.FLATBED, 100)
    for pause in (0.45, 0.8, None):
        with village.database() as conn:
            asked = captures.ask(conn, Kind.CARD, key=key, staff=1, moment=clock.read(), wish=wish)
            if pause is None:
                until(lambda: captures.get(conn, asked).state.over, 30, village.log("bench")[-1500:])
                told = captures.answer(conn, asked, key=key)
                assert told is not None and told.decode() == scan_bench.CARD
                assert captures.pages(conn, asked) == ()
            else:
                time.sleep(pause)
                village.kill("bench")
        burglar.look(f"a card was scanned, {pause}")
        if pause is not None:
            village.start("bench")
    with village.database() as conn:
        captures.drop(conn, asked)
    _scrubbed(village)
    village.kill("bench")
    burglar.look("the card was used")


def _scrubbed(village: Village) -> None:
    def look() -> bool:
        with village.database() as conn:
            return not scrub.due(conn)

    until(look, 20, "the log was not emptied")
