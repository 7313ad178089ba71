"""A form drawn as guides will see it, into a folder that any browser opens without a House.

Keeps true: it is drawn by the desk's own templates, in both languages, with every question in sight and
beside it the condition it is asked under. It stores nothing in the House and asks for nobody's key.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, render_template
from lxml import etree

from hub.base import phrases
from hub.base.clock import VILLAGE
from hub.desks import shell
from hub.desks.guide import drawing, widgets
from hub.forms import markup, questions, xform
from hub.forms.instance import Instance
from hub.forms.model import Form, QuestionType
from hub.forms.page import GroupStart, Item, Page, Question, RepeatStart

_STATIC = ("house.css", "guide.css", "pictures.svg", "weave.svg")
_MEDIA = "media"
_SHOWN = Path(shell.__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Sheet:
    """All pages of a form in one language, each item with the condition that brings it, "" for none."""

    lang: str
    pages: tuple[tuple[Page, tuple[tuple[Item, str], ...]], ...]


def write(app: Flask, xml: bytes, media: Mapping[str, bytes], folder: Path) -> Path:
    """Draw a form that has been tried into ``folder``, made anew; return the page to open in a browser."""
    form, whole = xform.read(xml, media), xform.read(_all_relevant(xml), media)
    now = dt.datetime.now(VILLAGE)
    instance = Instance.new(whole, now=now, instance_id="uuid:preview")
    sheets = [Sheet(lang, _pages(form, whole, instance, lang)) for lang in phrases.LANGUAGES]
    (folder / _MEDIA).mkdir(parents=True, exist_ok=True)
    (folder / "static").mkdir(exist_ok=True)
    for name in _STATIC:
        shutil.copyfile(_SHOWN / name, folder / "static" / name)
    for name, content in media.items():
        (folder / _MEDIA / name).write_bytes(content)
    for sheet in sheets:
        with app.test_request_context(f"/?lang={sheet.lang}"):
            drawn = render_template(
                "guide/preview.html", form=form, sheet=sheet, sheets=sheets, **_context(form)
            )
        page = folder / _name(sheet.lang)
        page.write_text(drawn.replace('"/static/', '"static/'), encoding="utf-8")
    return folder / _name(phrases.DEFAULT)


def _name(lang: str) -> str:
    return f"{lang}.html"


def _context(form: Form) -> dict[str, object]:
    return {
        **widgets.helpers(),
        "words": drawing.words,
        "most_mb": shell.house().settings.web.upload_bytes // (1024 * 1024),
        "grid": "theme-grid" in form.style.split(),
        "media_base": f"{_MEDIA}/",
        "file_of": _name,
        "questions": sum(one.type is not QuestionType.NOTE for one in form.questions.values()),
    }


def _all_relevant(xml: bytes) -> bytes:
    html = markup.parse(xml)
    for bind in html.iter(f"{{{markup.XFORMS}}}bind"):
        bind.attrib.pop("relevant", "")
    return etree.tostring(html)


def _pages(
    form: Form, whole: Form, instance: Instance, lang: str
) -> tuple[tuple[Page, tuple[tuple[Item, str], ...]], ...]:
    return tuple(
        (page, tuple((item, _condition(form, item)) for item in page.items))
        for page in questions.pages(whole, instance, lang)
    )


def _condition(form: Form, item: Item) -> str:
    if not isinstance(item, Question | GroupStart | RepeatStart) or item.path is None:
        return ""
    names = tuple(part.partition("[")[0] for part in item.path.strip("/").split("/"))
    bind = form.binds.get(names)
    return bind.relevant.source if bind is not None and bind.relevant is not None else ""
