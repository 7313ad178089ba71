"""Whom a line believes to be the office: authorities, a session taken up again, and why a certificate failed.

Keeps true: a certificate is checked in full whenever one is shown; a session that is taken up again was checked
when it began, and belongs to one server and one list of authorities. What looks without checking (``blind``) gives
nothing to what checks.
"""

from __future__ import annotations

import datetime as dt
import enum
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub.base.errors import NotReady
from hub.post.transports import house_time

# Numbers of OpenSSL's own list (x509_vfy.h). It finds a stranger before a wrong name, and a wrong name before a
# wrong date: a date is complained of only where everything else was right.
_EARLY, _LATE, _NAMES = {9, 11, 13}, {10, 12, 14}, {62, 63, 64}
_STRANGERS = {2, 18, 19, 20, 21, 24, 27}


class Distrust(enum.StrEnum):
    """Why a certificate was not believed, as phrase keys."""

    EARLY = "relay.certificate_early"
    LATE = "relay.certificate_late"
    NAME = "relay.certificate_name"
    UNKNOWN = "relay.certificate_unknown"
    OTHER = "relay.certificate"


def why(bad: ssl.SSLCertVerificationError) -> Distrust:
    """Return why the certificate was not believed."""
    code = bad.verify_code
    if code in _EARLY:
        return Distrust.EARLY
    if code in _LATE:
        return Distrust.LATE
    if code in _NAMES:
        return Distrust.NAME
    return Distrust.UNKNOWN if code in _STRANGERS else Distrust.OTHER


class Trust(ssl.SSLContext):
    """TLS to one server, for any number of threads; remembers the last session so that the next is short."""

    def __new__(cls, *_given: object) -> Trust:
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, ca_file: str = "", at: Callable[[], dt.datetime | None] = lambda: None) -> None:
        """Trust the authorities in ``ca_file`` and no other; the system's when it is empty.

        ``at`` gives the time that certificates are judged by, or None for the system's own.
        Raises ``NotReady("relay.ca_missing")`` for a file that is none.
        """
        self._session: ssl.SSLSession | None = None
        self._ca_file, self._at = ca_file, at
        if not ca_file:
            self.load_default_certs(ssl.Purpose.SERVER_AUTH)
            return
        try:
            self.load_verify_locations(ca_file)
        except (OSError, ValueError) as bad:
            raise NotReady("relay.ca_missing", path=ca_file) from bad

    def wrap_socket(self, sock: Any, *given: Any, **named: Any) -> ssl.SSLSocket:
        """Wrap ``sock`` as any context does, with the remembered session."""
        at = self._at()
        if at is not None:
            return house_time.wrap(sock, str(named.get("server_hostname") or ""), self._ca_file, at)
        named.setdefault("session", self._session)
        return super().wrap_socket(sock, *given, **named)

    def remember(self, sock: object) -> None:
        """Keep the session of a socket of ours that an answer has come through."""
        if isinstance(sock, ssl.SSLSocket) and sock.context is self:
            self._session = sock.session or self._session


def blind() -> ssl.SSLContext:
    """Return TLS that checks nothing: only to look at a clock, with nothing shown and nothing believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def stamp(ca_file: str) -> object:
    """Return what changes when the file of authorities does."""
    try:
        return Path(ca_file).stat().st_mtime_ns if ca_file else None
    except OSError:
        return None
