"""What is peculiar to health cards, ID cards and the records of somebody guided on the phone."""

from __future__ import annotations

import pytest

from hub.forms import questions
from hub.forms.instance import Instance
from hub.forms.model import QuestionType
from hub.forms.page import ProblemKind
from hub.trades.procedures import eligibility
from hub.trades.procedures.eligibility import Result
from tests.content import pack, walker
from tests.content.test_eligibility import TODAY, asked, values
from tests.content.test_procedures import procedure

GUIDED = tuple(slug for slug in walker.SLUGS if procedure(slug).get("kind") == "guidance")
OURS = ("bhyt-vneid", "chu-ky-so", "dang-ky-sim", "so-suc-khoe-dien-tu", "vneid-muc-2")
HEALTH, CARD = "the-bhyt", "the-can-cuoc"


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


def ends(slug: str, **answers: str) -> str:
    given = {name.replace("_", "-"): value for name, value in answers.items()}
    result = eligibility.decide(asked(slug), given, today=TODAY, figures=values(slug))
    assert isinstance(result, Result), result
    return result.outcome.id if result.outcome else result.verdict.value


# ------------------------------------------------------------------ somebody was guided


def test_each_kind_of_guidance_on_the_phone_is_there() -> None:
    assert set(OURS) < set(GUIDED)


@pytest.mark.parametrize("slug", GUIDED)
def test_every_guidance_record_ends_in_one_of_three_ways_with_a_reason(slug: str) -> None:
    form = walker.form(slug)
    kept = {"/".join(path) for path in form.questions}
    assert {"data/ket_qua/ket_qua", "data/ket_qua/ly_do", "data/nguoi/ho_ten"} <= kept
    blank = Instance.new(form, now=walker.walks(slug)[0].today, instance_id=walker.INSTANCE_ID)
    drawn = [q for page in questions.pages(form, blank, "vi") for q in page.questions]
    ways = next(q for q in drawn if q.path == "/data/ket_qua/ket_qua")
    assert [choice.value for choice in ways.choices] == ["xong", "chua_xong", "hen_lai"]


@pytest.mark.parametrize("slug", OURS)
def test_a_guidance_record_takes_no_number_no_picture_and_no_day_of_birth(slug: str) -> None:
    asked_for = {path[-1]: q.type for path, q in walker.form(slug).questions.items()}
    assert {name for name, kind in asked_for.items() if kind is QuestionType.INTEGER} == {"nam_sinh"}
    assert {name for name, kind in asked_for.items() if kind is QuestionType.DATE} == {"ngay_hen"}
    assert not [name for name, kind in asked_for.items() if kind.is_file]
    typed = {name for name, kind in asked_for.items() if kind is QuestionType.TEXT}
    assert typed <= {
        *("ho_ten", "noi_cu_tru", "dien_thoai", "ly_do_khac"),
        *("viec_khac", "can_de_khac", "nha_mang_khac"),
    }


@pytest.mark.parametrize("slug", OURS)
def test_only_what_was_finished_is_promised_to_be_by_ones_own_hand(slug: str) -> None:
    assert wrong(filled(slug, 0, cam_ket__tu_tay_lam="")) == {"cam_ket/tu_tay_lam": ProblemKind.REQUIRED}
    assert not filled(slug, 1).is_relevant("/data/cam_ket/tu_tay_lam")
    assert wrong(filled(slug, 1, ket_qua__ly_do="")) == {"ket_qua/ly_do": ProblemKind.REQUIRED}


@pytest.mark.parametrize("slug", OURS)
def test_a_procedure_of_guidance_knows_no_number_but_our_own_nothing(slug: str) -> None:
    assert {f["id"] for f in procedure(slug)["figure"] if "value" in f} == {"fee_house"}


@pytest.mark.parametrize("slug", ["bhyt-vneid", "so-suc-khoe-dien-tu", "chu-ky-so"])
def test_without_level_2_nothing_further_is_asked(slug: str) -> None:
    held = filled(slug, 1)
    assert held.is_relevant("/data/viec/chua_muc_2")
    shown = [q.path for page in questions.pages(held.form, held, "vi") for q in page.questions]
    after = [path for path in shown if path.startswith("/data/viec/")]
    assert after[-1] == "/data/viec/chua_muc_2"


@pytest.mark.parametrize(
    ("step", "phone", "shown"),
    [
        ("kich_hoat", "khong", {"tin_that", "cac_buoc", "kenh", "may_tinh", "canh_bao"}),
        ("kich_hoat", "co", {"tin_that", "cac_buoc", "kenh", "canh_bao"}),
        ("dang_ky", "khong", {"den_cong_an", "cong_an", "canh_bao"}),
        ("doi_may", "co", {"may_cu", "canh_bao"}),
        ("quen", "co", {"quen", "canh_bao"}),
    ],
)
def test_each_step_of_vneid_shows_only_its_own_advice(step: str, phone: str, shown: set[str]) -> None:
    held = filled("vneid-muc-2", 0, viec__viec=step, viec__may=phone)
    page = next(p for p in questions.pages(held.form, held, "vi") if p.id == "cach")
    assert {q.path.rsplit("/", 1)[-1] for q in page.questions} == shown


def test_a_caller_always_means_stop() -> None:
    assert ends("bhyt-vneid", ai_goi="co") == "nghi-lua"
    assert ends("dang-ky-sim", bi_doa="co") == "lua"
    assert ends("chu-ky-so", ai_bao="nguoi-la") == "nguoi-la"
    assert ends("so-suc-khoe-dien-tu", ai_doi="co") == "nghi-lua"


# ------------------------------------------------------------------ health card


@pytest.mark.parametrize(
    ("number", "good"),
    [
        ("0150550000", True),
        ("015155000000", True),
        ("HN4150000000000", True),
        ("hn4150000000000", True),
        ("", True),
        ("015055000", False),
        ("01505500000", False),
        ("4150000000000HN", False),
        ("HN415000000000", False),
    ],
)
def test_a_health_number_has_ten_twelve_or_fifteen_places(number: str, good: bool) -> None:
    assert ("yeu_cau/ma_so" not in wrong(filled(HEALTH, 3, yeu_cau__ma_so=number))) == good


def test_a_clinic_is_asked_for_only_where_one_is_chosen() -> None:
    clinic = "/data/dien/noi_kham"
    assert filled(HEALTH, 0).is_relevant(clinic)
    assert filled(HEALTH, 2).is_relevant(clinic)
    assert not filled(HEALTH, 2, yeu_cau__doi_gi="ho_ten").is_relevant(clinic)
    assert not filled(HEALTH, 3).is_relevant(clinic)


@pytest.mark.parametrize(
    ("born", "registered", "outcome"),
    [
        ("2020-11-23", "khong", "lien-thong"),
        ("2020-11-23", "co", "duoc"),
        ("2020-11-22", "", "duoc"),
        ("2020", "khong", "hoi"),
        ("2020", "co", "duoc"),
    ],
)
def test_a_child_of_six_goes_its_own_way(born: str, registered: str, outcome: str) -> None:
    more = {"khai_sinh": registered} if registered else {}
    assert ends(HEALTH, viec="chua-co", ngay_sinh=born, dien="nha-nuoc", **more) == outcome


def test_a_paper_card_is_for_those_who_cannot_do_without() -> None:
    for state in ("mat-hong", "con-tot"):
        assert ends(HEALTH, viec=state, ngoai_le="khong") == "khong-can"
        assert ends(HEALTH, viec=state, ngoai_le="co") == "the-giay"


# ------------------------------------------------------------------ ID card


@pytest.mark.parametrize(
    ("answers", "outcome", "fee"),
    [
        ({"the": "mat"}, "cap-lai", "fee_reissue"),
        ({"the": "cccd", "het_han": "co"}, "chuyen-cccd", "fee_change"),
        ({"the": "can-cuoc", "het_han": "khong", "hong_sai": "co"}, "doi-hong-sai", "fee_exchange"),
        ({"the": "can-cuoc", "het_han": "co", "hong_sai": "khong"}, "doi-het-han", "fee_exchange"),
        ({"the": "chua", "ngay_sinh": "2012-11-22"}, "lan-dau", "fee_first"),
        ({"the": "chua", "ngay_sinh": "2012-11-23"}, "tre-em", "fee_first"),
        ({"the": "chua", "ngay_sinh": "2020-11-22"}, "tre-em", "fee_first"),
        ({"the": "chua", "ngay_sinh": "2020-11-23", "khai_sinh": "co"}, "tre-em", "fee_first"),
        ({"the": "chua", "ngay_sinh": "2020-11-23", "khai_sinh": "khong"}, "lien-thong", None),
        ({"the": "cmnd"}, "lien-quan-cmnd", None),
        ({"the": "cccd", "het_han": "khong", "hong_sai": "khong"}, "con-dung", None),
    ],
)
def test_each_case_of_the_card_names_its_own_fee(
    answers: dict[str, str], outcome: str, fee: str | None
) -> None:
    assert ends(CARD, **answers) == outcome
    told = next(o for o in asked(CARD).outcomes if o.id == outcome)
    assert [f for f in told.figures if f.startswith("fee_")] == ([fee] if fee else [])


def test_a_citizen_card_that_is_wrong_needs_the_paper_that_shows_what_is_right() -> None:
    paper = next(one for one in procedure(CARD)["paper"] if one["id"] == "giay-chung-minh")
    for kind, outcome in (("cccd", "chuyen-cccd"), ("can-cuoc", "doi-hong-sai")):
        assert ends(CARD, the=kind, het_han="khong", hong_sai="co") == outcome
        assert outcome in paper["only_for"]


@pytest.mark.parametrize(
    ("step", "outcome"),
    [("dang-ky", "can-the-truoc"), ("kich-hoat", "hoi"), ("doi-may", "hoi"), ("quen", "hoi")],
)
def test_without_a_card_only_registering_is_refused(step: str, outcome: str) -> None:
    assert ends("vneid-muc-2", can_cuoc="khong", viec=step) == outcome


def test_a_child_comes_with_a_parent_and_nobody_else_is_asked_for_one() -> None:
    child = filled(CARD, 1)
    assert child.is_relevant("/data/dai_dien/ho_ten") and not child.is_relevant("/data/hen/vneid")
    assert not filled(CARD, 0).is_relevant("/data/dai_dien/ho_ten")


def test_a_fee_that_was_read_a_year_ago_says_so_and_whom_to_ask() -> None:
    fees = [f for f in procedure(CARD)["figure"] if f["kind"] == "fee" and f["id"] != "fee_house"]
    assert [f["value"] for f in fees] == [0, 30_000, 50_000, 70_000]
    for fee in fees:
        assert fee["status"] == "reported" and fee["as_of"] == "2025-10-31"
        assert "hỏi" in fee["text"]["vi"] and "ask" in fee["text"]["en"]


def test_the_ages_for_renewal_are_not_told_as_certain() -> None:
    ages = next(f for f in procedure(CARD)["figure"] if f["id"] == "renewal_ages")
    assert ages["status"] == "unverified" and "value" not in ages
    for lang in pack.LANGUAGES:
        assert all(str(age) in ages["text"][lang] for age in (14, 25, 40, 60))
        body = pack.page(walker.PROCEDURES / CARD / f"guide.{lang}.md").body
        assert "60" not in body and "25" not in body
