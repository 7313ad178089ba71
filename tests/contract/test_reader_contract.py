"""What every code reader promises, asked of the practice reader, of a typing one and of a serial one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices import choose
from devices.config import ReaderConfig
from devices.ports import State
from tests.contract.readers import Keyboard, Practice, Rig, Serial, until
from tests.devices.codes_corpus import CARD_2021, CARD_2024, LONG

RIGS = {"simulator": Practice, "keyboard": Keyboard, "serial": Serial}


@pytest.fixture(params=list(RIGS))
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    made = RIGS[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture
def read(rig: Rig) -> list[str]:
    found: list[str] = []
    rig.reader.on_code(found.append)
    return found


def ready(rig: Rig) -> bool:
    return rig.reader.status().state is State.READY


@pytest.mark.parametrize("text", [CARD_2021, CARD_2024, LONG, "K7MX-4QP9", "https://example.org/a?b=c&d=~"])
def test_a_code_comes_whole_and_once(rig: Rig, read: list[str], text: str) -> None:
    until(lambda: ready(rig))
    rig.hold(text)
    until(lambda: read)
    rig.hold("END")
    until(lambda: read[-1] == "END")
    assert read == [text, "END"]


def test_many_codes_keep_their_order(rig: Rig, read: list[str]) -> None:
    until(lambda: ready(rig))
    for number in range(30):
        rig.hold(f"CODE-{number:03}")
    until(lambda: len(read) == 30)
    assert read == [f"CODE-{number:03}" for number in range(30)]


def test_a_reader_that_is_plugged_in_elsewhere_is_heard_again(rig: Rig, read: list[str]) -> None:
    until(lambda: ready(rig))
    rig.hold("BEFORE")
    until(lambda: read)
    rig.pull()
    until(lambda: rig.reader.status().state is State.OFFLINE)
    rig.plug()
    until(lambda: ready(rig))
    rig.hold("AFTER")
    until(lambda: len(read) == 2)
    assert read == ["BEFORE", "AFTER"]


def test_half_a_code_is_never_told_when_the_cable_is_pulled(rig: Rig, read: list[str]) -> None:
    until(lambda: ready(rig))
    rig.hold("WHOLE")
    until(lambda: read)
    rig.begin("015155000000|HALF")
    rig.pull()
    until(lambda: rig.reader.status().state is State.OFFLINE)
    rig.plug()
    until(lambda: ready(rig))
    rig.hold("NEXT")
    until(lambda: len(read) == 2)
    assert read == ["WHOLE", "NEXT"]


def test_nothing_is_reported_after_it_was_closed(rig: Rig, read: list[str]) -> None:
    until(lambda: ready(rig))
    rig.reader.close()
    rig.reader.close()
    assert rig.reader.status().state is State.OFFLINE
    rig.hold("LATE")
    ended = threading.Event()
    assert not ended.wait(0.3)
    assert read == []


@pytest.mark.parametrize("kind", [Keyboard, Serial])
def test_a_callback_that_fails_costs_one_code(
    kind: type[Rig], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rig = kind(tmp_path)  # type: ignore[call-arg]
    found: list[str] = []

    def fails(text: str) -> None:
        if text == CARD_2021:
            raise RuntimeError(text)
        found.append(text)

    until(lambda: ready(rig))
    rig.reader.on_code(fails)
    rig.hold(CARD_2021)
    rig.hold("NEXT")
    until(lambda: found == ["NEXT"])
    rig.close()
    assert "Mẫu" not in caplog.text and "015155" not in caplog.text


def test_no_thread_is_left_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    for number, kind in enumerate((Keyboard, Serial)):
        made = kind(tmp_path / str(number))
        made.close()
    until(lambda: set(threading.enumerate()) <= before)


@pytest.mark.parametrize("kind", ["keyboard", "serial"])
def test_a_reader_that_is_not_plugged_in_is_offline_and_waited_for(tmp_path: Path, kind: str) -> None:
    config = ReaderConfig(kind=kind, vendor=0x0BAD, product=0x0BAD)  # type: ignore[arg-type]
    reader = choose.code_reader(config, tmp_path)
    try:
        assert reader.status().state is State.OFFLINE
        assert "0bad:0bad" in reader.status().detail
    finally:
        reader.close()
