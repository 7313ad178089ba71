"""What is peculiar to the forms of land, credit, health declarations and taxes."""

from __future__ import annotations

import re

import pytest

from hub.forms import questions
from hub.forms.instance import Instance
from hub.forms.model import QuestionType
from hub.forms.page import ProblemKind
from tests.content import pack, walker

LAND, LOAN = "dat-dai-lan-dau", "vay-von-to-tiet-kiem"
GUIDANCE = ("khai-bao-suc-khoe", "nop-thue")


def filled(slug: str, number: int, **changes: str) -> Instance:
    """Take a written walk to its end and change answers; ``__`` stands for /, "" empties."""
    one = walker.walks(slug)[number]
    instance = walker.walk(one, "vi").instance
    for name, value in changes.items():
        instance.set("/data/" + name.replace("__", "/"), value)
    instance.recalculate(one.today)
    return instance


def wrong(instance: Instance) -> dict[str, ProblemKind]:
    found = questions.check_all(instance.form, instance, "vi")
    return {p.path.removeprefix("/data/"): p.kind for p in found}


# ------------------------------------------------------------------ land


def test_a_plot_at_home_is_pointed_out_and_a_field_elsewhere_is_not() -> None:
    note = "/data/thua_dat/trung_noi_o"
    assert filled(LAND, 1).is_relevant(note)
    assert not filled(LAND, 0).is_relevant(note)
    assert not filled(LAND, 1, thua_dat__dia_chi="").is_relevant(note)


def test_having_no_paper_shuts_out_every_other_choice() -> None:
    both = filled(LAND, 1, giay_to__co_giay="khong_co quyen")
    assert wrong(both)["giay_to/co_giay"] is ProblemKind.CONSTRAINT


def test_each_paper_that_is_there_wants_its_picture_and_no_other() -> None:
    instance = filled(LAND, 1, giay_to__co_giay="trich_luc")
    assert set(wrong(instance)) == {"giay_to/anh_trich_luc", "giay_to/ten_khac"}


def test_only_the_group_with_a_notice_is_asked_for_it() -> None:
    assert not filled(LAND, 0).is_relevant("/data/giay_to/anh_thong_bao")
    assert filled(LAND, 2).is_relevant("/data/giay_to/anh_thong_bao")


@pytest.mark.parametrize(("area", "good"), [("0.5", True), ("0", False), ("-3", False), ("10000001", False)])
def test_an_area_is_more_than_nothing_and_less_than_a_commune(area: str, good: bool) -> None:
    assert ("thua_dat/dien_tich" not in wrong(filled(LAND, 1, thua_dat__dien_tich=area))) == good


def test_a_co_owner_has_a_page_of_their_own_only_when_there_is_one() -> None:
    assert not filled(LAND, 0, dong_su_dung__co_chung="khong").is_relevant(
        "/data/dong_su_dung/thanh_vien[1]/ho_ten"
    )


# ------------------------------------------------------------------ credit


@pytest.mark.parametrize(
    ("first", "second", "good"),
    [("18000000", "12000000", True), ("18000000", "11999999", False), ("18000000", "12000001", False)],
)
def test_two_purposes_add_up_to_the_loan(first: str, second: str, good: bool) -> None:
    instance = filled(LOAN, 1, phuong_an__so_tien_1=first, phuong_an__so_tien_2=second)
    assert wrong(instance) == ({} if good else {"phuong_an/so_tien_2": ProblemKind.CONSTRAINT})


def test_a_first_purpose_as_dear_as_the_loan_leaves_nothing_for_a_second() -> None:
    instance = filled(LOAN, 1, phuong_an__so_tien_1="30000000", phuong_an__so_tien_2="0")
    assert set(wrong(instance)) == {"phuong_an/so_tien_1", "phuong_an/so_tien_2"}


def test_a_loan_changed_afterwards_is_found_again() -> None:
    assert wrong(filled(LOAN, 1, phuong_an__so_tien_vay="31000000")) == {
        "phuong_an/so_tien_2": ProblemKind.CONSTRAINT
    }


def test_with_one_purpose_the_whole_loan_is_for_it() -> None:
    instance = filled(LOAN, 0)
    assert not instance.is_relevant("/data/phuong_an/so_tien_1")
    assert instance.get("/data/tien_viec_1") == instance.get("/data/phuong_an/so_tien_vay")


@pytest.mark.parametrize(
    ("loan", "own", "said", "total"),
    [
        ("1", "0", "1", "1"),
        ("999", "1", "999", "1.000"),
        ("1000", "0", "1.000", "1.000"),
        ("999999", "1", "999.999", "1.000.000"),
        ("100000000", "23456789", "100.000.000", "123.456.789"),
        ("1000000000", "0", "1.000.000.000", "1.000.000.000"),
        ("9000000000", "10000000000", "9.000.000.000", "19.000.000.000"),
    ],
)
def test_amounts_are_read_back_in_groups_of_three(loan: str, own: str, said: str, total: str) -> None:
    instance = filled(LOAN, 0, phuong_an__so_tien_vay=loan, phuong_an__von_tu_co=own)
    assert (instance.get("/data/doc_tien_vay"), instance.get("/data/doc_tong")) == (said, total)
    assert instance.get("/data/doc_tong_en") == total.replace(".", ",")


def test_the_amount_is_typed_once_and_never_in_words() -> None:
    names = {path[-1] for path in walker.form(LOAN).questions}
    assert not {name for name in names if "chu" in name.split("_")}


def test_no_rate_and_no_ceiling_of_credit_is_ours() -> None:
    figures = pack.toml(f"procedures/{LOAN}/procedure.toml")["figure"]
    assert {f["id"] for f in figures if "value" in f} == {"fee_house"}


# ------------------------------------------------------------------ guidance


@pytest.mark.parametrize("slug", GUIDANCE)
def test_a_guidance_record_knows_no_amount_no_card_and_no_illness(slug: str) -> None:
    form = walker.form(slug)
    typed = {path[-1]: q.type for path, q in form.questions.items() if q.type in (QuestionType.TEXT,)}
    assert set(typed) <= {
        *("ho_ten", "noi_cu_tru", "dien_thoai", "ly_do_khac"),
        *("ai_khac", "khai_cho_ai", "khoan_khac"),
    }
    numbers = {path[-1] for path, q in form.questions.items() if q.type is QuestionType.INTEGER}
    assert numbers == {"nam_sinh"}
    assert not [q for q in form.questions.values() if q.type.is_file]


@pytest.mark.parametrize("slug", GUIDANCE)
def test_a_guidance_record_says_how_it_ended_and_why(slug: str) -> None:
    stopped = filled(slug, 1)
    assert stopped.get("/data/ket_qua/ket_qua") == "chua_xong"
    assert wrong(filled(slug, 1, ket_qua__ly_do="")) == {"ket_qua/ly_do": ProblemKind.REQUIRED}
    assert not filled(slug, 0).is_relevant("/data/ket_qua/ly_do")


@pytest.mark.parametrize("slug", GUIDANCE)
def test_another_day_is_today_or_later(slug: str) -> None:
    assert wrong(filled(slug, 2, ket_qua__ngay_hen="2026-11-20")) == {
        "ket_qua/ngay_hen": ProblemKind.CONSTRAINT
    }
    assert wrong(filled(slug, 2, ket_qua__ngay_hen="2026-11-21")) == {}


@pytest.mark.parametrize("slug", GUIDANCE)
def test_without_consent_nothing_is_kept(slug: str) -> None:
    assert wrong(filled(slug, 0, cam_ket__dong_y="")) == {"cam_ket/dong_y": ProblemKind.REQUIRED}


def test_nothing_but_our_own_nothing_is_a_number_in_the_tax_guidance() -> None:
    told = pack.toml("procedures/nop-thue/procedure.toml")
    assert {f["id"] for f in told["figure"] if "value" in f} == {"fee_house"}
    for lang in pack.LANGUAGES:
        body = pack.page(walker.PROCEDURES / "nop-thue" / f"guide.{lang}.md").body
        assert set(re.findall(r"\d+(?! *\.)", re.sub(r"(?m)^\d+\. ", "", body))) == {"0"}
        for figure in told["figure"]:
            assert set(re.findall(r"\d+", figure["text"][lang])) <= {"0"}, figure["id"]
