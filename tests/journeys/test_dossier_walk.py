"""Walk 2, whole: a birth is registered, sealed, sent over a breaking line, opened, answered and followed."""

from __future__ import annotations

import datetime as dt
import io
import random
from urllib.parse import urlsplit

import pytest
from lxml import etree
from PIL import Image

from hub.base import phrases
from hub.base.clock import VILLAGE
from hub.base.errors import Missing
from hub.forms import unseal
from hub.post import jobs, outbox
from hub.practice_office import keys, records
from hub.wiring import demo
from tests.journeys import paper
from tests.journeys.village import Village, until
from tests.journeys.visitor import Files, Page
from tests.journeys.walk import Step, go
from tests.printed import as_printed

SLUG = "lien-thong-khai-sinh"
FORM = "lien_thong_khai_sinh"
CARD = "015155000000||Nguyễn Thị Mẫu|01021955|Nữ|Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái|05082021"
WORDS = "Còn thiếu chữ ký của người làm chứng. Bà con ra xã ký thêm."
BORN = (dt.datetime.now(VILLAGE) - dt.timedelta(days=12)).date()
# Where the line breaks: well inside the photographs.
_BREAK_AT = 120_000
_TYPED: dict[str, dict[str, str]] = {
    "nguoi_yeu_cau": {"quan_he": "me", "dien_thoai": "0912000000", "thu_dien_tu": "", "vneid_muc_2": "co"},
    "tre": {
        "ho_ten": "Lý Thị H'Mẫu",
        "ngay_sinh": f"{BORN:%d/%m/%Y}",
        "gio_sinh": "04:05",
        "gioi_tinh": "nu",
        "dan_toc": "mong",
        "quoc_tich": "viet_nam",
        "sinh_o": "co_so_y_te",
        "noi_sinh": "Trạm y tế xã Mẫu, <tỉnh> Mẫu & cộng sự",
        "que_quan": "Thôn Mẫu, xã Mẫu",
    },
    "me": {"dan_toc": "mong", "quoc_tich": "viet_nam"},
    "cha": {
        "tinh_trang": "ghi",
        "ho_ten": "Lý A Mẫu",
        "biet_ngay_sinh": "chi_nam",
        "nam_sinh": "1990",
        "dan_toc": "khac",
        "dan_toc_khac": "Pa Dí",
        "quoc_tich": "viet_nam",
        "noi_cu_tru": "Thôn Mẫu, xã Mẫu, tỉnh Mẫu",
    },
    "cu_tru": {
        "o_voi": "me",
        "noi_thuong_tru": "Thôn Mẫu, xã Mẫu, tỉnh Mẫu",
        "chu_ho_ho_ten": "Lý Văn Mẫu",
        "quan_he_chu_ho": "cháu",
        "chu_ho_dong_y": "da_bam",
        "noi_kham": "Trạm y tế xã Mẫu",
        "lam_can_cuoc": "khong",
        "so_ban_sao": "2",
    },
    "giay_to": {"chung_sinh": "giay", "co_ket_hon": "co"},
    "cam_ket": {"dung_su_that": "OK", "hieu_le_phi": "OK"},
}
# What the card and the form itself put in, and what is written another way than it is typed.
_OTHERWISE = {
    "/data/tre/ngay_sinh": BORN.isoformat(),
    "/data/tre/gio_sinh": "04:05:00.000",
    "/data/me/ho_ten": "Nguyễn Thị Mẫu",
    "/data/me/biet_ngay_sinh": "du",
    "/data/me/ngay_sinh": "1955-02-01",
    "/data/me/so_dinh_danh": "015155000000",
    "/data/me/noi_cu_tru": "Thôn Mẫu, Lâm Giang, Văn Yên, Yên Bái",
    "/data/ten_tre": "Lý Thị H'Mẫu",
    "/data/ten_me": "Nguyễn Thị Mẫu",
    "/data/ten_nguoi_yeu_cau": "Nguyễn Thị Mẫu",
}
# Moments that the form takes itself, and the names under which photographs travel.
_OWN = {"/data/bat_dau", "/data/ket_thuc", "/data/hom_nay"}
_PHOTOS = ("/data/giay_to/anh_chung_sinh", "/data/giay_to/anh_ket_hon")


def photo(seed: int) -> bytes:
    """Return a photograph of a paper: a quarter of a megabyte that does not get smaller."""
    noise = random.Random(seed).randbytes(3 * 360 * 360)
    memory = io.BytesIO()
    Image.frombytes("RGB", (360, 360), noise).save(memory, "JPEG", quality=88)
    return memory.getvalue()


class Walk:
    """A mother, a guide, an officer."""

    def __init__(self, village: Village) -> None:
        self.village = village
        self.guide, self.mother, self.officer = village.visitor(), village.visitor(), village.officer()
        self.photos = (photo(1), photo(2))
        self.page: Page
        self.code = ""
        self.instance_id = ""

    def steps(self) -> list[Step]:
        filling = [
            Step(lambda id=id: self.fill(id)) for id in ("nguoi_yeu_cau", "tre", "me", "cha", "cu_tru")
        ]
        everyone = ("web", "bench", "relay", "office")
        return [
            Step(self.sign_in),
            Step(self.consent),
            *filling,
            Step(self.attach),
            Step(lambda: self.fill("cam_ket")),
            Step(self.seal, self.kept, everyone),
            Step(self.line_breaks, self.still_kept, ("web", "bench", "relay")),
            Step(self.line_is_back, self.office_has_it, everyone),
            Step(self.officer_answers, self.mother_reads, everyone, "office"),
            Step(self.second_receipt, self.received, everyone),
        ]

    def sign_in(self) -> None:
        name, _, secret = demo.SIGN_INS[0]
        self.guide.sign_in(name, secret)

    def consent(self) -> None:
        form = self.guide.get(f"/guide/start/{SLUG}").form(has="read_aloud")
        refused = form.send({"how": "spoken", "given_by": "self"})
        assert refused.status == 422, "a dossier was begun without consent"
        agreed = {"read_aloud": "1", "purpose": ["prepare", "send"], "how": "spoken", "given_by": "self"}
        self.page = form.send(agreed)
        assert self.page.status == 200 and "/page/nguoi_yeu_cau" in self.page.url, self.page.words[:300]

    def fill(self, id: str) -> None:
        """Fill one page, as often as new questions appear on it, and go on to the next."""
        # A page that was open when the House died is drawn anew; what was saved is there.
        self.page = self.guide.get(urlsplit(self.page.url).path)
        assert self.page.url.endswith(f"/page/{id}"), self.page.url
        if id == "me":
            self.page = self.page.form(has="version").send({"scan": CARD, "person": "me"}, press="take_scan")
            assert self.page.status == 200 and "Nguyễn Thị Mẫu" in self.page.text
        self.send(id, {})

    def send(self, id: str, files: Files) -> None:
        for _ in range(3):
            form = self.page.form(has="version")
            typed = {f"/data/{id}/{name}": value for name, value in _TYPED[id].items()}
            here = {name: value for name, value in typed.items() if name in form.names}
            also = {name: one for name, one in files.items() if name in form.names}
            self.page = form.send(here, files=also or None, press="go=next")
            assert self.page.status in (200, 422), self.page.status
            if not self.page.url.endswith(f"/page/{id}"):
                return
        raise AssertionError(f"{id} is not done: {self.page.words[:800]}")

    def attach(self) -> None:
        self.page = self.guide.get(urlsplit(self.page.url).path)
        names = ("giấy chứng sinh.jpg", "ket-hon.jpg")
        sent = zip(_PHOTOS, names, self.photos, strict=True)
        self.send("giay_to", {path: (name, content, "image/jpeg") for path, name, content in sent})

    def seal(self) -> None:
        self.village.line.cut()
        self.page = self.guide.get(urlsplit(self.page.url).path)
        assert self.page.url.endswith("/review"), self.page.url
        for words in ("Lý Thị H'Mẫu", "Pa Dí", "015155000000", "1990"):
            assert words in self.page.words
        self.page = self.page.form(action="/review").send()
        assert "/guide/sealed/" in self.page.url, self.page.words[:600]
        self.code = urlsplit(self.page.url).path.rsplit("/", 1)[1]

    def kept(self) -> None:
        with self.village.database() as conn:
            ((self.instance_id,),) = conn.execute("SELECT instance_id FROM outbox").fetchall()
            assert conn.execute("SELECT count(*) FROM drafts").fetchone()[0] == 0
        self.printed(f"dossier:{self.instance_id}")
        page = self.mother.get(f"/follow/{self.code}")
        assert page.status == 200 and phrases.say("vi", "villager.follow_kept") in page.words
        assert "Lý Thị" not in page.text and "Nguyễn" not in page.text

    def printed(self, subject: str) -> None:
        """Wait for the one receipt of ``subject``, and see that it is that paper and came out once."""

        def out() -> bool:
            with self.village.database() as conn:
                return [job.state for job in jobs.for_subject(conn, subject)] == [jobs.State.DONE]

        until(out, 20, f"no receipt: {self.village.log('bench')[-800:]}")
        with self.village.database() as conn:
            (job,) = jobs.for_subject(conn, subject)
            slip, again = as_printed(conn, job), as_printed(conn, job, again=True)
        found = self.village.papers()
        assert (found.count(paper.dots(slip)), found.count(paper.dots(again))) == (1, 0)
        assert any(paper.has_qr(one, f"{self.village.url}/follow/{self.code}") for one in found)

    def line_breaks(self) -> None:
        self.village.line.cut_in_a_sending(_BREAK_AT)

    def still_kept(self) -> None:
        until(lambda: self.village.line.cuts == 1, 30, "nothing was sent")
        with self.village.database() as conn:
            assert outbox.state(conn, self.instance_id).state is not outbox.State.SENT
        assert self.guide.get(f"/follow/{self.code}").status == 200

    def line_is_back(self) -> None:
        self.village.line.restore()

    def office_has_it(self) -> None:
        def sent() -> bool:
            with self.village.database() as conn:
                return outbox.state(conn, self.instance_id).state is outbox.State.SENT

        until(sent, 40, f"it was not sent: {self.village.log('relay')[-1500:]}")
        self.opened()
        until(lambda: self.tells("office_has_it"), 10)

    def tells(self, state: str) -> bool:
        page = self.mother.get(f"/follow/{self.code}")
        return page.status == 200 and phrases.say("vi", f"villager.follow_{state}") in page.words

    def opened(self) -> None:
        """See that the office has it once, and that it is exactly what was typed."""
        folder = self.village.data / "office"
        conn = records.connect(folder)
        try:
            (record,) = records.listing(conn)
            assert (record.form_id, record.instance_id) == (FORM, self.instance_id)
            envelope, files = records.content(conn, record.id)
        finally:
            conn.close()
        for content in (envelope, *files.values()):
            # Long enough that sealed bytes do not hold them by chance: three bytes are met once in a while.
            hidden = ("Lý Thị".encode(), "Lý A Mẫu".encode(), b"015155000000", self.photos[0][2000:2400])
            assert not any(part in content for part in hidden)
        opened = unseal.unseal(envelope, files, keys.private_key(folder))
        assert opened.signature_ok
        answers = leaves(opened.submission)
        names = {path: answers.pop(path) for path in _PHOTOS}
        assert {name: content for name, content in opened.files} == dict(
            zip(names.values(), self.photos, strict=True)
        )
        assert {path: value for path, value in answers.items() if value and path not in _OWN} == typed()
        assert all(answers[path] for path in _OWN)

    def officer_answers(self) -> None:
        page = self.officer.get("/")
        (where,) = page.tree.xpath("//a[contains(@href, '/dossiers/')]/@href")
        page = self.officer.get(where)
        for words in ("Lý Thị H'Mẫu", "Pa Dí", "015155000000", "Trạm y tế xã Mẫu, <tỉnh> Mẫu & cộng sự"):
            assert words in page.words
        shown = [self.officer.get(address).body for address in page.tree.xpath("//figure//img/@src")]
        assert sorted(shown) == sorted(self.photos)
        page = page.form(action="/review").send({"state": "hasIssues", "words": WORDS})
        assert page.status == 200 and WORDS in page.words

    def mother_reads(self) -> None:
        # State and words stand at two places of the office's server, so one may come a reading before the other.
        until(
            lambda: WORDS in self.mother.get(f"/follow/{self.code}").words and self.tells("needs_correction"),
            30,
            "the answer did not come back",
        )

    def second_receipt(self) -> None:
        page = self.guide.get(f"/guide/sealed/{self.code}")
        assert WORDS in page.words
        assert page.form(action="/print_received").send().status == 200

    def received(self) -> None:
        subject = f"dossier:{self.instance_id}:received"

        def out() -> bool:
            with self.village.database() as conn:
                return [job.state for job in jobs.for_subject(conn, subject)] == [jobs.State.DONE]

        until(out, 20, f"no second receipt: {self.village.log('bench')[-800:]}")
        with self.village.database() as conn:
            (job,) = jobs.for_subject(conn, subject)
            # The office's words stand on it, and they may name somebody.
            with pytest.raises(Missing, match="forgotten"):
                jobs.slip(conn, job.id)
        address = f"{self.village.url}/follow/{self.code}"
        assert sum(paper.has_qr(one, address) for one in self.village.papers()) == 2
        self.opened()
        with self.village.database() as conn:
            counts = outbox.counts(conn)
        assert (counts.queued, counts.held, counts.sent) == (0, 0, 1)


def typed() -> dict[str, str]:
    """Return every answer that was typed, scanned or worked out, by path."""
    found = {
        f"/data/{page}/{name}": value
        for page, each in _TYPED.items()
        for name, value in each.items()
        if value
    }
    return found | _OTHERWISE


def leaves(submission: bytes) -> dict[str, str]:
    """Return every answer of an instance by its path, what the form keeps about itself left out."""
    root = etree.fromstring(submission)
    found = {}
    for element in root.iter():
        names = [etree.QName(one).localname for one in (*reversed(list(element.iterancestors())), element)]
        if len(element) == 0 and "meta" not in names:
            found["/" + "/".join(names)] = element.text or ""
    return found


@pytest.mark.parametrize("victim", [None, "web", "bench", "relay", "office"])
def test_a_birth_is_registered_sealed_sent_answered_and_followed_whoever_dies_in_between(
    house: Village, victim: str | None
) -> None:
    house.start("office", "web", "bench", "relay")
    walk = Walk(house)
    steps = walk.steps()
    deaths = go(house, steps, victim)
    assert deaths == sum(victim in step.kills for step in steps)
    assert victim is None or deaths >= 4
    assert house.line.cuts == 1
