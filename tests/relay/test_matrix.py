"""The fault matrix: every answer, every cut, everybody killed once, and then the office has what the House sealed.

``tests/relay/cells.py`` says which cells there are and by which rule others mean nothing. Twenty runs a cell, with
seeded moments, sizes and numbers of dossiers; two processes share the work, each forks real relays and real offices.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hub.practice_office import faults
from tests.relay import cells
from tests.relay.cells import End, Killed

_ROOT = Path(__file__).parents[2]
_RUNS, _SHARES, _LONGEST_S = 20, 2, 3000


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What every cell came to."""
    began, folder = time.monotonic(), tmp_path_factory.mktemp("matrix")
    outs = [folder / f"share-{share}" for share in range(_SHARES)]
    shares = []
    for share, out in enumerate(outs):
        with out.open("wb") as told, out.with_suffix(".bad").open("wb") as bad:
            command = [sys.executable, "-m", "tests.relay.matrix", str(share), str(_SHARES), str(_RUNS)]
            shares.append(subprocess.Popen(command, cwd=_ROOT, stdout=told, stderr=bad))
    try:
        codes = [share.wait(max(1.0, _LONGEST_S - (time.monotonic() - began))) for share in shares]
    finally:
        for share in shares:
            share.kill()
            share.wait()
        found = {
            one["cell"]: one for out in outs for one in map(json.loads, out.read_text("utf-8").splitlines())
        }
        print(f"\n{len(found)} cells in {time.monotonic() - began:.0f} s")
        for name, one in found.items():
            print(
                f"{name:50} {one['runs']:3} runs, {one['deaths']:3} killed: {one['came_to']} {one['wrong']}"
            )
    assert codes == [0] * _SHARES, [out.with_suffix(".bad").read_text("utf-8")[-2000:] for out in outs]
    return found


@pytest.mark.slow
@pytest.mark.timeout(_LONGEST_S + 60)
def test_whatever_is_answered_cut_and_killed_the_office_has_exactly_what_the_house_sealed(
    played: dict[str, dict[str, Any]],
) -> None:
    wrong = {name: one["wrong"] for name, one in played.items() if one["wrong"]}
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)
    assert set(played) == {cell.name for cell in cells.cells()}
    assert all(one["runs"] >= _RUNS for one in played.values())


@pytest.mark.slow
@pytest.mark.timeout(_LONGEST_S + 60)
def test_the_deaths_of_the_matrix_really_happen(played: dict[str, dict[str, Any]]) -> None:
    # A relay that is told "held" at its first sending never makes the second that some runs wait for.
    deaths: Counter[Killed] = Counter()
    for cell in cells.cells():
        deaths[cell.killed] += played[cell.name]["deaths"]
        if cell.killed is not Killed.NOBODY and cell.row.end is End.ARRIVES:
            assert played[cell.name]["deaths"] >= _RUNS * 3 // 4, played[cell.name]
    assert deaths[Killed.NOBODY] == 0
    assert deaths[Killed.RELAY] > 500 and deaths[Killed.OFFICE] > 500


@pytest.mark.slow
@pytest.mark.timeout(_LONGEST_S + 60)
def test_what_stays_wrong_is_held_and_what_passes_arrives(played: dict[str, dict[str, Any]]) -> None:
    for cell in cells.cells():
        came_to = " ".join(played[cell.name]["came_to"])
        if cell.row.end is End.HELD:
            assert "held" in came_to, played[cell.name]
        if cell.row.end is End.ARRIVES:
            assert "held" not in came_to, played[cell.name]


def test_every_answer_that_can_be_ordered_has_a_row_or_a_reason_why_not() -> None:
    known = {row.answer for row in cells.rows()}
    assert known | cells.LEFT_OUT == set(faults.ANSWERS) and not known & cells.LEFT_OUT
    names = [cell.name for cell in cells.cells()]
    assert len(names) == len(set(names)) > 150
