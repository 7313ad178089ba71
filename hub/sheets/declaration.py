"""A declaration for any form: heading of the state, the form's own sections, answers on dots, a place to
sign.

Keeps true: every question that was asked stands with its answer, in the form's order; what nobody answered is
a dotted line. It never looks like a form of the state that it is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.sheets import ct01_notes as words
from hub.sheets import typography
from hub.sheets.book import Book
from hub.sheets.model import Declaration, Line, Section
from hub.sheets.typography import Face, Run, Set

_BODY, _CELL = 10.5, 8.5
_LEADING = 1.5
_MOST_COLUMNS = 7
_WIDEST = 0.45
_SIGN_SPACE = 66.0
_TO_SIGN = "(ký, ghi rõ họ, chữ đệm và tên)"


def draw(sheet: Declaration) -> bytes:
    """Return the declaration as PDF."""
    book = Book("Tờ khai", foot=sheet.foot, top=50.0)
    book.centre(words.STATE, Face.SERIF_BOLD, 11.5)
    book.centre(words.MOTTO, Face.SERIF_BOLD, 11.5)
    half = typography.width(words.MOTTO, Face.SERIF_BOLD, 11.5) / 2
    middle = (book.left + book.right) / 2
    book.rule(middle - half, book.y, middle + half, book.y)
    book.space(16)
    book.centre(sheet.title.upper(), Face.SERIF_BOLD, 13.5)
    if sheet.under:
        book.centre(sheet.under, Face.SERIF_ITALIC, 9.5)
    book.space(8)
    if sheet.addressed_to:
        _line(book, Line("Kính gửi", sheet.addressed_to))
    for section in sheet.sections:
        _section(book, section)
    _sign(book, sheet.signer)
    return book.pdf()


def _section(book: Book, section: Section) -> None:
    if section.title:
        size = 11.0 if section.level == 1 else 10.0
        # A heading does not stay behind alone.
        book.need(size * 1.6 + _BODY * _LEADING * 2)
        book.space(6 if section.level == 1 else 3)
        face = Face.SERIF_BOLD if section.level == 1 else Face.SERIF_ITALIC
        book.paragraph((Run(section.title, face, size),), leading=1.5)
    for line in section.lines:
        _line(book, line)
    if section.heads:
        if len(section.heads) <= _MOST_COLUMNS:
            _table(book, section.heads, section.rows)
        else:
            _listed(book, section.heads, section.rows)


def _line(book: Book, line: Line) -> None:
    asked = line.label.rstrip(" :.")
    end = "" if asked.endswith(("?", "!")) else ":"
    label = typography.lines((Run(asked + end, Face.SERIF, _BODY),), book.across)
    begin = sum(run.width for run in label[-1]) + 3
    # An answer that would begin in the last corner of a line begins on the next one.
    if begin > book.across * 0.8:
        begin = book.across
    room = book.across - begin
    answer = typography.lines((Run(line.answer, Face.SERIF, _BODY),), book.across, room if room > 1 else None)
    for one in label[:-1] if room > 1 else label:
        book.line(one, leading=_LEADING)
    for at, one in enumerate(answer):
        book.need(_BODY * _LEADING)
        base = book.y + _BODY * 1.05
        x = book.left + (begin if at == 0 and room > 1 else 0.0)
        if at == 0 and room > 1:
            book.write(label[-1], book.left, base)
        book.rule(x, base + 2.2, book.right, base + 2.2, dots=True)
        book.write(one, x, base)
        book.y += _BODY * _LEADING


def _table(book: Book, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    columns = ["TT", *heads]
    told = [[str(number), *row] for number, row in enumerate(rows, start=1)]
    widths = _widths(book, columns, told)
    head = [
        typography.lines((Run(one, Face.SERIF_BOLD, _CELL),), wide - 6) for one, wide in zip(columns, widths)
    ]
    drawn = [
        [typography.lines((Run(one, Face.SERIF, _CELL + 0.5),), wide - 6) for one, wide in zip(row, widths)]
        for row in told
    ]
    if max(map(_high, drawn), default=0.0) > book.bottom - book.top - _high(head):
        # A row that is higher than a page would lose its end.
        _listed(book, heads, rows)
        return
    book.space(2)
    book.need(_high(head) + 22)
    _row(book, head, widths, centred=True)
    for cells in drawn:
        if book.need(min(_high(cells), book.bottom - book.top - _high(head))):
            _row(book, head, widths, centred=True)
        _row(book, cells, widths)
    book.space(4)


def _widths(book: Book, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[float]:
    """Share the page by what stands in the columns; none is narrower than its longest word where that can
    be.
    """
    wanted, least = [], []
    for at, head in enumerate(heads):
        cells = [head, *(row[at] for row in rows)]
        widest = (
            max(typography.width(typography.printable(one), Face.SERIF, _CELL + 0.5) for one in cells) + 8
        )
        wanted.append(min(widest, book.across * _WIDEST))
        words_in = [word for one in cells for word in typography.printable(one).split()] or [""]
        longest = max(typography.width(word, Face.SERIF_BOLD, _CELL + 0.5) for word in words_in)
        least.append(min(longest + 8, book.across / len(heads)))
    spare = max(0.0, book.across - sum(least))
    more = [max(0.0, want - low) for want, low in zip(wanted, least)]
    whole = sum(more) or 1.0
    shared = [low + spare * one / whole for low, one in zip(least, more)]
    return [one * book.across / sum(shared) for one in shared]


def _high(cells: Sequence[Sequence[Set]]) -> float:
    return (
        max(sum(max((run.size for run in line), default=_CELL) * 1.3 for line in cell) for cell in cells) + 6
    )


def _row(book: Book, cells: Sequence[Sequence[Set]], widths: Sequence[float], centred: bool = False) -> None:
    high, x = _high(cells), book.left
    for cell, wide in zip(cells, widths):
        book.box(x, book.y, wide, high, thick=0.6)
        y = book.y + 3
        for line in cell:
            size = max((run.size for run in line), default=_CELL)
            book.write(line, x + wide / 2 if centred else x + 3, y + size, anchor=0.5 if centred else 0.0)
            y += size * 1.3
        x += wide
    book.y += high


def _listed(book: Book, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write what has too many columns for a page one below the other, numbered."""
    for number, row in enumerate(rows, start=1):
        book.need(_BODY * _LEADING * 2)
        book.paragraph((Run(f"{number}.", Face.SERIF_BOLD, _BODY),), leading=_LEADING)
        for head, cell in zip(heads, row):
            _line(book, Line(head, cell))


def _sign(book: Book, signer: str) -> None:
    name = typography.fitted(signer, Face.SERIF_BOLD, 10.5, 8.0, book.across / 2 - 10)
    book.space(14)
    book.need(48 + _SIGN_SPACE + len(name) * 13)
    middle = book.right - book.across / 4
    for text, face, size in (
        (words.SIGNED_ON, Face.SERIF_ITALIC, 10.0),
        ("NGƯỜI KHAI", Face.SERIF_BOLD, 10.5),
        (_TO_SIGN, Face.SERIF_ITALIC, 9.0),
    ):
        book.write((Run(text, face, size),), middle, book.y + size, anchor=0.5)
        book.y += size * 1.5
    book.y += _SIGN_SPACE
    for line in name:
        book.write(line, middle, book.y, anchor=0.5)
        book.y += 13
