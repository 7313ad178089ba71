"""The practice office: every answer that ODK Central was seen to give, and the officer's pages."""

from __future__ import annotations

import gzip
import re
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import urllib3
from lxml import etree

from hub.base.errors import NotReady, Refused
from hub.post import envelope
from hub.post.transports.carrier import Source
from hub.post.transports.multipart import Part, boundary, stream
from hub.practice_office import keys, records
from hub.practice_office.forms import register_form
from hub.practice_office.records import FormState
from tests.post import parcels
from tests.post.servers import Office, practice_office

POOL = urllib3.PoolManager(retries=False)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with practice_office(folder) as running:
        yield running


def token(office: Office) -> str:
    return keys.token(office.folder)


def multipart(xml: bytes | None, files: dict[str, bytes]) -> tuple[bytes, str]:
    given = ([("xml_submission_file", xml)] if xml is not None else []) + list(files.items())
    parts = tuple(
        Part(Source(name, len(content), partial(iter, (content,))), "text/xml", name)
        for name, content in given
    )
    mark = boundary()
    return b"".join(stream(parts, mark)), f"multipart/form-data; boundary={mark}"


def post(
    office: Office,
    xml: bytes | None,
    files: dict[str, bytes] | None = None,
    *,
    path: str = "/v1/projects/1/submission",
    key: str | None = None,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> urllib3.BaseHTTPResponse:
    made, content_type = multipart(xml, files or {})
    given = {"X-OpenRosa-Version": "1.0", "Content-Type": content_type}
    given["Authorization"] = f"Bearer {key if key is not None else token(office)}"
    return POOL.request(
        "POST", office.url + path, body=made if body is None else body, headers=given | (headers or {})
    )


def words(answer: urllib3.BaseHTTPResponse) -> str:
    said = envelope.words(answer.data)
    assert said is not None, answer.data[:200]
    return said


def plain(
    instance_id: str, *, form: str = parcels.FORM, version: str = "1", photo: str = "", tail: str = ""
) -> bytes:
    meta = f"<meta><instanceID>{instance_id}</instanceID></meta>" if instance_id else ""
    answers = f"<ho_ten>Lý A Mẫu</ho_ten><anh>{photo}</anh>"
    return f'<data id="{form}" version="{version}">{answers}{meta}</data>{tail}'.encode()


def read(office: Office, tail: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return POOL.request(
        "GET",
        f"{office.url}/v1/projects/1/forms/{parcels.FORM}/submissions{tail}",
        headers={"Authorization": f"Bearer {token(office)}"} | headers,
    )


def attachments(office: Office, instance_id: str) -> dict[str, bool]:
    return {one["name"]: one["exists"] for one in read(office, f"/{instance_id}/attachments").json()}


def stored(office: Office, instance_id: str) -> tuple[bytes, dict[str, bytes]]:
    shelf = records.connect(office.folder)
    record = records.find(shelf, parcels.FORM, instance_id)
    assert record is not None
    found = records.content(shelf, record.id)
    shelf.close()
    return found


def test_head_says_what_is_taken_without_taking_anything(office: Office) -> None:
    for path, headers in (
        ("/v1/projects/1/submission", {"Authorization": f"Bearer {token(office)}"}),
        (f"/v1/key/{token(office)}/projects/1/submission", {}),
    ):
        answer = POOL.request("HEAD", office.url + path, headers=headers)
        assert answer.status == 204
        assert answer.headers["X-OpenRosa-Accept-Content-Length"] == "100000000"
        assert answer.headers["X-OpenRosa-Version"] == "1.0"


def test_a_new_record_and_the_same_bytes_again_are_both_201_and_one_row(office: Office) -> None:
    xml = plain("uuid:same")
    for _ in range(3):
        answer = post(office, xml)
        assert answer.status == 201 and words(answer)
    assert sum(one["instanceId"] == "uuid:same" for one in read(office, "").json()) == 1


def test_a_trailing_newline_makes_it_another_xml_and_409(office: Office) -> None:
    assert post(office, plain("uuid:newline")).status == 201
    answer = post(office, plain("uuid:newline", tail="\n"))
    assert answer.status == 409
    assert "already exists with this ID, but with different XML" in words(answer)
    assert stored(office, "uuid:newline")[0] == plain("uuid:newline")


def test_a_second_photo_may_come_in_a_second_post(office: Office) -> None:
    made = parcels.parcel(photos=2)
    for name, content in made.files:
        assert post(office, made.envelope, {name: content}).status == 201
    assert stored(office, made.instance_id) == (made.envelope, dict(made.files))


def test_attachments_say_what_is_still_missing(office: Office) -> None:
    made = parcels.parcel(photos=1)
    photo, instance = (name for name, _ in made.files)
    post(office, made.envelope, {photo: made.files[0][1]})
    assert attachments(office, made.instance_id) == {photo: True, instance: False}


def test_other_photo_bytes_under_the_same_name_overwrite_silently(office: Office) -> None:
    xml = plain("uuid:overwrite", photo="anh.jpg")
    assert post(office, xml, {"anh.jpg": b"first"}).status == 201
    assert post(office, xml, {"anh.jpg": b"second"}).status == 201
    assert stored(office, "uuid:overwrite")[1] == {"anh.jpg": b"second"}


def test_a_file_that_the_xml_does_not_name_is_dropped_silently(office: Office) -> None:
    xml = plain("uuid:undeclared", photo="anh.jpg")
    assert post(office, xml, {"other.jpg": b"lost"}).status == 201
    assert stored(office, "uuid:undeclared")[1] == {}


def test_a_chunked_upload_is_taken(office: Office) -> None:
    body, content_type = multipart(plain("uuid:chunked"), {})
    answer = POOL.request(
        "POST",
        office.url + "/v1/projects/1/submission",
        body=iter([body[:100], body[100:]]),
        headers={
            "X-OpenRosa-Version": "1.0",
            "Content-Type": content_type,
            "Authorization": f"Bearer {token(office)}",
            "Transfer-Encoding": "chunked",
        },
    )
    assert answer.status == 201


@pytest.mark.parametrize(
    ("form", "version", "path"),
    [
        ("unknown_form", "1", "/v1/projects/1/submission"),
        (parcels.FORM, "99", "/v1/projects/1/submission"),
        (parcels.FORM, "", "/v1/projects/1/submission"),
        (parcels.FORM, "1", "/v1/projects/2/submission"),
    ],
)
def test_unknown_forms_versions_and_projects_are_404(
    office: Office, form: str, version: str, path: str
) -> None:
    answer = post(office, plain("uuid:lost", form=form, version=version), path=path)
    assert answer.status == 404 and words(answer)


def test_an_older_published_version_is_still_taken(office: Office) -> None:
    register_form(office.folder, parcels.form_xml("versions", "1"))
    register_form(office.folder, parcels.form_xml("versions", "2"))
    for version in ("1", "2"):
        assert post(office, plain(f"uuid:v{version}", form="versions", version=version)).status == 201


def test_a_closing_form_takes_and_a_closed_one_refuses_even_what_it_has(office: Office) -> None:
    xml = parcels.form_xml("closing", "1")
    register_form(office.folder, xml, state=FormState.CLOSING)
    assert post(office, plain("uuid:closing", form="closing")).status == 201
    register_form(office.folder, xml, state=FormState.CLOSED)
    for name in ("uuid:closing", "uuid:new"):
        assert post(office, plain(name, form="closing")).status == 409
    assert (
        POOL.request(
            "HEAD",
            office.url + "/v1/projects/1/submission",
            headers={"Authorization": f"Bearer {token(office)}"},
        ).status
        == 204
    )


@pytest.mark.parametrize("key", ["", "x", "k" * 64, "đ"])
def test_a_wrong_key_is_401_in_the_header_and_403_in_the_path(office: Office, key: str) -> None:
    assert post(office, plain("uuid:key"), key=key.encode().decode("latin-1")).status == 401
    path = f"/v1/key/{key or '-'}/projects/1/submission"
    assert post(office, plain("uuid:key"), path=path).status == 403


def test_a_key_in_the_path_is_taken_too(office: Office) -> None:
    path = f"/v1/key/{token(office)}/projects/1/submission"
    assert post(office, plain("uuid:path"), path=path, key="").status == 201


def test_a_form_that_the_house_is_not_assigned_to_is_401(office: Office) -> None:
    register_form(office.folder, parcels.form_xml("private", "1"), assigned=False)
    assert post(office, plain("uuid:private", form="private")).status == 401


@pytest.mark.parametrize(
    ("xml", "headers", "body"),
    [
        (None, {}, None),
        (plain("uuid:x"), {"Content-Type": "text/xml"}, b"<data/>"),
        (b"this is no XML", {}, None),
        (b"<data><meta/></data>", {}, None),
        (plain("uuid:x"), {"X-OpenRosa-Version": "2.0"}, None),
        (plain("uuid:x"), {"X-OpenRosa-Version": ""}, None),
        (b'<!DOCTYPE data [<!ENTITY a "b">]><data id="khai_sinh_mau" version="1">&a;</data>', {}, None),
    ],
)
def test_what_cannot_be_read_is_400_in_the_envelope(
    office: Office, xml: bytes | None, headers: dict[str, str], body: bytes | None
) -> None:
    answer = post(office, xml, headers=headers, body=body)
    assert answer.status == 400 and words(answer)


def test_a_truncated_body_and_a_zipped_one_are_400_in_json(office: Office) -> None:
    body, content_type = multipart(plain("uuid:cut"), {"anh.jpg": b"x" * 5_000})
    for sent, headers in ((body[:-2_000], {}), (gzip.compress(body), {"Content-Encoding": "gzip"})):
        answer = post(office, b"", body=sent, headers={"Content-Type": content_type} | headers)
        assert answer.status == 400 and answer.json()["message"]


def test_truncated_xml_is_stored_as_a_partial_record(office: Office) -> None:
    whole = plain("uuid:partial")
    cut = b'<data id="khai_sinh_mau" version="1"><meta><instanceID>uuid:partial</instanceID></meta><ho_ten>L'
    assert post(office, cut).status == 201
    assert stored(office, "uuid:partial")[0] == cut
    assert post(office, whole).status == 409


def test_a_missing_instance_id_is_invented_and_every_resend_doubles(office: Office) -> None:
    before = len(read(office, "").json())
    for _ in range(2):
        assert post(office, plain("")).status == 201
    assert len(read(office, "").json()) == before + 2


def test_an_edit_makes_the_record_edited_and_the_stale_original_conflicts(office: Office) -> None:
    def edit(new: str, old: str) -> bytes:
        return (
            f'<data id="{parcels.FORM}" version="1"><ho_ten>Mới</ho_ten><meta><instanceID>{new}</instanceID>'
            f"<deprecatedID>{old}</deprecatedID></meta></data>"
        ).encode()

    assert post(office, plain("uuid:first")).status == 201
    assert post(office, edit("uuid:second", "uuid:first")).status == 201
    assert read(office, "/uuid:first").json()["reviewState"] == "edited"
    stale = post(office, edit("uuid:third", "uuid:first"))
    assert stale.status == 409 and "out of date" in words(stale)
    again = post(office, plain("uuid:first"))
    assert again.status == 409 and "out of date" in words(again)


def test_a_deleted_record_is_refused_when_it_comes_again(office: Office) -> None:
    post(office, plain("uuid:deleted"))
    shelf = records.connect(office.folder)
    record = records.find(shelf, parcels.FORM, "uuid:deleted")
    assert record is not None
    records.delete(shelf, record.id)
    shelf.close()
    answer = post(office, plain("uuid:deleted"))
    assert answer.status == 409 and "has been deleted" in words(answer)
    assert read(office, "/uuid:deleted").status == 404


def test_states_have_an_etag_that_a_comment_does_not_change(office: Office) -> None:
    post(office, plain("uuid:states"))
    first = read(office, "")
    etag = first.headers["ETag"]
    assert read(office, "", **{"If-None-Match": etag}).status == 304
    shelf = records.connect(office.folder)
    record = records.find(shelf, parcels.FORM, "uuid:states")
    assert record is not None and record.review_state is None
    records.comment(shelf, record.id, "Đang xem", "Cán bộ tập dượt")
    assert read(office, "", **{"If-None-Match": etag}).status == 304
    records.review(shelf, record.id, "rejected", "Không đủ giấy tờ", "Cán bộ tập dượt")
    shelf.close()
    later = read(office, "", **{"If-None-Match": etag})
    assert later.status == 200
    assert {one["instanceId"]: one["reviewState"] for one in later.json()}["uuid:states"] == "rejected"
    assert [one["body"] for one in read(office, "/uuid:states/comments").json()] == ["Đang xem"]
    notes = read(office, "/uuid:states/audits").json()
    assert [one["notes"] for one in notes] == ["Không đủ giấy tờ", None]
    assert notes[0]["details"] == {"reviewState": "rejected"}


def test_reading_wants_the_key(office: Office) -> None:
    answer = POOL.request("GET", f"{office.url}/v1/projects/1/forms/{parcels.FORM}/submissions")
    assert answer.status == 401
    assert read(office, "/uuid:nobody").status == 404


def test_the_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first = keys.public_key_base64(tmp_path), keys.token(tmp_path)
    assert (keys.public_key_base64(tmp_path), keys.token(tmp_path)) == first
    for name in ("practice_key.pem", "token"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["practice_key.pem", "token"]
    (tmp_path / "practice_key.pem").chmod(0o644)
    with pytest.raises(NotReady, match="secret_open"):
        keys.private_key(tmp_path)
    (tmp_path / "practice_key.pem").chmod(0o600)
    (tmp_path / "practice_key.pem").write_bytes(b"no key")
    with pytest.raises(NotReady, match="key_broken"):
        keys.private_key(tmp_path)


def test_what_is_no_xform_is_not_registered(tmp_path: Path) -> None:
    for xml in (b"no", b"<data/>", b"<!DOCTYPE a><data/>"):
        with pytest.raises(Refused, match="no_form"):
            register_form(tmp_path, xml)


# The officer's pages.


class Visitor:
    """A browser without scripts: keeps its cookie, follows a redirect, sends forms with their token."""

    def __init__(self, office: Office) -> None:
        self.office, self.cookie = office, ""

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        answer = POOL.request("GET", self.office.url + path, headers={"Cookie": self.cookie})
        self.cookie = answer.headers.get("Set-Cookie", self.cookie).split(";")[0]
        return answer

    def send(self, path: str, page: str, **fields: str) -> urllib3.BaseHTTPResponse:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page).data.decode())
        assert found is not None
        return POOL.request(
            "POST",
            self.office.url + path,
            fields={"csrf_token": found[1]} | fields,
            encode_multipart=False,
            headers={"Cookie": self.cookie},
            redirect=False,
        )


@pytest.fixture
def opened(office: Office) -> tuple[Visitor, int]:
    made = parcels.parcel(public_key=office.public_key)
    assert post(office, made.envelope, dict(made.files)).status == 201
    shelf = records.connect(office.folder)
    record = records.find(shelf, parcels.FORM, made.instance_id)
    shelf.close()
    assert record is not None
    return Visitor(office), record.id


def test_a_dossier_is_shown_opened_with_its_questions_and_its_photo(opened: tuple[Visitor, int]) -> None:
    visitor, number = opened
    page = visitor.get(f"/dossiers/{number}").data.decode()
    assert "Họ và tên" in page and "Lý A Mẫu" in page and "Niêm phong còn nguyên" in page
    assert "không phải cơ quan nhà nước" in page
    english = visitor.get(f"/dossiers/{number}?lang=en").data.decode()
    assert "Full name" in english and "The seal is whole" in english
    assert "Full name" in visitor.get(f"/dossiers/{number}").data.decode(), "the language is remembered"
    photo = visitor.get(f"/dossiers/{number}/files/0")
    assert photo.headers["Content-Type"] == "image/jpeg" and photo.data == b"\xff\xd8\xff" + bytes(2_000)
    assert photo.headers["X-Content-Type-Options"] == "nosniff"
    assert visitor.get(f"/dossiers/{number}/files/1").status == 404


def test_the_list_shows_every_dossier_with_its_state(opened: tuple[Visitor, int]) -> None:
    visitor, number = opened
    page = etree.HTML(visitor.get("/").data)
    assert page.xpath(f'//a[@href="/dossiers/{number}"]//*[contains(@class, "badge")]/text()') == [
        "Đã nhận, chưa xem"
    ]


def test_a_state_is_set_with_words_and_a_comment_without_touching_it(
    opened: tuple[Visitor, int], office: Office
) -> None:
    visitor, number = opened
    page = f"/dossiers/{number}"
    assert visitor.send(f"{page}/review", page, state="hasIssues", words="Thiếu ảnh mặt sau").status == 303
    assert visitor.send(f"{page}/comment", page, words="Hẹn thứ Hai").status == 303
    shelf = records.connect(office.folder)
    record = records.by_number(shelf, number)
    assert record is not None and record.review_state == "hasIssues"
    assert [one.words for one in records.remarks(shelf, number, "note")] == ["Thiếu ảnh mặt sau"]
    assert [one.words for one in records.remarks(shelf, number, "comment")] == ["Hẹn thứ Hai"]
    shelf.close()
    assert "Thiếu ảnh mặt sau" in visitor.get(page).data.decode()
    assert visitor.send(f"{page}/review", page, state="received", words="").status == 303
    assert visitor.send(f"{page}/review", page, state="sold", words="").status == 404
    assert visitor.send(f"{page}/delete", page).status == 303
    assert visitor.get(page).status == 404


def test_a_change_without_the_token_is_refused(opened: tuple[Visitor, int], office: Office) -> None:
    visitor, number = opened
    for action in ("review", "comment", "delete"):
        answer = POOL.request(
            "POST", f"{office.url}/dossiers/{number}/{action}", fields={"state": "approved", "words": "x"}
        )
        assert answer.status == 400 and "chưa được ghi" in answer.data.decode()
    assert visitor.get(f"/dossiers/{number}").status == 200


def test_a_dossier_sealed_for_another_office_says_so(office: Office) -> None:
    made = parcels.parcel()
    post(office, made.envelope, dict(made.files))
    shelf = records.connect(office.folder)
    record = records.find(shelf, parcels.FORM, made.instance_id)
    shelf.close()
    assert record is not None
    page = Visitor(office).get(f"/dossiers/{record.id}")
    assert page.status == 200 and 'class="notice bad"' in page.data.decode()


def test_words_of_a_villager_cannot_become_markup(office: Office) -> None:
    evil = plain("uuid:evil").replace("Lý A Mẫu".encode(), b"&lt;script&gt;alert(1)&lt;/script&gt;")
    assert post(office, evil).status == 201
    shelf = records.connect(office.folder)
    record = records.find(shelf, parcels.FORM, "uuid:evil")
    shelf.close()
    assert record is not None
    page = Visitor(office).get(f"/dossiers/{record.id}")
    assert b"<script" not in page.data and b"&lt;script&gt;" in page.data
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
