"""A strict reader of ESC/POS, written from the command reference, that shares no code with the writer.

It knows the commands a slip needs and refuses every other byte, wrong parameter and unfinished command, so
a stream that it reads is one a printer reads. It rebuilds what came out as rows of dots, one paper a cut.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ESC, GS, FS, DLE, EOT, LF = 0x1B, 0x1D, 0x1C, 0x10, 0x04, 0x0A
DEFAULT_SPACING = 30


class NotEscpos(ValueError):
    """The stream holds something a strict printer would not understand."""


@dataclass(frozen=True)
class Line:
    """One line in the printer's own letters, as the bytes that were sent, and how it was to look."""

    data: bytes
    code_page: int
    bold: bool
    high: bool
    align: int
    before: int
    """How many rows of dots stand above it on the same paper."""


@dataclass(frozen=True)
class Paper:
    """One piece of paper: rows of dots, leftmost first, True for black, and how it was cut off.

    ``lines`` are what stood in letters; they take no rows here.
    """

    rows: tuple[tuple[bool, ...], ...]
    cut: str
    lines: tuple[Line, ...] = ()


@dataclass
class Reader:
    """Reads a whole stream; ``papers`` are those that were cut, ``questions`` the status requests."""

    width: int
    papers: list[Paper] = field(default_factory=list)
    questions: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    pulses: int = 0

    def read(self, stream: bytes) -> Reader:
        self._stream, self._at = stream, 0
        self._reset()
        self._rows: list[tuple[bool, ...]] = []
        self._lines: list[Line] = []
        while self._at < len(stream):
            self._command()
        if self._line or self._words or self._stored is not None:
            raise NotEscpos("the stream ends with something not yet printed")
        return self

    @property
    def loose_rows(self) -> int:
        """Rows printed after the last cut."""
        return len(self._rows)

    def _reset(self) -> None:
        self._spacing = DEFAULT_SPACING
        self._align = 0
        self._line: list[tuple[bool, ...]] = []
        self._stored: list[tuple[bool, ...]] | None = None
        self._words = bytearray()
        self._page = 0
        self._bold = self._high = self._single_bytes = False

    def _take(self, count: int) -> bytes:
        taken = self._stream[self._at : self._at + count]
        if len(taken) < count:
            raise NotEscpos(f"the stream ends {count - len(taken)} bytes early")
        self._at += count
        return taken

    def _byte(self, *allowed: int) -> int:
        value = self._take(1)[0]
        if allowed and value not in allowed:
            raise NotEscpos(f"{value:#04x} at {self._at - 1} is not one of {[hex(each) for each in allowed]}")
        return value

    def _two(self) -> int:
        low, high = self._take(2)
        return low + 256 * high

    def _command(self) -> None:
        if self._stream[self._at] >= 0x20:
            self._letter()
            return
        match self._byte(ESC, GS, FS, DLE, LF):
            case 0x1C:
                self._byte(ord("."))
                self.commands.append("FS .")
                self._only_at_line_start()
                self._single_bytes = True
            case 0x0A:
                self.commands.append("LF")
                self._feed_line()
            case 0x10:
                self._byte(EOT)
                self.questions.append(bytes((DLE, EOT, self._byte(1, 2, 3, 4))))
            case 0x1B:
                self._escape()
            case _:
                self._group()

    def _letter(self) -> None:
        if self._line:
            raise NotEscpos("letters in a line of dots")
        letter = self._take(1)[0]
        if letter == 0x7F:
            raise NotEscpos("0x7f is no letter")
        if letter >= 0x80 and not self._single_bytes:
            raise NotEscpos("a letter beyond ASCII while the printer may read it as half of a Chinese one")
        self._words.append(letter)

    def _escape(self) -> None:
        letter = chr(self._byte(*b"@23JdaE*tp"))
        self.commands.append(f"ESC {letter}")
        if letter == "@":
            self._reset()
        elif letter == "2":
            self._spacing = DEFAULT_SPACING
        elif letter == "3":
            self._spacing = self._byte()
        elif letter == "J":
            self._only_at_line_start()
            self._blank(self._byte())
        elif letter == "d":
            self._only_at_line_start()
            self._blank(self._byte() * self._spacing)
        elif letter == "a":
            self._only_at_line_start()
            self._align = self._byte(0, 1, 2, 48, 49, 50) % 48
        elif letter == "E":
            self._bold = bool(self._byte(0, 1))
        elif letter == "t":
            self._page = self._byte()
        elif letter == "p":
            self._byte(0, 1, 48, 49)
            on, off = self._take(2)
            if not 0 < on < off:
                raise NotEscpos("a drawer's pulse that is off before it is on")
            self.pulses += 1
        else:
            self._columns()

    def _columns(self) -> None:
        mode = self._byte(0, 1, 32, 33)
        if mode != 33:
            raise NotEscpos(f"ESC * mode {mode} stretches the dots")
        count = self._two()
        if not 1 <= count <= 2047:
            raise NotEscpos(f"ESC * with {count} columns")
        for _ in range(count):
            bits = int.from_bytes(self._take(3), "big")
            self._line.append(tuple(bool(bits >> (23 - row) & 1) for row in range(24)))
        if len(self._line) > self.width:
            raise NotEscpos(f"a line of {len(self._line)} dots on a head of {self.width}")

    def _feed_line(self) -> None:
        if self._line:
            # A line of dots that is spaced closer than it is high would be printed over by the next.
            if self._spacing < 24:
                raise NotEscpos(f"a line of 24 dots spaced {self._spacing}")
            self._put([tuple(column[row] for column in self._line) for row in range(24)])
            self._blank(self._spacing - 24)
            self._line = []
        elif self._words:
            data = bytes(self._words)
            self._lines.append(Line(data, self._page, self._bold, self._high, self._align, len(self._rows)))
            self._words.clear()
        else:
            self._blank(self._spacing)

    def _group(self) -> None:
        letter = chr(self._byte(*b"v(Vr!"))
        self.commands.append(f"GS {letter}")
        if letter == "v":
            self._only_at_line_start()
            self._byte(0x30)
            if self._byte(0, 1, 2, 3):
                raise NotEscpos("GS v 0 in a mode that stretches the dots")
            across, down = self._two(), self._two()
            if not 1 <= across <= 0xFFFF or not 1 <= down <= 2303:
                raise NotEscpos(f"GS v 0 of {across} bytes by {down} rows")
            self._put(self._raster(self._take(across * down), across, across * 8))
        elif letter == "(":
            self._byte(ord("L"))
            self._graphics(self._two())
        elif letter == "V":
            self._only_at_line_start()
            self._cut()
        elif letter == "!":
            self._high = bool(self._byte(0, 1))
        else:
            self.questions.append(bytes((GS, ord("r"), self._byte(1, 2, 49, 50))))

    def _graphics(self, length: int) -> None:
        self._only_at_line_start()
        body = self._take(length)
        if len(body) < 2 or body[0] != 48:
            raise NotEscpos("GS ( L with a wrong head")
        if body[1] in (2, 50):
            if len(body) != 2 or self._stored is None:
                raise NotEscpos("GS ( L prints what was never stored")
            self._put(self._stored)
            self._stored = None
            return
        if body[1] != 112 or len(body) < 10 or body[2] != 48 or body[3:5] != b"\x01\x01" or body[5] != 49:
            raise NotEscpos(f"GS ( L function {body[1]} with parameters {body[2:6].hex()}")
        across, down = int.from_bytes(body[6:8], "little"), int.from_bytes(body[8:10], "little")
        row_bytes = -(-across // 8)
        if not across or not down or len(body) - 10 != row_bytes * down:
            raise NotEscpos(f"GS ( L says {across} by {down} dots and carries {len(body) - 10} bytes")
        self._stored = self._raster(body[10:], row_bytes, across)

    def _cut(self) -> None:
        mode = self._byte(0, 1, 48, 49, 65, 66)
        if mode in (65, 66):
            self._blank(self._byte())
        cut = "full" if mode in (0, 48, 65) else "part"
        self.papers.append(Paper(tuple(self._rows), cut, tuple(self._lines)))
        self._rows, self._lines = [], []

    def _only_at_line_start(self) -> None:
        if self._line or self._words:
            raise NotEscpos("a command that is only valid at the start of a line")

    def _raster(self, data: bytes, row_bytes: int, across: int) -> list[tuple[bool, ...]]:
        rows = []
        for first in range(0, len(data), row_bytes):
            bits = int.from_bytes(data[first : first + row_bytes], "big")
            row = f"{bits:0{8 * row_bytes}b}"
            if "1" in row[across:]:
                raise NotEscpos("dots beyond the width that was declared")
            rows.append(tuple(dot == "1" for dot in row[:across]))
        return rows

    def _put(self, rows: list[tuple[bool, ...]]) -> None:
        for row in rows:
            if len(row) > self.width:
                raise NotEscpos(f"a line of {len(row)} dots on a head of {self.width}")
            room = self.width - len(row)
            before = (0, room // 2, room)[self._align]
            self._rows.append((False,) * before + row + (False,) * (room - before))

    def _blank(self, dots: int) -> None:
        self._rows.extend([(False,) * self.width] * dots)
