"""A prepared demo House for each test, copied from one that is made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import command


@pytest.fixture
def data(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a prepared demo House."""
    return command.copied(tmp_path_factory, tmp_path / "data")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file that says nothing but that the clock is right."""
    return command.written(tmp_path, '[clock]\ntrust = "always"\n')
