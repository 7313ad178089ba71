"""The typing reader on the kernel's own input devices; run by ``--device`` where there is /dev/uinput."""

from __future__ import annotations

from collections.abc import Iterator

import evdev
import pytest
from evdev import ecodes

from devices.config import ReaderConfig
from devices.drivers.reader_evdev import KeyboardReader
from devices.ports import State
from tests.contract.readers import keys, until
from tests.devices.codes_corpus import CARD_2021

pytestmark = pytest.mark.device
VENDOR, PRODUCT = 0x1234, 0x4321
CONFIG = ReaderConfig(kind="keyboard", vendor=VENDOR, product=PRODUCT)


@pytest.fixture
def keyboard() -> Iterator[evdev.UInput]:
    made = evdev.UInput({ecodes.EV_KEY: list(range(1, 128))}, name="Mẫu", vendor=VENDOR, product=PRODUCT)
    yield made
    made.close()


def type_in(keyboard: evdev.UInput, text: str) -> None:
    for code, value in [*keys(text), (ecodes.KEY_ENTER, 1), (ecodes.KEY_ENTER, 0)]:
        keyboard.write(ecodes.EV_KEY, code, value)
        keyboard.syn()


def test_the_kernel_gives_the_keys_to_the_house_alone(keyboard: evdev.UInput) -> None:
    reader = KeyboardReader(CONFIG)
    found: list[str] = []
    reader.on_code(found.append)
    until(lambda: reader.status().state is State.READY)
    second = KeyboardReader(CONFIG)
    assert second.status().state is State.BUSY
    second.close()
    type_in(keyboard, CARD_2021)
    until(lambda: found == [CARD_2021])
    keyboard.close()
    until(lambda: reader.status().state is State.OFFLINE)
    reader.close()
