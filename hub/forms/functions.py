"""ODK's XPath functions, as plain functions of a scope and XPath values.

No function reads the clock, the disk or the network: the moment
comes with the scope. What the engine does not know is refused when a form is read, never in front of a
villager.
"""

from __future__ import annotations

import math
import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from hub.base.errors import Refused
from hub.forms import values
from hub.forms.coerce import Scope, Value, each, num, text, truth
from hub.forms.markup import Element, text_of


def _if(scope: Scope, condition: Value, then: Value, otherwise: Value) -> Value:
    return then if truth(condition) else otherwise


def _coalesce(scope: Scope, *choices: Value) -> Value:
    return next((choice for choice in choices if text(choice) != ""), "")


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


def _concat(scope: Scope, *arguments: Value) -> str:
    return "".join(one for value in arguments for one in each(value))


def _join(scope: Scope, between: Value, *arguments: Value) -> str:
    return text(between).join(one for value in arguments for one in each(value))


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


def _date(scope: Scope, value: Value) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool):
        day = values.date_of_days(float(value))
    else:
        moment = values.read_moment(text(value), scope.village)
        day = moment.date() if moment else values.read_date(text(value))
    return day.isoformat() if day else ""


def _date_time(scope: Scope, value: Value) -> str:
    counted = num(scope, value)
    moment = values.moment_of_days(counted)
    return "" if moment is None else values.stamp(moment.replace(tzinfo=scope.moment.tzinfo))


def _decimal_time(scope: Scope, value: Value) -> float:
    moment = values.read_moment(text(value), scope.village)
    hour = moment.time() if moment else values.read_time(text(value))
    if hour is None:
        return math.nan
    return (hour.hour * 3600 + hour.minute * 60 + hour.second + hour.microsecond / 1e6) / 86_400


def _format_date(scope: Scope, value: Value, shape: Value) -> str:
    counted = num(scope, value)
    moment = None if math.isnan(counted) else values.moment_of_days(round(counted * 86_400_000) / 86_400_000)
    if moment is None:
        return ""
    parts = {
        "%": "%",
        "Y": f"{moment.year:04}",
        "y": f"{moment.year % 100:02}",
        "m": f"{moment.month:02}",
        "n": str(moment.month),
        "d": f"{moment.day:02}",
        "e": str(moment.day),
        "H": f"{moment.hour:02}",
        "h": str(moment.hour),
        "M": f"{moment.minute:02}",
        "S": f"{moment.second:02}",
        "3": f"{moment.microsecond // 1000:03}",
    }
    return re.sub("%(.)", lambda found: parts.get(found[1], found[0]), text(shape))


def _boolean_from_string(scope: Scope, value: Value) -> bool:
    return text(value).strip().lower() in ("1", "true")


@dataclass(frozen=True, slots=True)
class Function:
    """A function's Python side (None.

    Libxml2's own), how many arguments it takes, and what is known of its result.
    """

    run: Callable[..., Value] | None
    least: int
    most: int | None
    numeric: bool = False
    volatile: bool = False


def _native(least: int, most: int | None, numeric: bool = False) -> Function:
    return Function(None, least, most, numeric)


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
    "uuid": Function(lambda scope: str(uuid.uuid4()), 0, 0, volatile=True),
    "sum": _native(1, 1, numeric=True),
    "count": _native(1, 1, numeric=True),
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
    "string": Function(lambda scope, value: text(value), 1, 1),
    "concat": Function(_concat, 1, None),
    "join": Function(_join, 2, None),
    "substr": Function(_substr, 2, 3),
    "substring": _native(2, 3),
    "substring-before": _native(2, 2),
    "substring-after": _native(2, 2),
    "translate": _native(3, 3),
    "string-length": _native(0, 1, numeric=True),
    "normalize-space": _native(0, 1),
    "contains": _native(2, 2),
    "starts-with": _native(2, 2),
    "ends-with": Function(lambda scope, value, end: text(value).endswith(text(end)), 2, 2),
    "selected": Function(_selected, 2, 2),
    "selected-at": Function(_selected_at, 2, 2),
    "count-selected": Function(_count_selected, 1, 1, numeric=True),
    "jr:choice-name": Function(lambda scope, value, path: scope.choice_name(text(value), text(path)), 2, 2),
    "jr:itext": Function(lambda scope, name: scope.translated(text(name)), 1, 1),
    "today": Function(lambda scope: scope.moment.date().isoformat(), 0, 0),
    "now": Function(lambda scope: values.stamp(scope.moment), 0, 0),
    "date": Function(_date, 1, 1),
    "date-time": Function(_date_time, 1, 1),
    "format-date": Function(_format_date, 2, 2),
    "format-date-time": Function(_format_date, 2, 2),
    "decimal-date-time": Function(num, 1, 1, numeric=True),
    "decimal-time": Function(_decimal_time, 1, 1, numeric=True),
    "version": Function(lambda scope: scope.version, 0, 0),
}

# Names the emitter uses for its own rewriting; no form can write them, they hold a character no name may.
PRIVATE: dict[str, Callable[..., Value]] = {
    "compare": _compare,
    "root": lambda scope: [scope.root],
    "lookup": lambda scope, name, steps, key, wanted: scope.lookup(
        text(name), text(steps), text(key), each(wanted)
    ),
}
