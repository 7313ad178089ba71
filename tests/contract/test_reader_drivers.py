"""What only a typing or only a serial reader can do wrong, on real pipes and pseudo-terminals."""

from __future__ import annotations

import errno
import os
import shutil
import termios
import threading
from pathlib import Path

import pytest
import serial

from devices import choose, ident
from devices.config import ReaderConfig
from devices.drivers import reader_evdev, reader_loop, reader_serial, usb_places
from devices.drivers.reader_evdev import EVENT, KEY, SYN, SYN_DROPPED, KeyboardReader
from devices.drivers.reader_serial import SerialReader
from devices.ports import State
from tests.contract import readers
from tests.contract.readers import Keyboard, Serial, events, every_key, input_device, keys, until, usb
from tests.devices.codes_corpus import CARD_2021

ENTER = [(28, 1), (28, 0)]
CONFIG = ReaderConfig(kind="keyboard", vendor=readers.VENDOR, product=readers.PRODUCT)


def heard(rig: readers.Rig) -> list[str]:
    found: list[str] = []
    rig.reader.on_code(found.append)
    until(lambda: rig.reader.status().state is State.READY)
    return found


def test_the_reader_is_held_for_the_house_alone_each_time_it_is_opened(tmp_path: Path) -> None:
    rig = Keyboard(tmp_path)
    heard(rig)
    assert rig.grabbed == 1
    rig.pull()
    until(lambda: rig.reader.status().state is State.OFFLINE)
    rig.plug()
    until(lambda: rig.grabbed == 2)
    rig.close()


@pytest.mark.parametrize(
    ("number", "state"),
    [(errno.EBUSY, State.BUSY), (errno.EACCES, State.DENIED), (errno.ENODEV, State.OFFLINE)],
)
def test_a_reader_that_cannot_be_held_is_not_read(tmp_path: Path, number: int, state: State) -> None:
    rig = Keyboard(tmp_path)
    rig.reader.close()

    def refuses(_: int) -> None:
        raise OSError(number, os.strerror(number))

    before = len(os.listdir("/proc/self/fd"))
    reader = KeyboardReader(CONFIG, sys=tmp_path / "sys", dev=tmp_path / "dev", hold=refuses)
    assert reader.status().state is state
    reader.close()
    rig.close()
    assert len(os.listdir("/proc/self/fd")) < before


def test_a_file_that_is_no_event_file_is_told_as_such(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = KeyboardReader(ReaderConfig(kind="keyboard", device=str(pipe)))
    assert reader.status().state is State.UNSUPPORTED
    reader.close()


def test_only_the_named_device_is_ever_opened(tmp_path: Path) -> None:
    rig = Keyboard(tmp_path)
    rig.reader.close()
    sys, dev = tmp_path / "sys", tmp_path / "dev"
    mine = usb(sys / "devices" / "usb8", vendor=0x1111)
    input_device(sys, "event8", mine, every_key())
    twin = usb(sys / "devices" / "usb9", serial="R-000001")
    input_device(sys, "event9", twin, every_key())
    # The same reader's volume wheel: keys, but no letters.
    wheel = sys / "devices" / "usb1" / "1-1:1.0"
    input_device(sys, "event7", wheel, "e000000000000 0")
    opened: list[str] = []

    def note(file: int) -> None:
        opened.append(os.path.basename(os.readlink(f"/proc/self/fd/{file}")))

    config = ReaderConfig(
        kind="keyboard", vendor=readers.VENDOR, product=readers.PRODUCT, serial=readers.SERIAL
    )
    reader = KeyboardReader(config, sys=sys, dev=dev, hold=note)
    assert opened == ["event1"]
    reader.close()
    rig.close()


def test_a_code_of_which_the_kernel_lost_keys_is_dropped_and_the_next_is_whole(tmp_path: Path) -> None:
    rig = Keyboard(tmp_path)
    found = heard(rig)
    rig.send(events(keys("015155000000|")) + EVENT.pack(1, 2, SYN, SYN_DROPPED, 0))
    rig.send(events([*keys("THE-REST"), *ENTER]))
    rig.hold("NEXT")
    until(lambda: found)
    assert found == ["NEXT"]
    rig.close()


def test_a_record_that_comes_in_two_pieces_is_one(tmp_path: Path) -> None:
    rig = Keyboard(tmp_path)
    found = heard(rig)
    content = events([*keys("PIECES"), *ENTER])
    for start in range(0, len(content), 7):
        rig.send(content[start : start + 7])
    until(lambda: found)
    assert found == ["PIECES"]
    rig.close()


def test_a_mouse_on_the_same_cable_types_nothing(tmp_path: Path) -> None:
    rig = Keyboard(tmp_path)
    found = heard(rig)
    rig.send(EVENT.pack(1, 2, 2, 0, 5) + EVENT.pack(1, 2, KEY, 272, 1) + EVENT.pack(1, 2, KEY, 272, 0))
    rig.hold("A")
    until(lambda: found)
    assert found == ["A"]
    rig.close()


@pytest.mark.parametrize("kind", [Keyboard, Serial])
def test_a_reader_without_an_end_key_is_heard_after_a_moment_of_silence(
    kind: type[Keyboard] | type[Serial], tmp_path: Path
) -> None:
    rig = kind(tmp_path)
    found = heard(rig)
    rig.begin(CARD_2021)
    until(lambda: found)
    assert ident.parse(found[0]) == ident.parse(CARD_2021)
    rig.close()


def test_a_serial_code_that_breaks_off_is_never_told_alone_once_the_reader_ended_one(tmp_path: Path) -> None:
    rig = Serial(tmp_path)
    found = heard(rig)
    rig.hold("WHOLE")
    until(lambda: found == ["WHOLE"])
    rig.begin(CARD_2021[:50])

    def next_comes() -> bool:
        # On a busy machine the first of these may come before the silence was noticed.
        threading.Event().wait(2 * reader_loop.SILENCE_S)
        rig.hold("NEXT")
        threading.Event().wait(0.1)
        return found[-1] == "NEXT"

    until(next_comes)
    assert CARD_2021[:50] not in found
    rig.close()


def test_a_reader_that_fails_in_a_way_of_its_own_while_it_is_opened_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Serial(tmp_path)
    found = heard(rig)
    rig.pull()
    until(lambda: rig.reader.status().state is State.OFFLINE)
    opened, tried = serial.Serial, []

    def pulled_again(*args: object, **values: object) -> object:
        tried.append(1)
        if len(tried) == 1:
            raise termios.error(errno.EIO, "Input/output error")
        return opened(*args, **values)

    monkeypatch.setattr(serial, "Serial", pulled_again)
    rig.plug()
    until(lambda: len(tried) >= 2 and rig.reader.status().state is State.READY)
    rig.hold("NEXT")
    until(lambda: found == ["NEXT"])
    rig.close()


def test_a_line_that_another_program_uses_is_busy(tmp_path: Path) -> None:
    rig = Serial(tmp_path)
    heard(rig)
    second = SerialReader(
        ReaderConfig(kind="serial", vendor=readers.VENDOR, product=readers.PRODUCT),
        sys=tmp_path / "sys",
        dev=tmp_path / "dev",
    )
    assert second.status().state is State.BUSY
    second.close()
    rig.close()


def test_a_look_around_names_readers_by_what_stays_the_same(tmp_path: Path) -> None:
    keyboard, wire = Keyboard(tmp_path / "a"), Serial(tmp_path / "b")
    (typing,) = reader_evdev.found(tmp_path / "a" / "sys")
    (line,) = reader_serial.found(tmp_path / "b" / "sys")
    for one, kind in ((typing, "keyboard"), (line, "serial")):
        assert (one.device, one.label) == ("reader", "Mẫu Đầu đọc")
        config = ReaderConfig(**one.changes)  # type: ignore[arg-type]
        assert (config.kind, config.vendor, config.product) == (kind, readers.VENDOR, readers.PRODUCT)
        assert config.serial == readers.SERIAL
    keyboard.close()
    wire.close()
    assert isinstance(choose.found(["reader"]), tuple)


def test_a_machine_without_those_folders_has_no_readers(tmp_path: Path) -> None:
    assert reader_evdev.found(tmp_path) == reader_serial.found(tmp_path) == ()


def test_what_stands_behind_a_device_is_told_by_numbers_and_serial(tmp_path: Path) -> None:
    place = usb(tmp_path / "usb1")
    found = usb_places.behind(place)
    assert found is not None
    assert found.fits(readers.VENDOR, readers.PRODUCT, "") and found.fits(
        readers.VENDOR, readers.PRODUCT, readers.SERIAL
    )
    assert not found.fits(readers.VENDOR, readers.PRODUCT, "R-000001")
    (tmp_path / "usb1" / "idVendor").write_text("none\n")
    assert usb_places.behind(place) is None
    shutil.rmtree(tmp_path / "usb1")
    assert usb_places.behind(place) is None


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "serial"},
        {"kind": "keyboard"},
        {"kind": "serial", "vendor": 1},
        {"kind": "keyboard", "product": 1},
        {"baudrate": 0},
    ],
)
def test_a_reader_that_cannot_be_found_is_refused_when_the_settings_are_read(told: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        ReaderConfig(**told)  # type: ignore[arg-type]
