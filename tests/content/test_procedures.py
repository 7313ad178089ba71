"""Every procedure of the pack: whole, sourced, in both languages, and no stranger to the House."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from hub.forms import outline
from hub.forms.model import QuestionNode, walk
from hub.packs.shelf import Shelf
from hub.trades.procedures import reader
from hub.trades.procedures.model import Drawn, FigureKind, Group, Kind, PaperKind, PersonField, Unit
from tests.content import pack, walker
from tests.content.walker import SLUGS

SHELF = Shelf("core", "0-source", pack.ROOT)
MONEY_KEYS = ("value", "value_max", "value_online")
ASK = {
    "vi": re.compile(r"hỏi (?:lại )?(?:cán bộ|công an|cơ quan|tổ trưởng|trạm y tế)", re.I),
    "en": re.compile(
        r"ask (?:again at |again )?(?:the |your )?(?:commune|police|social|officer|bank|group)", re.I
    ),
}
# A photo of these is never taken, whatever a form or a list calls them.
IDENTITY = re.compile(
    r"căn cước|cccd|cmnd|chứng minh nhân dân|hộ chiếu|passport|id card|can_cuoc|ho_chieu", re.I
)
CREDENTIAL = re.compile(r"mật khẩu|mat_khau|passcode|password|\botp\b|_otp|mã pin|\bpin\b|mã xác thực", re.I)
FORMER = re.compile(r"sổ hộ khẩu|household book", re.I)


def procedure(slug: str) -> dict[str, Any]:
    return pack.toml(f"procedures/{slug}/procedure.toml")


def figures() -> list[Any]:
    return [pytest.param(s, f, id=f"{s}:{f['id']}") for s in SLUGS for f in procedure(s)["figure"]]


def every(key: str) -> list[Any]:
    return [
        pytest.param(s, row, id=f"{s}:{n}") for s in SLUGS for n, row in enumerate(procedure(s).get(key, []))
    ]


each = pytest.mark.parametrize("slug", SLUGS)


def test_the_shelf_holds_more_than_a_handful() -> None:
    assert len(SLUGS) >= 20


# ------------------------------------------------------------------ the page


@each
def test_a_procedure_says_what_it_is_for_whom_where_and_on_which_law(slug: str) -> None:
    told = procedure(slug)
    assert told["slug"] == slug
    assert told["group"] in set(Group) and told.get("kind", "filed") in set(Kind)
    for key in ("plain_name", "official_name", "summary", "who", "where"):
        assert told[key]["vi"].strip() and told[key]["en"].strip(), key
    assert told["plain_name"] != told["official_name"]
    assert told["paper"] and len(told["step"]) >= 3 and len(told["mistake"]) >= 3
    assert told["law"], "no basis named; one nobody has verified is named as such"


@each
def test_a_procedure_without_a_known_code_says_that_it_is_not_verified(slug: str) -> None:
    code = procedure(slug)["code"]
    assert re.fullmatch(r"\d\.\d{6}", code["value"]) or (code["value"], code["status"]) == ("", "unverified")
    assert re.fullmatch(r"(?:\d\.\d{6})?", code.get("replaces", ""))


@each
def test_the_page_as_a_whole_is_no_surer_than_its_code_its_people_and_its_place(slug: str) -> None:
    told = procedure(slug)
    parts = [told[key]["status"] for key in ("code", "who", "where")]
    assert pack.RANK[told["status"]] <= min(pack.RANK.get(status, 3) for status in parts)


@each
def test_what_it_costs_and_when_is_told_or_said_to_be_unknown(slug: str) -> None:
    kinds = {f["kind"] for f in procedure(slug)["figure"]}
    assert "fee" in kinds
    assert kinds & {"time", "deadline"}


@each
def test_the_files_a_procedure_names_stand_beside_it(slug: str) -> None:
    told = procedure(slug)
    folder = walker.PROCEDURES / slug
    for key in ("form", "prefill", "eligibility"):
        assert (folder / told[key]).is_file(), key
    assert (folder / "calculators.toml").is_file() == bool(told.get("calculators"))
    assert {p.name for p in folder.iterdir()} >= {"guide.vi.md", "guide.en.md"}


@each
def test_pictures_desks_and_related_procedures_exist(slug: str) -> None:
    told = procedure(slug)
    assert told["picture"] in pack.AGREED_PICTURES
    assert told["service"] in {s["id"] for s in pack.toml("tickets/services.toml")["service"]}
    assert set(told.get("related", [])) <= set(SLUGS) - {slug}


def test_every_procedure_has_its_own_place_and_its_own_form() -> None:
    told = [procedure(slug) for slug in SLUGS]
    assert len({one["order"] for one in told}) == len(SLUGS)
    assert len({one["form_id"] for one in told}) == len(SLUGS)
    assert len({one["plain_name"]["vi"] for one in told}) == len(SLUGS)


@each
def test_the_paper_form_says_which_version_it_follows(slug: str) -> None:
    paper = procedure(slug).get("paper_form")
    if paper is not None:
        assert paper["version"].strip() and paper["drawn"] in set(Drawn)
        assert {"as_of", "sources", "status"} <= set(paper)


@each
def test_old_rules_stay_visible_with_the_days_they_held(slug: str) -> None:
    for old in procedure(slug).get("history", []):
        if "valid_from" in old and "valid_until" in old:
            assert date.fromisoformat(old["valid_from"]) <= date.fromisoformat(old["valid_until"])


# ------------------------------------------------------------------ figures


@pytest.mark.parametrize(("slug", "figure"), figures())
def test_every_figure_has_date_source_status_unit_and_words(slug: str, figure: dict[str, Any]) -> None:
    assert {"as_of", "sources", "status", "unit", "text", "label", "kind"} <= set(figure)
    assert figure["unit"] in set(Unit) and figure["kind"] in set(FigureKind)
    for key in MONEY_KEYS:
        assert isinstance(figure.get(key, 0), int) and figure.get(key, 0) >= 0
    assert "value" in figure or not {"value_max", "value_online"} & set(figure)
    for key in ("as_of", "valid_from", "valid_until"):
        assert key not in figure or date.fromisoformat(figure[key])


def numbers_of(figure: dict[str, Any], lang: str) -> Iterator[set[str]]:
    """Give, for each number of a figure, the ways in which it may be written."""
    for key in MONEY_KEYS:
        if key not in figure:
            continue
        grouped = f"{figure[key]:,}"
        written = {grouped if lang == "en" else grouped.replace(",", ".")}
        if figure["unit"] == "per_mille":
            tenth = f"{figure[key] // 10}.{figure[key] % 10}".removesuffix(".0")
            written.add(tenth if lang == "en" else tenth.replace(".", ","))
        yield written


@pytest.mark.parametrize(("slug", "figure"), figures())
def test_every_number_of_a_figure_stands_in_its_words(slug: str, figure: dict[str, Any]) -> None:
    for lang in pack.LANGUAGES:
        for written in numbers_of(figure, lang):
            stands = [
                re.search(rf"(?<![\d.,]){re.escape(one)}(?![\d]|[.,]\d)", figure["text"][lang])
                for one in written
            ]
            assert any(stands), (lang, written, figure["text"][lang])


@pytest.mark.parametrize(("slug", "figure"), figures())
def test_an_unverified_figure_says_whom_to_ask(slug: str, figure: dict[str, Any]) -> None:
    if figure["status"] == "unverified":
        for lang in pack.LANGUAGES:
            assert ASK[lang].search(figure["text"][lang]), (lang, figure["text"][lang])


@pytest.mark.parametrize(("slug", "figure"), figures())
def test_a_fee_of_nothing_is_ours_or_verified_or_sends_people_to_ask(
    slug: str, figure: dict[str, Any]
) -> None:
    if (
        figure["kind"] == "fee"
        and figure.get("value") == 0
        and figure["status"] not in ("advice", "verified")
    ):
        assert figure["status"] == "reported"
        for lang in pack.LANGUAGES:
            assert ASK[lang].search(figure["text"][lang]), (lang, figure["text"][lang])


@each
def test_rows_of_one_figure_begin_on_different_days(slug: str) -> None:
    rows = [(f["id"], f.get("valid_from", "")) for f in procedure(slug)["figure"]]
    assert len(set(rows)) == len(rows)
    for id in {id for id, _ in rows}:
        same = [f for f in procedure(slug)["figure"] if f["id"] == id]
        assert len({(f["kind"], f["unit"]) for f in same}) == 1, id


@each
def test_nobody_is_promised_that_the_states_part_is_free(slug: str) -> None:
    body = pack.page(walker.PROCEDURES / slug / "guide.vi.md").body.lower()
    if "miễn phí" in body or "không mất tiền" in body:
        fees = [f for f in procedure(slug)["figure"] if f["kind"] == "fee" and f["status"] != "advice"]
        assert fees and all(f.get("value") == 0 and f["status"] == "verified" for f in fees)


# ------------------------------------------------------------------ papers


_STATES_NUMBER = re.compile(r"(?<![0-9.,])(?!0\b)[0-9][0-9.,]*\**\s?(?:đồng|%|working day|ngày làm việc)")


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_advice_holds_no_fee_no_rate_and_no_time(slug: str, lang: str) -> None:
    # The commune's correction and a newer figure reach data, never a sentence that says the number again.
    told = (walker.PROCEDURES / slug / f"guide.{lang}.md").read_text("utf-8")
    assert not _STATES_NUMBER.findall(told)


def test_a_number_of_the_states_would_be_seen() -> None:
    for said in (
        "**2.000 đồng** một trang",
        "1,500,000 đồng",
        "**22%** of",
        "về **3** ngày làm việc",
        "10 working days",
    ):
        assert _STATES_NUMBER.search(said), said
    assert not _STATES_NUMBER.search("Nhà văn hoá số giúp **0 đồng**, từ 75 tuổi")


@each
def test_the_household_book_is_only_named_as_not_needed(slug: str) -> None:
    for paper in procedure(slug)["paper"]:
        assert not FORMER.search(paper["name"]["vi"] + paper["name"]["en"]), paper["id"]


@each
def test_papers_to_photograph_have_a_picture_question_and_pictures_have_a_paper(slug: str) -> None:
    papers = procedure(slug)["paper"]
    assert {p["kind"] for p in papers} <= set(PaperKind)
    uploads = {"/" + "/".join(path) for path, q in walker.form(slug).questions.items() if q.type.is_file}
    assert {p["attachment"] for p in papers if p["kind"] == "photo"} == uploads
    assert all("attachment" not in p for p in papers if p["kind"] != "photo")


@each
def test_papers_name_outcomes_that_exist(slug: str) -> None:
    outcomes = {o["id"] for o in pack.toml(f"procedures/{slug}/eligibility.toml")["outcome"]}
    for paper in procedure(slug)["paper"]:
        assert set(paper.get("only_for", [])) <= outcomes, paper["id"]


@pytest.mark.parametrize(("slug", "paper"), every("paper"))
def test_an_identity_document_is_shown_and_never_photographed(slug: str, paper: dict[str, Any]) -> None:
    if IDENTITY.search(paper["name"]["vi"] + " " + paper["name"]["en"]):
        assert paper["kind"] != "photo"


# ------------------------------------------------------------------ as the House reads it


@each
def test_the_house_reads_the_procedure_with_its_questions_and_calculators(slug: str) -> None:
    read = reader.get(SHELF, slug)
    assert read.slug == slug and read.has_questions
    assert read.has_calculators == bool(procedure(slug).get("calculators"))
    assert [f.id for f in read.figures] == [f["id"] for f in procedure(slug)["figure"]]
    if read.has_calculators:
        assert reader.calculators(SHELF, slug)


# ------------------------------------------------------------------ the card and the household's record

FITS = {
    "full_name": {"text"},
    "number": {"text"},
    "old_number": {"text"},
    "born_on": {"date"},
    "born_year": {"integer"},
    "sex": {"select_one"},
    "residence": {"text"},
    "issued_on": {"date"},
    "phone": {"text"},
    "insurance_number": {"text"},
    "ethnicity": {"select_one", "text"},
    "nationality": {"select_one", "text"},
    "hometown": {"text"},
    "email": {"text"},
    "bank_account": {"text"},
}


def test_every_fact_about_a_person_has_the_questions_it_fits() -> None:
    assert set(FITS) == set(PersonField)


@each
def test_prefill_names_questions_that_exist_on_its_page_and_fit(slug: str) -> None:
    form = walker.form(slug)
    leaves = {leaf.id: leaf for leaf in outline.leaves(form)}
    people = pack.toml(f"procedures/{slug}/prefill.toml")["person"]
    assert people
    for person, entry in people.items():
        assert set(entry) <= {"label", "page", "unique", "card", "fields"}, person
        here = {
            "/" + "/".join(n.path): n
            for n in walk(leaves[entry["page"]].nodes)
            if isinstance(n, QuestionNode)
        }
        assert len(set(entry["fields"].values())) == len(entry["fields"]), person
        for field, path in entry["fields"].items():
            assert path in here, (person, path)
            assert here[path].type.value in FITS[field], (person, path)


@each
def test_a_person_whose_year_alone_may_be_known_is_prefilled_either_way(slug: str) -> None:
    paths = {"/" + "/".join(path) for path in walker.form(slug).questions}
    for person, entry in pack.toml(f"procedures/{slug}/prefill.toml")["person"].items():
        day = entry["fields"].get("born_on", "")
        year = day.replace("ngay_sinh", "nam_sinh")
        if year != day and year in paths:
            assert entry["fields"].get("born_year") == year, person


def test_every_tag_of_a_source_stands_in_the_manifest() -> None:
    assert set(pack.TAG) | {"P"} == set(
        tomllib.loads((pack.ROOT / "manifest.toml").read_text("utf-8"))["source_tags"]
    )
