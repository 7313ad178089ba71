"""The way to an OpenRosa server as ODK Central speaks it: sending, looking, and reading what the office says.

Keeps true: only 201 or 202 with OpenRosa's own envelope is "done"; what is not OpenRosa is no office. The key
travels in a header, never in an address. It never keeps a whole photo in memory and never believes the length
of an answer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hub.base import clock as clocks
from hub.base import text
from hub.base.errors import NotReady
from hub.base.settings import UpstreamSettings
from hub.post import envelope
from hub.post.transports import multipart
from hub.post.transports.carrier import (
    Answer,
    CarrierFault,
    Outcome,
    Probe,
    Remark,
    Remarks,
    Shipment,
    States,
)
from hub.post.transports.wire import Fault, Line, Response, WireFault

_TOKEN = re.compile(r"^[A-Za-z0-9!$._~-]{16,512}$")
_ANSWER_BYTES = 64 * 1024
_LIST_BYTES = 8 * 1024 * 1024
_MOST_REMARKS = 100
_REMARK_WORDS = 2_000

_REFUSALS = {
    400: "relay.not_understood",
    401: "relay.token_refused",
    403: "relay.token_refused",
    404: "relay.no_form",
    405: "relay.form_inactive",
}
_STATES = {
    None: "received",
    "edited": "edited",
    "hasIssues": "hasIssues",
    "rejected": "rejected",
    "approved": "approved",
}


def judge(status: int, body: bytes) -> Answer:
    """Return what an answer to a sending means."""
    said = envelope.words(body)
    if status in {201, 202} and said is not None:
        return Answer(Outcome.DONE, None, said)
    if status < 400 or status in {407, 511}:
        redirected = 300 <= status < 400
        return Answer(Outcome.NO_UPLINK, "relay.redirected" if redirected else "relay.portal")
    if status == 409:
        return Answer(Outcome.CONFLICT, "relay.conflict", said or "")
    if status in {408, 423, 425, 429}:
        return Answer(Outcome.AGAIN, "relay.office_busy", said or "")
    if status >= 500:
        return Answer(Outcome.AGAIN, "relay.office_sick", said or "")
    if status == 413:
        return Answer(Outcome.TOO_LARGE, "relay.too_large", said or "")
    return Answer(Outcome.REFUSED, _REFUSALS.get(status, "relay.refused"), said or f"HTTP {status}")


def judge_door(response: Response) -> Probe:
    """Return what an answer to ``HEAD`` means."""
    status = response.status
    if status == 204:
        stated = response.headers.get("x-openrosa-accept-content-length", "")
        return Probe(True, most_bytes=int(stated) if stated.isdigit() and len(stated) < 16 else None)
    if status in {405, 501}:
        return Probe(True)
    if 400 <= status < 500 and status not in {407, 408, 423, 425, 429}:
        return Probe(True, refusal=_REFUSALS.get(status, "relay.refused"))
    return Probe(False, judge(status, b"").reason_key)


def read_token(path: str) -> str:
    """Return the key in the file ``path``, or "" when no file is named.

    Raises ``NotReady`` when it cannot be read, is open to others, or is no key.
    """
    if not path:
        return ""
    file = Path(path)
    try:
        mode = file.stat().st_mode
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as bad:
        raise NotReady("relay.token_missing", path=path) from bad
    if mode & 0o077:
        raise NotReady("base.secret_open", path=path)
    if not _TOKEN.match(token):
        raise NotReady("relay.token_bad", path=path)
    return token


class OpenRosa:
    """A carrier to one project of one server; ``stop`` is looked at ten times a second while anything
    travels."""

    def __init__(self, settings: UpstreamSettings, stop: Callable[[], bool]) -> None:
        self._settings = settings
        self._token = read_token(settings.token_file)
        self._line = Line(settings.url, connect_s=settings.connect_s, idle_s=settings.idle_s, stop=stop)
        self._project = f"/v1/projects/{settings.project}"

    @property
    def fingerprint(self) -> str:
        """What tells one office and key from another."""
        whole = f"{self._settings.url}\n{self._settings.project}\n{self._token}"
        return hashlib.sha256(whole.encode("utf-8")).hexdigest()[:16]

    def probe(self) -> Probe:
        """Ask with ``HEAD`` who is there and how much it takes."""
        try:
            response = self._line.ask(
                "HEAD",
                f"{self._project}/submission",
                headers=self._headers(),
                wait_s=self._settings.idle_s,
                most=_ANSWER_BYTES,
            )
        except WireFault as bad:
            return Probe(False, bad.fault.value)
        return judge_door(response)

    def weight(self, shipment: Shipment) -> int:
        """Return the length of the request's body."""
        return multipart.length(_parts(shipment), multipart.boundary())

    def send(self, shipment: Shipment) -> Answer:
        """Send envelope and files in one POST."""
        parts, mark = _parts(shipment), multipart.boundary()
        try:
            response = self._line.ask(
                "POST",
                f"{self._project}/submission",
                headers=self._headers() | {"Content-Type": f"multipart/form-data; boundary={mark}"},
                body=multipart.stream(parts, mark),
                length=multipart.length(parts, mark),
                wait_s=self._settings.answer_s,
                most=_ANSWER_BYTES,
            )
        except WireFault as bad:
            if bad.fault is Fault.STOPPED:
                return Answer(Outcome.STOPPED, bad.fault.value)
            return Answer(Outcome.CUT if bad.began else Outcome.NO_UPLINK, bad.fault.value)
        return judge(response.status, response.body)

    def holds(self, form_id: str, instance_id: str) -> Mapping[str, bool]:
        """Return for each file that the office expects whether it is there."""
        found, _ = self._read(self._record(form_id, instance_id) + "/attachments", "")
        return {
            item["name"]: item.get("exists") is True
            for item in _objects(found)
            if isinstance(item.get("name"), str)
        }

    def states(self, form_id: str, etag: str) -> States | None:
        """Return the review states of all records of a form by instanceID."""
        found, fresh = self._read(f"{self._project}/forms/{quote(form_id, safe='')}/submissions", etag)
        if found is None:
            return None
        by_instance = {}
        for item in _objects(found):
            name, stated = item.get("instanceId"), item.get("reviewState")
            if isinstance(name, str) and (stated is None or isinstance(stated, str)) and stated in _STATES:
                by_instance[name] = _STATES[stated]
        return States(by_instance, fresh)

    def comments(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        """Return what officers wrote under a record."""
        return self._remarks(self._record(form_id, instance_id) + "/comments", etag, "body", "createdAt")

    def notes(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        """Return what officers wrote while changing a record's state."""
        return self._remarks(self._record(form_id, instance_id) + "/audits", etag, "notes", "loggedAt")

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _record(self, form_id: str, instance_id: str) -> str:
        return f"{self._project}/forms/{quote(form_id, safe='')}/submissions/{quote(instance_id, safe='')}"

    def _remarks(self, path: str, etag: str, words: str, at: str) -> Remarks | None:
        found, fresh = self._read(path, etag)
        if found is None:
            return None
        told = (_remark(item, words, at) for item in _objects(found))
        return Remarks(
            tuple(sorted((one for one in told if one), key=lambda one: one.at)[-_MOST_REMARKS:]), fresh
        )

    def _read(self, path: str, etag: str) -> tuple[object | None, str]:
        # Without extended metadata Central names an officer only by number.
        headers = self._headers() | {"Accept": "application/json", "X-Extended-Metadata": "true"}
        if etag:
            headers["If-None-Match"] = etag
        try:
            response = self._line.ask(
                "GET", path, headers=headers, wait_s=self._settings.answer_s, most=_LIST_BYTES
            )
        except WireFault as bad:
            raise CarrierFault(bad.fault.value) from bad
        if response.status == 304 and etag:
            return None, etag
        if response.status in {401, 403, 404, 405, 501}:
            raise CarrierFault("relay.no_reading", denied=True)
        if response.status != 200:
            raise CarrierFault(judge(response.status, b"").reason_key or "relay.portal")
        if not response.whole:
            raise CarrierFault("relay.answer_too_long")
        try:
            return json.loads(response.body), response.headers.get("etag", "")
        except (ValueError, RecursionError) as bad:
            raise CarrierFault("relay.portal") from bad

    def _headers(self) -> dict[str, str]:
        told = {"X-OpenRosa-Version": "1.0", "User-Agent": "digital-cultural-house"}
        if self._token:
            told["Authorization"] = f"Bearer {self._token}"
        return told


def _parts(shipment: Shipment) -> tuple[multipart.Part, ...]:
    # A part's name must be the file name written in the XML: Central drops the file silently otherwise.
    return (
        multipart.Part(shipment.envelope, "text/xml", "submission.xml"),
        *(multipart.Part(source, "application/octet-stream", source.name) for source in shipment.files),
    )


def _objects(found: object) -> list[dict[str, Any]]:
    if not isinstance(found, list):
        raise CarrierFault("relay.portal")
    return [item for item in found if isinstance(item, dict)]


def _remark(item: dict[str, Any], words: str, at: str) -> Remark | None:
    told, when, actor = item.get(words), item.get(at), item.get("actor")
    if not isinstance(told, str) or not isinstance(when, str):
        return None
    cleaned = text.clean(told, lines=True)[:_REMARK_WORDS]
    try:
        moment = dt.datetime.fromisoformat(when)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    by = actor.get("displayName") if isinstance(actor, dict) else None
    return (
        Remark(cleaned, clocks.stamp(moment), text.clean(by)[:120] if isinstance(by, str) else "")
        if cleaned
        else None
    )
