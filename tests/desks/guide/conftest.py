"""A House with an office to seal for, in which a guide has signed in."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from hub.base.house import House
from hub.base.settings import Settings
from hub.desks import shell
from hub.wiring import build, demo
from tests.desks.guide.hand import Guide
from tests.fakes import FakeClock


def _at(data: Path, clock: FakeClock) -> House:
    return dataclasses.replace(build.build(Settings(), data), clock=clock)


@pytest.fixture(scope="session")
def signed(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The data folder of a House with the office's key in which a guide has signed in, and their cookie.

    Signing in is slow on purpose; a copy of the folder knows the session too.
    """
    data = tmp_path_factory.mktemp("signed") / "data"
    shutil.copytree(filled, data, symlinks=True)
    house = _at(data, FakeClock())
    demo.office(house)
    app = build.web(house)
    guide = Guide(app)
    cookie = guide.client.get_cookie("house")
    assert cookie is not None
    shell.close_shell(app)
    return data, cookie.value


@pytest.fixture
def house(signed: tuple[Path, str], tmp_path: Path, clock: FakeClock) -> House:
    """A demo House of this test's own, with an office to seal for."""
    shutil.copytree(signed[0], tmp_path / "data", symlinks=True)
    return _at(tmp_path / "data", clock)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates compiled once for the whole run: that is most of what a fresh application does."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(house: House, compiled: FileSystemBytecodeCache) -> Iterator[Flask]:
    app = build.web(house)
    app.testing = True
    app.jinja_env.bytecode_cache = compiled
    app.extensions["kept"]["speech-engine"] = True
    yield app
    shell.close_shell(app)


@pytest.fixture
def guide(app: Flask, signed: tuple[Path, str]) -> Guide:
    """The guide who has signed in."""
    return Guide(app, cookie=signed[1])
