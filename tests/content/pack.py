"""Reads content/core the plain way, for the tests of the content only."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2] / "content" / "core"
PICTURES = Path(__file__).resolve().parents[2] / "hub" / "desks" / "static" / "pictures"
LANGUAGES = ("vi", "en")
AGREED_PICTURES = frozenset(
    "ticket papers lesson shield price search follow speaker "
    "buffalo plum tea cinnamon rice rooster fish bee pig corn pinetree flower "
    "phone idcard lock camera qr health family baby house warning people clock printer bell check "
    "cross arrow link wifi book money tools key".split()
)
RANK = {"verified": 3, "reported": 2, "unverified": 1}
TAG = {"V": 3, "S": 2, "G": 2, "M": 1}


class Page(NamedTuple):
    path: Path
    slug: str
    lang: str
    front: dict[str, Any]
    body: str

    @property
    def sections(self) -> list[tuple[str, str]]:
        """Give (heading, text) pairs."""
        parts = self.body.split("\n## ")
        return [(p.split("\n", 1)[0].removeprefix("## "), p.split("\n", 1)[1]) for p in parts if p.strip()]


def toml(name: str) -> dict[str, Any]:
    """Read one TOML file of the pack."""
    return tomllib.loads((ROOT / name).read_text("utf-8"))


def page(path: Path) -> Page:
    """Read one Markdown page with TOML between +++ lines at its top."""
    head, front, body = path.read_text("utf-8").split("+++\n", 2)
    assert head == "", f"{path}: something stands before the front matter"
    slug, lang, _ = path.name.split(".")
    return Page(path, slug, lang, tomllib.loads(front), body.strip())


def pages(folder: str) -> list[Page]:
    """Read all pages below one folder; a form or a notice has no language in its name and is no page."""
    return [page(p) for p in sorted((ROOT / folder).rglob("*.*.md"))]


def claims(node: Any) -> Iterator[dict[str, Any]]:
    """Give every table that names sources, wherever it stands."""
    if isinstance(node, dict):
        if "sources" in node:
            yield node
        for value in node.values():
            yield from claims(value)
    elif isinstance(node, list):
        for value in node:
            yield from claims(value)


def all_claims() -> list[tuple[str, dict[str, Any]]]:
    """Give every sourced claim of the pack with the name of its file."""
    found: list[tuple[str, dict[str, Any]]] = []
    for path in sorted(ROOT.rglob("*.toml")):
        found += [(path.name, c) for c in claims(tomllib.loads(path.read_text("utf-8")))]
    found += [(p.path.name, p.front) for p in pages(".")]
    return found


def best_status(sources: list[str]) -> int:
    """Give the best rank its sources allow: the weakest tag decides; 0 where only our own advice stands."""
    ranks = [TAG[s.split(":", 1)[0]] for s in sources if not s.startswith("P: ")]
    return min(ranks) if ranks else 0
