"""Digest: the vectors of RFC 7616, any header at all, counts that never come twice."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st
from werkzeug.datastructures import Authorization, WWWAuthenticate

from hub.post.transports import digest
from hub.post.transports.digest import Challenge, Session
from hub.practice_office.dialects import Scheme
from hub.practice_office.digest import Nonces, challenge, judge

# RFC 7616, 3.9.1.
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CLIENT = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
RFC = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256,'
    f' nonce="{NONCE}", opaque="{OPAQUE}",'
    ' Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5,'
    f' nonce="{NONCE}", opaque="{OPAQUE}"'
)

words = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), min_size=1, max_size=30
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_vectors_of_the_standard_come_out(algorithm: str, response: str) -> None:
    asked = Challenge("http-auth@example.org", NONCE, OPAQUE, algorithm, False)
    said = Session(asked, "Mufasa", "Circle of Life").answer("GET", "/dir/index.html", client=CLIENT)
    read = Authorization.from_header(said)
    assert read is not None and read.type == "digest"
    assert read.parameters == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": NONCE,
        "nc": "00000001",
        "cnonce": CLIENT,
        "qop": "auth",
        "response": response,
        "opaque": OPAQUE,
    }


def test_of_several_the_stronger_is_answered_whatever_their_order() -> None:
    told = digest.offers(RFC)
    assert [one.scheme for one in told] == ["digest", "digest"]
    for order in (told, told[::-1]):
        found = digest.strongest(order)
        assert found is not None and found.algorithm == "SHA-256" and found.nonce == NONCE


@pytest.mark.parametrize(
    "header",
    [
        "",
        'Basic realm="x"',
        'Digest realm="x", nonce="n", qop="auth-int"',
        'Digest realm="x", nonce="n"',
        'Digest realm="x", nonce="", qop="auth"',
        'Digest realm="x", nonce="n", qop="auth", algorithm=SHA-512-256',
        'Digest realm="x", nonce="n", qop="auth", algorithm=MD5-sess',
        'Digest realm="a\\"b", nonce="n", qop="auth"',
        'Digest realm="x", nonce="n\x01", qop="auth"',
        'Digest realm="x", nonce="n",',
    ],
)
def test_what_we_cannot_answer_safely_is_no_challenge(header: str) -> None:
    assert digest.strongest(digest.offers(header)) is None


def test_schemes_with_tokens_and_without_fields_are_told_apart() -> None:
    told = digest.offers(
        'Negotiate, NTLM TlRMTVNTUA==, Basic realm="a, b=c", Bearer, digest  qop=auth ,nonce="q"'
    )
    assert [one.scheme for one in told][:2] == ["negotiate", "ntlm"]
    by_name = {one.scheme: dict(one.fields) for one in told}
    assert by_name["basic"] == {"realm": "a, b=c"}
    assert by_name["bearer"] == {} and by_name["digest"] == {"qop": "auth", "nonce": "q"}


@trying(deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")))
def test_any_header_is_read_without_a_fault_and_answered_without_breaking_ours(header: str) -> None:
    found = digest.strongest(digest.offers(header))
    if found is not None:
        said = Session(found, "house", "secret").answer("POST", "/submission")
        assert said.isprintable() and said.isascii() and "secret" not in said


@trying(deadline=None)
@given(words, words, st.sampled_from(["MD5", "SHA-256"]), st.booleans())
def test_a_challenge_as_a_server_library_writes_it_is_read_back(
    realm: str, nonce: str, algorithm: str, stale: bool
) -> None:
    given = {
        "realm": realm,
        "nonce": nonce,
        "qop": "auth",
        "algorithm": algorithm,
        "stale": str(stale).lower(),
    }
    header = WWWAuthenticate("digest", dict(given)).to_header()
    assert digest.strongest(digest.offers(header)) == Challenge(realm, nonce, "", algorithm, stale)


@trying(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_a_password_in_any_script_proves_itself_to_a_server_of_another_hand(password: str) -> None:
    nonces = Nonces(b"only here")
    found = digest.strongest(digest.offers(challenge(nonces, Scheme.SHA256, stale=False)))
    assert found is not None
    talk = Session(found, "house", password)
    for count in (1, 2):
        said = Authorization.from_header(talk.answer("POST", "/submission?deviceID=a"))
        assert said is not None and said.parameters["nc"] == f"{count:08x}"
        fits = judge(
            nonces,
            said.parameters,
            method="POST",
            target="/submission?deviceID=a",
            password=password,
            offers=(Scheme.SHA256,),
        )
        assert fits is True


def test_threads_never_use_a_count_twice() -> None:
    talk = Session(Challenge("r", "n", "", "MD5", False), "house", "secret")
    said: list[str] = []

    def ask() -> None:
        said.extend(talk.answer("HEAD", "/") for _ in range(200))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    counts = {one.partition("nc=")[2][:8] for one in said}
    assert len(counts) == len(said) == 800


def test_a_password_is_in_no_repr() -> None:
    assert "geheim" not in repr(Session(Challenge("r", "n", "", "MD5", False), "house", "geheim"))
