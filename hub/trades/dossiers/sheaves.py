"""Pages taken in for a question of a draft: photographs beside scans, looked at together, then put into the
draft.

Keeps true: photographs and scans go one way, with the same findings; until they are used pages lie sealed
and never in the clear; what is used is put in as ``attachments`` does with every file, and only then is
the sheaf deleted. It never refuses a poor picture: a guide decides, while the paper is still in somebody's
hand. It never takes the picture of an ID card whose code can be read.
"""

from __future__ import annotations

import sqlite3

from devices import darkroom
from devices.darkroom import Developed
from devices.ports import Busy, DeviceError, Malformed
from hub.base import db, scrub
from hub.base.clock import Moment
from hub.base.errors import Missing, NotReady, Refused
from hub.forms.model import QuestionType
from hub.post import captures, capturing
from hub.post.capture_model import Capture, CaptureId, Facts, Kind, PageId, Place
from hub.trades.dossiers import attachments, drafts, media
from hub.trades.dossiers.model import Attached

_OWN_LOOKS = {"signature", "draw", "annotate", "new-front", "selfie"}


def takes_pages(asked: QuestionType, appearance: tuple[str, ...]) -> bool:
    """Return whether a question may be answered with pages: a picture or a file, and no drawing, no face."""
    return asked in (QuestionType.IMAGE, QuestionType.FILE) and not _OWN_LOOKS & set(appearance)


def begin(
    conn: sqlite3.Connection,
    draft_id: str,
    page_id: str,
    path: str,
    *,
    key: bytes,
    staff: int,
    moment: Moment,
) -> CaptureId:
    """Return the sheaf of a question, a new one where there is none.

    Raises as ``drafts.look``, ``Refused("dossiers.not_a_file_question")``, ``Refused("scanning.no_pages")``
    for a question that is answered otherwise.
    """
    view = drafts.look(conn, draft_id, key=key, moment=moment)
    question = attachments.asked(view, path)
    if not takes_pages(question.type, question.appearance):
        raise Refused("scanning.no_pages")
    place = Place(draft_id, page_id, path)
    with db.write(conn):
        # Of two presses at once the second must find the sheaf of the first, or pages lie where nobody looks.
        held = captures.at(conn, draft_id, path)
        if held is not None:
            return held.id
        return captures.ask(conn, Kind.SCAN, key=key, staff=staff, moment=moment, place=place, start=False)


def of(conn: sqlite3.Connection, draft_id: str, capture_id: str) -> Capture:
    """Return a sheaf of this draft; raises ``Missing("scanning.gone")``."""
    found = captures.get(conn, capture_id)
    if found.kind is not Kind.SCAN or found.place.draft_id != draft_id:
        raise Missing("scanning.gone")
    return found


def photograph(
    conn: sqlite3.Connection,
    capture_id: CaptureId,
    content: bytes,
    *,
    colour: bool,
    moment: Moment,
    most_bytes: int,
    page_bytes: int,
    replaces: PageId | None = None,
) -> PageId:
    """Take a photograph of a page in, made ready as a scan is.

    Raises ``Refused`` as ``media.kind``, ``Refused("dossiers.file_no_picture")``,
    ``Refused("scanning.reason_card")`` for the picture of an ID card, and as ``capturing.photo``;
    ``Refused("scanning.photo_slow")`` when the machine has too much to do.
    """
    if not media.kind(content, most_bytes).media_type.startswith("image/"):
        raise Refused("dossiers.file_no_picture")
    try:
        made = darkroom.page(content, dpi=None, colour=colour, budget=page_bytes)
    except darkroom.ShowsCard as bad:
        raise Refused("scanning.reason_card") from bad
    except Malformed as bad:
        raise Refused("dossiers.file_broken") from bad
    except DeviceError as bad:
        raise Refused("scanning.photo_slow") from bad
    facts = Facts(made.width, made.height, made.dpi, made.findings, made.before_bytes, len(made.jpeg))
    return capturing.photo(conn, capture_id, facts, made.jpeg, moment=moment, replaces=replaces)


def use(
    conn: sqlite3.Connection,
    sheaf: Capture,
    *,
    key: bytes,
    staff: int,
    moment: Moment,
    most_bytes: int,
) -> Attached:
    """Put the pages into the draft and delete the sheaf: one JPEG for one page of a picture, else one PDF.

    What another guide adds meanwhile stays in the sheaf.

    Raises ``Refused("scanning.none_yet")`` without pages, ``Refused("scanning.under_way")`` while more are
    coming, as ``attachments.attach``, ``NotReady("scanning.not_bound")``.
    """
    if not sheaf.state.over:
        raise Refused("scanning.under_way")
    told = captures.pages(conn, sheaf.id)
    if not told:
        raise Refused("scanning.none_yet")
    draft_id, path = sheaf.place.draft_id or "", sheaf.place.path
    view = drafts.look(conn, draft_id, key=key, moment=moment)
    asked = attachments.asked(view, path)
    pages = []
    for one in told:
        jpeg = captures.open_page(conn, sheaf.id, one.id, key=key)
        facts = one.facts
        pages.append(
            Developed(jpeg, facts.width, facts.height, facts.dpi, facts.findings, facts.before_bytes)
        )
    if asked.type is QuestionType.IMAGE and len(pages) == 1:
        content = pages[0].jpeg
    else:
        content = _bound(pages, most_bytes)
    done = attachments.attach(
        conn, draft_id, path, content, key=key, staff=staff, moment=moment, most_bytes=most_bytes
    )
    captures.used(conn, sheaf.id, [one.id for one in told])
    scrub.scrub(conn, tries=1)
    return done


def _bound(pages: list[Developed], most_bytes: int) -> bytes:
    try:
        return darkroom.bind(pages, most_bytes)
    except darkroom.TooBig as bad:
        raise Refused("dossiers.file_too_big", megabytes=most_bytes // (1024 * 1024)) from bad
    except Busy as bad:
        raise Refused("scanning.photo_slow") from bad
    except DeviceError as bad:
        raise NotReady("scanning.not_bound") from bad
