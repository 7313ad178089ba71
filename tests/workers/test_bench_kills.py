"""A real bench process, a real driver, a printer on a socket, and SIGKILL at random moments."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from devices import raster
from devices.config import PrinterConfig
from devices.slip import Big, Slip, Text, marked_copy
from hub.post import jobs
from hub.workers import bench
from tests.contract.escpos_reader import NotEscpos, Reader
from tests.contract.sink import Sink
from tests.workers.house import made, until

KILLS = 40
WIDTH = 384

# Forked from a small server that has everything loaded: a start costs milliseconds, and no thread is copied.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.workers.test_bench_kills", "devices.drivers.slip_escpos"])


def _work(data: str, port: int) -> None:
    house = made(Path(data), printer=_printer(port), services=())
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    bench.run(house, stop=stop)


def _printer(port: int) -> PrinterConfig:
    return PrinterConfig(kind="network", host="127.0.0.1", port=port, width=WIDTH, timeout_s=5)


def _start(data: Path, port: int) -> BaseProcess:
    process = _processes.Process(target=_work, args=(str(data), port))
    process.start()
    return process


def _slip(number: int) -> Slip:
    return Slip((Big(str(number)), Text("Nhà văn hóa số")))


def _dots(slip: Slip) -> tuple[tuple[bool, ...], ...]:
    image = raster.render(slip, WIDTH)
    flat = image.convert("L").tobytes()
    rows = [tuple(grey < 128 for grey in flat[y * WIDTH : (y + 1) * WIDTH]) for y in range(image.height)]
    return _trimmed(rows)


def _trimmed(rows: list[tuple[bool, ...]]) -> tuple[tuple[bool, ...], ...]:
    while rows and not any(rows[-1]):
        rows.pop()
    return tuple(rows)


def _printed(streams: list[bytes]) -> list[tuple[tuple[bool, ...], ...]]:
    papers = []
    for stream in streams:
        try:
            reader = Reader(WIDTH).read(stream)
        except NotEscpos:
            # The process died in the middle of this one: it was never cut off.
            continue
        papers += [_trimmed(list(paper.rows)) for paper in reader.papers]
    return papers


def test_a_bench_killed_at_any_moment_loses_no_paper_and_doubles_no_receipt_unasked(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    data = tmp_path / "data"
    kinds: dict[int, jobs.Kind] = {}
    asked: dict[int, int] = {}
    with Sink() as sink:
        house = made(data, printer=_printer(sink.port), services=())
        conn = house.connect()

        def add() -> None:
            number = len(kinds) + 1
            kind = chance.choice((jobs.Kind.TICKET, jobs.Kind.RECEIPT))
            kinds[number] = kind
            jobs.add(conn, kind, _slip(number), moment=house.clock.read(), subject=f"paper:{number}")

        def answer() -> None:
            for job in jobs.asking(conn):
                number = int(job.subject.removeprefix("paper:"))
                asked[number] = asked.get(number, 0) + 1
                jobs.answer_printed(conn, job.id, False, house.clock.read())

        for _ in range(KILLS):
            process = _start(data, sink.port)
            try:
                for _ in range(chance.randint(1, 4)):
                    add()
                    time.sleep(chance.uniform(0, 0.06))
                answer()
                time.sleep(chance.uniform(0, 0.15))
            finally:
                assert process.pid is not None
                os.kill(process.pid, signal.SIGKILL)
                process.join(5)
            assert process.exitcode == -signal.SIGKILL

        process = _start(data, sink.port)
        try:

            def all_done() -> bool:
                answer()
                return not (jobs.waiting(conn) or jobs.stuck(conn) or jobs.asking(conn))

            until(all_done, 20)
        finally:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGTERM)
            process.join(5)
        assert process.exitcode == 0
        states = {job.subject: job for job in jobs.latest(conn, 10_000)}
        conn.close()
        papers = _printed(sink.printed())

    assert len(states) == len(kinds) >= KILLS
    assert {job.state for job in states.values()} == {jobs.State.DONE}
    died_in_print = 0
    for number, kind in kinds.items():
        first, copy = _dots(_slip(number)), _dots(marked_copy(_slip(number), "BẢN SAO"))
        firsts, copies = papers.count(first), papers.count(copy)
        assert firsts + copies >= 1, f"paper {number} was lost"
        assert firsts <= 1, f"paper {number} came twice without the mark"
        if kind is jobs.Kind.RECEIPT:
            assert copies <= asked.get(number, 0), f"receipt {number} was doubled unasked"
        assert states[f"paper:{number}"].copy == (copies > 0)
        died_in_print += copies > 0
    print(f"{KILLS} kills, {len(kinds)} papers, {died_in_print} of them met on their way")
    assert died_in_print, "no kill met a paper on its way: the test showed nothing"
