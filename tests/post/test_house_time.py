"""Certificates judged by the House's own time: the same answers as OpenSSL's, only at another hour."""

from __future__ import annotations

import datetime as dt
import hashlib
import socket
import ssl
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from hub.post.transports import house_time
from hub.post.transports.trust import Distrust, Trust, why
from tests.post.certificates import Issued, issue, secure
from tests.post.servers import Stranger, done

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
NAME = "office.mau.example"


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """Valid from 300 days on, for 100 days."""
    return issue(tmp_path_factory.mktemp("later"), begins=NOW + 300 * DAY, ends=NOW + 400 * DAY, through=True)


def code(issued: Issued, at: dt.datetime | None, host: str = "127.0.0.1") -> int | None:
    """Shake hands at ``at`` (None: OpenSSL by itself); return OpenSSL's number for why not, None for a good one."""
    near, far = socket.socketpair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.server_file)
    heard: list[bytes] = []

    def serve() -> None:
        try:
            with context.wrap_socket(far, server_side=True) as line:
                heard.append(line.recv(100))
        except OSError:
            far.close()

    near.settimeout(20)
    far.settimeout(20)
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        with Trust(str(issued.ca_file), lambda: at).wrap_socket(near, server_hostname=host) as line:
            line.sendall(b"a secret")
        found = None
    except ssl.SSLCertVerificationError as bad:
        found = bad.verify_code
    finally:
        near.close()
        thread.join(20)
    assert (b"a secret" in heard) is (found is None), "nothing is said to who is not believed"
    return found


def judged(issued: Issued, at: dt.datetime, host: str = "127.0.0.1") -> Distrust | None:
    found = code(issued, at, host)
    if found is None:
        return None
    bad = ssl.SSLCertVerificationError(1, "")
    bad.verify_code = found
    return why(bad)


@pytest.mark.parametrize(
    ("days", "said"),
    [(0, Distrust.EARLY), (299, Distrust.EARLY), (301, None), (399, None), (401, Distrust.LATE)],
)
def test_a_chain_is_good_between_its_dates_and_says_on_which_side_it_is_not(
    later: Issued, days: int, said: Distrust | None
) -> None:
    assert judged(later, NOW + days * DAY) == said


def test_another_name_is_told_from_a_stranger(later: Issued, tmp_path: Path) -> None:
    assert judged(later, NOW + 310 * DAY, "127.0.0.2") is Distrust.NAME
    assert judged(later, NOW + 310 * DAY, "example.org") is Distrust.NAME
    other = issue(tmp_path, begins=NOW + 300 * DAY, ends=NOW + 400 * DAY)
    assert judged(Issued(other.ca_file, later.server_file), NOW + 310 * DAY) is Distrust.UNKNOWN


def test_a_date_is_not_complained_of_where_more_is_wrong(later: Issued, tmp_path: Path) -> None:
    other = issue(tmp_path, begins=NOW + 300 * DAY, ends=NOW + 400 * DAY)
    assert judged(Issued(other.ca_file, later.server_file), NOW) is Distrust.UNKNOWN
    assert judged(later, NOW, "example.org") is Distrust.NAME


def test_an_authority_whose_day_has_not_come_vouches_for_nobody(tmp_path: Path) -> None:
    issued = issue(tmp_path, begins=NOW, ends=NOW + 400 * DAY, authority_since=NOW + 200 * DAY, through=True)
    assert judged(issued, NOW + 100 * DAY) is Distrust.EARLY
    assert judged(issued, NOW + 201 * DAY) is None


def uses(**given: bool) -> x509.KeyUsage:
    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign")
    more = ("crl_sign", "encipher_only", "decipher_only", "digital_signature")
    return x509.KeyUsage(**{name: given.get(name, False) for name in names + more})


_CA = x509.BasicConstraints(True, None)
ODD: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing odd": (NAME, {}),
    "a star for one part": ("*.mau.example", {}),
    "a star for two": ("*.example", {}),
    "a star within a part": ("off*.mau.example", {}),
    "an address for a name": ("127.0.0.1", {}),
    "for clients only": (NAME, {"also": [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])]}),
    "for servers": (NAME, {"also": [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])]}),
    "a key that signs papers only": (NAME, {"also": [uses(content_commitment=True)]}),
    "a key that signs lists only": (NAME, {"also": [uses(crl_sign=True)]}),
    "something critical that nobody knows": (
        NAME,
        {"also": [x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")]},
    ),
    "between: no authority": (NAME, {"second": [x509.BasicConstraints(False, None)]}),
    "between: says nothing": (NAME, {"second": []}),
    "between: may not vouch": (NAME, {"second": [_CA, uses(digital_signature=True)]}),
    "between: does not say what it may": (NAME, {"second": [_CA]}),
    "between: for other names": (
        NAME,
        {"second": [_CA, x509.NameConstraints([x509.DNSName("other.example")], None)]},
    ),
}
_GOOD = {"nothing odd", "a star for one part", "for servers", "between: does not say what it may"}


@pytest.mark.parametrize("odd", ODD)
def test_only_the_hour_differs_from_what_openssl_says(tmp_path: Path, odd: str) -> None:
    name, how = ODD[odd]
    today = issue(tmp_path / "a", begins=NOW - DAY, ends=NOW + DAY, name=name, through=True, **how)
    then = issue(tmp_path / "b", begins=NOW + 300 * DAY, ends=NOW + 400 * DAY, name=name, through=True, **how)
    by_openssl = code(today, None, NAME)
    assert code(then, NOW + 310 * DAY, NAME) == code(today, NOW, NAME) == by_openssl
    assert (by_openssl is None) is (odd in _GOOD)


def test_an_authority_of_second_rank_alone_is_no_authority(later: Issued, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(later.chain[1].public_bytes(serialization.Encoding.PEM))
    assert judged(Issued(tmp_path / "ca.pem", later.server_file), NOW + 310 * DAY) is Distrust.UNKNOWN


@pytest.mark.parametrize("chain", [[], [b""], [b"\x30\x03\x02\x01\x05"]])
def test_no_chain_and_one_that_cannot_be_read_are_nobody(chain: list[bytes]) -> None:
    with pytest.raises(ssl.SSLCertVerificationError) as bad:
        house_time.judge(chain, NOW)
    assert why(bad.value) is Distrust.UNKNOWN


def connect(url: str, trust: Trust) -> ssl.SSLSocket:
    parts = urlsplit(url)
    sock = socket.create_connection((parts.hostname, parts.port), timeout=10)
    try:
        return trust.wrap_socket(sock, server_hostname=parts.hostname)
    finally:
        sock.close()


def test_a_handshake_is_judged_by_the_system_until_somebody_says_what_time_it_is(later: Issued) -> None:
    said: list[dt.datetime | None] = [None]
    trust = Trust(str(later.ca_file), lambda: said[0])
    with secure(Stranger([done]), later) as url:
        with pytest.raises(ssl.SSLCertVerificationError) as bad:
            connect(url, trust)
        assert why(bad.value) is Distrust.EARLY
        said[0] = NOW + 310 * DAY
        with connect(url, trust) as line:
            line.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 204")
        said[0] = NOW + 500 * DAY
        with pytest.raises(ssl.SSLCertVerificationError) as bad:
            connect(url, trust)
        assert why(bad.value) is Distrust.LATE


def test_the_systems_own_authorities_vouch_for_no_stranger(later: Issued) -> None:
    with secure(Stranger([done]), later) as url:
        with pytest.raises(ssl.SSLCertVerificationError) as bad:
            connect(url, Trust("", lambda: NOW + 310 * DAY))
    assert why(bad.value) is Distrust.UNKNOWN


def hashed(name: x509.Name) -> str:
    """OpenSSL's hash of a name of one part, by which it finds an authority in a folder."""
    (part,) = name
    plain = x509.Name([x509.NameAttribute(part.oid, str(part.value).lower())]).public_bytes()
    return f"{int.from_bytes(hashlib.sha1(plain[2:], usedforsecurity=False).digest()[:4], 'little'):08x}"


def test_the_systems_authorities_are_found_in_a_folder_too(
    later: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = x509.load_pem_x509_certificate(later.ca_file.read_bytes())
    (tmp_path / f"{hashed(root.subject)}.0").write_bytes(later.ca_file.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with secure(Stranger([done]), later) as url:
        connect(url, Trust("", lambda: NOW + 310 * DAY)).close()
