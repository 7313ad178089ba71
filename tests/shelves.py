"""Packs for tests: the core content as it is installed, and small ones of their own."""

from __future__ import annotations

from pathlib import Path

from hub.packs import install, render, shelf

CORE = Path(__file__).parents[1] / "content" / "core"
PAGES = {pattern: render.prepare for pattern in render.PAGES}


def core(folder: Path) -> shelf.Shelf:
    """Install the core pack below ``folder`` and open it."""
    install.install(CORE, folder, PAGES, unsealed=True)
    return shelf.current(folder)


def small(folder: Path, *, version: str = "2026.11.1", text: str = "Xin chào.") -> Path:
    """Write a pack of one page to ``folder``."""
    (folder / "lessons" / "thu").mkdir(parents=True)
    (folder / "manifest.toml").write_text(
        f'name = "small"\nversion = "{version}"\nas_of = "2026-11-21"\nlicence = "CC0-1.0"\nlanguages = ["vi"]\n'
        '[title]\nvi = "Gói nhỏ"\nen = "A small pack"\n',
        encoding="utf-8",
    )
    (folder / "lessons" / "thu" / "mot.vi.md").write_text(
        f'+++\ntitle = "Một"\nas_of = 2026-11-21\n+++\n\n## Phần một\n\n{text}\n', encoding="utf-8"
    )
    return folder
