"""TLS judged by the House's own time, where the system's clock is known to be wrong and may not be set.

OpenSSL looks at the system's clock alone, but can be told to leave dates out. So in the handshake it judges all
else as it always does (chain, authority, purpose, name), and before a byte of any request leaves, the dates of the
chain that it built are judged here, at the time a person confirmed. Keeps true: what OpenSSL refuses for any reason
but a date is refused; each certificate of the chain is valid at that time, the authority's own too; one that is not
ends the connection, with OpenSSL's own number for why. It remembers no session.
"""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Sequence
from typing import Any

from cryptography import x509

# Of OpenSSL's x509_vfy.h: X509_V_FLAG_NO_CHECK_TIME, for which Python has no name, and numbers of its list of faults.
_NO_DATES = 0x200000
_EARLY, _LATE, _UNKNOWN = 9, 10, 20


def wrap(sock: Any, host: str, ca_file: str, at: dt.datetime) -> ssl.SSLSocket:
    """Return TLS over ``sock`` with a peer that is ``host`` at the time ``at`` by the authorities of ``ca_file``.

    The system's authorities when ``ca_file`` is empty. Raises ``ssl.SSLCertVerificationError`` with its
    ``verify_code``, and what a handshake raises.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags |= _NO_DATES
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    made = context.wrap_socket(sock, server_hostname=host)
    try:
        judge(_chain(made), at)
    except BaseException:
        made.close()
        raise
    return made


def judge(chain: Sequence[bytes], at: dt.datetime) -> None:
    """Return when all of ``chain`` (DER, as OpenSSL verified it) is valid at ``at``.

    Raises ``ssl.SSLCertVerificationError``.
    """
    if not chain:
        raise _bad(_UNKNOWN, "no chain that was verified")
    for one in chain:
        try:
            found = x509.load_der_x509_certificate(one)
            since, until = found.not_valid_before_utc, found.not_valid_after_utc
        except (
            Exception
        ) as bad:  # noqa: B902 - a stranger chose these bytes; what cannot be read is not believed
            raise _bad(_UNKNOWN, f"dates that cannot be read: {bad}") from bad
        if at < since:
            raise _bad(_EARLY, "certificate is not yet valid")
        if at >= until:
            raise _bad(_LATE, "certificate has expired")


def _chain(made: ssl.SSLSocket) -> list[bytes]:
    # Public from Python 3.13 on; before that it is the same method of the object below.
    ask: Any = getattr(made, "get_verified_chain", None)
    if ask is not None:
        return [bytes(one) for one in ask()]
    inner: Any = made._sslobj  # type: ignore[attr-defined]
    der = ssl._ssl.ENCODING_DER  # type: ignore[attr-defined]
    return [one.public_bytes(der) for one in inner.get_verified_chain() or ()]


def _bad(code: int, told: str) -> ssl.SSLCertVerificationError:
    bad = ssl.SSLCertVerificationError(1, told)
    bad.verify_code = code
    bad.verify_message = told
    return bad
