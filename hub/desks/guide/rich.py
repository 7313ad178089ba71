"""What an author wrote into a label, as a page shows it and as a voice reads it: Markdown and a little HTML.

Keeps true: what reaches a page has been cleaned to the few tags named here, whatever was written or answered
into the label. It keeps nothing between two pages: a label may hold an answer.
"""

from __future__ import annotations

import html as entities
import re

from markupsafe import Markup, escape

_TAGS = {"strong", "b", "em", "i", "u", "s", "del", "code", "sub", "sup", "br", "a", "small", "mark"}
_SPECIAL = re.compile(r"[*_#<&\[\]\\`~\n]|https?://")
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*")
_BULLET = re.compile(r"(\s*)[-*+]\s+(.*)")
_TAG = re.compile(r"<[^>]*>")


def shown(text: str) -> Markup:
    """Return a label as HTML that may stand inside a line of text."""
    if not _SPECIAL.search(text):
        return escape(text)
    import nh3
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("strikethrough")
    lines = []
    for line in text.strip().split("\n"):
        heading, bullet = _HEADING.fullmatch(line), _BULLET.fullmatch(line)
        written = heading[2] if heading else bullet[2] if bullet else line
        made = parser.renderInline(written)
        lines.append(f"<strong>{made}</strong>" if heading else f"• {made}" if bullet else made)
    clean = nh3.clean(
        "<br>".join(lines),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "http", "tel"},
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return Markup(clean)  # noqa: S704 - nh3 has just cleaned it


def plain(text: str) -> str:
    """Return a label's words alone, on one line."""
    if not _SPECIAL.search(text):
        return text
    spaced = str(shown(text)).replace("<br>", " ")
    return " ".join(entities.unescape(_TAG.sub("", spaced)).split())
