"""The instruments measure what they say."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from devices import raster
from hub.forms import xform
from tests.bench import cards, forms, load, memory, pages, rates, slips, table, weight
from tests.bench.rates import Target
from tests.journeys import village

_PAGES = {
    "/": (
        "text/html",
        b"<link rel=stylesheet href='/a.css'><img src=/p.svg#x><a href=/far></a><img src='/p.svg#y'>",
    ),
    "/a.css": ("text/css", b"b{background:url(w.svg)}" + b" " * 500),
    "/p.svg": ("image/svg+xml", b"<svg/>"),
    "/w.svg": ("image/svg+xml", b"<svg></svg>"),
}


class _Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: list[str] = []
    cookies: list[str] = []
    pause_s = 0.0

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.cookies.append(self.headers.get("Cookie", ""))
        time.sleep(self.pause_s)
        kind, body = _PAGES[self.path]
        if self.headers.get("If-None-Match") == '"now"':
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("ETag", '"now"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(pause_s: float = 0.0, cookies: list[str] | None = None) -> Iterator[tuple[int, list[str]]]:
    seen = [] if cookies is None else cookies
    handler = type("Pages", (_Pages,), {"asked": [], "cookies": seen, "pause_s": pause_s, "wbufsize": -1})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port, handler.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def test_the_generator_counts_whole_answers_and_only_those() -> None:
    with serving() as (port, asked):
        told = load.run(port, "/a.css", 0.3, 3, 200)
    assert 0 < told["answers"] <= len(asked) <= told["answers"] + 3
    assert told["bytes"] > len(_PAGES["/a.css"][1])


def test_a_page_that_has_changed_is_asked_for_by_its_new_tag() -> None:
    with serving() as (port, _):
        told = load.run(port, "/", 0.3, 1, 304, '"old"')
    assert told["answers"] > 1 and told["bytes"] < 300


def test_every_request_can_be_another_visitors() -> None:
    seen: list[str] = []
    with serving(cookies=seen) as (port, _):
        told = load.run(port, "/", 0.2, 1, 200, "", "anew")
    assert told["answers"] > 2 and len(set(seen)) == len(seen)


def test_an_answer_that_is_not_expected_ends_the_measuring() -> None:
    with serving() as (port, _), pytest.raises(SystemExit, match="begins with"):
        load.run(port, "/", 0.3, 1, 404)


def test_a_server_half_as_fast_has_half_the_ratio() -> None:
    with serving(0.01) as (fast, _), serving(0.02) as (slow, _):
        bare, found = rates.measure(
            Target("bare", fast, "/p.svg"),
            [Target("slow", slow, "/p.svg")],
            rounds=1,
            seconds=0.5,
            connections=2,
        )
    assert len(bare.per_second) == 2
    assert 0.3 < found[0].ratio < 0.8


def test_a_first_visit_is_the_page_and_all_it_shows_each_once_and_nothing_it_only_links_to() -> None:
    with serving() as (port, asked):
        found = weight.visit(f"http://127.0.0.1:{port}")
    assert sorted(asked) == sorted(_PAGES)
    assert {one.path: one.body for one in found} == {path: len(body) for path, (_, body) in _PAGES.items()}


def test_memory_is_read_from_the_kernel_and_children_are_found_by_their_command() -> None:
    grown = bytearray(os.urandom(1024)) * 20_000
    found = memory.of("me", os.getpid())
    assert len(grown) / 1e6 < found.pss <= found.rss
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()", "hub", "web"], stdin=subprocess.PIPE
    )
    try:
        village.until(lambda: memory.children(os.getpid()).get("web") == child.pid, 5)
    finally:
        child.communicate(timeout=10)


def test_the_long_form_is_as_long_as_is_said_and_its_pages_are_turned(tmp_path: Path) -> None:
    form = xform.read(forms.written())
    assert len(form.questions) == forms.QUESTIONS and len(form.repeats) == 3
    assert sum(bind.relevant is not None for bind in form.binds.values()) == forms.RELEVANCES
    found = forms.in_a_process(tmp_path, 6)
    assert len(found.turned) == 6 and all(0 < one < 10_000 for one in found.turned)
    assert 0 < found.evaluations["mean"] < found.evaluations["all"] / 10
    assert forms.p95([1.0] * 95 + [9.0] * 5) >= 1


@pytest.mark.parametrize(
    ("line", "met"),
    [(table.at_least, True), (table.at_most, False)],
)
def test_the_table_says_which_aim_was_met(line: Callable[..., table.Line], met: bool) -> None:
    told = line("home", 0.7, 0.6, "of bare")
    assert told.met is met
    assert ("✔" if met else "✘") in table.drawn([told])


def test_the_slip_that_is_measured_has_sixty_lines_and_every_way_carries_it() -> None:
    height = raster.render(slips.sixty_lines(), 576).height
    assert (height - raster.ROW) // 38 == slips.LINES
    found = slips.measure(1)
    assert [one.name for one in found] == list(slips.WAYS)
    sent = next(one.bytes for one in found if "sent" in one.name)
    assert sent >= height * 72
    assert all(one.bytes < sent for one in found if "sent" not in one.name)
    assert all(one.milliseconds > 0 for one in found)


def test_the_page_that_is_read_has_one_code_and_the_empty_one_none() -> None:
    found = cards.in_a_process(1)
    assert [one.found for one in found] == [1, 1, 1, 0]
    assert all(one.median > 0 and one.megabytes < 150 for one in found)


def test_the_page_that_is_made_ready_becomes_small_in_bounded_memory_of_its_own() -> None:
    found = pages.in_a_process(1)
    assert [one.name for one in found] == list(pages.WAYS)
    assert all(one.after <= pages.BUDGET < one.before for one in found)
    assert all(len(one.ms) == 1 and one.median > 0 and 10 < one.megabytes < 150 for one in found)
