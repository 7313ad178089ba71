"""A House with sealed dossiers and a practice office, both in memory, made anew for each run in a few milliseconds."""

from __future__ import annotations

import functools
import random
import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from hub.base import clock as clocks
from hub.base import db, ids, migrate
from hub.base.house import House, Ports
from hub.base.settings import Settings, UplinkSettings, UpstreamSettings
from hub.post import outbox
from hub.post.outbox import Parcel
from hub.practice_office import faults, keys, records
from hub.practice_office.app import create_office
from hub.practice_office.dialects import USER
from hub.practice_office.faults import Fault
from hub.practice_office.forms import register_form
from hub.trades.dossiers import drafts, follow, ledger
from hub.trades.dossiers.model import State, What
from tests.post import parcels

_SIZES = (0, 60, 700, 9_000, 33_000)
KNOWN_AS_RECEIVED = (
    State.OFFICE_HAS_IT,
    State.NEEDS_CORRECTION,
    State.REJECTED,
    State.APPROVED,
    State.DONE_AGAIN,
)


class World:
    """Templates, made once a process; ``fresh`` lays out a run of them."""

    def __init__(self, folder: Path, *, pool: int = 40, seed: int = 0) -> None:
        self._folder = folder
        self._office = folder / "template-office"
        self._template = folder / "template.db"
        self.app = create_office(self._office, secret=b"only for this test" * 2)
        register_form(self._office, parcels.form_xml())
        with closing(records.connect(self._office)) as conn:
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with closing(db.connect(self._template)) as conn:
            migrate.migrate(conn)
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        choose = random.Random(seed)
        key = keys.public_key_base64(self._office)
        self.pool = [
            parcels.parcel(photos=choose.randint(0, 3), photo_bytes=choose.choice(_SIZES), public_key=key)
            for _ in range(pool)
        ]
        # Bound and never listening: the port is refused while no office is there, and nobody else's meanwhile.
        self._kept = socket.socket()
        self._kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._kept.bind(("127.0.0.1", 0))
        self.port: int = self._kept.getsockname()[1]

    def fresh(self, number: int, chosen: list[int], fault: Fault | None, *, kind: str) -> Run:
        """Return a House that has just sealed those of the pool that are ``chosen``, and an office at which
        ``fault`` stands; ``kind`` is how they speak to each other."""
        place = self._folder / f"run-{number}"
        shutil.copytree(self._office, place / "office", ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        (place / "house" / "keys").mkdir(parents=True, mode=0o700)
        shutil.copyfile(self._template, place / "house" / "house.db")
        run = Run(place, self.port, [self.pool[one] for one in chosen], kind)
        run.seal()
        if fault is not None:
            faults.arm(run.there, fault)
        return run


class Run:
    """One House, one office, the dossiers that were sealed."""

    def __init__(self, place: Path, port: int, sealed: list[Parcel], kind: str) -> None:
        self.place, self.port, self.sealed, self.kind = place, port, sealed, kind
        self.office = place / "office"
        secret = str(keys.token_path(self.office))
        central = kind == "central"
        upstream = UpstreamSettings(
            url=f"http://127.0.0.1:{port}" + ("" if central else f"/{kind}"),
            kind=kind,  # type: ignore[arg-type]
            token_file=secret if central else "",
            user="" if central else USER,
            password_file="" if central else secret,
            connect_s=5.0,
            answer_s=10.0,
            idle_s=10.0,
            backoff_first_s=0.01,
            backoff_most_s=0.01,
        )
        unused = Ports(*[_never] * 7)  # type: ignore[arg-type]
        self.house = House(
            settings=Settings(upstream=upstream, uplink=UplinkSettings(sense="off")),
            data=place / "house",
            content=place / "content",
            clock=clocks.SystemClock(None, trust="always"),
            ports=unused,
        )

    def order(self) -> dict[str, Any]:
        """Return what another process needs to work on the same House."""
        return {
            "place": str(self.place),
            "port": self.port,
            "kind": self.kind,
            "sealed": [one.instance_id for one in self.sealed],
        }

    @classmethod
    def ordered(cls, order: dict[str, Any], pool: list[Parcel]) -> Run:
        """Return the run of such an order."""
        known = {one.instance_id: one for one in pool}
        sealed = [known[one] for one in order["sealed"]]
        return cls(Path(order["place"]), order["port"], sealed, order["kind"])

    def seal(self) -> None:
        """Do what sealing leaves behind: the parcel, the row that is followed, the event."""
        moment = self.house.clock.read()
        with db.write(self.here) as conn:
            for number, parcel in enumerate(self.sealed):
                outbox.add(conn, parcel, moment=moment)
                row = {
                    "instance_id": parcel.instance_id,
                    "id": f"draft-{number}",
                    "procedure": "mau",
                    "title_vi": "Khai sinh",
                    "title_en": "Birth",
                    "form_id": parcel.form_id,
                    "form_version": parcel.form_version,
                }
                code = ids.new_follow_code()
                ledger.add_dossier(conn, row, code, "vi", 1, moment)  # type: ignore[arg-type]
                drafts.tell(conn, row["id"], What.SEALED, "", 1, moment)

    def is_whole(self, instance_id: str) -> bool:
        """Return whether the office has exactly the bytes that were sealed, in one record."""
        (parcel,) = (one for one in self.sealed if one.instance_id == instance_id)
        found = [one for one in records.listing(self.there) if one.instance_id == instance_id]
        if len(found) != 1:
            return False
        return records.content(self.there, found[0].id) == (parcel.envelope, dict(parcel.files))

    def lies(self) -> list[str]:
        """Return every state that a villager or guide would be shown now and that is not so."""
        told, conn = [], self.here
        for parcel in self.sealed:
            stands = outbox.state(conn, parcel.instance_id)
            shown = follow.of_instance(conn, parcel.instance_id)
            heard = [event.what for event in shown.events].count(What.OFFICE_HAS_IT)
            received = stands.state is outbox.State.SENT or shown.arrived is not None
            received = received or shown.state in KNOWN_AS_RECEIVED or heard > 0
            if received and not self.is_whole(parcel.instance_id):
                told.append(f"{parcel.instance_id} is called received, and the office has it not")
            if heard > 1:
                told.append(f"{parcel.instance_id} was called received {heard} times")
            if not self.bytes_intact(conn, parcel):
                told.append(f"{parcel.instance_id} has other bytes than were sealed")
        return told

    @staticmethod
    def bytes_intact(conn: sqlite3.Connection, parcel: Parcel) -> bool:
        """Return whether the House still has what was sealed."""
        row = conn.execute(
            "SELECT id, envelope FROM outbox WHERE instance_id = ?", (parcel.instance_id,)
        ).fetchone()
        files = conn.execute(
            "SELECT name, content FROM outbox_files WHERE outbox_id = ? ORDER BY position", (row["id"],)
        ).fetchall()
        return bytes(row["envelope"]) == parcel.envelope and [
            (one["name"], bytes(one["content"])) for one in files
        ] == list(parcel.files)

    def states(self) -> dict[str, outbox.ParcelState]:
        """Return where each dossier stands at the House."""
        return {one.instance_id: outbox.state(self.here, one.instance_id) for one in self.sealed}

    def at_office(self) -> list[str]:
        """Return the instanceIDs of all records at the office."""
        return sorted(one.instance_id for one in records.listing(self.there))

    def release(self) -> None:
        """Do what a person does when the trouble is mended: no fault stands, everything held goes again."""
        faults.disarm(self.there)
        for instance_id, stands in self.states().items():
            if stands.state is outbox.State.HELD:
                outbox.release(self.here, instance_id)

    def clear(self) -> None:
        """Take it all away."""
        self.close()
        shutil.rmtree(self.place)

    def close(self) -> None:
        """Look no more."""
        for name in ("here", "there"):
            conn = self.__dict__.pop(name, None)
            if conn is not None:
                conn.close()

    @functools.cached_property
    def here(self) -> sqlite3.Connection:
        """The House's database, opened once."""
        return self.house.connect()

    @functools.cached_property
    def there(self) -> sqlite3.Connection:
        """The office's database, opened once."""
        return records.connect(self.office)


def _never() -> None:
    raise AssertionError("the relay has no business with devices")
