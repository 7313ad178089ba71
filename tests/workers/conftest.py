"""A House for a bench, and a connection to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.base.house import House
from tests.workers.house import made


@pytest.fixture
def house(tmp_path: Path) -> House:
    """One service, practice devices, a trusted clock."""
    return made(tmp_path / "data")


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    """A connection to that House."""
    with closing(house.connect()) as conn:
        yield conn
