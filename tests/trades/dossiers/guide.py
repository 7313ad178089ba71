"""A guide at work on drafts: the trade's own calls, at the present moment of a fake clock."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from PIL import Image

from hub.base.settings import Settings, UpstreamSettings
from hub.forms import questions
from hub.forms.page import Question
from hub.packs.shelf import Shelf
from hub.trades.dossiers import attachments, drafts, pages, prefill, sealing
from hub.trades.dossiers.model import (
    NOTICE_VERSION,
    Attached,
    Consent,
    Draft,
    GivenBy,
    How,
    Overrule,
    Purpose,
    Saved,
    Sealed,
    View,
)
from hub.trades.procedures import reader
from hub.trades.procedures.model import Procedure
from tests.fakes import FakeClock

KEY = bytes(range(32))
ROOT = Path(__file__).parents[3]
SAMPLE = reader.get(Shelf("mau", "dossiers", ROOT / "tests" / "trades" / "procedures" / "pack"), "mau")
BIRTH = reader.get(Shelf("core", "dossiers", ROOT / "content" / "core"), "lien-thong-khai-sinh")
CARD = "001199000000|000000000|Nguyễn Thị Mẫu|02091999|Nữ|Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu|01012022"

CONSENT = Consent(
    notice_version=NOTICE_VERSION,
    notice_lang="vi",
    read_aloud=True,
    how=How.SPOKEN,
    given_by=GivenBy.PARENT,
    purposes=frozenset(Purpose),
)


def photo(colour: tuple[int, int, int] = (180, 40, 40), *, form: str = "JPEG", side: int = 200) -> bytes:
    """A real picture, with dots that differ so that it does not compress to nothing."""
    picture = Image.radial_gradient("L").resize((side, side)).convert("RGB")
    picture = Image.blend(picture, Image.new("RGB", (side, side), colour), 0.5)
    out = io.BytesIO()
    picture.save(out, form)
    return out.getvalue()


def with_key(settings: Settings, path: Path) -> Settings:
    return msgspec.structs.replace(settings, upstream=UpstreamSettings(public_key_file=str(path)))


@dataclass
class Guide:
    """Staff number ``staff`` with the House key."""

    conn: sqlite3.Connection
    clock: FakeClock
    xml: bytes
    procedure: Procedure = SAMPLE
    settings: Settings = field(default_factory=Settings)
    staff: int = 1
    key: bytes = KEY
    lang: str = "vi"

    def start(self, consent: Consent = CONSENT) -> Draft:
        return drafts.start(
            self.conn,
            self.procedure,
            self.xml,
            consent=consent,
            staff=self.staff,
            key=self.key,
            moment=self.clock.read(),
            draft_days=self.settings.dossiers.draft_days,
            device_id="tablet-1",
        )

    def look(self, draft_id: str) -> View:
        return drafts.look(self.conn, draft_id, key=self.key, moment=self.clock.read())

    def version(self, draft_id: str) -> int:
        return self.look(draft_id).draft.version

    def drawn(self, draft_id: str, page_id: str) -> dict[str, Question]:
        view = self.look(draft_id)
        for page in questions.pages(view.form, view.instance, self.lang):
            if page.id == page_id:
                return {question.name: question for question in page.questions}
        return {}

    def fields(
        self, draft_id: str, page_id: str, answers: Mapping[str, Sequence[str] | str]
    ) -> dict[str, list[str]]:
        """What a browser would post: everything drawn as it stands, with ``answers`` typed over it."""
        posted: dict[str, list[str]] = {questions.ASKED: []}
        for name, question in self.drawn(draft_id, page_id).items():
            posted[questions.ASKED].append(name)
            if question.type.is_file:
                continue
            chosen = [choice.value for choice in question.choices if choice.selected]
            posted[name] = chosen if question.choices else [question.value]
        for name, value in answers.items():
            posted[name] = [value] if isinstance(value, str) else list(value)
        return posted

    def save(
        self,
        draft_id: str,
        page_id: str,
        answers: Mapping[str, Sequence[str] | str],
        *,
        expected: int | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
    ) -> Saved:
        return pages.save_page(
            self.conn,
            draft_id,
            page_id,
            self.fields(draft_id, page_id, answers) if fields is None else fields,
            expected_version=self.version(draft_id) if expected is None else expected,
            key=self.key,
            staff=self.staff,
            moment=self.clock.read(),
            lang=self.lang,
        )

    def attach(self, draft_id: str, path: str, content: bytes) -> Attached:
        return attachments.attach(
            self.conn,
            draft_id,
            path,
            content,
            key=self.key,
            staff=self.staff,
            moment=self.clock.read(),
            most_bytes=self.settings.web.upload_bytes,
        )

    def scan(self, draft_id: str, person: str, text: str, replace: Sequence[str] = ()) -> prefill.Prefilled:
        return prefill.from_card(
            self.conn,
            draft_id,
            person,
            text,
            key=self.key,
            staff=self.staff,
            moment=self.clock.read(),
            lang=self.lang,
            replace=replace,
        )

    def seal(self, draft_id: str, overrule: Overrule | None = None, expected: int | None = None) -> Sealed:
        return sealing.seal(
            self.conn,
            draft_id,
            expected_version=self.version(draft_id) if expected is None else expected,
            key=self.key,
            staff=self.staff,
            moment=self.clock.read(),
            settings=self.settings,
            lang=self.lang,
            overrule=overrule,
        )


MOTHER = {
    "/data/me/ho_ten": "Giàng Thị Mẫu",
    "/data/me/ngay_sinh": "02/09/1999",
    "/data/me/so_dinh_danh": "010199000000",
    "/data/me/dan_toc": "mong",
    "/data/me/quoc_tich": "viet_nam",
    "/data/me/noi_cu_tru": "Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu",
}

BIRTH_ANSWERS: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "nguoi_yeu_cau",
        {
            "/data/nguoi_yeu_cau/quan_he": "me",
            "/data/nguoi_yeu_cau/dien_thoai": "0900000000",
            "/data/nguoi_yeu_cau/vneid_muc_2": "co",
        },
    ),
    (
        "tre",
        {
            "/data/tre/ho_ten": "Lý A Mẫu",
            "/data/tre/ngay_sinh": "15/11/2026",
            "/data/tre/gioi_tinh": "nam",
            "/data/tre/dan_toc": "mong",
            "/data/tre/quoc_tich": "viet_nam",
            "/data/tre/sinh_o": "co_so_y_te",
            "/data/tre/noi_sinh": "Trạm y tế Xã Mẫu",
            "/data/tre/que_quan": "Xã Mẫu, Tỉnh Mẫu",
        },
    ),
    ("me", MOTHER),
    ("cha", {"/data/cha/tinh_trang": "de_trong"}),
    ("cha", {"/data/cha/ly_do": "chua_ket_hon"}),
    (
        "cu_tru",
        {
            "/data/cu_tru/o_voi": "me",
            "/data/cu_tru/noi_thuong_tru": "Thôn Mẫu, Xã Mẫu, Tỉnh Mẫu",
            "/data/cu_tru/chu_ho_ho_ten": "Giàng A Mẫu",
            "/data/cu_tru/quan_he_chu_ho": "cháu",
            "/data/cu_tru/chu_ho_dong_y": "se_bam",
            "/data/cu_tru/noi_kham": "Trạm y tế Xã Mẫu",
            "/data/cu_tru/lam_can_cuoc": "co",
            "/data/cu_tru/so_ban_sao": "2",
        },
    ),
    ("giay_to", {"/data/giay_to/chung_sinh": "giay"}),
)


def fill_birth(guide: Guide, draft_id: str, picture: bytes) -> None:
    """Answer the whole birth form, with a photograph of the birth notice."""
    for page_id, answers in BIRTH_ANSWERS:
        guide.save(draft_id, page_id, answers)
    guide.attach(draft_id, "/data/giay_to/anh_chung_sinh", picture)
    confirmed = {"/data/cam_ket/dung_su_that": "OK", "/data/cam_ket/hieu_le_phi": "OK"}
    guide.save(draft_id, "cam_ket", confirmed)
