"""How much will it be: a procedure's calculators, each with the figures it goes by.

Keeps true: what somebody types travels in the form, never in an address, and is kept nowhere; a sum stands
with its lines and its figures, and says to ask the commune where one of them is not certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask import Blueprint, abort, request

from hub.base import money
from hub.base.errors import Missing
from hub.desks import errors, shell
from hub.desks.villager import amounts, common
from hub.trades.procedures import calculators, figures, reader, telling
from hub.trades.procedures.calculators import Calculator, Slip, Sum
from hub.trades.procedures.model import Procedure

_LONGEST = 40


@dataclass(frozen=True, slots=True)
class _Shown:
    """A calculator on the page: what was typed, what to correct, what came out."""

    calculator: Calculator
    typed: dict[str, str]
    problem: tuple[str, str] | None = None
    sum: Sum | None = None
    lines: tuple[tuple[str, str], ...] = ()
    figures: tuple[amounts.Row, ...] = ()


def add_to(desk: Blueprint) -> None:
    """Put the calculators on ``desk``."""
    desk.add_url_rule("/procedures/<slug>/calculator", view_func=reckoning, methods=["GET", "POST"])


def reckoning(slug: str) -> Any:
    """Show the calculators, one of them with its sum."""
    pack = common.pack()
    known = reader.calculators(pack, slug)
    if not known:
        raise Missing("procedures.no_calculator")
    one = figures.today(shell.conn(), reader.get(pack, slug), shell.moment().on)
    pressed = request.form.get("calculator")
    if pressed is not None and pressed not in {calculator.id for calculator in known}:
        abort(404)
    shown = [_shown(one, calculator, pressed == calculator.id) for calculator in known]
    status = 422 if any(each.problem for each in shown) else 200
    return shell.page("villager/calculator.html", one=one, shown=shown, pressed=pressed), status


def _shown(one: Procedure, calculator: Calculator, pressed: bool) -> _Shown:
    typed = {
        field.name: (
            request.form.get(f"{calculator.id}.{field.name}", "")[:_LONGEST] if pressed else field.usual
        )
        for field in calculator.fields
    }
    if calculator.fields and not pressed:
        return _Shown(calculator, typed)
    try:
        found = calculators.reckon(calculator, one.figure, typed)
    except Slip as bad:
        return _Shown(calculator, typed, (bad.field, errors.told(bad)))
    lines = tuple((_line(line), money.show(line.amount)) for line in found.lines)
    return _Shown(calculator, typed, sum=found, lines=lines, figures=amounts.rows(found.used))


def _line(line: calculators.Line) -> str:
    lang = shell.lang()
    told = {
        name: telling.share(lang, value) if isinstance(value, Fraction) else value
        for name, value in line.values.items()
    }
    return shell.say(f"procedures.sum_{line.key}", **told)
