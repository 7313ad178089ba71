"""Held dossiers on the technician's page: a page at a time, and many let go at once."""

from __future__ import annotations

import sqlite3

from flask import Flask

from hub.base.house import House
from hub.post import outbox
from tests.desks.test_technician import press, signed_in, told
from tests.post import parcels


def test_a_technician_turns_pages_of_what_waits_and_sends_all_of_one_reason_again(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    for number in range(3):
        outbox.add(
            conn, parcels.parcel(instance_id=f"uuid:{number:06d}", photos=0), moment=house.clock.read()
        )
    conn.execute("UPDATE outbox SET state = 'held', reason_key = 'relay.no_form' WHERE id > 1")
    columns = (
        "instance_id",
        "form_id",
        "form_version",
        "follow_code",
        "label",
        "urgent",
        "envelope",
        "sha256",
    )
    copied = ", ".join((*columns[1:], "size", "added_at", "added_trusted", "added_boot_id", "added_mono"))
    conn.execute(
        f"WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 202) INSERT INTO"
        f" outbox(instance_id, {copied}) SELECT 'uuid:000' || i, {copied} FROM n, outbox WHERE outbox.id = 1"
    )
    first, last = client.get("/technician/relay").text, client.get("/technician/relay?page=3").text
    assert "Trang 1 / 3" in first and "Trang sau" in first and "Trang trước" not in first
    assert "Trang 3 / 3" in last and "Trang trước" in last and "…000202" in last and "…000202" not in first
    assert "Trang 3 / 3" in client.get("/technician/relay?page=99").text
    assert "Trang 1 / 3" in client.get("/technician/relay?page=x").text
    assert "2 hồ sơ" in first and "Gửi lại tất cả" in first
    done = press(client, "relay/release-all", "relay", reason_key="relay.no_form")
    assert told(done)[0] == "Đã xếp lại 2 hồ sơ vào hàng gửi."
    assert outbox.counts(conn) == outbox.Counts(106, 0, 0)
    assert "Gửi lại tất cả" not in client.get("/technician/relay").text
