"""The way to an OpenRosa server: what counts as done, and that no peer can hold or fool us."""

from __future__ import annotations

import contextlib
import datetime as dt
import email
import email.policy
import ipaddress
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from hub.base.errors import NotReady
from hub.base.settings import UpstreamSettings
from hub.post import envelope
from hub.post.transports.answers import judge
from hub.post.transports.carrier import CarrierFault, Outcome, Probe, Shipment, Source
from hub.post.transports.credentials import read_token
from hub.post.transports.openrosa import OpenRosa
from tests.post import servers
from tests.post.servers import ENVELOPE, Request, says, stranger

TOKEN = "t" * 64


def settings(url: str, **more: object) -> UpstreamSettings:
    given = {"connect_s": 2.0, "answer_s": 5.0, "idle_s": 2.0, "project": 1} | more
    return UpstreamSettings(url=url, **given)  # type: ignore[arg-type]


def carrier(url: str, stop: Callable[[], bool] = lambda: False, **more: object) -> OpenRosa:
    return OpenRosa(settings(url, **more), stop)


def shipment(*sizes: int) -> Shipment:
    def source(name: str, size: int) -> Source:
        def chunks() -> Iterator[bytes]:
            for start in range(0, size, 65536):
                yield b"x" * min(65536, size - start)

        return Source(name, size, chunks)

    files = tuple(source(f"anh{place}.jpg.enc", size) for place, size in enumerate(sizes))
    return Shipment("uuid:1", source("xml_submission_file", 300), files)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "reason"),
    [
        (201, ENVELOPE, Outcome.DONE, None),
        (202, ENVELOPE, Outcome.DONE, None),
        (201, b"<html>Welcome to the hotel Wi-Fi</html>", Outcome.NO_UPLINK, "relay.portal"),
        (201, b"", Outcome.NO_UPLINK, "relay.portal"),
        (201, ENVELOPE[:-20], Outcome.NO_UPLINK, "relay.portal"),
        (201, ENVELOPE.replace(b"openrosa.org", b"example.org"), Outcome.NO_UPLINK, "relay.portal"),
        (200, ENVELOPE, Outcome.NO_UPLINK, "relay.portal"),
        (200, b"", Outcome.NO_UPLINK, "relay.portal"),
        (204, b"", Outcome.NO_UPLINK, "relay.portal"),
        (302, b"", Outcome.NO_UPLINK, "relay.redirected"),
        (307, b"", Outcome.NO_UPLINK, "relay.redirected"),
        (511, b"", Outcome.NO_UPLINK, "relay.portal"),
        (409, ENVELOPE, Outcome.CONFLICT, "relay.conflict"),
        (423, b"", Outcome.AGAIN, "relay.office_busy"),
        (408, b"", Outcome.AGAIN, "relay.office_busy"),
        (429, b"", Outcome.AGAIN, "relay.office_busy"),
        (500, b'{"message":"database down"}', Outcome.AGAIN, "relay.office_sick"),
        (502, b"<html>", Outcome.AGAIN, "relay.office_sick"),
        (503, b"", Outcome.AGAIN, "relay.office_sick"),
        (413, b"<html>", Outcome.TOO_LARGE, "relay.too_large"),
        (400, b"{}", Outcome.REFUSED, "relay.not_understood"),
        (401, b"", Outcome.REFUSED, "relay.token_refused"),
        (403, b"", Outcome.REFUSED, "relay.token_refused"),
        (404, b"", Outcome.REFUSED, "relay.no_form"),
        (405, b"", Outcome.REFUSED, "relay.form_inactive"),
        (410, b"", Outcome.REFUSED, "relay.refused"),
    ],
)
def test_every_answer_has_one_meaning(status: int, body: bytes, outcome: Outcome, reason: str | None) -> None:
    answer = judge(status, body)
    assert (answer.outcome, answer.reason_key) == (outcome, reason)


@trying(deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_but_an_openrosa_answer_are_taken_for_one(body: bytes) -> None:
    assert envelope.words(body) is None


@trying(deadline=None)
@given(st.text(max_size=200))
def test_what_a_server_says_is_read_back_without_control_characters(message: str) -> None:
    found = envelope.words(envelope.answer(message))
    assert found is not None and "\x00" not in found and found == envelope.words(envelope.answer(found))


def test_an_answer_with_a_doctype_is_no_answer() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "boom">]>' + ENVELOPE.replace(b"full", b"&b;")
    assert envelope.words(bomb) is None


def test_a_sending_names_every_part_as_the_xml_does_and_counts_its_bytes() -> None:
    with stranger(servers.done) as office:
        way = carrier(office.url)
        load = shipment(1_000, 70_000)
        assert way.send(load).outcome is Outcome.DONE
        way.close()
    (request,) = office.posted
    assert request.headers["x-openrosa-version"] == "1.0"
    assert len(request.body) == int(request.headers["content-length"]) == way.weight(load)
    whole = b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.body
    parts = list(email.message_from_bytes(whole, policy=email.policy.HTTP).iter_parts())
    names = [part.get_param("name", header="content-disposition") for part in parts]
    assert names == ["xml_submission_file", "anh0.jpg.enc", "anh1.jpg.enc"]
    assert [part.get_filename() for part in parts][1:] == names[1:]
    assert parts[0].get_content_type() == "text/xml"
    assert [len(part.get_payload(decode=True)) for part in parts] == [300, 1_000, 70_000]


def test_the_key_travels_in_a_header_and_never_in_the_address(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    with stranger(servers.done) as office:
        way = carrier(office.url, token_file=str(file))
        way.probe()
        way.send(shipment())
        way.close()
    assert len(office.seen) == 2
    for request in office.seen:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in request.path


def test_thirty_megabytes_are_sent_in_a_few(tmp_path: Path) -> None:
    with stranger(_swallow) as office:
        way = carrier(office.url, answer_s=20.0)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        assert way.send(shipment(30_000_000)).outcome is Outcome.DONE
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        way.close()
    assert peak < 3_000_000


def _swallow(request: Request) -> None:
    left = int(request.headers["content-length"]) - len(request.early)
    while left > 0:
        left -= len(request.sock.recv(65536))
    request.reply(201, ENVELOPE)


def test_a_redirect_is_refused_and_not_followed() -> None:
    with stranger(servers.done) as elsewhere:
        with stranger(says(302, headers={"Location": elsewhere.url + "/v1/projects/1/submission"})) as office:
            way = carrier(office.url)
            answer = way.send(shipment(10))
            way.close()
        assert (answer.outcome, answer.reason_key) == (Outcome.NO_UPLINK, "relay.redirected")
        assert elsewhere.seen == [] and len(office.seen) == 1


def _trickle_answer(request: Request) -> None:
    request.read_body()
    request.sock.sendall(servers.head(201, 10_000))
    _drip(request.sock, ENVELOPE)


def _trickle_headers(request: Request) -> None:
    request.read_body()
    _drip(request.sock, b"HTTP/1.1 201 Created\r\n" + b"X-Slow: yes\r\n" * 1000)


def _drip(sock: socket.socket, content: bytes) -> None:
    for byte in content:
        sock.sendall(bytes([byte]))
        time.sleep(0.1)


@pytest.mark.parametrize("trickle", [_trickle_answer, _trickle_headers])
def test_an_answer_that_trickles_is_given_up_at_our_own_deadline(trickle: servers.Behaviour) -> None:
    with stranger(trickle) as office:
        way = carrier(office.url, answer_s=1.0)
        began = time.monotonic()
        answer = way.send(shipment(10))
        # Without a deadline of ours it would last fourteen seconds and more; the machine may be busy.
        assert time.monotonic() - began < 8
        way.close()
    assert (answer.outcome, answer.reason_key) == (Outcome.CUT, "relay.slow")


def test_a_server_that_does_not_read_on_is_given_up() -> None:
    release = threading.Event()

    def deaf(request: Request) -> None:
        release.wait(10)

    with stranger(deaf) as office:
        way = carrier(office.url, idle_s=0.7)
        began = time.monotonic()
        answer = way.send(shipment(20_000_000))
        release.set()
        assert 0.6 < time.monotonic() - began < 8
        way.close()
    assert (answer.outcome, answer.reason_key) == (Outcome.CUT, "relay.slow")


def test_a_server_that_takes_a_trickle_is_given_up_however_steady_it_is() -> None:
    def sip(request: Request) -> None:
        request.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(200):
            if not request.sock.recv(64):
                return
            time.sleep(0.05)

    with stranger(sip) as office:
        way = carrier(office.url, idle_s=1.0)
        began = time.monotonic()
        answer = way.send(shipment(20_000_000))
        assert time.monotonic() - began < 8
        way.close()
    assert answer.outcome is Outcome.CUT


def test_an_answer_cut_in_its_middle_is_no_answer() -> None:
    def cut(request: Request) -> None:
        request.read_body()
        request.sock.sendall(servers.head(201, len(ENVELOPE)) + ENVELOPE[:40])

    with stranger(cut) as office:
        way = carrier(office.url)
        answer = way.send(shipment(10))
        way.close()
    assert (answer.outcome, answer.reason_key) == (Outcome.CUT, "relay.cut")


def test_a_line_cut_while_sending_is_told_as_cut() -> None:
    def hang_up(request: Request) -> None:
        request.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with stranger(hang_up) as office:
        way = carrier(office.url)
        answer = way.send(shipment(5_000_000))
        way.close()
    assert answer.outcome is Outcome.CUT


def test_a_413_that_comes_before_we_have_finished_is_heard() -> None:
    def too_much(request: Request) -> None:
        request.read_body(100_000)
        request.reply(413, b"<html>413 Request Entity Too Large</html>")
        request.sock.shutdown(socket.SHUT_WR)
        while request.sock.recv(65536):
            pass

    with stranger(too_much) as office:
        way = carrier(office.url)
        answer = way.send(shipment(3_000_000))
        way.close()
    assert (answer.outcome, answer.reason_key) == (Outcome.TOO_LARGE, "relay.too_large")


def test_a_body_without_end_is_not_read_to_its_end() -> None:
    taken = 0

    def endless(request: Request) -> None:
        nonlocal taken
        request.read_body()
        request.sock.sendall(b"HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n")
        for _ in range(2_000):
            request.sock.sendall(b"a" * 65536)
            taken += 1

    with stranger(endless) as office:
        way = carrier(office.url)
        answer = way.send(shipment(10))
        way.close()
    # What the two kernels hold between us is some megabytes.
    assert answer.outcome is Outcome.NO_UPLINK and taken < 500


def test_nobody_listening_is_no_uplink() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    way = carrier(url)
    assert (way.probe().up, way.probe().reason_key) == (False, "relay.no_route")
    assert way.send(shipment(10)).outcome is Outcome.NO_UPLINK


@pytest.mark.parametrize("stage", ["sending", "answering"])
def test_being_told_to_stop_ends_a_sending_within_two_seconds(stage: str) -> None:
    stop, reached = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        if stage == "answering":
            request.read_body()
        reached.set()
        office.linger(20)

    with stranger(hold) as office:
        way = carrier(office.url, stop.is_set, answer_s=60.0, idle_s=60.0)
        answers: list[Outcome] = []
        worker = threading.Thread(target=lambda: answers.append(way.send(shipment(20_000_000)).outcome))
        if stage == "answering":
            worker = threading.Thread(target=lambda: answers.append(way.send(shipment(10)).outcome))
        worker.start()
        assert reached.wait(5)
        time.sleep(0.2)
        began = time.monotonic()
        stop.set()
        worker.join(10)
        # Two seconds is the promise; a busy machine may take its time to look at the clock.
        assert time.monotonic() - began < 6
        way.close()
    assert answers == [Outcome.STOPPED]


@pytest.mark.parametrize(
    ("door", "up", "reason", "refusal"),
    [
        (servers.door_open, True, None, None),
        (says(204, headers={"X-OpenRosa-Version": "1.0"}), True, None, None),
        (says(204), False, "relay.portal", None),
        (says(511), False, "relay.portal", None),
        (says(407), False, "relay.portal", None),
        (says(403, headers={"Content-Type": "text/html; charset=utf-8"}), False, "relay.portal", None),
        (says(404, headers={"Content-Type": "application/json"}), True, None, "relay.no_form"),
        (says(200), False, "relay.portal", None),
        (says(302), False, "relay.redirected", None),
        (says(502), False, "relay.office_sick", None),
        (says(401), True, None, "relay.token_refused"),
        (says(404), True, None, "relay.no_form"),
        (says(405), True, None, None),
    ],
)
def test_a_knock_tells_an_office_from_a_stranger(
    door: servers.Behaviour, up: bool, reason: str | None, refusal: str | None
) -> None:
    with stranger(door=door) as office:
        way = carrier(office.url)
        probe = way.probe()
        way.close()
    assert (probe.up, probe.reason_key, probe.refusal) == (up, reason, refusal)
    assert [request.method for request in office.seen] == ["HEAD"]


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("ftp://127.0.0.1/", "relay.bad_address"),
        ("just words", "relay.bad_address"),
        ("https://office.example:99999", "relay.bad_address"),
        ("http://office.example", "relay.needs_https"),
        ("http://93.184.215.14", "relay.needs_https"),
        ("http://[::ffff:93.184.215.14]", "relay.needs_https"),
        ("https://office.example/đường", "relay.bad_address"),
        ("https://office.example/a b", "relay.bad_address"),
    ],
)
def test_an_address_that_would_not_do_is_refused_before_anything_is_sent(url: str, key: str) -> None:
    with pytest.raises(NotReady) as bad:
        carrier(url)
    assert bad.value.key == key


def test_a_key_file_that_is_absent_open_or_no_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "token"
    with pytest.raises(NotReady, match="token_missing"):
        read_token(str(file))
    file.write_text(TOKEN)
    file.chmod(0o644)
    with pytest.raises(NotReady, match="secret_open"):
        read_token(str(file))
    file.chmod(0o600)
    assert read_token(str(file)) == TOKEN
    file.write_text("two\nlines that would split a header")
    with pytest.raises(NotReady, match="token_bad"):
        read_token(str(file))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>sign in</html>", "relay.portal"),
        (b'{"not": "a list"}', "relay.portal"),
        (b"[" * 50_000, "relay.portal"),
    ],
)
def test_a_list_that_is_none_is_a_fault_and_not_a_crash(body: bytes, reason: str) -> None:
    with stranger(gets=says(200, body)) as office:
        way = carrier(office.url)
        with pytest.raises(CarrierFault) as bad:
            way.states("form", "")
        way.close()
    assert bad.value.reason_key == reason and not bad.value.denied


def test_strange_items_in_a_list_are_left_out() -> None:
    told = (
        b'[1, null, {"instanceId": 5}, {"instanceId": "uuid:a", "reviewState": "sold"},'
        b' {"instanceId": "uuid:b", "reviewState": null},'
        b' {"instanceId": "uuid:c", "reviewState": "hasIssues"}]'
    )
    with stranger(gets=says(200, told, {"ETag": 'W/"1"'})) as office:
        way = carrier(office.url)
        states = way.states("form", "")
        way.close()
    assert states is not None
    assert (
        dict(states.by_instance) == {"uuid:b": "received", "uuid:c": "hasIssues"} and states.etag == 'W/"1"'
    )


def test_names_in_addresses_are_quoted() -> None:
    with stranger(gets=says(200, b"[]")) as office:
        way = carrier(office.url)
        way.comments("mẫu/đơn", "uuid:a b?c", "")
        way.close()
    assert office.seen[0].path == (
        "/v1/projects/1/forms/m%E1%BA%ABu%2F%C4%91%C6%A1n/submissions/uuid%3Aa%20b%3Fc/comments"
    )


def test_remarks_are_cleaned_sorted_and_dated() -> None:
    told = (
        '[{"body": "sau\\u0000", "createdAt": "2026-11-21T03:00:00.000Z",'
        ' "actor": {"displayName": "Cán bộ"}},'
        ' {"body": "truoc", "createdAt": "2026-11-21T09:00:00+07:00"},'
        ' {"body": "x", "createdAt": "yesterday"},'
        ' {"body": "x", "createdAt": "9999-12-31T23:59:59-23:59"},'
        ' {"body": null, "createdAt": "2026-11-21T03:00:00.000Z"}]'
    ).encode()
    with stranger(gets=says(200, told)) as office:
        way = carrier(office.url)
        remarks = way.comments("form", "uuid:1", "")
        way.close()
    assert remarks is not None
    assert [(one.text, one.at, one.by) for one in remarks.remarks] == [
        ("truoc", "2026-11-21T02:00:00.000000Z", ""),
        ("sau", "2026-11-21T03:00:00.000000Z", "Cán bộ"),
    ]


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """TLS of a server that only its own certificate vouches for, and that certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    roots = file.with_name("roots.pem")
    roots.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return context, roots


@contextlib.contextmanager
def over_tls(context: ssl.SSLContext, requests: list[bytes], *, deaf: bool = False) -> Iterator[str]:
    """A TLS server that answers every request with "done", or never finishes the handshake."""
    ending = threading.Event()

    def serve(sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock:
            if deaf:
                ending.wait(10)
                return
            with context.wrap_socket(sock, server_side=True) as line:
                got = line.recv(65536)
                while got.startswith(b"POST") and not got.endswith(b"--\r\n"):
                    got += line.recv(65536)
                requests.append(got)
                line.sendall(servers.head(201, len(ENVELOPE)) + ENVELOPE)

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


def test_a_server_that_nobody_vouches_for_gets_neither_key_nor_dossier(
    self_signed: tuple[ssl.SSLContext, Path],
) -> None:
    requests: list[bytes] = []
    with over_tls(self_signed[0], requests) as url:
        way = carrier(url)
        assert way.probe() == Probe(False, "relay.certificate_unknown")
        assert way.send(shipment(10)).outcome is Outcome.NO_UPLINK
        way.close()
    assert requests == []


def test_a_server_that_is_vouched_for_is_spoken_to_over_tls(
    self_signed: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(self_signed[1]))
    requests: list[bytes] = []
    with over_tls(self_signed[0], requests) as url:
        way = carrier(url)
        assert way.send(shipment()).outcome is Outcome.DONE
        way.close()
    assert requests[0].startswith(b"POST /v1/projects/1/submission HTTP/1.1")


def test_a_handshake_that_never_ends_is_given_up(self_signed: tuple[ssl.SSLContext, Path]) -> None:
    with over_tls(self_signed[0], [], deaf=True) as url:
        way = carrier(url, connect_s=0.5)
        began = time.monotonic()
        assert way.probe() == Probe(False, "relay.no_route")
        assert time.monotonic() - began < 8
        way.close()


def test_one_line_serves_several_questions_while_the_server_keeps_it() -> None:
    connections: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                connections.append(1)
                with contextlib.suppress(OSError), sock:
                    for _ in range(3):
                        while b"\r\n\r\n" not in sock.recv(65536):
                            pass
                        sock.sendall(b"HTTP/1.1 204 No Content\r\nX-OpenRosa-Version: 1.0\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        way = carrier(f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert [way.probe().up for _ in range(3)] == [True] * 3
        assert len(connections) == 1
        way.close()
        assert way.probe().up and len(connections) == 2
        way.close()
