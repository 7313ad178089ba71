"""Sealing: whole or not at all, and afterwards only the office can read it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from hub.base import db, ids
from hub.base.errors import Conflict, Missing, NotReady, Refused
from hub.base.settings import Settings, UpstreamSettings
from hub.forms import seal
from hub.forms.unseal import unseal
from hub.post import jobs, office_keys, outbox
from hub.post.office_keys import Act
from hub.trades.dossiers import blanks, drafts, follow, ledger, pages, sealing, service
from hub.trades.dossiers.model import Clash, Incomplete, MayBeTwice, Overrule, State, What
from tests import leaks
from tests.trades.dossiers.guide import CARD, Guide, fill_birth, photo

_NAME = "/data/nguoi/ho_ten"


def _parcel(conn: sqlite3.Connection, instance_id: str) -> tuple[bytes, dict[str, bytes]]:
    row = conn.execute("SELECT id, envelope FROM outbox WHERE instance_id = ?", (instance_id,)).fetchone()
    files = conn.execute("SELECT name, content FROM outbox_files WHERE outbox_id = ?", (row["id"],))
    return bytes(row["envelope"]), {one["name"]: bytes(one["content"]) for one in files}


def _held(database: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(database.parent.glob("house.db*")))


def _answers(xml: bytes) -> dict[str, str]:
    """Every leaf by its path without namespaces."""
    found = {}
    for node in etree.fromstring(xml).iter():
        names = [etree.QName(one).localname for one in (*reversed(list(node.iterancestors())), node)]
        if len(node) == 0:
            found["/" + "/".join(names)] = node.text or ""
    return found


def test_the_office_opens_exactly_what_was_typed_and_the_photo_byte_for_byte(
    midwife: Guide, office: rsa.RSAPrivateKey
) -> None:
    draft = midwife.start()
    picture = photo()
    fill_birth(midwife, draft.id, picture)
    sealed = midwife.seal(draft.id)
    envelope, files = _parcel(midwife.conn, sealed.instance_id)
    opened = unseal(envelope, files, office)
    assert opened.signature_ok and opened.instance_id == sealed.instance_id == draft.instance_id
    assert (opened.form_id, opened.version) == (draft.form_id, draft.form_version)
    ((name, content),) = opened.files
    assert content == picture
    answers = _answers(opened.submission)
    assert answers["/data/tre/ho_ten"] == "Lý A Mẫu" and answers["/data/tre/ngay_sinh"] == "2026-11-15"
    assert answers["/data/me/ho_ten"] == "Giàng Thị Mẫu"
    assert answers["/data/giay_to/anh_chung_sinh"] == name
    # Irrelevant answers do not travel.
    assert "/data/cha/ho_ten" not in answers


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (photo(), "jpg"),
        (photo(form="PNG"), "png"),
        (photo(form="WEBP"), "webp"),
        (b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n", "pdf"),
        (photo(side=1_500, form="PNG"), "png"),
    ],
)
def test_a_file_of_every_kind_opens_as_it_was_taken_in(
    guide: Guide, office: rsa.RSAPrivateKey, content: bytes, suffix: str
) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    guide.save(draft.id, "giay", {"/data/giay/co_giay": "co", "/data/giay/ghi_chu": "dấu ' \" & < ơ"})
    attached = guide.attach(draft.id, "/data/giay/anh", content)
    sealed = guide.seal(draft.id)
    opened = unseal(*_parcel(guide.conn, sealed.instance_id), office)
    assert opened.signature_ok and opened.files == ((attached.name, content),)
    assert attached.name.endswith(f".{suffix}")
    answers = _answers(opened.submission)
    assert answers["/data/giay/anh"] == attached.name and answers["/data/giay/ghi_chu"] == "dấu ' \" & < ơ"


def test_after_sealing_nothing_of_the_person_is_left_in_the_box(midwife: Guide, database: Path) -> None:
    draft = midwife.start()
    picture = photo()
    fill_birth(midwife, draft.id, picture)
    midwife.scan(draft.id, "chu_ho", CARD)
    ciphers = [row[0] for row in midwife.conn.execute("SELECT content FROM draft_file_parts")]
    ciphers += [value for row in midwife.conn.execute("SELECT instance, label FROM drafts") for value in row]
    sealed = midwife.seal(draft.id)
    assert sealed.scrubbed
    held = _held(database)
    secrets = ["Lý A Mẫu", "Giàng Thị Mẫu", "010199000000", "001199000000", "0900000000", "Trạm y tế Xã Mẫu"]
    assert not [secret for secret in secrets if secret.encode() in held]
    assert picture[100:140] not in held and picture[-200:-100] not in held
    # Not even under the House key: who steals card and PIN gets nothing.
    assert ciphers and not any(cipher[13:60] in held for cipher in ciphers)
    with pytest.raises(Missing, match="no_draft"):
        midwife.look(draft.id)
    for table in ("drafts", "draft_pages", "draft_asides", "draft_files", "draft_file_parts"):
        assert midwife.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table


def test_a_form_that_the_settings_name_urgent_goes_before_all_others(guide: Guide) -> None:
    plain = guide.settings
    for urgent in (False, True):
        draft = guide.start()
        named = (draft.form_id,) if urgent else ("another_form",)
        upstream = msgspec.structs.replace(plain.upstream, urgent_forms=named)
        guide.settings = msgspec.structs.replace(plain, upstream=upstream)
        guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
        sealed = guide.seal(draft.id, Overrule.OTHER)
        assert outbox.state(guide.conn, sealed.instance_id).urgent is urgent


def test_sealing_writes_parcel_follow_row_and_receipt_together(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    sealed = guide.seal(draft.id)
    assert outbox.state(guide.conn, sealed.instance_id).state is outbox.State.QUEUED
    (job,) = jobs.for_subject(guide.conn, sealing.subject(sealed.instance_id))
    assert job.id == sealed.receipt_job and job.kind is jobs.Kind.RECEIPT and not job.copy
    following = follow.follow(guide.conn, sealed.follow_code)
    assert following.state is State.KEPT and following.instance_id == sealed.instance_id
    (consent,) = guide.conn.execute("SELECT draft_id FROM dossier_consents").fetchall()
    assert consent["draft_id"] == draft.id


def test_an_incomplete_draft_is_not_sealed_and_says_where(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {"/data/nguoi/so": "12"})
    with pytest.raises(Incomplete) as refused:
        guide.seal(draft.id)
    assert {(one.page_id, one.path) for one in refused.value.problems} == {
        ("nguoi", _NAME),
        ("nguoi", "/data/nguoi/so"),
    }
    assert (
        sealing.check(guide.conn, draft.id, key=guide.key, moment=guide.clock.read(), lang="vi")
        == refused.value.problems
    )
    assert guide.version(draft.id) == 2 and outbox.counts(guide.conn).queued == 0


def test_a_draft_that_changed_since_it_was_shown_is_not_sealed(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    with pytest.raises(Conflict, match="changed_meanwhile"):
        guide.seal(draft.id, expected=1)


def test_answers_still_to_be_chosen_from_stop_the_sealing(guide: Guide) -> None:
    draft = guide.start()
    late = guide.fields(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    guide.save(draft.id, "nguoi", {_NAME: "Lý Văn Mẫu"})
    with pytest.raises(Clash):
        guide.save(draft.id, "nguoi", {}, expected=1, fields=late)
    with pytest.raises(Conflict, match="asides_open"):
        guide.seal(draft.id)
    (aside,) = pages.asides(guide.conn, draft.id, key=guide.key, moment=guide.clock.read(), lang="vi")
    pages.resolve(
        guide.conn,
        draft.id,
        aside.id,
        (),
        expected_version=guide.version(draft.id),
        key=guide.key,
        staff=1,
        moment=guide.clock.read(),
        lang="vi",
    )
    assert guide.seal(draft.id).follow_code


@pytest.mark.parametrize("content", [None, "", "not base64!", "AAAA"])
def test_without_a_usable_key_of_the_office_the_draft_stays(
    guide: Guide, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "key.b64"
    if content is not None:
        path.write_text(content, encoding="ascii")
    guide.settings = Settings(upstream=UpstreamSettings(public_key_file=str(path)))
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    with pytest.raises(NotReady):
        guide.seal(draft.id)
    assert guide.look(draft.id).instance.get(_NAME) == "Lý A Mẫu"


def test_the_key_in_the_form_comes_before_the_one_in_the_settings(
    guide: Guide, office_key_file: Path, office: rsa.RSAPrivateKey
) -> None:
    key = office_key_file.read_text(encoding="ascii").strip()
    encrypted = guide.xml.replace(b"</model>", f'<submission base64RsaPublicKey="{key}"/></model>'.encode())
    assert encrypted != guide.xml
    guide.xml, guide.settings = encrypted, Settings()
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    with pytest.raises(NotReady, match="office_keys.not_trusted"):
        guide.seal(draft.id)
    assert guide.look(draft.id).instance.get(_NAME) == "Lý A Mẫu"
    moment = guide.clock.read()
    office_keys.use(guide.conn, draft.form_id, key, Act.TRUSTED, was="", staff=1, moment=moment)
    sealed = guide.seal(draft.id)
    assert unseal(*_parcel(guide.conn, sealed.instance_id), office).signature_ok


def test_a_pem_file_serves_as_key_too(office_key_file: Path, tmp_path: Path, guide: Guide) -> None:
    key = office_key_file.read_text(encoding="ascii").strip()
    pem = tmp_path / "key.pem"
    pem.write_text(f"-----BEGIN PUBLIC KEY-----\n{key[:64]}\n{key[64:]}\n-----END PUBLIC KEY-----\n")
    form = blanks.form(guide.conn, guide.start().form_sha256)
    assert sealing.office_key(guide.conn, form, UpstreamSettings(public_key_file=str(pem))) == key


def test_a_second_dossier_for_the_same_person_needs_a_reason(guide: Guide) -> None:
    first = guide.start()
    guide.scan(first.id, "chinh", CARD)
    sealed = guide.seal(first.id)
    second = guide.start()
    guide.scan(second.id, "chinh", CARD)
    with pytest.raises(MayBeTwice) as found:
        guide.seal(second.id)
    (twin,) = found.value.duplicates
    assert twin.follow_code == sealed.follow_code
    again = guide.seal(second.id, overrule=Overrule.ANOTHER_CHILD)
    (told,) = ledger.events(guide.conn, second.id, (What.OVERRULED,))
    assert told.detail == "another_child" and again.follow_code != sealed.follow_code


def test_marks_are_forgotten_after_sixty_days(guide: Guide) -> None:
    draft = guide.start()
    guide.scan(draft.id, "chinh", CARD)
    guide.seal(draft.id)
    guide.clock.advance(59 * 86_400)
    service.expire(guide.conn, guide.clock.read())
    assert guide.conn.execute("SELECT count(DISTINCT mark) FROM dossier_marks").fetchone()[0] == 1
    guide.clock.advance(86_400)
    service.expire(guide.conn, guide.clock.read())
    assert guide.conn.execute("SELECT count(DISTINCT mark) FROM dossier_marks").fetchone()[0] == 0


def test_a_reader_in_the_middle_of_a_page_delays_the_scrubbing_and_not_the_sealing(
    guide: Guide, database: Path
) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    reader = db.connect(database)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM drafts").fetchone()
    sealed = guide.seal(draft.id)
    assert not sealed.scrubbed and sealed.follow_code
    reader.execute("ROLLBACK")
    reader.close()
    other = guide.start()
    assert drafts.erase(guide.conn, other.id, staff=1, moment=guide.clock.read())
    assert guide.conn.execute("PRAGMA busy_timeout").fetchone()[0] == 8_000


def test_a_parcel_the_outbox_refuses_undoes_everything(guide: Guide, office_key_file: Path) -> None:
    draft = guide.start()
    guide.save(draft.id, "nguoi", {_NAME: "Lý A Mẫu"})
    guide.save(draft.id, "giay", {"/data/giay/co_giay": "co"})
    name = guide.attach(draft.id, "/data/giay/anh", photo()).name
    # Another parcel came to bear the very same file name.
    other = seal.seal(
        form_id="khac",
        version="1",
        instance_id="uuid:khac",
        submission=b"<data/>",
        files=[seal.SealFile(name, b"x")],
        public_key_base64_der=office_key_file.read_text(encoding="ascii"),
    )
    parcel = outbox.Parcel("uuid:khac", "khac", "1", "AAAA-AAAA", "khac", other.envelope, other.files)
    outbox.add(guide.conn, parcel, moment=guide.clock.read())
    with pytest.raises(Conflict, match="name_taken"):
        guide.seal(draft.id)
    assert outbox.counts(guide.conn).queued == 1 and follow.listing(guide.conn) == ()
    assert jobs.waiting(guide.conn) == ()
    assert guide.look(draft.id).instance.get(_NAME) == "Lý A Mẫu"
    # The photo taken again gets a name of its own.
    guide.attach(draft.id, "/data/giay/anh", photo())
    assert guide.seal(draft.id).follow_code


def test_a_code_nobody_has_and_a_slip_of_the_finger_are_told_apart(guide: Guide) -> None:
    with pytest.raises(Refused, match="code_wrong"):
        follow.follow(guide.conn, "ABCD-EFGH")
    with pytest.raises(Missing, match="no_such_code"):
        follow.follow(guide.conn, ids.new_follow_code())


def test_power_cut_between_any_two_steps_leaves_the_draft_or_the_dossier_whole(
    midwife: Guide, office: rsa.RSAPrivateKey, database: Path, tmp_path: Path, office_key_file: Path
) -> None:
    draft = midwife.start()
    picture = photo()
    fill_birth(midwife, draft.id, picture)
    version = midwife.version(draft.id)
    midwife.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    order = {
        "database": str(database),
        "folder": str(tmp_path / "killed"),
        "draft": draft.id,
        "version": version,
        "key": midwife.key.hex(),
        "public_key_file": str(office_key_file),
    }
    (tmp_path / "killed").mkdir()
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "dying_sealer.py"), json.dumps(order)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)
    assert steps["killed"] > 15 and steps["finished"] == 1
    words = {"child": "Lý A Mẫu", "mother": "Giàng Thị Mẫu", "number": "010199000000"}
    photos = {f"photo at {at}": picture[at : at + 40] for at in (700, len(picture) // 2)}
    assert leaks.Finder(words, photos).below(tmp_path / "killed") == {}, "in database and log, at any step"
    outcomes = {"draft": 0, "dossier": 0}
    for copy in sorted((tmp_path / "killed").glob("*.db")):
        conn = db.connect(copy)
        try:
            outcomes[_whole(conn, draft.id, midwife, picture, office)] += 1
        finally:
            conn.close()
    assert outcomes["draft"] > 10 and outcomes["dossier"] > 0
    assert sum(outcomes.values()) == steps["killed"] + 1


def _whole(
    conn: sqlite3.Connection, draft_id: str, guide: Guide, picture: bytes, office: rsa.RSAPrivateKey
) -> str:
    assert conn.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    again = Guide(conn, guide.clock, guide.xml, guide.procedure, guide.settings)
    dossiers = follow.listing(conn)
    parcels = conn.execute("SELECT count(*) FROM outbox").fetchone()[0]
    receipts = conn.execute("SELECT count(*) FROM jobs").fetchone()[0]
    left = drafts.listing(conn, key=guide.key)
    assert len(dossiers) == parcels == receipts == 1 - len(left)
    outcome = "draft" if left else "dossier"
    if left:
        # What was begun can simply be done again.
        again.seal(draft_id)
    (following,) = follow.listing(conn)
    opened = unseal(*_parcel(conn, following.instance_id), office)
    assert opened.signature_ok and opened.files[0][1] == picture
    assert _answers(opened.submission)["/data/tre/ho_ten"] == "Lý A Mẫu"
    return outcome
