"""The way to an OpenRosa server - ODK Central, KoboToolbox, Ona - sending, looking, and reading the office's word.

Keeps true: only 201 or 202 with OpenRosa's own envelope is "done"; what is not OpenRosa is no office. The key
travels in a header, in an address only where the settings ask for it. It never keeps a whole photo in memory,
never believes the length of an answer, and asks no server for what that server does not tell.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from hub.base import clock as clocks
from hub.base import text
from hub.base.settings import UpstreamSettings
from hub.post.transports import answers, multipart, servers
from hub.post.transports.caller import Caller, Request
from hub.post.transports.carrier import (
    Answer,
    CarrierFault,
    Outcome,
    Probe,
    Remark,
    Remarks,
    Shipment,
    States,
    Traffic,
)
from hub.post.transports.connections import Fault
from hub.post.transports.known import Acquaintance
from hub.post.transports.wire import WireFault

_ANSWER_BYTES = 64 * 1024
_LIST_BYTES = 8 * 1024 * 1024
# Four hundred records or so: each change of anybody's record has all of the list sent again, and beyond this it is
# cheaper to ask about our own open cases one by one.
_STATES_BYTES = 64 * 1024
_MOST_REMARKS = 100
_REMARK_WORDS = 2_000

_STATES = {
    None: "received",
    "edited": "edited",
    "hasIssues": "hasIssues",
    "rejected": "rejected",
    "approved": "approved",
}


class OpenRosa:
    """A carrier to one server, for any number of threads at once: each asks over a line of its own.

    ``stop`` is looked at ten times a second while anything travels; ``device_id`` is what the office files this
    House's records under; ``known`` is shared by all carriers of a process and spares them handshakes. Raises
    ``NotReady`` for an address, a credential or a file of authorities that is none.
    """

    def __init__(
        self,
        settings: UpstreamSettings,
        stop: Callable[[], bool],
        *,
        device_id: str = "",
        known: Acquaintance | None = None,
    ) -> None:
        self._settings = settings
        self._caller = Caller(settings, stop, known)
        self._server = servers.server(settings, self._caller.credential)
        self._submission = self._server.submission
        if device_id:
            self._submission += f"?deviceID={quote(device_id, safe='')}"
        self._door_open = False

    @property
    def fingerprint(self) -> str:
        """What tells one office and key from another."""
        return self._caller.fingerprint

    @property
    def traffic(self) -> Traffic:
        """What went out and came in until now, with everything that a provider would count."""
        return self._caller.traffic

    def probe(self) -> Probe:
        """Ask with ``HEAD`` who is there and how much it takes."""
        asked = Request("HEAD", self._submission, self._settings.idle_s, _ANSWER_BYTES, _headers())
        try:
            response = self._caller.ask(asked)
        except WireFault as bad:
            return Probe(False, bad.fault.value)
        found = answers.judge_door(response, pages_are_strangers=self._server.pages_are_strangers)
        self._door_open = response.status == 204 and found.up
        if found.up and found.refusal is None and found.most_bytes is None:
            return Probe(True, most_bytes=self._server.most_bytes)
        return found

    def weight(self, shipment: Shipment) -> int:
        """Return the length of the request's body."""
        return multipart.length(_parts(shipment), multipart.boundary())

    def send(self, shipment: Shipment) -> Answer:
        """Send envelope and files in one POST."""
        parts, mark = _parts(shipment), multipart.boundary()

        def body() -> Iterable[bytes]:
            return multipart.stream(parts, mark)

        asked = Request(
            "POST",
            self._submission,
            self._settings.answer_s,
            _ANSWER_BYTES,
            _headers() | {"Content-Type": f"multipart/form-data; boundary={mark}"},
            body,
            multipart.length(parts, mark),
        )
        try:
            response = self._caller.ask(asked)
        except WireFault as bad:
            if bad.fault is Fault.STOPPED:
                return Answer(Outcome.STOPPED, bad.fault.value)
            return Answer(Outcome.CUT if bad.began else Outcome.NO_UPLINK, bad.fault.value)
        return answers.judge_sending(
            response,
            pages_are_strangers=self._server.pages_are_strangers,
            door_open=self._door_open and self._caller.is_known,
        )

    def holds(self, form_id: str, instance_id: str) -> Mapping[str, bool]:
        """Return for each file that the office expects whether it is there."""
        found, _ = self._read(self._server.record(form_id, instance_id) + "/attachments", "")
        return {
            item["name"]: item.get("exists") is True
            for item in _objects(found)
            if isinstance(item.get("name"), str)
        }

    def states(self, form_id: str, etag: str) -> States | None:
        """Return the review states of all records of a form by instanceID, those of other Houses included."""
        found, fresh = self._read(self._server.form(form_id), etag, _STATES_BYTES)
        if found is None:
            return None
        by_instance = {}
        for item in _objects(found):
            name, stated = item.get("instanceId"), item.get("reviewState")
            if isinstance(name, str) and (stated is None or isinstance(stated, str)) and stated in _STATES:
                by_instance[name] = _STATES[stated]
        return States(by_instance, fresh)

    def state(self, form_id: str, instance_id: str) -> str | None:
        """Return one record's review state; None for a word that the House does not know."""
        found, _ = self._read(self._server.record(form_id, instance_id), "")
        stated = found.get("reviewState", "") if isinstance(found, dict) else ""
        return _STATES.get(stated) if stated is None or isinstance(stated, str) else None

    def comments(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        """Return what officers wrote under a record."""
        return self._remarks(
            self._server.record(form_id, instance_id) + "/comments", etag, "body", "createdAt"
        )

    def notes(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        """Return what officers wrote while changing a record's state."""
        return self._remarks(self._server.record(form_id, instance_id) + "/audits", etag, "notes", "loggedAt")

    def close(self) -> None:
        """Hang up. Only when no thread asks any more."""
        self._caller.close()

    def _remarks(self, path: str, etag: str, words: str, at: str) -> Remarks | None:
        found, fresh = self._read(path, etag)
        if found is None:
            return None
        told = (_remark(item, words, at) for item in _objects(found))
        return Remarks(
            tuple(sorted((one for one in told if one), key=lambda one: one.at)[-_MOST_REMARKS:]), fresh
        )

    def _read(self, path: str, etag: str, most: int = _LIST_BYTES) -> tuple[object | None, str]:
        if not self._server.readable:
            raise CarrierFault("relay.not_readable", denied=True)
        # Without extended metadata Central names an officer only by number.
        headers = _headers() | {"Accept": "application/json", "X-Extended-Metadata": "true"}
        if etag:
            headers["If-None-Match"] = etag
        try:
            response = self._caller.ask(Request("GET", path, self._settings.answer_s, most, headers))
        except WireFault as bad:
            raise CarrierFault(bad.fault.value) from bad
        if response.status == 304 and etag:
            return None, etag
        if answers.is_strangers_page(response):
            raise CarrierFault("relay.portal")
        if response.status in {401, 403, 404, 405, 501}:
            raise CarrierFault("relay.no_reading", denied=True, gone=answers.says_not_found(response))
        if response.status != 200:
            raise CarrierFault(answers.judge(response.status, b"").reason_key or "relay.portal")
        if not response.whole:
            raise CarrierFault("relay.answer_too_long")
        try:
            return json.loads(response.body), response.headers.get("etag", "")
        except (ValueError, RecursionError) as bad:
            raise CarrierFault("relay.portal") from bad


def _headers() -> dict[str, str]:
    return {"X-OpenRosa-Version": "1.0", "User-Agent": "digital-cultural-house"}


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
        stamped = clocks.stamp(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))
    except (ValueError, OverflowError):
        return None
    by = actor.get("displayName") if isinstance(actor, dict) else None
    return Remark(cleaned, stamped, text.clean(by)[:120] if isinstance(by, str) else "") if cleaned else None
