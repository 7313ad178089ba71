"""Small forms and moments the tests of this folder share."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta, timezone
from pathlib import Path

from hub.forms import author, xform
from hub.forms.instance import Instance
from hub.forms.model import Form

FOLDER = Path(__file__).parent / "samples"
VILLAGE = timezone(timedelta(hours=7))
NOW = datetime(2026, 11, 21, 8, 30, tzinfo=VILLAGE)


@functools.cache
def form(name: str) -> Form:
    """A sample form; read once, as a House would."""
    return xform.read(author.convert(FOLDER / f"{name}.md", None, name).xml)


def fresh(name: str) -> Instance:
    """A new instance of a sample form."""
    return Instance.new(form(name), now=NOW, instance_id="uuid:00000000-0000-4000-8000-000000000000")


def written(survey: str, choices: str = "", settings: str = "") -> Form:
    """A form from the rows of its survey sheet; the first row names the columns."""
    sheets = f"| survey |\n{survey}\n"
    sheets += f"| choices |\n{choices}\n" if choices else ""
    sheets += f"| settings |\n{settings}\n" if settings else ""
    return xform.read(author.convert(sheets.encode(), "md", "sample").xml)


def raw(body: str = "", model: str = "", data: str = "<a/>", root: str = "id='raw' version='1'") -> bytes:
    """A hand-written XForm around the given pieces."""
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"'
        ' xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">'
        "<h:head><h:title>Raw</h:title><model>"
        f"<instance><data {root}>{data}</data></instance>{model}</model></h:head>"
        f"<h:body>{body}</h:body></h:html>"
    ).encode()
