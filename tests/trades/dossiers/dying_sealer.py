"""Seal one draft again and again in real processes, each killed by SIGKILL before its n-th statement.

Run by a test with one JSON argument; prints how many were killed and how many finished. Each process works on
its own copy of the database, left behind for the test to look into.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

_MOST = 120


def main(order: dict[str, str]) -> None:
    sys.path.insert(0, str(Path(__file__).parents[3]))
    from hub.base import db
    from hub.base.settings import Settings, UpstreamSettings
    from hub.trades.dossiers import blanks, sealing, store
    from tests.fakes import FakeClock

    settings = Settings(upstream=UpstreamSettings(public_key_file=order["public_key_file"]))
    first = db.connect(Path(order["database"]), read_only=True)
    row = store.draft(first, order["draft"])
    assert row is not None
    # Read once, before any process is made: each would have to do it again.
    blanks.form(first, row["form_sha256"])
    first.close()

    def seal(copy: Path, die_before: int) -> None:
        conn = db.connect(copy)
        seen = 0

        def count(_statement: str) -> None:
            nonlocal seen
            seen += 1
            if seen == die_before:
                os.kill(os.getpid(), signal.SIGKILL)

        conn.set_trace_callback(count)
        sealing.seal(
            conn,
            order["draft"],
            expected_version=int(order["version"]),
            key=bytes.fromhex(order["key"]),
            staff=1,
            moment=FakeClock().read(),
            settings=settings,
            lang="vi",
        )
        conn.close()

    killed = finished = 0
    for number in range(1, _MOST):
        copy = Path(order["folder"]) / f"{number:03}.db"
        shutil.copyfile(order["database"], copy)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                seal(copy, number)
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed += 1
            continue
        if os.WEXITSTATUS(status):
            sys.exit(f"the sealing before statement {number} failed by itself")
        finished += 1
        break
    print(json.dumps({"killed": killed, "finished": finished}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
