"""An authority of this test's own, a certificate with dates to order, and a stranger who speaks TLS with it."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.post.servers import Stranger

_PEM = serialization.Encoding.PEM
_SIGNS = x509.KeyUsage(False, False, False, False, False, True, True, False, False)


@dataclass(frozen=True)
class Issued:
    """The authority's file, and the server's own certificate with its key."""

    ca_file: Path
    server_file: Path

    @property
    def chain(self) -> list[x509.Certificate]:
        """What the server shows, its own first."""
        return x509.load_pem_x509_certificates(self.server_file.read_bytes())


def issue(
    folder: Path,
    *,
    begins: dt.datetime,
    ends: dt.datetime,
    name: str = "127.0.0.1",
    through: bool = False,
    authority_since: dt.datetime | None = None,
    also: Sequence[x509.ExtensionType] = (),
    second: Sequence[x509.ExtensionType] = (x509.BasicConstraints(True, None), _SIGNS),
) -> Issued:
    """Issue a certificate for ``name``; ``through`` puts an authority of second rank between.

    ``also`` is what the certificate says besides, ``second`` what the authority between says it may do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    titles = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Mau {number}")]) for number in range(2)]
    since = authority_since or begins

    def authority(
        number: int,
        issuer: int,
        says: Sequence[x509.ExtensionType] = (x509.BasicConstraints(True, None), _SIGNS),
    ) -> x509.Certificate:
        made = (
            x509.CertificateBuilder()
            .subject_name(titles[number])
            .issuer_name(titles[issuer])
            .public_key(keys[number].public_key())
            .serial_number(10 + number)
            .not_valid_before(since)
            .not_valid_after(ends)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(keys[number].public_key()), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[issuer].public_key()), False
            )
        )
        for one in says:
            made = made.add_extension(one, True)
        return made.sign(keys[issuer], hashes.SHA256())

    root, last = authority(0, 0), 1 if through else 0
    try:
        subject: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        subject = x509.DNSName(name)
    unsigned = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(titles[last])
        .public_key(keys[2].public_key())
        .serial_number(20)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([subject]), True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[last].public_key()), False)
    )
    for one in also:
        unsigned = unsigned.add_extension(one, True)
    leaf = unsigned.sign(keys[last], hashes.SHA256())
    issued = Issued(folder / "ca.pem", folder / "server.pem")
    issued.ca_file.write_bytes(root.public_bytes(_PEM))
    between = authority(1, 0, second).public_bytes(_PEM) if through else b""
    secret = keys[2].private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    issued.server_file.write_bytes(leaf.public_bytes(_PEM) + between + secret)
    return issued


@contextlib.contextmanager
def secure(who: Stranger, issued: Issued) -> Iterator[str]:
    """Have ``who`` answer over TLS while the block runs; yields the address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.server_file)
    ending = threading.Event()

    def answer(sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            sock.settimeout(10)
            who.answer(context.wrap_socket(sock, server_side=True))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)

        def accept() -> None:
            while not ending.is_set():
                with contextlib.suppress(TimeoutError):
                    sock, _ = listener.accept()
                    threading.Thread(target=answer, args=(sock,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ending.set()
            thread.join(5)
