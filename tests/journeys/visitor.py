"""Somebody at a tablet: follows links and presses buttons as the pages have them, with cookies and tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from lxml import html

Files = dict[str, tuple[str, bytes, str]]
"""Field name to (file name, content, media type)."""

_TIMEOUT = urllib3.Timeout(connect=2, read=20)


@dataclass
class Page:
    """An answer, and its document where there is one."""

    visitor: Visitor
    url: str
    status: int
    headers: Any
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8")

    @property
    def tree(self) -> Any:
        """The document."""
        return html.fromstring(self.text)

    @property
    def words(self) -> str:
        """What somebody reads in the middle of the page."""
        found = self.tree.xpath("//main") or [self.tree]
        return " ".join(found[0].text_content().split())

    def forms(self) -> list[Form]:
        """Every form of the page."""
        return [Form.of(self, one) for one in self.tree.xpath("//form")]

    def form(self, *, action: str = "", has: str = "") -> Form:
        """Return the one form whose address ends with ``action`` and that has the field ``has``."""
        wanted = [
            form
            for form in self.forms()
            if form.action.split("?")[0].endswith(action) and (not has or has in form.names)
        ]
        assert wanted, f"{self.url} has no form {action!r} with {has!r}: {self.words[:600]}"
        return wanted[0]


@dataclass
class Form:
    """A form with the values the page gave it."""

    page: Page
    action: str
    get: bool
    fields: list[tuple[str, str]]
    names: set[str]
    buttons: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page, element: Any) -> Form:
        """Read a form as a browser would send it untouched."""
        fields, names, buttons = [], set(), []
        for one in element.xpath(".//input[@name] | .//select[@name] | .//textarea[@name] | .//button"):
            name, kind = one.get("name") or "", (one.get("type") or "").lower()
            if one.tag == "button":
                if kind != "button" and name:
                    buttons.append((name, one.get("value") or ""))
                continue
            names.add(name)
            if one.get("disabled") is not None or kind == "file":
                continue
            if one.tag == "select":
                chosen = one.xpath("./option[@selected] | ./optgroup/option[@selected]") or one.xpath(
                    ".//option"
                )
                fields += [(name, each.get("value", each.text or "")) for each in chosen[:1]]
            elif one.tag == "textarea":
                fields.append((name, (one.text or "").removeprefix("\n")))
            elif kind not in ("checkbox", "radio") or one.get("checked") is not None:
                fields.append((name, one.get("value", "on" if kind in ("checkbox", "radio") else "")))
        action = urljoin(page.url, element.get("action") or page.url)
        return cls(page, action, (element.get("method") or "get").lower() == "get", fields, names, buttons)

    def send(
        self, values: dict[str, Any] | None = None, *, files: Files | None = None, press: str = ""
    ) -> Page:
        """Send it with these values instead; ``press`` names the button, "name" or "name=value".

        A value may be a list. Fields that the form does not have are a mistake of the test.
        """
        values = values or {}
        unknown = set(values) - self.names
        assert not unknown, f"{self.page.url} has no field {unknown}, only {sorted(self.names)}"
        sent = [(name, value) for name, value in self.fields if name not in values]
        for name, value in values.items():
            sent += [(name, str(one)) for one in (value if isinstance(value, (list, tuple)) else [value])]
        if press:
            name, _, value = press.partition("=")
            known = [one for one in self.buttons if one[0] == name and (not value or one[1] == value)]
            assert known, f"{self.page.url} has no button {press!r}, only {self.buttons}"
            sent.append(known[0])
        if self.get:
            return self.page.visitor.get(f"{self.action}?{urlencode(sent)}")
        return self.page.visitor.post(self.action, sent, files)


class Visitor:
    """One browser: its cookies, its language, and nothing else."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._cookies: dict[str, str] = {}
        self._pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)

    @property
    def cookies(self) -> dict[str, str]:
        """What this browser would send, name to value."""
        return dict(self._cookies)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Page:
        """Open a page, following where it leads."""
        return self._open("GET", urljoin(self.base, path), None, dict(headers or {}))

    def post(self, path: str, fields: list[tuple[str, str]], files: Files | None = None) -> Page:
        """Send fields (and files), following where it leads."""
        headers = {"Referer": self.base}
        if files:
            parts: list[Any] = [*fields, *((name, one) for name, one in files.items())]
            body, kind = urllib3.encode_multipart_formdata(parts)
        else:
            body, kind = urlencode(fields).encode("ascii"), "application/x-www-form-urlencoded"
        return self._open("POST", urljoin(self.base, path), body, headers | {"Content-Type": kind})

    def sign_in(self, name: str, secret: str) -> Page:
        """Sign in."""
        page = self.get("/sign-in").form(action="/sign-in").send({"name": name, "secret": secret})
        assert "sign-in" not in urlsplit(page.url).path, page.words[:300]
        return page

    def _open(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Page:
        for _ in range(6):
            if self._cookies:
                headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
            answer = self._pool.request(method, url, body=body, headers=headers, redirect=False)
            self._take_cookies(answer.headers.getlist("Set-Cookie"))
            if answer.status not in (301, 302, 303, 307, 308):
                return Page(self, url, answer.status, answer.headers, answer.data)
            url = urljoin(url, answer.headers["Location"])
            method, body = "GET", None
            headers = {}
        raise AssertionError(f"{url} leads round and round")

    def _take_cookies(self, given: list[str]) -> None:
        for line in given:
            pair, *rest = line.split(";")
            name, _, value = pair.strip().partition("=")
            gone = any(one.strip().lower() in ("max-age=0",) for one in rest) or not value
            if gone:
                self._cookies.pop(name, None)
            else:
                self._cookies[name] = value
