"""Forms asked of an OpenRosa server: what counts as a list, hashes, bounds, and whom the key is shown to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from hub.base import markup
from hub.post.transports import blank_forms
from hub.post.transports.blank_forms import BlankForms, Offered, OfferedFile, md5
from hub.post.transports.carrier import CarrierFault
from hub.practice_office import keys
from hub.practice_office.forms import register_form
from hub.practice_office.records import FormState
from tests.post import parcels, servers
from tests.post.servers import Request, practice_office, stranger
from tests.post.test_openrosa import settings

PORTAL = b"<!doctype html><html><body>Please sign in to the Wi-Fi</body></html>"
FILES = {"thon.csv": "name,label\na,Làng A\n".encode(), "ảnh cây.png": b"\x89PNG"}


@contextlib.contextmanager
def asking(url: str, token_file: str = "", stop: Callable[[], bool] = lambda: False) -> Iterator[BlankForms]:
    way = BlankForms(settings(url, token_file=token_file), stop)
    try:
        yield way
    finally:
        way.close()


def listing(url: str, *, hash: str = "md5:" + "0" * 32, download: str = "", manifest: str = "") -> bytes:
    return (
        f'<xforms xmlns="{blank_forms.LIST}"><xform><formID>f</formID><name>F</name><version>1</version>'
        f"<hash>{hash}</hash><downloadUrl>{download or url + '/f.xml'}</downloadUrl>"
        f"{f'<manifestUrl>{manifest}</manifestUrl>' if manifest else ''}</xform></xforms>"
    ).encode()


def answering(**bodies: bytes) -> Callable[[Request], None]:
    """Answer each GET by the end of its path."""

    def answer(request: Request) -> None:
        name = request.path.rpartition("/")[2].partition(".")[0]
        body = bodies.get(name)
        request.reply(200 if body is not None else 404, body or b"")

    return answer


def refused(ask: Callable[[], object]) -> str:
    with pytest.raises(CarrierFault) as bad:
        ask()
    return bad.value.reason_key


def test_a_form_and_its_files_come_with_the_hashes_the_office_states(tmp_path: Path) -> None:
    with practice_office(tmp_path / "office", register=False) as office:
        register_form(office.folder, parcels.form_xml(), FILES)
        with asking(office.url, office.token_file) as way:
            (offered,) = way.listing()
            assert (offered.form_id, offered.md5) == (parcels.FORM, md5(parcels.form_xml()))
            assert way.xml(offered) == parcels.form_xml()
            files = way.manifest(offered)
            assert {one.name: way.file(one) for one in files} == FILES
            assert refused(lambda: way.file(OfferedFile("x", "0" * 32, files[0].url))) == "adding.other_hash"


def test_closed_forms_forms_of_others_and_old_versions_are_not_offered(tmp_path: Path) -> None:
    with practice_office(tmp_path / "office", register=False) as office:
        old, new = parcels.form_xml(), parcels.form_xml().replace(b'version="1"', b'version="2"')
        assert old != new
        register_form(office.folder, old)
        register_form(office.folder, new)
        with asking(office.url, office.token_file) as way:
            assert [one.version for one in way.listing()] == ["2"]
            register_form(office.folder, new, state=FormState.CLOSED)
            assert way.listing() == ()
            register_form(office.folder, new, assigned=False)
            assert way.listing() == ()


def test_without_the_key_nothing_is_offered(tmp_path: Path) -> None:
    with practice_office(tmp_path / "office") as office:
        with asking(office.url) as way:
            assert refused(way.listing) == "relay.token_refused"
        wrong = tmp_path / "token"
        wrong.write_text("w" * 64)
        wrong.chmod(0o600)
        with asking(office.url, str(wrong)) as way:
            assert refused(way.listing) == "relay.token_refused"


@pytest.mark.parametrize("body", [PORTAL, b"", b"<forms/>", b'<xforms xmlns="http://other"/>'])
def test_a_captive_portals_page_is_no_list_and_no_manifest(body: bytes) -> None:
    with stranger(gets=lambda request: request.reply(200, body)) as portal, asking(portal.url) as way:
        assert refused(way.listing) == "relay.portal"
        offered = Offered("f", "F", "1", md5(body), f"{portal.url}/f.xml", f"{portal.url}/m")
        assert refused(lambda: way.manifest(offered)) == "relay.portal"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_page_that_refuses_is_a_stranger_s_and_names_no_key(status: int) -> None:
    page = {"Content-Type": "text/html; charset=utf-8"}
    with stranger(gets=lambda request: request.reply(status, PORTAL, page)) as portal:
        with asking(portal.url) as way:
            assert refused(way.listing) == "relay.portal"


def test_a_redirect_to_a_sign_in_page_is_not_followed() -> None:
    with stranger(gets=lambda request: request.reply(302, headers={"Location": "/login"})) as portal:
        with asking(portal.url) as way:
            assert refused(way.listing) == "relay.redirected"
        assert len(portal.seen) == 1


def test_the_key_is_shown_to_no_other_address_that_a_list_names(tmp_path: Path) -> None:
    key = keys.token_path(tmp_path)
    key.write_text("k" * 64)
    key.chmod(0o600)
    with stranger(gets=answering(f=b"")) as thief, stranger() as office:
        office.gets = answering(formList=listing(office.url, download=f"{thief.url}/f.xml"))
        with asking(office.url, str(key)) as way:
            (offered,) = way.listing()
            assert refused(lambda: way.xml(offered)) == "adding.elsewhere"
            assert office.seen[0].headers["authorization"] == f"Bearer {'k' * 64}"
        assert thief.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "f.xml",
        "file:///etc/passwd",
        "http://[::1",
        "http://127.0.0.1:1/f",
        "",
        "{office}/a b",
        "{office}/a\r\nX: y",
    ],
)
def test_an_address_that_is_not_the_offices_is_not_asked(url: str) -> None:
    with stranger() as office, asking(office.url) as way:
        assert (
            refused(
                lambda: way.xml(Offered("f", "F", "1", "0" * 32, url.replace("{office}", office.url), ""))
            )
            == "adding.elsewhere"
        )
        assert office.seen == []


def test_what_is_larger_than_its_bound_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blank_forms, "MOST_FORM_BYTES", 1000)
    with stranger(gets=answering(f=b"x" * 5000)) as office, asking(office.url) as way:
        offered = Offered("f", "F", "1", md5(b"x" * 5000), f"{office.url}/f.xml", "")
        assert refused(lambda: way.xml(offered)) == "relay.answer_too_long"


def test_a_form_cut_in_its_middle_or_gone_is_told_apart() -> None:
    def cut(request: Request) -> None:
        request.sock.sendall(servers.head(200, 1000) + b"half")

    with stranger(gets=cut) as office, asking(office.url) as way:
        offered = Offered("f", "F", "1", "0" * 32, f"{office.url}/f.xml", "")
        assert refused(lambda: way.xml(offered)) == "relay.cut"
    with stranger() as office, asking(office.url) as way:
        assert refused(lambda: way.xml(Offered("f", "F", "1", "0" * 32, f"{office.url}/f.xml", ""))) == (
            "relay.no_form"
        )


def test_a_manifest_that_names_a_file_without_a_hash_is_refused() -> None:
    told = (
        f'<manifest xmlns="{blank_forms.MANIFEST}"><mediaFile><filename>a</filename></mediaFile></manifest>'
    )
    with stranger(gets=answering(m=told.encode())) as office, asking(office.url) as way:
        offered = Offered("f", "F", "1", "0" * 32, f"{office.url}/f.xml", f"{office.url}/m")
        assert refused(lambda: way.manifest(offered)) == "adding.bad_manifest"


@trying(deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda text: listing("http://x", hash=text)))
def test_any_bytes_are_a_list_or_none(body: bytes) -> None:
    root = markup.plain(body)
    found = [] if root is None else [blank_forms._offered(one) for one in root]
    assert all(one is None or (one.form_id and len(one.md5) == 32) for one in found)


@pytest.mark.parametrize(
    ("kind", "fetched"), [("kobo", True), ("ona", True), ("openrosa", True), ("central", False)]
)
def test_forms_beside_the_account_s_own_address_are_fetched_where_servers_put_them_there(
    kind: str, fetched: bool
) -> None:
    body = parcels.form_xml()
    with stranger(gets=answering(f=body)) as office:
        way = BlankForms(settings(f"{office.url}/house", kind=kind), lambda: False)
        offered = Offered("f", "F", "1", md5(body), f"{office.url}/forms/f.xml", "")
        if fetched:
            assert way.xml(offered) == body and office.seen[0].path == "/forms/f.xml"
        else:
            assert refused(lambda: way.xml(offered)) == "adding.elsewhere" and office.seen == []
        way.close()
