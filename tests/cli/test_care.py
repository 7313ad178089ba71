"""``hub migrate|doctor|backup|packs|forms|dossiers|staff|speech``: looking after the box from a shell."""

from __future__ import annotations

import dataclasses
import json
import re
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from devices.ports import State, Status
from hub.base import backups, clock, db
from hub.base import settings as all_settings
from hub.packs import manifest
from hub.post import health, inbox
from hub.trades.staff import service as staff
from hub.trades.staff.model import Recovery, Role
from hub.wiring import build, content, demo
from hub.workers import bench
from tests.cli.command import Told, hub, written
from tests.cli.running import until
from tests.shelves import CORE, small

_LITTLE = (
    "manifest.toml",
    "tickets/services.toml",
    "prices/commodities.toml",
    "lessons/tracks.toml",
    "lessons/dien-thoai/mo-may-doc-tin-goi-video.vi.md",
    "fraud/rules.toml",
    "fraud/chuyen-nham-tien.vi.md",
)


def _core(folder: Path, version: str, *, without: str = "") -> Path:
    """Write a sealed core pack of one lesson and one scam, without one of its files."""
    for name in _LITTLE:
        if name == without:
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((CORE / name).read_bytes())
    told = (folder / "manifest.toml").read_text(encoding="utf-8")
    told = re.sub(r'^version = ".*"$', f'version = "{version}"', told, flags=re.M)
    (folder / "manifest.toml").write_text(told, encoding="utf-8")
    manifest.seal(folder)
    return folder


def _all_ready(told: Told) -> Told | None:
    return told if told.code == 0 else None


def test_doctor_examines_a_house_before_and_after_its_bench_ran(data: Path, settings: Path) -> None:
    before = hub(data, "--lang", "en", "doctor", "--json", settings=settings)
    found = {one["name"]: one for one in json.loads(before.out)}
    assert before.code == 1 and before.err == ""
    assert [name for name, one in found.items() if not one["well"]] == ["devices"]
    assert found["database"]["told"] == "ok" and "bench has never run" in found["devices"]["told"]

    house = build.build(all_settings.load(settings), data)
    stop, ready = threading.Event(), threading.Event()
    worker = threading.Thread(target=bench.run, args=(house,), kwargs={"stop": stop, "ready": ready.set})
    worker.start()
    try:
        assert ready.wait(10)
        # The bench takes presses and jobs before its threads have asked every device how it is.
        listed = until(lambda: _all_ready(hub(data, "devices", "list", settings=settings)))
        assert listed.out.count("(simulated)\tready") == 6, listed
        after = hub(data, "doctor", settings=settings)
        assert after.code == 0 and all(line.startswith("✔") for line in after.out.splitlines()), after
        assert after.out.count("(simulator): ready") == 6, after
    finally:
        stop.set()
        worker.join(10)
    assert not worker.is_alive()


def test_doctor_names_the_first_row_of_the_communes_figures_that_is_not_as_it_was_written(
    data: Path, settings: Path
) -> None:
    assert "✔ figures: 0" in hub(data, "doctor", settings=settings).out
    columns = "what, slug, figure_id, unit, value, text_vi, text_en, told_by, told_on, reason, staff_id"
    columns += ", staff_name, noted_at, trusted, boot_id, mono, seal"
    with closing(db.connect(data / "house.db")) as conn:
        conn.execute(
            f"INSERT INTO figure_words({columns}) VALUES ('said', 'x', 'y', 'dong', 1, '', '', 'ai',"
            " '2026-11-21', '', 1, 'Mẫu', '2026-11-21T00:00:00.000000Z', 1, 'b', 1.0, 'none')"
        )
    told = hub(data, "--lang", "en", "doctor", settings=settings)
    assert told.code == 1 and "✘ figures:" in told.out and "(row 1)" in told.out


def test_doctor_says_what_to_do_about_a_bench_that_fell_silent(data: Path, settings: Path) -> None:
    house = build.build(all_settings.load(settings), data)
    long_ago = dataclasses.replace(house.clock.read(), mono=time.monotonic() - health.STALE_S - 1)
    told = health.Told("printer", "simulator", True, Status(State.READY))
    with closing(house.connect()) as conn:
        health.report(conn, (told,), moment=long_ago)
    said = hub(data, "--lang", "en", "doctor", settings=settings).out
    assert "✘ printer (simulator): unknown\n  → Run: systemctl restart hub-bench\n" in said


def test_a_line_that_is_down_is_no_sickness_but_one_that_somebody_must_mend_is(
    data: Path, settings: Path
) -> None:
    with closing(db.connect(data / "house.db")) as conn:
        now = clock.SystemClock(None, trust="always").read()
        inbox.note_uplink(conn, False, "relay.no_route", now, 0)
        assert "✔ uplink: down" in hub(data, "doctor", settings=settings).out
        inbox.note_uplink(conn, False, "relay.token_missing", now, 0)
        told = hub(data, "--lang", "en", "doctor", settings=settings)
        assert told.code == 1 and "✘ uplink: down" in told.out and "key file … cannot be read" in told.out


def test_doctor_says_when_the_clock_is_doubtful(data: Path, tmp_path: Path) -> None:
    settings = written(tmp_path, '[clock]\ntrust = "never"\n')
    assert "✘ clock" in hub(data, "doctor", settings=settings).out


def test_a_fresh_folder_is_migrated_to_the_newest_shape(tmp_path: Path, settings: Path) -> None:
    done = hub(tmp_path / "new", "--lang", "en", "migrate", settings=settings)
    assert done.code == 0
    with closing(db.connect(tmp_path / "new" / "house.db", read_only=True)) as conn:
        assert f"number {conn.execute('PRAGMA user_version').fetchone()[0]}." in done.out
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0, "others can look into the data folder"


def test_prepare_again_adds_nothing(data: Path, settings: Path) -> None:
    def counted() -> dict[str, int]:
        with closing(db.connect(data / "house.db", read_only=True)) as conn:
            names = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {n: conn.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for n in names}

    before, packs = counted(), sorted(path.name for path in (data / "packs" / "core").iterdir())
    token = (data / "office" / "token").read_bytes()
    done = hub(data, "prepare", settings=settings)
    assert done.code == 0 and done.out == "" and done.err == ""
    assert counted() == before
    assert sorted(path.name for path in (data / "packs" / "core").iterdir()) == packs
    assert (data / "office" / "token").read_bytes() == token


def test_a_demo_house_has_the_sign_ins_it_prints(data: Path, settings: Path) -> None:
    listed = hub(data, "staff", "list", settings=settings)
    assert listed.code == 0
    assert listed.out.splitlines() == [f"{role}\t{name}" for name, role, _secret in demo.SIGN_INS]


def test_a_house_that_is_no_demo_has_nobody_and_waits_for_its_own(tmp_path: Path) -> None:
    settings = written(tmp_path, "[house]\ndemo = false\n")
    data = tmp_path / "real"
    assert hub(data, "prepare", settings=settings).code == 0
    assert hub(data, "staff", "list", settings=settings).out == ""
    assert not (data / "office").exists()
    with closing(db.connect(data / "house.db", read_only=True)) as conn:
        assert conn.execute("SELECT count(*) FROM tickets").fetchone()[0] == 0
        assert conn.execute("SELECT count(*) FROM price_reports").fetchone()[0] == 0


def test_a_demo_folder_is_not_opened_as_a_real_house(data: Path, tmp_path: Path) -> None:
    settings = written(tmp_path, "[house]\ndemo = false\n")
    done = hub(data, "--lang", "en", "prepare", settings=settings)
    assert done.code == 1 and "demo House" in done.sentence


def test_samples_are_not_put_into_a_real_house(tmp_path: Path, settings: Path) -> None:
    data = tmp_path / "real"
    real = written(tmp_path / "etc", "[house]\ndemo = false\n")
    added = hub(data, "staff", "add", "Lý A Mẫu", "--role", "technician", "--secret", "418802", settings=real)
    assert added.code == 0, added
    done = hub(data, "--lang", "en", "prepare", settings=settings)
    assert done.code == 1 and "real House" in done.sentence
    assert hub(data, "staff", "list", settings=real).out == "technician\tLý A Mẫu\n"


def test_the_recovery_code_is_shown_once_and_opens_the_way_for_the_next_guide(tmp_path: Path) -> None:
    settings = written(tmp_path, "[house]\ndemo = false\n")
    data = tmp_path / "real"

    def add(name: str, secret: str, *more: str, typed: str = "") -> tuple[int, str, str]:
        done = hub(
            data,
            "--lang",
            "en",
            "staff",
            "add",
            name,
            "--role",
            "guide",
            "--secret",
            secret,
            *more,
            settings=settings,
            typed=typed,
        )
        return done.code, done.out, done.err

    code, out, err = add("Lý A Mẫu", "418802")
    shown = re.findall(r"\b(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}\b", out)
    assert code == 0 and len(shown) == 1 and err == ""
    code, out, err = add("Nguyễn Thị Mẫu", "530917", "--recovery", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA")
    assert code == 1 and out == "" and len(err.splitlines()) == 1
    code, out, err = add("Nguyễn Thị Mẫu", "530917", "--recovery", shown[0].lower())
    assert code == 0 and shown[0] not in out and "RECOVERY" not in out
    code, out, err = add("nguyen thi mau", "530918", typed=f"{shown[0]}\n")
    assert (
        code == 1 and "nguyen thi mau" in err.splitlines()[-1]
    ), "the same name without accents is the same name"

    conn = db.connect(data / "house.db")
    moment = build.build(all_settings.load(settings), data).clock.read()
    opened = staff.sign_in(conn, "Nguyễn Thị Mẫu", "530917", moment=moment, where="test")
    assert opened.house_key == staff.unlock(conn, Recovery(shown[0]), moment=moment, where="test")
    conn.close()


@pytest.mark.parametrize("secret", ["12345", "123456", "password", "nhavanhoa"])
def test_a_secret_everybody_tries_first_is_refused_in_one_sentence(
    data: Path, settings: Path, secret: str
) -> None:
    done = hub(
        data, "staff", "add", "Lý A Mẫu", "--role", "technician", "--secret", secret, settings=settings
    )
    assert done.code == 1 and secret not in done.sentence
    assert "Lý A Mẫu" not in hub(data, "staff", "list", settings=settings).out


def test_a_reset_ends_the_old_sign_ins_and_the_old_secret(data: Path, settings: Path) -> None:
    conn = db.connect(data / "house.db")
    clock = build.build(all_settings.load(settings), data).clock
    name, _role, secret = demo.SIGN_INS[1]
    opened = staff.sign_in(conn, name, secret, moment=clock.read(), where="test")
    done = hub(data, "--lang", "en", "staff", "reset", name, "--secret", "907713", settings=settings)
    assert done.code == 0 and name in done.out
    assert staff.session(conn, opened.token, clock.read()) is None
    again = staff.sign_in(conn, name, "907713", moment=clock.read(), where="test")
    assert again.staff.role is Role.TECHNICIAN
    conn.close()


def test_nobody_is_reset_under_an_unknown_name_or_a_guide_without_the_code(
    data: Path, settings: Path
) -> None:
    unknown = hub(data, "--lang", "en", "staff", "reset", "Ai Đó", "--secret", "907713", settings=settings)
    assert unknown.code == 1 and "Ai Đó" in unknown.sentence
    guide = hub(
        data,
        "--lang",
        "en",
        "staff",
        "reset",
        demo.SIGN_INS[0][0],
        "--secret",
        "907713",
        "--recovery",
        "X",
        settings=settings,
    )
    assert guide.code == 1 and guide.sentence


def test_packs_are_installed_listed_verified_and_rolled_back(
    data: Path, settings: Path, tmp_path: Path
) -> None:
    first = hub(data, "packs", "list", settings=settings).out.split("\t")
    new = _core(tmp_path / "stick", "2026.12.1")
    done = hub(data, "packs", "install", str(new), settings=settings)
    assert done.code == 0 and done.out.startswith("core\t2026.12.1\t"), done
    assert hub(data, "packs", "list", settings=settings).out == done.out
    assert hub(data, "packs", "verify", settings=settings).out.strip() == done.out.split("\t")[2].strip()
    back = hub(data, "packs", "rollback", "core", settings=settings)
    assert back.code == 0 and back.out.split("\t") == first
    forms = hub(data, "forms", "list", settings=settings)
    assert forms.code == 0 and "lien-thong-khai-sinh\tlien_thong_khai_sinh\t" in forms.out


def test_a_whole_pack_that_cannot_be_used_gives_way_to_the_one_before(
    data: Path, settings: Path, tmp_path: Path
) -> None:
    before = hub(data, "packs", "list", settings=settings).out
    broken = _core(tmp_path / "stick", "2026.12.1", without="lessons/tracks.toml")
    done = hub(data, "--lang", "en", "packs", "install", str(broken), settings=settings)
    assert done.code == 1 and "tracks.toml" in done.sentence
    assert hub(data, "packs", "list", settings=settings).out == before
    assert hub(data, "packs", "verify", settings=settings).code == 0


def test_a_changed_file_of_the_active_pack_fails_its_verification(data: Path, settings: Path) -> None:
    page = next((data / "packs" / "core" / "current").rglob("*.vi.md"))
    page.write_text(page.read_text(encoding="utf-8") + "\nGọi số này ngay.\n", encoding="utf-8")
    done = hub(data, "--lang", "en", "packs", "verify", settings=settings)
    assert done.code == 1 and page.name in done.sentence


def test_a_pack_from_a_stick_needs_its_list_of_hashes(data: Path, settings: Path, tmp_path: Path) -> None:
    pack = small(tmp_path / "stick")
    done = hub(data, "--lang", "en", "packs", "install", str(pack), settings=settings)
    assert done.code == 1 and "files.toml" in done.sentence
    assert hub(data, "packs", "install", str(pack), "--unsealed", settings=settings).code == 0
    assert hub(data, "packs", "list", settings=settings).out.count("\n") == 2


def test_a_backup_is_a_whole_database_and_only_so_many_are_kept(data: Path, tmp_path: Path) -> None:
    settings = written(tmp_path, '[clock]\ntrust = "always"\n[backup]\nkeep = 2\n')
    folder = data / "backup"
    folder.mkdir()
    for day in ("01", "02", "03"):
        (folder / f"house-202001{day}-000000.db").write_bytes(b"an old one")
    done = hub(data, "backup", settings=settings)
    made = Path(done.out.strip())
    assert done.code == 0 and made.parent == folder
    assert sorted(path.name for path in folder.iterdir()) == ["house-20200103-000000.db", made.name]
    assert made.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(made)) as copy, closing(
        db.connect(data / "house.db", read_only=True)
    ) as own:
        assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        for table in ("staff", "tickets", "price_reports"):
            told = f"SELECT * FROM {table} ORDER BY 1"
            assert [tuple(row) for row in copy.execute(told)] == [tuple(row) for row in own.execute(told)]


def test_a_copy_that_fails_its_check_never_replaces_a_good_one(
    data: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = build.build(all_settings.load(settings), data)
    good = backups.make(house)
    told = good.read_bytes()
    monkeypatch.setattr(backups, "_checked", lambda _path: "row 7 missing from index")
    with pytest.raises(Exception, match="base.bad_copy"):
        backups.make(house)
    assert [path.read_bytes() for path in backups.folder(house).iterdir()] == [told]


def test_sealed_dossiers_are_listed_without_a_persons_data(data: Path, settings: Path) -> None:
    done = hub(data, "dossiers", "list", settings=settings)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_house_without_content_says_what_to_do(tmp_path: Path, settings: Path) -> None:
    done = hub(tmp_path / "bare", "--lang", "en", "forms", "list", settings=settings)
    assert done.code == 1 and "hub packs install" in done.sentence


def test_lessons_are_read_ahead_of_time_once(data: Path, settings: Path, tmp_path: Path) -> None:
    house = build.build(all_settings.load(settings), data)
    content.put(house, _core(tmp_path / "stick", "2026.12.1"), unsealed=False)
    done = hub(data, "--lang", "en", "speech", "build", settings=settings)
    assert done.code == 0 and re.search(r"[1-9]\d* pieces new, .* 0 could not", done.out), done
    again = hub(data, "--lang", "en", "speech", "build", settings=settings)
    assert again.code == 0 and re.search(r"\b0 pieces new, [1-9]\d* there already", again.out), again
