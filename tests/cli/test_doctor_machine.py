"""What ``hub doctor`` says a machine lacks for the devices that were chosen, each with one thing to do."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import msgspec
import pytest
from PIL import features

from devices import fonts
from devices.config import (
    PanelConfig,
    PrinterConfig,
    ReaderConfig,
    ScannerConfig,
    SheetsConfig,
    SpeakerConfig,
)
from devices.ports import Unsupported
from hub.base import phrases
from hub.base.settings import HouseSettings, Settings
from hub.cli import machine

_REAL = Settings(
    printer=PrinterConfig(kind="usb", vendor=1, product=2),
    panel=PanelConfig(kind="gpio"),
    speaker=SpeakerConfig(kind="alsa"),
    sheets=SheetsConfig(kind="cups"),
    scanner=ScannerConfig(kind="sane"),
    reader=ReaderConfig(kind="keyboard", vendor=1, product=2),
)


def _lacking(settings: Settings) -> dict[str, tuple[str, ...]]:
    return {one.name: one.lacking for one in machine.examine(settings)}


def test_a_house_of_practice_devices_lacks_nothing_but_what_it_speaks_and_draws_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(machine, "RULES", ())
    found = _lacking(Settings())
    assert found.pop("typefaces") == () and found.pop("programs") == ()
    assert set(found.values()) == {()}


def test_missing_libraries_and_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = _lacking(_REAL)
    assert found["libraries"] == ("cups", "escpos", "gpiozero", "lgpio", "usb")
    assert found["programs"] == ("aplay", "espeak-ng", "scanimage")


def test_a_machine_that_cannot_join_letters_or_has_no_typeface_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(*_: object) -> tuple[Path, Path]:
        raise Unsupported("no typeface")

    monkeypatch.setattr(features, "check", lambda name: False)
    monkeypatch.setattr(fonts, "find", none)
    assert _lacking(Settings())["typefaces"] == ("libfribidi0", "fonts-noto-core")


def test_groups_are_asked_for_where_a_chosen_device_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getgroups", lambda: [])
    assert _lacking(_REAL)["groups"] == ("audio", "gpio", "input", "lp", "scanner")
    assert _lacking(Settings())["groups"] == ()


def test_the_udev_rules_are_asked_for_by_usb_devices_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "RULES", (str(tmp_path / "99-hub.rules"),))
    assert _lacking(_REAL)["udev rules"] == ("99-hub.rules",)
    network = msgspec.structs.replace(Settings(), printer=PrinterConfig(kind="network", host="192.0.2.1"))
    assert _lacking(network)["udev rules"] == ()
    (tmp_path / "99-hub.rules").touch()
    assert _lacking(_REAL)["udev rules"] == ()


def test_the_print_service_is_asked_for_where_sheets_go_through_this_machines_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "CUPSD", (str(tmp_path / "cupsd"),))
    assert _lacking(_REAL)["print service"] == ("cups", "cups-filters")
    assert _lacking(Settings())["print service"] == ()
    away = msgspec.structs.replace(Settings(), sheets=SheetsConfig(kind="cups", server="192.0.2.1:631"))
    assert _lacking(away)["print service"] == ()
    (tmp_path / "cupsd").touch()
    assert _lacking(_REAL)["print service"] == ()


def test_practice_devices_are_told_where_a_house_is_open_for_real() -> None:
    assert _lacking(Settings())["practice devices"] == ()
    real = msgspec.structs.replace(_REAL, house=HouseSettings(demo=False), scanner=ScannerConfig())
    assert _lacking(real)["practice devices"] == ("scanner",)


def test_every_lack_has_one_thing_to_do_in_words() -> None:
    for one in machine.examine(_REAL):
        for lang in phrases.LANGUAGES:
            assert "gpio" in phrases.say(lang, one.todo_key, lacking="gpio")
