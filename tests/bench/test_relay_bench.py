"""What is measured of carrying is what it says: every byte is counted, and every aim is met here too."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from hub.base import db
from hub.post import outbox
from tests.bench import relay
from tests.post import parcels


def test_a_wire_counts_every_byte_both_ways_and_takes_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                assert peer.recv(5, socket.MSG_WAITALL) == b"hello"
                peer.sendall(b"you")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with relay.counted(server.getsockname()[1], 0.05) as wire:
            with socket.create_connection(("127.0.0.1", wire.port), 10) as near:
                near.sendall(b"hello")
                assert near.recv(3, socket.MSG_WAITALL) == b"you"
            thread.join(10)
            assert (wire.up, wire.down, wire.all) == (5, 3, 8)


def test_a_round_beside_many_parcels_costs_what_it_costs_beside_few(tmp_path: Path) -> None:
    # A tenth of what scripts/bench lays in; the ratio of a listing of all rows would be ten.
    few, many = (relay.one_size(tmp_path, rows, 5) for rows in (500, 5_000))
    assert set(few) == set(many) == set(relay.LOOKS)
    for what in few:
        assert many[what] < 4 * few[what] + 2, (what, few[what], many[what])


def test_what_is_laid_in_is_sent_held_and_waiting_and_counted(tmp_path: Path) -> None:
    house = relay.House(tmp_path / "house", "http://127.0.0.1:9", "", 1)
    relay.fill(house.conn, 1_000)
    assert outbox.counts(house.conn) == outbox.Counts(100, 100, 800)
    assert (
        house.conn.execute("SELECT count(*) FROM inbox WHERE form_id = ?", (parcels.FORM,)).fetchone()[0]
        == 800
    )
    with db.write(house.conn):
        house.conn.execute("DELETE FROM outbox WHERE state = 'held'")
    assert outbox.counts(house.conn) == outbox.Counts(100, 0, 800)
    house.close()


def test_bytes_and_a_poll_keep_to_their_aims(tmp_path: Path) -> None:
    with relay.office(tmp_path / "office") as (port, token):
        lines = relay.bytes_over(tmp_path, port, token)
    aims = {line.what: line.met for line in lines if line.aim}
    assert len(aims) == 2 and all(aims.values()), lines
