"""digest() and base64-decode(): fingerprints of answers, for forms that compare or shorten them.

MD5 and SHA-1 are here because forms name them; nothing of the House's own safety rests on them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from hub.base.errors import Refused
from hub.forms.coerce import Scope, Value, text
from hub.forms.markup import clean

_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


def check(algorithm: str, encoding: str = "base64") -> None:
    """Raise Refused("forms.unsupported_function", function=) for what is not on XForms' list."""
    if algorithm.upper() not in _ALGORITHMS or encoding.lower() not in ("hex", "base64"):
        raise Refused("forms.unsupported_function", function=f"digest {algorithm[:20]} {encoding[:20]}")


def digest(scope: Scope, value: Value, algorithm: Value, encoding: Value = "base64") -> str:
    """digest(): base64 unless hex is asked for; raises Refused for names XForms does not know."""
    name, shape = text(algorithm), text(encoding)
    check(name, shape)
    found = hashlib.new(_ALGORITHMS[name.upper()], text(value).encode("utf-8"), usedforsecurity=False)
    if shape.lower() == "hex":
        return found.hexdigest()
    return base64.b64encode(found.digest()).decode("ascii")


def base64_decode(scope: Scope, value: Value) -> str:
    """base64-decode(): the text that was encoded, empty for what is not base64 of UTF-8."""
    together = "".join(text(value).split())
    try:
        return clean(base64.b64decode(together, validate=True).decode("utf-8"))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
