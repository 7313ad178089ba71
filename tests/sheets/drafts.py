"""Drafts as a guide would have them, from the written walks through the procedures' forms."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

from hub.base.settings import Settings
from hub.desks.guide import rich
from hub.packs.shelf import Shelf
from hub.sheets.model import Ct01, Declaration
from hub.trades.dossiers import drafts, paper
from hub.trades.dossiers.model import Draft, DraftId, View
from hub.trades.procedures import paper as places
from hub.trades.procedures import reader
from tests import shelves
from tests.content import walker
from tests.fakes import FakeClock


@functools.cache
def core() -> Shelf:
    """The core pack, installed once for the run in a folder of its own."""
    folder = tempfile.mkdtemp(prefix="sheets-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return shelves.core(Path(folder))


def view(one: walker.Walk) -> View:
    """A draft with all the answers of a walk."""
    walked = walker.walk(one)
    procedure = reader.get(core(), one.slug)
    moment = FakeClock().read()
    draft = Draft(
        id=DraftId("d" * 32),
        procedure=one.slug,
        title=procedure.plain_name,
        form_sha256="0" * 64,
        form_id=procedure.form_id,
        form_version=walked.instance.form.version,
        persons=procedure.persons,
        instance_id=walked.instance.instance_id,  # type: ignore[arg-type]
        version=1,
        label=drafts.label(walked.instance, procedure.persons),
        staff_id=1,
        updated=moment,
        erase_on=moment.on,
        asides=0,
    )
    return View(draft, walked.instance.form, walked.instance)


def sheet(one: walker.Walk) -> Ct01 | Declaration:
    """What a walk is on paper."""
    return paper.sheet(
        view(one), reader.get(core(), one.slug), places.read(core(), one.slug), Settings(), rich.plain
    )


def walk(slug: str, number: int = 0) -> walker.Walk:
    """One written walk of a procedure."""
    return walker.walks(slug)[number]
