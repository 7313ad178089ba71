"""What a guide asks the bench to take in: sealed, ordered, withdrawn, swept."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from devices.desk_ports import LONGEST_SCAN_PAGES, ScanSource, ScanWish
from devices.ports import State as DeviceState
from hub.base import crypto, migrate, phrases, scrub
from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.post import captures, capturing
from hub.post.capture_model import CaptureId, Facts, Kind, Page, PageId, Place, Reason, State
from tests.fakes import FakeClock

KEY = bytes(range(32))
FACTS = Facts(1654, 2339, 200, ("too_dark", "skewed"), 11_600_000, 210_000)
_SCANNER = (Kind.SCAN, Kind.CARD)


def _ask(
    conn: sqlite3.Connection, clock: FakeClock, kind: Kind = Kind.SCAN, *, staff: int = 1, start: bool = True
) -> CaptureId:
    wish = ScanWish(ScanSource.FEEDER, 300, False, 7)
    place = Place(None, "p1", "/data/anh")
    return captures.ask(
        conn, kind, key=KEY, staff=staff, moment=clock.read(), wish=wish, place=place, start=start
    )


def _page(conn: sqlite3.Connection, clock: FakeClock, capture: CaptureId, content: bytes = b"jpeg") -> str:
    scanned = captures.get(conn, capture).state is State.TAKEN
    put = capturing.page if scanned else capturing.photo
    return put(conn, capture, FACTS, content, moment=clock.read())


def _take(conn: sqlite3.Connection, clock: FakeClock) -> CaptureId:
    found = capturing.wanted(conn, _SCANNER, clock.read())
    assert found is not None and capturing.taken(conn, found.id, moment=clock.read())
    return found.id


def test_a_wish_is_kept_as_it_was_asked(conn: sqlite3.Connection, clock: FakeClock) -> None:
    wish = captures.get(conn, _ask(conn, clock))
    assert (wish.kind, wish.state, wish.staff_id, wish.before) == (Kind.SCAN, State.ASKED, 1, 0)
    assert wish.wish == ScanWish(ScanSource.FEEDER, 300, False, 7)
    assert wish.place == Place(None, "p1", "/data/anh")


def test_pages_open_with_the_house_key_alone_and_lie_there_sealed(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    capture = _ask(conn, clock)
    page = _page(conn, clock, capture, b"what stands on the paper")
    assert captures.open_page(conn, capture, page, key=KEY) == b"what stands on the paper"
    with pytest.raises(NotReady, match="scanning.not_opened"):
        captures.open_page(conn, capture, page, key=crypto.new_key())
    whole = b"".join(
        bytes(value) if isinstance(value, bytes) else str(value).encode()
        for table in ("captures", "capture_pages")
        for row in conn.execute(f"SELECT * FROM {table}")
        for value in row
    )
    assert b"what stands" not in whole
    assert captures.pages(conn, capture) == (Page(page, 1, FACTS),)


def test_a_page_put_into_another_sheaf_does_not_open_there(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    first, second = _ask(conn, clock), _ask(conn, clock)
    page = _page(conn, clock, first)
    conn.execute("UPDATE capture_pages SET capture = (SELECT seq FROM captures WHERE id = ?)", (second,))
    with pytest.raises(NotReady, match="scanning.not_opened"):
        captures.open_page(conn, second, page, key=KEY)


def test_another_guides_row_does_not_open_when_its_owner_is_changed(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    capture = _ask(conn, clock, Kind.CODE)
    assert capturing.done(conn, capture, moment=clock.read(), answer=b"015155000000|")
    assert captures.answer(conn, capture, key=KEY) == b"015155000000|"
    conn.execute("UPDATE captures SET staff_id = 2")
    with pytest.raises(NotReady, match="scanning.not_opened"):
        captures.answer(conn, capture, key=KEY)


def test_the_scanner_serves_who_asked_first_and_tells_how_many_stand_before(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    asked = []
    for staff, kind in enumerate((Kind.SCAN, Kind.CARD, Kind.CODE, Kind.SCAN)):
        asked.append(_ask(conn, clock, kind, staff=staff))
        clock.advance(1)
    assert [captures.get(conn, one).before for one in asked] == [0, 1, 0, 2]
    assert _take(conn, clock) == asked[0]
    assert captures.get(conn, asked[3]).before == 2, "the one under the lamp still stands before"
    assert capturing.done(conn, asked[0], moment=clock.read())
    captures.again(conn, asked[0], ScanWish(), moment=clock.read())
    assert [_take(conn, clock) for _ in range(3)] == [asked[1], asked[3], asked[0]], "again means last again"
    found = capturing.wanted(conn, (Kind.CODE,), clock.read(), newest=True)
    assert found is not None and found.id == asked[2]


def test_of_two_who_wait_for_a_code_the_newer_one_gets_it(conn: sqlite3.Connection, clock: FakeClock) -> None:
    _ask(conn, clock, Kind.CODE, staff=1)
    clock.advance(1)
    newer = _ask(conn, clock, Kind.CODE, staff=2)
    found = capturing.wanted(conn, (Kind.CODE,), clock.read(), newest=True)
    assert found is not None and found.id == newer


def test_a_guide_waits_for_one_code_at_a_time(conn: sqlite3.Connection, clock: FakeClock) -> None:
    first = _ask(conn, clock, Kind.CODE)
    other = _ask(conn, clock, Kind.CODE, staff=2)
    second = _ask(conn, clock, Kind.CODE)
    with pytest.raises(Missing, match="scanning.gone"):
        captures.get(conn, first)
    assert captures.get(conn, second).state is captures.get(conn, other).state is State.ASKED


def test_who_takes_back_first_wins_over_who_begins(conn: sqlite3.Connection, clock: FakeClock) -> None:
    capture = _ask(conn, clock)
    captures.cancel(conn, capture, moment=clock.read())
    assert not capturing.taken(conn, capture, moment=clock.read())
    assert captures.get(conn, capture).state is State.CANCELLED


def test_a_scan_that_was_taken_back_ends_nothing_that_was_asked_after_it(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    capture = _ask(conn, clock)
    _take(conn, clock)
    assert capturing.still_wanted(conn, capture)
    captures.cancel(conn, capture, moment=clock.read())
    assert not capturing.still_wanted(conn, capture)
    captures.again(conn, capture, ScanWish(), moment=clock.read())
    # The first run of the scanner ends only now.
    assert not capturing.done(conn, capture, moment=clock.read())
    capturing.failed(conn, capture, Reason.JAMMED, moment=clock.read())
    capturing.progress(conn, capture, 9, 0.9)
    found = captures.get(conn, capture)
    assert (found.state, found.page, found.reason) == (State.ASKED, 0, None)


def test_pages_that_came_stand_whatever_became_of_the_scan(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    for end in ("cancel", "fail", "crash"):
        capture = _ask(conn, clock)
        _take(conn, clock)
        _page(conn, clock, capture)
        if end == "cancel":
            captures.cancel(conn, capture, moment=clock.read())
        elif end == "fail":
            capturing.failed(conn, capture, Reason.JAMMED, moment=clock.read())
        else:
            assert capturing.interrupted(conn, _SCANNER, clock.read()) == 1
            assert captures.get(conn, capture).reason is Reason.INTERRUPTED
        assert captures.get(conn, capture).state.over
        assert len(captures.pages(conn, capture)) == 1


def test_a_code_that_waits_is_not_interrupted_by_the_scanner(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    capture = _ask(conn, clock, Kind.CODE)
    assert capturing.taken(conn, capture, moment=clock.read())
    assert capturing.interrupted(conn, _SCANNER, clock.read()) == 0
    assert capturing.done(conn, capture, moment=clock.read(), answer=b"x")


def test_a_page_is_scanned_again_in_its_own_place(conn: sqlite3.Connection, clock: FakeClock) -> None:
    capture = _ask(conn, clock)
    _take(conn, clock)
    ids = [_page(conn, clock, capture, content) for content in (b"one", b"two", b"three")]
    capturing.done(conn, capture, moment=clock.read())
    captures.again(conn, capture, ScanWish(), moment=clock.read(), replaces=ids[1])  # type: ignore[arg-type]
    _take(conn, clock)
    assert len(captures.pages(conn, capture)) == 3, "the old one stays until the new one is there"
    _page(conn, clock, capture, b"better")
    _page(conn, clock, capture, b"four")
    seen = [captures.open_page(conn, capture, one.id, key=KEY) for one in captures.pages(conn, capture)]
    assert seen == [b"one", b"better", b"three", b"four"]
    assert [one.number for one in captures.pages(conn, capture)] == [1, 2, 3, 4]


def test_what_is_under_way_is_not_asked_again(conn: sqlite3.Connection, clock: FakeClock) -> None:
    capture = _ask(conn, clock)
    with pytest.raises(Conflict, match="scanning.under_way"):
        captures.again(conn, capture, ScanWish(), moment=clock.read())
    _take(conn, clock)
    with pytest.raises(Conflict, match="scanning.under_way"):
        captures.again(conn, capture, ScanWish(), moment=clock.read())
    capturing.done(conn, capture, moment=clock.read())
    with pytest.raises(Missing, match="scanning.no_page"):
        captures.again(conn, capture, ScanWish(), moment=clock.read(), replaces=PageId("gone"))


def test_a_sheaf_for_photos_asks_nothing_of_the_scanner(conn: sqlite3.Connection, clock: FakeClock) -> None:
    capture = _ask(conn, clock, start=False)
    assert capturing.wanted(conn, _SCANNER, clock.read()) is None
    assert captures.get(conn, capture).state is State.DONE
    _page(conn, clock, capture)
    assert len(captures.pages(conn, capture)) == 1


def test_a_sheaf_has_an_end(conn: sqlite3.Connection, clock: FakeClock) -> None:
    capture = _ask(conn, clock, start=False)
    for _ in range(LONGEST_SCAN_PAGES):
        last = _page(conn, clock, capture)
    with pytest.raises(Refused, match="scanning.too_many"):
        _page(conn, clock, capture)
    with pytest.raises(Refused, match="scanning.too_many"):
        captures.again(conn, capture, ScanWish(), moment=clock.read())
    captures.again(conn, capture, ScanWish(), moment=clock.read(), replaces=last)  # type: ignore[arg-type]


def test_who_walked_away_finds_nothing_drawn_in_behind_them(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    asked = {kind: _ask(conn, clock, kind) for kind in Kind}
    clock.advance(61)
    assert capturing.wanted(conn, (Kind.CODE,), clock.read()) is None
    clock.advance(60)
    found = capturing.wanted(conn, _SCANNER, clock.read())
    assert found is not None and found.kind is Kind.SCAN
    clock.advance(480)
    assert capturing.wanted(conn, tuple(Kind), clock.read()) is None
    assert capturing.sweep(conn, clock.read()) == 2, "card and code are gone by now"
    assert captures.get(conn, asked[Kind.SCAN]).state is State.STALE


def test_what_nobody_touches_is_deleted_and_the_log_is_to_be_emptied(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    capture = _ask(conn, clock, start=False)
    clock.advance(1799)
    page = _page(conn, clock, capture)
    clock.advance(1799)
    assert capturing.sweep(conn, clock.read()) == 0
    assert not scrub.due(conn)
    clock.advance(1)
    assert capturing.sweep(conn, clock.read()) == 1
    assert scrub.due(conn)
    with pytest.raises(Missing, match="scanning.gone"):
        captures.open_page(conn, capture, page, key=KEY)
    assert conn.execute("SELECT count(*) FROM capture_pages").fetchone()[0] == 0


def test_after_a_power_cut_the_pages_have_their_minutes_anew_and_codes_are_gone(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    capture = _ask(conn, clock)
    _take(conn, clock)
    page = _page(conn, clock, capture)
    _ask(conn, clock, Kind.CODE)
    clock.reboot()
    assert capturing.sweep(conn, clock.read()) == 1
    found = captures.get(conn, capture)
    assert (found.state, found.reason) == (State.FAILED, Reason.INTERRUPTED)
    assert captures.open_page(conn, capture, page, key=KEY) == b"jpeg"
    clock.advance(1801)
    assert capturing.sweep(conn, clock.read()) == 1


def test_with_its_draft_a_sheaf_is_gone(conn: sqlite3.Connection, clock: FakeClock) -> None:
    conn.execute("INSERT INTO dossier_forms VALUES ('f', 'x', '1', x'00')")
    names = [row[1] for row in conn.execute("PRAGMA table_info(drafts)")]
    needed = [
        (row[1], row[2])
        for row in conn.execute("PRAGMA table_info(drafts)")
        if row[3] and row[4] is None or row[1] == "id"
    ]
    assert "id" in names
    values = {
        name: 1 if kind in ("INTEGER", "REAL") else b"x" if kind == "BLOB" else "f" for name, kind in needed
    }
    conn.execute(
        f"INSERT INTO drafts({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
        tuple(values.values()),
    )
    place = Place("f", "p", "/data/x")
    capture = captures.ask(conn, Kind.SCAN, key=KEY, staff=1, moment=clock.read(), place=place, start=False)
    _page(conn, clock, capture)
    found = captures.at(conn, "f", "/data/x")
    assert found is not None and found.id == capture
    assert captures.at(conn, "f", "/data/y") is None
    conn.execute("DELETE FROM drafts")
    assert conn.execute("SELECT count(*) FROM captures").fetchone()[0] == 0
    assert conn.execute("SELECT count(*) FROM capture_pages").fetchone()[0] == 0


def test_an_answer_nobody_waits_for_is_not_kept(conn: sqlite3.Connection, clock: FakeClock) -> None:
    capture = _ask(conn, clock, Kind.CODE)
    captures.cancel(conn, capture, moment=clock.read())
    assert not capturing.done(conn, capture, moment=clock.read(), answer=b"secret")
    assert captures.answer(conn, capture, key=KEY) is None
    captures.drop(conn, capture)
    assert not capturing.done(conn, capture, moment=clock.read(), answer=b"secret")
    captures.drop(conn, capture)


def test_a_page_that_comes_after_everything_was_dropped_is_refused(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    capture = _ask(conn, clock)
    _take(conn, clock)
    captures.drop(conn, capture)
    for put in (capturing.page, capturing.photo):
        with pytest.raises(Missing, match="scanning.gone"):
            put(conn, capture, FACTS, b"late", moment=clock.read())


def test_a_page_of_a_scan_that_was_taken_back_takes_no_place_of_the_next(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    capture = _ask(conn, clock)
    _take(conn, clock)
    first = _page(conn, clock, capture, b"first")
    captures.cancel(conn, capture, moment=clock.read())
    captures.again(conn, capture, ScanWish(), moment=clock.read(), replaces=PageId(first))
    with pytest.raises(Missing, match="scanning.gone"):
        capturing.page(conn, capture, FACTS, b"still under the lamp", moment=clock.read())
    assert [one.id for one in captures.pages(conn, capture)] == [first]


def test_a_photo_never_takes_the_place_that_a_scan_was_asked_for(
    conn: sqlite3.Connection, clock: FakeClock
) -> None:
    capture = _ask(conn, clock, start=False)
    poor = PageId(_page(conn, clock, capture, b"poor"))
    captures.again(conn, capture, ScanWish(), moment=clock.read(), replaces=poor)
    _take(conn, clock)
    capturing.photo(conn, capture, FACTS, b"another paper", moment=clock.read())
    capturing.page(conn, capture, FACTS, b"better", moment=clock.read())
    seen = [captures.open_page(conn, capture, one.id, key=KEY) for one in captures.pages(conn, capture)]
    assert seen == [b"better", b"another paper"]


def test_what_came_while_the_rest_was_being_used_stays(conn: sqlite3.Connection, clock: FakeClock) -> None:
    capture = _ask(conn, clock, start=False)
    taken = [PageId(_page(conn, clock, capture)) for _ in range(2)]
    late = _page(conn, clock, capture)
    captures.used(conn, capture, taken)
    assert [one.id for one in captures.pages(conn, capture)] == [late] and scrub.due(conn)
    captures.again(conn, capture, ScanWish(), moment=clock.read())
    captures.used(conn, capture, [PageId(late)])
    assert captures.get(conn, capture).state is State.ASKED, "somebody still waits for the scanner"
    captures.cancel(conn, capture, moment=clock.read())
    captures.used(conn, capture, [])
    with pytest.raises(Missing, match="scanning.gone"):
        captures.get(conn, capture)


@pytest.mark.parametrize("state", list(DeviceState))
def test_every_state_of_a_scanner_has_a_reason_with_words(state: DeviceState) -> None:
    reason = Reason.of(state)
    for lang in phrases.LANGUAGES:
        assert phrases.say(lang, reason.key)


class Sheaf(RuleBasedStateMachine):
    """Pages are put in, replaced, moved and removed; a plain list says what must be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.conn = sqlite3.connect(":memory:", isolation_level=None)
        self.clock = FakeClock()
        self.model: list[tuple[str, bytes]] = []
        self.count = 0

    @initialize()
    def begin(self) -> None:
        self.conn.row_factory = sqlite3.Row
        self.conn.execute("PRAGMA foreign_keys=ON")
        migrate.migrate(self.conn)
        self.capture = _ask(self.conn, self.clock, start=False)

    def _content(self) -> bytes:
        self.count += 1
        return f"page {self.count}".encode()

    @rule()
    def put(self) -> None:
        content = self._content()
        self.model.append((_page(self.conn, self.clock, self.capture, content), content))

    @rule(at=st.integers(0, 9))
    def replace(self, at: int) -> None:
        if self.model:
            at %= len(self.model)
            content = self._content()
            page = capturing.photo(
                self.conn,
                self.capture,
                FACTS,
                content,
                moment=self.clock.read(),
                replaces=self.model[at][0],  # type: ignore[arg-type]
            )
            self.model[at] = (page, content)

    @rule(at=st.integers(0, 9), by=st.sampled_from((-1, 1)))
    def move(self, at: int, by: int) -> None:
        if self.model:
            at %= len(self.model)
            captures.move_page(self.conn, self.capture, self.model[at][0], by, moment=self.clock.read())
            if 0 <= at + by < len(self.model):
                self.model[at], self.model[at + by] = self.model[at + by], self.model[at]

    @rule(at=st.integers(0, 9))
    def remove(self, at: int) -> None:
        if self.model:
            page, _ = self.model.pop(at % len(self.model))
            captures.remove_page(self.conn, self.capture, page, moment=self.clock.read())

    @invariant()
    def the_pages_lie_as_they_were_laid(self) -> None:
        if not hasattr(self, "capture"):
            return
        seen = captures.pages(self.conn, self.capture)
        assert [one.id for one in seen] == [page for page, _ in self.model]
        for one, (_, content) in zip(seen, self.model, strict=True):
            assert captures.open_page(self.conn, self.capture, one.id, key=KEY) == content

    def teardown(self) -> None:
        self.conn.close()


TestSheaf = Sheaf.TestCase
TestSheaf.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
