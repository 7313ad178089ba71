"""ODK's XPath functions, as plain functions of a scope and XPath values.

No function reads the clock, the disk or the network: the moment
comes with the scope. What the engine does not know is refused when a form is read, never in front of a
villager.
"""

from __future__ import annotations

import math
import random
import re
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from hub.base.errors import Refused
from hub.forms import dates, digests, external, geo, shuffle, values
from hub.forms.coerce import Scope, Value, each, num, text, truth
from hub.forms.markup import Element, text_of


def _if(scope: Scope, condition: Value, then: Value, otherwise: Value) -> Value:
    return then if truth(condition) else otherwise


def _coalesce(scope: Scope, *choices: Value) -> Value:
    # JavaRosa takes "not a number" for nothing, as it takes an empty text and an empty node-set.
    return next((choice for choice in choices if text(choice) not in ("", "NaN")), "")


def _once(scope: Scope, value: Value) -> Value:
    return text_of(scope.node) or value


def _compare(scope: Scope, left: Value, operator: str, right: Value) -> bool:
    lefts = (
        [values.numeric(one, scope.village) for one in each(left)] if _is_nodes(left) else [num(scope, left)]
    )
    rights = (
        [values.numeric(one, scope.village) for one in each(right)]
        if _is_nodes(right)
        else [num(scope, right)]
    )
    test = {"<": float.__lt__, "<=": float.__le__, ">": float.__gt__, ">=": float.__ge__}[operator]
    return any(test(a, b) for a in lefts for b in rights)


def _is_nodes(value: Value) -> bool:
    return isinstance(value, list)


@lru_cache(maxsize=256)
def pattern(source: str) -> re.Pattern[str]:
    """Compile a regex() pattern; raises Refused("forms.broken_pattern", pattern=) where Python cannot
    read it.
    """
    try:
        return re.compile(source)
    except (re.error, OverflowError, RecursionError):
        raise Refused("forms.broken_pattern", pattern=source[:80]) from None


def _regex(scope: Scope, value: Value, expected: Value) -> bool:
    return pattern(text(expected)).fullmatch(text(value)) is not None


def _round(scope: Scope, value: Value, places: Value = 0.0) -> float:
    amount, digits = num(scope, value), num(scope, places)
    if math.isnan(amount) or math.isinf(amount) or math.isnan(digits) or abs(digits) > 30:
        return amount
    try:
        return float(
            Decimal(f"{amount:.15g}").quantize(Decimal(1).scaleb(-int(digits)), rounding=ROUND_HALF_UP)
        )
    except InvalidOperation:
        return amount


def _int(scope: Scope, value: Value) -> float:
    amount = num(scope, value)
    return amount if math.isnan(amount) or math.isinf(amount) else float(math.trunc(amount))


def _guarded(function: Callable[..., float]) -> Callable[..., float]:
    def calculate(scope: Scope, *arguments: Value) -> float:
        try:
            result = function(*(num(scope, argument) for argument in arguments))
        except OverflowError:
            return math.inf
        except (ValueError, ZeroDivisionError):
            return math.nan
        return math.nan if isinstance(result, complex) else float(result)

    return calculate


def _extreme(pick: Callable[[list[float]], float]) -> Callable[..., float]:
    def choose(scope: Scope, *arguments: Value) -> float:
        found = [
            values.numeric(one, scope.village) for value in arguments for one in each(value) if one != ""
        ]
        return pick(found) if found and not any(math.isnan(one) for one in found) else math.nan

    return choose


def _sum(scope: Scope, nodes: Value) -> float:
    return float(sum(values.numeric(one, scope.village) for one in _counting(scope, nodes)))


def _count(scope: Scope, nodes: Value) -> float:
    if not isinstance(nodes, list):
        raise TypeError("nodes are needed here")
    return float(sum(isinstance(node, str) or not scope.hidden(node) for node in nodes))


def _counting(scope: Scope, nodes: Value) -> list[str]:
    """The strings of the nodes that count now: what is hidden is not there."""
    if not isinstance(nodes, list):
        raise TypeError("nodes are needed here")
    return each([node for node in nodes if isinstance(node, str) or not scope.hidden(node)])


def _uuid(scope: Scope, length: Value | None = None) -> str:
    if length is None:
        return str(uuid.uuid4())
    wanted = num(scope, length)
    size = int(wanted) if 0 < wanted <= 256 else 0
    return "".join(random.choices(string.ascii_letters + string.digits, k=size))


def _pulldata(scope: Scope, name: Value, wanted: Value, key: Value, value: Value) -> str:
    # Either column may be an answer: what is no name is no column either.
    if not external.is_name(text(key)) or not external.is_name(text(wanted)):
        return ""
    found = scope.lookup(text(name), "root/item", [(text(key), [text(value)])])
    row = found[0] if found else None
    return "" if row is None or isinstance(row, str) else row.findtext(text(wanted)) or ""


def _concat(scope: Scope, *arguments: Value) -> str:
    return "".join(one for value in arguments for one in each(value))


def _join(scope: Scope, between: Value, *arguments: Value) -> str:
    return text(between).join(one for value in arguments for one in _shown(scope, value))


def _shown(scope: Scope, value: Value) -> list[str]:
    return _counting(scope, value) if isinstance(value, list) else [text(value)]


def _substr(scope: Scope, value: Value, start: Value, end: Value | None = None) -> str:
    whole = text(value)
    first = num(scope, start)
    last = float(len(whole)) if end is None else num(scope, end)
    if math.isnan(first) or math.isnan(last):
        return ""
    bounds = [max(-len(whole), min(len(whole), bound)) for bound in (first, last)]
    return whole[int(bounds[0]) : int(bounds[1])]


def _selected(scope: Scope, value: Value, wanted: Value) -> bool:
    return text(wanted).strip() in text(value).split()


def _selected_at(scope: Scope, value: Value, place: Value) -> str:
    chosen, at = text(value).split(), num(scope, place)
    return chosen[int(at)] if 0 <= at < len(chosen) else ""


def _count_selected(scope: Scope, value: Value) -> float:
    return float(len(text(value).split()))


def _count_non_empty(scope: Scope, value: Value) -> float:
    return float(sum(one != "" for one in each(value))) if _is_nodes(value) else 0.0


def _checklist(scope: Scope, least: Value, most: Value, *answers: Value) -> bool:
    return _between(sum(truth(answer) for answer in answers), num(scope, least), num(scope, most))


def _weighted_checklist(scope: Scope, least: Value, most: Value, *pairs: Value) -> bool:
    weight = sum(num(scope, pairs[at + 1]) for at in range(0, len(pairs) - 1, 2) if truth(pairs[at]))
    return _between(weight, num(scope, least), num(scope, most))


def _between(amount: float, least: float, most: float) -> bool:
    return (least < 0 or amount >= least) and (most < 0 or amount <= most)


def _position(scope: Scope, value: Value) -> float:
    if not isinstance(value, list) or not value or isinstance(value[0], str):
        return math.nan
    node = value[0]
    return 1.0 + sum(1 for _ in node.itersiblings(node.tag, preceding=True))


def _indexed_repeat(scope: Scope, nodes: Value, *pairs: Value) -> Value:
    inside: Element | None = None
    for at in range(0, len(pairs) - 1, 2):
        repeats, place = pairs[at], num(scope, pairs[at + 1])
        if not isinstance(repeats, list) or math.isnan(place):
            return ""
        held = [
            one for one in repeats if not isinstance(one, str) and (inside is None or _within(one, inside))
        ]
        if not 1 <= place <= len(held):
            return ""
        inside = held[int(place) - 1]
    if inside is None or not isinstance(nodes, list):
        return ""
    return [node for node in nodes if not isinstance(node, str) and _within(node, inside)]


def _within(node: Element, ancestor: Element) -> bool:
    return node is ancestor or any(above is ancestor for above in node.iterancestors())


def _boolean_from_string(scope: Scope, value: Value) -> bool:
    return text(value).strip().lower() in ("1", "true")


@dataclass(frozen=True, slots=True)
class Function:
    """A function's Python side (None: libxml2's own), how many arguments it takes, what its result always is.

    A ``volatile`` one gives something else each time: what it gave once is kept.
    """

    run: Callable[..., Value] | None
    least: int
    most: int | None
    numeric: bool = False
    volatile: bool = False
    textual: bool = False


def _native(least: int, most: int | None, numeric: bool = False) -> Function:
    return Function(None, least, most, numeric)


def _text(run: Callable[..., Value] | None, least: int, most: int | None) -> Function:
    """A function whose result is text whatever it is given."""
    return Function(run, least, most, textual=True)


def _math(function: Callable[..., float], arguments: int = 1) -> Function:
    return Function(_guarded(function), arguments, arguments, numeric=True)


FUNCTIONS: dict[str, Function] = {
    "if": Function(_if, 3, 3),
    "coalesce": Function(_coalesce, 1, None),
    "once": Function(_once, 1, 1),
    "true": _native(0, 0),
    "false": _native(0, 0),
    "not": _native(1, 1),
    "boolean": Function(lambda scope, value: truth(value), 1, 1),
    "boolean-from-string": Function(_boolean_from_string, 1, 1),
    "regex": Function(_regex, 2, 2),
    "checklist": Function(_checklist, 3, None),
    "weighted-checklist": Function(_weighted_checklist, 4, None),
    "number": Function(num, 1, 1, numeric=True),
    "int": Function(_int, 1, 1, numeric=True),
    "round": Function(_round, 1, 2, numeric=True),
    "floor": _native(1, 1, numeric=True),
    "ceiling": _native(1, 1, numeric=True),
    "abs": _math(abs),
    "pow": _math(lambda base, power: base**power, 2),
    "exp": _math(math.exp),
    "exp10": _math(lambda power: 10.0**power),
    "log": _math(math.log),
    "log10": _math(math.log10),
    "sqrt": _math(math.sqrt),
    "sin": _math(math.sin),
    "cos": _math(math.cos),
    "tan": _math(math.tan),
    "asin": _math(math.asin),
    "acos": _math(math.acos),
    "atan": _math(math.atan),
    "atan2": _math(math.atan2, 2),
    "pi": Function(lambda scope: math.pi, 0, 0, numeric=True),
    "random": Function(lambda scope: random.random(), 0, 0, numeric=True, volatile=True),
    "uuid": Function(_uuid, 0, 1, volatile=True, textual=True),
    "property": Function(lambda scope, name: scope.given(text(name)), 1, 1, volatile=True, textual=True),
    "sum": Function(_sum, 1, 1, numeric=True),
    "count": Function(_count, 1, 1, numeric=True),
    "max": Function(_extreme(max), 1, None, numeric=True),
    "min": Function(_extreme(min), 1, None, numeric=True),
    "count-non-empty": Function(_count_non_empty, 1, 1, numeric=True),
    "position": Function(_position, 0, 1, numeric=True),
    "last": _native(0, 0, numeric=True),
    "local-name": _native(0, 1),
    "name": _native(0, 1),
    "indexed-repeat": Function(_indexed_repeat, 3, 7),
    "instance": Function(lambda scope, name: scope.secondary(text(name)), 1, 1),
    "current": Function(lambda scope: [scope.node], 0, 0),
    "randomize": Function(shuffle.randomize, 1, 2),
    "pulldata": Function(_pulldata, 4, 4, textual=True),
    "string": _text(lambda scope, value: text(value), 1, 1),
    "concat": _text(_concat, 1, None),
    "join": _text(_join, 2, None),
    "substr": _text(_substr, 2, 3),
    "substring": _text(None, 2, 3),
    "substring-before": _text(None, 2, 2),
    "substring-after": _text(None, 2, 2),
    "translate": _text(None, 3, 3),
    "string-length": _native(0, 1, numeric=True),
    "normalize-space": _text(None, 0, 1),
    "digest": _text(digests.digest, 2, 3),
    "base64-decode": _text(digests.base64_decode, 1, 1),
    "contains": _native(2, 2),
    "starts-with": _native(2, 2),
    "ends-with": Function(lambda scope, value, end: text(value).endswith(text(end)), 2, 2),
    "selected": Function(_selected, 2, 2),
    "selected-at": _text(_selected_at, 2, 2),
    "count-selected": Function(_count_selected, 1, 1, numeric=True),
    "jr:choice-name": _text(lambda scope, value, path: scope.choice_name(text(value), text(path)), 2, 2),
    "jr:itext": _text(lambda scope, name: scope.translated(text(name)), 1, 1),
    "today": _text(lambda scope: scope.moment.date().isoformat(), 0, 0),
    "now": _text(lambda scope: values.stamp(scope.moment), 0, 0),
    "date": _text(dates.date, 1, 1),
    "date-time": _text(dates.date_time, 1, 1),
    "format-date": _text(dates.format_date, 2, 2),
    "format-date-time": _text(dates.format_date, 2, 2),
    "decimal-date-time": Function(num, 1, 1, numeric=True),
    "decimal-time": Function(dates.decimal_time, 1, 1, numeric=True),
    "version": _text(lambda scope: scope.version, 0, 0),
    "area": Function(geo.area, 1, 1, numeric=True),
    "distance": Function(geo.distance, 1, None, numeric=True),
    "geofence": Function(geo.geofence, 2, 2),
    "intersects": Function(geo.intersects, 1, 1),
}

# Names the emitter uses for its own rewriting; no form can write them, they hold a character no name may.
PRIVATE: dict[str, Callable[..., Value]] = {
    "compare": _compare,
    "root": lambda scope: [scope.root],
    "lookup": lambda scope, name, steps, *keys: scope.lookup(
        text(name), text(steps), [(text(keys[at]), each(keys[at + 1])) for at in range(0, len(keys), 2)]
    ),
}
