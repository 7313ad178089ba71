"""Forms fetched from an office: only what changed, only what runs, one form's trouble is its own."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.base.settings import UpstreamSettings
from hub.forms import bundle
from hub.packs.shelf import Shelf
from hub.post.transports.blank_forms import BlankForms, Offered, OfferedFile
from hub.practice_office.forms import register_form
from hub.trades.procedures import added, fetching, form_shelf, reader
from hub.trades.procedures.fetching import Asking
from hub.trades.procedures.form_shelf import Origin
from hub.trades.procedures.offers import Came
from tests.fakes import FakeClock
from tests.post.servers import Office, practice_office
from tests.post.test_openrosa import settings
from tests.trades.procedures.test_added import _LIST, own, put, shelf

__all__ = ["shelf"]


class Counted(BlankForms):
    """Counts what is really fetched."""

    fetched = 0

    def xml(self, offered: Offered) -> bytes:
        self.fetched += 1
        return super().xml(offered)

    def file(self, offered: OfferedFile) -> bytes:
        self.fetched += 1
        return super().file(offered)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with practice_office(tmp_path / "office", register=False) as running:
        yield running


@contextlib.contextmanager
def asking(office: Office) -> Iterator[Counted]:
    way = Counted(settings(office.url, token_file=office.token_file), lambda: False)
    try:
        yield way
    finally:
        way.close()


def fetch(conn: sqlite3.Connection, shelf: Shelf, office: Office, clock: FakeClock) -> tuple[list[str], int]:
    """Fetch once; what became of each form, and how many bodies travelled."""
    with asking(office) as way:
        found = [
            f"{one.form_id} {one.version} {one.came} {one.before or '-'}"
            for one in fetching.fetch(conn, shelf, Asking(way, UpstreamSettings()), clock)
        ]
        return found, way.fetched


def test_only_what_has_changed_is_fetched_again(
    conn: sqlite3.Connection, shelf: Shelf, office: Office, clock: FakeClock
) -> None:
    kind = "select_one_from_file thon.csv"
    register_form(office.folder, own("a"))
    register_form(office.folder, own("b", kind=kind, media=_LIST), _LIST)
    assert fetch(conn, shelf, office, clock) == (["a 2 taken -", "b 2 taken -"], 3)
    assert fetch(conn, shelf, office, clock) == (["a 2 same 2", "b 2 same 2"], 0)
    # The same form with another list: only the list travels.
    more = {"thon.csv": b"name,label\nb,B\n"}
    register_form(office.folder, own("b", kind=kind, media=_LIST), more)
    assert fetch(conn, shelf, office, clock) == (["a 2 same 2", "b 2 taken 2"], 1)
    assert added.today(conn, shelf, "form-b").media == more
    register_form(office.folder, own("a", "3"))
    assert fetch(conn, shelf, office, clock) == (["a 3 taken 2", "b 2 same 2"], 1)


def test_an_office_that_offers_what_the_pack_brought_changes_nothing(
    conn: sqlite3.Connection, shelf: Shelf, office: Office, clock: FakeClock
) -> None:
    form_id = reader.get(shelf, "mau").form_id
    register_form(office.folder, reader.form_xml(shelf, "mau"))
    assert fetch(conn, shelf, office, clock) == ([f"{form_id} 5 same 5"], 0)
    assert form_shelf.listing(conn) == ()
    # An older version of the office's is in force all the same: it takes no other.
    register_form(office.folder, own(form_id, "4"))
    assert fetch(conn, shelf, office, clock)[0] == [f"{form_id} 4 taken 5"]
    used = added.in_force(conn, shelf, form_id)
    assert used is not None and (used.version, used.origin, used.slug) == ("4", Origin.FETCHED, "mau")


def test_the_offices_form_goes_first_also_after_the_same_was_added_by_hand(
    conn: sqlite3.Connection, shelf: Shelf, office: Office, clock: FakeClock
) -> None:
    form_id = reader.get(shelf, "mau").form_id
    put(conn, shelf, clock, own(form_id, "6"))
    register_form(office.folder, own(form_id, "6"))
    assert fetch(conn, shelf, office, clock)[0] == [f"{form_id} 6 same 6"]
    # A newer pack leaves the one added by hand behind, but not the office's.
    (shelf.root / "procedures" / "mau" / "form.xml").write_bytes(own(form_id, "7"))
    newer = Shelf("mau", f"{shelf.version}-newer", shelf.root)
    assert fetch(conn, newer, office, clock)[0] == [f"{form_id} 6 taken 7"]
    used = added.in_force(conn, newer, form_id)
    assert used is not None and (used.version, used.origin) == ("6", Origin.FETCHED)


def test_files_are_no_longer_fetched_once_they_are_too_much_together(
    conn: sqlite3.Connection, shelf: Shelf, office: Office, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = {f"{number}.csv": b"name,label\n%d,A\n" % number for number in range(6)}
    register_form(office.folder, own("a"), many)
    monkeypatch.setattr(bundle, "MOST_BYTES", 40)
    with asking(office) as way:
        (told,) = fetching.fetch(conn, shelf, Asking(way, UpstreamSettings()), clock)
        # The form, then files of fifteen bytes until they are more than forty.
        assert way.fetched == 1 + 3
    assert (told.came, told.reason_key) == (Came.REFUSED, "forms.files_too_many")
    assert form_shelf.listing(conn) == ()


def test_a_form_that_cannot_run_is_refused_by_name_and_replaces_nothing(
    conn: sqlite3.Connection, shelf: Shelf, office: Office, clock: FakeClock
) -> None:
    put(conn, shelf, clock, own("a", "1"))
    register_form(office.folder, own("a", "2").replace(b"</model>", b"<unheard-of/></model>"))
    register_form(office.folder, own("b", kind="select_one_from_file thon.csv", media=_LIST))
    register_form(office.folder, own("c"))
    with asking(office) as way:
        told = {
            one.form_id: one for one in fetching.fetch(conn, shelf, Asking(way, UpstreamSettings()), clock)
        }
    assert {form_id: one.came for form_id, one in told.items()} == {
        "a": Came.REFUSED,
        "b": Came.REFUSED,
        "c": Came.TAKEN,
    }
    assert (told["a"].reason_key, dict(told["a"].values)) == (
        "forms.unsupported_feature",
        {"feature": "unheard-of"},
    )
    assert (told["b"].reason_key, dict(told["b"].values)) == ("forms.file_missing", {"name": "thon.csv"})
    assert [(one.form_id, one.version) for one in form_shelf.listing(conn)] == [("a", "1"), ("c", "2")]


def test_a_form_sent_under_anothers_name_is_refused(
    conn: sqlite3.Connection, shelf: Shelf, office: Office, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_form(office.folder, own("a"))
    honest = Counted.listing

    def lying(way: BlankForms) -> tuple[Offered, ...]:
        (one,) = honest(way)  # type: ignore[arg-type]
        return (Offered("other", one.name, one.version, one.md5, one.url, one.manifest),)

    monkeypatch.setattr(Counted, "listing", lying)
    with asking(office) as way:
        (told,) = fetching.fetch(conn, shelf, Asking(way, UpstreamSettings()), clock)
    assert (told.came, told.reason_key) == (Came.REFUSED, "adding.other_form")
    assert form_shelf.listing(conn) == ()
