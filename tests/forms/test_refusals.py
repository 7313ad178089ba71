"""Every refusal of the forms room can be said, in both languages."""

from __future__ import annotations

import ast
from pathlib import Path
from string import Formatter

import pytest

import hub.forms
from hub.base import phrases

ROOM = Path(hub.forms.__file__).parent


def raised() -> list[tuple[str, str, set[str] | None]]:
    """File and line, key, and the names of the values given (None where they are passed on whole)."""
    found: list[tuple[str, str, set[str] | None]] = []
    for path in sorted(ROOM.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                continue
            first = node.args[0]
            if node.func.id in ("Refused", "Missing", "NotReady") and isinstance(first, ast.Constant):
                names = {one.arg for one in node.keywords if one.arg}
                whole = any(one.arg is None for one in node.keywords)
                found.append((f"{path.name}:{node.lineno}", str(first.value), None if whole else names))
    return found


def test_the_search_finds_the_refusals() -> None:
    assert len(raised()) > 40


@pytest.mark.parametrize(("place", "key", "given"), raised())
def test_a_refusal_has_a_phrase_and_gives_it_every_value(
    place: str, key: str, given: set[str] | None
) -> None:
    for lang in phrases.LANGUAGES:
        needed = {name for _, name, _, _ in Formatter().parse(phrases.catalog(lang)[key]) if name}
        assert given is None or needed <= given, place


def test_every_key_written_in_the_room_is_a_phrase() -> None:
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value.startswith("forms.")
            ):
                assert phrases.has(node.value), f"{path.name}: {node.value}"
