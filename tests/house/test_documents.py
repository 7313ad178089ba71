"""The documents tell all of it: every command, every setting, every page."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import click
import msgspec

from hub.base import settings
from hub.cli import main

_ROOT = Path(__file__).parents[2]
_DOCS = _ROOT / "docs"


def _keys(tree: dict[str, Any], stem: str = "") -> list[str]:
    found = []
    for key, value in tree.items():
        # Desk and light names are the technician's own.
        if isinstance(value, dict) and value:
            found += _keys(value, f"{stem}{key}.")
        else:
            found.append(f"{stem}{key}")
    return found


def test_every_setting_is_documented() -> None:
    text = (_DOCS / "SETTINGS.md").read_text(encoding="utf-8")
    missing = [key for key in _keys(msgspec.to_builtins(settings.Settings())) if f"`{key}`" not in text]
    assert not missing


def test_every_documented_setting_exists() -> None:
    known = set(_keys(msgspec.to_builtins(settings.Settings())))
    named = set(re.findall(r"^\| `([a-z_.]+)` \|", (_DOCS / "SETTINGS.md").read_text(encoding="utf-8"), re.M))
    assert named and named <= known


def _commands(group: click.Command, stem: str) -> list[tuple[str, click.Command]]:
    found = []
    if isinstance(group, click.Group):
        ctx = click.Context(group)
        for name in group.list_commands(ctx):
            command = group.get_command(ctx, name)
            assert command is not None, f"{stem} {name} is named and does not exist"
            found += _commands(command, f"{stem} {name}")
    else:
        found.append((stem, group))
    return found


def test_every_command_is_documented_and_has_an_example() -> None:
    text = (_DOCS / "COMMANDS.md").read_text(encoding="utf-8")
    for name, command in _commands(main.cli, "hub"):
        assert f"`{name}`" in text, name
        assert command.help and "Example:" in command.help, name


def test_the_readme_opens_with_the_two_commands() -> None:
    first_screen = "\n".join((_ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:40])
    assert "scripts/run" in first_screen and "scripts/test" in first_screen


def test_the_map_names_every_room() -> None:
    text = (_DOCS / "MAP.md").read_text(encoding="utf-8")
    rooms = [path.parent for path in (_ROOT / "hub").glob("*/__init__.py")]
    rooms += [path.parent for path in (_ROOT / "hub" / "trades").glob("*/__init__.py")]
    missing = [f"{room.relative_to(_ROOT)}" for room in rooms if f"{room.relative_to(_ROOT)}" not in text]
    assert not missing


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for path in [_ROOT / "README.md", *_DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if not (path.parent / target).exists():
                broken.append(f"{path.relative_to(_ROOT)} -> {target}")
    assert not broken


def test_each_decision_says_context_decision_and_cost() -> None:
    for path in (_DOCS / "decisions").glob("[0-9]*.md"):
        text = path.read_text(encoding="utf-8")
        for heading in ("## Context", "## Decision", "## Cost"):
            assert heading in text, f"{path.name}: {heading}"


def test_the_lock_has_hashes_and_names_no_registry() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (_ROOT / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text and "://" not in text
        for block in re.split(r"\n(?=[a-z0-9])", text):
            assert "--hash=" in block, block[:80]


def test_nothing_committed_names_the_machine_it_was_made_on() -> None:
    done = subprocess.run(
        ["git", "grep", "-nIE", r"(^|[^)a-z])/(work|root)/|/home/[a-z]", "--", ":!LICENSE", ":!tests/house"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == ""
