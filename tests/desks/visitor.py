"""Somebody in front of a tablet: opens pages, presses the buttons of forms that are really there."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from werkzeug.test import TestResponse


class _Page(HTMLParser):
    """The forms, loudspeakers and visible words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.spoken: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found["action"], {}))
        if tag == "input" and self.forms and found.get("type") == "hidden":
            self.forms[-1][1][found["name"]] = found["value"]
        if "data-speak" in found:
            self.spoken.append(parse_qs(urlsplit(found["href"]).query)["t"][0])

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def words(answer: TestResponse) -> str:
    """What can be read on a page, spaces collapsed."""
    return " ".join("".join(_Page(answer.text).words).split())


def spoken(answer: TestResponse) -> list[str]:
    """What the loudspeakers of a page say."""
    return _Page(answer.text).spoken


def hidden(answer: TestResponse, action: str) -> dict[str, str]:
    """What the form to ``action`` sends by itself."""
    for where, fields in _Page(answer.text).forms:
        if where == action:
            return fields
    raise AssertionError(f"no form to {action} on the page")


class Visitor:
    """One browser with its cookies."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(
            path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    def press(self, on: str, action: str, **typed: str) -> TestResponse:
        """Open ``on``, send its form to ``action`` with ``typed`` in it, follow to the next page."""
        fields = hidden(self.get(on), action)
        return self.client.post(action, data={**fields, **typed}, follow_redirects=True)

    def send(self, action: str, fields: dict[str, str]) -> TestResponse:
        """Send a form once more as it was, without following."""
        return self.client.post(action, data=fields)


def link(answer: TestResponse, start: str) -> str:
    """The first link of a page that begins with ``start``."""
    found = re.search(rf'href="({re.escape(start)}[^"]*)"', answer.text)
    assert found, start
    return unescape(found[1])
