"""CT01, the declaration of a change of residence, drawn as it is printed, with what a draft knows in its
places.

Keeps true: twelve boxes a number, nine rows in table 11 and a further sheet for a larger family; name and
number of an owner or guardian stand there only when they agree in VNeID; nobody is shown a place to sign
twice. What is too long for its place is set smaller or goes on below, never cut.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.sheets import ct01_notes as words
from hub.sheets import typography
from hub.sheets.book import Book
from hub.sheets.model import Consent, Ct01, Member, Opinion
from hub.sheets.typography import Face, Run, Set

_SCALES = (1.0, 0.95, 0.9, 0.85, 0.8)
_BODY, _SMALL = 11.5, 8.5
_BOXES, _BOX_WIDE, _BOX_HIGH = 12, 17.5, 18.0
# The shares of the columns of table 11 as the printed form divides them.
_SHARES = (455, 2671, 1552, 758, 2163, 1550)
_ROW, _HEAD_ROW = 22.0, 30.0
_SIGN_SPACE = 62.0
_TO_SAY = {
    Consent.SIGNS: words.TO_SIGN,
    Consent.VNEID: words.BY_VNEID,
    Consent.OWN_PAPER: words.BY_OWN_PAPER,
    Consent.NOT_NEEDED: words.NOT_NEEDED,
    Consent.DECLARANT: words.IS_DECLARANT,
    Consent.HEAD: words.IS_HEAD,
}
_Label = tuple[str, str]


def draw(sheet: Ct01) -> bytes:
    """Return the sheet as PDF: the form on one page where it can be, its notes, a further sheet for more
    members.
    """
    for scale in _SCALES:
        page = _Form(sheet, scale)
        page.front()
        if page.book.count == 1:
            break
    page.notes()
    if len(sheet.members) > words.ROWS:
        page.further_sheet()
    return page.book.pdf()


class _Form:
    def __init__(self, sheet: Ct01, scale: float) -> None:
        self.sheet = sheet
        self.scale = scale
        self.body = _BODY * scale
        self.book = Book("CT01", foot=sheet.foot, top=44.0, bottom=40.0)

    def front(self) -> None:
        book, sheet = self.book, self.sheet
        for one in words.ISSUED:
            book.centre(one, Face.SERIF, self.body * 0.9)
        book.space(9 * self.scale)
        book.centre(words.STATE, Face.SERIF_BOLD, self.body * 1.1)
        book.centre(words.MOTTO, Face.SERIF_BOLD, self.body * 1.1)
        half = typography.width(words.MOTTO, Face.SERIF_BOLD, self.body * 1.1) / 2
        middle = (book.left + book.right) / 2
        book.rule(middle - half, book.y, middle + half, book.y)
        book.space(9 * self.scale)
        book.centre(words.TITLE, Face.SERIF_BOLD, self.body * 1.25)
        book.space(6 * self.scale)
        self.field(words.ADDRESSED_TO, sheet.addressed_to)
        self.field(words.NAME, sheet.name, strong=True)
        self.pair((words.BORN, sheet.born), (words.SEX, sheet.sex), 0.62)
        self.boxes(words.NUMBER, sheet.number)
        self.pair((words.PHONE, sheet.phone), (words.EMAIL, sheet.email), 0.52)
        self.pair((words.HEAD_NAME, sheet.head_name), (words.RELATION, sheet.relation), 0.6)
        self.boxes(words.HEAD_NUMBER, sheet.head_number)
        self.field(words.REQUEST, sheet.request)
        book.paragraph((Run(words.MEMBERS, Face.SERIF, self.body),), leading=1.5)
        first = (*sheet.members[: words.ROWS], *[Member("")] * words.ROWS)[: words.ROWS]
        self.table(first, 1)
        more = len(sheet.members) - words.ROWS
        if more > 0:
            said = words.MORE_MEMBERS.format(count=more)
            book.paragraph((Run(said, Face.SERIF_ITALIC, _SMALL),))
        book.space(7 * self.scale)
        self.signatures()

    # -- fields 1 to 10 --

    def label(self, label: _Label) -> tuple[Run, ...]:
        raised = Run(label[1], Face.SERIF, self.body * 0.65, self.body * 0.32)
        colon = Run(": ", Face.SERIF, self.body)
        return (Run(label[0], Face.SERIF, self.body), *((raised,) if label[1] else ()), colon)

    def field(self, label: _Label, value: str, strong: bool = False) -> None:
        self.answer(label, value, self.book.left, self.book.right, strong)
        self.book.y += self.body * 0.1

    def answer(self, label: _Label, value: str, left: float, right: float, strong: bool = False) -> None:
        """Write a label and, on dots that go to the end of each line, what was answered."""
        book, leading = self.book, 1.55
        face = Face.SERIF_BOLD if strong else Face.SERIF
        told = typography.lines(self.label(label), right - left)
        labelled = told[-1]
        begin = sum(run.width for run in labelled) + 3.0
        answers = typography.lines(
            (Run(value, face, self.body),), right - left, max(right - left - begin, self.body * 2)
        )
        for line in told[:-1]:
            book.line(line, leading=leading, indent=left - book.left)
        for at, line in enumerate(answers):
            book.need(self.body * leading)
            base = book.y + self.body * 1.05
            x = left + begin if at == 0 else left
            if at == 0:
                book.write(labelled, left, base)
            book.rule(x, base + 2.2, right, base + 2.2, dots=True)
            book.write(line, x, base)
            book.y += self.body * leading

    def pair(self, one: tuple[_Label, str], two: tuple[_Label, str], share: float) -> None:
        """Write two fields side by side where both fit on a line, else one below the other."""
        book = self.book
        first, second = self.needs(*one), self.needs(*two)
        if first + second + 8 <= book.across:
            wide = min(max(book.across * share, first + 8), book.across - second)
            book.need(self.body * 1.55)
            y = book.y
            self.answer(*one, book.left, book.left + wide - 8)
            book.y = y
            self.answer(*two, book.left + wide, book.right)
        else:
            self.answer(*one, book.left, book.right)
            self.answer(*two, book.left, book.right)
        book.y += self.body * 0.1

    def needs(self, label: _Label, value: str) -> float:
        told = typography.lines((*self.label(label), Run(value or "……", Face.SERIF, self.body)), 10_000.0)
        return sum(run.width for run in told[0]) + 3.0

    def boxes(self, label: _Label, value: str) -> None:
        """Draw a number into its twelve boxes; one that is no such number stands below them, whole."""
        book = self.book
        number = "".join(typography.printable(value).split())
        odd = bool(number) and not (number.isascii() and number.isdigit() and len(number) <= _BOXES)
        high = _BOX_HIGH * self.scale
        book.need(high + 4 + (self.body * 1.5 if odd else 0))
        book.y += 2
        book.write(typography.lines(self.label(label), book.across)[0], book.left, book.y + high * 0.7)
        begin = book.right - _BOXES * _BOX_WIDE
        for at in range(_BOXES):
            x = begin + at * _BOX_WIDE
            book.box(x, book.y, _BOX_WIDE, high)
            if not odd and at < len(number):
                digit = (Run(number[at], Face.SERIF, self.body),)
                book.write(digit, x + _BOX_WIDE / 2, book.y + high * 0.72, anchor=0.5)
        book.y += high + 4
        if odd:
            book.paragraph((Run(value, Face.SERIF, self.body),), indent=self.body)

    # -- table 11 --

    def table(self, members: Sequence[Member], first: int) -> None:
        book = self.book
        widths = [book.across * share / sum(_SHARES) for share in _SHARES]
        heads = [
            typography.lines((Run(one, Face.SERIF_BOLD, 8.0),), wide - 4)
            for one, wide in zip(words.HEADS, widths)
        ]
        self.row(heads, widths, _HEAD_ROW * self.scale, centred=True)
        for number, one in enumerate(members, start=first):
            told = (str(number), one.name, one.born, one.sex, one.number, one.relation)
            cells = [
                typography.fitted(text, Face.SERIF, 9.5 * self.scale, 7.0, wide - 5)
                for text, wide in zip(told, widths)
            ]
            if book.need(self.high(cells, _ROW * self.scale)):
                self.row(heads, widths, _HEAD_ROW * self.scale, centred=True)
            self.row(cells, widths, _ROW * self.scale)

    def high(self, cells: Sequence[Sequence[Set]], least: float) -> float:
        return max(least, *(_high(cell) + 5 for cell in cells))

    def row(
        self, cells: Sequence[Sequence[Set]], widths: Sequence[float], least: float, centred: bool = False
    ) -> None:
        book = self.book
        high, x = self.high(cells, least), book.left
        for at, (cell, wide) in enumerate(zip(cells, widths)):
            book.box(x, book.y, wide, high, thick=0.6)
            middle = centred or at in (0, 2, 3, 4)
            y = book.y + (high - _high(cell)) / 2
            for line in cell:
                size = max((run.size for run in line), default=8.0)
                where = x + wide / 2 if middle else x + 3
                book.write(line, where, y + size * 0.95, anchor=0.5 if middle else 0.0)
                y += size * 1.2
            x += wide
        book.y += high

    # -- who signs --

    def signatures(self) -> None:
        book, sheet = self.book, self.sheet
        wide = book.across / len(words.COLUMNS)
        opinions = (sheet.head, sheet.owner, sheet.guardian)
        said = [_TO_SAY.get(one.how, "") for one in opinions]
        said.append(words.DECLARANT_ONLINE if sheet.online else words.DECLARANT_SIGNS)
        titles = [self.column_title(one, wide - 6) for one in words.COLUMNS]
        notes = [typography.lines((Run(one, Face.SERIF_ITALIC, 7.5),), wide - 8) for one in said]
        below = [(), *(self.agreed(one, wide - 4) for one in opinions[1:]), self.declarant(wide - 6)]
        top_high = 12.0 + max(_high(one) for one in titles) + 3 + max(_high(one) for one in notes)
        high = top_high + _SIGN_SPACE * self.scale + max(_high(one) for one in below)
        book.need(high)
        top, low = book.y, book.y + top_high + _SIGN_SPACE * self.scale
        for at in range(len(words.COLUMNS)):
            x, middle = book.left + at * wide, book.left + (at + 0.5) * wide
            date = typography.fitted(words.SIGNED_ON, Face.SERIF_ITALIC, 7.5, 5.0, wide - 4)[0]
            book.write(date, middle, top + 8, anchor=0.5)
            y = self.column(titles[at], middle, top + 12)
            self.column(notes[at], middle, y + 3)
            if at in (1, 2):
                self.column(below[at], x + 2, low, anchor=0.0)
            else:
                self.column(below[at], middle, low)
        book.y = top + high

    def column_title(self, title: _Label, wide: float) -> tuple[Set, ...]:
        raised = Run(title[1], Face.SERIF_BOLD, 5.0, 2.6)
        return typography.lines((Run(title[0], Face.SERIF_BOLD, 7.6), raised), wide)

    def agreed(self, opinion: Opinion, wide: float) -> tuple[Set, ...]:
        told = opinion if opinion.how is Consent.VNEID else Opinion()
        found: list[Set] = []
        for label, value in ((words.VNEID_NAME, told.name), (words.VNEID_NUMBER, told.number)):
            runs = (Run(label, Face.SERIF, 7.5), Run(" " + (value or "………………"), Face.SERIF, 7.5))
            found += typography.lines(runs, wide)
        return tuple(found)

    def declarant(self, wide: float) -> tuple[Set, ...]:
        if self.sheet.online or not self.sheet.name:
            return ()
        return typography.fitted(self.sheet.name, Face.SERIF_BOLD, 9.0, 7.0, wide)

    def column(self, told: Sequence[Set], x: float, y: float, anchor: float = 0.5) -> float:
        for line in told:
            size = max((run.size for run in line), default=7.0)
            self.book.write(line, x, y + size, anchor=anchor)
            y += size * 1.2
        return y

    # -- further pages --

    def notes(self) -> None:
        """Print the form's own notes on the back."""
        book = self.book
        book.turn()
        book.paragraph((Run(words.NOTES_TITLE, Face.SERIF_BOLD, 9.0),), leading=1.7)
        for note in words.NOTES:
            deeper = 10.0 if note[:2] in ("a)", "b)", "c)") else 0.0
            face = Face.SERIF_ITALIC if note.startswith("Ghi chú") else Face.SERIF
            book.paragraph((Run(note, face, 8.2),), indent=deeper, leading=1.4)
            book.space(2.5)

    def further_sheet(self) -> None:
        """List the tenth member and all after them."""
        book, sheet = self.book, self.sheet
        book.turn()
        book.centre(words.SHEET_TITLE, Face.SERIF_BOLD, 11.5)
        book.centre("(" + words.VERSION + ")", Face.SERIF, 9.0)
        book.space(8)
        self.field((words.SHEET_OF, ""), sheet.name, strong=True)
        self.boxes(words.NUMBER, sheet.number)
        book.paragraph((Run(words.SHEET_MEMBERS, Face.SERIF, self.body),), leading=1.5)
        self.table(sheet.members[words.ROWS :], words.ROWS + 1)
        if not sheet.online:
            name = self.declarant(book.across / 2)
            book.need(60 + _SIGN_SPACE + _high(name))
            middle = book.right - book.across / 4
            date = (Run(words.SIGNED_ON, Face.SERIF_ITALIC, 8.5),)
            book.write(date, middle, book.y + 20, anchor=0.5)
            book.write((Run(words.COLUMNS[3][0], Face.SERIF_BOLD, 9.0),), middle, book.y + 34, anchor=0.5)
            book.write((Run(words.DECLARANT_SIGNS, Face.SERIF_ITALIC, 8.0),), middle, book.y + 45, anchor=0.5)
            self.column(name, middle, book.y + 50 + _SIGN_SPACE)


def _high(told: Sequence[Set]) -> float:
    return sum(max((run.size for run in line), default=7.0) * 1.2 for line in told)
