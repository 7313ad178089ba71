"""The House's own sheets: the cover of a dossier for the officer, the checklist for whoever goes there.

Keeps true: it is plain whose sheet this is; the code stands large and also as a QR; boxes are drawn, so that
a pen can tick them. It carries the woven border of the House and nothing else for show.
"""

from __future__ import annotations

import segno

from hub.sheets import typography
from hub.sheets.book import Book
from hub.sheets.model import Block, Item, Leaflet, Mark
from hub.sheets.typography import Face, Run

_SIZES = ((11.0, 9.0), (10.3, 8.5), (9.6, 8.2))
_QR_WIDE = 92.0
_BOX = 9.5
_WEAVE = 7.0


def draw(sheet: Leaflet) -> bytes:
    """Return the sheet as PDF, set a little smaller where that saves a page."""
    drawn = _drawn(sheet, *_SIZES[0])
    for sizes in _SIZES[1:]:
        smaller = _drawn(sheet, *sizes)
        if smaller.count < drawn.count:
            return smaller.pdf()
    return drawn.pdf()


def _drawn(sheet: Leaflet, body: float, small: float) -> Book:
    page = _Page(sheet, body, small)
    page.head()
    page.facts()
    for block in sheet.blocks:
        page.block(block)
    return page.book


class _Page:
    def __init__(self, sheet: Leaflet, body: float, small: float) -> None:
        self.sheet, self.body, self.small = sheet, body, small
        self.book = Book(
            "Nhà văn hóa số",
            foot=sheet.foot,
            page_word="Page" if sheet.lang == "en" else "Trang",
            top=48.0,
            left=62.0,
            right=62.0,
            face=Face.SANS,
            lang=sheet.lang,
        )

    def head(self) -> None:
        book, sheet = self.book, self.sheet
        book.paragraph((Run(sheet.house, Face.SANS_BOLD, 13.0),))
        book.paragraph((Run(sheet.place, Face.SANS, self.small),))
        book.space(5)
        _woven(book)
        book.space(12)
        begin, right = book.y, book.right
        if sheet.qr:
            _qr(book, sheet.qr, sheet.qr_label)
            book.right -= _QR_WIDE + 18
        book.paragraph((Run(sheet.title, Face.SANS_BOLD, 19.0),), leading=1.25)
        if sheet.under:
            book.space(2)
            book.paragraph((Run(sheet.under, Face.SANS, self.small),))
        if sheet.code:
            book.space(8)
            book.paragraph((Run(sheet.code_label, Face.SANS, self.small),))
            book.paragraph((Run(sheet.code, Face.SANS_BOLD, 26.0),), leading=1.2)
        book.right = right
        if sheet.qr and book.count == 1:
            book.y = max(book.y, begin + _qr_high(sheet.qr_label))
        book.space(10)

    def facts(self) -> None:
        """Write what is known of the dossier in two columns."""
        book, facts = self.book, self.sheet.facts
        size = self.small + 0.5
        names = [typography.width(typography.printable(one.label), Face.SANS, size) for one in facts]
        edge = min(max(names, default=0.0), book.across * 0.4) + 12
        for one in facts:
            label = typography.lines((Run(one.label, Face.SANS, size),), edge - 10)
            said = typography.lines((Run(one.answer, Face.SANS_BOLD, self.body),), book.across - edge)
            book.need(max(len(label), min(len(said), 3)) * self.body * 1.45)
            page, low = book.count, book.y + len(label) * size * 1.4 + 2
            for at, line in enumerate(label):
                book.write(line, book.left, book.y + self.body + at * size * 1.4)
            for line in said:
                book.line(line, leading=1.45, indent=edge)
            if book.count == page:
                book.y = max(book.y, low)

    def block(self, block: Block) -> None:
        book = self.book
        book.need(20 + self.body * 4)
        book.space(8)
        book.paragraph((Run(block.title, Face.SANS_BOLD, self.body + 1),), leading=1.5)
        book.rule(book.left, book.y, book.right, book.y, thick=0.5)
        book.space(5)
        for item in block.items:
            self.item(item)

    def item(self, item: Item) -> None:
        book = self.book
        indent = 0.0 if item.mark is Mark.NONE else _BOX + 8
        lines = typography.lines((Run(item.words, Face.SANS, self.body),), book.across - indent)
        book.need(self.body * 1.45 * min(len(lines), 3) + (self.small * 1.4 if item.small else 0))
        _mark(book, item.mark)
        for line in lines:
            book.line(line, leading=1.42, indent=indent)
        if item.small:
            book.paragraph((Run(item.small, Face.SANS, self.small),), indent=indent, leading=1.38)
        book.space(3.5)


def _mark(book: Book, mark: Mark) -> None:
    x, y = book.left, book.y + 2.5
    if mark in (Mark.BOX, Mark.TICKED):
        book.box(x, y, _BOX, _BOX, thick=0.9)
    if mark is Mark.TICKED:
        book.rule(x + 2, y + 5, x + 4.2, y + 7.6, thick=1.3)
        book.rule(x + 4.2, y + 7.6, x + 8, y + 1.8, thick=1.3)
    if mark is Mark.CROSS:
        book.rule(x + 1, y + 1, x + _BOX - 1, y + _BOX - 1, thick=1.1)
        book.rule(x + 1, y + _BOX - 1, x + _BOX - 1, y + 1, thick=1.1)


def _woven(book: Book) -> None:
    """Draw the border: diamonds between two lines, as they are woven into a hem."""
    top, low = book.y, book.y + 2 * _WEAVE
    book.rule(book.left, top, book.right, top, thick=1.1)
    book.rule(book.left, low, book.right, low, thick=1.1)
    count = int(book.across // (2 * _WEAVE))
    step = book.across / count
    for at in range(count):
        x, middle = book.left + at * step, (top + low) / 2
        for from_x, from_y, to_x, to_y in (
            (x, middle, x + step / 2, top + 2),
            (x + step / 2, top + 2, x + step, middle),
            (x + step, middle, x + step / 2, low - 2),
            (x + step / 2, low - 2, x, middle),
        ):
            book.rule(from_x, from_y, to_x, to_y, thick=0.8)
        book.box(x + step / 2 - 1.1, middle - 1.1, 2.2, 2.2, thick=0.3, fill=True)
    book.y = low


def _qr(book: Book, address: str, label: str) -> None:
    code = segno.make(address, error="m", micro=False)
    rows = [list(row) for row in code.matrix]
    dot = _QR_WIDE / len(rows)
    left = book.right - _QR_WIDE
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            length = 0
            while x + length < len(row) and row[x + length]:
                length += 1
            if length:
                book.box(left + x * dot, book.y + y * dot, dot * length, dot, thick=0.05, fill=True)
            x += length or 1
    base = book.y + _QR_WIDE + 11.5
    for line in typography.lines((Run(label, Face.SANS, 7.5),), _QR_WIDE + 10):
        book.write(line, left + _QR_WIDE / 2, base, anchor=0.5)
        base += 10


def _qr_high(label: str) -> float:
    lines = typography.lines((Run(label, Face.SANS, 7.5),), _QR_WIDE + 10)
    return _QR_WIDE + 8 + 10 * len(lines)
