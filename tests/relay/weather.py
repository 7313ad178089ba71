"""The line between a House and its office in all weathers, with the office's own shelf at its end."""

from __future__ import annotations

import dataclasses
import random
import sqlite3
from collections.abc import Callable, Mapping

from hub.post import envelope
from hub.post.transports import answers
from hub.post.transports.carrier import (
    Answer,
    CarrierFault,
    Outcome,
    Probe,
    Remarks,
    Shipment,
    Source,
    States,
    Traffic,
)
from hub.practice_office import incoming, records
from hub.practice_office.records import Problem
from tests.post import parcels


class PowerCut(BaseException):
    """The House goes dark here, whatever it was doing."""


@dataclasses.dataclass
class Kind:
    """What kind of month it is: how often the line, the office and the power fail, and how people travel."""

    door: float = 0.1
    answers: float = 0.15
    lost: float = 0.1
    power: float = 0.15
    clock: float = 0.1
    wire: float = 0.75
    stick: float = 0.2


KINDS = (
    Kind(),
    Kind(door=0.4, answers=0.5, lost=0.4),
    Kind(power=0.7),
    Kind(wire=0.05, stick=1.0),
    Kind(door=0.3, wire=0.3, stick=1.0, power=0.3),
    Kind(clock=0.6, power=0.3),
    Kind(door=0.2, answers=0.3, lost=0.3, power=0.5, clock=0.3, stick=0.5),
)


class Line:
    """The line to the office, with the office's own shelf at its end; a ``Carrier``."""

    fingerprint = "office"
    traffic = Traffic()

    def __init__(self, office: sqlite3.Connection, chance: random.Random, kind: Kind) -> None:
        self.office, self.chance, self.kind = office, chance, kind
        self.door = "open"
        self.fine = False
        self.reads = chance.random() < 0.7
        self.most_bytes = chance.choice([None, 100_000_000, 4_000, 2_500])
        self.in_flight: set[str] = set()
        self.cut_after: int | None = None
        self.dead: Callable[[], bool] = lambda: False

    def probe(self) -> Probe:
        self._live()
        if self.door == "open":
            return Probe(True, most_bytes=self.most_bytes)
        if self.door == "shut":
            return Probe(True, refusal="relay.token_refused")
        return Probe(False, "relay.portal" if self.door == "portal" else "relay.no_route")

    def weight(self, shipment: Shipment) -> int:
        return 600 + sum(source.size + 200 for source in (shipment.envelope, *shipment.files))

    def send(self, shipment: Shipment) -> Answer:
        self._live()
        assert shipment.instance_id not in self.in_flight, "two sendings of one dossier at one moment"
        self.in_flight.add(shipment.instance_id)
        try:
            return self._sent(shipment)
        finally:
            self.in_flight.discard(shipment.instance_id)

    def _sent(self, shipment: Shipment) -> Answer:
        if not self.fine:
            self._maybe_dark()
            if self.chance.random() < self.kind.lost / 2:
                return Answer(Outcome.CUT, "relay.cut")
            if self.chance.random() < self.kind.answers:
                return answers.judge(*self._sick())
            if self.chance.random() < self.kind.answers / 4:
                self.door = "portal"
                return answers.judge(200, b"<html>Wi-Fi</html>")
        status, words = self._take(shipment)
        if not self.fine:
            self._maybe_dark()
            if self.chance.random() < self.kind.lost:
                return Answer(Outcome.CUT, "relay.slow")
        return answers.judge(status, envelope.answer(words))

    def _sick(self) -> tuple[int, bytes]:
        status = self.chance.choice(
            [500, 502, 503, 408, 423, 429, 409, 413, 404, 401, 400, 200, 201, 302, 511]
        )
        return status, (
            b"<html>not OpenRosa</html>" if status in {200, 201, 302, 502, 511} else envelope.answer("No.")
        )

    def _take(self, shipment: Shipment) -> tuple[int, str]:
        xml = _bytes(shipment.envelope)
        files = {one.name: _bytes(one) for one in shipment.files}
        if self.reads and not self.fine and files and self.chance.random() < self.kind.answers / 4:
            # As two split sendings at one moment lose one: answered with 201, and not there.
            files.pop(self.chance.choice(sorted(files)))
        said = incoming.read(xml, {"/data/anh"})
        assert said is not None
        for name, content in files.items():
            there = shelved(self.office, shipment.instance_id)
            assert (
                there is None or there[1].get(name, content) == content
            ), "a photo was overwritten by another"
        try:
            records.take(self.office, said, xml, files, "House")
        except Problem as bad:
            return bad.status, bad.message
        return 201, "full submission upload was successful!"

    def holds(self, form_id: str, instance_id: str) -> Mapping[str, bool]:
        self._live()
        if not self.reads:
            raise CarrierFault("relay.no_reading", denied=True)
        if not self.fine and self.chance.random() < self.kind.lost:
            raise CarrierFault("relay.cut")
        there = shelved(self.office, instance_id)
        if there is None:
            raise CarrierFault("relay.no_reading", denied=True)
        said = incoming.read(there[0], {"/data/anh"})
        return {name: name in there[1] for name in (said.files if said else ())}

    def states(self, form_id: str, etag: str) -> States | None:
        self._live()
        if not self.reads:
            raise CarrierFault("relay.no_reading", denied=True)
        told = {
            one.instance_id: one.review_state or "received" for one in records.listing(self.office, form_id)
        }
        return States(told, "")

    def comments(self, form_id: str, instance_id: str, etag: str) -> Remarks | None:
        self._live()
        raise CarrierFault("relay.no_reading", denied=True)

    notes = comments

    def close(self) -> None:
        return None

    def _live(self) -> None:
        if self.dead():
            raise PowerCut

    def _maybe_dark(self) -> None:
        if self.cut_after is not None:
            self.cut_after -= 1
            if self.cut_after < 0:
                raise PowerCut


def _bytes(source: Source) -> bytes:
    return b"".join(source.chunks())


def shelved(office: sqlite3.Connection, instance_id: str) -> tuple[bytes, dict[str, bytes]] | None:
    found = records.find(office, parcels.FORM, instance_id)
    return records.content(office, found.id) if found else None
