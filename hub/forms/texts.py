"""A form's texts and expressions taken from its XML: translations, messages, references inside labels.

Keeps every language the form has; says nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hub.base.errors import Refused
from hub.forms import media
from hub.forms.expressions import Expression
from hub.forms.markup import XFORMS, Element, local
from hub.forms.media import Media
from hub.forms.model import INLINE, Parts, Words
from hub.forms.rewrite import Names, Place

_ITEXT = re.compile(r"\s*jr:itext\(\s*(?:'([^']*)'|\"([^\"]*)\")\s*\)\s*")
_SPACE = re.compile(r"[ \t\r\n]*\n[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles a form's expressions at their places."""

    paths: frozenset[Names]
    repeats: frozenset[Names]
    namespaces: Mapping[str, str]
    lists: frozenset[str] | None = None

    def compile(self, source: str, context: Names) -> Expression:
        """Compile ``source`` as written at ``context``; a refusal names that place."""
        try:
            found = Expression(source, Place(context, self.paths, self.repeats), self.namespaces)
            unknown = found.lists - self.lists if self.lists is not None else ()
            if unknown:
                raise Refused("forms.unknown_list", name=sorted(unknown)[0])
            return found
        except Refused as refused:
            raise Refused(refused.key, **{"path": "/" + "/".join(context), **refused.values}) from None


@dataclass(frozen=True, slots=True)
class Texts:
    """The translations of a form, still as XML, so that each use compiles its references where it stands."""

    languages: tuple[str, ...]
    default: str
    words: Mapping[str, Words]
    compiler: Compiler
    _values: Mapping[str, Mapping[str, Element]]
    _guidance: Mapping[str, Mapping[str, Element]]

    @property
    def illustrated(self) -> bool:
        """Whether any text has a picture or a recording beside it."""
        return any(words.media for words in self.words.values())

    def label(self, node: Element | None, context: Names) -> Words:
        """The words of a label or hint element."""
        if node is None:
            return Words()
        name = _itext_name(node.get("ref"))
        if name is not None:
            return self.named(name, context)
        source = node.get("ref")
        if source:
            return Words({INLINE: (self.compiler.compile(source, context),)})
        return Words({INLINE: parts(node, self.compiler, context)})

    def guidance(self, node: Element | None, context: Names) -> Words:
        """The longer guidance that stands behind a hint, for whoever asks for it."""
        name = _itext_name(node.get("ref")) if node is not None else None
        return self._compiled(self._guidance.get(name or "", {}), context)

    def message(self, source: str | None, context: Names) -> Words:
        """The words of a message attribute."""
        if not source:
            return Words()
        name = _itext_name(source)
        return self.named(name, context) if name is not None else Words({INLINE: (source,)})

    def named(self, name: str, context: Names) -> Words:
        """The words of translation ``name``, its references seen from ``context``."""
        if name not in self.words and name not in self._guidance:
            raise Refused("forms.unknown_text", name=name)
        beside = self.words[name].media if name in self.words else {}
        return self._compiled(self._values.get(name, {}), context, beside)

    def _compiled(
        self, values: Mapping[str, Element], context: Names, beside: Mapping[str, Media] | None = None
    ) -> Words:
        texts = {language: parts(value, self.compiler, context) for language, value in values.items()}
        return Words(texts, beside or {})


def read_texts(model: Element, compiler: Compiler, root: Names) -> Texts:
    """Read the itext block; the first language is the default where none says so."""
    languages: dict[str, None] = {}
    default = ""
    held: dict[str, dict[str, Element]] = {}
    guidance: dict[str, dict[str, Element]] = {}
    beside: dict[str, dict[str, Media]] = {}
    for translation in model.findall(f"{{{XFORMS}}}itext/{{{XFORMS}}}translation"):
        language = translation.get("lang") or ""
        languages[language] = None
        if translation.get("default") is not None:
            default = language
        for one in translation.findall(f"{{{XFORMS}}}text"):
            name, files = one.get("id") or "", dict[str, str]()
            for value in one.findall(f"{{{XFORMS}}}value"):
                form = value.get("form")
                if form in (None, "", "long"):
                    held.setdefault(name, {}).setdefault(language, value)
                elif form == "guidance":
                    guidance.setdefault(name, {}).setdefault(language, value)
                else:
                    files[form] = value.text or ""
            found = media.read(files)
            if found.names:
                beside.setdefault(name, {})[language] = found
    default = default or next(iter(languages), "")
    words = {
        name: Words(
            {language: parts(value, compiler, root) for language, value in held.get(name, {}).items()},
            beside.get(name, {}),
        )
        for name in (*held, *(name for name in beside if name not in held))
    }
    return Texts(tuple(languages), default, words, compiler, held, guidance)


def parts(node: Element, compiler: Compiler, context: Names) -> Parts:
    """The text of an element, its <output/> elements compiled at ``context``."""
    found: list[str | Expression] = [node.text] if node.text else []
    for child in node:
        if local(child) == "output":
            found.append(compiler.compile(child.get("value") or child.get("ref") or "", context))
        else:
            found.extend(parts(child, compiler, context))
        if child.tail:
            found.append(child.tail)
    # pyxform puts a space before and after a label that holds a reference.
    if found and isinstance(found[0], str):
        found[0] = found[0].lstrip()
    if found and isinstance(found[-1], str):
        found[-1] = found[-1].rstrip()
    return tuple(one for one in found if one != "")


def _itext_name(source: str | None) -> str | None:
    match = _ITEXT.fullmatch(source or "")
    return (match[1] if match[1] is not None else match[2]) if match else None
