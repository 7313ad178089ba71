"""The office as KoboToolbox, Ona and plain OpenRosa servers: other addresses, other keys, other answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from hub.practice_office import digest, keys, records
from hub.practice_office.dialects import USER, Scheme
from hub.practice_office.digest import Nonces
from hub.practice_office.forms import register_form
from hub.practice_office.records import FormState
from tests.post import parcels
from tests.post.servers import Office, practice_office
from tests.practice_office.test_office import POOL, multipart, plain, words

PLACES = ("", "/basic", "/kobo", f"/kobo/{USER}", "/ona", f"/ona/{USER}")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with practice_office(tmp_path_factory.mktemp("office")) as running:
        yield running


def basic(office: Office, word: str | None = None) -> dict[str, str]:
    told = word if word is not None else keys.token(office.folder)
    return dict(urllib3.make_headers(basic_auth=f"{USER}:{told}"))


def answered(
    nonce: str,
    scheme: Scheme,
    word: str,
    *,
    count: int = 1,
    target: str = "/digest/submission",
    method: str = "HEAD",
) -> dict[str, str]:
    """Return what a phone answers to a challenge (RFC 7616, 3.4.1)."""
    take = {Scheme.MD5: hashlib.md5, Scheme.SHA256: hashlib.sha256}[scheme]

    def hashed(told: str) -> str:
        return take(told.encode()).hexdigest()

    nc = f"{count:08x}"
    told = hashed(
        f"{hashed(f'{USER}:{digest.REALM}:{word}')}:{nonce}:{nc}:phone:auth:{hashed(f'{method}:{target}')}"
    )
    return {
        "Authorization": f'Digest username="{USER}", realm="{digest.REALM}", nonce="{nonce}", uri="{target}",'
        f' algorithm={scheme}, qop=auth, nc={nc}, cnonce="phone", response="{told}"'
    }


def send(office: Office, place: str, xml: bytes, files: dict[str, bytes] | None = None) -> int:
    body, content_type = multipart(xml, files or {})
    answer = POOL.request(
        "POST",
        f"{office.url}{place}/submission",
        body=body,
        headers={"X-OpenRosa-Version": "1.0", "Content-Type": content_type} | basic(office),
    )
    assert answer.status == 413 or words(answer)
    return answer.status


def challenges(answer: urllib3.BaseHTTPResponse) -> list[str]:
    return answer.headers.getlist("WWW-Authenticate")


@pytest.mark.parametrize("place", PLACES)
def test_a_name_and_password_open_every_address_and_a_wrong_one_is_challenged(
    office: Office, place: str
) -> None:
    url = f"{office.url}{place}/submission"
    assert POOL.request("HEAD", url, headers=basic(office)).status == 204
    for headers in (
        {},
        basic(office, "wrong"),
        {"Authorization": "Basic %%%"},
        {"Authorization": "Bearer x"},
    ):
        refused = POOL.request("HEAD", url, headers=headers)
        assert refused.status == 401
        assert any(one.startswith("Basic ") for one in challenges(refused))


def test_each_server_offers_its_own_challenges_and_states_its_own_limit(office: Office) -> None:
    def offered(place: str) -> list[str]:
        told = challenges(POOL.request("HEAD", f"{office.url}{place}/submission"))
        return [(re.findall(r"algorithm=([A-Z0-9-]+)", one) or ["Basic"])[0] for one in told]

    assert offered("") == ["SHA-256", "MD5", "Basic"]
    assert offered("/digest") == ["SHA-256", "MD5"]
    assert offered("/kobo") == offered("/ona") == ["MD5", "Basic"]
    limits = [
        POOL.request("HEAD", f"{office.url}{place}/submission", headers=basic(office)).headers[
            "X-OpenRosa-Accept-Content-Length"
        ]
        for place in ("/kobo", "/ona")
    ]
    assert limits == ["100000000", "10000000"]


@pytest.mark.parametrize("scheme", [Scheme.MD5, Scheme.SHA256])
def test_an_answered_challenge_opens_and_each_count_is_worth_one_request(
    office: Office, scheme: Scheme
) -> None:
    url, word = f"{office.url}/digest/submission", keys.token(office.folder)
    (told,) = (one for one in challenges(POOL.request("HEAD", url)) if f"algorithm={scheme}" in one)
    nonce = re.findall(r'nonce="([^"]+)"', told)[0]
    for count in (1, 2, 7, 3):
        assert POOL.request("HEAD", url, headers=answered(nonce, scheme, word, count=count)).status == 204
    again = POOL.request("HEAD", url, headers=answered(nonce, scheme, word, count=3))
    assert again.status == 401 and all("stale=true" in one for one in challenges(again))
    for wrong in (
        answered(nonce, scheme, "wrong", count=9),
        answered(nonce + "0", scheme, word, count=9),
        answered(nonce, scheme, word, count=9, target="/digest/formList"),
        answered(nonce, scheme, word, count=9, method="POST"),
    ):
        refused = POOL.request("HEAD", url, headers=wrong)
        assert refused.status == 401 and not any("stale" in one for one in challenges(refused))


def test_a_basic_password_does_not_open_where_only_digest_is_offered(office: Office) -> None:
    assert POOL.request("HEAD", f"{office.url}/digest/submission", headers=basic(office)).status == 401


@given(st.binary(min_size=1, max_size=40), st.text(max_size=60))
def test_a_nonce_is_known_only_to_the_office_that_made_it(secret: bytes, forged: str) -> None:
    mine, other = Nonces(secret), Nonces(secret + b"x")
    nonce = mine.make()
    assert mine.ours(nonce) and mine.fresh(nonce) and not other.ours(nonce)
    assert not mine.ours(forged)
    assert not Nonces(secret, life_s=-1.0).fresh(nonce)


@given(
    st.dictionaries(
        st.sampled_from(["nonce", "nc", "qop", "uri", "algorithm", "response", "cnonce"]), st.text()
    )
)
def test_an_answer_that_fits_nothing_is_wrong_whatever_it_says(fields: dict[str, str]) -> None:
    judged = digest.judge(
        Nonces(b"secret"), fields, method="POST", target="/submission", password="word", offers=tuple(Scheme)
    )
    assert judged is False


@pytest.mark.parametrize(("place", "again"), [("", 201), ("/kobo", 202), ("/ona", 202)])
def test_the_same_bytes_again_are_told_apart_from_more_files(office: Office, place: str, again: int) -> None:
    name = f"uuid:again{place}"
    xml = plain(name, photo="anh.jpg")
    assert send(office, place, xml) == 201
    assert send(office, place, xml) == again
    assert send(office, place, xml, {"anh.jpg": b"photo"}) == 201
    assert send(office, place, xml, {"anh.jpg": b"photo"}) == again
    assert send(office, place, plain(name, photo="anh.jpg", tail="\n"), {}) == 409
    shelf = records.connect(office.folder)
    assert [one.instance_id for one in records.listing(shelf)].count(name) == 1
    shelf.close()


@pytest.mark.parametrize(("place", "status"), [("", 409), ("/kobo", 405), ("/ona", 405)])
def test_an_inactive_form_is_refused_in_each_server_s_own_way(
    office: Office, place: str, status: int
) -> None:
    register_form(office.folder, parcels.form_xml("inactive", "1"), state=FormState.CLOSED)
    assert send(office, place, plain("uuid:inactive", form="inactive")) == status


def test_a_form_that_is_not_shared_is_403_at_the_others(office: Office) -> None:
    register_form(office.folder, parcels.form_xml("unshared", "1"), assigned=False)
    assert send(office, "/kobo", plain("uuid:unshared", form="unshared")) == 403


def test_ona_takes_no_more_than_its_ten_megabytes(office: Office) -> None:
    xml = plain("uuid:large", photo="anh.jpg")
    assert send(office, "/ona", xml, {"anh.jpg": bytes(10_000_001)}) == 413
    assert send(office, "/kobo", xml, {"anh.jpg": bytes(10_000_001)}) == 201


@pytest.mark.parametrize("place", [*PLACES, "key"])
def test_forms_are_listed_below_the_address_they_were_asked_at(office: Office, place: str) -> None:
    prefix, headers = place, {"X-OpenRosa-Version": "1.0"} | basic(office)
    if place == "key":
        prefix, headers = f"/v1/key/{keys.token(office.folder)}/projects/1", {"X-OpenRosa-Version": "1.0"}
    register_form(office.folder, parcels.form_xml("with_files", "1"), {"ho.csv": b"name,label\n1,Mau\n"})
    listed = POOL.request(
        "GET", f"{office.url}{prefix}/formList?formID=with_files", headers=headers
    ).data.decode()
    assert listed.count("<xform>") == 1
    (form,) = re.findall(r"<downloadUrl>([^<]+)</downloadUrl>", listed)
    (manifest,) = re.findall(r"<manifestUrl>([^<]+)</manifestUrl>", listed)
    assert form.startswith(f"{office.url}{prefix}/") and manifest.startswith(f"{office.url}{prefix}/")
    xml = POOL.request("GET", form, headers=headers).data
    assert f"md5:{hashlib.md5(xml).hexdigest()}" in listed
    (file,) = re.findall(
        r"<downloadUrl>([^<]+)</downloadUrl>", POOL.request("GET", manifest, headers=headers).data.decode()
    )
    assert POOL.request("GET", file, headers=headers).data.startswith(b"name,label")
    assert POOL.request("GET", form).status == (200 if place == "key" else 401)


def test_what_can_be_read_back_at_central_is_nowhere_else(office: Office) -> None:
    for place in PLACES:
        answer = POOL.request(
            "GET", f"{office.url}{place}/forms/{parcels.FORM}/submissions", headers=basic(office)
        )
        assert answer.status == 404
