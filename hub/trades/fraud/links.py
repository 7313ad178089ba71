"""Find the links in a message, written openly or disguised, and say what is odd about each.

Keeps true: a host belongs to an allowed one only if it is that host or really below it, never because it
contains its name; time grows with the length of the message. It asks no network, and knows no link to be
harmless.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator

from hub.base import aligned
from hub.trades.fraud.model import Hosts, Link, LinkKind

_TOKEN = re.compile(r"[^\s<>\"'“”‘’«»(){}\[\]|,;]+")
_SCHEME = re.compile(r"(?:^|[^a-z0-9])(https?|hxxps?)\s*:/{1,3}")
_DOTS = re.compile(r"\s{0,2}(?:\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)|[。．｡])\s{0,2}")
_LABEL = re.compile(r"^[^\W_](?:[\w-]{0,61}[^\W_])?$")
_PORT = re.compile(r":\d*$")
_APK = re.compile(r"\.apk(?![a-z0-9])")
_TRAILING = ".!?:*_~…"


def opened(message: str, hosts: Hosts) -> str:
    """Return ``message`` with disguised dots ("vneid[.]com", "vneid . com") put back."""
    message = _DOTS.sub(".", message)
    endings = "|".join(sorted(map(re.escape, hosts.bare_tlds), key=len, reverse=True))
    return re.sub(rf"(?<=[^\W_])[ ]{{1,2}}\.[ ]{{0,2}}(?=(?:{endings})(?![\w]))", ".", message)


def find(message: str, hosts: Hosts) -> tuple[Link, ...]:
    """Return the links of ``message`` from left to right."""
    return tuple(_links(message, hosts))


def allowed(host: str, hosts: Hosts) -> bool:
    """Return whether ``host`` is an allowed one or really below one."""
    return any(host == known or host.endswith(f".{known}") for known in hosts.allowed)


def _links(message: str, hosts: Hosts) -> Iterator[Link]:
    for token in _TOKEN.finditer(message):
        chunk = _plain(token[0])
        # Letters that fall apart or vanish in the plain form move the rest: then the whole token is the link.
        exact = len(chunk) == len(token[0])
        for begin, end, scheme in _pieces(chunk):
            address = chunk[begin:end].rstrip(_TRAILING)
            rest = address.partition(":")[2].lstrip("/") if scheme else address
            authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
            user, at, host = authority.rpartition("@")
            host = _PORT.sub("", host).strip(".")
            tail = len(authority) < len(rest)
            if not _is_host(host, scheme, tail, hosts) or (at and not scheme and not (tail and "." in user)):
                continue
            first = token.start() + begin if exact else token.start()
            last = first + len(address) if exact else token.end()
            kinds = _kinds(host, scheme, address, bool(at), hosts)
            yield Link(message[first:last], host, scheme, kinds, first, last)


def _pieces(chunk: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a link may begin and end in ``chunk``, and its scheme; one may carry another inside."""
    schemes = list(_SCHEME.finditer(chunk))
    if not schemes and "." in chunk:
        yield _bare_start(chunk), len(chunk), ""
    for place, match in enumerate(schemes):
        end = schemes[place + 1].start(1) if place + 1 < len(schemes) else len(chunk)
        yield match.start(1), end, match[1].replace("hxxp", "http")


def _plain(written: str) -> str:
    shown = unicodedata.normalize("NFKC", written)
    return "".join(mark for mark in shown if unicodedata.category(mark) != "Cf").lower()


def _bare_start(chunk: str) -> int:
    # "link:evn-mau.top": what stands before a colon and is no host is not part of the address.
    head, colon, rest = chunk.partition(":")
    return len(head) + 1 if colon and "." not in head and "." in rest else 0


def _is_host(host: str, scheme: str, tail: bool, hosts: Hosts) -> bool:
    if scheme:
        return bool(host)
    if _is_address(host):
        return True
    labels = host.split(".")
    if len(labels) < 2 or len(host) > 253 or not all(map(_LABEL.match, labels)):
        return False
    if labels[-1] in hosts.bare_tlds or labels[-1].startswith("xn--"):
        return True
    return tail and labels[-1].isascii() and labels[-1].isalpha() and len(labels[-1]) >= 2


def _is_address(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _kinds(host: str, scheme: str, address: str, userinfo: bool, hosts: Hosts) -> frozenset[LinkKind]:
    kinds = set[LinkKind]()
    if scheme == "http":
        kinds.add(LinkKind.HTTP)
    if userinfo:
        kinds.add(LinkKind.USERINFO)
    if _APK.search(address):
        kinds.add(LinkKind.APK)
    if allowed(host, hosts):
        return frozenset(kinds)
    kinds.add(LinkKind.UNKNOWN)
    labels = host.split(".")
    # A browser also takes one whole number, decimal or hexadecimal, for an IPv4 address.
    if _is_address(host) or re.fullmatch(r"\d+|0x[0-9a-f]+", host):
        kinds.add(LinkKind.IP)
    if labels[-1] in hosts.bad_tlds:
        kinds.add(LinkKind.BAD_TLD)
    if any(host == known or host.endswith(f".{known}") for known in hosts.shorteners):
        kinds.add(LinkKind.SHORTENER)
    if not host.isascii() or any(label.startswith("xn--") for label in labels):
        kinds.add(LinkKind.HOMOGRAPH)
    if _looks_alike(host, hosts):
        kinds.add(LinkKind.LOOKALIKE)
    return frozenset(kinds)


def _looks_alike(host: str, hosts: Hosts) -> bool:
    folded = aligned.fold(_decoded(host)).folded
    for flat in {_skeleton(folded, "i"), _skeleton(folded, "l")}:
        joined = re.sub(r"[.\-]", "", flat)
        if any(name in joined or _same(name) in _same(joined) for name in hosts.lookalike_contains):
            return True
        parts = re.split(r"[.\-]", flat)
        if hosts.lookalike_parts.intersection(parts):
            return True
        if any(_one_slip(part, name) for part in parts for name in hosts.lookalike_contains):
            return True
    return False


def _decoded(host: str) -> str:
    labels = []
    for label in host.split("."):
        try:
            labels.append(label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label)
        except (UnicodeError, OverflowError, ValueError):
            labels.append(label)
    return ".".join(labels)


def _skeleton(host: str, one: str) -> str:
    return host.translate(str.maketrans("013457", f"o{one}east"))


def _same(name: str) -> str:
    return name.replace("rn", "m").replace("vv", "w").replace("l", "i").replace("j", "i")


def _one_slip(part: str, name: str) -> bool:
    # One letter missing, doubled, changed or two neighbours swapped; shorter names are too close to honest
    # ones.
    if len(name) < 5 or abs(len(part) - len(name)) > 1 or part == name:
        return False
    same = 0
    while same < min(len(part), len(name)) and part[same] == name[same]:
        same += 1
    left, right = part[same:], name[same:]
    swapped = left[:2] == right[1::-1] and left[2:] == right[2:] and len(left) >= 2
    return left[1:] == right or left == right[1:] or left[1:] == right[1:] or swapped
