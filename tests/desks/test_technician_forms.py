"""The technician's page of forms: a new key is shown with its digits and trusted only after they were compared."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from flask import Flask

from hub.base.house import House
from hub.base.settings import UpstreamSettings
from hub.overview import access
from hub.packs import shelf
from hub.post import office_keys
from hub.post.office_keys import Act
from hub.trades.procedures import added, fetching, offers
from hub.trades.procedures.fetching import Asking
from hub.trades.reports.model import FORM_IDS
from hub.workers.relay_reports import Reports
from tests.desks.test_technician import app, house, press, signed_in, told
from tests.trades.procedures.offers import InMemory, key

__all__ = ["app", "house"]


@pytest.fixture
def conn(house: House) -> Iterator[sqlite3.Connection]:
    with closing(house.connect()) as conn:
        yield conn


def offer(house: House, conn: sqlite3.Connection, version: str, public_key: str) -> None:
    """The relay has fetched this from an office."""
    office = InMemory()
    office.offer("khao_sat", version, public_key)
    asking = Asking(office, UpstreamSettings(), FORM_IDS)  # type: ignore[arg-type]
    assert list(fetching.fetch(conn, shelf.current(house.packs), asking, house.clock))


def in_force(house: House, conn: sqlite3.Connection) -> str | None:
    used = added.in_force(conn, shelf.current(house.packs), "khao_sat")
    return used.version if used else None


def test_a_key_is_trusted_only_by_who_says_that_the_digits_were_compared(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    offer(house, conn, "1", key(1))
    client = signed_in(app)
    page = client.get("/technician/forms").text
    digits = office_keys.spoken(office_keys.fingerprint(key(1)))
    assert digits in page and "office.example" in page and "Chờ so chìa khóa" in page
    sent = {"form_id": "khao_sat", "mark": office_keys.fingerprint(key(1))}
    unticked = press(client, "forms/trust", "forms", **sent)
    assert "đánh dấu vào ô" in told(unticked)[0] and in_force(house, conn) is None
    done = press(client, "forms/trust", "forms", **sent, compared="yes")
    assert "khao_sat" in told(done)[0] and in_force(house, conn) == "1"
    act = office_keys.acts(conn, 1)[0]
    assert act.act is Act.TRUSTED and act.staff_id is not None and "Kỹ thuật Mẫu" in done
    assert ("office_keys.act_trusted", "khao_sat") in {(one.key, one.ref) for one in access.latest(conn, 9)}
    assert dict(access.counts(conn))["office_keys.act_trusted"] == 1 and access.verify(conn) >= 0
    again = press(client, "forms/trust", "forms", **sent, compared="yes")
    assert "không còn chờ" in told(again)[0]


def test_both_keys_are_shown_and_a_refused_one_can_be_thought_over(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    offer(house, conn, "1", key(1))
    client = signed_in(app)
    sent = {"form_id": "khao_sat", "mark": office_keys.fingerprint(key(1))}
    press(client, "forms/trust", "forms", **sent, compared="yes")
    offer(house, conn, "2", key(2))
    page = client.get("/technician/forms?lang=en").text
    for one in (key(1), key(2)):
        assert office_keys.spoken(office_keys.fingerprint(one)) in page
    assert "1 → 2" in page and "The key of this form has changed" in page
    sent["mark"] = office_keys.fingerprint(key(2))
    refused = press(client, "forms/refuse", "forms", **sent)
    assert "Refused" in refused and "forms/trust" not in refused and in_force(house, conn) == "1"
    assert "as soon as there is a way" in told(press(client, "forms/again", "forms", **sent))[0]
    assert offers.wished(conn)
    offer(house, conn, "2", key(2))
    assert not offers.wished(conn)
    assert "forms/trust" in client.get("/technician/forms").text


def test_a_form_that_lost_its_key_says_what_would_seal_it(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    offer(house, conn, "1", key(1))
    client = signed_in(app)
    sent = {"form_id": "khao_sat", "mark": office_keys.fingerprint(key(1))}
    press(client, "forms/trust", "forms", **sent, compared="yes")
    offer(house, conn, "2", "")
    page = client.get("/technician/forms").text
    assert "không còn mang chìa khóa" in page and "tệp cài đặt" in page
    press(client, "forms/trust", "forms", form_id="khao_sat", mark="", compared="yes")
    assert in_force(house, conn) == "2"


def test_the_practice_offices_key_is_there_from_the_start_and_said_to_be_practice(
    app: Flask, house: House
) -> None:
    page = signed_in(app).get("/technician/forms").text
    own = office_keys.of_settings(house.settings.upstream)
    assert own and office_keys.spoken(office_keys.fingerprint(own)) in page
    assert "cơ quan tập dượt" in page


def test_the_page_asks_for_forms_and_shows_what_became_of_the_reports(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    assert told(press(client, "forms/ask", "forms")) and offers.wished(conn)
    Reports(house, conn, settle_s=0.0).run()
    page = client.get("/technician/forms?lang=en").text
    assert "Waiting" in page or "waiting" in page
    day = house.clock.read().on.isoformat()
    assert re.search(rf"{day}\s*<span class=\"badge", page)
