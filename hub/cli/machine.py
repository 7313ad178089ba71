"""What this machine must have for the devices that were chosen: libraries, programs, typefaces, rights.

Keeps true: only what a chosen device needs is asked for, so that a House of practice devices lacks
nothing. It opens no device and changes nothing.
"""

from __future__ import annotations

import grp
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from devices.ports import DeviceError
from hub.base.settings import Settings
from hub.post import sheet_spool

CUPSD = ("/usr/sbin/cupsd", "/usr/local/sbin/cupsd")
RULES = ("/etc/udev/rules.d/99-hub.rules", "/usr/lib/udev/rules.d/99-hub.rules")

_DEVICES = ("printer", "panel", "speaker", "sheets", "scanner", "reader")
_LIBRARIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("printer", "network"): ("escpos",),
    ("printer", "usb"): ("escpos", "usb"),
    ("printer", "serial"): ("escpos", "serial"),
    ("printer", "bluetooth"): ("escpos", "serial"),
    ("printer", "file"): ("escpos",),
    ("panel", "gpio"): ("gpiozero", "lgpio"),
    ("sheets", "cups"): ("cups",),
    ("reader", "serial"): ("serial",),
}
_PROGRAMS: dict[tuple[str, str], tuple[str, ...]] = {
    ("speaker", "alsa"): ("aplay",),
    ("scanner", "sane"): ("scanimage",),
}
_GROUPS: dict[tuple[str, str], str] = {
    ("printer", "usb"): "lp",
    ("printer", "file"): "lp",
    ("printer", "serial"): "dialout",
    ("printer", "bluetooth"): "dialout",
    ("panel", "gpio"): "gpio",
    ("speaker", "alsa"): "audio",
    ("scanner", "sane"): "scanner",
    ("reader", "keyboard"): "input",
    ("reader", "serial"): "dialout",
}
_BY_RULE = (("printer", "usb"), ("printer", "file"), ("panel", "gpio"), ("reader", "keyboard"))


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at; ``todo_key`` is the phrase for what to do about what is ``lacking``."""

    name: str
    lacking: tuple[str, ...]
    todo_key: str


def examine(settings: Settings) -> tuple[Examined, ...]:
    """Look at everything that the chosen devices need."""
    kinds = {name: str(getattr(settings, name).kind) for name in _DEVICES}
    chosen = set(kinds.items())
    return (
        Examined("typefaces", _typefaces(), "care.todo_typefaces"),
        Examined("libraries", _libraries(chosen), "care.todo_libraries"),
        Examined("programs", _programs(settings, chosen), "care.todo_programs"),
        Examined("groups", _groups(chosen), "care.todo_groups"),
        Examined("udev rules", _rules(chosen), "care.todo_rules"),
        Examined("print service", _print_service(settings), "care.todo_print_service"),
        Examined("practice devices", _practice(settings, kinds), "care.todo_practice"),
        Examined("print spool", sheet_spool.lacking(settings.sheets), "care.todo_spool"),
    )


def _practice(settings: Settings, kinds: dict[str, str]) -> tuple[str, ...]:
    # A practice printer keeps its last papers as pictures, and people's names with them.
    return () if settings.house.demo else tuple(name for name in _DEVICES if kinds[name] == "simulator")


def _print_service(settings: Settings) -> tuple[str, ...]:
    # Nearly a hundred megabytes that only a House with a real printer of A4 needs: scripts/run leaves it out.
    if settings.sheets.kind != "cups" or settings.sheets.server or any(Path(path).exists() for path in CUPSD):
        return ()
    return ("cups", "cups-filters")


def _typefaces() -> tuple[str, ...]:
    from devices import fonts

    lacking = () if fonts.shaping() else ("libfribidi0",)
    try:
        fonts.find()
    except DeviceError:
        return (*lacking, "fonts-noto-core")
    return lacking


def _libraries(chosen: set[tuple[str, str]]) -> tuple[str, ...]:
    wanted = {name for one in chosen for name in _LIBRARIES.get(one, ())}
    return tuple(sorted(name for name in wanted if importlib.util.find_spec(name) is None))


def _programs(settings: Settings, chosen: set[tuple[str, str]]) -> tuple[str, ...]:
    wanted = {name for one in chosen for name in _PROGRAMS.get(one, ())}
    if settings.sound.speech:
        wanted.add("espeak-ng")
    return tuple(sorted(name for name in wanted if shutil.which(name) is None))


def _groups(chosen: set[tuple[str, str]]) -> tuple[str, ...]:
    if os.geteuid() == 0:
        return ()
    mine = {group for group in (_named(number) for number in os.getgroups()) if group}
    wanted = {_GROUPS[one] for one in chosen if one in _GROUPS}
    return tuple(sorted(wanted - mine))


def _named(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return ""


def _rules(chosen: set[tuple[str, str]]) -> tuple[str, ...]:
    needed = any(one in chosen for one in _BY_RULE)
    return () if not needed or any(Path(path).exists() for path in RULES) else ("99-hub.rules",)
