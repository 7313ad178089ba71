"""Spreadsheets of questions turned into XForms, for whoever writes or installs a form.

The only module that knows pyxform, and never part of a web start. What comes out has been read and tried by
the House's own engine: a form that converts here runs at the desk. What keeps a form out is told all at once,
each with its sheet and row.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import quoteattr

from pyxform import xls2xform
from pyxform.errors import PyXFormError
from pyxform.xls2json_backends import DefinitionData, get_xlsform

from hub.base.errors import Refused
from hub.forms import looks, rows, trial
from hub.forms.advice import SAID, Advice, Mistakes
from hub.forms.model import Form
from hub.forms.rows import Rows

Kind = Literal["md", "csv", "xlsx"]
Sheets = dict[str, Any]

MAX_BYTES = 16 * 1024 * 1024
_MOST_MISTAKES = 40

_ROW = re.compile(r"\[row\s*:\s*(\d+)\]\s*")
_SHEET = re.compile(r"(?:[Oo]n the )?'?(survey|choices|settings|entities|external_choices|osm)'? sheet,?\s*")
_PATH = re.compile(r"/[\w.\-]+(?:/[\w.\-:]+)+")
_FIRST_ROW = 2


@dataclass(frozen=True, slots=True)
class Authored:
    """A converted form: its XML, what it calls itself, and what its author should know."""

    xml: bytes
    form_id: str
    version: str
    warnings: tuple[Advice, ...]


def convert(
    path_or_bytes: str | os.PathLike[str] | bytes,
    kind: Kind | None,
    form_name: str,
    media: Mapping[str, bytes] | None = None,
) -> Authored:
    """Convert an XLSForm (Markdown table, CSV or workbook) and try the result with the House's engine.

    ``kind`` may be None for a path that ends in its kind. ``form_name`` serves as form id where the settings
    sheet gives none; ``media`` are the files the form names. Raises Refused("forms.author.…") with sheet, row
    and message where the author can mend it, ``Mistakes`` when there are several.
    """
    content, suffix = _content(path_or_bytes, kind)
    if len(content) > MAX_BYTES:
        raise Refused("forms.too_big", megabytes=MAX_BYTES // (1024 * 1024))
    sheets = _sheets(content, suffix)
    warnings: list[str] = []
    xml, mistakes = _convert_all(sheets, warnings)
    if xml is None:
        raise _together(mistakes)
    named = _named(xml, form_name).encode()
    places = rows.read(sheets["survey"] or ())
    form, refused = trial.read_all(named, media or {})
    mistakes += [_placed(bad, places) for bad in refused]
    if form is not None:
        mistakes += [_placed(bad, places) for bad in trial.run(form)]
    if form is None or mistakes:
        raise _together(mistakes)
    return Authored(
        named, form.form_id, form.version, (*map(_advice, warnings), *_warnings(form, places, media or {}))
    )


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


def _sheets(content: bytes, suffix: str) -> Sheets:
    try:
        read = get_xlsform(content, f".{suffix}")
    except PyXFormError as refused:
        raise Mistakes([_advice(str(refused))]) from refused
    except Exception as unexpected:
        raise Refused("forms.author.unreadable", message=type(unexpected).__name__) from unexpected
    return {one.name: getattr(read, one.name) for one in fields(DefinitionData)}


def _convert_all(sheets: Sheets, warnings: list[str]) -> tuple[str | None, list[Advice]]:
    """The XML, and every mistake pyxform names; a refused row is replaced by a harmless one to find more."""
    mended, found = copy.deepcopy(sheets), list[Advice]()
    if not mended.get("choices"):
        # Without any sheet of choices pyxform does not say which rows want one.
        mended["choices"] = [{"list_name": "nothing_here", "name": "nothing", "label": "-"}]
        mended["choices_header"] = [{"list_name": None, "name": None, "label": None}]
    touched: set[tuple[str, int]] = set()
    renamed: set[str] = set()
    while True:
        told: list[str] = []
        try:
            made = xls2xform.convert(copy.deepcopy(mended), warnings=told)
        except PyXFormError as refused:
            one = _located(_advice(str(refused)), mended)
        except Exception as unexpected:
            # pyxform trips over odd sheets in ways of its own (IndexError, KeyError, zip and XML errors).
            one = Advice("forms.author.unreadable", {"message": type(unexpected).__name__})
            return None, found or [one]
        else:
            warnings += told
            return made.xform, found
        # A reference to what has just been renamed is no mistake of its own.
        at = (one.sheet, one.row or 0)
        if not any(f"{{{name}}}" in text for name in renamed for text in _texts(mended, *at)):
            found.append(one)
        if one.row is None or at in touched or len(touched) >= _MOST_MISTAKES:
            return None, found
        touched.add(at)
        if not _mend(mended, *at, renamed):
            return None, found


def _texts(sheets: Sheets, sheet: str, row: int) -> list[str]:
    cells = sheets.get(sheet) or ()
    at = row - _FIRST_ROW
    return [str(value) for value in cells[at].values()] if 0 <= at < len(cells) else []


def _mend(sheets: Sheets, sheet: str, row: int, renamed: set[str]) -> bool:
    """Put something harmless in place of a refused row; false where nothing is known to be harmless."""
    cells = sheets.get(sheet)
    at = row - _FIRST_ROW
    if not cells or not 0 <= at < len(cells):
        return False
    old = cells[at]
    if sheet == "choices":
        listed = rows.cell(old, "list_name") or rows.cell(old, "list name")
        cells[at] = {"list_name": listed, "name": f"row_{row}", "label": "-"}
        return bool(listed)
    kind, name = rows.cell(old, "type").lower(), rows.cell(old, "name")
    if sheet != "survey" or kind.startswith(("begin", "end")):
        return False
    twice = sum(rows.cell(one, "name") == name for one in cells) > 1
    kept = name if re.fullmatch(r"[A-Za-z_][\w.\-]*", name) and not twice else f"row_{row}"
    if kept != name:
        renamed.add(name)
    cells[at] = {"type": "text", "name": kept, "label": "-"}
    return True


def _named(xml: str, form_name: str) -> str:
    # pyxform calls a form without an id "data", its root element's name.
    return re.sub(r'(<instance><\w+ id=)"data"', lambda found: found[1] + quoteattr(form_name), xml, count=1)


def _advice(message: str) -> Advice:
    """What pyxform says, with the place it names."""
    row, sheet = _ROW.search(message), _SHEET.search(message)
    # A sheet named in passing ("not in choices sheet") is not where the row stands.
    here = sheet if sheet is None or sheet[0][:2].lower() == "on" else None
    if row is None:
        return Advice(SAID, {"message": message.strip()}, sheet[1] if sheet else "")
    told = _ROW.sub("", message.replace(here[0], "", 1) if here else message).strip()
    said = {"message": told[:1].upper() + told[1:] if told else message}
    return Advice(SAID, said, here[1] if here else "survey", int(row[1]))


def _located(found: Advice, sheets: Sheets) -> Advice:
    """The row of a finding that names a question or a type without saying where it stands."""
    if found.row is not None or found.sheet:
        return found
    for word in re.findall(r"'([^']+)'", str(found.values.get("message", ""))):
        for at, cells in enumerate(sheets.get("survey") or (), start=_FIRST_ROW):
            if word in (rows.cell(cells, "type"), rows.cell(cells, "name")):
                return Advice(found.key, found.values, "survey", at)
    return found


def _placed(bad: Refused, places: Rows) -> Advice:
    """A refusal of the engine's, with the row it comes from: the path it names, else the text it quotes."""
    for value in ("path", "reference", "expression", "name"):
        for path in _PATH.findall(str(bad.values.get(value, ""))):
            row = places.row(tuple(path.strip("/").split("/")))
            if row is not None:
                return Advice(bad.key, bad.values, "survey", row)
    name = str(bad.values.get("name", ""))
    quoted = (str(bad.values.get("expression", "")), name, f"'{name.partition('.')[0]}'" if name else "")
    row = next((row for one in quoted if (row := places.holding(one)) is not None), None)
    return Advice(bad.key, bad.values, "survey" if row else "", row)


def _together(found: list[Advice]) -> Mistakes:
    different = {(one.key, str(one.values), one.sheet, one.row): one for one in reversed(found)}
    return Mistakes(
        sorted(different.values(), key=lambda one: (one.sheet != "survey", one.sheet, one.row or 0))
    )


def _warnings(form: Form, places: Rows, media: Mapping[str, bytes]) -> list[Advice]:
    found = []
    for node, look, known in looks.found(form):
        key = "forms.author.folded" if known else "forms.author.unknown_look"
        row = places.row(looks.place(node))
        found.append(Advice(key, {"appearance": look}, "survey", row))
    found += _missing(form, places, media)
    for note in form.notes:
        found.append(_placed(Refused(note.key, **note.values), places))
    return found


def _missing(form: Form, places: Rows, media: Mapping[str, bytes]) -> list[Advice]:
    """A picture or a recording that a text names and nobody has handed in."""
    named: dict[str, int | None] = {}
    for question in form.questions.values():
        for held in question.label.media.values():
            named.update({name: places.row(question.path) for name in held.names if name not in named})
    for words in form.texts.values():
        for held in words.media.values():
            named.update({name: None for name in held.names if name not in named})
    return [
        Advice("forms.author.no_media", {"name": name}, "survey" if row else "choices", row)
        for name, row in named.items()
        if name not in media
    ]
