"""One search over everything."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hub.base import db, migrate, text
from hub.overview import documents, search
from hub.overview.documents import Document, Kind
from hub.packs import shelf
from tests.shelves import core

_DOCUMENTS = (
    Document(Kind.LESSON, "a/mua", "vi", "Mua hàng", "Cách mua bán trên mạng, hòa nhã với khách."),
    Document(Kind.LESSON, "a/mua-vu", "vi", "Mùa vụ", "Mùa này trồng quế, mùa sau trồng chè."),
    Document(Kind.LESSON, "a/mua-troi", "vi", "Trời mưa", "Mưa to thì ở nhà."),
    Document(Kind.PROCEDURE, "khai-sinh", "vi", "Đăng ký khai sinh", "Mã thủ tục 3.000722. Hoà giải ở xã."),
    Document(
        Kind.PROCEDURE, "khai-sinh", "en", "Birth registration", "Dang ky khai sinh: to register a birth."
    ),
    Document(Kind.SCAM, "dang-dem", "vi", "Đang đêm gọi điện", "Kỳ lạ: kẻ gian đang gọi."),
)


@pytest.fixture(scope="module")
def found_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    conn = db.connect(tmp_path_factory.mktemp("search") / "house.db")
    migrate.migrate(conn)
    search.replace(conn, _DOCUMENTS)
    yield conn
    conn.close()


def _slugs(conn: sqlite3.Connection, query: str, lang: str = "vi") -> list[str]:
    return [hit.slug for hit in search.find(conn, query, lang).hits]


@pytest.mark.parametrize(
    "query", ["đăng ký khai sinh", "dang ky khai sinh", "ĐĂNG KÝ khai sinh", "ðăng ký khai si"]
)
def test_accents_d_and_case_do_not_matter(found_in: sqlite3.Connection, query: str) -> None:
    assert _slugs(found_in, query)[0] == "khai-sinh"


def test_decomposed_letters_find_the_same(found_in: sqlite3.Connection) -> None:
    assert _slugs(found_in, "\u0110a\u0306ng ky\u0301") == _slugs(found_in, "Đăng ký") != []


@pytest.mark.parametrize(("query", "first"), [("mùa", "a/mua-vu"), ("mưa", "a/mua-troi"), ("mua", "a/mua")])
def test_exact_accents_come_first_and_the_others_follow(
    found_in: sqlite3.Connection, query: str, first: str
) -> None:
    slugs = _slugs(found_in, query)
    assert slugs[0] == first
    assert set(slugs) == {"a/mua", "a/mua-vu", "a/mua-troi"}


def test_both_ways_of_placing_a_tone_are_exact(found_in: sqlite3.Connection) -> None:
    for query in ("hoà", "hòa"):
        hits = search.find(found_in, query, "vi").hits
        assert {hit.slug for hit in hits if hit.exact} == {"a/mua", "khai-sinh"}


def test_words_side_by_side_come_before_scattered_ones(found_in: sqlite3.Connection) -> None:
    assert _slugs(found_in, "dang ky")[0] == "khai-sinh"


def test_the_last_word_may_be_a_beginning_and_the_others_not(found_in: sqlite3.Connection) -> None:
    assert _slugs(found_in, "khai si") == ["khai-sinh"]
    assert search.find(found_in, "si khai", "vi").loose


def test_a_procedure_is_found_by_its_code(found_in: sqlite3.Connection) -> None:
    assert _slugs(found_in, "3.000722") == ["khai-sinh"]


def test_the_readers_language_is_shown_and_one_page_comes_once(found_in: sqlite3.Connection) -> None:
    for lang, title in (("vi", "Đăng ký khai sinh"), ("en", "Birth registration")):
        hits = [
            hit for hit in search.find(found_in, "dang ky khai sinh", lang).hits if hit.slug == "khai-sinh"
        ]
        assert [(hit.lang, hit.title) for hit in hits] == [(lang, title)]


def test_a_snippet_keeps_its_accents_and_marks_what_was_found(found_in: sqlite3.Connection) -> None:
    hit = search.find(found_in, "trong che", "vi").hits[0]
    assert "".join(piece.text for piece in hit.snippet) == "Mùa này trồng quế, mùa sau trồng chè."
    assert [piece.text for piece in hit.snippet if piece.hit] == ["trồng", "trồng chè"]


@pytest.mark.parametrize("query", ["ddawng kys khai", "d9a8ng ky1 khai"])
def test_untyped_telex_is_read_when_nothing_else_is_found(found_in: sqlite3.Connection, query: str) -> None:
    found = search.find(found_in, query, "vi")
    assert (found.meant, found.hits[0].slug) == ("đăng ký khai", "khai-sinh")


def test_words_that_are_there_as_typed_are_never_reread(found_in: sqlite3.Connection) -> None:
    assert search.find(found_in, "birth", "en").meant is None


def test_if_no_page_has_all_words_those_with_some_are_shown_as_such(found_in: sqlite3.Connection) -> None:
    found = search.find(found_in, "trồng khoai", "vi")
    assert (found.loose, [hit.slug for hit in found.hits]) == (True, ["a/mua-vu"])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda raw: raw.decode("utf-8", "surrogateescape")))
@example('"')
@example("mua OR")
@example("NEAR(a b, 3)")
@example("title:mua *")
@example("\0")
@example("\udcff")
@example("½ ² ﬁ ① क्ष")
@example("a" * 5_000)
@example("ْ" * 50)
def test_any_text_gets_an_answer(found_in: sqlite3.Connection, query: str) -> None:
    found = search.find(found_in, query, "vi")
    assert len(found.hits) <= 20
    assert all(hit.title for hit in found.hits)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(_DOCUMENTS), st.data())
def test_every_word_of_a_page_finds_the_page(
    found_in: sqlite3.Connection, one: Document, data: st.DataObject
) -> None:
    word = data.draw(st.sampled_from(one.body.split()))
    hits = search.find(found_in, word, one.lang).hits
    assert (one.kind, one.slug) in {(hit.kind, hit.slug) for hit in hits}


@given(st.text(max_size=600), st.text("abcd ", min_size=1, max_size=8).filter(str.strip))
@example("A¼", "a")
def test_a_snippet_is_a_stretch_of_the_page(body: str, query: str) -> None:
    body = text.clean(body, lines=True)
    pieces = search._snippet(body, tuple(query.split()))
    shown = "".join(piece.text for piece in pieces).removeprefix("… ").removesuffix(" …")
    assert shown in body.replace("\n", " ")


def test_the_index_is_built_once_a_pack_and_program(conn: sqlite3.Connection, tmp_path: Path) -> None:
    opened: shelf.Shelf = core(tmp_path / "packs")
    assert search.rebuild(conn, opened, "0.1.0")
    assert not search.rebuild(conn, opened, "0.1.0")
    assert search.rebuild(conn, opened, "0.2.0")
    kinds = {hit.kind for hit in search.find(conn, "tien", "vi", 50).hits}
    assert {Kind.LESSON, Kind.SCAM} <= kinds
    assert search.find(conn, "vo que", "vi").hits[0].kind is Kind.PRICE
    for query in ("khai sinh", "giay khai sinh", "3.000722", "2.000986"):
        assert search.find(conn, query, "vi").hits[0].slug == "lien-thong-khai-sinh"
    assert {hit.kind for hit in search.find(conn, "lừa đảo", "vi", 50).hits} >= {Kind.SCAM}


def test_a_failed_rebuild_leaves_the_old_index(conn: sqlite3.Connection, tmp_path: Path) -> None:
    opened = core(tmp_path / "packs")

    def one(_shelf: shelf.Shelf) -> Iterator[Document]:
        yield from _DOCUMENTS

    def broken(_shelf: shelf.Shelf) -> Iterator[Document]:
        yield Document(Kind.LESSON, "a/moi", "vi", "Mới", "Mới")
        raise OSError("card pulled")

    search.rebuild(conn, opened, "1", [one])
    with pytest.raises(OSError):
        search.rebuild(conn, opened, "2", [broken])
    assert _slugs(conn, "mưa")[0] == "a/mua-troi"
    assert _slugs(conn, "mới") == []


def test_readers_find_something_at_every_moment_of_a_rebuild(database: Path) -> None:
    writer = db.connect(database)
    search.replace(writer, _DOCUMENTS)
    stop, empty, asked = threading.Event(), [], []

    def read() -> None:
        conn = db.connect(database)
        while not stop.is_set():
            asked.append(1)
            if not search.find(conn, "mưa", "vi").hits:
                empty.append(1)
        conn.close()

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(15):
        search.replace(writer, _DOCUMENTS)
    stop.set()
    reader.join(10)
    writer.close()
    assert asked and not empty


def test_every_document_of_the_core_pack_has_words_in_both_languages(tmp_path: Path) -> None:
    gathered = list(documents.all_of(core(tmp_path)))
    assert all(one.title and one.body for one in gathered)
    by_lang = {lang: {(one.kind, one.slug) for one in gathered if one.lang == lang} for lang in ("vi", "en")}
    assert by_lang["vi"] == by_lang["en"] != set()
