"""The house's own rules: short rooms, empty doors, floors that hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_SOURCES = sorted([*(_ROOT / "hub").rglob("*.py"), *(_ROOT / "devices").rglob("*.py")])
_MOST_LINES = 400


def _name(path: Path) -> str:
    return str(path.relative_to(_ROOT))


def test_no_module_has_grown_past_its_idea() -> None:
    long = {
        _name(path): n
        for path in _SOURCES
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > _MOST_LINES
    }
    assert not long


def test_doors_hold_a_sentence_and_nothing_else() -> None:
    for path in _SOURCES:
        if path.name == "__init__.py":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert len(body) == 1 and ast.get_docstring(ast.Module(body, [])), _name(path)


def test_every_folder_of_the_program_has_a_door() -> None:
    assert not [_name(path.parent) for path in _SOURCES if not (path.parent / "__init__.py").exists()]


def test_every_module_says_what_it_is_for() -> None:
    bare = [
        _name(path) for path in _SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not bare


def _public(tree: ast.Module) -> list[ast.FunctionDef | ast.ClassDef]:
    found: list[ast.FunctionDef | ast.ClassDef] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            found.append(node)
    return found


def test_everything_public_below_the_desks_is_explained() -> None:
    bare = []
    for path in _SOURCES:
        if "desks" in path.parts or "practice_office" in path.parts:
            continue
        for node in _public(ast.parse(path.read_text(encoding="utf-8"))):
            if not ast.get_docstring(node):
                bare.append(f"{_name(path)}:{node.lineno} {node.name}")
    assert not bare


def test_imports_are_absolute() -> None:
    relative = []
    for path in _SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                relative.append(f"{_name(path)}:{node.lineno}")
    assert not relative


def test_the_floors_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(linter), "--no-cache"], cwd=_ROOT, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "raise NotImplemented" + "Error"])
def test_nothing_is_left_for_later(word: str) -> None:
    assert not [_name(path) for path in _SOURCES if word in path.read_text(encoding="utf-8")]
