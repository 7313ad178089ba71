"""What an answer means: one table, from a status and its body to what became of a sending or who is at the door.

Keeps true: only 201 or 202 with OpenRosa's own envelope is "done"; what is not OpenRosa is no office, and what a
stranger says is held against no dossier. It asks nothing and decides nothing.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import json
from collections.abc import Mapping

from hub.base import text
from hub.post import envelope
from hub.post.transports.carrier import Answer, Outcome, Probe
from hub.post.transports.connections import Response

_MOST_WORDS = 400
_LONGEST_REST_S = 3600.0
_REFUSALS = {
    400: "relay.not_understood",
    401: "relay.token_refused",
    403: "relay.token_refused",
    404: "relay.no_form",
    405: "relay.form_inactive",
}
# Central's own number for "there is no such thing"; without the right to look it says 403.
_NOT_FOUND = 404.1
_MARKS = ("x-openrosa-version", "x-openrosa-accept-content-length")


def judge(status: int, body: bytes, *, door_open: bool = False) -> Answer:
    """Return what an answer to a sending means.

    ``door_open`` is whether the same key was welcome at the door a moment ago: then it is the form that is not
    given to this House.
    """
    said = envelope.words(body)
    if status in {201, 202} and said is not None:
        return Answer(Outcome.DONE, None, said)
    if status < 400 or status in {407, 511}:
        redirected = 300 <= status < 400
        return Answer(Outcome.NO_UPLINK, "relay.redirected" if redirected else "relay.portal")
    said = said or _told(body)
    if status == 409:
        return Answer(Outcome.CONFLICT, "relay.conflict", said)
    if status in {408, 423, 425, 429}:
        return Answer(Outcome.AGAIN, "relay.office_busy", said)
    if status >= 500:
        return Answer(Outcome.AGAIN, "relay.office_sick", said)
    if status == 413:
        return Answer(Outcome.TOO_LARGE, "relay.too_large", said)
    reason = _REFUSALS.get(status, "relay.refused")
    if door_open and reason == "relay.token_refused":
        reason = "relay.form_not_given"
    return Answer(Outcome.REFUSED, reason, said or f"HTTP {status}")


def judge_sending(response: Response, *, pages_are_strangers: bool, door_open: bool) -> Answer:
    """Return what a whole answer to a sending means, with how long the office asks to be left alone."""
    if pages_are_strangers and is_strangers_page(response):
        return Answer(Outcome.NO_UPLINK, "relay.portal")
    answer = judge(response.status, response.body, door_open=door_open)
    return Answer(answer.outcome, answer.reason_key, answer.detail, rest_s(response.headers))


def judge_door(response: Response, *, pages_are_strangers: bool = False) -> Probe:
    """Return what an answer to ``HEAD`` means: 204 alone could come from any machine that says "go on"."""
    status = response.status
    if status == 204:
        if not any(mark in response.headers for mark in _MARKS):
            return Probe(False, "relay.portal")
        stated = response.headers.get("x-openrosa-accept-content-length", "")
        is_number = stated.isascii() and stated.isdigit() and len(stated) < 16
        # A door that takes nothing at all has not said how much it takes.
        return Probe(True, most_bytes=(int(stated) if is_number else 0) or None)
    if status in {405, 501}:
        return Probe(True)
    if pages_are_strangers and is_strangers_page(response):
        return Probe(False, "relay.portal")
    if 400 <= status < 500 and status not in {407, 408, 423, 425, 429}:
        return Probe(True, refusal=_REFUSALS.get(status, "relay.refused"))
    return Probe(False, judge(status, b"").reason_key, rest_s=rest_s(response.headers))


def rest_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds for which an office asks to be left alone (``Retry-After``), at most an hour; or None."""
    given = headers.get("retry-after", "").strip()
    if given.isdecimal() and given.isascii():
        return min(_LONGEST_REST_S, float(given[:9]))
    # A date is compared with the office's own clock: ours may be wrong.
    until, now = date(given), date(headers.get("date", ""))
    if until is None or now is None:
        return None
    return min(_LONGEST_REST_S, max(0.0, (until - now).total_seconds()))


def date(given: str) -> dt.datetime | None:
    """Return the moment that an HTTP date names, or None when it names none."""
    try:
        found = email.utils.parsedate_to_datetime(given)
        return found.astimezone(dt.UTC) if found.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None


def is_strangers_page(response: Response) -> bool:
    """Return whether an HTML page refuses, which no server that speaks XML and JSON writes."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return response.status in {401, 403, 404} and kind == "text/html"


def says_not_found(response: Response) -> bool:
    """Return whether it is Central itself that has not got what was asked for, and no machine before it."""
    return response.status == 404 and _said(response.body).get("code") == _NOT_FOUND


def _told(body: bytes) -> str:
    message = _said(body).get("message")
    return text.clean(message)[:_MOST_WORDS] if isinstance(message, str) else ""


def _said(body: bytes) -> Mapping[str, object]:
    # Central answers in JSON where a request never became OpenRosa's.
    if not body.lstrip()[:1] == b"{":
        return {}
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
