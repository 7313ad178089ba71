"""How each device of the bench is run: its slot, its deadline and its thread, from the House's settings.

Keeps true: what this House does not have, by its settings, is no sick device: it is not there at all. It opens
nothing; the threads do.
"""

from __future__ import annotations

import threading
from typing import Any

from devices.ports import Panel
from hub.base.house import House
from hub.workers import bench_slot
from hub.workers.bench_buttons import Buttons
from hub.workers.bench_keeper import Make
from hub.workers.bench_panel import Presses
from hub.workers.bench_printing import Printing
from hub.workers.bench_reading import Reading
from hub.workers.bench_scanning import Scanning
from hub.workers.bench_sheets import Sheets
from hub.workers.bench_slot import Slot
from hub.workers.bench_thread import DeviceThread
from hub.workers.bench_voice import Voice

_SPEAKER_HANGS_S = 60.0
_PANEL_HANGS_S = 5.0

_THREADS: dict[str, type[DeviceThread]] = {
    "printer": Printing,
    "speaker": Voice,
    "panel": Buttons,
    "sheets": Sheets,
    "scanner": Scanning,
    "reader": Reading,
}
NAMES = tuple(_THREADS)


def maker(name: str, house: House, *, grace_s: float, presses: Presses, open_most_s: float) -> Make | None:
    """Return how to make the thread of one device, or None when this House has none.

    ``grace_s`` is how long beyond its own deadline a driver may stay away before it "hangs"; ``presses`` takes the
    panel's; ``open_most_s`` is the longest pause between two tries to open a device.
    """
    kind = getattr(house.settings, name).kind
    if kind == "none":
        return None

    def opened_panel() -> Panel:
        panel = house.ports.panel()
        panel.on_press(presses.drop)
        return panel

    opener = opened_panel if name == "panel" else getattr(house.ports, name)
    hang_s = _hang_s(name, house, grace_s)

    def make(stop: threading.Event) -> DeviceThread:
        slot: Slot[Any] = Slot(name, kind, opener, hang_s=hang_s, open_most_s=open_most_s)
        if name == "panel":
            return Buttons(house, slot, stop, presses)
        return _THREADS[name](house, slot, stop)

    return make


def _hang_s(name: str, house: House, grace_s: float) -> float:
    settings = house.settings
    match name:
        case "printer":
            return settings.printer.timeout_s + grace_s
        case "sheets":
            return 4 * settings.sheets.answer_s + grace_s
        case "scanner":
            # A scan is one long call; its own deadline is a page's, so it says that it is alive at every page.
            return settings.scanner.page_s + grace_s
        case "speaker":
            return _SPEAKER_HANGS_S
        case _:
            return _PANEL_HANGS_S


OPEN_MOST_S = bench_slot.OPEN_MOST_S
OPEN_MOST_BLIND_S = 3.0
"""Where nobody tells of plugging in and out, the pause must stay short by itself."""
