"""No number of the pack changes without somebody having read its source again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.content import figures_lock
from tests.content.figures_lock import Pin

_FIGURE = {
    "value": 2_000,
    "unit": "dong",
    "status": "reported",
    "as_of": "2026-11-21",
    "sources": ["G: 1"],
}


def test_no_figure_changed_without_a_new_source_or_day() -> None:
    assert not figures_lock.unsourced(figures_lock.locked(), figures_lock.pins())


def test_every_figure_is_pinned_as_it_stands() -> None:
    assert figures_lock.pins() == figures_lock.locked(), "run: python -m tests.content.figures_lock"


@pytest.mark.parametrize(
    ("changed", "bad"),
    [
        ({"value": 2_500}, True),
        ({"value_max": 3_000}, True),
        ({"unit": "page"}, True),
        ({"status": "verified"}, True),
        ({"valid_from": "2026-12-01"}, True),
        ({"valid_until": "2026-12-01"}, True),
        ({"value": 2_500, "as_of": "2026-11-22"}, False),
        ({"value": 2_500, "sources": ["G: 2"]}, False),
        ({"as_of": "2026-11-22"}, False),
        ({"label": {"vi": "khác", "en": "other"}}, False),
    ],
)
def test_a_changed_number_needs_a_changed_source(changed: dict[str, Any], bad: bool) -> None:
    now = {**_FIGURE, **changed}
    name = f"a/b@{now['valid_from']}" if "valid_from" in now else "a/b"
    before = {"a/b": figures_lock.pin(_FIGURE)}
    assert figures_lock.unsourced(before, {name: figures_lock.pin(now)}) == ([name] if bad else [])


def test_a_new_row_beside_the_old_one_is_history_and_no_change() -> None:
    old = figures_lock.pin(_FIGURE)
    new = figures_lock.pin({**_FIGURE, "value": 2_500, "valid_from": "2026-12-01"})
    assert not figures_lock.unsourced({"a/b": old}, {"a/b": old, "a/b@2026-12-01": new})


def test_what_is_written_is_read_back(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures_lock, "LOCK", tmp_path / "figures.lock.toml")
    pins = {"a/b@2026-12-01": Pin("2000 - - dong reported ..", 'V: "x" \\ y')}
    figures_lock.write(pins)
    assert figures_lock.locked() == pins
