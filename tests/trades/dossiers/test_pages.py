"""Saving page by page: nothing typed is lost, alone or with another guide over the same draft."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.base import db
from hub.base.errors import Conflict, Missing, NotReady
from hub.forms import markup, questions
from hub.forms.page import ProblemKind
from hub.trades.dossiers import ledger, pages
from hub.trades.dossiers.model import Clash, Saved, What
from tests.trades.dossiers.guide import Guide

_NAME, _HOME = "/data/nguoi/ho_ten", "/data/nguoi/noi_o"


def _typed(guide: Guide, draft_id: str, path: str) -> str:
    instance = guide.look(draft_id).instance
    node = instance.node(path)
    return instance.typed(node) or instance.value(node)


def test_a_page_with_faults_is_saved_all_the_same(guide: Guide) -> None:
    draft = guide.start()
    answers = {"/data/nguoi/so": "12", "/data/nguoi/ngay_sinh": "31/02/1999"}
    saved = guide.save(draft.id, "nguoi", answers)
    assert {problem.path for problem in saved.problems} >= {_NAME, *answers}
    assert saved.version == 2
    assert _typed(guide, draft.id, "/data/nguoi/ngay_sinh") == "31/02/1999"
    assert _typed(guide, draft.id, "/data/nguoi/so") == "12"
    assert guide.drawn(draft.id, "nguoi")["/data/nguoi/ngay_sinh"].value == "31/02/1999"


def test_a_saved_page_is_there_after_a_crash(guide: Guide, database: Path) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    # Another process, which has seen nothing of this one.
    other = db.connect(database)
    try:
        again = Guide(other, guide.clock, guide.xml, settings=guide.settings)
        assert again.look(draft.id).instance.get(_NAME) == "Lý A Mẫu"
    finally:
        other.close()


def test_guides_on_different_pages_do_not_disturb_each_other(guide: Guide) -> None:
    draft = guide.start()
    mine, theirs = guide.fields(draft.id, "nguoi", {_NAME: "Lý A Mẫu"}), guide.fields(
        draft.id, "giay", {"/data/giay/ghi_chu": "đủ"}
    )
    guide.save(draft.id, "nguoi", {}, expected=1, fields=mine)
    guide.save(draft.id, "giay", {}, expected=1, fields=theirs)
    instance = guide.look(draft.id).instance
    assert (instance.get(_NAME), instance.get("/data/giay/ghi_chu")) == ("Lý A Mẫu", "đủ")


def test_two_threads_saving_different_pages_lose_nothing(guide: Guide, database: Path) -> None:
    draft = guide.start()
    asked = {
        "nguoi": guide.fields(draft.id, "nguoi", {_NAME: "Lý A Mẫu"}),
        "giay": guide.fields(draft.id, "giay", {"/data/giay/ghi_chu": "đủ"}),
    }
    failed: list[BaseException] = []

    def work(page_id: str) -> None:
        conn = db.connect(database)
        try:
            one = Guide(conn, guide.clock, guide.xml, settings=guide.settings)
            for _ in range(8):
                one.save(draft.id, page_id, {}, expected=1, fields=asked[page_id])
        except BaseException as bad:
            failed.append(bad)
        finally:
            conn.close()

    workers = [threading.Thread(target=work, args=(page_id,)) for page_id in asked]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert not failed
    instance = guide.look(draft.id).instance
    assert (instance.get(_NAME), instance.get("/data/giay/ghi_chu")) == ("Lý A Mẫu", "đủ")
    assert guide.version(draft.id) == 17


def _clash(guide: Guide, draft_id: str) -> Clash:
    """One guide saves name and home; another, who saw the empty page, saves other ones."""
    late = guide.fields(draft_id, "nguoi", {_NAME: "Lý A Mẫu", "/data/nguoi/gioi_tinh": "nu"})
    early = {_NAME: "Lý Văn Mẫu", _HOME: "Thôn Mẫu", "/data/nguoi/gioi_tinh": "nam"}
    guide.save(draft_id, "nguoi", early)
    with pytest.raises(Clash) as found:
        guide.save(draft_id, "nguoi", {}, expected=1, fields=late)
    return found.value


def test_the_slower_guide_is_told_what_both_have(guide: Guide) -> None:
    draft = guide.start()
    clash = _clash(guide, draft.id)
    told = {one.path: (one.label, one.mine, one.theirs) for one in clash.differences}
    assert told == {
        _NAME: ("Họ tên", "Lý A Mẫu", "Lý Văn Mẫu"),
        _HOME: ("Nơi ở", "", "Thôn Mẫu"),
        "/data/nguoi/gioi_tinh": ("Giới tính", "Nữ", "Nam"),
    }
    assert "Lý" not in str(clash) and "Lý" not in repr(clash.differences)
    assert guide.look(draft.id).instance.get(_NAME) == "Lý Văn Mẫu"


def test_what_was_typed_too_late_is_kept_until_somebody_chooses(guide: Guide, database: Path) -> None:
    draft = guide.start()
    clash = _clash(guide, draft.id)
    assert guide.look(draft.id).draft.asides == 1
    (aside,) = pages.asides(guide.conn, draft.id, key=guide.key, moment=guide.clock.read(), lang="vi")
    assert aside.id == clash.aside_id and aside.differences == clash.differences
    held = b"".join(path.read_bytes() for path in database.parent.glob("house.db*"))
    assert "Lý A Mẫu".encode() not in held


def _resolve(guide: Guide, draft_id: str, aside_id: int, mine: set[str], expected: int) -> Saved:
    return pages.resolve(
        guide.conn,
        draft_id,
        aside_id,
        mine,
        expected_version=expected,
        key=guide.key,
        staff=2,
        moment=guide.clock.read(),
        lang="vi",
    )


def test_a_guide_chooses_answer_by_answer(guide: Guide) -> None:
    draft = guide.start()
    clash = _clash(guide, draft.id)
    _resolve(guide, draft.id, clash.aside_id, {_NAME}, clash.version)
    instance = guide.look(draft.id).instance
    assert instance.get(_NAME) == "Lý A Mẫu"
    assert instance.get(_HOME) == "Thôn Mẫu" and instance.get("/data/nguoi/gioi_tinh") == "nam"
    assert guide.look(draft.id).draft.asides == 0
    with pytest.raises(Missing, match="no_aside"):
        _resolve(guide, draft.id, clash.aside_id, set(), clash.version + 1)
    assert [event.what for event in ledger.events(guide.conn, draft.id, (What.RESOLVED,))] == [What.RESOLVED]


def test_an_emptied_box_may_be_chosen_too(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu", "/data/nguoi/nuoi": ["trau", "lon"]})
    seen = guide.version(draft.id)
    none = guide.fields(draft.id, "nguoi", {"/data/nguoi/nuoi": []})
    del none["/data/nguoi/nuoi"]
    guide.save(draft.id, "nguoi", {"/data/nguoi/nuoi": ["trau"]})
    with pytest.raises(Clash) as found:
        guide.save(draft.id, "nguoi", {}, expected=seen, fields=none)
    (difference,) = found.value.differences
    assert (difference.mine, difference.theirs) == ("", "Trâu")
    _resolve(guide, draft.id, found.value.aside_id, {difference.path}, found.value.version)
    assert guide.look(draft.id).instance.get("/data/nguoi/nuoi") == ""


def test_a_choice_made_on_an_old_picture_of_the_draft_is_not_taken(guide: Guide) -> None:
    draft = guide.start()
    clash = _clash(guide, draft.id)
    guide.save(draft.id, "nguoi", {_NAME: "Lý Thị Mẫu"})
    with pytest.raises(Conflict, match="changed_meanwhile"):
        _resolve(guide, draft.id, clash.aside_id, {_NAME}, clash.version)
    assert guide.look(draft.id).draft.asides == 1


def test_the_same_page_sent_twice_is_no_conflict(guide: Guide) -> None:
    draft = guide.start()
    fields = guide.fields(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    guide.save(draft.id, "nguoi", {}, expected=1, fields=fields)
    guide.save(draft.id, "nguoi", {}, expected=1, fields=fields)
    assert guide.look(draft.id).draft.asides == 0


def test_a_child_removed_by_another_keeps_what_was_typed_of_it(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "con", {"add:/data/con": "1"})
    seen = guide.version(draft.id)
    fields = guide.fields(draft.id, "con", {"/data/con[2]/ten": "Lý Thị Mẫu"})
    guide.save(draft.id, "con", {"remove:/data/con[2]": "1"})
    with pytest.raises(Clash) as found:
        guide.save(draft.id, "con", {}, expected=seen, fields=fields)
    (difference,) = found.value.differences
    assert difference.gone and difference.mine == "Lý Thị Mẫu"


def test_a_removal_asked_for_on_an_old_page_removes_nobody(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "con", {"/data/con[1]/ten": "Một", "add:/data/con": "1"})
    guide.save(draft.id, "con", {"/data/con[2]/ten": "Hai"})
    seen = guide.version(draft.id)
    late = guide.fields(draft.id, "con", {"remove:/data/con[1]": "1"})
    guide.save(draft.id, "con", {"remove:/data/con[1]": "1"})
    with pytest.raises(Clash):
        guide.save(draft.id, "con", {}, expected=seen, fields=late)
    assert guide.look(draft.id).instance.get("/data/con[1]/ten") == "Hai"


def test_a_posted_file_name_is_never_believed(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "giay", {"/data/giay/co_giay": "co"})
    guide.save(draft.id, "giay", {"/data/giay/anh": "../../etc/passwd"})
    assert guide.look(draft.id).instance.get("/data/giay/anh") == ""


def test_an_unknown_page_is_missing_and_changes_nothing(guide: Guide) -> None:
    draft = guide.start()
    with pytest.raises(Missing, match="no_such_page"):
        guide.save(draft.id, "khong-co", {}, fields={_NAME: ["x"]})
    assert guide.version(draft.id) == 1


def test_a_name_with_nul_is_cleaned_and_kept(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý\x00 A\x07 Mẫu"})
    assert guide.look(draft.id).instance.get(_NAME) == "Lý A Mẫu"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(max_size=40),
    note=st.text(max_size=60),
    number=st.text(max_size=20),
    born=st.one_of(st.text(max_size=12), st.dates().map(lambda day: day.strftime("%d/%m/%Y"))),
    # A browser posts ticked boxes in the order they stand in.
    animals=st.sets(st.sampled_from(["trau", "lon", "khac"])).map(
        lambda found: [one for one in ("trau", "lon", "khac") if one in found]
    ),
)
def test_whatever_is_typed_is_shown_again(
    guide: Guide, name: str, note: str, number: str, born: str, animals: list[str]
) -> None:
    draft = guide.start()
    answers = {_NAME: name, "/data/nguoi/so": number, "/data/nguoi/ngay_sinh": born}
    guide.save(draft.id, "nguoi", {**answers, "/data/nguoi/nuoi": animals})
    guide.save(draft.id, "giay", {"/data/giay/ghi_chu": note})
    instance = guide.look(draft.id).instance
    assert _typed(guide, draft.id, _NAME).strip() == markup.clean(name).strip()
    assert _typed(guide, draft.id, "/data/giay/ghi_chu").strip() == markup.clean(note).strip()
    assert instance.get("/data/nguoi/nuoi").split() == animals
    shown = guide.drawn(draft.id, "nguoi")
    # Read or not read, the date stands in its box; drawing and posting it again changes nothing.
    assert bool(shown["/data/nguoi/ngay_sinh"].value) == bool(markup.clean(born).strip())
    before = instance.submission_xml() if not _unread(guide, draft.id) else instance.to_xml()
    guide.save(draft.id, "nguoi", {})
    again = guide.look(draft.id).instance
    assert (again.submission_xml() if not _unread(guide, draft.id) else again.to_xml()) == before


def _unread(guide: Guide, draft_id: str) -> bool:
    view = guide.look(draft_id)
    found = questions.check_all(view.form, view.instance, "vi")
    return any(problem.kind is ProblemKind.UNREADABLE for problem in found)


def test_a_full_disk_is_one_sentence_and_the_draft_stays(guide: Guide, database: Path) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    pages_now = guide.conn.execute("PRAGMA page_count").fetchone()[0]
    guide.conn.execute(f"PRAGMA max_page_count={pages_now}")
    try:
        with pytest.raises(NotReady, match="disk_full"):
            guide.save(draft.id, "giay", {"/data/giay/ghi_chu": "dài " * 20_000})
    finally:
        guide.conn.execute("PRAGMA max_page_count=1073741823")
    assert guide.look(draft.id).instance.get(_NAME) == "Lý A Mẫu"
    assert not guide.conn.in_transaction and isinstance(guide.conn, sqlite3.Connection)
