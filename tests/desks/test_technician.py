"""The technician's desk: closed to everyone else, true about the devices, silent about people."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from devices.slip import Slip, Text
from hub.base import crypto, db, logs
from hub.base.house import House
from hub.base.settings import ClockSettings, Settings
from hub.desks import shell
from hub.desks.technician.relay import shown_address
from hub.packs import install
from hub.post import inbox, jobs
from hub.post import line_ledger as ledger
from hub.post import network, outbox, suggested_time
from hub.post.network import Kind, Network, State
from hub.wiring import build, demo
from tests.cli import command
from tests.fakes import FakeClock
from tests.post import parcels
from tests.workers.house import running, until

_SECRETS = {role: (name, secret) for name, role, secret in demo.SIGN_INS}
_PAGES = (
    "devices",
    "devices/probe",
    "relay",
    "forms",
    "packs",
    "staff",
    "privacy",
    "breach",
    "stick",
    "backup",
    "support",
    "packs/core/rollback",
)
_SETTINGS = Settings(clock=ClockSettings(trust="always"))


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> House:
    """A demo House that was opened once for all tests, copied."""
    return build.build(_SETTINGS, command.copied(tmp_path_factory, tmp_path / "data"))


@pytest.fixture
def app(house: House) -> Iterator[Flask]:
    app = build.web(house)
    app.testing = True
    yield app
    shell.close_shell(app)


def signed_in(app: Flask, role: str = "technician") -> FlaskClient:
    client = app.test_client()
    name, secret = _SECRETS[role]
    page = client.get("/sign-in").text
    answer = client.post("/sign-in", data={"name": name, "secret": secret, "csrf_token": token(page)})
    assert answer.status_code == 303
    return client


def token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def press(client: FlaskClient, where: str, page: str = "backup", **fields: str) -> str:
    """Press a button of the desk and return the page it leads to."""
    sent = fields | {"csrf_token": token(client.get(f"/technician/{page}").text)}
    answer = client.post(f"/technician/{where}", data=sent, follow_redirects=True)
    assert answer.status_code == 200
    return str(answer.text)


def told(page: str) -> list[str]:
    """Return the words of the notices."""
    return re.findall(r'class="notice notice-\w+"[^>]*>.*?<p>([^<]+)', page, re.DOTALL)


def rules(app: Flask) -> list[tuple[str, str]]:
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("technician."):
            path = re.sub(r"<int:\w+>", "1", rule.rule)
            path = path.replace("<device>", "printer").replace("<action>", "test").replace("<name>", "core")
            found += [(method, path) for method in ("GET", "POST") if method in (rule.methods or ())]
    return found


def test_every_page_asks_a_stranger_to_sign_in_and_turns_a_guide_away(app: Flask) -> None:
    stranger, guide = app.test_client(), signed_in(app, "guide")
    everything = rules(app)
    assert len(everything) >= 15
    page = stranger.get("/sign-in").text
    for method, path in everything:
        answer = stranger.open(
            path, method=method, data={"csrf_token": token(page)} if method == "POST" else None
        )
        assert answer.status_code == 303 and answer.location.startswith("/sign-in"), path
    mine = {"csrf_token": token(guide.get("/sign-in").text)}
    for method, path in everything:
        assert (
            guide.open(path, method=method, data=mine if method == "POST" else None).status_code == 403
        ), path


def test_what_changes_something_needs_the_forms_own_token(app: Flask) -> None:
    client = signed_in(app)
    for method, path in rules(app):
        if method == "POST":
            assert client.post(path).status_code == 400, path


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_page_opens_in_both_languages(app: Flask, lang: str) -> None:
    client = signed_in(app)
    for page in _PAGES:
        answer = client.get(f"/technician/{page}?lang={lang}")
        assert answer.status_code == 200 and f'<html lang="{lang}">' in answer.text, page
        assert "style=" not in answer.text and "<script>" not in answer.text


def test_without_a_bench_the_page_says_so_and_what_was_kept(app: Flask) -> None:
    page = signed_in(app).get("/technician/devices").text
    assert (
        "Bàn thiết bị chưa chạy" in page and "systemctl restart hub-bench" in page and "Không mất gì" in page
    )


def test_a_fault_is_rehearsed_seen_mended_and_the_paper_comes_after_all(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)

    def page() -> str:
        return str(client.get("/technician/devices").text)

    with running(house):
        until(lambda: "Sẵn sàng" in page() and not jobs.waiting(conn))
        before = set(papers(page()))
        press(client, "devices/printer/fault", "devices", value="paper_out")
        until(lambda: "Máy in hết giấy" in page())
        assert told(press(client, "devices/printer/test", "devices"))
        until(lambda: jobs.stuck(conn))
        shown = page()
        assert "Đặt cuộn mới" in shown and "In lại ngay" in shown and "phiếu chưa in vẫn chờ" in shown
        press(client, "devices/printer/mend", "devices")
        until(lambda: not jobs.stuck(conn) and set(papers(page())) - before)
        until(lambda: "Máy in hết giấy" not in page())
        number = max(set(papers(page())) - before, key=int)
    answer = client.get(f"/technician/devices/papers/{number}.png")
    assert answer.status_code == 200 and answer.data.startswith(b"\x89PNG")
    assert answer.headers["Cache-Control"] == "no-store"


def papers(page: str) -> list[str]:
    return re.findall(r"papers/(\d+)\.png\"><img", page)


def test_a_practice_press_gives_a_number_and_the_buzzer_is_noted(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)

    def tickets() -> int:
        return len([job for job in jobs.latest(conn, 50) if job.kind is jobs.Kind.TICKET])

    with running(house):
        until(lambda: "Sẵn sàng" in client.get("/technician/devices").text)
        before = tickets()
        press(client, "devices/panel/press", "devices", value="ticket")
        until(lambda: tickets() == before + 1)
        until(lambda: "60 ms" in client.get("/technician/devices").text)


def test_an_order_that_makes_no_sense_is_refused_in_words(app: Flask, house: House) -> None:
    client = signed_in(app)
    page = press(client, "devices/printer/fault", value="paper_out")
    assert told(page)[0] == "Chỉ thiết bị mô phỏng mới tập dượt được như vậy; thiết bị thật thì không."
    sent = {"csrf_token": token(client.get("/technician/backup").text)}
    assert client.post("/technician/devices/printer/dance", data=sent).status_code == 404
    assert told(press(client, "devices/oven/test"))[0] == "Không có thiết bị nào tên oven."
    assert client.get("/technician/devices/papers/999999.png").status_code == 404


def test_a_stuck_job_can_be_tried_again_or_given_up_and_a_receipt_is_the_guides(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    paper = Slip((Text("Lý A Mẫu"),))
    ids = [
        jobs.add(conn, kind, paper, moment=house.clock.read(), subject="x:1")
        for kind in (jobs.Kind.TEST, jobs.Kind.TEST, jobs.Kind.RECEIPT)
    ]
    conn.execute(
        "UPDATE jobs SET state='stuck', reason_key='printing.broken', retry=0 WHERE id IN (?,?)", ids[:2]
    )
    conn.execute("UPDATE jobs SET state='ask', reason_key='printing.interrupted' WHERE id = ?", ids[2:])
    page = client.get("/technician/devices").text
    assert "Phiếu này không in được" in page and f"/jobs/{ids[2]}/cancel" not in page
    assert "Lý A Mẫu" not in page
    press(client, f"jobs/{ids[0]}/retry", "devices")
    press(client, f"jobs/{ids[1]}/cancel", "devices")
    states = [jobs.get(conn, one).state for one in ids]
    assert states == [jobs.State.QUEUED, jobs.State.CANCELLED, jobs.State.ASK]
    assert told(press(client, f"jobs/{ids[0]}/retry", "devices"))[0] == "Phiếu này không bị kẹt nữa."


def test_the_line_shows_what_is_held_and_lets_it_go_again(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    parcel = parcels.parcel(instance_id="uuid:held-1")
    outbox.add(conn, parcel, moment=house.clock.read())
    conn.execute("UPDATE outbox SET state='held', reason_key='relay.token_refused', attempts=3")
    inbox.note_uplink(conn, False, "relay.no_route", house.clock.read(), 0)
    page = client.get("/technician/relay").text
    assert "Cơ quan không nhận chìa khóa" in page and "3 lần thử" in page and "Chưa có đường mạng" in page
    assert parcel.follow_code not in page and parcel.label not in page
    press(client, "relay/release", "relay", instance_id=parcel.instance_id)
    assert outbox.state(conn, parcel.instance_id).state is outbox.State.QUEUED
    calls = outbox.hurry(conn)
    press(client, "relay/hurry", "relay")
    assert outbox.hurry(conn) == calls + 2
    assert told(press(client, "relay/release", "relay", instance_id="uuid:x"))[0].startswith("Không tìm thấy")


def test_the_line_shows_what_it_is_and_costs_and_send_now_opens_it_for_an_hour(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client, now = signed_in(app), house.clock.read()
    page = client.get("/technician/relay").text
    assert "chưa đo được" in page and "không giới hạn" in page and "Chưa dùng mạng ngày nào" in page
    network.note(conn, Network(State.CONNECTED, Kind.MOBILE, True, "/a/1"), now)
    with db.write(conn):
        ledger.spend(conn, now.on, 3_500_000, 300_000, 1_000_000)
        ledger.note_rate(conn, "mobile", 8_050.0, now)
    page = client.get("/technician/relay").text
    for words in (
        "đang nối · mạng di động · trả tiền theo dung lượng",
        "8,1 kB mỗi giây",
        "3,8 MB",
        "<td>3,5 MB</td><td>300,0 kB</td><td>1,0 MB</td>",
    ):
        assert words in page
    press(client, "relay/hurry", "relay")
    leave = ledger.leave(conn, house.clock.read())
    assert leave is not None and 3_500 < leave.left_s <= 3_600


def test_a_time_that_differs_from_the_machines_own_is_told_with_the_one_command(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client, now = signed_in(app), house.clock.read()
    page = client.get("/technician/relay").text
    assert "timedatectl" not in page and "Giờ máy của cơ quan nói" not in page
    suggested_time.note(conn, now.at + dt.timedelta(days=200), now)
    assert "Giờ máy của cơ quan nói" in client.get("/technician/relay").text
    later = FakeClock("2027-06-09T01:30:00.000000Z")
    unlike = build.web(dataclasses.replace(house, clock=later))
    assert "sudo timedatectl set-time" in signed_in(unlike).get("/technician/relay").text
    shell.close_shell(unlike)


def test_a_poll_is_answered_304_until_something_moves(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    for page, move in (
        (
            "devices",
            lambda: jobs.add(
                conn, jobs.Kind.TEST, Slip((Text("a"),)), moment=house.clock.read(), subject="x"
            ),
        ),
        ("relay", lambda: inbox.note_uplink(conn, True, None, house.clock.read(), 0)),
    ):
        tag = client.get(f"/technician/{page}").headers["ETag"]
        assert client.get(f"/technician/{page}", headers={"If-None-Match": tag}).status_code == 304
        move()
        assert client.get(f"/technician/{page}", headers={"If-None-Match": tag}).status_code == 200


def test_a_word_that_waits_to_be_said_is_never_hidden_by_a_304(app: Flask) -> None:
    client = signed_in(app)
    first = client.get("/technician/relay")
    client.post("/technician/relay/hurry", data={"csrf_token": token(first.text)})
    answer = client.get("/technician/relay", headers={"If-None-Match": first.headers["ETag"]})
    assert answer.status_code == 200 and "sẽ được thử gửi ngay" in answer.text


def test_a_pack_is_checked_file_by_file_and_damage_is_named(app: Flask, house: House) -> None:
    client = signed_in(app)
    assert "còn nguyên vẹn" in told(press(client, "packs/core/verify", "packs"))[0]
    folder = house.packs / "core" / str(install.active(house.packs, "core"))
    (folder / "fraud" / "rules.toml").write_text("x = 1", encoding="utf-8")
    assert "fraud/rules.toml" in told(press(client, "packs/core/verify", "packs"))[0]
    assert client.post("/technician/packs/none/verify", data={"csrf_token": "x"}).status_code == 400


def test_going_back_without_an_earlier_pack_changes_nothing_and_says_so(app: Flask, house: House) -> None:
    client = signed_in(app)
    before = install.active(house.packs, "core")
    assert "không còn bản trước" in told(press(client, "packs/core/rollback", "packs"))[0]
    assert install.active(house.packs, "core") == before


def test_going_back_leads_to_the_pack_before_with_its_search_and_services(
    app: Flask, house: House, tmp_path: Path
) -> None:
    client = signed_in(app)
    before = install.active(house.packs, "core")
    newer = tmp_path / "core"
    shutil.copytree(house.content / "core", newer)
    manifest = newer / "manifest.toml"
    manifest.write_text(
        re.sub(r"(?m)^version = .*$", 'version = "2027.1.1"', manifest.read_text(encoding="utf-8"))
    )
    services = newer / "tickets" / "services.toml"
    services.write_text(services.read_text(encoding="utf-8").replace("VNeID và căn cước", "Tên mới", 1))
    from hub.wiring import content

    content.put(house, newer, unsealed=True)
    assert "Tên mới" in client.get("/ticket").text
    assert (
        before is not None
        and before.rsplit("-", 1)[0] in told(press(client, "packs/core/rollback", "packs"))[0]
    )
    assert install.active(house.packs, "core") == before
    assert "Tên mới" not in client.get("/ticket").text


def test_the_staff_page_shows_who_came_and_no_secret(app: Flask, conn: sqlite3.Connection) -> None:
    client = signed_in(app)
    page = client.get("/technician/staff").text
    assert "Hướng dẫn Mẫu" in page and "đã vào" in page and "127.0.0.1" in page
    assert not any(secret in page for _, secret in _SECRETS.values())


def test_a_copy_is_made_checked_and_listed(app: Flask, house: House) -> None:
    client = signed_in(app)
    assert "Chưa có bản sao lưu" in client.get("/technician/backup").text
    page = press(client, "backup", "backup")
    (copy,) = (house.data / "backup").glob("*.db")
    assert copy.name in page and copy.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(copy)) as opened_copy:
        assert opened_copy.execute("SELECT count(*) FROM staff").fetchone()[0] == 2


def test_a_copy_that_cannot_be_written_is_one_sentence(app: Flask, house: House) -> None:
    (house.data / "backup").write_text("in the way")
    assert "Không ghi được vào thư mục" in told(press(signed_in(app), "backup", "support"))[0]


def test_the_support_bundle_helps_and_betrays_nothing(
    app: Flask, house: House, conn: sqlite3.Connection
) -> None:
    client = signed_in(app)
    parcel = parcels.parcel(instance_id="uuid:sent-2")
    outbox.add(conn, parcel, moment=house.clock.read())
    logs.keep(house.data, "web")
    logger = logs.logging.getLogger("hub.test")
    handler = logs.logging.getLogger().handlers[-1]
    try:
        try:
            int("Lý A Mẫu 024000000")
        except ValueError:
            logger.exception("a page broke")
    finally:
        logs.logging.getLogger().removeHandler(handler)
        handler.close()
    text = client.get("/technician/support.txt").text
    for wanted in (
        "outbox: 1 queued",
        "[printer]",
        "Python 3.",
        "lxml ",
        "pack: core",
        "a page broke",
        "ValueError at",
    ):
        assert wanted in text
    token_text = (house.data / "office" / "token").read_text(encoding="ascii").strip()
    secrets = [secret for _, secret in _SECRETS.values()]
    keys = [crypto.secret_file(path).hex() for path in house.keys.iterdir()]
    for unwanted in (
        token_text,
        *secrets,
        *keys,
        "Lý A Mẫu",
        "024000000",
        parcel.follow_code,
        parcel.label,
        "Kỹ thuật Mẫu",
    ):
        assert unwanted not in text
    assert text.splitlines()[0] in client.get("/technician/support").text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://office.example/v1", "https://office.example/v1"),
        ("https://me:secret@office.example", "https://office.example"),
        ("https://office.example/v1/key/s3cret/projects/1", "https://office.example/v1/key/…/projects/1"),
        ("https://office.example/v1/key/s3cret", "https://office.example/v1/key/…"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_what_opens_its_door(url: str, shown: str) -> None:
    assert shown_address(url) == shown
