"""``python -m tests.bench.forms FOLDER TURNS``: a long form filled in at the guide's desk, told as JSON.

The form has 300 questions, 40 relevances and three repeats inside each other. A turn is what a press of
"next" does: the page is posted, the draft saved, the next page opened. No network stands between: what is
measured is the web application with its database and a real draft, in a process of its own.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub.base import db
from hub.base.clock import VILLAGE
from hub.base.house import House
from hub.base.settings import Settings
from hub.desks import shell
from hub.forms import author, outline, xform
from hub.forms.instance import Instance
from hub.packs.shelf import Shelf
from hub.trades.dossiers import drafts
from hub.trades.dossiers.model import NOTICE_VERSION, Consent, GivenBy, How, Purpose, What
from hub.trades.procedures import reader
from hub.trades.staff import service as staff
from hub.trades.staff.model import Role
from hub.wiring import build, content, demo
from tests.bench import memory
from tests.desks.guide.hand import Draft, Guide

QUESTIONS = 300
RELEVANCES = 40
_GROUPS = 24
_IN_GROUP = 12
_NOW = dt.datetime(2026, 11, 21, 8, 30, tzinfo=VILLAGE)
_ROOT = Path(__file__).parents[2]


@dataclass
class Turns:
    """Milliseconds of each turn, the press alone and the page after it; megabytes at first and at the end.

    ``processor`` is what a turn costs of one processor, whatever else the machine does meanwhile.
    """

    posted: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    evaluations: dict[str, float] = field(default_factory=dict)

    @property
    def turned(self) -> list[float]:
        """Milliseconds from the press to the next page."""
        return [post + page for post, page in zip(self.posted, self.opened, strict=True)]


def p95(measured: list[float]) -> float:
    """Return the value that 95 in 100 stay below."""
    return statistics.quantiles(measured, n=20)[-1]


def in_a_process(folder: Path, turns: int) -> Turns:
    """Measure in a process of its own, so that its memory is the desk's alone."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.forms", str(folder), str(turns)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=60 + turns,
        check=True,
    )
    return Turns(**json.loads(done.stdout.splitlines()[-1]))


def written() -> bytes:
    """The form, as its author's spreadsheet converts it."""
    rows = ["| survey |", "| | type | name | label | required | relevant | constraint | calculation |"]
    relevances = 0
    for group in range(_GROUPS):
        rows.append(f"| | begin_group | g{group} | Part {group} | | | | |")
        for at in range(_IN_GROUP):
            name, before = f"q{group}_{at}", f"${{q{group}_{at - 1}}}"
            kind = ("text", "integer", "select_one yn", "date", "decimal", "select_multiple kinds")[at % 6]
            relevant = ""
            if at % 6 == 3 and relevances < RELEVANCES - 1:
                relevances += 1
                relevant = f"{before} = 'y'"
            constraint = ". >= 0 and . < 1000" if kind == "integer" else ""
            rows.append(f"| | {kind} | {name} | Question {group}.{at} | | {relevant} | {constraint} | |")
        rows.append(f"| | calculate | k{group} | | | | | concat(${{q{group}_0}}, ' ', ${{q{group}_1}}) |")
        rows.append("| | end_group | | | | | | |")
    rows += [
        "| | begin_repeat | house | House | | | | |",
        "| | text | house_name | Name | | | | |",
        "| | integer | rooms | Rooms | | | | |",
        "| | begin_repeat | person | Person | | | | |",
        "| | text | person_name | Name | | | | |",
        "| | integer | age | Age | | | | |",
        "| | select_one yn | works | Works | | ${age} > 14 | | |",
        "| | begin_repeat | paper | Paper | | | | |",
        "| | text | paper_name | Name | | | | |",
        "| | date | made_on | Made on | | | | |",
        "| | calculate | line | | | | | concat(${person_name}, ' ', ${paper_name}) |",
        "| | end_repeat | | | | | | |",
        "| | end_repeat | | | | | | |",
        "| | calculate | ages | | | | | sum(${age}[. != '']) |",
        "| | end_repeat | | | | | | |",
        "| | begin_group | last | Last | | | | |",
        "| | calculate | people | | | | | count(${person}) |",
        *(f"| | text | l{at} | Last {at} | | | | |" for at in range(5)),
        "| | end_group | | | | | | |",
        "| choices |",
        "| | list_name | name | label |",
        "| | yn | y | Yes |",
        "| | yn | n | No |",
        *(f"| | kinds | k{at} | Kind {at} |" for at in range(6)),
        "| settings |",
        "| | form_id | version | form_title |",
        "| | bench-long | 1 | A long form |",
    ]
    return author.convert("\n".join(rows).encode(), "md", "bench-long").xml


def evaluations(xml: bytes) -> dict[str, float]:
    """How many rules an answer has asked again, against all there are in the filled form."""
    form = xform.read(xml)
    instance = Instance.new(form, now=_NOW, instance_id="uuid:bench")
    _grow(instance)
    before = instance.evaluated
    instance.recalculate_all(_NOW)
    everything = instance.evaluated - before
    spent = []
    for path in form.questions:
        node = instance.nodes(path)[-1]
        before = instance.evaluated
        instance.put(node, "y" if instance.value(node) != "y" else "n")
        instance.recalculate(_NOW)
        spent.append(instance.evaluated - before)
    return {"all": everything, "mean": statistics.mean(spent), "most": max(spent)}


def _grow(instance: Instance) -> None:
    for house in (1, 2):
        if house > 1:
            instance.add_repeat("/data/house")
        for person in (1, 2, 3):
            if person > 1:
                instance.add_repeat(f"/data/house[{house}]/person")
            instance.add_repeat(f"/data/house[{house}]/person[{person}]/paper")


def measure(folder: Path, turns: int, xml: bytes) -> Turns:
    """Turn the pages of one draft ``turns`` times."""
    warm = min(turns, 40)
    house = build.build(Settings(), folder / "forms-data")
    with _desk(house, xml) as draft:
        form = xform.read(xml)
        ids = [leaf.id for leaf in outline.leaves(form)]
        found = Turns(evaluations=evaluations(xml))
        # The first round compiles templates and fills what is kept.
        for page in ids[:warm]:
            _turn(draft, page, 0, Turns())
        found.megabytes.append(memory.of("desk", os.getpid()).rss)
        for at in range(turns):
            _turn(draft, ids[at % len(ids)], at, found)
        found.megabytes.append(memory.of("desk", os.getpid()).rss)
        return found


def _turn(draft: Draft, page: str, at: int, found: Turns) -> None:
    drawn = draft.drawn(page)
    typed = dict(drawn)
    for name in typed:
        if name.startswith("/data/g") and name.endswith(("_0", "_6")):
            typed[name] = f"answer {at}"
    spent, began = time.process_time(), time.perf_counter()
    answer = draft.press(page, drawn=typed, go="skip")
    posted = time.perf_counter()
    assert answer.status_code == 303, answer.text[:400]
    page_after = draft.guide.get(answer.location)
    opened = time.perf_counter()
    assert page_after.status_code == 200
    found.processor.append(1000 * (time.process_time() - spent))
    found.posted.append(1000 * (posted - began))
    found.opened.append(1000 * (opened - posted))


@contextmanager
def _desk(house: House, xml: bytes) -> Iterator[Draft]:
    """A signed-in guide with a draft; no pack is needed to fill in what was begun."""
    name, role, secret = demo.SIGN_INS[0]
    with closing(house.connect()) as conn:
        key, _recovery = staff.found_house_key(conn)
        moment = house.clock.read()
        who = staff.add(conn, name, Role(role), secret, moment=moment, house_key=key)
        draft_id = _begun(house, conn, xml, key, who.id)
    app = build.web(house)
    app.testing = True
    try:
        yield Draft(Guide(app, name, secret), draft_id)
    finally:
        shell.close_shell(app)


def _begun(house: House, conn: sqlite3.Connection, xml: bytes, key: bytes, who: int) -> str:
    """Begin a draft of the form with two houses, three people in each and two papers for each of them."""
    core = Shelf("core", "bench", house.content / content.CORE)
    procedure = dataclasses.replace(
        reader.get(core, "lien-thong-khai-sinh"), form_id="bench-long", persons=()
    )
    consent = Consent(
        notice_version=NOTICE_VERSION,
        notice_lang="vi",
        read_aloud=True,
        how=How.SPOKEN,
        given_by=GivenBy.SELF,
        purposes=frozenset(Purpose),
    )
    moment = house.clock.read()
    begun = drafts.start(
        conn, procedure, xml, consent=consent, staff=who, key=key, moment=moment, draft_days=30
    )
    view = drafts.look(conn, begun.id, key=key, moment=moment)
    _grow(view.instance)
    with db.write(conn):
        drafts.put_back(conn, view, key=key, staff=who, moment=moment, pages=(), what=What.SAVED)
    return begun.id


if __name__ == "__main__":
    print(json.dumps(dataclasses.asdict(measure(Path(sys.argv[1]), int(sys.argv[2]), written()))))
