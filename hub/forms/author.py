"""Spreadsheets of questions turned into XForms, for whoever writes or installs a form.

The only module that knows pyxform, and never part of a web start. What comes out has been read and tried by
the House's own engine: a form that converts here runs at the desk.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import quoteattr

from pyxform import xls2xform
from pyxform.errors import PyXFormError

from hub.base.errors import Refused
from hub.forms import questions, xform
from hub.forms.instance import Instance

Kind = Literal["md", "csv", "xlsx"]

MAX_BYTES = 16 * 1024 * 1024

_ROW = re.compile(r"\[row\s*:\s*(\d+)\]\s*")
_SHEET = re.compile(r"(?:[Oo]n the )?'?(survey|choices|settings|entities|external_choices|osm)'? sheet,?\s*")
# Trying a form out needs some moment; none of it is kept.
_TRIAL = datetime(2000, 1, 1, 12, tzinfo=timezone(timedelta(hours=7)))


@dataclass(frozen=True, slots=True)
class Authored:
    """A converted form: its XML, what it calls itself, and what pyxform would have the author know."""

    xml: bytes
    form_id: str
    version: str
    warnings: tuple[str, ...]


def convert(path_or_bytes: str | os.PathLike[str] | bytes, kind: Kind | None, form_name: str) -> Authored:
    """Convert an XLSForm (Markdown table, CSV or workbook) and try the result with the House's engine.

    ``kind`` may be None for a path that ends in its kind. ``form_name`` serves as form id where the settings
    sheet gives none. Raises Refused("forms.author.…") with sheet, row and message where the author can mend
    it.
    """
    content, suffix = _content(path_or_bytes, kind)
    if len(content) > MAX_BYTES:
        raise Refused("forms.too_big", megabytes=MAX_BYTES // (1024 * 1024))
    warnings: list[str] = []
    try:
        made = xls2xform.convert(content, warnings=warnings, form_name=None, file_type=f".{suffix}")
    except PyXFormError as refused:
        raise _refusal(str(refused)) from refused
    except Exception as unexpected:
        # pyxform trips over odd sheets in ways of its own (IndexError, KeyError, zip and XML errors).
        raise Refused("forms.author.unreadable", message=type(unexpected).__name__) from unexpected
    xml = _named(made.xform, form_name).encode()
    form = xform.read(xml)
    _try(form)
    return Authored(xml, form.form_id, form.version, tuple(warnings))


def _content(source: str | os.PathLike[str] | bytes, kind: Kind | None) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        found: str | None = kind
        content = source
    else:
        path = Path(source)
        found = kind or path.suffix.lstrip(".").lower()
        try:
            content = path.read_bytes()
        except OSError as missing:
            raise Refused("forms.author.no_file", name=path.name) from missing
    if found not in ("md", "csv", "xlsx"):
        raise Refused("forms.author.unknown_kind", kind=found or "")
    return content, found


def _named(xml: str, form_name: str) -> str:
    # pyxform calls a form without an id "data", its root element's name.
    return re.sub(r'(<instance><\w+ id=)"data"', lambda found: found[1] + quoteattr(form_name), xml, count=1)


def _refusal(message: str) -> Refused:
    row = _ROW.search(message)
    sheet = _SHEET.search(message)
    told = _SHEET.sub("", _ROW.sub("", message), count=1).strip()
    told = told[:1].upper() + told[1:] if told else message
    if row is not None:
        return Refused(
            "forms.author.row", sheet=sheet[1] if sheet else "survey", row=int(row[1]), message=told
        )
    if sheet is not None:
        return Refused("forms.author.sheet", sheet=sheet[1], message=message.strip())
    return Refused("forms.author.refused", message=message.strip())


def _try(form: xform.Form) -> None:
    instance = Instance.new(form, now=_TRIAL, instance_id="uuid:trial")
    for path, bind in form.binds.items():
        for rule in (bind.relevant, bind.required, bind.constraint, bind.read_only, bind.calculate):
            if rule is not None:
                for node in instance.nodes(path):
                    rule.value(instance.scope(node))
    for language in form.languages or ("",):
        questions.pages(form, instance, language)
        questions.check_all(form, instance, language)
    instance.submission_xml()
