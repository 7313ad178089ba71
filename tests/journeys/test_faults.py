"""Every fault that a practice device can have: seen within three seconds everywhere, mended, nothing lost or doubled.

One bench process serves all cases; faults come through the page's buttons, by the command and by an order.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from hub.base import phrases
from hub.base import settings as all_settings
from hub.base.house import House
from hub.cli.main import cli
from hub.desks import shell
from hub.desks.technician import cards
from hub.post import jobs, orders, signals
from hub.trades.tickets import service as tickets
from hub.trades.tickets import views
from hub.trades.tickets.model import Source
from hub.wiring import build, demo
from tests.journeys import village

WITHIN_S = 3.0
_SEEN_AT_ONCE: dict[str, dict[str, str]] = {
    "printer": {
        "paper_out": "no_paper",
        "cable": "offline",
        "cover": "cover_open",
        "jam": "jammed",
        # These two show only on the paper.
        "paper_midway": "ready",
        "slow": "ready",
    },
    "panel": {"cable": "offline", "stuck": "stuck"},
    "speaker": {"cable": "offline", "busy": "busy"},
    "sheets": {
        "paper_out": "no_paper",
        "cable": "offline",
        "cover": "cover_open",
        "jam": "jammed",
        "ink": "no_ink",
        "rejects": "paused",
    },
    "scanner": {
        "cable": "offline",
        "cover": "cover_open",
        "jam": "jammed",
        "busy": "busy",
        "empty": "no_document",
        # This one shows only while something is scanned: it has a test of its own.
        "hangs": "ready",
    },
    "reader": {"cable": "offline"},
}
_CASES = [(device, fault) for device, faults in _SEEN_AT_ONCE.items() for fault in faults]


@dataclass
class Rehearsal:
    """A House whose bench is a process and whose pages are asked in this one."""

    house: House
    conn: sqlite3.Connection
    client: FlaskClient
    settings: Path

    def state(self, device: str) -> str:
        """Return the device's state as ``/health`` tells it."""
        told: dict[str, Any] = self.client.get("/health").get_json()["devices"]
        return str(told.get(device, ""))

    def page(self, lang: str = "vi") -> str:
        """Return the devices' page."""
        return str(self.client.get(f"/technician/devices?lang={lang}").text)

    def section(self, device: str) -> str:
        """Return the part of the page that is about one device."""
        found = re.search(f'<section class="card" id="{device}".*?</section>', self.page(), re.DOTALL)
        assert found, f"{device} is not on the page"
        return found[0]

    def press(self, device: str, action: str, value: str = "") -> None:
        """Press a button of the devices' page."""
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page())
        assert token
        sent = {"csrf_token": token[1], "value": value}
        answer = self.client.post(f"/technician/devices/{device}/{action}", data=sent)
        assert answer.status_code == 303

    def becomes(self, device: str, state: str, seconds: float = WITHIN_S) -> None:
        """Wait until a device is in a state."""
        _until(lambda: self.state(device) == state, seconds, lambda: f"{device} is {self.state(device)}")

    def mend(self, device: str) -> None:
        """Mend a device and wait until it says so."""
        self.press(device, "mend")
        self.becomes(device, "ready")

    def noted(self, device: str, what: str) -> list[dict[str, Any]]:
        """Return what came out of a practice device."""
        try:
            found = json.loads((self.house.simulated / f"{device}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return list(found.get(what, []))


def _until(what: Callable[[], object], seconds: float, why: Callable[[], str] = lambda: "") -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.03)
    raise AssertionError(why() or "it did not come about in time")


@pytest.fixture(scope="module")
def rehearsal(opened: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    folder = tmp_path_factory.mktemp("faults")
    data, settings = folder / "data", folder / "hub.toml"
    shutil.copytree(opened, data, symlinks=True)
    village.write_settings(
        settings,
        printer={"width": 384},
        queue={"fold_s": 0.001},
        scanner={"page_s": 5.0},
        sound={"stale_s": 20.0},
    )
    house = build.build(all_settings.load(settings), data)
    with (folder / "bench.log").open("wb") as log, closing(house.connect()) as conn:
        bench = subprocess.Popen(
            [sys.executable, "-m", "hub", "bench"],
            cwd=village.ROOT,
            env=village.environment(data, settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        app = build.web(house)
        app.testing = True
        try:
            made = Rehearsal(house, conn, _signed_in(app), settings)
            for device in _SEEN_AT_ONCE:
                made.becomes(device, "ready", 20)
            _until(lambda: not jobs.waiting(conn), 20)
            yield made
        finally:
            shell.close_shell(app)
            bench.terminate()
            bench.wait(8)


def _signed_in(app: Flask) -> FlaskClient:
    name, secret = next((name, secret) for name, role, secret in demo.SIGN_INS if role == "technician")
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token
    sent = {"name": name, "secret": secret, "csrf_token": token[1]}
    assert client.post("/sign-in", data=sent).status_code == 303
    return client


@pytest.fixture(autouse=True)
def _mended(rehearsal: Rehearsal) -> Iterator[None]:
    yield
    for device in _SEEN_AT_ONCE:
        if rehearsal.state(device) != "ready":
            rehearsal.mend(device)


def test_every_fault_of_every_practice_device_is_rehearsed_here() -> None:
    assert {device: set(faults) for device, faults in _SEEN_AT_ONCE.items()} == {
        device: set(faults) for device, faults in orders.FAULTS.items()
    }


Finish = Callable[[], None]


def _prints(rehearsal: Rehearsal, fault: str) -> Finish:
    def job() -> jobs.Job:
        return jobs.for_subject(rehearsal.conn, subject)[0]

    before = len(rehearsal.noted("printer", "papers"))
    ticket = tickets.issue(
        rehearsal.conn,
        views.first_open(rehearsal.conn).id,
        source=Source.TABLET,
        moment=rehearsal.house.clock.read(),
        lang="vi",
        settings=rehearsal.house.settings,
        client="",
    ).ticket
    subject = f"ticket:{ticket.id}"
    waits = jobs.State.LEASED if fault == "slow" else jobs.State.STUCK
    _until(lambda: job().state is waits, 5)

    def finish() -> None:
        _until(lambda: job().state is jobs.State.DONE, 8, lambda: f"the job is {job().state}")
        came = rehearsal.noted("printer", "papers")[before:]
        assert [paper["whole"] for paper in came].count(True) == 1
        assert job().copy == (fault == "paper_midway")
        assert ("BẢN SAO" in came[-1]["text"]) == (fault == "paper_midway")

    return finish


def _calls(rehearsal: Rehearsal, _: str) -> Finish:
    def queued() -> int:
        return int(rehearsal.conn.execute("SELECT count(*) FROM signals").fetchone()[0])

    before = len(rehearsal.noted("speaker", "played"))
    signals.say(rehearsal.conn, [("vi", "Mời số 12")], moment=rehearsal.house.clock.read(), ttl_s=20)
    time.sleep(0.3)
    assert queued() == 1 and len(rehearsal.noted("speaker", "played")) == before

    def finish() -> None:
        _until(lambda: queued() == 0, 5)
        assert len(rehearsal.noted("speaker", "played")) > before

    return finish


def _presses(rehearsal: Rehearsal, fault: str) -> Finish:
    def waiting() -> int:
        return len(views.queue(rehearsal.conn).waiting)

    before = waiting()
    _order(rehearsal, "panel", "press", "ticket")
    assert waiting() == before

    def finish() -> None:
        _order(rehearsal, "panel", "press", "ticket")
        _until(lambda: waiting() == before + 1, 3)

    return finish


def _sheets(rehearsal: Rehearsal, _: str) -> Finish:
    def out() -> int:
        return [job["stage"] for job in rehearsal.noted("sheets", "jobs")].count("done")

    def waiting() -> int:
        found = rehearsal.conn.execute("SELECT count(*) FROM sheet_jobs WHERE ended_at IS NULL")
        return int(found.fetchone()[0])

    before = out()
    _order(rehearsal, "sheets", "test")
    time.sleep(0.3)
    assert out() == before and waiting() == 1

    def finish() -> None:
        _until(lambda: waiting() == 0, 10)
        assert out() == before + 1

    return finish


def _scans(rehearsal: Rehearsal, fault: str) -> Finish:
    # The feeder is empty, but a test lies on the glass; and what hangs is rehearsed below, for it takes long.
    if fault not in ("empty", "hangs"):
        assert _order(rehearsal, "scanner", "test") is orders.State.FAILED

    def finish() -> None:
        assert _order(rehearsal, "scanner", "test") is orders.State.DONE

    return finish


def _reads(rehearsal: Rehearsal, _: str) -> Finish:
    def read() -> int:
        told = json.loads((rehearsal.house.simulated / "reader.json").read_text(encoding="utf-8"))
        return int(told["codes"])

    before = read()
    _order(rehearsal, "reader", "press", "card_2024")
    assert read() == before

    def finish() -> None:
        _order(rehearsal, "reader", "press", "card_2024")
        _until(lambda: read() == before + 1, 3)

    return finish


_WORK: dict[str, Callable[[Rehearsal, str], Finish]] = {
    "printer": _prints,
    "speaker": _calls,
    "panel": _presses,
    "sheets": _sheets,
    "scanner": _scans,
    "reader": _reads,
}


def _order(rehearsal: Rehearsal, device: str, action: str, value: str = "") -> orders.State:
    rehearsal.press(device, action, value)
    order = orders.latest(rehearsal.conn, device)
    assert order is not None and order.action == action
    _until(lambda: orders.get(rehearsal.conn, order.id).state is not orders.State.OPEN, 10)
    return orders.get(rehearsal.conn, order.id).state


@pytest.mark.parametrize(("device", "fault"), _CASES)
def test_a_fault_is_told_in_three_seconds_with_its_card_and_when_mended_work_goes_on_by_itself_once(
    rehearsal: Rehearsal, device: str, fault: str
) -> None:
    state = _SEEN_AT_ONCE[device][fault]
    rehearsal.press(device, "fault", fault)
    rehearsal.becomes(device, state)
    section = rehearsal.section(device)
    assert phrases.say("vi", f"devices.state_{state}") in section
    if state != "ready":
        stem = cards.stem(device, state)
        assert stem
        for part in ("what", "1", "2", "3"):
            assert phrases.say("vi", f"technician.card_{stem}_{part}") in section
        assert phrases.say("vi", f"technician.kept_{device}") in section
        assert 'class="drawing"' in section
        others = {name for name in _SEEN_AT_ONCE if name != device}
        assert {rehearsal.state(name) for name in others} == {"ready"}
    finish = _WORK[device](rehearsal, fault)
    rehearsal.press(device, "mend")
    rehearsal.becomes(device, "ready")
    finish()
    assert 'class="fault"' not in rehearsal.section(device)


def test_a_scan_that_hangs_is_told_with_its_card_and_the_scanner_alone_is_opened_anew(
    rehearsal: Rehearsal,
) -> None:
    assert _order(rehearsal, "scanner", "fault", "hangs") is orders.State.DONE
    rehearsal.press("scanner", "test")
    # A page's own deadline (five seconds here) and the bench's grace must pass.
    rehearsal.becomes("scanner", "hangs", 30)
    section = rehearsal.section("scanner")
    assert phrases.say("vi", "technician.card_scanner_hangs_what") in section
    assert {rehearsal.state(name) for name in _SEEN_AT_ONCE if name != "scanner"} == {"ready"}
    rehearsal.becomes("scanner", "ready", 15)
    assert _order(rehearsal, "scanner", "test") is orders.State.DONE


def test_a_cable_that_is_pulled_from_a_device_already_sick_is_told_too(rehearsal: Rehearsal) -> None:
    sick = {"printer": ("paper_out", "no_paper"), "speaker": ("busy", "busy")}
    for device, (other, state) in sick.items():
        rehearsal.press(device, "fault", other)
        rehearsal.becomes(device, state)
    # As many looks as may be missed have passed, and none was one.
    time.sleep(2.5)
    for device in sick:
        rehearsal.press(device, "fault", "cable")
    for device in sick:
        rehearsal.becomes(device, "offline")


def test_the_command_makes_practice_devices_suffer_as_the_page_does(rehearsal: Rehearsal) -> None:
    # That it is a process of its own is shown elsewhere; here fourteen of them would only take long.
    def hub(*words: str) -> Result:
        env = village.environment(rehearsal.house.data, rehearsal.settings)
        return CliRunner().invoke(cli, ["devices", *words], env=env)

    states = {device: next(iter(faults.items())) for device, faults in _SEEN_AT_ONCE.items()}
    for device, (fault, _) in states.items():
        assert hub("test", device, "--fault", fault).exit_code == 0
    for device, (_, state) in states.items():
        rehearsal.becomes(device, state)
    listed = hub("list", "--json")
    assert listed.exit_code == 1
    assert {one["name"]: one["state"] for one in json.loads(listed.stdout)} == {
        device: state for device, (_, state) in states.items()
    }
    for device in states:
        assert hub("test", device, "--mend").exit_code == 0
    for device in states:
        rehearsal.becomes(device, "ready")
    assert hub("list").exit_code == 0
