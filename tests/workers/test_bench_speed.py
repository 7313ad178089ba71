"""From the press to the first byte at the printer: issue, raster, connection, all of it."""

from __future__ import annotations

import dataclasses
import statistics
import time
from pathlib import Path

from devices.config import PrinterConfig
from devices.ports import Panel
from devices.simulator.panel import SimulatedPanel
from hub.base.house import House
from hub.post import health
from tests.contract.sink import Sink
from tests.workers.house import made, running, until

PRESSES = 40
BUDGET_S = 0.150


def _told(house: House) -> str | None:
    conn = house.connect()
    try:
        snapshot = health.one(conn, "printer", house.clock.read())
    finally:
        conn.close()
    return snapshot.state if snapshot else None


def test_nineteen_of_twenty_presses_reach_the_printer_within_150_ms(tmp_path: Path) -> None:
    opened: list[Panel] = []
    with Sink() as sink:
        printer = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, width=576)
        plain = made(tmp_path / "data", printer=printer, fold_s=0.001)

        def open_panel() -> Panel:
            opened.append(plain.ports.panel())
            return opened[-1]

        house = dataclasses.replace(plain, ports=dataclasses.replace(plain.ports, panel=open_panel))

        def begun() -> int:
            return sum(b"\x1b@" in job for job in list(sink.jobs))

        took = []
        with running(house):
            (panel,) = until(lambda: opened)
            assert isinstance(panel, SimulatedPanel)
            until(lambda: _told(house) == "ready")
            for number in range(PRESSES):
                pressed = time.monotonic()
                panel.press("ticket")
                while begun() <= number:
                    assert time.monotonic() - pressed < 5
                    time.sleep(0.0005)
                took.append(time.monotonic() - pressed)
                sink.printed()
                time.sleep(0.05)
    p95 = statistics.quantiles(took, n=20)[-1]
    print(
        f"press to first byte: median {statistics.median(took):.3f} s, p95 {p95:.3f} s, first {took[0]:.3f} s"
    )
    assert p95 <= BUDGET_S
