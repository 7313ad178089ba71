"""A telephone as ODK Collect behaves: Digest, HEAD, sendings split by what the House takes, resends, odd headers.

Written from the app's behaviour as its source and the specifications tell it, over plain sockets, so that odd
and broken requests can be made too. Nothing of the House is used here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import socket
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from lxml import etree

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
RESPONSE = "{http://openrosa.org/http/response}"


@dataclass
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> str:
        """The sentence of an OpenRosa envelope."""
        root = etree.fromstring(self.body)
        assert root.tag == f"{RESPONSE}OpenRosaResponse"
        return str(root.findtext(f"{RESPONSE}message"))


@dataclass
class Record:
    """A finalized record: its XML and its files by name, as they lie in the app's folder."""

    xml: bytes
    files: Mapping[str, bytes] = field(default_factory=dict)


def settings(code: str) -> dict[str, object]:
    """Read a settings code as the app does."""
    told: dict[str, object] = json.loads(zlib.decompress(base64.b64decode(code)))
    return told


class LostAnswer(Exception):
    """The connection went before the answer came."""


class Collect:
    """One telephone: a server address, maybe a name and password, a device id."""

    def __init__(self, server_url: str, username: str = "", password: str = "", device: str = "") -> None:
        self.url = server_url.rstrip("/")
        self.username, self.password = username, password
        self.device = device or f"collect:{secrets.token_hex(8)}"
        self.limit = 10_485_760
        self.sent: list[Answer] = []
        self._challenge: dict[str, str] = {}
        self._count = 0

    # -- what the app does --

    def forms(self) -> list[dict[str, str]]:
        """The forms that the server offers."""
        answer = self.get(f"{self.url}/formList")
        assert answer.status == 200, (answer.status, answer.body)
        assert answer.headers["x-openrosa-version"] == "1.0" and "text/xml" in answer.headers["content-type"]
        root = etree.fromstring(answer.body)
        assert root.tag == f"{LIST}xforms"
        return [
            {etree.QName(part).localname: part.text or "" for part in one}
            for one in root.iter(f"{LIST}xform")
        ]

    def take(self, one: Mapping[str, str]) -> tuple[bytes, dict[str, bytes]]:
        """Download a form and the files beside it, each held to the hash that was told."""
        xml = self._fetched(one["downloadUrl"], one["hash"])
        media = {}
        if "manifestUrl" in one:
            root = etree.fromstring(self.get(one["manifestUrl"]).body)
            assert root.tag == f"{MANIFEST}manifest"
            for file in root.iter(f"{MANIFEST}mediaFile"):
                name, told = file.findtext(f"{MANIFEST}filename"), file.findtext(f"{MANIFEST}hash")
                media[str(name)] = self._fetched(str(file.findtext(f"{MANIFEST}downloadUrl")), str(told))
        return xml, media

    def _fetched(self, url: str, told: str) -> bytes:
        answer = self.get(url)
        assert answer.status == 200, (url, answer.status)
        # The app passes over what has no such mark, and then always offers an update.
        assert told == f"md5:{hashlib.md5(answer.body).hexdigest()}"
        return answer.body

    def send(self, record: Record) -> Answer:
        """Finalized and sent: HEAD, then as many sendings as the accepted length makes of it."""
        url = f"{self.url}/submission?deviceID={quote(self.device)}"
        head = self.ask("HEAD", url)
        if head.status != 204:
            return head
        self.limit = int(head.headers["x-openrosa-accept-content-length"])
        for body, kind in self.sendings(record):
            answer = self.ask("POST", url, body, {"Content-Type": kind})
            self.sent.append(answer)
            if answer.status not in (201, 202):
                return answer
        return answer

    def sendings(self, record: Record) -> Iterator[tuple[bytes, str]]:
        """The bodies of a record: the XML in each, at least one file in each, no more than is taken."""
        left = list(record.files.items())
        while True:
            parts = [("xml_submission_file", "submission.xml", "text/xml", record.xml)]
            size, more = len(record.xml), False
            while left:
                name, content = left.pop(0)
                parts.append((name, name, "image/jpeg", content))
                size += len(content)
                if left and size + len(left[0][1]) > self.limit:
                    more = True
                    break
            yield multipart(parts, incomplete=more)
            if not left:
                return

    # -- HTTP --

    def get(self, url: str) -> Answer:
        """GET with what the app sends along."""
        return self.ask("GET", url)

    def ask(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        lose: bool = False,
    ) -> Answer:
        """One request, answering a challenge once; ``lose`` goes away before the answer is read."""
        given = dict(headers or {})
        for _ in range(3):
            signed = given | ({"Authorization": self._signed(method, url)} if self._challenge else {})
            answer = self.raw(url, self.request(method, url, body, signed), lose=lose)
            told = answer.headers.get("www-authenticate", "")
            if answer.status != 401 or not self.username or not told:
                return answer
            if self._challenge and "stale=true" not in told:
                return answer
            self._challenge, self._count = _parameters(told), 0
        return answer

    def request(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The bytes of a request."""
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        lines = {
            "Host": parts.netloc,
            "User-Agent": "org.odk.collect.android/v2026.1 Dalvik/2.1.0 (Linux; U; Android 14)",
            "X-OpenRosa-Version": "1.0",
            "Date": "Sun, 22 Nov 2026 01:00:00 GMT",
            "Accept-Encoding": "gzip",
            "Connection": "close",
            **({"Content-Length": str(len(body))} if method == "POST" else {}),
            **(headers or {}),
        }
        told = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        return f"{method} {target} HTTP/1.1\r\n{told}\r\n".encode() + body

    def raw(self, url: str, request: bytes, *, lose: bool = False, pieces: int = 1 << 16) -> Answer:
        """Send these very bytes and read what comes back."""
        where = urlsplit(url)
        with socket.create_connection((where.hostname or "", where.port or 80), timeout=20) as wire:
            for start in range(0, len(request), pieces):
                wire.sendall(request[start : start + pieces])
            if lose:
                raise LostAnswer
            got = b""
            while part := wire.recv(65536):
                got += part
        if not got:
            raise LostAnswer
        return _parsed(got)

    def _signed(self, method: str, url: str) -> str:
        parts = urlsplit(url)
        uri = parts.path + (f"?{parts.query}" if parts.query else "")
        told, self._count = self._challenge, self._count + 1
        nc, cnonce = f"{self._count:08x}", secrets.token_hex(8)
        ha1 = _md5(f"{self.username}:{told['realm']}:{self.password}")
        response = _md5(f"{ha1}:{told['nonce']}:{nc}:{cnonce}:auth:{_md5(f'{method}:{uri}')}")
        return (
            f'Digest username="{self.username}", realm="{told["realm"]}", nonce="{told["nonce"]}", uri="{uri}",'
            f' response="{response}", qop=auth, nc={nc}, cnonce="{cnonce}", algorithm=MD5'
        )


def multipart(
    parts: Sequence[tuple[str, str, str, bytes]], *, incomplete: bool = False, boundary: str = ""
) -> tuple[bytes, str]:
    """A body as OkHttp writes it, and its type."""
    mark = boundary or str(uuid.uuid4())
    body = b""
    for name, file_name, kind, content in parts:
        body += (
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
            f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\n\r\n"
        ).encode()
        body += content + b"\r\n"
    if incomplete:
        body += (
            f'--{mark}\r\nContent-Disposition: form-data; name="*isIncomplete*"\r\nContent-Length: 3\r\n\r\nyes\r\n'
        ).encode()
    return body + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


def _parsed(got: bytes) -> Answer:
    while True:
        head, _, body = got.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        if status != 100:
            break
        got = body
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    return Answer(status, headers, body)


def _parameters(challenge: str) -> dict[str, str]:
    assert challenge.startswith("Digest ")
    found = {}
    for part in challenge.removeprefix("Digest ").split(","):
        name, _, value = part.strip().partition("=")
        found[name] = value.strip('"')
    return found


def _md5(told: str) -> str:
    return hashlib.md5(told.encode()).hexdigest()
