"""Make of what a scanner or a camera saw a page that an office can read and a slow line can carry.

Keeps true: the page is cropped, straightened and evened out, never turned on its side; its bytes stay within
the budget, or it says that it would not be readable; what is wrong with the picture is said while the paper
is still in somebody's hand. Everything happens in memory: nothing here opens a file, and what a camera
wrote beside the picture (place, time, device) does not come out. It never refuses a poor picture: a person
decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from devices import page_edges, page_fit, page_judge, page_light, page_read

LEAST_BUDGET = 20_000
"""Fewer bytes than this carry no page of writing."""

_A4_LONG_INCHES = 11.69
_CAMERA_DPI = 200
_MOST_DPI = 300
"""More than this is more than an office reads; a finer scan is brought down to it."""


class Finding(StrEnum):
    """What a person should know before the paper goes back into a pocket."""

    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    CUT_OFF = "cut_off"
    BLANK = "blank"
    SKEWED = "skewed"
    """It lies further askew than is put right by itself."""
    UNREADABLE = "unreadable"
    """Within the budget it would not be readable; the picture handed back is larger than the budget."""


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """A page ready to be kept: ``jpeg`` without anything beside the picture.

    ``dpi`` of a camera's page is a guess: the long side taken as that of A4. ``before_bytes`` are those that
    came in, ``after_bytes`` those of ``jpeg``.
    """

    jpeg: bytes
    width: int
    height: int
    dpi: int
    findings: tuple[Finding, ...]
    before_bytes: int
    after_bytes: int


def prepare(image: bytes, *, dpi: int | None, colour: bool, budget: int) -> Prepared:
    """Return the page in ``image``.

    ``image`` is a PNM of a scanner with its ``dpi``, or a JPEG, PNG, WebP, … of a camera with ``dpi`` None
    (EXIF says which way up it is). ``colour`` False makes it grey. ``budget`` in bytes, at least
    ``LEAST_BUDGET``. A4 in colour at 300 dpi stays below 150 MB in all. Raises Malformed for what is no
    single whole picture.
    """
    if budget < LEAST_BUDGET:
        raise ValueError(f"budget: at least {LEAST_BUDGET} bytes")
    camera = dpi is None
    seen = page_read.read(image, shrink=camera)
    if dpi is not None and dpi > _MOST_DPI:
        by = -(-dpi // _MOST_DPI)
        seen, dpi = seen.reduce(by), dpi // by
    if not colour and not camera:
        seen = seen.convert("L")
    outline = page_edges.find(seen, camera=camera)
    sheet = page_edges.flatten(seen, outline, longest=_longest(camera))
    del seen
    if not colour:
        sheet = sheet.convert("L")
    shown_dpi = dpi if dpi is not None else max(1, round(max(sheet.size) / _A4_LONG_INCHES))
    seen_as = page_judge.judge(sheet, shown_dpi, outline, camera=camera)
    sheet = page_light.balance(sheet, camera=camera)
    fitted = page_fit.fit(sheet, shown_dpi, budget)
    findings: list[Finding] = [Finding(one) for one in seen_as]
    if not fitted.readable:
        findings.append(Finding.UNREADABLE)
    return Prepared(
        jpeg=fitted.jpeg,
        width=fitted.width,
        height=fitted.height,
        dpi=fitted.dpi,
        findings=tuple(findings),
        before_bytes=len(image),
        after_bytes=len(fitted.jpeg),
    )


def smaller(page: Prepared, budget: int) -> Prepared:
    """Return a page with fewer bytes, the same when it fits already; UNREADABLE is told anew."""
    if page.after_bytes <= budget:
        return page
    fitted = page_fit.fit(page_read.read(page.jpeg, shrink=False), page.dpi, budget)
    findings: list[Finding] = [one for one in page.findings if one is not Finding.UNREADABLE]
    if not fitted.readable:
        findings.append(Finding.UNREADABLE)
    return replace(
        page,
        jpeg=fitted.jpeg,
        width=fitted.width,
        height=fitted.height,
        dpi=fitted.dpi,
        findings=tuple(findings),
        after_bytes=len(fitted.jpeg),
    )


def _longest(camera: bool) -> int | None:
    return round(_A4_LONG_INCHES * _CAMERA_DPI) if camera else None
