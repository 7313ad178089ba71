"""An answer settles what depends on it, and nothing is left stale."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.forms import xform
from hub.forms.instance import Instance
from hub.forms.model import Form
from tests.forms import samples
from tests.forms.samples import NOW

LEAVES = ["a", "b", "c", "d"]


def plain(instance: Instance) -> tuple[bytes, list[str]]:
    """All that settling decides: the draft's values and what is irrelevant."""
    hidden = [instance.path(node) for node in instance.root.iter() if not instance.relevant(node)]
    return instance.to_xml(), hidden


def anew(instance: Instance) -> Instance:
    """The same answers with everything asked again."""
    other = Instance.from_xml(instance.form, instance.to_xml())
    assert instance.now is not None
    other.recalculate_all(instance.now)
    return other


class Author:
    """Writes random forms of three levels of repeats whose rules only look at what stands before them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.known: list[tuple[str, ...]] = []
        self.binds: list[str] = []

    def form(self) -> Form:
        data = self.level(("data",), 3)
        body = self.repeat(("data",), 3)
        return xform.read(samples.raw(body, "".join(self.binds), data))

    def level(self, above: tuple[str, ...], levels: int) -> str:
        names = [f"{name}{levels}" for name in LEAVES[: self.random.randint(2, 4)]]
        inside = "".join(self.leaf((*above, name)) for name in names)
        group = (*above, f"g{levels}")
        self.rule(group, ["relevant"])
        inside += (
            f"<g{levels}>{self.leaf((*group, f'x{levels}'))}{self.leaf((*group, f'y{levels}'))}</g{levels}>"
        )
        if levels > 1:
            name = f"r{levels}"
            self.rule((*above, name), ["relevant"], chance=0.2)
            inside += f"<{name}>{self.level((*above, name), levels - 1)}</{name}>"
        return inside + self.leaf((*above, f"z{levels}"))

    def leaf(self, path: tuple[str, ...]) -> str:
        self.rule(path, ["relevant", "calculate"])
        self.known.append(path)
        return f"<{path[-1]}/>"

    def rule(self, path: tuple[str, ...], kinds: list[str], chance: float = 0.5) -> None:
        given = ""
        for kind in kinds:
            if self.known and self.random.random() < chance:
                told = self.truth(path) if kind == "relevant" else self.value(path)
                given += f' {kind}="{told}"'
        if given:
            self.binds.append(f'<bind nodeset="/{"/".join(path)}"{given}/>')

    def seen(self, path: tuple[str, ...]) -> str:
        other = self.random.choice(self.known)
        if self.random.random() < 0.5:
            return "/" + "/".join(other)
        shared = 0
        while shared < min(len(path), len(other)) - 1 and path[shared] == other[shared]:
            shared += 1
        return "/".join([".."] * (len(path) - shared) + list(other[shared:]))

    def value(self, path: tuple[str, ...]) -> str:
        one, other = self.seen(path), self.seen(path)
        repeats = [known[:-1] for known in self.known if len(known) > 2 and known[-2].startswith("r")]
        choices: list[Callable[[], str]] = [
            lambda: f"concat({one}, '-', {other})",
            lambda: f"count({one}[. != ''])",
            lambda: f"sum({one}[. != ''])",
            lambda: f"if({one} = '1', {other}, 'n')",
            lambda: f"coalesce({one}, {other}, 'none')",
            lambda: f"join('+', {one})",
            lambda: f"string-length({one}) + count-non-empty({other})",
        ]
        if repeats:
            repeat = self.random.choice(repeats)
            whole = "/" + "/".join(repeat)
            choices.append(lambda: f"count({whole})")
            inner = next(known for known in self.known if known[:-1] == repeat)
            choices.append(lambda: f"indexed-repeat({'/' + '/'.join(inner)}, {whole}, 2)")
        if path[-2].startswith("r"):
            choices.append(lambda: f"concat(position(..), {one})")
        return self.random.choice(choices)()

    def truth(self, path: tuple[str, ...]) -> str:
        one = self.seen(path)
        return self.random.choice(
            [
                f"{one} != ''",
                f"{one} = '1'",
                f"count({one}) &gt; {self.random.randint(0, 2)}",
                f"not({one} = '2')",
            ]
        )

    def repeat(self, above: tuple[str, ...], levels: int) -> str:
        if levels == 1:
            return ""
        path = (*above, f"r{levels}")
        count = f' jr:count="../a{levels}"' if self.random.random() < 0.4 else ""
        inside = self.repeat(path, levels - 1)
        return f'<group><repeat nodeset="/{"/".join(path)}"{count}>{inside}</repeat></group>'


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.lists(st.integers(0, 1_000_000), min_size=1, max_size=14))
def test_settling_what_depends_is_as_good_as_settling_everything(seed: int, steps: list[int]) -> None:
    form = Author(seed).form()
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    for step in steps:
        dice = random.Random(step)
        leaves = [
            node for node in instance.root.iter() if len(node) == 0 and "instanceID" not in str(node.tag)
        ]
        # Where a count rules, nobody adds or removes.
        repeats = sorted(form.repeats.keys() - form.counts.keys(), key=len)
        action = dice.random()
        if action < 0.6 and leaves:
            instance.put(dice.choice(leaves), dice.choice(["", "1", "2", "3"]))
        elif action < 0.8 and repeats:
            parents = instance.nodes(dice.choice(repeats)[:-1])
            if parents:
                parent = dice.choice(parents)
                depth = len(instance.path(parent).split("/"))
                for name in [path[-1] for path in repeats if len(path) == depth]:
                    instance.add_repeat(f"{instance.path(parent)}/{name}")
        elif action < 0.9 and repeats:
            held = instance.nodes(dice.choice(repeats))
            if held:
                instance.remove_repeat(instance.path(dice.choice(held)))
        else:
            before = instance.to_xml()
            instance = Instance.from_xml(form, before)
            assert instance.to_xml() == before
            assert plain(Instance.from_xml(form, before, NOW, recalculating=True)) == plain(anew(instance))
        instance.recalculate(NOW)
        assert plain(instance) == plain(anew(instance))
    assert instance.submission_xml() == anew(instance).submission_xml()


def long_form(questions: int) -> Form:
    survey = "| | type | name | label | relevant | calculation |\n| | text | first | First | | |\n"
    for at in range(questions):
        survey += f"| | text | q{at} | Q | {'${first} = 1' if at % 60 == 0 else ''} | |\n"
        survey += f"| | calculate | k{at} | | | concat(${{q{at}}}, '!') |\n"
    return samples.written(survey)


def cost(instance: Instance, path: str, value: str) -> int:
    before = instance.evaluated
    instance.set(path, value)
    instance.recalculate(NOW)
    return instance.evaluated - before


@pytest.mark.parametrize("questions", [20, 300])
def test_the_cost_of_an_answer_grows_with_what_depends_on_it_not_with_the_form(questions: int) -> None:
    instance = Instance.new(long_form(questions), now=NOW, instance_id="uuid:1")
    assert cost(instance, "/data/q7", "x") == 1
    assert instance.get("/data/k7") == "x!"
    # One relevance in sixty looks at the first question; each hides or shows a question and its calculation.
    looking = -(-questions // 60)
    assert looking <= cost(instance, "/data/first", "1") <= 3 * looking
    assert cost(instance, "/data/first", "1") == 0


def test_in_a_repeat_only_the_same_instance_is_asked_again() -> None:
    instance = Instance.new(
        samples.written(
            "| | type | name | label | calculation |\n| | begin_repeat | kid | Kid | |\n"
            "| | integer | age | Age | |\n| | calculate | twice | | ${age} * 2 |\n"
            "| | calculate | place | | position(..) |\n| | end_repeat | | | |\n"
            "| | calculate | all | | sum(${twice}) |\n"
        ),
        now=NOW,
        instance_id="uuid:1",
    )
    for _ in range(30):
        instance.add_repeat("/data/kid")
    for number in range(1, 32):
        instance.set(f"/data/kid[{number}]/age", "1")
    instance.recalculate(NOW)
    assert cost(instance, "/data/kid[9]/age", "2") == 2
    assert instance.get("/data/all") == "64"
    before = instance.evaluated
    instance.remove_repeat("/data/kid[1]")
    assert instance.get("/data/kid[30]/place") == "30" and instance.get("/data/all") == "62"
    assert instance.evaluated - before == 31


def test_what_looks_at_the_time_is_asked_again_when_it_has_passed_and_nothing_else_is() -> None:
    form = samples.written(
        "| | type | name | label | relevant | calculation |\n| | date | born | Born | | |\n"
        "| | calculate | age | | | int((today() - ${born}) div 365.25) |\n"
        "| | text | school | School | ${age} < 18 | |\n| | calculate | other | | | concat(${school}, 'x') |\n"
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    instance.set("/data/born", "2009-01-01")
    instance.recalculate(NOW)
    assert instance.is_relevant("/data/school")
    before = instance.evaluated
    instance.recalculate(NOW + timedelta(hours=1))
    assert instance.evaluated - before == 1
    instance.recalculate(NOW + timedelta(days=60))
    assert instance.get("/data/age") == "18" and not instance.is_relevant("/data/school")


def test_a_running_balance_looks_at_the_repeat_before_it() -> None:
    form = samples.written(
        "| | type | name | label | calculation |\n| | begin_repeat | row | Row | |\n"
        "| | integer | paid | Paid | |\n"
        "| | calculate | held | "
        "| coalesce(indexed-repeat(${held}, ${row}, position(..) - 1), 0) + ${paid} |\n"
        "| | end_repeat | | | |\n"
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    for number in range(1, 5):
        if number > 1:
            instance.add_repeat("/data/row")
        instance.set(f"/data/row[{number}]/paid", str(number))
    instance.recalculate(NOW)
    assert [instance.get(f"/data/row[{number}]/held") for number in (1, 2, 3, 4)] == ["1", "3", "6", "10"]
    instance.set("/data/row[1]/paid", "11")
    instance.recalculate(NOW)
    assert instance.get("/data/row[4]/held") == "20"
    instance.remove_repeat("/data/row[2]")
    assert instance.get("/data/row[3]/held") == "18"


def test_a_total_that_never_comes_to_rest_does_not_hold_up_the_desk() -> None:
    form = samples.written(
        "| | type | name | label | calculation |\n| | begin_repeat | row | Row | |\n"
        "| | calculate | more | | count(/data/row) + sum(/data/row[position() > 0]/more[. != '']) |\n"
        "| | text | who | Who | |\n| | end_repeat | | | |\n"
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    for _ in range(3):
        instance.add_repeat("/data/row")
    assert instance.get("/data/row[4]/more") != ""


def test_irrelevant_nodes_are_not_there_for_what_counts_and_adds() -> None:
    form = samples.written(
        "| | type | name | label | relevant | calculation |\n| | begin_repeat | kid | Kid | | |\n"
        "| | select_one yn | here | Here | | |\n| | integer | age | Age | ${here} = 'y' | |\n"
        "| | end_repeat | | | | |\n| | calculate | years | | | sum(${age}) |\n"
        "| | calculate | many | | | count(${age}) |\n| | calculate | told | | | join('/', ${age}) |\n",
        "| | list_name | name | label |\n| | yn | y | Yes |\n| | yn | n | No |\n",
    )
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    for number, (here, age) in enumerate([("y", "3"), ("n", ""), ("y", "4")], start=1):
        if number > 1:
            instance.add_repeat("/data/kid")
        instance.set(f"/data/kid[{number}]/here", here)
        instance.set(f"/data/kid[{number}]/age", age)
    instance.recalculate(NOW)
    assert [instance.get(f"/data/{name}") for name in ("years", "many", "told")] == ["7", "2", "3/4"]
    instance.set("/data/kid[3]/here", "n")
    instance.recalculate(NOW)
    assert [instance.get(f"/data/{name}") for name in ("years", "many", "told")] == ["3", "1", "3"]
    assert instance.get("/data/kid[3]/age") == "4"
