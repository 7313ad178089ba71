"""Power cuts at every step of a dossier, and each time somebody takes the card: nothing of the person is on it.

Searched is the whole data folder (database, log, free pages, spool, simulated printer, copies, logs), what
the workers said, and their temporary folder; the office's own folder is the office's machine and is left out.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import socket
import threading
import time
import zlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3
from PIL import Image

from hub.base import scrub
from hub.packs import shelf
from hub.post import jobs, outbox
from hub.trades.lessons import reader
from tests import leaks
from tests.journeys.test_dossier_walk import _PHOTOS, Walk, photo
from tests.journeys.village import Village, until
from tests.journeys.visitor import Page, Visitor
from tests.leaks import Finder

CHILD, FATHER, NUMBER, PHONE = "Lý Thị H'Mẫu", "Pa Dí", "015155000000", "0912000000"
WROTE = "Chị Lý Thị H'Mẫu mang thêm giấy đến nhé."
LEARNER = "Vàng Thị Dấu Vết"
_ALL = ("web", "bench", "relay")


def _taken(seed: int) -> bytes:
    """A photograph with the place it was taken at written in, as telephones do."""
    exif = Image.Exif()
    exif[0x010F] = "Dien thoai Dau Vet"
    exif.get_ifd(0x8825)[29] = "22.3364N 103.8438E"
    out = io.BytesIO()
    with Image.open(io.BytesIO(photo(seed))) as opened:
        opened.save(out, "JPEG", quality="keep", exif=exif)
    return out.getvalue()


class Burglar:
    """Takes a copy of everything and looks."""

    def __init__(self, village: Village, opened: Path, photos: tuple[bytes, ...]) -> None:
        self.village = village
        # Copied with their times, so what was there before is known by them.
        self.known = leaks.stamps(opened)
        words = {
            "child": CHILD,
            "father": FATHER,
            "number": NUMBER,
            "phone": PHONE,
            "officer": WROTE,
            "learner": LEARNER,
            "place": "22.3364N 103.8438E",
            "maker": "Dien thoai Dau Vet",
        }
        chunks = {
            f"photo {number} at {at}": one[at : at + 40]
            for number, one in enumerate(photos)
            for at in (len(one) // 4, len(one) // 2, len(one) - 100)
        }
        self.finder = Finder(words, chunks)
        self.looks = 0

    def look(self, when: str, *, known_papers: bool = False) -> None:
        """Search everything as it lies there now."""
        found = self.finder.below(self.village.data, self.known, but="office")
        if known_papers:
            # What stands on a paper stands in the practice printer, which is nobody's real one.
            assert found, "the practice printer keeps the last papers"
            found = {name: marks for name, marks in found.items() if not name.startswith("simulated/")}
        assert not found, when
        assert not self.finder.below(self.village.temporary), when
        for log in self.village.folder.glob("*.log"):
            assert not self.finder.inside(log.read_bytes()), f"{when}: {log.name}"
        self.looks += 1


@pytest.fixture
def village(data: Path, tmp_path: Path) -> Iterator[Village]:
    """A House whose printer is the simulated one: what comes out of it lies in the data folder too."""
    with Village(data, tmp_path, printer="simulator") as made:
        yield made


def test_what_is_hidden_is_found_in_whatever_dress() -> None:
    finder = Finder({"child": CHILD, "number": NUMBER}, {"photo": bytes(range(100, 140))})
    for name, word in (("child", CHILD), ("number", NUMBER)):
        plain = word.encode()
        for dress in (
            plain,
            b64encode(b"ab" + plain + b"xyz"),
            b64encode(json.dumps({"ten": f"x{word}"}, ensure_ascii=False).encode()),
            json.dumps(word).encode(),
            plain.hex().encode(),
            word.encode("utf-16"),
            b"\x00\x01" + zlib.compress(b"something else, " + plain),
            b"..." + gzip.compress(plain * 3),
        ):
            assert finder.inside(b"..." + dress + b"..."), (name, dress)
    assert finder.inside(b"x" + b64encode(bytes(range(99, 150)))) == {"photo"}
    assert not finder.inside(hashlib.sha512(b"nothing").digest() * 400)


def _kill_all(village: Village) -> None:
    for name in _ALL:
        village.kill(name)


def _quiet(village: Village) -> bool:
    with village.database() as conn:
        return not jobs.waiting(conn)


@pytest.mark.timeout(400)
def test_after_a_power_cut_at_every_step_nothing_of_the_person_is_on_the_card(
    village: Village, opened: Path
) -> None:
    village.start("office", *_ALL)
    for name in _ALL:
        limits = Path(f"/proc/{village.pid(name)}/limits").read_text(encoding="ascii")
        (core,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert core.split()[4] in ("0", "1"), "a crash would write the memory to the card"
    walk = Walk(village)
    walk.photos = (_taken(1), _taken(2))
    burglar = Burglar(village, opened, walk.photos)
    burglar.look("before anything")
    for step in (walk.sign_in, walk.consent, *(_fill(walk, id) for id in ("nguoi_yeu_cau", "tre", "me"))):
        step()
        village.kill("web")
        burglar.look(f"after {step}")
        village.start("web")
    for id in ("cha", "cu_tru"):
        walk.fill(id)
    _cut_while_photos_come_in(walk, burglar)
    walk.attach()
    _kill_all(village)
    burglar.look("photos are attached")
    village.start(*_ALL)
    walk.fill("cam_ket")
    village.line.cut()
    deaths = _cut_while_sealing(walk, burglar)
    assert deaths >= 1
    with village.database() as conn:
        ((walk.instance_id, walk.code),) = conn.execute(
            "SELECT instance_id, follow_code FROM outbox"
        ).fetchall()
        assert conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0
    until(lambda: _scrubbed(village), 20, "the log was not emptied after the seal")
    burglar.look("sealed")
    until(lambda: _quiet(village), 20, "the receipt was not printed")
    village.line.restore()
    until(lambda: _sent(village, walk.instance_id), 40, village.log("relay")[-1500:])
    _kill_all(village)
    burglar.look("the office has it")
    village.start(*_ALL)
    _officer_names_her(walk)
    _kill_all(village)
    burglar.look("the officer's words are here")
    village.start(*_ALL)
    assert WROTE in walk.mother.get(f"/follow/{walk.code}").words, "who has the code reads them"
    done = village.command("nightly")
    assert done.returncode == 0, done.stderr
    assert list((village.data / "simulated").glob("**/*.png")), "the receipt lies here as a picture"
    burglar.look("after the night, with its copy")
    assert list((village.data / "backup").glob("house-*.db"))
    sealed = walk.guide.get(f"/guide/sealed/{walk.code}")
    assert sealed.form(action="/print_received").send().status == 200
    until(lambda: _quiet(village), 20)
    until(lambda: _scrubbed(village), 20)
    _kill_all(village)
    burglar.look("the officer's words are on paper", known_papers=True)
    assert burglar.looks >= 12


def _fill(walk: Walk, id: str) -> object:
    return lambda: walk.fill(id)


def _cut_while_photos_come_in(walk: Walk, burglar: Burglar) -> None:
    """Send the page of photographs in pieces, and kill the web process when half of it is there."""
    page = walk.guide.get(urlsplit(walk.page.url).path)
    form = page.form(has="version")
    fields = dict(form.fields) | {"go": "next"}
    for path, content in zip(_PHOTOS, walk.photos, strict=True):
        fields[path] = ("giay.jpg", content, "image/jpeg")  # type: ignore[assignment]
    body, kind = urllib3.encode_multipart_formdata(fields)
    where = urlsplit(form.action)
    head = (
        f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nCookie: {_cookie(walk.guide)}\r\n\r\n"
    )
    village = walk.village
    for share in (0.5, 0.999):
        with socket.create_connection((str(where.hostname), int(where.port or 80)), 5) as line:
            line.sendall(head.encode() + body[: int(len(body) * share)])
            # So long that the server has read what was sent.
            time.sleep(0.3)
            burglar.look(f"photos are coming in, {share}")
            village.kill("web")
        burglar.look(f"killed while photos came in, {share}")
        village.start("web")


def _cookie(visitor: Visitor) -> str:
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())


def _cut_while_sealing(walk: Walk, burglar: Burglar) -> int:
    """Press "seal", and kill the web process a little later each time, until one pressing was quick enough."""
    village = walk.village
    deaths = 0
    for number in range(9):
        page = walk.guide.get(urlsplit(walk.page.url).path)
        if page.status == 404:
            break
        pressed = threading.Thread(target=_press, args=(page,))
        pressed.start()
        time.sleep(0.02 * 2**number)
        village.kill("web")
        deaths += 1
        pressed.join(20)
        burglar.look(f"killed while sealing, {number}")
        village.start("web")
    return deaths


def _press(page: Page) -> None:
    # The process that was asked dies: what it answers, if anything, does not matter.
    with contextlib.suppress(urllib3.exceptions.HTTPError, OSError):
        page.form(action="/review").send()


def _scrubbed(village: Village) -> bool:
    with village.database() as conn:
        return not scrub.due(conn)


def _sent(village: Village, instance_id: str) -> bool:
    with village.database() as conn:
        return outbox.state(conn, instance_id).state is outbox.State.SENT


def _officer_names_her(walk: Walk) -> None:
    page = walk.officer.get("/")
    (where,) = page.tree.xpath("//a[contains(@href, '/dossiers/')]/@href")
    page = walk.officer.get(where).form(action="/review").send({"state": "hasIssues", "words": WROTE})
    assert page.status == 200
    until(lambda: WROTE in walk.mother.get(f"/follow/{walk.code}").words, 30, "the answer did not come back")


def test_a_learners_name_is_gone_as_soon_as_their_paper_is_out(house: Village, opened: Path) -> None:
    house.start("web")
    burglar = Burglar(house, opened, (photo(1),))
    learner = house.visitor()
    page = _pass_a_quiz(house, learner)
    answer = page.form(has="name").send({"name": LEARNER})
    assert answer.status == 200
    with pytest.raises(AssertionError):
        burglar.look("the paper waits for the printer, so its name has to be somewhere")
    house.start("bench", "relay")
    until(lambda: _quiet(house) and _scrubbed(house), 20, house.log("bench")[-800:])
    for name in _ALL:
        house.kill(name)
    burglar.look("the paper is out")
    assert len(house.papers()) >= 1


def _pass_a_quiz(house: Village, learner: Visitor) -> Page:
    track = reader.tracks(shelf.current(house.data / "packs"), "vi")[0]
    lesson = track.lessons[0]
    right = "".join(str(asked.answer) for asked in lesson.quiz)
    return learner.get(f"/lessons/{track.id}/{lesson.slug}/quiz/result?a={right}")
