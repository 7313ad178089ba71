"""A tablet: one Chromium page that notes every error, and a look at a page as people with other needs meet it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Locator, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SIZE = (800, 1280)
PHONE = (360, 640)
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A microphone that beeps once a second, and a yes to who asks for it.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"],
    # axe leaves the one rule of WCAG 2.2 out unless it is named.
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
_RELOADS = 4
_OVERTAKEN = ("Not attached to an active page", "ERR_ABORTED", "interrupted by another navigation")
_LOOKED: set[tuple[str, bool, str]] = set()
_TOO_WIDE = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.body.querySelectorAll("*")].filter(one => one.getBoundingClientRect().right > wide + 1)
    .map(one => one.outerHTML.slice(0, 90));
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium for the length of the block."""
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Tablet:
    """One browser with its own cookies; ``close`` fails if anything went wrong on any of its pages."""

    def __init__(self, browser: Browser, base: str, *, script: bool = True, lang: str = "vi") -> None:
        self.base, self.script, self.lang = base, script, lang
        self.faults: list[str] = []
        self._context = browser.new_context(
            viewport={"width": SIZE[0], "height": SIZE[1]},
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        self._context.set_default_timeout(10_000)
        self.page = self._context.new_page()
        self._watch(self.page)

    def _watch(self, page: Page) -> None:
        page.on("pageerror", lambda bad: self.faults.append(f"{page.url}: {bad}"))
        page.on("console", lambda told: self._told(page, told.type, told.text))
        page.on("requestfailed", lambda asked: self._failed(asked.url, asked.failure))

    def _told(self, page: Page, kind: str, text: str) -> None:
        # An answer that says what to correct comes with 422, which Chromium counts as a failed load.
        if kind in ("error", "warning") and "status of 422" not in text:
            self.faults.append(f"{page.url}: {text}")

    def _failed(self, url: str, why: str | None) -> None:
        # Leaving a page ends what it was still asking for.
        if why != "net::ERR_ABORTED":
            self.faults.append(f"{url}: {why}")

    def close(self) -> None:
        """Close it; every console error, policy violation and failed request of its life is a failure."""
        self._context.close()
        assert not self.faults, "\n".join(self.faults)

    def go(self, path: str) -> None:
        """Open a page of the House, or of another address."""
        answer = self.page.goto(path if path.startswith("http") else self.base + path)
        assert answer is not None and answer.status == 200, f"{path}: {answer and answer.status}"

    def reload(self) -> None:
        """Draw the page anew; one that was just drawing itself anew is asked once more."""
        for attempt in range(_RELOADS):
            try:
                self.page.reload()
                return
            except Error as bad:
                # A page without script draws itself anew every few seconds, at times in this very moment.
                if attempt == _RELOADS - 1 or not any(one in str(bad) for one in _OVERTAKEN):
                    raise
                self.page.wait_for_load_state("load")

    def press(self, words: str, *, exact: bool = False) -> None:
        """Press the link or button that says ``words``, in the middle of the page."""
        found = self.main.get_by_role("link", name=words, exact=exact)
        found = found.or_(self.main.get_by_role("button", name=words, exact=exact))
        found.first.click()

    @property
    def main(self) -> Locator:
        """The middle of the page."""
        return self.page.locator("main")

    @property
    def words(self) -> str:
        """What can be read in the middle of the page."""
        return " ".join(self.main.inner_text().split())

    def shows(self, words: str) -> None:
        """Wait until the middle of the page says ``words``."""
        expect(self.main).to_contain_text(words, ignore_case=True)

    def look(self, name: str) -> None:
        """Examine this page once a run: axe, language, one heading, no scrolling sideways on a telephone."""
        if (name, self.script, self.lang) in _LOOKED:
            return
        _LOOKED.add((name, self.script, self.lang))
        # A press returns when the next page has begun; what it looks like is known when all of it is there.
        self.page.wait_for_load_state("load")
        # axe itself needs the timers that a page without script does not have; the page is the same.
        bad = [self._lines(one) for one in self._axe()] if self.script else []
        assert not bad, f"{name} ({self.page.url}): " + "\n".join(bad)
        assert self.page.locator("html").get_attribute("lang") == self.lang, name
        assert self.page.locator("h1").count() == 1, f"{name} has not one heading"
        before = self.page.viewport_size
        assert before is not None
        self.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        wide = self.page.evaluate(_TOO_WIDE)
        self.page.set_viewport_size(before)
        assert not wide, f"{name} scrolls sideways at {PHONE[0]}: {wide[:4]}"

    def _axe(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = Axe().run(self.page, options=_RULES).response["violations"]
        return found

    @staticmethod
    def _lines(one: dict[str, Any]) -> str:
        nodes = "; ".join(node["html"][:120] for node in one["nodes"][:3])
        return f"{one['id']}: {one['help']} – {nodes}"
