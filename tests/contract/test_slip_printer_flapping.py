"""A printer whose connection flaps: no false alarm, no second paper, and work goes on by itself."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from devices.config import PrinterConfig
from hub.post import health
from tests.contract.escpos_reader import Reader
from tests.contract.sink import Sink
from tests.workers import house as houses


def _missed(conn: sqlite3.Connection) -> int:
    row = conn.execute("SELECT missed FROM devices WHERE name = 'printer'").fetchone()
    return int(row["missed"])


def test_a_connection_that_flaps_gives_no_false_alarm_and_exactly_one_paper(tmp_path: Path) -> None:
    with Sink() as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, width=384, timeout_s=4)
        house = houses.made(tmp_path, printer=config)
        conn = house.connect()
        seen: set[str] = set()

        def state() -> str:
            told = health.one(conn, "printer", house.clock.read())
            if told is not None:
                seen.add(told.state)
            return told.state if told is not None else ""

        with houses.running(house):
            assert houses.until(lambda: state() == "ready")
            seen.clear()
            sink.pull_cable()
            houses.issue(conn, house)
            assert houses.until(lambda: state() and _missed(conn) == 1)
            sink.plug_in()
            assert houses.until(lambda: len(sink.printed()) == 1, 8)
            assert houses.until(lambda: state() == "ready")
            # Two missed answers are no fault; what nobody saw as offline asked nobody to try again.
            assert seen <= {"ready", "busy"}
        conn.close()
        papers = [paper for job in sink.printed() for paper in Reader(384).read(job).papers]
    assert len(papers) == 1
