"""What a simulator leaves for other processes to see: a small JSON file, replaced whole, beside its
pictures.

A reader finds the old state or the new one, never half of either, and never needs the simulator's process.
Only the simulator writes; faults and presses reach it by method calls in its own process.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from devices.ports import Offline


def now() -> str:
    """Return this moment as the House writes times: UTC, ISO, microseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def replace(path: Path, content: bytes) -> None:
    """Put a file in place whole: written aside, then renamed over the old one.

    Raises Offline where it cannot be written: a practice device without its folder is a sick one.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.write_bytes(content)
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise Offline(f"a practice device cannot write to its folder: {error.strerror}") from None


def read(path: Path) -> dict[str, object]:
    """Return the last state written to ``path``; empty when there is none yet or it cannot be understood."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def write(path: Path, told: Mapping[str, object]) -> None:
    """Write the whole state; raises as ``replace``."""
    replace(path, json.dumps(told, ensure_ascii=False, indent=1).encode("utf-8"))


def entries(told: Mapping[str, object], key: str) -> list[dict[str, object]]:
    """Return the list of entries under ``key``; what is no entry is left out."""
    found = told.get(key)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
