"""Photographs and papers: known by content, kept encrypted, handed back byte for byte."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hub.base.errors import Missing, NotReady, Refused
from hub.trades.dossiers import attachments, ledger, media, vault
from hub.trades.dossiers.model import What
from tests.trades.dossiers.guide import Guide, photo

_RECORDINGS = {"wav", "mp3", "ogg", "flac", "amr", "webm", "mp4", "m4a", "3gp", "mov"}
_PHOTO = "/data/giay/anh"
_MOST = 25 * 1024 * 1024
_PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"


@pytest.fixture
def draft_id(guide: Guide) -> str:
    draft = guide.start()
    guide.save(draft.id, "giay", {"/data/giay/co_giay": "co"})
    return draft.id


@pytest.mark.parametrize(
    ("content", "media_type", "suffix"),
    [
        (photo(), "image/jpeg", "jpg"),
        (photo(form="PNG"), "image/png", "png"),
        (photo(form="WEBP"), "image/webp", "webp"),
        (_PDF, "application/pdf", "pdf"),
    ],
)
def test_what_may_be_handed_in_comes_back_byte_for_byte(
    guide: Guide, draft_id: str, content: bytes, media_type: str, suffix: str
) -> None:
    taken = guide.attach(draft_id, _PHOTO, content)
    assert taken.media_type == media_type and taken.name.endswith(f".{suffix}")
    assert guide.look(draft_id).instance.get(_PHOTO) == taken.name
    file, back = attachments.open_attachment(
        guide.conn, draft_id, taken.name, key=guide.key, staff=3, moment=guide.clock.read()
    )
    assert back == content and file.media_type == media_type
    (seen,) = ledger.events(guide.conn, draft_id, (What.FILE_OPENED,))
    assert seen.staff_id == 3


def _heic() -> bytes:
    return b"\x00\x00\x00\x18ftypheic" + bytes(40)


_LOCKED = _PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 5 0 R")


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "dossiers.file_empty"),
        (b"Day la mot tep chu, ten la anh.jpg\n", "dossiers.file_unknown"),
        (b"GIF89a" + bytes(100), "dossiers.file_unknown"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "dossiers.file_unknown"),
        (b"PK\x03\x04" + bytes(100), "dossiers.file_unknown"),
        (_heic(), "dossiers.file_heic"),
        (photo()[:-400], "dossiers.file_broken"),
        (photo(form="PNG")[:-300], "dossiers.file_broken"),
        (photo(form="WEBP")[:-20], "dossiers.file_broken"),
        (b"\xff\xd8\xff" + bytes(500), "dossiers.file_broken"),
        (_PDF[:60], "dossiers.file_broken"),
        (_LOCKED, "dossiers.file_locked"),
    ],
)
def test_what_the_office_could_not_use_is_refused_with_advice(
    guide: Guide, draft_id: str, content: bytes, key: str
) -> None:
    before = guide.version(draft_id)
    with pytest.raises(Refused) as refused:
        guide.attach(draft_id, _PHOTO, content)
    assert refused.value.key == key
    assert guide.version(draft_id) == before and attachments.files(guide.conn, draft_id) == ()


def test_thirty_megabytes_are_refused_before_anything_is_looked_at(guide: Guide, draft_id: str) -> None:
    with pytest.raises(Refused, match="file_too_big") as refused:
        guide.attach(draft_id, _PHOTO, photo() + bytes(30 * 1024 * 1024))
    assert refused.value.values == {"megabytes": 25}


def test_a_picture_of_too_many_dots_is_refused_without_drawing_it(guide: Guide, draft_id: str) -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    with pytest.raises(Refused, match="file_broken"):
        guide.attach(draft_id, _PHOTO, out.getvalue())


def test_all_pictures_together_have_a_limit(guide: Guide, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = guide.start()
    guide.save(draft.id, "con", {"add:/data/con": "1"})
    picture = photo()
    monkeypatch.setattr(attachments, "MOST_BYTES_TOGETHER", len(picture) * 2 - 1)
    guide.attach(draft.id, "/data/con[1]/anh", picture)
    # In place of itself it may come again; beside itself it is too much.
    guide.attach(draft.id, "/data/con[1]/anh", picture)
    with pytest.raises(Refused, match="files_too_many"):
        guide.attach(draft.id, "/data/con[2]/anh", picture)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\xff\xd8\xff", b"%PDF-", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]),
)
def test_no_bytes_make_the_check_fail_otherwise_than_by_refusing(noise: bytes, head: bytes) -> None:
    try:
        found = media.kind(head + noise, _MOST)
    except Refused as refused:
        assert refused.key.startswith("dossiers.file_")
    else:
        assert found.suffix in {"jpg", "png", "webp", "pdf"} | _RECORDINGS


def test_the_name_tells_the_question_and_nothing_else_and_is_one_of_a_kind(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "con", {"add:/data/con": "1"})
    names = {guide.attach(draft.id, f"/data/con[{number}]/anh", photo()).name for number in (1, 2)}
    assert len(names) == 2
    assert all(re.fullmatch(r"[2-9a-hj-km-np-z]{10}-anh\.jpg", name) for name in names)


def test_a_new_photo_takes_the_place_of_the_old_one(guide: Guide, draft_id: str) -> None:
    old = guide.attach(draft_id, _PHOTO, photo())
    new = guide.attach(draft_id, _PHOTO, photo((20, 160, 90)))
    assert [file.name for file in attachments.files(guide.conn, draft_id)] == [new.name] != [old.name]
    assert guide.conn.execute("SELECT count(*) FROM draft_file_parts").fetchone()[0] == 1


def test_a_photo_may_be_taken_away_by_its_button_or_with_the_page(guide: Guide, draft_id: str) -> None:
    guide.attach(draft_id, _PHOTO, photo())
    attachments.detach(guide.conn, draft_id, _PHOTO, key=guide.key, staff=1, moment=guide.clock.read())
    assert attachments.files(guide.conn, draft_id) == ()
    guide.attach(draft_id, _PHOTO, photo())
    guide.save(draft_id, "giay", {f"clear:{_PHOTO}": "1"})
    assert attachments.files(guide.conn, draft_id) == ()
    assert guide.look(draft_id).instance.get(_PHOTO) == ""


def test_a_photo_waits_while_its_question_is_not_asked(guide: Guide, draft_id: str) -> None:
    name = guide.attach(draft_id, _PHOTO, photo()).name
    guide.save(draft_id, "giay", {"/data/giay/co_giay": "khong"})
    assert [file.name for file in attachments.files(guide.conn, draft_id)] == [name]
    with pytest.raises(Refused, match="not_asked_now"):
        guide.attach(draft_id, _PHOTO, photo())
    guide.save(draft_id, "giay", {"/data/giay/co_giay": "co"})
    assert guide.look(draft_id).instance.get(_PHOTO) == name


def test_a_removed_child_takes_its_photo_along(guide: Guide) -> None:
    draft = guide.start()
    guide.save(draft.id, "con", {"add:/data/con": "1"})
    guide.attach(draft.id, "/data/con[1]/anh", photo())
    stays = guide.attach(draft.id, "/data/con[2]/anh", photo()).name
    guide.save(draft.id, "con", {"remove:/data/con[1]": "1"})
    assert [file.name for file in attachments.files(guide.conn, draft.id)] == [stays]
    assert guide.look(draft.id).instance.get("/data/con[1]/anh") == stays


def test_a_question_that_takes_no_file_refuses_one(guide: Guide, draft_id: str) -> None:
    with pytest.raises(Refused, match="not_a_file_question"):
        guide.attach(draft_id, "/data/nguoi/ho_ten", photo())
    with pytest.raises(Missing):
        guide.attach(draft_id, "/data/giay/khong_co", photo())
    with pytest.raises(Missing, match="no_file"):
        attachments.open_attachment(
            guide.conn, draft_id, "x.jpg", key=guide.key, staff=1, moment=guide.clock.read()
        )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 3 * 1024 * 1024 + 5))
def test_files_of_any_size_open_again_and_a_missing_or_moved_part_is_noticed(size: int) -> None:
    key = bytes(32)
    content = bytes(size)
    parts = vault.close_file(key, content, "d", "n.jpg")
    assert vault.open_file(key, parts, "d", "n.jpg") == content
    wrong = [tuple(reversed(parts)), parts[:-1]] if len(parts) > 1 else []
    for spoiled in [*wrong, (*parts, parts[0])]:
        with pytest.raises(NotReady, match="not_opened"):
            vault.open_file(key, spoiled, "d", "n.jpg")
    with pytest.raises(NotReady, match="not_opened"):
        vault.open_file(key, parts, "d", "other.jpg")
