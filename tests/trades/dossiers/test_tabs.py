"""Two tabs of one guide and a second guide over one draft, in any order: nothing typed is ever lost.

The machine keeps its own simple account of every value that somebody typed and was told is safe. At any
moment each of them is in the draft, or was typed over by somebody who had seen it, or lies aside to be
chosen.
"""

from __future__ import annotations

import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.base import db, migrate
from hub.base.errors import Conflict, Missing
from hub.forms import author
from hub.trades.dossiers import drafts, ledger, moving, pages
from hub.trades.dossiers.model import Clash, DraftId, What
from tests.fakes import FakeClock
from tests.trades.dossiers.guide import KEY, SAMPLE, Guide

_FORMS = Path(__file__).parent / "forms"
_OLD = author.convert(_FORMS / "household.md", None, "mau").xml
_NEW = author.convert(_FORMS / "household_2.md", None, "mau").xml
_PAGES = {"nguoi": ("/data/nguoi/ho_ten", "/data/nguoi/noi_o"), "giay": ("/data/giay/ghi_chu",)}
_TABS = st.sampled_from(["a1", "a2", "b"])
_PAGE = st.sampled_from(sorted(_PAGES))


@dataclass
class Tab:
    """A page as one browser shows it: what it was drawn with, and the draft's version then."""

    staff: int
    page: str = ""
    version: int = 0
    drawn: dict[str, list[str]] = field(default_factory=dict)


class Tabs(RuleBasedStateMachine):
    """Browsers over one draft."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="tabs-")
        path = Path(self.folder.name) / "house.db"
        self.conn: sqlite3.Connection = db.connect(path)
        self.conn.execute("PRAGMA synchronous=OFF")
        migrate.migrate(self.conn)
        self.clock = FakeClock()
        self.count = 0

    def teardown(self) -> None:
        self.conn.close()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        self.guides = {
            1: Guide(self.conn, self.clock, _OLD, staff=1),
            2: Guide(self.conn, self.clock, _OLD, staff=2),
        }
        self.tabs = {"a1": Tab(1), "a2": Tab(1), "b": Tab(2)}
        self.id = DraftId(self.guides[1].start().id)
        self.there = True
        self.owner = 1
        # What the draft must hold, by path; and what was typed by somebody who came too late.
        self.held: dict[str, str] = {path: "" for paths in _PAGES.values() for path in paths}
        self.late: dict[int, dict[str, str]] = {}
        # The draft's version at which each page was last changed by anybody.
        self.changed = dict.fromkeys(_PAGES, 0)
        self.saved = 0

    @precondition(lambda self: self.there)
    @rule(tab=_TABS, page=_PAGE)
    def draw(self, tab: str, page: str) -> None:
        one = self.tabs[tab]
        one.page, one.version = page, self.guides[one.staff].version(self.id)
        one.drawn = self.guides[one.staff].fields(self.id, page, {})

    @precondition(lambda self: self.there)
    @rule(tab=_TABS, which=st.integers(0, 1), empty=st.booleans())
    def type_and_press(self, tab: str, which: int, empty: bool) -> None:
        one = self.tabs[tab]
        if not one.page:
            return
        # The newer form no longer asks where somebody lives.
        paths = [name for name in _PAGES[one.page] if name in one.drawn]
        path = paths[which % len(paths)]
        self.count += 1
        typed = "" if empty else f"chữ {self.count}"
        fields = {name: list(values) for name, values in one.drawn.items()} | {path: [typed]}
        said = {name: (fields[name] or [""])[0] for name in paths}
        different = {name: value for name, value in said.items() if value != self.held[name]}
        try:
            saved = self.guides[one.staff].save(self.id, one.page, {}, expected=one.version, fields=fields)
        except Clash as clash:
            # Told so, and everything that differs lies aside.
            assert {found.path: found.mine for found in clash.differences} == different
            assert different and one.version < self.changed[one.page], "nobody was quicker"
            self.late[clash.aside_id] = said
            return
        assert not different or one.version >= self.changed[one.page], "typed over somebody unseen"
        self.changed[one.page] = saved.version
        self.held.update(said)
        one.version, one.drawn = saved.version, fields
        self.saved += 1

    @precondition(lambda self: self.there and self.late)
    @rule(mine=st.booleans(), staff=st.sampled_from([1, 2]))
    def choose(self, mine: bool, staff: int) -> None:
        guide = self.guides[staff]
        asides = pages.asides(self.conn, self.id, key=KEY, moment=self.clock.read(), lang="vi")
        aside = asides[0]
        said = self.late.pop(aside.id)
        chosen = [one.path for one in aside.differences if not one.gone] if mine else []
        done = pages.resolve(
            self.conn,
            self.id,
            aside.id,
            chosen,
            expected_version=guide.version(self.id),
            key=KEY,
            staff=staff,
            moment=self.clock.read(),
            lang="vi",
        )
        self.held.update({path: said[path] for path in chosen if path in said})
        self.changed[aside.page_id] = done.version

    @precondition(lambda self: self.there)
    @rule(to=st.sampled_from([1, 2]))
    def hand_over(self, to: int) -> None:
        drafts.hand_over(self.conn, self.id, to, staff=self.owner, moment=self.clock.read())
        self.owner = to

    @precondition(lambda self: self.there)
    @rule(newer=st.booleans())
    def another_form(self, newer: bool) -> None:
        guide = self.guides[1]
        try:
            moved = moving.move_to_form(
                self.conn,
                self.id,
                SAMPLE,
                _NEW if newer else _OLD,
                expected_version=guide.version(self.id),
                key=KEY,
                staff=1,
                moment=self.clock.read(),
            )
        except Conflict as bad:
            assert bad.key == "dossiers.asides_open" and self.late
            return
        self.changed = dict.fromkeys(_PAGES, moved.version)
        gone = {one.path: one.value for one in moved.lost}
        for path in self.held:
            if path in gone:
                assert gone[path] == self.held[path], "what is lost is shown as it was"
                self.held[path] = ""

    @precondition(lambda self: self.there and self.saved > 3)
    @rule()
    def erase(self) -> None:
        drafts.erase(self.conn, self.id, staff=1, moment=self.clock.read())
        self.there = False

    @precondition(lambda self: self.there)
    @rule(seconds=st.sampled_from([1, 700]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: not self.there)
    @rule(tab=_TABS)
    def press_on_a_page_of_an_erased_draft(self, tab: str) -> None:
        one = self.tabs[tab]
        if one.page:
            try:
                self.guides[one.staff].save(self.id, one.page, {}, expected=one.version, fields=one.drawn)
            except Missing as bad:
                assert bad.key == "dossiers.no_draft"
            else:
                raise AssertionError("an erased draft came back")

    @invariant()
    def nothing_that_was_safe_is_lost(self) -> None:
        if not hasattr(self, "there") or not self.there:
            return
        view = self.guides[1].look(self.id)
        known = view.form.questions
        for path, value in self.held.items():
            if tuple(path.strip("/").split("/")) in known:
                assert view.instance.get(path) == value, path
        assert view.draft.asides == len(self.late)
        assert view.draft.staff_id == self.owner

    @invariant()
    def an_erased_draft_leaves_only_that_there_was_one(self) -> None:
        if not hasattr(self, "there") or self.there:
            return
        for table in ("drafts", "draft_pages", "draft_asides", "draft_files", "draft_file_parts"):
            assert self.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0
        assert len(ledger.events(self.conn, self.id, (What.ERASED,))) == 1


TestTabs = Tabs.TestCase
TestTabs.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
