"""What every test may use: a fresh database, a clock that obeys."""

from __future__ import annotations

import os
import sqlite3
import tempfile
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


@pytest.fixture(scope="session", autouse=True)
def in_memory() -> Iterator[None]:
    """What Houses of this run keep in memory alone goes when the run ends, as it would with the power."""
    before = os.environ.get("RUNTIME_DIRECTORY")
    with tempfile.TemporaryDirectory(prefix="house-tests-", dir="/dev/shm") as folder:
        os.environ["RUNTIME_DIRECTORY"] = folder
        yield
        if before is None:
            del os.environ["RUNTIME_DIRECTORY"]
        else:
            os.environ["RUNTIME_DIRECTORY"] = before


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a technician choose the tests that need something that is not on every machine."""
    parser.addoption("--device", action="store_true", help="also run the tests that need real hardware")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs real hardware unless it was asked for, or a real server unless one is named."""
    wanted = {
        "device": bool(config.getoption("--device")),
        "central": bool(os.environ.get("HUB_CENTRAL_URL") and os.environ.get("HUB_CENTRAL_TOKEN")),
    }
    absent = [name for name, there in wanted.items() if not there]
    left = [item for item in items if any(item.get_closest_marker(name) for name in absent)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


_could_not_run: list[tuple[str, str]] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember what could not run, and why."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        _could_not_run.append((report.nodeid, reason.removeprefix("Skipped: ")))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List it by name; where everything must run, say that this is a failure."""
    if _could_not_run:
        terminalreporter.section("could not run here")
        for name, reason in _could_not_run:
            terminalreporter.line(f"{name}: {reason}")
        if _must_all_run():
            terminalreporter.line("CI=true: a test that could not run counts as failed", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the run where everything must run and something could not."""
    if _could_not_run and _must_all_run() and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _must_all_run() -> bool:
    return os.environ.get("CI", "").lower() == "true"
