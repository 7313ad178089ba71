"""What is wrong is one sentence on stderr in the language asked for, with an exit code that says whose turn it is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hub.base import db
from tests.cli.command import hub, written


@pytest.mark.parametrize(
    "wrong",
    [
        ("nope",),
        (),
        ("--lang", "fr", "doctor"),
        ("packs", "install"),
        ("run", "--port", "70000"),
        ("relay", "--twice"),
    ],
)
def test_wrong_use_is_exit_code_2(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    done = hub(tmp_path / "data", *wrong)
    assert done.code == 2 and done.out == "" and "Traceback" not in done.err
    assert not (tmp_path / "data").exists(), "wrong use must touch nothing"


def test_a_fault_and_its_mending_are_not_asked_in_one_breath(data: Path, settings: Path) -> None:
    done = hub(data, "devices", "test", "printer", "--fault", "jam", "--mend", settings=settings)
    assert done.code == 2 and "exclude" in done.err


def test_help_needs_no_house(tmp_path: Path) -> None:
    done = hub(tmp_path / "data", "packs", "install", "--help")
    assert done.code == 0 and "Example: hub packs install" in done.out and not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ((), "không còn bản trước"),
        (("--lang", "en"), "no earlier version"),
        (("--lang=en",), "no earlier version"),
    ],
)
def test_a_failure_is_said_in_the_language_asked_for(
    data: Path, settings: Path, lang: tuple[str, ...], words: str
) -> None:
    done = hub(data, *lang, "packs", "rollback", settings=settings)
    assert done.code == 1 and words in done.sentence


def test_the_language_may_come_from_the_environment(data: Path, settings: Path) -> None:
    done = hub(data, "packs", "rollback", settings=settings, HUB_LANG="en")
    assert done.code == 1 and "no earlier version" in done.sentence


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[web]\nport = 8000\nprot = 1\n", ("3", "web.prot")),
        ('[web]\n\nport = "x"\n', ("3", "web.port")),
        ("[printer]\nkind = 'typewriter'\n", ("2", "printer.kind")),
        ("[nouse]\nx = 1\n", ("1", "nouse")),
    ],
)
def test_a_bad_setting_stops_the_start_with_file_line_and_key(
    tmp_path: Path, text: str, told: tuple[str, str]
) -> None:
    settings = written(tmp_path, text)
    done = hub(tmp_path / "data", "--lang", "en", "run", settings=settings)
    line, key = told
    assert done.code == 1
    assert f'{settings}, line {line}, key "{key}"' in done.sentence
    assert not (tmp_path / "data").exists()


def test_a_settings_file_that_is_named_and_absent_stops_the_start(tmp_path: Path) -> None:
    done = hub(tmp_path / "data", "--lang", "en", "doctor", settings=tmp_path / "nowhere.toml")
    assert done.code == 1 and "nowhere.toml cannot be read" in done.sentence


def test_a_database_from_a_newer_house_is_refused_and_left_alone(data: Path, settings: Path) -> None:
    conn = sqlite3.connect(data / "house.db")
    conn.execute("PRAGMA journal_mode=DELETE")
    conn.execute("PRAGMA user_version=9999")
    conn.close()
    before = (data / "house.db").read_bytes()
    for command in ("migrate", "doctor", "web", "bench", "relay", "nightly", "run"):
        done = hub(data, "--lang", "en", command, settings=settings)
        assert done.code == 1 and "newer version" in done.err.splitlines()[-1] and "9999" in done.err, command
        assert "Traceback" not in done.err
    conn = db.connect(data / "house.db", read_only=True)
    assert conn.execute("PRAGMA user_version").fetchone()[0] == 9999
    conn.close()
    assert (data / "house.db").read_bytes()[100:] == before[100:]


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path, settings: Path) -> None:
    data = tmp_path / "broken"
    data.mkdir()
    (data / "house.db").write_bytes(b"not a database at all" * 400)
    done = hub(data, "--lang", "en", "staff", "list", settings=settings)
    assert done.code == 1 and "restore it from the backup" in done.sentence
    assert (data / "house.db").read_bytes() == b"not a database at all" * 400


def test_a_database_damaged_in_the_middle_is_one_sentence_whatever_is_asked(
    data: Path, settings: Path
) -> None:
    conn = sqlite3.connect(data / "house.db")
    conn.execute("PRAGMA journal_mode=DELETE")
    page = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'staff'").fetchone()[0]
    size = conn.execute("PRAGMA page_size").fetchone()[0]
    conn.close()
    with (data / "house.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xaa" * size)
    done = hub(data, "--lang", "en", "staff", "list", settings=settings)
    assert done.code == 1 and "cannot be read" in done.sentence
    told = hub(data, "--lang", "en", "doctor", settings=settings)
    assert told.code == 1 and "✘ database" in told.out and told.err == ""
    copy = hub(data, "--lang", "en", "backup", settings=settings)
    assert copy.code == 1 and "What was saved is safe" not in copy.sentence


@pytest.mark.parametrize("command", ["doctor", "run", "prepare", "staff list"])
def test_a_data_folder_that_cannot_be_made_is_one_sentence(
    tmp_path: Path, settings: Path, command: str
) -> None:
    (tmp_path / "file").write_text("a file where a folder should be", encoding="utf-8")
    done = hub(tmp_path / "file" / "data", "--lang", "en", *command.split(), settings=settings)
    assert done.code == 1 and "cannot be written" in done.sentence


def test_a_pack_that_is_not_there_or_not_sealed_is_one_sentence(
    data: Path, settings: Path, tmp_path: Path
) -> None:
    assert hub(data, "packs", "install", str(tmp_path / "none"), settings=settings).code == 2
    (tmp_path / "empty").mkdir()
    done = hub(data, "--lang", "en", "packs", "install", str(tmp_path / "empty"), settings=settings)
    assert done.code == 1 and "manifest.toml" in done.sentence
