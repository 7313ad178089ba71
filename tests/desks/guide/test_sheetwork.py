"""The A4 printer at the guide's desk: sealed and queued in one press, live, taken back, asked about."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from flask import Flask

from hub.base import boxes
from hub.base.house import House
from hub.post import sheet_jobs, sheet_printing
from hub.post.sheet_jobs import State
from hub.trades.dossiers import ledger
from hub.trades.dossiers.model import What
from tests.desks.guide.hand import BIRTH, Guide, where
from tests.desks.visitor import Visitor
from tests.sheets import reading

PRIVATE, PUBLIC = boxes.pair()
MARK = "0123456789abcdef"


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    with closing(house.connect()) as conn:
        yield conn


@pytest.fixture
def ready(house: House, conn: sqlite3.Connection) -> None:
    """A bench of this boot takes sheets."""
    sheet_printing.offer(conn, PUBLIC, moment=house.clock.read())


def _printed(conn: sqlite3.Connection) -> str:
    (work,) = sheet_printing.under_way(conn)
    sealed = sheet_printing.box(conn, work.id)
    assert sealed is not None
    box, context = sealed
    return reading.text(boxes.open(PRIVATE, box, context))


def _take(conn: sqlite3.Connection, house: House) -> int:
    """Take the queued sheet as a bench does."""
    (work,) = sheet_printing.under_way(conn)
    sheet_printing.handing(conn, work.id)
    sheet_printing.handed(conn, work.id, "1:x", moment=house.clock.read())
    return work.id


@pytest.mark.usefixtures("ready")
def test_a_draft_is_printed_sealed_once_for_two_presses_and_its_log_says_so(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    draft = guide.begin()
    draft.press("me", BIRTH["me"])
    assert f'action="{draft.address}/print"' in guide.get(f"{draft.address}/review").text
    for _ in range(2):
        answer = guide.post(
            f"{draft.address}/print", {"what": "sheet", "copies": "2", "mark": MARK}, follow=False
        )
        assert answer.status_code == 303
    (job,) = sheet_jobs.latest(conn)
    assert where(answer) == f"/guide/sheets/{job.id}"
    assert (job.kind, job.copies, job.state) == (sheet_jobs.Kind.FORM, 2, State.QUEUED)
    assert "Nguyễn Thị Mẫu" in _printed(conn)
    page = guide.get(f"/guide/sheets/{job.id}").text
    assert "Chờ in" in page and "Nguyễn" not in page and f'href="{draft.address}/review"' in page
    told = ledger.events(conn, draft.id, (What.SHEET,))
    assert [event.detail for event in told] == ["sheet"]


@pytest.mark.usefixtures("ready")
def test_the_page_of_a_sheet_follows_it_and_says_what_is_in_its_way(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    draft = guide.begin()
    guide.post(f"{draft.address}/print", {"what": "cover"})
    job_id = _take(conn, house)
    page = f"/guide/sheets/{job_id}"
    guide.post("/guide/desk", {"desk": "1"})
    first = guide.get(page)
    assert "Đang in" in first.text and "data-live" in first.text
    again = guide.client.get(page, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    (work,) = sheet_printing.under_way(conn)
    sheet_printing.goes(conn, work, State.HELD, "sheetjobs.no_paper")
    assert "hết giấy" in guide.get(page).text
    queue = guide.get("/guide").text
    assert "hết giấy" in queue and f'href="{page}"' in queue
    sheet_printing.ended(conn, job_id, State.DONE, moment=house.clock.read())
    done = guide.get(page).text
    assert "Đã in xong" in done and "data-live=" not in done.split('id="sheet"')[1].split("</div>")[0]
    assert "hết giấy" not in guide.get("/guide").text


@pytest.mark.usefixtures("ready")
def test_a_sheet_is_taken_back_at_once_or_when_the_bench_asks_for_it(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    draft = guide.begin()
    guide.post(f"{draft.address}/print", {"what": "cover"})
    (work,) = sheet_printing.under_way(conn)
    assert "Đã bỏ" in guide.post(f"/guide/sheets/{work.id}", {"do": "cancel"}).text
    guide.post(f"{draft.address}/print", {"what": "cover"})
    job_id = _take(conn, house)
    assert "Đang lấy lại" in guide.post(f"/guide/sheets/{job_id}", {"do": "cancel"}).text
    assert sheet_printing.under_way(conn)[0].unwanted
    sheet_printing.ended(conn, job_id, State.DONE, moment=house.clock.read())
    assert "không lấy lại được" in guide.post(f"/guide/sheets/{job_id}", {"do": "cancel"}).text
    assert guide.post(f"/guide/sheets/{job_id}", {"do": "dance"}).status_code == 400


@pytest.mark.usefixtures("ready")
def test_a_guide_says_whether_a_doubtful_sheet_came_out(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    draft = guide.begin()
    guide.post(f"{draft.address}/print", {"what": "cover"})
    job_id = _take(conn, house)
    name = sheet_printing.under_way(conn)[0].name
    sheet_printing.goes(conn, sheet_printing.under_way(conn)[0], State.ASK, "sheetjobs.interrupted")
    guide.post("/guide/desk", {"desk": "1"})
    assert "không biết tờ giấy đã ra chưa" in guide.get("/guide").text
    assert "Đang in lại" in guide.post(f"/guide/sheets/{job_id}", {"do": "not"}).text
    (again,) = sheet_printing.under_way(conn)
    assert again.state is State.QUEUED and again.handle is None and again.name != name
    assert "người trả lời" in guide.post(f"/guide/sheets/{job_id}", {"do": "out"}).text
    sheet_printing.handing(conn, job_id)
    sheet_printing.goes(conn, again, State.ASK, "sheetjobs.interrupted")
    guide.post(f"/guide/sheets/{job_id}", {"do": "out"})
    assert sheet_jobs.get(conn, job_id).state is State.DONE


@pytest.mark.usefixtures("ready")
def test_the_cover_of_a_sealed_dossier_is_printed_without_a_name(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    draft = guide.begin()
    draft.fill()
    code = where(draft.seal()).rsplit("/", 1)[1]
    assert f'action="/guide/sealed/{code}/print_cover"' in guide.get(f"/guide/sealed/{code}").text
    page = guide.post(f"/guide/sealed/{code}/print_cover")
    assert code in page.text
    said = _printed(conn)
    assert code in said
    for name in ("Nguyễn Thị Mẫu", "Lý Thị Mẫu", "Lý A Mẫu", "001199000000"):
        assert name not in said


@pytest.mark.usefixtures("ready")
def test_a_checklist_and_the_figures_of_a_month_can_be_printed(
    guide: Guide, conn: sqlite3.Connection, house: House
) -> None:
    page = guide.get("/guide/sheets").text
    assert 'value="2026-11"' in page and 'value="lien-thong-khai-sinh"' in page
    assert "Giấy dặn A4" in guide.post("/guide/sheets/checklist", {"slug": "lien-thong-khai-sinh"}).text
    sheet_jobs.cancel(conn, sheet_jobs.latest(conn)[0].id, moment=house.clock.read())
    assert "11/2026" in guide.post("/guide/sheets/month", {"month": "2026-11"}).text
    assert "Số liệu tháng 11/2026" in _printed(conn)
    assert "Không có số liệu" in guide.post("/guide/sheets/month", {"month": "1999-01"}).text
    pdf = guide.get("/guide/sheets/month.pdf?month=2026-10")
    assert pdf.mimetype == "application/pdf" and "no-store" in pdf.headers["Cache-Control"]
    assert "Số liệu tháng 10/2026" in reading.text(pdf.data)


def test_without_a_bench_nothing_is_offered_and_a_late_press_says_that_the_dossier_is_whole(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    draft = guide.begin()
    assert f"{draft.address}/print" not in guide.get(f"{draft.address}/review").text
    answer = guide.post(f"{draft.address}/print", {"what": "cover"})
    assert answer.status_code == 503 and "Hồ sơ vẫn còn nguyên" in answer.text
    assert sheet_jobs.latest(conn) == ()
    assert ledger.events(conn, draft.id, (What.SHEET,)) == ()


@pytest.mark.usefixtures("ready")
def test_a_stuck_sheet_is_told_on_the_queue_and_in_health_and_a_failed_one_until_it_is_printed_again(
    guide: Guide, house: House, conn: sqlite3.Connection
) -> None:
    draft = guide.begin()
    guide.post(f"{draft.address}/print", {"what": "cover"})
    guide.post("/guide/desk", {"desk": "1"})
    assert guide.get("/health").json["sheets"] == {"stuck": 0}
    job_id = _take(conn, house)
    sheet_printing.goes(conn, sheet_printing.under_way(conn)[0], State.ASK, "sheetjobs.interrupted")
    told = guide.get("/health").json
    assert (told["status"], told["sheets"]) == ("degraded", {"stuck": 1})
    sheet_printing.ended(conn, job_id, State.FAILED, "sheetjobs.power_lost", moment=house.clock.read())
    assert guide.get("/health").json["sheets"] == {"stuck": 0}
    assert "xin bấm in lại" in guide.get("/guide").text
    guide.post(f"{draft.address}/print", {"what": "cover"})
    assert "xin bấm in lại" not in guide.get("/guide").text


@pytest.mark.usefixtures("ready")
def test_the_page_of_a_procedure_offers_its_checklist_on_a4_beside_the_pdf(
    guide: Guide, conn: sqlite3.Connection
) -> None:
    page = guide.get("/guide/start/lien-thong-khai-sinh").text
    assert 'href="/procedures/lien-thong-khai-sinh/checklist.pdf"' in page
    assert 'action="/guide/sheets/checklist"' in page and 'name="slug" value="lien-thong-khai-sinh"' in page
    guide.post("/guide/sheets/checklist", {"slug": "lien-thong-khai-sinh"})
    assert sheet_jobs.latest(conn)[0].subject == "procedure:lien-thong-khai-sinh"


@pytest.mark.usefixtures("ready")
def test_wrong_wishes_are_refused(guide: Guide, conn: sqlite3.Connection) -> None:
    draft = guide.begin()
    assert guide.post(f"{draft.address}/print", {"what": "secrets"}).status_code == 400
    assert guide.post(f"{draft.address}/print", {"what": "cover", "copies": "4"}).status_code == 422
    assert guide.get("/guide/sheets/99").status_code == 404
    assert sheet_jobs.latest(conn) == ()


def test_sheets_are_for_signed_in_guides_alone(app: Flask) -> None:
    stranger = Visitor(app)
    for address in ("/guide/sheets", "/guide/sheets/1", "/guide/sheets/month.pdf"):
        answer = stranger.client.get(address)
        assert answer.status_code == 303 and where(answer) == "/sign-in"
