"""What an OpenRosa server offers to be filled in: its list of forms, each form, the files that go with it.

Keeps true: only an OpenRosa list is a list - a captive portal's page is none; everything fetched has the hash
the list stated and a bounded size; the key goes to the office alone, never to another address that a list
names. It stores nothing and reads no form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from hub.base import markup
from hub.base.settings import UpstreamSettings
from hub.post.transports import answers, servers
from hub.post.transports.caller import Caller, Request
from hub.post.transports.carrier import CarrierFault, Traffic
from hub.post.transports.known import Acquaintance
from hub.post.transports.wire import WireFault

LIST = "http://openrosa.org/xforms/xformsList"
MANIFEST = "http://openrosa.org/xforms/xformsManifest"
MOST_FORM_BYTES = 16 * 1024 * 1024
MOST_FILE_BYTES = 16 * 1024 * 1024
MOST_FORMS = 500
MOST_FILES = 200
_LIST_BYTES = 4 * 1024 * 1024
_LONGEST = 200
_PLAIN = re.compile(r"[!-~]+")
_MD5 = re.compile(r"(?:md5:)?([0-9a-fA-F]{32})")


@dataclass(frozen=True, slots=True)
class Offered:
    """A form the office offers; ``md5`` is of its XML, ``url`` and ``manifest`` where they are asked for."""

    form_id: str
    name: str
    version: str
    md5: str
    url: str
    manifest: str


@dataclass(frozen=True, slots=True)
class OfferedFile:
    """A file that goes with a form."""

    name: str
    md5: str
    url: str


class BlankForms:
    """The forms of one project, or one account, of one server.

    ``stop`` is looked at ten times a second while anything travels; ``known`` as for ``OpenRosa``. Raises
    ``NotReady`` as ``OpenRosa`` does, for an address or a key that is none.
    """

    def __init__(
        self, settings: UpstreamSettings, stop: Callable[[], bool], *, known: Acquaintance | None = None
    ) -> None:
        self._settings = settings
        self._caller = Caller(settings, stop, known)
        self._server = servers.server(settings, self._caller.credential)
        self._base = urlsplit(settings.url)

    @property
    def traffic(self) -> Traffic:
        """What went out and came in until now."""
        return self._caller.traffic

    def listing(self) -> tuple[Offered, ...]:
        """Return what the office offers. Raises ``CarrierFault``."""
        body = self._get(self._server.form_list, _LIST_BYTES)
        root = _root(body, LIST, "xforms")
        found = [_offered(one) for one in root.iterfind(f"{{{LIST}}}xform")]
        if len(found) > MOST_FORMS:
            raise CarrierFault("relay.answer_too_long")
        return tuple(one for one in found if one is not None)

    def manifest(self, offered: Offered) -> tuple[OfferedFile, ...]:
        """Return the files that go with a form. Raises ``CarrierFault``."""
        if not offered.manifest:
            return ()
        root = _root(self._get(self._path(offered.manifest), _LIST_BYTES), MANIFEST, "manifest")
        found = [_file(one) for one in root.iterfind(f"{{{MANIFEST}}}mediaFile")]
        if len(found) > MOST_FILES:
            raise CarrierFault("relay.answer_too_long")
        if any(one is None for one in found):
            raise CarrierFault("adding.bad_manifest")
        return tuple(one for one in found if one is not None)

    def xml(self, offered: Offered) -> bytes:
        """Return a form's XML, checked against its hash. Raises ``CarrierFault``."""
        return _checked(self._get(self._path(offered.url), MOST_FORM_BYTES), offered.md5)

    def file(self, offered: OfferedFile) -> bytes:
        """Return a file, checked against its hash. Raises ``CarrierFault``."""
        return _checked(self._get(self._path(offered.url), MOST_FILE_BYTES), offered.md5)

    def close(self) -> None:
        """Hang up."""
        self._caller.close()

    def _path(self, url: str) -> str:
        """The path at the office's own address; the key is shown to nobody else."""
        base = self._base
        try:
            parts = urlsplit(url)
            same = (parts.scheme, parts.hostname, parts.port) == (base.scheme, base.hostname, base.port)
        except ValueError:
            raise CarrierFault("adding.elsewhere", denied=True) from None
        if not same or not parts.path.startswith(self._server.forms_below) or not _PLAIN.fullmatch(url):
            raise CarrierFault("adding.elsewhere", denied=True)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _get(self, path: str, most: int) -> bytes:
        headers = {"X-OpenRosa-Version": "1.0", "User-Agent": "digital-cultural-house"}
        try:
            answer = self._caller.ask(Request("GET", path, self._settings.answer_s, most, headers))
        except WireFault as bad:
            raise CarrierFault(bad.fault.value) from bad
        if self._server.pages_are_strangers and answers.is_strangers_page(answer):
            raise CarrierFault("relay.portal")
        if answer.status != 200:
            reason = answers.judge(answer.status, b"").reason_key or "relay.portal"
            raise CarrierFault(reason, denied=answer.status in {401, 403, 404})
        if not answer.whole:
            raise CarrierFault("relay.answer_too_long")
        return answer.body


def md5(content: bytes) -> str:
    """Return the hash by which OpenRosa names content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _checked(body: bytes, stated: str) -> bytes:
    if md5(body) != stated:
        raise CarrierFault("adding.other_hash")
    return body


def _root(body: bytes, namespace: str, name: str) -> markup.Element:
    root = markup.plain(body)
    if root is None or root.tag != f"{{{namespace}}}{name}":
        raise CarrierFault("relay.portal")
    return root


def _offered(one: markup.Element) -> Offered | None:
    form_id, stated = _said(one, LIST, "formID"), _MD5.fullmatch(_said(one, LIST, "hash"))
    url = _said(one, LIST, "downloadUrl")
    if not form_id or stated is None or not url:
        return None
    return Offered(
        form_id[:_LONGEST],
        _said(one, LIST, "name")[:_LONGEST],
        _said(one, LIST, "version")[:_LONGEST],
        stated[1].lower(),
        url,
        _said(one, LIST, "manifestUrl"),
    )


def _file(one: markup.Element) -> OfferedFile | None:
    name, stated = _said(one, MANIFEST, "filename"), _MD5.fullmatch(_said(one, MANIFEST, "hash"))
    url = _said(one, MANIFEST, "downloadUrl")
    return OfferedFile(name, stated[1].lower(), url) if name and stated and url else None


def _said(one: markup.Element, namespace: str, name: str) -> str:
    found = one.find(f"{{{namespace}}}{name}")
    return "" if found is None else (found.text or "").strip()
