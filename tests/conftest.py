"""What every test may use: a fresh database, a clock that obeys."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.base import db, migrate
from tests.fakes import FakeClock


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A migrated database file."""
    path = tmp_path / "house.db"
    conn = db.connect(path)
    migrate.migrate(conn)
    conn.close()
    return path


@pytest.fixture
def conn(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a fresh, migrated database."""
    conn = db.connect(database)
    yield conn
    assert not conn.in_transaction, "the test left a transaction open"
    conn.close()


@pytest.fixture
def clock() -> FakeClock:
    """21 November 2026, 08:30 in the village, trusted."""
    return FakeClock()
