"""``python -m tests.bench [--out FILE] [--quick]``: measure everything in one run, print a table, write JSON.

A demo House is opened in a folder of its own and started with ``hub run``; the bare Flask stands beside it.
Every loop is bounded and every process is ended by its own id. Exit code 0 when all aims are met, 1 when one
is missed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import urllib3

from tests.bench import cards, forms, imports, memory, pages, press, rates, relay, slips, table, voice, weight
from tests.bench.table import Line
from tests.journeys import village
from tests.journeys.visitor import Visitor

THREADS = 6
# One request in flight: with more, what is measured is how two cores hand a lock between threads.
CONNECTIONS = 1
ROOT = Path(__file__).parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json", help="where the JSON goes")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    given = parser.parse_args()
    rounds, seconds, presses, starts, turns = (2, 0.6, 12, 3, 120) if given.quick else (5, 1.2, 60, 9, 1000)
    counts = {"rounds": rounds, "seconds": seconds, "connections": CONNECTIONS, "threads": THREADS}
    counts |= {"presses": presses, "starts": starts, "turns": turns}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="house-bench-") as name:
        folder = Path(name)
        lines = _measured(folder, rounds, seconds, presses, starts, turns)
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "took_s": round(time.monotonic() - began, 1),
        "machine": _machine(),
        "versions": _versions(),
        "counts": counts,
        "results": table.plain(lines),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for title in ("machine", "versions", "counts"):
        print(f"{title}: " + ", ".join(f"{key} {value}" for key, value in _pairs(told[title])))
    print(f"\n{table.drawn(lines)}\n\nin {told['took_s']} s; the same as JSON: {given.out}")
    return 0 if all(line.met is not False for line in lines) else 1


def _pairs(told: object) -> list[tuple[str, object]]:
    assert isinstance(told, dict)
    return list(told.items())


def _measured(folder: Path, rounds: int, seconds: float, presses: int, starts: int, turns: int) -> list[Line]:
    data, settings = folder / "data", folder / "hub.toml"
    web, office, bare = village.free_port(), village.free_port(), village.free_port()
    village.write_settings(settings, web={"port": web, "threads": THREADS}, office={"port": office})
    _say("opening a demo House")
    village.prepare(data, settings)
    _say("imports")
    lines = _imports(starts)
    _say("a long form")
    lines += _forms(folder, turns)
    _say("slips as dots and letters")
    lines += _slips(rounds)
    _say("codes on a page")
    lines += _cards(rounds)
    _say("a page made ready")
    lines += _pages(rounds)
    _say("from press to paper")
    lines += _press(data, folder, presses)
    _say("from call to sound")
    lines += _voice(data, folder, presses)
    _say("the way to the office")
    (folder / "relay").mkdir()
    lines += relay.measure(folder / "relay", quick=rounds < 5)
    with _run(data, settings, web) as supervisor, _bare(bare):
        _say("first visit")
        lines += _weight(f"http://127.0.0.1:{web}")
        _say("requests a second")
        lines += _rates(web, bare, rounds, seconds)
        _say("memory")
        lines += _memory(supervisor, f"http://127.0.0.1:{web}")
    return lines


def _imports(starts: int) -> list[Line]:
    flask, web, ready = imports.measure(starts)
    note = (
        f"import hub.app; Flask alone takes {flask.ms:.0f} ms here, so {web.ms / flask.ms:.1f} times as long"
    )
    return [
        table.at_most("web imports, time", web.ms, 150, "ms", _from_to(web.ms_spread), note),
        table.at_most("web imports, memory", web.megabytes, 45, "MB", note="RSS over a bare interpreter"),
        Line("web ready to serve, time", ready.ms, "ms", spread=_from_to(ready.ms_spread)),
        Line("web ready to serve, memory", ready.megabytes, "MB"),
        Line("Flask alone, time", flask.ms, "ms", spread=_from_to(flask.ms_spread)),
        Line("Flask alone, memory", flask.megabytes, "MB"),
    ]


def _forms(folder: Path, turns: int) -> list[Line]:
    found = forms.in_a_process(folder, turns)
    turned, first, last = found.turned, *found.megabytes
    how = (
        f"{forms.QUESTIONS} questions, {forms.RELEVANCES} relevances, 3 repeats in each other; {turns} turns"
    )
    alone = f"pressed alone {forms.p95(found.posted):.0f}, the page after it {forms.p95(found.opened):.0f}"
    asked = found.evaluations
    return [
        table.at_most(
            "page turn, p95", forms.p95(turned), 60, "ms", _from_to((min(turned), max(turned))), how
        ),
        Line("page turn, median", statistics.median(turned), "ms", note=alone),
        Line("page turn, processor time, p95", forms.p95(found.processor), "ms"),
        table.at_most(
            "memory grown over all turns", max(0.0, last - first), 4, "MB", note=f"from {first:.0f}"
        ),
        table.at_most(
            "rules asked again by an answer, mean",
            asked["mean"],
            3,
            note=f"{asked['all']:.0f} rules in all, most {asked['most']:.0f}",
            unit="rules",
        ),
    ]


def _slips(rounds: int) -> list[Line]:
    lines = []
    for one in slips.in_a_process(3 * rounds):
        note = f"drawn {statistics.median(one.drawing):.1f}, written {statistics.median(one.writing):.1f}"
        note += f", {one.megabytes:.1f} MB more"
        title = f"slip of {slips.LINES} lines, {one.name}"
        spread = _from_to((min(one.drawing) + min(one.writing), max(one.drawing) + max(one.writing)))
        lines.append(table.at_most(f"{title}, time", one.milliseconds, 150, "ms", spread, note))
        lines.append(Line(f"{title}, size", one.bytes / 1000, "kB"))
    return lines


def _cards(rounds: int) -> list[Line]:
    lines = []
    for one in cards.in_a_process(3 * rounds):
        spread, note = _from_to((min(one.ms), max(one.ms))), f"{one.megabytes:.0f} MB more at its peak"
        if one.found:
            lines.append(table.at_most(f"{one.name}, read", one.median, 500, "ms", spread, note))
        else:
            lines.append(Line(f"{one.name}, looked through", one.median, "ms", note=note))
    return lines


def _pages(rounds: int) -> list[Line]:
    lines = []
    for one in pages.in_a_process(rounds):
        note = f"{one.before / 1e6:.1f} MB became {one.after / 1000:.0f} kB"
        spread = _from_to((min(one.ms), max(one.ms)))
        lines.append(table.at_most(f"{one.name}, made ready", one.median, 3000, "ms", spread, note))
        lines.append(
            table.at_most(f"{one.name}, memory", one.megabytes, 150, "MB", note="peak, whole process")
        )
    return lines


def _from_to(spread: tuple[float, float]) -> str:
    return f"{spread[0]:.0f}–{spread[1]:.0f}"


def _press(data: Path, folder: Path, presses: int) -> list[Line]:
    found = press.measure(data, folder, presses)
    how = "panel's own press, real bench process, 576 dots, printer on TCP"
    return [
        table.at_most(
            "press to first byte, p95", found.p95, 150, "ms", _from_to((min(found.ms), max(found.ms))), how
        ),
        Line("press to first byte, median", found.median, "ms", note=f"{len(found.ms)} presses"),
    ]


def _voice(data: Path, folder: Path, calls: int) -> list[Line]:
    chimed = voice.measure(data, folder, calls, chime=True)
    spoken = voice.measure(data, folder, calls, chime=False)
    how = "real bench process, aplay on ALSA's file device; words rendered before"
    return [
        table.at_most(
            "call to chime, p95", chimed.p95, 300, "ms", _from_to((min(chimed.ms), max(chimed.ms))), how
        ),
        Line("call to chime, median", chimed.median, "ms"),
        table.at_most(
            "call to first word, p95", spoken.p95, 300, "ms", _from_to((min(spoken.ms), max(spoken.ms)))
        ),
        Line("call to first word, median", spoken.median, "ms", note="without a chime"),
        Line("call to first word, never rendered", spoken.first, "ms"),
        Line("bench after calls, memory", spoken.rss, "MB", note="RSS"),
    ]


def _weight(base: str) -> list[Line]:
    found = weight.visit(base)
    bodies, heads = sum(one.body for one in found), sum(one.head for one in found)
    note = ", ".join(f"{one.path} {one.body}{' gzip' if one.encoding == 'gzip' else ''}" for one in found)
    return [
        table.at_most("first visit to the home page", (bodies + heads) / 1000, 60, "kB", note=note),
        Line("  of these heads of the answers", heads / 1000, "kB"),
    ]


def _rates(web: int, bare: int, rounds: int, seconds: float) -> list[Line]:
    base = f"http://127.0.0.1:{web}"
    pages = {"home": "/", "board": "/board", "ticket status": _ticket(base)}
    targets = []
    for name, path in pages.items():
        tag = urllib3.request("GET", base + path, retries=False).headers["ETag"]
        for anew in (False, True):
            how = "another visitor each" if anew else "one visitor again"
            targets.append(rates.Target(f"{name}, {how}", web, path, anew=anew))
            targets.append(rates.Target(f"{name}, {how}, 304", web, path, tag, anew))
    hello, found = rates.measure(
        rates.Target("bare Flask", bare, "/"),
        targets,
        rounds=rounds,
        seconds=seconds,
        connections=CONNECTIONS,
    )
    spread = _from_to((min(hello.per_second), max(hello.per_second)))
    lines = [Line("bare Flask hello", statistics.median(hello.per_second), "/s", spread=spread)]
    for one in found:
        aim = 0.8 if one.name.endswith("304") else 0.6
        low, high = one.spread
        note = f"{statistics.median(one.per_second):.0f}/s, {one.bytes} bytes an answer"
        lines.append(table.at_least(one.name, one.ratio, aim, "of bare", f"{low:.2f}–{high:.2f}", note))
    return lines


def _ticket(base: str) -> str:
    visitor = Visitor(base)
    try:
        page = visitor.get("/ticket")
        service = page.tree.xpath("//a[contains(@href, 'service=')]/@href")[0]
        page = (
            visitor.get(f"/ticket{service[service.index('?'):]}")
            .form(has="service")
            .send(press="priority=none")
        )
        assert page.status == 200
        return page.url.removeprefix(base).split("?")[0]
    finally:
        visitor.close()


def _memory(supervisor: int, base: str) -> list[Line]:
    for path in ("/", "/board", "/lessons", "/prices", "/search?q=khai+sinh", "/procedures", "/health"):
        urllib3.request("GET", base + path, retries=False)
    found = [memory.of(name, pid) for name, pid in memory.children(supervisor).items()]
    whole = [*found, memory.of("supervisor", supervisor)]
    lines = []
    for title, some in (
        ("production: web, bench, relay", [one for one in found if one.name in ("web", "bench", "relay")]),
        ("demo: with office and supervisor", whole),
    ):
        note = ", ".join(f"{one.name} {one.rss:.0f}" for one in some)
        rss, pss = sum(one.rss for one in some), sum(one.pss for one in some)
        lines.append(table.at_most(f"memory, {title}, PSS", pss, 170, "MB"))
        lines.append(Line(f"memory, {title}, RSS", rss, "MB", note=note))
    return lines


@contextmanager
def _run(data: Path, settings: Path, port: int) -> Iterator[int]:
    log = (data.parent / "run.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "run"],
        cwd=ROOT,
        env=village.environment(data, settings),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")
        # Reading the lessons aloud goes on for minutes beside the open House; it is no worker and would blur
        # all else.
        _end_speech(process.pid)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        log.close()


def _end_speech(supervisor: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for name, pid in memory.children(supervisor).items():
            if name == "build":
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
                return
        time.sleep(0.1)


@contextmanager
def _bare(port: int) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.bare", str(port), str(THREADS)], cwd=ROOT)
    try:
        _wait_for(f"http://127.0.0.1:{port}/")
        yield
    finally:
        process.kill()
        process.wait(5)


def _wait_for(url: str) -> None:
    def answers() -> bool:
        try:
            return urllib3.request("GET", url, retries=False, timeout=2).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    village.until(answers, 60, f"{url} did not answer")


def _machine() -> dict[str, object]:
    told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    model = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", told, re.MULTILINE)
    memory_kb = re.search(
        r"^MemTotal: +(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE
    )
    return {
        "processor": model[1].strip() if model else platform.processor() or platform.machine(),
        "processors": os.cpu_count(),
        "memory_mb": int(memory_kb[1]) // 1024 if memory_kb else 0,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def _versions() -> dict[str, str]:
    names = ("digital-cultural-house", "flask", "waitress", "werkzeug", "jinja2", "pillow", "python-escpos")
    found = {name: importlib.metadata.version(name) for name in names}
    return {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version} | found


def _say(words: str) -> None:
    print(f"• {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
