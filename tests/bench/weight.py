"""How many bytes a first visit to a page takes on the wire: the page and everything it refers to, as sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import urllib3
from lxml import html

_IN_STYLE = re.compile(r"url\(\s*['\"]?([^'\")]+)")
# Only what a browser fetches by itself: not what somebody must press first.
_WAYS = (
    "//link[@rel='stylesheet' or @rel='icon' or @rel='preload']/@href",
    "//script/@src",
    "//img/@src",
    "//*[local-name()='use']/@href",
    "//audio[@autoplay]/@src",
    "//iframe/@src",
)


@dataclass(frozen=True)
class Piece:
    """One answer: address, bytes of its body as sent, and bytes of its head."""

    path: str
    body: int
    head: int
    encoding: str


def visit(base: str, path: str = "/") -> list[Piece]:
    """Return everything a fresh browser fetches for ``path``."""
    pool = urllib3.PoolManager(retries=False)
    try:
        found: dict[str, Piece] = {}
        waiting = [urljoin(base, path)]
        while waiting:
            url = waiting.pop(0).split("#")[0]
            if urlsplit(url).path + urlsplit(url).query in found:
                continue
            answer = pool.request(
                "GET", url, headers={"Accept-Encoding": "gzip"}, decode_content=False, preload_content=False
            )
            raw = answer.read(decode_content=False)
            text = _text(raw, answer.headers.get("Content-Encoding", ""))
            head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) + 19
            answer.release_conn()
            if answer.status != 200:
                raise RuntimeError(f"{url} answers {answer.status}")
            key = urlsplit(url).path + urlsplit(url).query
            found[key] = Piece(key, len(raw), head, answer.headers.get("Content-Encoding", "identity"))
            waiting += [urljoin(url, one) for one in _refers(text, answer.headers.get("Content-Type", ""))]
        return list(found.values())
    finally:
        pool.clear()


def _text(raw: bytes, encoding: str) -> str:
    import gzip

    return (gzip.decompress(raw) if encoding == "gzip" else raw).decode("utf-8", "replace")


def _refers(text: str, kind: str) -> list[str]:
    if kind.startswith("text/html"):
        tree = html.fromstring(text)
        # What stands in noscript is not fetched by a browser that runs scripts.
        return [str(one) for way in _WAYS for one in tree.xpath(way) if one]
    if kind.startswith("text/css"):
        return _IN_STYLE.findall(text)
    return []
