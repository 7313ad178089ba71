"""Pages of A4 under a pen: a place to write on that goes on with the next page when one is full.

Keeps true: what is written stands inside the margins; each page tells its number of how many; the file names
nobody, tells no time, and the same sheet gives the same bytes. Distances are points, counted from the top
left.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from hub.sheets import typography
from hub.sheets.typography import Face, Run, Set

WIDTH, HEIGHT = A4
_Stroke = Callable[[Canvas], None]
_FOOT_SIZE = 7.0
_INK, _PALE = 0.0, 0.55


class Book:
    """What is drawn so far; ``y`` is where the next line begins."""

    def __init__(
        self,
        title: str,
        *,
        foot: str = "",
        page_word: str = "Trang",
        top: float = 54.0,
        left: float = 85.0,
        right: float = 57.0,
        bottom: float = 54.0,
        face: Face = Face.SERIF,
        lang: str = "vi",
    ) -> None:
        self.title, self.foot, self.page_word, self.face, self.lang = title, foot, page_word, face, lang
        self.top, self.left, self.right = top, left, WIDTH - right
        self.bottom = HEIGHT - bottom
        self.y = top
        self._pages: list[list[_Stroke]] = [[]]

    @property
    def across(self) -> float:
        """How wide the space between the margins is."""
        return float(self.right - self.left)

    @property
    def count(self) -> int:
        """How many pages there are."""
        return len(self._pages)

    @property
    def left_over(self) -> float:
        """How much of this page is still free, in points."""
        return float(self.bottom - self.y)

    def turn(self) -> None:
        """Go on with a new page."""
        self._pages.append([])
        self.y = self.top

    def need(self, height: float) -> bool:
        """Turn the page unless ``height`` points are free on this one; return whether it was turned."""
        if self.left_over >= height - 0.01 or self.y == self.top:
            return False
        self.turn()
        return True

    # -- marks on the page --

    def write(
        self, line: Sequence[Run], x: float, y: float, *, anchor: float = 0.0, pale: bool = False
    ) -> None:
        """Put a line on its baseline ``y``; ``anchor`` 0 begins at ``x``, 0.5 stands around it, 1 ends
        there.
        """
        at = x - anchor * sum(run.width for run in line)
        for run in line:
            self._run(run, at, y, _PALE if pale else _INK)
            at += run.width

    def _run(self, run: Run, x: float, y: float, grey: float) -> None:
        told = tuple(typography.pieces(run))
        marked = any(piece.marks for piece in told)
        actual = typography.shown(run.text).encode("utf-16-be").hex()

        def stroke(canvas: Canvas) -> None:
            canvas.setFillGray(grey)
            canvas.setFont(run.face.value, run.size)
            base = HEIGHT - y + run.rise
            if marked:
                # Who copies or searches the text gets letters and marks in their order.
                canvas.addLiteral(f"/Span <</ActualText <feff{actual}>>> BDC", escaped=0)
            for piece in told:
                canvas.drawString(x + piece.across, base, piece.text)
                for mark, across, up in piece.marks:
                    canvas.drawString(x + across, base + up, mark)
            if marked:
                canvas.addLiteral("EMC", escaped=0)

        if run.text.strip():
            self._pages[-1].append(stroke)

    def rule(
        self, x: float, y: float, to_x: float, to_y: float, *, thick: float = 0.6, dots: bool = False
    ) -> None:
        """Draw a line, or dots to write on."""

        def stroke(canvas: Canvas) -> None:
            canvas.saveState()
            canvas.setLineWidth(thick)
            if dots:
                canvas.setDash(0.6, 2.0)
            canvas.setStrokeGray(_PALE if dots else _INK)
            canvas.line(x, HEIGHT - y, to_x, HEIGHT - to_y)
            canvas.restoreState()

        self._pages[-1].append(stroke)

    def box(
        self, x: float, y: float, wide: float, high: float, *, thick: float = 0.7, fill: bool = False
    ) -> None:
        """Draw a rectangle whose upper left corner is at (``x``, ``y``)."""

        def stroke(canvas: Canvas) -> None:
            canvas.setLineWidth(thick)
            canvas.setStrokeGray(_INK)
            canvas.setFillGray(_INK)
            canvas.rect(x, HEIGHT - y - high, wide, high, stroke=1, fill=int(fill))

        self._pages[-1].append(stroke)

    # -- lines one below the other --

    def paragraph(
        self,
        runs: Sequence[Run],
        *,
        leading: float = 1.35,
        indent: float = 0.0,
        centred: bool = False,
        pale: bool = False,
    ) -> None:
        """Write ``runs`` from margin to margin, line by line, turning the page where one is full."""
        for line in typography.lines(runs, self.across - indent):
            self.line(line, leading=leading, indent=indent, centred=centred, pale=pale)

    def line(
        self,
        line: Set,
        *,
        leading: float = 1.35,
        indent: float = 0.0,
        centred: bool = False,
        pale: bool = False,
    ) -> None:
        """Write one line that was broken before."""
        size = max((run.size for run in line), default=10.0)
        self.need(size * leading)
        x = (self.left + indent + self.right) / 2 if centred else self.left + indent
        self.write(line, x, self.y + size, anchor=0.5 if centred else 0.0, pale=pale)
        self.y += size * leading

    def space(self, height: float) -> None:
        """Leave ``height`` points free, unless the page ends."""
        self.y = min(self.y + height, self.bottom)

    def centre(self, text: str, face: Face, size: float, *, leading: float = 1.35) -> None:
        """Write a heading in the middle."""
        self.paragraph((Run(text, face, size),), leading=leading, centred=True)

    # -- the whole --

    def pdf(self) -> bytes:
        """Return the file."""
        held = io.BytesIO()
        typography.load(self.face)
        canvas = Canvas(
            held,
            pagesize=A4,
            invariant=1,
            pageCompression=1,
            lang=self.lang,
            initialFontName=self.face.value,
            initialFontSize=_FOOT_SIZE,
        )
        canvas.setTitle(self.title)
        canvas.setAuthor("Nhà văn hóa số")
        canvas.setSubject("")
        canvas.setCreator("hub.sheets")
        for number, strokes in enumerate(self._pages, start=1):
            for stroke in strokes:
                stroke(canvas)
            self._foot(canvas, number)
            canvas.showPage()
        canvas.save()
        return held.getvalue()

    def _foot(self, canvas: Canvas, number: int) -> None:
        page = f"{self.page_word} {number}/{self.count}"
        room = self.across - typography.width(page, self.face, _FOOT_SIZE) - 14
        told = typography.lines((Run(self.foot, self.face, _FOOT_SIZE),), room) if self.foot else ()
        canvas.setFillGray(0.3)
        canvas.setFont(self.face.value, _FOOT_SIZE)
        last = HEIGHT - self.bottom - 14
        for at, line in enumerate(told):
            canvas.drawString(self.left, last - at * _FOOT_SIZE * 1.3, typography.text_of(line))
        canvas.drawRightString(self.right, last, page)
