"""A relay as a process of its own: ``python -m tests.workers.relay_process DATA URL TOKEN_FILE [--once]``.

What its listeners hear is written into the table ``heard`` of the House, in the relay's transaction.
"""

from __future__ import annotations

import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import NoReturn

from hub.base import db, migrate
from hub.base.clock import SystemClock
from hub.base.house import House, Ports
from hub.base.settings import Settings, UpstreamSettings
from hub.post.inbox import Word
from hub.workers import relay


def no_device() -> NoReturn:
    raise AssertionError("the relay opens no device")


def house(data: Path, url: str, token_file: str, **upstream: object) -> House:
    """A House whose relay is quick to try again."""
    given = {
        "connect_s": 2.0,
        "answer_s": 30.0,
        "idle_s": 20.0,
        "every_s": 0.2,
        "backoff_first_s": 0.2,
        "backoff_most_s": 1.0,
        "states_every_s": 1.0,
    } | upstream
    (data / "keys").mkdir(mode=0o700, exist_ok=True)
    settings = Settings(
        upstream=UpstreamSettings(url=url, token_file=token_file, **given)  # type: ignore[arg-type]
    )
    made = House(settings, data, data, SystemClock(None, trust="always"), Ports(*[no_device] * 7))
    conn = made.connect()
    migrate.migrate(conn)
    with db.write(conn):
        conn.execute("CREATE TABLE IF NOT EXISTS heard (instance_id TEXT NOT NULL, word TEXT NOT NULL)")
    conn.close()
    return made


def listeners() -> relay.Listeners:
    """Write down whatever is heard."""

    def received(conn: sqlite3.Connection, instance_id: str) -> None:
        conn.execute("INSERT INTO heard VALUES (?, 'here')", (instance_id,))

    def says(conn: sqlite3.Connection, instance_id: str, word: Word) -> None:
        conn.execute("INSERT INTO heard VALUES (?, ?)", (instance_id, word.review_state))

    return relay.Listeners(received, says)


def main() -> None:
    data, url, token_file = sys.argv[1:4]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    done = relay.run(
        house(Path(data), url, token_file),
        stop=stop,
        once="--once" in sys.argv,
        ready=lambda: print("ready", flush=True),
        listeners=listeners(),
    )
    print(f"sent={done.sent} uplink={done.uplink} flask={'flask' in sys.modules}", flush=True)


if __name__ == "__main__":
    main()
