"""One whole House by ``hub run``, one Chromium, and fresh tablets with and without JavaScript."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser import tablet as tablets
from tests.browser.tablet import Tablet
from tests.cli import command
from tests.cli.running import Run, children, opened, until, worker

_SETTINGS = '[clock]\ntrust = "always"\n[upstream]\nevery_s = 0.3\nbackoff_first_s = 0.3\n'


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs Chromium."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A demo House that is open, with everything ready."""
    folder = tmp_path_factory.mktemp("browser")
    data = command.copied(tmp_path_factory, folder / "data")
    with opened(data, settings=command.written(folder / "etc", _SETTINGS)) as house:
        until(house.well)
        # Reading all lessons ahead of time would take the processor that the browser needs; pages make their own sound.
        (voices,) = until(lambda: [pid for pid in children(house.process.pid) if worker(pid) == "build"])
        os.kill(voices, signal.SIGTERM)
        yield house
        assert "Traceback" not in house.said, house.said
        assert '"level": "error"' not in house.said, house.said


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; given back before another folder's tests start theirs, for Playwright suffers one at a time."""
    if not Path(tablets.CHROMIUM).exists():
        pytest.skip(f"{tablets.CHROMIUM} is missing")
    with tablets.chromium() as found:
        yield found


@pytest.fixture
def tablet(run: Run, browser: Browser) -> Iterator[Callable[..., Tablet]]:
    """Open tablets; at the end each must have had no error on any page."""
    made: list[Tablet] = []

    def new(*, script: bool = True, lang: str = "vi", base: str = "") -> Tablet:
        made.append(Tablet(browser, base or run.base, script=script, lang=lang))
        return made[-1]

    yield new
    for one in made:
        one.close()
