"""Pages for a question: scanned, photographed, looked at while the paper is in hand, put into the draft."""

from __future__ import annotations

import dataclasses
import io
import re
import sqlite3
import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from devices import darkroom
from devices.desk_ports import ScanSource
from devices.ports import NoDocument
from hub.base.house import House
from hub.base.settings import Settings
from hub.desks import shell
from hub.post import captures, capturing, choices
from hub.post.capture_model import CaptureId, Kind, Reason, State
from hub.trades.dossiers import attachments
from hub.wiring import build
from hub.workers.bench_scanning import Scanning
from hub.workers.bench_slot import Slot
from tests.desks.guide.hand import Draft, Guide, said, where
from tests.fakes import FakeClock
from tests.workers.scanners import PlayedScanner, letter, pnm

QUESTION = "/data/giay_to/anh_chung_sinh"


class Papers:
    """The sheaf of one question as a guide's browser shows it, and the scanner beside the desk."""

    def __init__(self, draft: Draft, house: House) -> None:
        self.draft, self.guide, self.house = draft, draft.guide, house
        self.scanner = PlayedScanner(pnm(letter("a")), pnm(letter("b", lines=9)), pnm(letter(lines=0)))
        answer = draft.press("giay_to", {"chung_sinh": "giay"}, sheaf=QUESTION)
        assert answer.status_code == 303, answer.text
        self.address = where(answer)
        self.id = CaptureId(self.address.rsplit("/", 1)[1])

    def open(self) -> TestResponse:
        answer = self.guide.get(self.address)
        assert answer.status_code == 200, answer.text
        return answer

    def press(self, what: str, typed: dict[str, str] | None = None, *, follow: bool = True) -> TestResponse:
        return self.guide.post(f"{self.address}/{what}", typed, follow=follow)

    def photograph(self, *photos: bytes, **typed: str) -> TestResponse:
        data: dict[str, object] = {"csrf_token": self.guide.token, **typed}
        if photos:
            data["photo"] = [FileStorage(io.BytesIO(one), "giay.jpg", "photo") for one in photos]
        boundary, body = encode_multipart(data)
        kind = f'multipart/form-data; boundary="{boundary}"'
        return self.guide.client.post(
            f"{self.address}/photo", data=body, follow_redirects=True, content_type=kind
        )

    def work(self) -> None:
        """Let the bench's own thread take in what waits."""
        stop = threading.Event()
        slot = Slot("scanner", "simulator", lambda: self.scanner, hang_s=60)
        thread = Scanning(self.house, slot, stop)
        conn = self.house.connect()
        while capturing.wanted(conn, (Kind.SCAN,), self.house.clock.read()) is not None:
            thread.turn(conn)
        conn.close()

    def ids(self) -> list[str]:
        return re.findall(r'id="sheet-([0-9a-f]+)"', self.open().text)


@pytest.fixture
def papers(guide: Guide, house: House) -> Papers:
    return Papers(guide.begin(), house)


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    conn = house.connect()
    yield conn
    conn.close()


def _files(conn: sqlite3.Connection, papers: Papers) -> list[tuple[str, int]]:
    return [(one.media_type, one.size) for one in attachments.files(conn, papers.draft.id)]


def _photo(words: str = "", *, lines: int = 18) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "May anh Dau Vet"
    letter(words, dpi=150, lines=lines).save(out, "JPEG", exif=exif, quality=92)
    return out.getvalue()


def test_a_page_saves_itself_before_papers_are_taken_in(papers: Papers) -> None:
    drawn = papers.draft.drawn("giay_to")
    assert drawn["/data/giay_to/chung_sinh"] == ["giay"]
    page = said(papers.open())
    assert "Chưa có trang nào" in page and "Trên mặt kính" in page and "Chụp tờ giấy" in page


def test_the_same_question_leads_to_the_same_sheaf(papers: Papers) -> None:
    assert where(papers.draft.press("giay_to", sheaf=QUESTION)) == papers.address


def test_a_question_that_is_no_paper_has_no_sheaf(papers: Papers) -> None:
    answer = papers.draft.press("giay_to", sheaf="/data/giay_to/chung_sinh", follow=True)
    assert "Câu hỏi này không nhận ảnh hay tệp" in said(answer)


def test_scanned_pages_become_one_file_in_the_draft(papers: Papers, conn: sqlite3.Connection) -> None:
    page = papers.press("start", {"source": ScanSource.FEEDER})
    assert "Chờ máy quét" in said(page) and 'http-equiv="refresh"' in page.text
    assert "Bỏ hết" not in said(page), "while the scanner works there is one thing to do"
    papers.work()
    page = papers.open()
    assert 'http-equiv="refresh"' not in page.text
    assert "Trang 3" in said(page) and "Trang trắng" in said(page) and "Dùng 3 trang này" in said(page)
    assert "64 kbit/s" in said(page) and "một tệp PDF có 3 trang" in said(page)
    papers.press(f"page/{papers.ids()[2]}", {"do": "remove"})
    answer = papers.press("use")
    assert "Đã lưu 2 trang vào hồ sơ" in said(answer)
    ((kind, size),) = _files(conn, papers)
    assert kind == "application/pdf" and size > 5_000
    assert conn.execute("SELECT count(*) FROM captures").fetchone()[0] == 0
    assert where(papers.guide.get(papers.address)) == papers.draft.address


def test_one_page_for_a_picture_becomes_a_picture(papers: Papers, conn: sqlite3.Connection) -> None:
    papers.press("start", {"source": ScanSource.FLATBED, "grey": "1"})
    papers.work()
    assert papers.scanner.wishes[0].colour is False
    assert "thành một tấm ảnh" in said(papers.open())
    papers.press("use")
    ((kind, _),) = _files(conn, papers)
    assert kind == "image/jpeg"


def test_a_photo_goes_the_way_of_a_scan_and_loses_what_the_camera_wrote(
    papers: Papers, conn: sqlite3.Connection
) -> None:
    raw = _photo("To khai")
    assert b"Dau Vet" in raw
    page = papers.photograph(raw, _photo(lines=0))
    assert "Trang 2" in said(page) and "Trang trắng" in said(page)
    first, second = papers.ids()
    shown = papers.guide.get(f"{papers.address}/{first}.jpg")
    assert shown.mimetype == "image/jpeg" and shown.headers["Cache-Control"] == "no-store"
    assert b"Dau Vet" not in shown.data
    with Image.open(io.BytesIO(shown.data)) as opened:
        opened.load()
    page = papers.photograph(_photo("Ban khac"), replaces=second, grey="1")
    assert papers.ids()[0] == first and papers.ids()[1] != second and len(papers.ids()) == 2
    assert "Trang trắng" not in said(page)
    papers.press("use")
    assert [kind for kind, _ in _files(conn, papers)] == ["application/pdf"]


def test_what_is_no_photo_is_told_and_the_pages_stay(papers: Papers) -> None:
    papers.photograph(_photo())
    for content, words in (
        (b"chu", "không phải"),
        (_photo()[:4000], ""),
        (b"%PDF-1.4\nstartxref\n9\n%%EOF", ""),
    ):
        page = papers.photograph(content)
        assert "Chưa lấy được ảnh nào" in said(page)
        assert len(papers.ids()) == 1
        assert words in said(page)
    assert "Chưa lấy được ảnh nào" in said(papers.photograph())


def test_a_poor_page_is_scanned_again_in_its_place_while_the_paper_is_in_hand(papers: Papers) -> None:
    papers.press("start", {"source": ScanSource.FEEDER})
    papers.work()
    before = papers.ids()
    papers.scanner.pages = (pnm(letter("better")),)
    papers.press(f"page/{before[2]}", {"do": "again"})
    papers.work()
    after = papers.ids()
    assert after[:2] == before[:2] and after[2] != before[2] and len(after) == 3
    assert papers.scanner.wishes[-1].most_pages == 1
    assert "Trang trắng" not in said(papers.open())


def test_pages_are_put_in_order(papers: Papers) -> None:
    papers.press("start", {"source": ScanSource.FEEDER})
    papers.work()
    one, two, three = papers.ids()
    papers.press(f"page/{three}", {"do": "up"})
    papers.press(f"page/{one}", {"do": "down"})
    assert papers.ids() == [three, one, two]
    assert papers.press(f"page/{one}", {"do": "sideways"}).status_code == 400
    assert "không còn nữa" in said(papers.press("page/0000000000000000", {"do": "up"}))


def test_what_the_scanner_could_not_do_is_said_with_what_to_do(papers: Papers) -> None:
    papers.scanner.fails = NoDocument("empty")
    papers.scanner.pages = ()
    papers.press("start", {"source": ScanSource.FEEDER})
    papers.work()
    page = said(papers.open())
    assert "Khay nạp không có giấy" in page and "Chưa có trang nào" in page


def test_a_guide_stops_the_scanner(papers: Papers, conn: sqlite3.Connection) -> None:
    papers.press("start")
    assert "Đã dừng quét" in said(papers.press("cancel"))
    assert capturing.wanted(conn, (Kind.SCAN,), papers.house.clock.read()) is None


def test_two_guides_see_that_one_stands_before_the_other(papers: Papers, house: House) -> None:
    papers.press("start")
    other = Papers(papers.guide.begin(), house)
    assert "Trước anh chị còn 1 người" in said(other.press("start"))
    assert "Trước anh chị" not in said(papers.open())


def test_how_far_the_scanner_is_stands_on_the_page_and_an_unchanged_page_is_not_sent_again(
    papers: Papers, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    papers.press("start")
    tag = papers.open().headers["ETag"]
    assert papers.guide.client.get(papers.address, headers={"If-None-Match": tag}).status_code == 304
    capturing.taken(conn, papers.id, moment=clock.read())
    capturing.progress(conn, papers.id, 2, 0.4)
    again = papers.guide.client.get(papers.address, headers={"If-None-Match": tag})
    assert again.status_code == 200 and 'value="40"' in again.text and "Đang quét trang 2" in said(again)


def test_while_the_scanner_works_nothing_can_be_used_or_asked_twice(
    papers: Papers, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    papers.photograph(_photo())
    papers.press("start")
    assert "Máy còn đang quét" in said(papers.press("use"))
    assert "Máy còn đang quét" in said(papers.press("start"))
    assert _files(conn, papers) == []
    capturing.taken(conn, papers.id, moment=clock.read())
    capturing.failed(conn, papers.id, Reason.INTERRUPTED, moment=clock.read())
    assert "bị ngắt giữa chừng" in said(papers.open())
    assert len(papers.ids()) == 1


def test_what_waits_too_long_says_so(papers: Papers, conn: sqlite3.Connection, clock: FakeClock) -> None:
    papers.press("start")
    clock.advance(700)
    capturing.sweep(conn, clock.read())
    assert "Chờ lâu quá" in said(papers.open())
    assert captures.get(conn, papers.id).state is State.STALE


def test_pages_that_are_thrown_away_are_gone(papers: Papers, conn: sqlite3.Connection) -> None:
    papers.photograph(_photo())
    answer = papers.press("drop")
    assert "Không giữ lại trang nào" in said(answer)
    assert conn.execute("SELECT count(*) FROM capture_pages").fetchone()[0] == 0


def test_using_nothing_is_told(papers: Papers) -> None:
    assert "Chưa có trang nào" in said(papers.press("use"))


def test_pages_belong_to_their_draft_alone(papers: Papers, guide: Guide) -> None:
    papers.photograph(_photo())
    other = guide.begin()
    foreign = f"{other.address}/scan/{papers.id}"
    assert where(guide.get(foreign)) == other.address
    assert guide.get(f"{foreign}/{papers.ids()[0]}.jpg").status_code == 404
    for what in ("start", "cancel", "use", "drop", f"page/{papers.ids()[0]}"):
        assert guide.post(f"{foreign}/{what}", {"do": "remove"}).status_code == 404
    assert len(papers.ids()) == 1


def test_with_the_draft_its_pages_are_erased(papers: Papers, conn: sqlite3.Connection) -> None:
    papers.photograph(_photo())
    answer = papers.guide.post(f"{papers.draft.address}/erase", {"sure": "1"})
    assert answer.status_code == 200, answer.text
    assert conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0
    assert conn.execute("SELECT count(*) FROM capture_pages").fetchone()[0] == 0


def test_nobody_sees_a_page_without_signing_in(papers: Papers, app: Flask) -> None:
    papers.photograph(_photo())
    stranger = app.test_client()
    for address in (papers.address, f"{papers.address}/{papers.ids()[0]}.jpg"):
        assert "/sign-in" in stranger.get(address).headers["Location"]


def test_a_press_without_its_token_is_refused(papers: Papers) -> None:
    for what in ("start", "cancel", "use", "drop", "photo"):
        assert papers.guide.client.post(f"{papers.address}/{what}", data={}).status_code == 400


def test_a_house_without_a_scanner_offers_the_camera_alone(house: House, signed: tuple[object, str]) -> None:
    settings = Settings(scanner=dataclasses.replace(Settings().scanner, kind="none"))
    bare = dataclasses.replace(build.build(settings, house.data), clock=house.clock)
    app = build.web(bare)
    app.testing = True
    papers = Papers(Guide(app, cookie=signed[1]).begin(), bare)
    page = papers.open()
    assert "Bằng máy quét" not in said(page) and "Bằng máy ảnh" in said(page)
    assert papers.press("start").status_code == 404
    shell.close_shell(app)


def test_a_scanner_that_a_technician_chose_is_offered_whatever_the_file_says(
    papers: Papers, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    choices.choose(
        conn,
        papers.house.settings,
        "scanner",
        {"kind": "none"},
        label="-",
        staff_name="Kỹ thuật viên Mẫu",
        moment=clock.read(),
    )
    assert "Bằng máy quét" not in said(papers.open())
    assert papers.press("start").status_code == 404
    choices.choose(
        conn,
        papers.house.settings,
        "scanner",
        {"kind": "sane"},
        label="-",
        staff_name="Kỹ thuật viên Mẫu",
        moment=clock.read(),
    )
    assert "Bằng máy quét" in said(papers.open())


def test_a_page_that_came_while_the_others_were_bound_is_not_lost(
    papers: Papers, conn: sqlite3.Connection, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers.photograph(_photo(), _photo(lines=9))
    bind = darkroom.bind
    late: list[str] = []

    def slow(*args: object, **values: object) -> bytes:
        done = bind(*args, **values)  # type: ignore[arg-type]
        facts = captures.pages(conn, papers.id)[0].facts
        late.append(capturing.photo(conn, papers.id, facts, b"jpeg", moment=clock.read()))
        return done

    monkeypatch.setattr(darkroom, "bind", slow)
    assert "Đã lưu 2 trang" in said(papers.press("use"))
    assert papers.ids() == late and len(late) == 1


def test_sizes_and_travel_are_told_for_the_line_of_the_settings(
    papers: Papers, conn: sqlite3.Connection, clock: FakeClock
) -> None:
    papers.photograph(_photo())
    conn.execute("UPDATE capture_pages SET before_bytes = 11600000, after_bytes = 210000")
    page = said(papers.open())
    assert "trước 11,6 MB, sau khi thu gọn 210 KB" in page and "khoảng 27 giây" in page
    conn.execute("UPDATE capture_pages SET after_bytes = 2400000")
    assert "khoảng 5 phút" in said(papers.open())
