"""The form of linked birth registration, walked through the hub's own engine."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest

from hub.forms import questions
from hub.forms.instance import Instance
from hub.forms.model import Form
from hub.forms.page import ProblemKind
from tests.content import pack, walker

SLUG = "lien-thong-khai-sinh"
PREFILL = pack.toml(f"procedures/{SLUG}/prefill.toml")
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone(timedelta(hours=7)))
PAGES = ["nguoi_yeu_cau", "tre", "me", "cha", "cu_tru", "giay_to", "cam_ket"]

WHOLE = {
    "nguoi_yeu_cau/quan_he": "me",
    "nguoi_yeu_cau/dien_thoai": "0912000000",
    "nguoi_yeu_cau/vneid_muc_2": "co",
    "tre/ho_ten": "Lý A Mẫu",
    "tre/ngay_sinh": "2026-10-30",
    "tre/gioi_tinh": "nam",
    "tre/dan_toc": "mong",
    "tre/quoc_tich": "viet_nam",
    "tre/sinh_o": "co_so_y_te",
    "tre/noi_sinh": "Trạm y tế xã Mẫu",
    "tre/que_quan": "Thôn Mẫu, xã Lâm Giang, tỉnh Lào Cai",
    "me/ho_ten": "Giàng Thị Mẫu",
    "me/ngay_sinh": "1999-07-15",
    "me/so_dinh_danh": "010199000000",
    "me/dan_toc": "mong",
    "me/quoc_tich": "viet_nam",
    "me/noi_cu_tru": "Thôn Mẫu, xã Lâm Giang, tỉnh Lào Cai",
    "cha/ho_ten": "Lý A Thử",
    "cha/ngay_sinh": "1998-02-01",
    "cha/so_dinh_danh": "010098000000",
    "cha/dan_toc": "mong",
    "cha/quoc_tich": "viet_nam",
    "cha/noi_cu_tru": "Thôn Mẫu, xã Lâm Giang, tỉnh Lào Cai",
    "cu_tru/o_voi": "me",
    "cu_tru/noi_thuong_tru": "Thôn Mẫu, xã Lâm Giang, tỉnh Lào Cai",
    "cu_tru/chu_ho_ho_ten": "Lý A Thử",
    "cu_tru/quan_he_chu_ho": "con",
    "cu_tru/chu_ho_dong_y": "se_bam",
    "cu_tru/noi_kham": "Trạm y tế xã Mẫu",
    "cu_tru/lam_can_cuoc": "co",
    "giay_to/chung_sinh": "giay",
    "giay_to/anh_chung_sinh": "chung-sinh.jpg",
    "giay_to/co_ket_hon": "khong",
    "cam_ket/dung_su_that": "OK",
    "cam_ket/hieu_le_phi": "OK",
}


def form() -> Form:
    return walker.form(SLUG)


def filled(**changes: str) -> Instance:
    """Fill the form as a mother would; a change to "" empties, ``__`` stands for /."""
    instance = Instance.new(form(), now=NOW, instance_id="uuid:00000000-0000-4000-8000-000000000000")
    for name, value in {**WHOLE, **{k.replace("__", "/"): v for k, v in changes.items()}}.items():
        instance.set(f"/data/{name}", value)
    instance.recalculate(NOW)
    return instance


def wrong(instance: Instance, lang: str = "vi") -> dict[str, ProblemKind]:
    return {p.path.removeprefix("/data/"): p.kind for p in questions.check_all(form(), instance, lang)}


# ------------------------------------------------------------------ the form


def test_the_pages_come_in_the_order_of_the_conversation() -> None:
    drawn = questions.pages(form(), filled(), "vi")
    assert [p.id.strip("/").split("/")[-1] for p in drawn] == PAGES


def test_the_fields_the_state_asks_for_are_all_there() -> None:
    wanted = {
        "nguoi_yeu_cau": {"quan_he", "ho_ten", "ngay_sinh", "so_dinh_danh", "noi_cu_tru"},
        "tre": {
            *("ho_ten", "ngay_sinh", "ngay_sinh_bang_chu", "gio_sinh", "gioi_tinh"),
            *("dan_toc", "quoc_tich", "noi_sinh", "que_quan"),
        },
        "me": {"ho_ten", "nam_sinh", "ngay_sinh", "so_dinh_danh", "dan_toc", "quoc_tich", "noi_cu_tru"},
        "cha": {"ho_ten", "nam_sinh", "ngay_sinh", "so_dinh_danh", "dan_toc", "quoc_tich", "noi_cu_tru"},
        "cu_tru": {
            "noi_thuong_tru",
            "chu_ho_ho_ten",
            "chu_ho_dong_y",
            "noi_kham",
            "so_ban_sao",
            "lam_can_cuoc",
        },
    }
    have = set(re.findall(r'nodeset="/data/([^"]+)"', walker.converted(SLUG).xml.decode()))
    assert {f"{group}/{name}" for group, names in wanted.items() for name in names} <= have


def test_a_mother_who_answers_everything_has_nothing_to_correct() -> None:
    assert wrong(filled()) == {}


def test_the_name_of_the_dossier_tells_the_child() -> None:
    assert filled().instance_name == "Khai sinh: Lý A Mẫu"


def test_a_parent_is_not_asked_twice_but_another_person_is() -> None:
    assert not filled().is_relevant("/data/nguoi_yeu_cau/ho_ten")
    assert not filled(nguoi_yeu_cau__quan_he="cha").is_relevant("/data/nguoi_yeu_cau/so_dinh_danh")
    other = wrong(filled(nguoi_yeu_cau__quan_he="ong_ba"))
    assert {"nguoi_yeu_cau/ho_ten", "nguoi_yeu_cau/ngay_sinh", "nguoi_yeu_cau/so_dinh_danh"} <= set(other)


def test_the_read_back_names_whoever_asks() -> None:
    for relation, name in (("me", "Giàng Thị Mẫu"), ("cha", "Lý A Thử"), ("giam_ho", "Bàn Thị Mẫu")):
        instance = filled(nguoi_yeu_cau__quan_he=relation, nguoi_yeu_cau__ho_ten="Bàn Thị Mẫu")
        last = questions.pages(form(), instance, "vi")[-1]
        assert name in last.questions[0].label


def test_the_fathers_part_may_stay_open_with_a_reason() -> None:
    bare = {
        f"cha__{k}": "" for k in ("ho_ten", "ngay_sinh", "so_dinh_danh", "dan_toc", "quoc_tich", "noi_cu_tru")
    }
    assert wrong(filled(cha__tinh_trang="de_trong", **bare)) == {"cha/ly_do": ProblemKind.REQUIRED}
    assert wrong(filled(cha__tinh_trang="de_trong", cha__ly_do="chua_xac_dinh", **bare)) == {}
    open_part = filled(cha__tinh_trang="de_trong", cha__ly_do="chua_xac_dinh").submission_xml().decode()
    assert "Lý A Thử" not in open_part.split("<cu_tru>")[0]


def test_a_father_who_asks_cannot_leave_his_part_open() -> None:
    instance = filled(nguoi_yeu_cau__quan_he="cha", cha__tinh_trang="de_trong", cha__ly_do="chua_xac_dinh")
    assert wrong(instance) == {"cha/tinh_trang": ProblemKind.CONSTRAINT}


def test_a_year_alone_is_enough_and_no_day_is_made_up() -> None:
    assert wrong(filled(me__biet_ngay_sinh="chi_nam", me__ngay_sinh="", me__nam_sinh="1970")) == {}
    assert wrong(filled(me__biet_ngay_sinh="chi_nam", me__ngay_sinh="")) == {
        "me/nam_sinh": ProblemKind.REQUIRED
    }
    assert wrong(filled(me__biet_ngay_sinh="chi_nam", me__nam_sinh="2027")) == {
        "me/nam_sinh": ProblemKind.CONSTRAINT
    }


@pytest.mark.parametrize(
    ("born", "good"),
    [
        ("2026-11-21", True),
        ("2026-11-22", False),
        ("2020-11-22", True),
        ("2020-11-21", False),
        ("2019-05-01", False),
        ("2024-02-29", True),
    ],
)
def test_the_child_is_born_and_under_six(born: str, good: bool) -> None:
    assert wrong(filled(tre__ngay_sinh=born)) == ({} if good else {"tre/ngay_sinh": ProblemKind.CONSTRAINT})


@pytest.mark.parametrize("who", ["me", "cha"])
def test_nobodys_parent_is_born_tomorrow(who: str) -> None:
    assert wrong(filled(**{f"{who}__ngay_sinh": "2026-11-22"})) == {
        f"{who}/ngay_sinh": ProblemKind.CONSTRAINT
    }


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("010199000000", True),
        ("010000000", True),
        ("", True),
        ("01019900000", False),
        ("0101990000000", False),
        ("01019900000a", False),
        ("1234567890", False),
    ],
)
def test_an_id_number_has_nine_or_twelve_digits(number: str, good: bool) -> None:
    assert wrong(filled(me__so_dinh_danh=number)) == (
        {} if good else {"me/so_dinh_danh": ProblemKind.CONSTRAINT}
    )


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("Mẫu", True),
        ("A'Mẫu", True),
        ("Bling Thị Mẫu-Hai", True),
        ("Y Mẫu", True),
        ("Lý 4 Mẫu", False),
        ("http://a", False),
        ("<b>", False),
    ],
)
def test_names_of_one_word_and_with_apostrophes_pass(name: str, good: bool) -> None:
    assert wrong(filled(tre__ho_ten=name)) == ({} if good else {"tre/ho_ten": ProblemKind.CONSTRAINT})


def test_nobodys_ethnic_group_is_chosen_beforehand() -> None:
    blank = Instance.new(form(), now=NOW, instance_id="uuid:00000000-0000-4000-8000-000000000001")
    assert [blank.get(f"/data/{who}/dan_toc") for who in ("tre", "me", "cha")] == ["", "", ""]
    assert wrong(filled(tre__dan_toc="")) == {"tre/dan_toc": ProblemKind.REQUIRED}


def test_the_list_has_the_54_groups_and_other_in_vietnamese_order() -> None:
    page = next(p for p in questions.pages(form(), filled(), "vi") if p.id.endswith("tre"))
    labels = [c.label for q in page.questions if q.path.endswith("dan_toc") for c in q.choices]
    assert len(labels) == len(set(labels)) == 55
    assert labels[-1] == "Khác"
    assert {"Kinh", "Tày", "Mông", "Dao", "Cơ-tu", "Hà Nhì", "Giáy", "Phù Lá"} <= set(labels)
    # đ stands after d, ê after e, ơ after o; a tone never outranks a letter
    assert labels.index("Dao") < labels.index("Ê-đê") < labels.index("Gia-rai") < labels.index("Hà Nhì")
    assert labels.index("Cống") < labels.index("Cơ-ho") < labels.index("Cơ-tu")


def test_a_birth_notice_on_paper_needs_its_photo_and_none_needs_a_substitute() -> None:
    assert wrong(filled(giay_to__anh_chung_sinh="")) == {"giay_to/anh_chung_sinh": ProblemKind.REQUIRED}
    assert wrong(filled(giay_to__chung_sinh="dien_tu", giay_to__anh_chung_sinh="")) == {}
    assert set(wrong(filled(giay_to__chung_sinh="khong"))) == {"giay_to/thay_the", "giay_to/anh_thay_the"}


def test_a_marriage_photo_is_welcome_and_never_forced() -> None:
    assert wrong(filled(giay_to__co_ket_hon="co")) == {}
    assert filled(giay_to__co_ket_hon="co").is_relevant("/data/giay_to/anh_ket_hon")


def test_without_the_two_promises_nothing_is_finished() -> None:
    assert set(wrong(filled(cam_ket__dung_su_that="", cam_ket__hieu_le_phi=""))) == {
        "cam_ket/dung_su_that",
        "cam_ket/hieu_le_phi",
    }


@pytest.mark.parametrize(("lang", "words"), [("vi", "Xin đếm lại"), ("en", "Please count again")])
def test_what_is_wrong_is_said_in_the_readers_language(lang: str, words: str) -> None:
    problem = questions.check_all(form(), filled(me__so_dinh_danh="12"), lang)[0]
    assert problem.text is not None and words in problem.text


# ------------------------------------------------------------------ the ID card


def test_a_read_card_fills_only_what_is_asked_of_a_parent() -> None:
    instance = filled()
    offered = {
        person: instance.is_relevant(entry["fields"]["full_name"])
        for person, entry in PREFILL["person"].items()
        if entry.get("card", True)
    }
    assert offered == {"me": True, "cha": True, "chu_ho": True, "nguoi_yeu_cau": False}
