"""The probe slip: numbered lines, each written in another way, and what pointing at one of them means.

Keeps true: the lines follow from nothing but the settings, so the paper in the technician's hand and the
question on the page count alike; what could turn into junk on paper comes last. It imports no driver.
"""

from __future__ import annotations

from dataclasses import dataclass

from devices.config import PrinterConfig
from devices.ports import Malformed

SAMPLE = "Tiếng Việt ắẵặấẫậễệỗộỡợữựỹ Đ"
"""What every text line says: it is right only if no letter and no mark is missing or loose."""
IMAGE_SAMPLE = "Tiếng Việt Ẵ Ệ Ộ Ữ"
"""What the image lines say; short, so that a printer that does not understand them wastes little paper."""

_TEXT: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("tcvn", (27, 30, 31)),
    ("viscii", (27, 28, 30)),
    ("cp1258", (27, 35, 52, 94)),
)
"""Code pages under which makers keep Vietnamese: no number means the same everywhere."""
_IMAGES = ("raster", "column", "graphics")
_WIDTHS = (384, 512, 576)
LETTER_DOTS = 12
"""How wide a letter of the printer's own first typeface is, on every printer of this kind."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One numbered line; ``changes`` are the fields of ``PrinterConfig`` that make every slip come so."""

    number: int
    label: str
    changes: dict[str, object]

    @property
    def ruler(self) -> int | None:
        """How many letters long the line is if it measures the paper: it fits where it is not broken."""
        width = self.changes.get("width")
        return width // LETTER_DOTS if isinstance(width, int) else None


def lines(config: PrinterConfig) -> tuple[Trial, ...]:
    """Return the lines of the probe slip in the order of the paper, numbered from 1.

    First rulers, one a width: nothing found on a bus or a network says how wide a printer's paper is. A profile
    knows its width, so then there are none. Text comes before images: a printer that does not know an image
    command prints its dots as junk. A code page that the settings name is tried too, whatever its number.
    """
    wished = {config.code_page} if config.encoding != "image" else set()
    written: list[tuple[str, dict[str, object]]] = [
        (f"width {width}", {"width": width}) for width in _WIDTHS if not config.profile
    ]
    for encoding, pages in _TEXT:
        extra = sorted(wished - set(pages)) if encoding == config.encoding else []
        for page in (*pages, *extra):
            written.append((f"{encoding} {page}", {"encoding": encoding, "code_page": page}))
    for mode in _IMAGES:
        written.append((mode, {"encoding": "image", "code_page": 0, "mode": mode}))
    return tuple(Trial(number, label, changes) for number, (label, changes) in enumerate(written, 1))


def chosen(config: PrinterConfig, number: int) -> dict[str, object]:
    """Return the settings that the line with this number stands for; raise Malformed for another number."""
    for trial in lines(config):
        if trial.number == number:
            return dict(trial.changes)
    raise Malformed(f"the probe slip has no line {number}")
