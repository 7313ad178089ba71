"""A House with its content, its queue and its practice prices, and somebody in front of a tablet."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from hub.base import db
from hub.base.house import House
from hub.base.settings import Settings
from hub.desks import shell
from hub.wiring import build, content, demo
from tests.desks.visitor import Visitor
from tests.fakes import FakeClock


def _at(data: Path, clock: FakeClock) -> House:
    return dataclasses.replace(build.build(Settings(), data), clock=clock)


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a House whose content was put in place once for the whole run."""
    data = tmp_path_factory.mktemp("opened") / "data"
    house = build.build(Settings(), data)
    content.put(house, house.content / content.CORE, unsealed=True)
    return data


@pytest.fixture(scope="session")
def filled(opened: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with staff, practice prices and three numbers in the queue."""
    data = tmp_path_factory.mktemp("filled") / "data"
    shutil.copytree(opened, data, symlinks=True)
    house = _at(data, FakeClock())
    with closing(house.connect()) as conn, db.write(conn):
        demo.fill(house, conn)
    return data


@pytest.fixture
def house(filled: Path, tmp_path: Path, clock: FakeClock) -> House:
    """A demo House of this test's own."""
    shutil.copytree(filled, tmp_path / "data", symlinks=True)
    return _at(tmp_path / "data", clock)


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    with closing(house.connect()) as conn:
        yield conn


def opened_app(house: House) -> Iterator[Flask]:
    """The application of ``house``, closed when the test is over."""
    app = build.web(house)
    app.testing = True
    # Pages offer their loudspeakers whether this machine can speak or not.
    app.extensions["kept"]["speech-engine"] = True
    yield app
    shell.close_shell(app)


@pytest.fixture
def app(house: House) -> Iterator[Flask]:
    yield from opened_app(house)


@pytest.fixture(scope="module")
def reading(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for all tests of a module that change nothing."""
    data = tmp_path_factory.mktemp("reading") / "data"
    shutil.copytree(filled, data, symlinks=True)
    yield from opened_app(_at(data, FakeClock()))


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)
