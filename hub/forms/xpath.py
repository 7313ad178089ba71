"""ODK's XPath read into a tree: tokens and grammar, before anything is evaluated.

The tree is what lets the House know which questions an expression looks at, and rewrite what libxml2 cannot
do. It keeps XPath 1.0's own precedence and disambiguation rules; it never evaluates and knows no form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hub.base.errors import Refused

MAX_LENGTH = 10_000
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A quoted string, without its quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; the name may carry a prefix (``jr:itext``)."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and one of: or and = != < <= > >= + - * div mod |."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negative:
    """Unary minus."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path.

    Axis, node test (``name``, ``p:name``, ``*``, ``node()``, ``text()``), predicates.
    """

    axis: str
    test: str
    predicates: tuple[Node, ...] = ()

    @property
    def plain(self) -> bool:
        """A child by its name with nothing asked of it."""
        return self.axis == "child" and not self.predicates and self.test[-1] not in "*)"


@dataclass(frozen=True, slots=True)
class Path:
    """A location path.

    ``start`` is a filter expression it walks from, ``absolute`` says it begins at the root.
    """

    steps: tuple[Step, ...]
    absolute: bool = False
    start: Node | None = None
    filters: tuple[Node, ...] = field(default=())

    @property
    def plain(self) -> bool:
        """A path without predicates: a reference to a question."""
        return self.start is None and not any(step.predicates for step in self.steps)


Node = Number | Literal | Call | Binary | Negative | Path

_NAME = r"[^\W\d][\w.\-\u00b7]*"
_TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d*)?|\.\d+)"
    r"|(?P<literal>\"[^\"]*\"|'[^']*')"
    r"|(?P<sign>::|//|\.\.|!=|<=|>=|[()\[\]@,/|+\-=<>*.])"
    rf"|(?P<name>{_NAME}(?::(?!:)(?:{_NAME}|\*))?)"
)
_SPACE = re.compile(r"[ \t\r\n]*")
_WORDS = {"and", "or", "div", "mod"}
_AXES = {"child", "parent", "self", "descendant", "descendant-or-self", "ancestor", "ancestor-or-self"}
_AXES |= {"following-sibling", "preceding-sibling", "following", "preceding", "attribute"}
_NODE_TYPES = {"node", "text"}
_LEVELS = (("or",), ("and",), ("=", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "div", "mod"))
_EVERYWHERE = Step("descendant-or-self", "node()")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def parse(source: str) -> Node:
    """Read an expression into its tree; raises Refused("forms.broken_expression", expression=) when it is
    not one.
    """
    if len(source) > MAX_LENGTH:
        raise Refused("forms.broken_expression", expression=source[:80] + "…")
    try:
        return _Reader(_tokens(source)).whole()
    except _Broken:
        raise Refused("forms.broken_expression", expression=source.strip()[:200]) from None


class _Broken(Exception):
    """The text stopped being XPath."""


def _tokens(source: str) -> list[_Token]:
    found: list[_Token] = []
    at = _SPACE.match(source).end()  # type: ignore[union-attr]
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise _Broken
        kind, text = str(match.lastgroup), match.group()
        # XPath 1.0 §3.7: after an operand, * is multiplication and a bare word is an operator.
        after_operand = bool(found) and not (
            found[-1].kind == "operator"
            or found[-1].text in ("@", "::", "(", "[", ",")
            and found[-1].kind == "sign"
        )
        if after_operand and (text == "*" or text in _WORDS):
            kind = "operator"
        elif kind == "name" and after_operand:
            raise _Broken
        elif kind == "sign" and text in ("/", "//", "|", "+", "-", "=", "!=", "<", "<=", ">", ">="):
            kind = "operator"
        found.append(_Token(kind, text))
        at = _SPACE.match(source, match.end()).end()  # type: ignore[union-attr]
    return found


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def whole(self) -> Node:
        node = self.level(0)
        if self.at != len(self.tokens):
            raise _Broken
        return node

    def peek(self, ahead: int = 0) -> _Token:
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else _Token("end", "")

    def take(self, *texts: str) -> str | None:
        token = self.peek()
        if token.kind in ("sign", "operator") and token.text in texts:
            self.at += 1
            return token.text
        return None

    def expect(self, text: str) -> None:
        if self.take(text) is None:
            raise _Broken

    def level(self, level: int) -> Node:
        if level == 0:
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise _Broken
        if level == len(_LEVELS):
            return self.unary()
        left = self.level(level + 1)
        count = 0
        while self.peek().kind == "operator" and (operator := self.take(*_LEVELS[level])) is not None:
            left = Binary(operator, left, self.level(level + 1))
            count += 1
            if count > 200:
                raise _Broken
        if level == 0:
            self.depth -= 1
        return left

    def unary(self) -> Node:
        minus = 0
        while self.take("-"):
            minus += 1
        node = self.union()
        for _ in range(min(minus, 2) if minus % 2 == 0 else 1):
            node = Negative(node)
        return node

    def union(self) -> Node:
        left = self.path()
        while self.take("|"):
            left = Binary("|", left, self.path())
        return left

    def path(self) -> Node:
        token = self.peek()
        if token.kind in ("number", "literal") or token.text == "(" or self.is_call():
            primary = self.primary()
            filters = self.predicates()
            steps: tuple[Step, ...] = ()
            if (slash := self.take("/", "//")) is not None:
                steps = self.steps(first=(_EVERYWHERE,) if slash == "//" else ())
            return Path(steps, start=primary, filters=filters) if filters or steps else primary
        if (slash := self.take("/", "//")) is not None:
            if slash == "/" and not self.starts_step():
                return Path((), absolute=True)
            return Path(self.steps(first=(_EVERYWHERE,) if slash == "//" else ()), absolute=True)
        return Path(self.steps(first=()))

    def is_call(self) -> bool:
        token, following = self.peek(), self.peek(1)
        return token.kind == "name" and following.text == "(" and token.text not in _NODE_TYPES

    def primary(self) -> Node:
        token = self.peek()
        self.at += 1
        if token.kind == "number":
            return Number(token.text)
        if token.kind == "literal":
            return Literal(token.text[1:-1])
        if token.text == "(":
            node = self.level(0)
            self.expect(")")
            return node
        self.expect("(")
        arguments: list[Node] = []
        if self.take(")") is None:
            arguments.append(self.level(0))
            while self.take(","):
                arguments.append(self.level(0))
            self.expect(")")
        return Call(token.text, tuple(arguments))

    def predicates(self) -> tuple[Node, ...]:
        found: list[Node] = []
        while self.take("["):
            found.append(self.level(0))
            self.expect("]")
        return tuple(found)

    def starts_step(self) -> bool:
        token = self.peek()
        return token.kind == "name" or token.kind == "sign" and token.text in ("*", "@", ".", "..")

    def steps(self, first: tuple[Step, ...]) -> tuple[Step, ...]:
        found = [*first, self.step()]
        while (slash := self.take("/", "//")) is not None:
            if slash == "//":
                found.append(_EVERYWHERE)
            found.append(self.step())
        return tuple(found)

    def step(self) -> Step:
        if self.take(".."):
            return Step("parent", "node()")
        if self.take("."):
            return Step("self", "node()", self.predicates())
        axis = "child"
        if self.take("@"):
            axis = "attribute"
        elif self.peek().kind == "name" and self.peek(1).text == "::":
            axis = self.peek().text
            if axis not in _AXES:
                raise _Broken
            self.at += 2
        if self.take("*"):
            return Step(axis, "*", self.predicates())
        token = self.peek()
        if token.kind != "name":
            raise _Broken
        self.at += 1
        test = token.text
        if test in _NODE_TYPES and self.take("("):
            self.expect(")")
            test += "()"
        return Step(axis, test, self.predicates())
