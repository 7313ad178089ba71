"""A House that has the forms of its reports, at a time that tests move."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from hub.base.house import House
from hub.base.settings import ReportSettings
from hub.packs import install
from hub.wiring import content
from tests.fakes import FakeClock
from tests.shelves import CORE
from tests.workers import relay_process

_MANIFEST = (
    'name = "core"\nversion = "2026.11.1"\nas_of = "2026-11-21"\nlicence = "CC0-1.0"\nlanguages = ["vi"]\n'
    '[title]\nvi = "Gói chỉ có báo cáo"\nen = "A pack of reports"\n'
)


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack with the forms of the reports, as the core pack has them, installed once."""
    source, packs = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("packs")
    (source / "manifest.toml").write_text(_MANIFEST, encoding="utf-8")
    shutil.copytree(CORE / "reports", source / "reports")
    install.install(source, packs, content.preparers(), unsealed=True)
    return packs


def made(data: Path, packs: Path, clock: FakeClock, url: str = "", token_file: str = "") -> House:
    """A House that reports every day and every month."""
    data.mkdir(exist_ok=True)
    shutil.copytree(packs, data / "packs", symlinks=True)
    house = relay_process.house(data, url, token_file)
    reports = ReportSettings(daily=True, monthly=True)
    settings = msgspec.structs.replace(house.settings, reports=reports)
    return dataclasses.replace(house, settings=settings, clock=clock)


@pytest.fixture
def house(tmp_path: Path, packs: Path, clock: FakeClock) -> House:
    """A House without an office."""
    return made(tmp_path / "data", packs, clock)


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    """A connection to that House."""
    with closing(house.connect()) as conn:
        yield conn
