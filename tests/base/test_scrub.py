"""Nothing that was deleted stays in the log: at once, or as soon as nobody stands in the way."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from hub.base import crypto, db, scrub

_SECRET = b"a secret that must not stay " * 3


def _log(database: Path) -> bytes:
    path = database.with_name(f"{database.name}-wal")
    return path.read_bytes() if path.exists() else b""


def _write_and_delete(conn: db.Connection) -> None:
    with db.write(conn):
        conn.execute("INSERT INTO facts(name, value) VALUES ('secret', ?)", (_SECRET.decode(),))
    with db.write(conn):
        conn.execute("DELETE FROM facts WHERE name = 'secret'")
        scrub.want(conn)


def test_what_was_deleted_is_in_the_log_until_it_is_emptied(conn: db.Connection, database: Path) -> None:
    assert not scrub.due(conn)
    _write_and_delete(conn)
    assert _SECRET in _log(database) and scrub.due(conn)
    assert scrub.scrub(conn) and not scrub.due(conn)
    assert _SECRET not in _log(database) and _SECRET not in database.read_bytes()


def test_a_reader_in_the_way_leaves_it_due_for_whoever_looks_next(
    conn: db.Connection, database: Path
) -> None:
    _write_and_delete(conn)
    with closing(db.connect(database)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM facts").fetchone()
        _write_and_delete(conn)
        assert not scrub.scrub(conn, tries=1) and scrub.due(conn)
        reader.execute("ROLLBACK")
    with closing(db.connect(database)) as other:
        assert scrub.due(other) and scrub.scrub(other, tries=1) and not scrub.due(conn)
    assert _SECRET not in _log(database)


def test_a_deletion_that_did_not_happen_asks_for_nothing(conn: db.Connection) -> None:
    try:
        with db.write(conn):
            scrub.want(conn)
            assert not scrub.scrub(conn), "not in the middle of something"
            raise RuntimeError
    except RuntimeError:
        pass
    assert not scrub.due(conn)


def test_the_patience_of_the_connection_is_as_before(conn: db.Connection) -> None:
    _write_and_delete(conn)
    scrub.scrub(conn)
    assert conn.execute("PRAGMA busy_timeout").fetchone()[0] == 8_000


def test_many_who_want_a_secret_at_once_get_the_same_whole_one(tmp_path: Path) -> None:
    for number in range(20):
        path = tmp_path / f"key-{number}"
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(lambda _: crypto.secret_file(path), range(8)))  # noqa: B023
        assert len(found) == 1 and len(found.pop()) == crypto.KEY_BYTES
        assert path.stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 20, "nothing half made is left"


def test_a_process_that_crashes_leaves_no_image_of_itself(tmp_path: Path) -> None:
    program = (
        "import os, resource\n"
        "from hub.base import memory\n"
        "memory.keep()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0], flush=True)\n"
        "os.abort()\n"
    )
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]

    def generous() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=generous,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == -6 and done.stdout.strip() in ("0", "1")
    assert list(tmp_path.iterdir()) == []
