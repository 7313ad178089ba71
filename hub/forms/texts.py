"""A form's texts and expressions taken from its XML: translations, messages, references inside labels.

Keeps every language the form has; says nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hub.base.errors import Refused
from hub.forms.expressions import Expression
from hub.forms.markup import XFORMS, Element, local
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

    def compile(self, source: str, context: Names) -> Expression:
        """Compile ``source`` as written at ``context``; a refusal names that place."""
        try:
            return Expression(source, Place(context, self.paths, self.repeats), self.namespaces)
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

    def message(self, source: str | None, context: Names) -> Words:
        """The words of a message attribute."""
        if not source:
            return Words()
        name = _itext_name(source)
        return self.named(name, context) if name is not None else Words({INLINE: (source,)})

    def named(self, name: str, context: Names) -> Words:
        """The words of translation ``name``, its references seen from ``context``."""
        if name not in self._values:
            raise Refused("forms.unknown_text", name=name)
        return Words(
            {language: parts(value, self.compiler, context) for language, value in self._values[name].items()}
        )


def read_texts(model: Element, compiler: Compiler, root: Names) -> Texts:
    """Read the itext block; the first language is the default where none says so."""
    languages: dict[str, None] = {}
    default = ""
    held: dict[str, dict[str, Element]] = {}
    for translation in model.findall(f"{{{XFORMS}}}itext/{{{XFORMS}}}translation"):
        language = translation.get("lang") or ""
        languages[language] = None
        if translation.get("default") is not None:
            default = language
        for one in translation.findall(f"{{{XFORMS}}}text"):
            for value in one.findall(f"{{{XFORMS}}}value"):
                if value.get("form") in (None, "", "long"):
                    held.setdefault(one.get("id") or "", {}).setdefault(language, value)
    default = default or next(iter(languages), "")
    words = {
        name: Words({language: parts(value, compiler, root) for language, value in values.items()})
        for name, values in held.items()
    }
    return Texts(tuple(languages), default, words, compiler, held)


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
