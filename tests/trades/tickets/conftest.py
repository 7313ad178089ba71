"""A House with three services and a hand that works its queue."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import msgspec
import pytest

from hub.base.settings import Settings
from hub.trades.tickets import service as tickets
from hub.trades.tickets.model import Issued, Outcome, Priority, Service, Source, Ticket
from tests.fakes import FakeClock

PAPERS = Service("giay-to", "Làm giấy tờ", "Papers", "indigo", "buffalo", "", 20, 0)
PHONE = Service("dien-thoai", "Học dùng điện thoại", "Learn the phone", "turmeric", "bee", "", 10, 1)
PRICES = Service("gia-ca", "Giá cả", "Prices", "clay", "corn", "G", 5, 2)
SERVICES = (PAPERS, PHONE, PRICES)


@dataclass
class Hand:
    """Presses and calls at the present moment of the fake clock."""

    conn: sqlite3.Connection
    clock: FakeClock
    settings: Settings

    def issue(
        self,
        service: str = "giay-to",
        priority: Priority = Priority.NONE,
        source: Source = Source.GUIDE,
        client: str = "",
        lang: str = "vi",
    ) -> Issued:
        return tickets.issue(
            self.conn,
            service,
            priority=priority,
            source=source,
            moment=self.clock.read(),
            lang=lang,
            settings=self.settings,
            client=client,
        )

    def give(self, service: str = "giay-to", priority: Priority = Priority.NONE, lang: str = "vi") -> Ticket:
        return self.issue(service, priority, lang=lang).ticket

    def call(
        self, desk: str = "1", services: set[str] | None = None, finish: Outcome | None = Outcome.DONE
    ) -> Ticket | None:
        return tickets.call_next(
            self.conn,
            desk,
            7,
            moment=self.clock.read(),
            settings=self.settings,
            services=services,
            finish=finish,
        )

    def called(self, desk: str = "1", services: set[str] | None = None) -> int:
        ticket = self.call(desk, services)
        assert ticket is not None, "somebody should have been waiting"
        return ticket.number

    def miss(self, ticket: Ticket) -> Ticket:
        return tickets.no_show(self.conn, ticket.id, moment=self.clock.read(), settings=self.settings)

    def come_back(self, ticket: Ticket) -> Ticket:
        return tickets.come_back(self.conn, ticket.id, moment=self.clock.read())

    def finish(self, ticket: Ticket, outcome: Outcome = Outcome.DONE) -> Ticket:
        return tickets.finish(self.conn, ticket.id, outcome, moment=self.clock.read(), staff_id=7)

    def move(self, ticket: Ticket, priority: bool = False, **where: str) -> Ticket:
        return tickets.transfer(
            self.conn,
            ticket.id,
            priority=priority,
            moment=self.clock.read(),
            settings=self.settings,
            **where,
        )


@pytest.fixture
def settings() -> Settings:
    """The defaults."""
    return Settings()


@pytest.fixture
def hand(conn: sqlite3.Connection, clock: FakeClock, settings: Settings) -> Hand:
    """A queue with three services and nobody in it."""
    tickets.set_services(conn, SERVICES)
    return Hand(conn, clock, settings)


def with_queue(settings: Settings, **changes: object) -> Settings:
    """Return the settings with some of the queue's changed."""
    return msgspec.structs.replace(settings, queue=msgspec.structs.replace(settings.queue, **changes))
