"""All that the House keeps of somebody, put together for them: readable pages, their form and files.

Keeps true: it is made in memory when it is asked for and kept nowhere; that it was made is written down by
the rooms that gave it. Of a sealed dossier it says honestly that this box cannot open it.
"""

from __future__ import annotations

import datetime as dt
import html
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from hub.base import phrases
from hub.base.clock import VILLAGE, Moment
from hub.base.errors import Missing
from hub.forms import questions
from hub.forms.model import QuestionType
from hub.forms.page import GroupStart, Question, RepeatItemStart
from hub.trades.dossiers import attachments, drafts, follow
from hub.trades.dossiers.model import View
from hub.trades.people import service as people
from hub.trades.people.model import NAME
from hub.trades.privacy.model import Subject, SubjectKind

Plain = Callable[[str], str]
_PAGE = "copy.html"
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}dt{font-weight:bold}"
    "dd{margin:0 0 .6rem}h2{border-top:1px solid #888;padding-top:.8rem}@page{size:A4;margin:18mm}"
)


@dataclass(frozen=True, slots=True)
class Section:
    """One record as it is read: a title, pairs of question and answer, words below."""

    title: str
    pairs: tuple[tuple[str, str], ...] = field(repr=False)
    words: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """Everything for one person: sections to read and files by name."""

    sections: tuple[Section, ...] = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    given: tuple[SubjectKind, ...]


def gather(
    conn: sqlite3.Connection,
    subjects: Iterable[Subject],
    *,
    key: bytes,
    staff: int,
    moment: Moment,
    lang: str,
    plain: Plain,
) -> Copy:
    """Return all that is kept under ``subjects``; a record that is gone is said to be gone.

    ``plain`` turns a form's label into words. Raises ``NotReady`` with another key than the House's.
    """
    sections: list[Section] = []
    files: dict[str, bytes] = {}
    given: list[SubjectKind] = []
    for number, one in enumerate(subjects, start=1):
        try:
            if one.kind is SubjectKind.DRAFT:
                view = drafts.look(conn, one.ref, key=key, moment=moment)
                told = attachments.export(conn, one.ref, key=key, staff=staff, moment=moment)
                files[f"{number}/instance.xml"] = told.xml
                files.update({f"{number}/{name}": content for name, content in told.files.items()})
                sections.append(Section(view.draft.title.said(lang), tuple(_answers(view, lang, plain))))
            elif one.kind is SubjectKind.HOUSEHOLD:
                section, table = _household(conn, one.ref, key=key, staff=staff, moment=moment, lang=lang)
                sections.append(section)
                files[f"{number}/household.json"] = table
            else:
                sections.append(_sealed(conn, one.ref, lang))
        except Missing:
            sections.append(
                Section(phrases.say(lang, f"privacy.subject_{one.kind}", ref=""), (), _gone(lang))
            )
            continue
        given.append(one.kind)
    return Copy(tuple(sections), files, tuple(given))


def page(copy: Copy, house: str, moment: Moment, lang: str) -> bytes:
    """Return the readable page, whole in itself, for a printer of A4 or a telephone."""
    title = html.escape(phrases.say(lang, "privacy.copy_title", house=house))
    made = moment.at.astimezone(VILLAGE).strftime("%d/%m/%Y %H:%M")
    body = [f"<h1>{title}</h1><p>{html.escape(phrases.say(lang, 'privacy.copy_made', time=made))}</p>"]
    for one in copy.sections:
        rows = "".join(
            f"<dt>{html.escape(label)}</dt><dd>{html.escape(said) or '–'}</dd>" for label, said in one.pairs
        )
        words = f"<p>{html.escape(one.words)}</p>" if one.words else ""
        body.append(f"<h2>{html.escape(one.title)}</h2><dl>{rows}</dl>{words}")
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><body>{''.join(body)}</body></html>"
    ).encode()


def whole(copy: Copy, house: str, moment: Moment, lang: str) -> dict[str, bytes]:
    """Return every file of the copy by its name, the readable page first."""
    return {_PAGE: page(copy, house, moment, lang), **copy.files}


def packed(copy: Copy, house: str, moment: Moment, lang: str) -> bytes:
    """Return the copy as one ZIP file, for the person's own stick or telephone."""
    out = io.BytesIO()
    at = moment.at.astimezone(VILLAGE).timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as folder:
        for name, content in whole(copy, house, moment, lang).items():
            told = zipfile.ZipInfo(name, at)
            told.compress_type = zipfile.ZIP_DEFLATED
            folder.writestr(told, content)
    return out.getvalue()


def _answers(view: View, lang: str, plain: Plain) -> Iterable[tuple[str, str]]:
    for drawn in questions.pages(view.form, view.instance, lang):
        for item in drawn.items:
            if isinstance(item, Question) and item.type is not QuestionType.NOTE:
                chosen = [plain(one.label) or one.value for one in item.choices if one.selected]
                name = plain(item.label) or item.path.rpartition("/")[2].partition("[")[0]
                yield name, ", ".join(chosen) or item.value
            elif isinstance(item, GroupStart) and item.label:
                yield plain(item.label), ""
            elif isinstance(item, RepeatItemStart):
                yield f"{plain(item.label)} {item.number}".strip(), ""


def _household(
    conn: sqlite3.Connection, household_id: str, *, key: bytes, staff: int, moment: Moment, lang: str
) -> tuple[Section, bytes]:
    home, agreed = people.export(conn, household_id, key=key, staff=staff, moment=moment)
    pairs: list[tuple[str, str]] = [(home.label, home.phone)]
    for one in home.members:
        pairs += [(phrases.say(lang, f"people.field_{name}"), said) for name, said in one.facts.items()]
    words = phrases.say(
        lang,
        "people.agreed_when",
        who=phrases.say(lang, f"people.given_by_{agreed.consent.given_by}"),
        how=phrases.say(lang, f"people.how_{agreed.consent.how}"),
        time=f"{_day(agreed.given.at):%d/%m/%Y}",
    )
    table = {
        "label": home.label,
        "phone": home.phone,
        "members": [dict(one.facts) for one in home.members],
        "purposes": sorted(agreed.consent.purposes),
    }
    names = ", ".join(one.facts.get(NAME, "") for one in home.members)
    title = phrases.say(lang, "privacy.subject_household", ref="")
    encoded = json.dumps(table, ensure_ascii=False, indent=1).encode()
    return Section(f"{title} · {names}" if names else title, tuple(pairs), words), encoded


def _sealed(conn: sqlite3.Connection, code: str, lang: str) -> Section:
    found = follow.follow(conn, code)
    pairs = (
        (phrases.say(lang, "privacy.copy_code"), str(found.code)),
        (phrases.say(lang, "privacy.copy_state"), phrases.say(lang, found.state_key)),
        (phrases.say(lang, "privacy.copy_since"), f"{_day(found.events[0].at):%d/%m/%Y}"),
    )
    return Section(found.title.said(lang), pairs, phrases.say(lang, "privacy.copy_cannot_open"))


def _gone(lang: str) -> str:
    return phrases.say(lang, "privacy.copy_gone")


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(VILLAGE).date()
