"""What goes to an office: credentials, challenges, proxies, certificates, connections, and what all of it weighs."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.base import settings as house_settings
from hub.base.errors import NotReady
from hub.base.settings import UpstreamSettings
from hub.post.transports import answers, clocks, credentials, wire
from hub.post.transports.carrier import Answer, CarrierFault, Outcome, Probe, Traffic
from hub.post.transports.connections import Response
from hub.post.transports.known import Acquaintance
from hub.post.transports.openrosa import OpenRosa
from tests.post import servers
from tests.post.servers import ENVELOPE, Request, says, stranger
from tests.post.test_openrosa import shipment


@pytest.fixture
def known() -> Iterator[Acquaintance]:
    """What a relay remembers from round to round."""
    made = Acquaintance()
    yield made
    made.hang_up()


DOOR = {"X-OpenRosa-Version": "1.0", "X-OpenRosa-Accept-Content-Length": "100000000"}


def secret(folder: Path, words: str, name: str = "secret") -> str:
    """A file with a secret, as a technician leaves it."""
    file = folder / name
    file.write_text(words, encoding="utf-8")
    file.chmod(0o600)
    return str(file)


@pytest.fixture
def named(tmp_path: Path) -> dict[str, object]:
    """A House that has a name and a password."""
    return {"kind": "openrosa", "user": "house", "password_file": secret(tmp_path, "mật khẩu mẫu\n")}


def carrier(url: str, known: Acquaintance | None = None, **more: object) -> OpenRosa:
    given = {"connect_s": 2.0, "answer_s": 5.0, "idle_s": 2.0} | more
    return OpenRosa(UpstreamSettings(url=url, **given), lambda: False, known=known)  # type: ignore[arg-type]


def challenge(nonce: str, more: str = "") -> dict[str, str]:
    return {"WWW-Authenticate": f'Digest realm="r", nonce="{nonce}", qop="auth", algorithm=MD5{more}'}


@dataclass
class Guard:
    """A door that wants Digest: takes ``nonces`` while they are good, tells ``next_nonce`` otherwise."""

    good: set[str] = field(default_factory=lambda: {"one"})
    next_nonce: str = "one"
    stale: bool = False

    def __call__(self, request: Request) -> None:
        said = request.headers.get("authorization", "")
        request.read_body()
        if any(f'nonce="{nonce}"' in said for nonce in self.good):
            done = request.method == "POST"
            request.reply(201 if done else 204, ENVELOPE if done else b"", DOOR)
        else:
            request.reply(401, b"", challenge(self.next_nonce, ", stale=true" if self.stale else ""))


def test_a_photo_is_never_sent_twice_for_a_challenge(named: dict[str, object]) -> None:
    guard = Guard()
    with stranger(guard, door=guard) as office:
        way = carrier(office.url, **named)
        assert way.send(shipment(200_000)).outcome is Outcome.DONE
        assert way.send(shipment(200_000)).outcome is Outcome.DONE
        way.close()
    assert [request.method for request in office.seen] == ["HEAD", "HEAD", "POST", "POST"]
    counts = [request.headers.get("authorization", "").partition("nc=")[2][:8] for request in office.seen]
    assert counts == ["", "00000001", "00000002", "00000003"]


def test_a_nonce_serves_the_next_round_without_another_question(
    named: dict[str, object], known: Acquaintance
) -> None:
    guard = Guard()
    with stranger(guard, door=guard) as office:
        for _ in range(3):
            way = carrier(office.url, known, **named)
            assert way.probe().up
            way.close()
    assert len(office.seen) == 4


@pytest.mark.parametrize("stale", [True, False])
def test_a_nonce_that_ran_out_is_exchanged_at_the_door(named: dict[str, object], stale: bool) -> None:
    guard = Guard()
    with stranger(guard, door=guard) as office:
        way = carrier(office.url, **named)
        assert way.probe().refusal is None
        guard.good, guard.next_nonce, guard.stale = {"two"}, "two", stale
        assert way.probe().refusal is None
        assert way.send(shipment(100_000)).outcome is Outcome.DONE
        way.close()
    assert len(office.posted) == 1


def test_a_nonce_that_runs_out_under_a_photo_costs_one_more_sending_and_no_dossier(
    named: dict[str, object],
) -> None:
    guard = Guard()
    with stranger(guard, door=guard) as office:
        way = carrier(office.url, **named)
        assert way.probe().up
        guard.good, guard.next_nonce, guard.stale = {"two"}, "two", True
        assert way.send(shipment(100_000)).outcome is Outcome.DONE
        way.close()
    assert [len(request.body) > 100_000 for request in office.posted] == [True, True]
    marks = {request.headers["content-type"] for request in office.posted}
    assert len(marks) == 1 and office.posted[0].body == office.posted[1].body


def test_a_wrong_password_is_tried_once_and_then_told(named: dict[str, object]) -> None:
    guard = Guard(good=set())
    with stranger(guard, door=guard) as office:
        way = carrier(office.url, **named)
        assert way.probe().refusal == "relay.token_refused"
        assert way.send(shipment(100_000)).reason_key == "relay.token_refused"
        way.close()
    assert office.posted == [] and len(office.seen) <= 4


def test_a_door_that_says_stale_for_ever_is_asked_three_times_at_most(named: dict[str, object]) -> None:
    numbers = iter(range(1000))

    def always(request: Request) -> None:
        request.reply(401, b"", challenge(f"n{next(numbers)}", ", stale=true"))

    with stranger(door=always) as office:
        way = carrier(office.url, **named)
        assert way.probe().refusal == "relay.token_refused"
        way.close()
    assert len(office.seen) == 3


def test_basic_is_shown_only_where_no_digest_is_offered(named: dict[str, object]) -> None:
    def both(request: Request) -> None:
        offered = challenge("n")["WWW-Authenticate"]
        request.sock.sendall(
            b'HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm="r"\r\n'
            + f"WWW-Authenticate: {offered}\r\nConnection: close\r\n\r\n".encode()
        )

    def basic(request: Request) -> None:
        said = request.headers.get("authorization", "")
        if said == "Basic " + base64.b64encode("house:mật khẩu mẫu".encode()).decode():
            request.reply(204, headers=DOOR)
        else:
            request.reply(401, b"", {"WWW-Authenticate": 'Basic realm="r", charset="UTF-8"'})

    with stranger(door=both) as office:
        way = carrier(office.url, **named)
        way.probe()
        way.close()
    assert [request.headers.get("authorization", "")[:6] for request in office.seen] == ["", "Digest"]
    with stranger(door=basic) as office:
        way = carrier(office.url, **named)
        assert way.probe().up and way.probe().up
        way.close()
    assert [bool(request.headers.get("authorization")) for request in office.seen] == [False, True, True]


def test_central_is_shown_name_and_password_unasked(tmp_path: Path) -> None:
    given = {"user": "house@example.org", "password_file": secret(tmp_path, "geheim")}
    with stranger() as office:
        way = carrier(office.url, **given)
        assert way.probe().up
        way.close()
    (request,) = office.seen
    assert (
        request.headers["authorization"] == "Basic " + base64.b64encode(b"house@example.org:geheim").decode()
    )


def test_a_challenge_behind_a_redirect_or_at_another_server_is_never_answered(
    named: dict[str, object],
) -> None:
    guard = Guard()
    with stranger(door=guard) as elsewhere:
        away = says(302, headers={"Location": elsewhere.url + "/submission"} | challenge("one"))
        with stranger(away, door=away) as office:
            way = carrier(office.url, **named)
            assert way.probe().reason_key == "relay.redirected"
            assert way.send(shipment(20_000)).reason_key == "relay.redirected"
            way.close()
        assert elsewhere.seen == []
        assert all("authorization" not in request.headers for request in office.seen)


def test_a_refusal_after_a_good_door_names_the_form_and_not_the_key(tmp_path: Path) -> None:
    given = {"token_file": secret(tmp_path, "t" * 64)}
    for status in (401, 403):
        with stranger(says(status, ENVELOPE)) as office:
            way = carrier(office.url, **given)
            before = way.send(shipment(10)).reason_key
            assert way.probe().up
            after = way.send(shipment(10)).reason_key
            way.close()
        assert (before, after) == ("relay.token_refused", "relay.form_not_given")


def test_a_token_goes_into_the_path_only_where_that_is_asked_for(tmp_path: Path) -> None:
    with stranger(servers.done, gets=says(200, b"[]")) as office:
        way = carrier(office.url, token_file=secret(tmp_path, "t" * 64), token_in_path=True)
        assert way.probe().up and way.send(shipment(10)).outcome is Outcome.DONE
        way.states("f", "")
        way.close()
    assert all(request.path.startswith(f"/v1/key/{'t' * 64}/projects/1/") for request in office.seen)
    assert all("authorization" not in request.headers for request in office.seen)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ('token_file = "a"\nuser = "house"\npassword_file = "b"', "not both"),
        ('user = "house"', "of no use without"),
        ('password_file = "b"', "of no use without"),
        ('kind = "kobo"\ntoken_file = "a"\ntoken_in_path = true', "only with kind central"),
        ('proxy_file = "p"', "of no use without proxy"),
        ('proxy = "socks://127.0.0.1:1"', "regex"),
        ('user = "a:b"\npassword_file = "b"', "regex"),
        ('kind = "google"', "Invalid enum"),
    ],
)
def test_settings_that_contradict_themselves_stop_the_start(words: str, why: str) -> None:
    with pytest.raises(NotReady) as bad:
        house_settings.read(f"[upstream]\n{words}\n", "hub.toml")
    assert bad.value.key == "settings.bad" and why in str(bad.value.values["why"])


@pytest.mark.parametrize("content", ["", "two\nlines", "x" * 300, "bell\x07"])
def test_a_password_file_that_holds_none_is_refused_without_saying_it(tmp_path: Path, content: str) -> None:
    given = UpstreamSettings(user="house", password_file=secret(tmp_path, content))
    with pytest.raises(NotReady) as bad:
        credentials.read(given)
    assert bad.value.key == "relay.token_bad" and (not content or content not in str(bad.value))


def test_what_tells_a_password_from_another_is_the_same_each_time_and_costly_to_guess(tmp_path: Path) -> None:
    told = []
    for words in ("geheim", "geheim", "anders"):
        way = carrier(
            "https://office.example", kind="kobo", user="house", password_file=secret(tmp_path, words)
        )
        told.append(way.fingerprint)
        way.close()
    assert told[0] == told[1] != told[2] and len(told[0]) == 16
    guess = hashlib.sha256(b"kobo\nhttps://office.example\n1\nhouse\ngeheim").hexdigest()
    assert told[0] != guess[:16]


def test_no_secret_is_in_a_repr(tmp_path: Path) -> None:
    found = credentials.read(UpstreamSettings(user="house", password_file=secret(tmp_path, "geheim")))
    assert "geheim" not in repr(found) and found.basic().startswith("Basic ")


# Proxies.


@dataclass
class Proxy:
    """A proxy on loopback: tunnels, forwards, or refuses; remembers what it was told."""

    url: str = ""
    wants: str = ""
    status: int = 200
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextlib.contextmanager
def proxy(*, wants: str = "", status: int = 200) -> Iterator[Proxy]:
    """Run a proxy while the block runs; ``wants`` is the ``Proxy-Authorization`` it asks for."""
    told, ending = Proxy(wants=wants, status=status), threading.Event()

    def serve(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            got = b""
            while b"\r\n\r\n" not in got:
                part = sock.recv(65536)
                if not part:
                    return
                got += part
            head, _, early = got.partition(b"\r\n\r\n")
            first, *rest = head.decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)
            }
            told.seen.append((first, headers))
            if told.wants and headers.get("proxy-authorization") != told.wants:
                sock.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            if told.status != 200:
                sock.sendall(
                    f"HTTP/1.1 {told.status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
                )
                return
            method, target, _ = first.split(" ", 2)
            if method == "CONNECT":
                host, _, port = target.rpartition(":")
                with socket.create_connection((host, int(port)), 5) as other:
                    sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                    _join(sock, other)
                return
            place = re.fullmatch(r"http://([^/:]+):(\d+)(/.*)", target)
            assert place is not None, "a proxy is told the whole address"
            with socket.create_connection((place[1], int(place[2])), 5) as other:
                other.sendall(got.replace(target.encode(), place[3].encode(), 1))
                _join(sock, other)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        told.url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def accept() -> None:
            while not ending.is_set():
                with contextlib.suppress(TimeoutError):
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            ending.set()
            thread.join(5)


def _join(one: socket.socket, other: socket.socket) -> None:
    def pour(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                sink.sendall(part)
            sink.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=pour, args=(other, one), daemon=True)
    back.start()
    pour(one, other)
    back.join(10)


def test_plain_http_goes_through_a_proxy_with_the_whole_address(tmp_path: Path) -> None:
    shown = "Basic " + base64.b64encode(b"xa:mau").decode()
    with proxy(wants=shown) as between, stranger(servers.done) as office:
        way = carrier(office.url, proxy=between.url, proxy_file=secret(tmp_path, "xa:mau\n"))
        assert way.probe().up and way.send(shipment(30_000)).outcome is Outcome.DONE
        way.close()
    assert [first.split(" ")[1] for first, _ in between.seen] == [
        f"{office.url}/v1/projects/1/submission"
    ] * 2
    assert office.posted[0].headers["host"] == office.url.removeprefix("http://")


def test_a_proxy_that_asks_or_refuses_is_named_and_nothing_is_held_against_the_dossier() -> None:
    for status, wants, reason in (
        (200, "Basic x", "relay.proxy_refused"),
        (502, "", "relay.office_sick"),
    ):
        with proxy(wants=wants, status=status) as between, stranger() as office:
            way = carrier(office.url, proxy=between.url)
            assert way.probe() == Probe(False, reason)
            answer = way.send(shipment(10))
            way.close()
        assert answer.outcome in {Outcome.NO_UPLINK, Outcome.AGAIN} and office.seen == []


def test_a_key_does_not_go_in_the_clear_to_a_proxy_that_is_far_away() -> None:
    for url, usable in (("http://10.0.0.7", False), ("https://office.example", True)):
        with contextlib.nullcontext() if usable else pytest.raises(NotReady, match="needs_https"):
            carrier(url, proxy="http://93.184.215.14:3128").close()


def test_a_proxy_that_is_not_there_is_told_apart_from_no_way() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        gone = f"http://127.0.0.1:{free.getsockname()[1]}"
    way = carrier("http://127.0.0.1:9", proxy=gone)
    assert way.probe() == Probe(False, "relay.proxy")
    way.close()


def test_a_proxy_that_the_surroundings_name_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy() as between, stranger() as office:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, between.url)
        way = carrier(office.url)
        assert way.probe().up
        way.close()
    assert between.seen == []


# Certificates.


@dataclass(frozen=True)
class Authority:
    """An authority of the tests' own, and the folder its papers lie in."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    folder: Path

    @property
    def file(self) -> str:
        path = self.folder / "authority.pem"
        if not path.exists():
            path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return str(path)

    def context(
        self, name: str, *, since: int = -1, until: int = 1, address: str = "127.0.0.1"
    ) -> ssl.SSLContext:
        """TLS of a server whose certificate holds from ``since`` to ``until`` days from now, for ``address``."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(name, key.public_key(), self.certificate.subject, since, until, address).sign(
            self.key, hashes.SHA256()
        )
        file = self.folder / f"{name}.pem"
        file.write_bytes(_pem(key) + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(
    name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, since: int, until: int, address: str = ""
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + dt.timedelta(days=since))
        .not_valid_after(now + dt.timedelta(days=until))
        .add_extension(x509.BasicConstraints(ca=not address, path_length=None), critical=True)
    )
    if address:
        made = made.add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False
        )
    return made


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tỉnh Mẫu")])
    made = _certificate("Tỉnh Mẫu", key.public_key(), name, -30, 30).sign(key, hashes.SHA256())
    return Authority(key, made, tmp_path_factory.mktemp("authority"))


@dataclass
class Secured:
    """A server behind TLS: its address, what was asked of it, and which handshakes took up an old session."""

    url: str = ""
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    resumed: list[bool] = field(default_factory=list)


@contextlib.contextmanager
def over_tls(context: ssl.SSLContext | None, answer: bytes | None = None) -> Iterator[Secured]:
    """Answer each request with OpenRosa's door, several on a connection; without ``context`` speak plain HTTP."""
    told, ending = Secured(), threading.Event()
    door = (
        b"HTTP/1.1 204 No Content\r\nX-OpenRosa-Version: 1.0\r\nDate: Sat, 21 Nov 2026 01:30:00 GMT\r\n\r\n"
    )
    done = servers.head(201, len(ENVELOPE)).replace(b"Connection: close\r\n", b"") + ENVELOPE

    def serve(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            sock.settimeout(10)
            if context is None:
                sock.recv(65536)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                return
            with context.wrap_socket(sock, server_side=True) as line:
                told.resumed.append(bool(line.session_reused))
                while got := line.recv(65536):
                    while got.startswith(b"POST") and not got.endswith(b"--\r\n"):
                        got += line.recv(65536)
                    told.requests.append(got)
                    line.sendall(answer or (done if got.startswith(b"POST") else door))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        told.port = listener.getsockname()[1]
        told.url = f"https://127.0.0.1:{told.port}"

        def accept() -> None:
            while not ending.is_set():
                with contextlib.suppress(TimeoutError):
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            ending.set()
            thread.join(5)


@pytest.mark.parametrize(
    ("paper", "reason"),
    [
        ({"since": 1, "until": 2}, "relay.certificate_early"),
        ({"since": -3, "until": -2}, "relay.certificate_late"),
        ({"address": "127.0.0.2"}, "relay.certificate_name"),
        # Everything else is looked at first: a date is complained of only where all the rest is right.
        ({"since": 1, "until": 2, "address": "127.0.0.2"}, "relay.certificate_name"),
    ],
)
def test_a_certificate_that_fails_says_why_and_gets_nothing(
    authority: Authority, paper: dict[str, int], reason: str
) -> None:
    with over_tls(authority.context("bad", **paper)) as office:  # type: ignore[arg-type]
        way = carrier(office.url, ca_file=authority.file)
        assert way.probe() == Probe(False, reason)
        assert way.send(shipment(10)) == Answer(Outcome.NO_UPLINK, reason)
        way.close()
    assert office.requests == []


def test_a_province_s_own_authority_is_believed_and_only_where_it_is_named(authority: Authority) -> None:
    with over_tls(authority.context("good")) as office:
        way = carrier(office.url)
        assert way.probe() == Probe(False, "relay.certificate_unknown")
        way.close()
        way = carrier(office.url, ca_file=authority.file)
        assert way.probe().up and way.send(shipment(10_000)).outcome is Outcome.DONE
        way.close()
    assert len(office.requests) == 2


def test_a_file_of_authorities_that_is_none_is_refused(tmp_path: Path) -> None:
    for content in (None, "no certificate"):
        file = tmp_path / "ca.pem"
        if content is not None:
            file.write_text(content)
        with pytest.raises(NotReady, match="ca_missing"):
            carrier("https://office.example", ca_file=str(file))


def test_a_name_that_leads_to_a_private_address_with_a_stranger_s_certificate_is_a_sign_in_network(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A resolver is the vendor's edge: this one answers every name with its own address, as such networks do.
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **named: real("127.0.0.1", *more, **named))
    with over_tls(authority.context("trap")) as trap:
        way = carrier(f"https://central.example:{trap.port}")
        assert way.probe() == Probe(False, "relay.portal")
        way.close()
        way = carrier(f"https://central.example:{trap.port}", ca_file=authority.file)
        assert way.probe() == Probe(False, "relay.certificate_name")
        way.close()
    assert trap.requests == []


def test_plain_http_on_a_tls_port_is_a_stranger() -> None:
    with over_tls(None) as trap:
        way = carrier(trap.url)
        assert way.probe() == Probe(False, "relay.portal")
        way.close()


def test_the_next_round_takes_up_the_session_of_the_last(authority: Authority, known: Acquaintance) -> None:
    with over_tls(authority.context("again")) as office:
        weights = []
        for _ in range(2):
            way = carrier(office.url, known, ca_file=authority.file)
            assert way.probe().up
            weights.append(way.traffic)
            way.close()
            known.hang_up()
    assert office.resumed == [False, True]
    assert weights[1].received < weights[0].received


def test_two_sendings_use_one_connection_until_its_budget_is_spent(authority: Authority) -> None:
    with over_tls(authority.context("budget")) as office:
        way = carrier(office.url, ca_file=authority.file)
        assert all(way.send(shipment(20_000)).outcome is Outcome.DONE for _ in range(3))
        assert len(office.resumed) == 1
        way.close()
        way = carrier(office.url, ca_file=authority.file, connection_bytes=50_000)
        assert all(way.send(shipment(20_000)).outcome is Outcome.DONE for _ in range(3))
        way.close()
    assert len(office.resumed) == 3


def test_https_goes_through_a_proxy_s_tunnel_and_the_proxy_sees_no_key(
    authority: Authority, tmp_path: Path
) -> None:
    shown = "Basic " + base64.b64encode(b"xa:mau").decode()
    more = {"ca_file": authority.file, "token_file": secret(tmp_path, "t" * 64)}
    with over_tls(authority.context("tunnel")) as office:
        with proxy(wants=shown) as between:
            way = carrier(
                office.url, proxy=between.url, proxy_file=secret(tmp_path, "xa:mau", "pass"), **more
            )
            assert way.probe().up and way.send(shipment(10_000)).outcome is Outcome.DONE
            way.close()
            ((first, headers),) = between.seen
            assert first == f"CONNECT 127.0.0.1:{office.port} HTTP/1.1" or first.endswith("HTTP/1.0")
            assert "authorization" not in headers
            assert all(b"proxy-authorization" not in asked.lower() for asked in office.requests)
            way = carrier(office.url, proxy=between.url, **more)
            assert way.probe() == Probe(False, "relay.proxy_refused")
            way.close()
        with proxy(status=502) as between:
            way = carrier(office.url, proxy=between.url, **more)
            assert way.probe() == Probe(False, "relay.no_route")
            way.close()


# The time.


def test_the_server_s_time_is_asked_without_any_credential_and_in_spite_of_its_certificate(
    authority: Authority, tmp_path: Path
) -> None:
    told = {"token_file": secret(tmp_path, "t" * 64), "token_in_path": True, "connect_s": 2.0, "idle_s": 2.0}
    with over_tls(authority.context("early", since=1, until=2)) as office:
        found = clocks.server_time(UpstreamSettings(url=office.url, **told))  # type: ignore[arg-type]
    assert found == dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
    (asked,) = office.requests
    assert asked.startswith(b"HEAD / HTTP/1.1\r\n")
    assert b"t" * 64 not in asked and b"authorization" not in asked.lower()


@pytest.mark.parametrize(
    "given",
    [
        "",
        "yesterday",
        "Sat, 99 Nov 2026 01:30:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "x" * 1000,
    ],
)
def test_a_server_that_says_no_time_gives_none(given: str) -> None:
    with stranger(door=says(404, headers={"Date": given} if given else {})) as office:
        assert clocks.server_time(UpstreamSettings(url=office.url, connect_s=2.0, idle_s=2.0)) is None


# Answers.


@pytest.mark.parametrize(
    ("headers", "rest"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "999999999999"}, 3600.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 01:35:00 GMT"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 01:35:00 GMT", "date": "Sat, 21 Nov 2026 01:30:00 GMT"}, 300.0),
        ({"retry-after": "Sat, 21 Nov 2026 01:25:00 GMT", "date": "Sat, 21 Nov 2026 01:30:00 GMT"}, 0.0),
    ],
)
def test_how_long_an_office_asks_to_be_left_alone_is_bounded(
    headers: dict[str, str], rest: float | None
) -> None:
    assert answers.rest_s(headers) == rest


@pytest.mark.parametrize(
    ("stated", "most"),
    [
        ("5000", 5000),
        ("0", None),
        ("", None),
        ("-1", None),
        ("²", None),
        ("5000, 5000", None),
        ("9" * 5000, None),
    ],
)
def test_how_much_a_door_takes_is_a_number_or_not_known(stated: str, most: int | None) -> None:
    told = Response(204, {"x-openrosa-version": "1.0", "x-openrosa-accept-content-length": stated}, b"", True)
    assert answers.judge_door(told) == Probe(True, most_bytes=most)


def test_a_sending_and_a_knock_tell_how_long_to_wait() -> None:
    busy = says(503, b"", {"Retry-After": "90"})
    with stranger(busy, door=busy) as office:
        way = carrier(office.url)
        assert way.probe().rest_s == 90.0
        assert way.send(shipment(10)) == Answer(Outcome.AGAIN, "relay.office_sick", "", 90.0)
        way.close()


@pytest.mark.parametrize(
    ("kind", "outcome"), [("central", Outcome.NO_UPLINK), ("kobo", Outcome.REFUSED), ("ona", Outcome.REFUSED)]
)
def test_a_page_that_refuses_is_a_stranger_s_where_the_server_writes_none(
    kind: str, outcome: Outcome
) -> None:
    with stranger(says(403, b"<html>blocked</html>", {"Content-Type": "text/html"})) as office:
        way = carrier(office.url, kind=kind)
        assert way.send(shipment(10)).outcome is outcome
        way.close()


def test_central_s_words_in_json_are_kept_for_the_technician() -> None:
    told = '{"message": "Could not parse\\u0000 the given data", "code": 400.1}'.encode()
    assert answers.judge(400, told) == Answer(
        Outcome.REFUSED, "relay.not_understood", "Could not parse the given data"
    )
    for odd in (b"{", b'{"message": 5}', b"[" * 5000, b"{" * 5000):
        assert answers.judge(400, odd).detail == "HTTP 400"


def test_only_central_is_asked_for_states() -> None:
    for kind in ("kobo", "ona", "openrosa"):
        with stranger(gets=says(200, b"[]")) as office:
            way = carrier(office.url, kind=kind)
            for ask in (lambda: way.states("f", ""), lambda: way.holds("f", "uuid:1")):
                with pytest.raises(CarrierFault, match="not_readable"):
                    ask()
            way.close()
        assert office.seen == []


def test_ona_s_limit_holds_also_where_its_door_does_not_say_it() -> None:
    silent = says(204, headers={"X-OpenRosa-Version": "1.0"})
    for kind, most in (("ona", 10_000_000), ("kobo", None)):
        with stranger(door=silent) as office:
            way = carrier(office.url, kind=kind)
            assert way.probe() == Probe(True, most_bytes=most)
            way.close()


# What it weighs, and threads.


def test_traffic_is_what_the_kernel_carried() -> None:
    with stranger(servers.done) as office:
        way = carrier(office.url)
        assert way.traffic == Traffic()
        assert way.send(shipment(300_000)).outcome is Outcome.DONE
        told = way.traffic
        way.close()
        assert way.traffic == told
    (request,) = office.posted
    assert 300_000 < len(request.body) < told.sent < 1.06 * len(request.body)
    assert 200 < told.received < 30_000


def test_many_threads_ask_at_once_over_no_more_lines_than_there_are_threads() -> None:
    lock, now, most = threading.Lock(), [0], [0]
    gate = threading.Barrier(4)

    def count(request: Request) -> None:
        request.read_body()
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with contextlib.suppress(threading.BrokenBarrierError):
            gate.wait(2)
        with lock:
            now[0] -= 1
        request.reply(201, ENVELOPE)

    with stranger(count) as office:
        way = carrier(office.url)
        outcomes: list[Outcome] = []
        threads = [
            threading.Thread(
                target=lambda: outcomes.extend(way.send(shipment(5_000)).outcome for _ in range(3))
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(way._caller._all) == 4
        way.close()
    assert outcomes == [Outcome.DONE] * 12 and most[0] == 4


def _idle_poll(known: Acquaintance, url: str, etag: str, **more: object) -> Traffic:
    way = carrier(url, known, **more)
    assert way.probe().up and way.states("khai_sinh_mau", etag) is None
    told = way.traffic
    way.close()
    return told


@pytest.mark.parametrize("way", ["plain", "tls"])
def test_an_idle_poll_stays_under_two_thousand_bytes_on_the_wire(
    tmp_path: Path, authority: Authority, known: Acquaintance, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    # Every connection has rested longer than one that a sending may use.
    monkeypatch.setattr(wire, "_FRESH_S", 0.0)
    with servers.practice_office(tmp_path / "office") as office:
        asked = carrier(office.url, token_file=office.token_file)
        first = asked.states("khai_sinh_mau", "")
        asked.close()
        assert first is not None
        with contextlib.ExitStack() as stack:
            more: dict[str, object] = {"token_file": office.token_file}
            url = office.url
            if way == "tls":
                more["ca_file"] = authority.file
                url = stack.enter_context(in_front(authority.context("front"), office.url))
            weights = [_idle_poll(known, url, first.etag, **more) for _ in range(3)]
    told = [one.sent + one.received for one in weights]
    # A connection has to be made first; from then on it is the one that was left standing.
    assert max(told[1:]) <= 2_048 and told[0] <= (2_048 if way == "plain" else 6_000), told


@contextlib.contextmanager
def in_front(context: ssl.SSLContext, url: str) -> Iterator[str]:
    """Put TLS in front of the server at ``url``, as nginx stands before ODK Central."""
    host, _, port = url.removeprefix("http://").partition(":")
    ending = threading.Event()

    def serve(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock, context.wrap_socket(sock, server_side=True) as line:
            with socket.create_connection((host, int(port)), 5) as other:
                _join(line, other)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)

        def accept() -> None:
            while not ending.is_set():
                with contextlib.suppress(TimeoutError):
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ending.set()
            thread.join(5)


def _told_twice(request: Request) -> None:
    """Answer the first question on a connection and then say no more on it."""
    open_door = b"HTTP/1.1 204 No Content\r\nX-OpenRosa-Version: 1.0\r\n\r\n"
    request.sock.sendall(open_door)
    request.sock.settimeout(5)
    with contextlib.suppress(OSError):
        request.sock.recv(65536)


def test_a_line_that_was_left_standing_and_is_gone_costs_a_question_and_nothing_else(
    known: Acquaintance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_FRESH_S", 0.0)
    with stranger(servers.done, door=_told_twice) as office:
        for _ in range(3):
            way = carrier(office.url, known)
            assert way.probe().up
            assert way.send(shipment(20_000)).outcome is Outcome.DONE
            assert way.probe().up
            way.close()
        assert len(office.posted) == 3
        assert [len(request.body) > 20_000 for request in office.posted] == [True] * 3


def test_a_sending_does_not_go_over_a_line_that_the_other_side_has_just_closed() -> None:
    closed = threading.Event()

    def door(request: Request) -> None:
        request.sock.sendall(b"HTTP/1.1 204 No Content\r\nX-OpenRosa-Version: 1.0\r\n\r\n")
        request.sock.shutdown(socket.SHUT_RDWR)
        closed.set()

    with stranger(servers.done, door=door) as office:
        way = carrier(office.url)
        assert way.probe().up and closed.wait(10)
        line = way._caller._idle[0].line
        servers.until(lambda: line._conn is None or not line._conn.is_connected)
        assert way.send(shipment(10)).outcome is Outcome.DONE
        way.close()


def test_a_line_that_says_nothing_any_more_is_given_up_soon_and_asked_anew(
    known: Acquaintance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_FRESH_S", 0.0)
    monkeypatch.setattr(wire, "_GONE_S", 0.3)
    silent = threading.Event()

    def once(request: Request) -> None:
        request.sock.sendall(b"HTTP/1.1 204 No Content\r\nX-OpenRosa-Version: 1.0\r\n\r\n")
        silent.wait(10)

    with stranger(door=once) as office:
        for _ in range(2):
            way = carrier(office.url, known)
            assert way.probe().up
            way.close()
        assert len(office.seen) == 2
        silent.set()


def test_a_line_is_left_only_to_one_who_goes_the_same_way(known: Acquaintance, tmp_path: Path) -> None:
    with servers.practice_office(tmp_path / "office") as office:
        way = carrier(office.url, known, token_file=office.token_file)
        assert way.probe().up
        way.close()
        (kept,) = (line for lines in known._lines.values() for line in lines)
        other = carrier(office.url, known)
        assert other.probe().refusal == "relay.token_refused"
        other.close()
        again = carrier(office.url, known, token_file=office.token_file)
        before = again.traffic
        assert before == Traffic() and again.probe().up
        assert again._caller._all[0].line is kept
        again.close()


def test_a_page_that_refuses_a_reading_is_a_stranger_s_and_no_denial() -> None:
    for headers, reason, denied in (
        ({"Content-Type": "text/html"}, "relay.portal", False),
        ({"Content-Type": "application/json"}, "relay.no_reading", True),
    ):
        with stranger(gets=says(403, b"", headers)) as office:
            way = carrier(office.url)
            with pytest.raises(CarrierFault) as bad:
                way.states("f", "")
            way.close()
        assert (bad.value.reason_key, bad.value.denied) == (reason, denied)


def test_a_line_that_breaks_while_the_name_is_proved_has_carried_nothing(named: dict[str, object]) -> None:
    def hang_up(request: Request) -> None:
        request.sock.shutdown(socket.SHUT_RDWR)

    with stranger(door=hang_up) as office:
        way = carrier(office.url, **named)
        assert way.send(shipment(50_000)) == Answer(Outcome.NO_UPLINK, "relay.cut")
        way.close()
    assert office.posted == []
