"""The sheet that lies on top of a dossier when it goes to the officer: which procedure, which papers, which
code.

Keeps true: of a sealed dossier it tells the code and no person; of a draft the name under which the guides
know it, and no other answer. The office's own receipt is never promised by it.
"""

from __future__ import annotations

import datetime as dt
import functools

from hub.base import letterhead, phrases
from hub.base.clock import Moment
from hub.base.errors import Missing
from hub.base.settings import Settings
from hub.sheets.model import Block, Item, Leaflet, Line, Mark
from hub.trades.dossiers import slip
from hub.trades.dossiers.model import Following, View
from hub.trades.procedures import slip as checklists
from hub.trades.procedures.model import Paper, PaperKind, Procedure, Words

_LANG = "vi"
_say = functools.partial(phrases.say, _LANG)


def of_draft(
    view: View, procedure: Procedure | None, settings: Settings, *, desk: str, moment: Moment
) -> Leaflet:
    """Return the cover of a draft, for a dossier that goes to the office on paper; ``desk`` is the
    guide's.
    """
    facts = [Line(_say("sheets.cover_person"), view.draft.label)] if view.draft.label else []
    papers = [_paper(one, view) for one in procedure.papers] if procedure else []
    address = checklists.page_url(settings, procedure.slug) if procedure else None
    return _cover(
        view.draft.title,
        procedure,
        settings,
        facts=[*facts, *_made(settings, desk, moment.at, moment.trusted, "sheets.cover_made_on")],
        papers=[item for item in papers if item is not None],
        qr=(address or "", _say("sheets.cover_scan_steps")),
        foot=_say("sheets.cover_foot", house=settings.house.name),
    )


def of_sealed(found: Following, procedure: Procedure | None, settings: Settings) -> Leaflet:
    """Return the cover of a sealed dossier: its code large and as a QR, and nobody's name."""
    sealed, address = found.events[0], slip.follow_url(settings, found.code)
    papers = [_paper(one, None) for one in procedure.papers] if procedure else []
    return _cover(
        found.title,
        procedure,
        settings,
        code=found.code,
        facts=_made(settings, "", sealed.at, sealed.trusted, "sheets.cover_sealed_at"),
        papers=[item for item in papers if item is not None],
        # Without an address of its own the House still spares the officer the typing.
        qr=(address, _say("sheets.cover_scan")) if address else (found.code, _say("sheets.cover_scan_code")),
        foot=_say("sheets.cover_foot_sealed", house=settings.house.name),
    )


def _cover(
    title: Words,
    procedure: Procedure | None,
    settings: Settings,
    *,
    facts: list[Line],
    papers: list[Item],
    qr: tuple[str, str],
    foot: str,
    code: str = "",
) -> Leaflet:
    house = settings.house
    known = []
    if procedure is not None:
        known = [
            Line(_say("sheets.cover_official"), procedure.official_name.vi),
            Line(_say("sheets.cover_number"), procedure.code or _say("procedures.code_unknown")),
        ]
        if procedure.office is not None:
            known.append(Line(_say("sheets.cover_office"), procedure.office.vi))
    blocks = (Block(_say("sheets.cover_papers"), tuple(papers)),) if papers else ()
    return Leaflet(
        house=house.name,
        place=", ".join(filter(None, (house.village, house.commune, house.province, house.phone))),
        title=title.vi,
        under=_say("sheets.cover_title"),
        code=code,
        code_label=_say("dossiers.slip_code"),
        qr=qr[0],
        qr_label=qr[1],
        facts=(*known, *facts),
        blocks=blocks,
        foot=foot,
    )


def _made(settings: Settings, desk: str, at: dt.datetime, trusted: bool, key: str) -> list[Line]:
    where = settings.house.name + (", " + _say("sheets.cover_desk", desk=desk) if desk else "")
    return [
        Line(_say("sheets.cover_made_at"), where),
        Line(_say(key), letterhead.shown_time(_LANG, at, trusted)),
    ]


def _paper(paper: Paper, view: View | None) -> Item | None:
    """Return a paper to tick; None for one that this draft does not ask for."""
    if paper.attachment is None or view is None:
        return Item(paper.name.vi, _how(paper), Mark.BOX)
    try:
        node = view.instance.node(paper.attachment)
    except Missing:
        return Item(paper.name.vi, _how(paper), Mark.BOX)
    if not view.instance.relevant(node):
        return None
    if view.instance.value(node):
        return Item(paper.name.vi, _say("sheets.cover_attached"), Mark.TICKED)
    return Item(paper.name.vi, _how(paper), Mark.BOX)


def _how(paper: Paper) -> str:
    shown = _say("sheets.cover_shown") + " " if paper.kind is PaperKind.SHOWN else ""
    return shown + paper.when.vi
