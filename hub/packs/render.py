"""From an author's Markdown to what a desk shows and a voice reads: done once, when a pack is installed.

Keeps true: a page's HTML holds nothing but the few tags named here, whatever its author wrote; every section
has plain words beside its HTML, so that it can be read aloud alone. It never runs while a visitor waits.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from hub.base import text
from hub.base.errors import NotReady
from hub.packs.pages import Page, Section

# What wiring gives to ``install``: these files become ``<name>.json`` beside themselves.
PAGES = ("lessons/*/*.md", "fraud/*.md", "procedures/*/guide.*.md")

_FENCE = re.compile(r"\A\ufeff?\+\+\+[ \t]*\n(?P<front>.*?)^\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TAGS = {"p", "ul", "ol", "li", "strong", "em", "a", "h3", "h4", "blockquote", "br", "hr", "code"}
_TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
_ENDS = ".!?…:;"


def page(source: str, name: str) -> Page:
    """Return the page written in ``source``: TOML front matter between ``+++`` lines, then Markdown.

    Sections begin at ``##``; what stands before the first one has no heading. Raises
    ``NotReady("packs.bad_page")`` with ``name``, the line and what is wrong.
    """
    source = source.replace("\r\n", "\n")
    match = _FENCE.match(source)
    if not match:
        raise NotReady("packs.bad_page", file=name, line=1, why="+++")
    try:
        front = tomllib.loads(match["front"])
    except tomllib.TOMLDecodeError as bad:
        at = re.search(r"line (\d+)", str(bad))
        line = int(at[1]) + 1 if at else 1
        raise NotReady("packs.bad_page", file=name, line=line, why=str(bad)) from bad
    body = source[match.end() :]
    first_line = (source[: match.end()] + body[: len(body) - len(body.lstrip())]).count("\n")
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text.clean(body, lines=True))
    return Page(_plain_values(front), tuple(_sections(parser, tokens, name, first_line)))


def prepare(source: Path, target: Path) -> None:
    """Write the page of ``source`` to ``<target>.json``; made to be handed to ``install``."""
    try:
        written = source.read_text(encoding="utf-8")
    except UnicodeDecodeError as bad:
        raise NotReady("packs.bad_page", file=source.name, line=1, why=str(bad)) from bad
    made = page(written, source.name)
    shown = {"front": made.front, "sections": [msgspec.structs.asdict(section) for section in made.sections]}
    Path(f"{target}.json").write_text(json.dumps(shown, ensure_ascii=False, sort_keys=True), encoding="utf-8")


def _sections(parser: MarkdownIt, tokens: list[Token], name: str, first_line: int) -> list[Section]:
    found: list[Section] = []
    title, body = "", list[Token]()

    def close() -> None:
        if title or body:
            html = nh3.clean(
                parser.renderer.render(body, parser.options, {}),
                tags=_TAGS,
                attributes={"a": {"href"}, "ol": {"start"}},
                url_schemes={"https", "http", "tel"},
            )
            found.append(Section(title, html.strip(), _spoken(body)))

    place = 0
    while place < len(tokens):
        token = tokens[place]
        for child in token.children or ():
            if child.type == "image":
                line = first_line + (token.map[0] if token.map else 0) + 1
                raise NotReady("packs.bad_page", file=name, line=line, why="![…](…)")
        if token.type == "heading_open" and token.tag in {"h1", "h2"}:
            close()
            title, body = _words(tokens[place + 1]), []
            place += 3
            continue
        body.append(token)
        place += 1
    close()
    return found


def _words(inline: Token) -> str:
    breaks = {"softbreak", "hardbreak"}
    said = [" " if child.type in breaks else child.content for child in inline.children or ()]
    return text.clean("".join(said))


def _spoken(tokens: list[Token]) -> str:
    lines: list[str] = []
    counts: list[int | None] = []
    for token in tokens:
        if token.type == "ordered_list_open":
            counts.append(int(token.attrs.get("start", 1)))
        elif token.type == "bullet_list_open":
            counts.append(None)
        elif token.type in {"ordered_list_close", "bullet_list_close"}:
            counts.pop()
        elif token.type in {"fence", "code_block"}:
            lines.append(text.clean(token.content))
        elif token.type == "list_item_open" and counts and counts[-1] is not None:
            lines.append(f"{counts[-1]}.")
            counts[-1] += 1
        elif token.type == "inline" and (said := _words(token)):
            # Without a full stop a voice runs one list item into the next.
            said = said if said[-1] in _ENDS else f"{said}."
            if lines and re.fullmatch(r"\d+\.", lines[-1]):
                lines[-1] = f"{lines[-1]} {said}"
            else:
                lines.append(said)
    return "\n".join(line for line in lines if line)


def _plain_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain_values(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain_values(inner) for inner in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return text.clean(value, lines=True) if isinstance(value, str) else value
