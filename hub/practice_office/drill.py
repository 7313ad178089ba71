"""The trainer's desk for exercises: what is to go wrong, how slow the line is, and what came of it.

Keeps true: the same orders can be given by a page (with its token) and by a call with the office's key; every page
says what a House should make of what happened. It never disturbs the pages themselves.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hub.base import db
from hub.base.errors import HubError, Refused
from hub.practice_office import door, exercise, faults
from hub.practice_office.faults import ANSWERS, Fault, Kind, Line, Manner
from hub.practice_office.records import Problem
from hub.practice_office.shelf import shelf

drill = Blueprint("drill", __name__)
calls = Blueprint("drill_calls", __name__)
_TIMES = {"1": 1, "3": 3, "10": 10, "always": None}
_SPEEDS = {"fast": 0, "64": 8_000, "16": 2_000, "2": 250}
_DELAYS = {"0": 0, "300": 150, "2000": 1_000}
_CHANCES = {"1": 1.0, "0.5": 0.5, "0.1": 0.1}


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """An order as a call gives it; what is left out is as in ``Fault``."""

    answer: str = "true"
    kind: Kind = Kind.POST
    manner: Manner = Manner.WHOLE
    byte: int = 0
    number: int = 0
    times: int | None = 1
    chance: float = 1.0


class Exercise(msgspec.Struct, forbid_unknown_fields=True):
    """A whole exercise as a call gives it: orders that take the place of all before, and the line."""

    faults: list[Wanted] = []
    bytes_s: int = 0
    delay_ms: int = 0


@drill.get("/exercise")
def exercise_page() -> str:
    """Show what stands, what can be ordered, and what came."""
    return _page(None)


def _page(trouble: HubError | None) -> str:
    return render_template(
        "exercise.html",
        trouble=trouble,
        armed=faults.listing(shelf()),
        line=faults.line(shelf()),
        entries=exercise.listing(shelf()),
        answers=ANSWERS,
        kinds=tuple(Kind),
        manners=tuple(Manner),
        times=tuple(_TIMES),
        chances=tuple(_CHANCES),
        speeds=_SPEEDS,
        delays=_DELAYS,
    )


@drill.post("/exercise/faults")
def arm() -> AnyResponse | tuple[str, int]:
    """Let a fault stand."""
    given = request.form
    try:
        fault = Fault(
            given.get("answer", ""),
            _chosen(Kind, given.get("kind", "")),
            _chosen(Manner, given.get("manner", "")),
            byte=_number(given.get("byte", "")),
            number=_number(given.get("number", "")),
            times=_TIMES.get(given.get("times", ""), 1),
            chance=_CHANCES.get(given.get("chance", ""), 1.0),
        )
        faults.arm(shelf(), fault)
    except Refused as bad:
        return _page(bad), 400
    return _back()


@drill.post("/exercise/faults/<int:number>/stop")
def disarm(number: int) -> AnyResponse:
    """Take a fault back."""
    faults.disarm(shelf(), number)
    return _back()


@drill.post("/exercise/line")
def slow_line() -> AnyResponse:
    """Make the line slow, or fast again."""
    now = faults.line(shelf())
    # A program may have ordered what the page has no word for: that is "" and stays.
    speeds, delays = _SPEEDS | {"": now.bytes_s}, _DELAYS | {"": now.delay_ms}
    speed, delay = request.form.get("speed"), request.form.get("delay")
    if speed not in speeds or delay not in delays:
        raise NotFound
    faults.set_line(shelf(), Line(speeds[speed], delays[delay]))
    return _back()


@drill.post("/exercise/end")
def end() -> AnyResponse:
    """End the exercise: no fault, a fast line, an empty log."""
    faults.disarm(shelf())
    faults.set_line(shelf(), Line())
    exercise.forget(shelf())
    return _back()


@calls.get("/exercise.json")
def told() -> Response:
    """Tell what stands and what came, for a program."""
    door.enter_with_key()
    line = faults.line(shelf())
    return jsonify(
        {
            "faults": [msgspec.to_builtins(one.fault) | {"id": one.id} for one in faults.listing(shelf())],
            "bytes_s": line.bytes_s,
            "delay_ms": line.delay_ms,
            "log": [msgspec.to_builtins(one) for one in exercise.listing(shelf())],
        }
    )


@calls.put("/exercise.json")
def order() -> tuple[Response, int]:
    """Begin the exercise that a program wants, in place of the one there was; the log stays."""
    door.enter_with_key()
    try:
        wanted = msgspec.json.decode(request.get_data(), type=Exercise)
        made = [Fault(**msgspec.structs.asdict(one)) for one in wanted.faults]
        for fault in made:
            fault.check()
        # No request falls between two exercises, and a kill leaves the one or the other.
        with db.write(shelf()) as conn:
            faults.set_line(conn, Line(wanted.bytes_s, wanted.delay_ms))
            faults.disarm(conn)
            for fault in made:
                faults.arm(conn, fault)
    except (msgspec.DecodeError, Refused):
        return jsonify({"message": "This is no exercise."}), 400
    return jsonify({}), 200


@calls.errorhandler(Problem)
def _problem(bad: Problem) -> tuple[Response, int]:
    return jsonify({"message": bad.message}), bad.status


def _back() -> AnyResponse:
    return redirect(url_for("drill.exercise_page"), 303)


def _chosen(kind: Any, given: str) -> Any:
    try:
        return kind(given)
    except ValueError:
        raise Refused("office.fault_bad") from None


def _number(given: str) -> int:
    cleaned = given.strip() or "0"
    sign, digits = cleaned[:1] == "-", cleaned.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 9:
        raise Refused("office.fault_bad")
    return -int(digits) if sign else int(digits)
