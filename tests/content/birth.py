"""The birth-registration form, converted once for the tests."""

from __future__ import annotations

import functools

from pyxform.xls2xform import convert

from tests.content import pack

SLUG = "lien-thong-khai-sinh"
FOLDER = pack.ROOT / "procedures" / SLUG
PROCEDURE = pack.toml(f"procedures/{SLUG}/procedure.toml")
PREFILL = pack.toml(f"procedures/{SLUG}/prefill.toml")


@functools.cache
def converted() -> tuple[str, tuple[str, ...]]:
    """Give the XForm and pyxform's warnings."""
    warnings: list[str] = []
    made = convert((FOLDER / "form.md").read_bytes(), warnings=warnings, file_type=".md")
    return made.xform, tuple(warnings)
