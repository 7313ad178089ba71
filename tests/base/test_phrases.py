"""The catalogs: complete, the same in both languages, and all in use."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from hub.base import phrases

_HUB = Path(phrases.__file__).parents[1]
_ROOT = _HUB.parent


def _fields(phrase: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}


def test_english_says_everything_that_vietnamese_says() -> None:
    assert set(phrases.catalog("en")) == set(phrases.catalog("vi"))


def test_both_languages_fill_in_the_same_values() -> None:
    vietnamese, english = phrases.catalog("vi"), phrases.catalog("en")
    differing = {key for key in vietnamese if _fields(vietnamese[key]) != _fields(english.get(key, ""))}
    assert not differing


def test_no_phrase_is_empty() -> None:
    for lang in phrases.LANGUAGES:
        assert not [key for key, phrase in phrases.catalog(lang).items() if not phrase.strip()]


def _sources() -> str:
    texts = [path.read_text(encoding="utf-8") for path in _HUB.rglob("*.py")]
    texts += [path.read_text(encoding="utf-8") for path in _HUB.rglob("*.html")]
    return "\n".join(texts)


def test_every_phrase_is_said_somewhere() -> None:
    sources = _sources()
    # A key may be built from a value ("tickets.reason_" + reason): then its stem stands in the source.
    unused = []
    for key in phrases.catalog("vi"):
        stems = [key] + [key[: at.end()] for at in re.finditer(r"_", key)] + [key.split(".")[0] + "."]
        if not any(
            f'{stem}"' in sources or f"{stem}'" in sources or f"{stem}{{" in sources for stem in stems
        ):
            unused.append(key)
    assert not unused


def test_every_key_in_the_program_is_a_phrase() -> None:
    rooms = {key.split(".")[0] for key in phrases.catalog("vi")}
    unknown = []
    sources = _sources()
    for path in _HUB.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                match = re.fullmatch(r"([a-z_]+)\.([a-z0-9_]+[a-z0-9])", node.value)
                # "villager.home" names a view, not a phrase.
                view = match and f"def {match[2]}(" in sources
                if match and match[1] in rooms and not view and not phrases.has(node.value):
                    if not node.value.endswith(
                        (".toml", ".py", ".db", ".html", ".js", ".css", ".svg", ".json")
                    ):
                        unknown.append(f"{path.relative_to(_ROOT)}: {node.value}")
    for path in _HUB.rglob("*.html"):
        for key in re.findall(
            r"""\bt\(\s*['"]([a-z_]+\.[a-z0-9_]*[a-z0-9])['"]""", path.read_text(encoding="utf-8")
        ):
            if not phrases.has(key):
                unknown.append(f"{path.relative_to(_ROOT)}: {key}")
    assert not unknown


def test_an_unknown_language_is_answered_in_vietnamese() -> None:
    assert phrases.language("fr") == phrases.language(None) == "vi"


def test_an_unknown_key_is_a_mistake_in_the_program() -> None:
    with pytest.raises(KeyError):
        phrases.say("vi", "base.no_such_phrase")
