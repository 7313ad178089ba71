"""A House that was opened once, copied for each walk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import village
from tests.journeys.village import Village


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a demo House: content, staff, a queue, a practice office."""
    folder = tmp_path_factory.mktemp("opened")
    village.write_settings(folder / "hub.toml")
    village.prepare(folder / "data", folder / "hub.toml")
    return folder / "data"


@pytest.fixture
def data(opened: Path, tmp_path: Path) -> Path:
    """A House of this walk's own."""
    shutil.copytree(opened, tmp_path / "data", symlinks=True)
    return tmp_path / "data"


@pytest.fixture
def house(data: Path, tmp_path: Path) -> Iterator[Village]:
    """The same with a printer and a line to the office; no worker is started yet."""
    with Village(data, tmp_path) as made:
        yield made
