"""Bind pages into one PDF, each picture as it is.

Keeps true: the pictures inside are the very bytes of the pages, unless the budget asks for smaller ones;
the file carries no date, name, program or other word beside them, so the same pages give the same file. It
is written in memory only.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from devices import page
from devices.page import Finding, Prepared
from devices.ports import Malformed

MOST_PAGES = 50
_POINTS = 72
_FRAME_BYTES = 700
"""What the file needs around each page, at most."""


class TooBig(Malformed):
    """So many pages do not fit into the budget and stay readable."""


def as_pdf(pages: Sequence[Prepared], budget: int) -> bytes:
    """Return the pages as one PDF of at most ``budget`` bytes.

    Pages that are larger than their share are made smaller. Raises TooBig when they would not be readable
    then, Malformed for no page or more than ``MOST_PAGES``.
    """
    if not 1 <= len(pages) <= MOST_PAGES:
        raise Malformed(f"a file has 1 to {MOST_PAGES} pages")
    room = budget - _FRAME_BYTES * (len(pages) + 1)
    made = _bound(_shared(pages, room))
    if len(made) > budget:
        raise TooBig("the pages do not fit and stay readable")
    return made


def _shared(pages: Sequence[Prepared], room: int) -> list[Prepared]:
    # Small pages keep what they have; what they leave over goes to the large ones.
    kept: dict[int, Prepared] = {}
    order = sorted(range(len(pages)), key=lambda at: pages[at].after_bytes)
    for done, at in enumerate(order):
        share = room // (len(pages) - done)
        one = page.smaller(pages[at], share)
        if one.after_bytes > share or (one is not pages[at] and Finding.UNREADABLE in one.findings):
            raise TooBig("the pages do not fit and stay readable")
        room -= one.after_bytes
        kept[at] = one
    return [kept[at] for at in range(len(pages))]


def _bound(pages: Sequence[Prepared]) -> bytes:
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>"
        % (b" ".join(b"%d 0 R" % (3 + 3 * at) for at in range(len(pages))), len(pages)),
    ]
    for at, one in enumerate(pages):
        first = 3 + 3 * at
        wide, tall = one.width * _POINTS / one.dpi, one.height * _POINTS / one.dpi
        drawing = b"q %.2f 0 0 %.2f 0 0 cm /P Do Q" % (wide, tall)
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.2f %.2f] /Contents %d 0 R"
            b" /Resources << /XObject << /P %d 0 R >> >> >>" % (wide, tall, first + 1, first + 2),
            _stream(b"", drawing),
            _stream(
                b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /%s"
                b" /BitsPerComponent 8 /Filter /DCTDecode " % (one.width, one.height, _colours(one.jpeg)),
                one.jpeg,
            ),
        ]
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _stream(words: bytes, content: bytes) -> bytes:
    return b"<< %s/Length %d >>\nstream\n%s\nendstream" % (words, len(content), content)


def _colours(jpeg: bytes) -> bytes:
    with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as shown:
        return b"DeviceGray" if shown.mode == "L" else b"DeviceRGB"
