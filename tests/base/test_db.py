"""The database: one way in, whole transactions, plain errors."""

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from hub.base import db, migrate, scrub
from hub.base.errors import NotReady


def test_a_failed_use_case_leaves_nothing(conn: sqlite3.Connection) -> None:
    with pytest.raises(RuntimeError), db.write(conn):
        db.touch(conn, "queue")
        raise RuntimeError
    assert db.version(conn, "queue") == 0


def test_an_inner_use_case_joins_the_outer_one(conn: sqlite3.Connection) -> None:
    with pytest.raises(RuntimeError), db.write(conn):
        with db.write(conn):
            db.touch(conn, "queue")
        raise RuntimeError
    assert db.version(conn, "queue") == 0


def test_another_connections_commit_is_noticed(conn: sqlite3.Connection, database: Path) -> None:
    before = db.changed(conn)
    other = db.connect(database)
    with db.write(other):
        db.touch(other, "queue")
    other.close()
    assert db.changed(conn) != before


def test_writers_wait_for_each_other(database: Path) -> None:
    def count() -> None:
        mine = db.connect(database)
        for _ in range(20):
            with db.write(mine):
                db.touch(mine, "queue")
        mine.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    conn = db.connect(database)
    assert db.version(conn, "queue") == 80
    conn.close()


def test_every_connection_keeps_what_it_promised(conn: sqlite3.Connection) -> None:
    asked = {name: conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert asked == {"journal_mode": "wal", "synchronous": 2}
    assert conn.execute("PRAGMA secure_delete").fetchone()[0] == 1
    assert conn.execute("PRAGMA foreign_keys").fetchone()[0] == 1


def test_a_full_disk_is_one_sentence_and_loses_nothing(conn: sqlite3.Connection) -> None:
    with db.write(conn):
        db.touch(conn, "queue")
    pages = conn.execute("PRAGMA page_count").fetchone()[0]
    conn.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(NotReady, match="base.disk_full"), db.write(conn):
        conn.execute("INSERT INTO facts(name, value) VALUES ('big', ?)", ("x" * 100_000,))
    assert db.version(conn, "queue") == 1


def test_a_folder_that_cannot_be_written_is_one_sentence() -> None:
    with pytest.raises(NotReady, match="base.read_only"):
        db.connect(Path("/proc/no-such-place/house.db"))


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "house.db"
    path.write_bytes(b"this is a letter, not a database" * 200)
    with pytest.raises(NotReady, match="base.database_broken"):
        db.connect(path)


def test_migrations_are_numbered_without_gaps_and_leave_nothing_to_do(conn: sqlite3.Connection) -> None:
    numbers = [number for number, _ in migrate.steps()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert migrate.migrate(conn) == (numbers[-1], numbers[-1])


def test_a_database_from_a_newer_house_is_refused_untouched(conn: sqlite3.Connection) -> None:
    conn.execute("PRAGMA user_version=9000")
    with pytest.raises(NotReady, match="base.database_newer"):
        migrate.migrate(conn)
    assert migrate.present(conn) == 9000


def test_a_migration_happens_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "steps"
    folder.mkdir()
    (folder / "0001_good.sql").write_text("CREATE TABLE a (x INTEGER);\n")
    (folder / "0002_bad.sql").write_text("CREATE TABLE b (x INTEGER);\nINSERT INTO nowhere VALUES (1);\n")
    monkeypatch.setattr(migrate, "_FOLDER", folder)
    conn = db.connect(tmp_path / "house.db")
    with pytest.raises(NotReady):
        migrate.migrate(conn)
    tables = {row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {"a"} and migrate.present(conn) == 1
    conn.close()


def test_a_house_of_the_first_release_keeps_its_dossiers_and_not_the_offices_words_in_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, all_steps = tmp_path / "house.db", migrate.steps()
    conn = db.connect(path)
    monkeypatch.setattr(migrate, "steps", lambda: tuple(one for one in all_steps if one[0] <= 10))
    assert migrate.migrate(conn) == (0, 10)
    at = "2026-11-20T01:00:00.000000Z"
    for sent, state in ((at, "sent"), (None, "queued")):
        conn.execute(
            "INSERT INTO outbox(instance_id, form_id, form_version, follow_code, label, urgent, envelope,"
            " sha256, size, state, added_at, added_trusted, added_boot_id, added_mono, sent_at)"
            " VALUES (?1, 'f', '1', ?1, 't', 0, x'0102', 'h', 2, ?1, ?2, 1, 'b', 1.0, ?3)",
            (state, at, sent),
        )
    words = '[{"text":"Nguyen Thi Mau","at":"","by":""}]'
    conn.execute(
        "INSERT INTO inbox VALUES ('sent', 'f', 'hasIssues', ?1, ?2, '[]', 'e', 'e', ?1, ?1)", (at, words)
    )
    conn.execute(
        "INSERT INTO jobs(kind, subject, lang, slip, state, copy, created_at, trusted, boot_id, mono)"
        " VALUES ('receipt', 'dossier:sent', 'vi', '{}', 'queued', 0, ?, 1, 'b', 1.0)",
        (at,),
    )
    monkeypatch.undo()
    assert migrate.migrate(conn) == (10, all_steps[-1][0])
    assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    parcels = conn.execute("SELECT state, envelope, erased_at FROM outbox ORDER BY id").fetchall()
    assert [tuple(row) for row in parcels] == [("sent", b"\1\2", None), ("queued", b"\1\2", None)]
    case = conn.execute("SELECT review_state, comments, comments_etag, remarks FROM inbox").fetchone()
    assert tuple(case) == ("hasIssues", None, "", 0)
    assert tuple(conn.execute("SELECT state, private FROM jobs").fetchone()) == ("queued", 0)
    assert scrub.due(conn) and scrub.scrub(conn)
    assert b"Nguyen Thi Mau" not in b"".join(one.read_bytes() for one in tmp_path.glob("house.db*"))
    conn.close()


def test_two_processes_may_migrate_at_once(tmp_path: Path) -> None:
    path = tmp_path / "house.db"
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                conn = db.connect(path)
                migrate.migrate(conn)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
