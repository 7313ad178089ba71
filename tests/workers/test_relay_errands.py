"""What the relay does beside dossiers: one errand at a time, and a failing one waits by itself."""

from __future__ import annotations

import dataclasses
import logging

import pytest

from hub.base.errors import NotReady
from hub.post.transports.carrier import CarrierFault
from hub.workers import relay_errands
from hub.workers.relay_errands import Errands


@dataclasses.dataclass
class Told:
    """An errand that does as told."""

    name: str
    needs_way: bool = False
    wanted: bool = True
    bad: Exception | None = None
    runs: int = 0

    def due(self) -> bool:
        return self.wanted

    def run(self) -> None:
        self.runs += 1
        if self.bad is not None:
            raise self.bad


def test_the_first_that_is_due_runs_and_the_next_waits_for_the_next_time() -> None:
    idle, first, second = Told("idle", wanted=False), Told("first"), Told("second")
    errands = Errands([idle, first, second])
    errands.run(way=True)
    assert (idle.runs, first.runs, second.runs) == (0, 1, 0)
    first.wanted = False
    errands.run(way=True)
    assert (first.runs, second.runs) == (1, 1)


def test_what_needs_a_way_stays_at_home_without_one() -> None:
    out, local = Told("out", needs_way=True), Told("local")
    errands = Errands([out, local])
    errands.run(way=False)
    assert (out.runs, local.runs) == (0, 1)


@pytest.mark.parametrize("bad", [NotReady("base.disk_full"), CarrierFault("relay.cut"), RuntimeError("odd")])
def test_one_that_fails_rests_longer_each_time_and_costs_the_others_nothing(
    bad: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1_000.0
    monkeypatch.setattr(relay_errands.time, "monotonic", lambda: now)
    sick, well = Told("sick", bad=bad), Told("well")
    errands = Errands([sick, well])
    with caplog.at_level(logging.WARNING):
        errands.run(way=True)
    assert "sick" in caplog.text
    for _ in range(3):
        errands.run(way=True)
    assert (sick.runs, well.runs) == (1, 3)
    now += 31
    errands.run(way=True)
    assert sick.runs == 2
    now += 31
    errands.run(way=True)
    assert sick.runs == 2, "the second rest is longer"
    now += 30
    sick.bad = None
    errands.run(way=True)
    now += 0.5
    errands.run(way=True)
    assert sick.runs == 4, "one that is well again rests no more"
