"""Ask a network scanner how it is, by the one page that eSCL has for that.

Keeps true: one short question, bounded in time and size; nothing is scanned, kept or believed beyond a few words.
"""

from __future__ import annotations

import http.client
import re
import ssl
import time
import urllib.error
import urllib.request
from http import HTTPStatus

from devices.ports import State, Status

_MOST = 64_000
_CHUNK = 8_000
_STATE = re.compile(rb"<(?:\w+:)?State>\s*(\w{1,40})\s*<")
_FEEDER = re.compile(rb"<(?:\w+:)?AdfState>\s*(\w{1,60})\s*<")
_FEEDERS = {
    "ScannerAdfJam": State.JAMMED,
    "ScannerAdfMispick": State.JAMMED,
    "ScannerAdfMultipickDetected": State.JAMMED,
    "ScannerAdfInputTrayFailed": State.JAMMED,
    "ScannerAdfInputTrayOverloaded": State.JAMMED,
    "ScannerAdfHatchOpen": State.COVER_OPEN,
    "ScannerAdfDoorOpen": State.COVER_OPEN,
}
_STATES = {
    "Idle": State.READY,
    "Processing": State.BUSY,
    "Testing": State.BUSY,
    "Down": State.OFFLINE,
}


def fetch(url: str, timeout_s: float) -> bytes:
    """Return what stands at an address; raise OSError (``HTTPError`` among them) when it does not come in time."""
    # Scanners sign for themselves, so the name behind the lock says nothing; no secret is sent.
    careless = ssl.create_default_context()
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    # Those of ten years ago speak as one did then.
    careless.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    careless.set_ciphers("DEFAULT:@SECLEVEL=0")
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=careless)
    )
    until = time.monotonic() + timeout_s
    came = b""
    try:
        with opener.open(url, timeout=timeout_s) as answer:
            while chunk := answer.read1(_CHUNK):
                came += chunk
                if len(came) > _MOST or time.monotonic() > until:
                    raise TimeoutError("an endless or very slow answer")
    except (http.client.HTTPException, ValueError) as bad:
        raise OSError(f"no answer that can be read: {type(bad).__name__}") from bad
    return came


def status(address: str, timeout_s: float) -> Status:
    """Return how the scanner says it is; UNKNOWN when it answers, but not that."""
    try:
        told = fetch(f"{address.rstrip('/')}/ScannerStatus", timeout_s)
    except urllib.error.HTTPError as bad:
        bad.close()
        if bad.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return Status(State.DENIED, f"the scanner answers {bad.code}")
        if bad.code == HTTPStatus.SERVICE_UNAVAILABLE:
            return Status(State.BUSY, "the scanner answers 503")
        return Status(State.UNKNOWN, f"the scanner answers {bad.code}")
    except OSError as bad:
        return Status(State.OFFLINE, f"no answer: {getattr(bad, 'reason', bad)}"[:200])
    return read(told)


def read(told: bytes) -> Status:
    """Return what a ``ScannerStatus`` says."""
    feeder = _FEEDER.search(told)
    if feeder is not None and (word := feeder[1].decode("ascii", "replace")) in _FEEDERS:
        return Status(_FEEDERS[word], word)
    state = _STATE.search(told)
    if state is None:
        return Status(State.UNKNOWN, "it does not say how it is")
    word = state[1].decode("ascii", "replace")
    return Status(_STATES.get(word, State.UNKNOWN), "" if word == "Idle" else word)
