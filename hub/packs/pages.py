"""A page as a desk finds it on the shelf, without anything of the tools that made it.

Keeps true: a page is a plain value, the same for every reader.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Section(msgspec.Struct, frozen=True):
    """One part of a page: its heading, its cleaned HTML without the heading, and its words for a voice."""

    title: str
    html: str
    plain: str


class Page(msgspec.Struct, frozen=True):
    """A page of a pack: the front matter as its author wrote it (days as ISO text), and its sections."""

    front: dict[str, Any]
    sections: tuple[Section, ...]

    @property
    def plain(self) -> str:
        """All words of the page, for search and speech."""
        return "\n".join(part for section in self.sections for part in (section.title, section.plain) if part)
