"""One search over everything on the shelf, with or without accents.

Keeps true: any text at all may be searched for and gets an answer; words with exactly the reader's accents
come first ("mưa" before "mua" before "mùa"); what is shown keeps its accents. It finds no person and keeps no
query.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hub.base import aligned, db, text
from hub.overview import documents, telex
from hub.overview.documents import Document, Kind
from hub.packs.shelf import Shelf

_BUILT_FROM = "search_built_from"
_CANDIDATES = 200
_MOST_WORDS = 12
_LONGEST_QUERY = 200
_SNIPPET = 140
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a snippet; ``hit`` when it is what was looked for."""

    text: str
    hit: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """One document that was found."""

    kind: Kind
    slug: str
    lang: str
    title: str
    snippet: tuple[Piece, ...]
    exact: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought.

    ``meant`` is how the query was read when it looked like un-typed Telex or VNI; ``loose`` when no document
    has all the words and those with some of them are shown.
    """

    hits: tuple[Hit, ...]
    meant: str | None
    loose: bool


def rebuild(
    conn: sqlite3.Connection,
    shelf: Shelf,
    program: str,
    sources: Sequence[documents.Source] = documents.SOURCES,
) -> bool:
    """Read all documents of ``shelf`` anew, unless that was done for this pack and this ``program`` version.

    Returns whether it was done. Readers see the old documents until the new ones are all there.
    """
    built_from = f"{shelf.name} {shelf.id} {program}"
    if _built_from(conn) == built_from:
        return False
    gathered = tuple(documents.all_of(shelf, tuple(sources)))
    with db.write(conn):
        replace(conn, gathered)
        conn.execute("INSERT OR REPLACE INTO facts(name, value) VALUES (?, ?)", (_BUILT_FROM, built_from))
    return True


def replace(conn: sqlite3.Connection, found: Iterable[Document]) -> None:
    """Make ``found`` all that there is to search."""
    with db.write(conn):
        conn.execute("DELETE FROM search_documents")
        conn.execute("INSERT INTO search_words(search_words) VALUES ('delete-all')")
        for one in found:
            title, body = text.clean(one.title), text.clean(one.body, lines=True)
            folded = f" {_line(text.fold(title))} \n {_line(text.fold(body))} "
            spelt = f" {_line(title, _spelt)} \n {_line(body, _spelt)} "
            row = conn.execute(
                "INSERT INTO search_documents(kind, slug, lang, title, body, folded, spelt)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (one.kind, one.slug, one.lang, title, body, folded, spelt),
            )
            conn.execute(
                "INSERT INTO search_words(rowid, title, body) VALUES (?, ?, ?)",
                (row.lastrowid, text.fold(one.title), text.fold(one.body)),
            )


def find(conn: sqlite3.Connection, query: str, lang: str, limit: int = 20) -> Found:
    """Return what ``query`` finds, best first: ``lang`` before other languages, exact accents before others.

    All words must be there, the last one may be a beginning. If nothing has them all, the query is tried as
    un-typed Telex, then any of the words is enough. Never raises for any text.
    """
    asked = text.clean(query[:_LONGEST_QUERY])
    words = _words(asked)
    if not words or limit < 1:
        return Found((), None, False)
    hits = _hits(conn, words, asked, lang, limit)
    if hits:
        return Found(hits, None, False)
    meant = unicodedata.normalize("NFC", telex.read(asked))
    if meant.casefold() != asked.casefold():
        hits = _hits(conn, _words(meant), meant, lang, limit)
        if hits:
            return Found(hits, meant, False)
    # One letter alone is in every page.
    some = tuple(word for word in words if len(word) > 1)
    hits = _hits(conn, some, asked, lang, limit, loose=True) if len(words) > 1 and some else ()
    return Found(hits, None, bool(hits))


def _words(asked: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.fold(asked))[:_MOST_WORDS])


def _hits(
    conn: sqlite3.Connection,
    words: tuple[str, ...],
    asked: str,
    lang: str,
    limit: int,
    *,
    loose: bool = False,
) -> tuple[Hit, ...]:
    match = " OR ".join(f'"{word}"' for word in words)
    if not loose:
        match = " ".join(f'"{word}"' for word in words) + "*"
    rows = conn.execute(
        "SELECT d.*, bm25(search_words, 8.0, 1.0) AS far"
        " FROM search_words JOIN search_documents d ON d.id = search_words.rowid"
        " WHERE search_words MATCH ? ORDER BY far LIMIT ?",
        (match, _CANDIDATES),
    ).fetchall()
    wanted = [_spelt(word) for word in _WORD.findall(unicodedata.normalize("NFC", asked))[:_MOST_WORDS]]
    exact = {row["id"]: not loose and _exact(row["spelt"], wanted) for row in rows}
    side = {row["id"]: _side_by_side(row["folded"], words) for row in rows}
    ranked = sorted(
        rows,
        key=lambda row: (row["lang"] != lang, not exact[row["id"]], side[row["id"]], row["far"], row["slug"]),
    )
    hits: dict[tuple[str, str], Hit] = {}
    for row in ranked:
        key = (row["kind"], row["slug"])
        if key in hits:
            continue
        snippet = _snippet(row["body"], words)
        hits[key] = Hit(Kind(row["kind"]), row["slug"], row["lang"], row["title"], snippet, exact[row["id"]])
        if len(hits) == limit:
            break
    return tuple(hits.values())


def _side_by_side(folded: str, words: Sequence[str]) -> tuple[int, int]:
    """Return 0 and how far in when the words stand together in the title, 1 in the body, 2 when scattered."""
    phrase = " " + " ".join(words)
    place = folded.find(phrase)
    if place < 0:
        return 2, 0
    return (0, place) if place < folded.index("\n") else (1, 0)


def _exact(spelt: str, wanted: Sequence[str]) -> bool:
    if f" {' '.join(wanted)} " in spelt:
        return True
    # Without any accent the words may have been meant with theirs: only all of them together are then exact.
    if all(word.isascii() for word in wanted):
        return False
    return all(f" {word} " in spelt for word in wanted[:-1]) and f" {wanted[-1]}" in spelt


def _line(shown: str, spell: Callable[[str], str] = str) -> str:
    return " ".join(spell(word) for word in _WORD.findall(unicodedata.normalize("NFC", shown)))


def _spelt(word: str) -> str:
    """Return ``word`` so that "hoà" and "hòa" are the same: its tone stands at the end."""
    apart = unicodedata.normalize("NFD", word.casefold())
    tone = "".join(mark for mark in apart if mark in _TONES)
    return "".join(mark for mark in apart if mark not in _TONES) + tone


def _snippet(body: str, words: Sequence[str]) -> tuple[Piece, ...]:
    """Return the stretch of ``body`` around the first words found, hits marked, accents as written."""
    seen = aligned.fold(body, alike=False)
    last = rf"{re.escape(words[-1])}[^\W_]*"
    phrase = r"[\W_]+".join((*map(re.escape, words[:-1]), last))
    each = "|".join((*(rf"{re.escape(word)}(?![^\W_])" for word in words[:-1]), last))
    spots = [
        seen.whole(*match.span()) for match in re.finditer(rf"(?<![^\W_])(?:{phrase}|{each})", seen.folded)
    ]
    together = re.search(rf"(?<![^\W_]){phrase}", seen.folded)
    first = together.start() if together else spots[0][0] if spots else 0
    start = max(0, first - _SNIPPET // 3)
    end = min(len(seen.folded), start + _SNIPPET)
    start, end = _at_words(seen.folded, start, end)
    pieces: list[Piece] = []
    place = start
    for hit_start, hit_end in spots:
        if hit_start < place or hit_end > end:
            continue
        pieces += [
            Piece(_between(seen, place, hit_start), False),
            Piece(seen.shown(hit_start, hit_end), True),
        ]
        place = hit_end
    pieces.append(Piece(_between(seen, place, end), False))
    pieces[:1] = [Piece(("… " if start > 0 else "") + pieces[0].text, pieces[0].hit)]
    if end < len(seen.folded):
        pieces.append(Piece(" …", False))
    return tuple(piece for piece in pieces if piece.text)


def _between(seen: aligned.Aligned, start: int, end: int) -> str:
    return seen.shown(start, end).replace("\n", " ")


def _at_words(folded: str, start: int, end: int) -> tuple[int, int]:
    while start > 0 and not folded[start - 1].isspace():
        start -= 1
    while end < len(folded) and not folded[end].isspace():
        end += 1
    return start, end


def _built_from(conn: sqlite3.Connection) -> str | None:
    row = conn.execute("SELECT value FROM facts WHERE name = ?", (_BUILT_FROM,)).fetchone()
    return str(row[0]) if row else None
