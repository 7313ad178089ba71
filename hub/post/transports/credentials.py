"""What a House shows at the office's door: a key, or a name and its password, from files that nobody else reads.

Keeps true: a secret's file is its owner's alone (mode 0600), and its content is such that no header or address can
be broken with it. It never says a secret in an error or a ``repr``.
"""

from __future__ import annotations

import base64
import enum
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from hub.base.errors import NotReady
from hub.base.settings import UpstreamSettings

_TOKEN = re.compile(r"[A-Za-z0-9!$._~-]{16,512}")
_PASSWORD = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,256}")
# Kobo and Ona (Django REST framework; read, not seen) call theirs "Token".
_WORDS = {"central": "Bearer", "openrosa": "Bearer", "kobo": "Token", "ona": "Token"}


class Manner(enum.Enum):
    """How a credential travels."""

    NONE = "none"
    HEADER = "header"
    PATH = "path"
    BASIC = "basic"
    """Name and password with every request: Central never challenges for them (its documentation says so)."""
    ASKED = "asked"
    """Name and password as the server asks for them: Digest, else Basic."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential and how it travels; ``word`` is the scheme of a key in a header."""

    manner: Manner
    word: str = ""
    user: str = ""
    secret: str = field(default="", repr=False)

    def header(self) -> str | None:
        """Return the ``Authorization`` that goes with every request unasked, or None."""
        if self.manner is Manner.HEADER:
            return f"{self.word} {self.secret}"
        return self.basic() if self.manner is Manner.BASIC else None

    def basic(self) -> str:
        """Return name and password as Basic has them (RFC 7617, UTF-8)."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode("ascii")


def read(settings: UpstreamSettings) -> Credential:
    """Return what the settings name. Raises ``NotReady`` as ``read_token`` does."""
    if settings.user:
        secret = _read(settings.password_file, _PASSWORD)
        manner = Manner.BASIC if settings.kind == "central" else Manner.ASKED
        return Credential(manner, user=settings.user, secret=unicodedata.normalize("NFC", secret))
    token = read_token(settings.token_file)
    if not token:
        return Credential(Manner.NONE)
    if settings.token_in_path:
        return Credential(Manner.PATH, secret=token)
    return Credential(Manner.HEADER, word=_WORDS[settings.kind], secret=token)


def read_token(path: str) -> str:
    """Return the key in the file ``path``, or "" when no file is named.

    Raises ``NotReady`` when it cannot be read, is open to others, or is no key.
    """
    return _read(path, _TOKEN) if path else ""


def for_proxy(path: str) -> str:
    """Return what a proxy is shown, from a file with ``name:password``; "" when no file is named."""
    if not path:
        return ""
    user, colon, secret = _read(path, _PASSWORD).partition(":")
    if not colon or not user:
        raise NotReady("relay.token_bad", path=path)
    return Credential(Manner.BASIC, user=user, secret=secret).basic()


def _read(path: str, shape: re.Pattern[str]) -> str:
    file = Path(path)
    try:
        mode = file.stat().st_mode
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as bad:
        raise NotReady("relay.token_missing", path=path) from bad
    if mode & 0o077:
        raise NotReady("base.secret_open", path=path)
    if not shape.fullmatch(secret):
        raise NotReady("relay.token_bad", path=path)
    return secret
