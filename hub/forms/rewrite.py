"""An expression's tree turned into XPath that libxml2 runs with ODK's meaning, and what it depends on.

ODK differs from XPath 1.0 in ways a function table cannot mend: an absolute path inside a repeat means this
very repeat, dates compare and subtract as days, a bare reference is true when answered, and predicates over
a choice list look back at the form. All of that is settled here, once, when a form is read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from hub.base.errors import Refused
from hub.forms import digests, functions
from hub.forms.xpath import Binary, Call, Literal, Negative, Node, Number, Path, Step

Names = tuple[str, ...]

ODK_PREFIX = "house-f"
OWN_PREFIX = "house-p"
EVERYTHING_BELOW = "**"
ANY = "*"

_COMPARING = ("<", "<=", ">", ">=")
_ARITHMETIC = ("+", "-", "*", "div", "mod")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: its node's path, and the form's paths and repeats it may refer to."""

    context: Names
    paths: Collection[Names]
    repeats: Collection[Names]
    inside: bool = False
    whole: bool = False

    def within(self) -> Place:
        """The same place inside a predicate, where the context node is no longer the question."""
        return replace(self, inside=True)

    def as_written(self) -> Place:
        """The same place with absolute paths left absolute (indexed-repeat names all the repeats)."""
        return replace(self, whole=True)


def numeric(node: Node) -> bool:
    """Whether a node is a number whatever the answers are."""
    if isinstance(node, Number | Negative):
        return True
    if isinstance(node, Binary):
        return node.operator in _ARITHMETIC
    return (
        isinstance(node, Call) and node.name in functions.FUNCTIONS and functions.FUNCTIONS[node.name].numeric
    )


def emit(node: Node, place: Place) -> str:
    """Write a node as XPath for libxml2; raises Refused for what the engine or the form does not know."""
    if isinstance(node, Number):
        return node.text
    if isinstance(node, Literal):
        return f"'{node.text}'" if "'" not in node.text else f'"{node.text}"'
    if isinstance(node, Negative):
        return f"(-{_as_number(node.operand, place)})"
    if isinstance(node, Binary):
        return _binary(node, place)
    if isinstance(node, Call):
        return _call(node, place)
    return _path(node, place)


def _binary(node: Binary, place: Place) -> str:
    operator = node.operator
    if operator in _COMPARING and not (numeric(node.left) and numeric(node.right)):
        return f"{OWN_PREFIX}:compare({emit(node.left, place)},'{operator}',{emit(node.right, place)})"
    if operator in ("+", "-"):
        return f"({_as_number(node.left, place)} {operator} {_as_number(node.right, place)})"
    if operator in ("and", "or"):
        return f"({_as_truth(node.left, place)} {operator} {_as_truth(node.right, place)})"
    return f"({emit(node.left, place)} {operator} {emit(node.right, place)})"


def _as_number(node: Node, place: Place) -> str:
    written = emit(node, place)
    return written if numeric(node) else f"{ODK_PREFIX}:number({written})"


def _as_truth(node: Node, place: Place) -> str:
    written = emit(node, place)
    return f"{ODK_PREFIX}:boolean({written})" if isinstance(node, Path) and node.plain else written


def _call(node: Call, place: Place) -> str:
    known = functions.FUNCTIONS.get(node.name)
    if known is None:
        raise Refused("forms.unsupported_function", function=node.name)
    if len(node.arguments) < known.least or known.most is not None and len(node.arguments) > known.most:
        raise Refused("forms.wrong_argument_count", function=node.name)
    if node.name == "current" and not place.inside:
        return "."
    if node.name == "regex" and isinstance(node.arguments[1], Literal):
        functions.pattern(node.arguments[1].text)
    if node.name == "digest" and all(isinstance(one, Literal) for one in node.arguments[1:]):
        digests.check(*(one.text for one in node.arguments[1:] if isinstance(one, Literal)))
    if node.name == "not":
        return f"not({_as_truth(node.arguments[0], place)})"
    if node.name == "indexed-repeat":
        first = [emit(node.arguments[0], place.as_written())]
        written = first + [
            emit(one, place.as_written() if at % 2 == 0 else place)
            for at, one in enumerate(node.arguments[1:])
        ]
    elif node.name == "if":
        written = [_as_truth(node.arguments[0], place), *(emit(one, place) for one in node.arguments[1:])]
    else:
        written = [emit(one, place) for one in node.arguments]
    # position() without a node is XPath's own; with one it is ODK's.
    if known.run is None or node.name == "position" and not written:
        return f"{node.name}({','.join(written)})"
    return f"{ODK_PREFIX}:{node.name.rpartition(':')[2]}({','.join(written)})"


def _path(node: Path, place: Place) -> str:
    if node.start is not None:
        return _lookup(node, place) or _filtered(node, place)
    steps = "/".join(_step(step, place) for step in node.steps)
    if not node.absolute:
        return steps
    names = leading(node)
    if not node.steps or node.steps[0] == Step("descendant-or-self", "node()"):
        return f"{OWN_PREFIX}:root()/{steps}" if node.steps else f"{OWN_PREFIX}:root()"
    if names and names not in place.paths:
        raise Refused("forms.unknown_reference", reference="/" + "/".join(names))
    repeat = () if place.whole else shared_repeat(names, place)
    if repeat:
        ups = "/".join([".."] * (len(place.context) - len(repeat))) or "."
        start = f"{ODK_PREFIX}:current()/{ups}" if place.inside else ups
        rest = "/".join(_step(step, place) for step in node.steps[len(repeat) :])
        return f"{start}/{rest}" if rest else start
    below = "/".join(_step(step, place) for step in node.steps[1:])
    if not place.inside:
        return f"/{steps}"
    if not names:
        return f"{OWN_PREFIX}:root()/../{steps}"
    return f"{OWN_PREFIX}:root()/{below}" if below else f"{OWN_PREFIX}:root()"


def shared_repeat(names: Names, place: Place) -> Names:
    """The innermost repeat a path has in common with the place: ODK means this very instance of it."""
    found: Names = ()
    for length in range(2, min(len(names), len(place.context)) + 1):
        if names[:length] != place.context[:length]:
            break
        if names[:length] in place.repeats and length < len(names):
            found = names[:length]
    return found


def leading(node: Path) -> Names:
    """The plain names an absolute path begins with."""
    names: list[str] = []
    for step in node.steps:
        if not step.plain:
            break
        names.append(step.test)
    return tuple(names)


def _filtered(node: Path, place: Place) -> str:
    start = emit(node.start, place) if node.start is not None else ""
    if not isinstance(node.start, Call):
        start = f"({start})"
    start += "".join(f"[{emit(one, place.within())}]" for one in node.filters)
    steps = "/".join(_step(step, place) for step in node.steps)
    return f"{start}/{steps}" if steps else start


def _lookup(node: Path, place: Place) -> str | None:
    """Turn instance('x')/root/item[key = something of the form and …] into an indexed search."""
    call = node.start
    if not isinstance(call, Call) or call.name != "instance" or len(call.arguments) != 1 or node.filters:
        return None
    at = next((at for at, step in enumerate(node.steps) if step.predicates), None)
    if at is None or not isinstance(call.arguments[0], Literal):
        return None
    if not all(step.axis == "child" and step.test[-1] not in "*)" for step in node.steps[: at + 1]):
        return None
    first, *others = node.steps[at].predicates
    keys: list[str] = []
    left: list[Node] = []
    for term in _terms(first):
        key, wanted = _key(term)
        if key is None or wanted is None:
            left.append(term)
        else:
            keys += [f"'{key}'", emit(wanted, place)]
    if not keys:
        return None
    route = "/".join(step.test for step in node.steps[: at + 1])
    found = f"{OWN_PREFIX}:lookup({emit(call.arguments[0], place)},'{route}',{','.join(keys)})"
    # A bare number as a predicate would be a position; as a term of "and" it is a truth.
    found += "".join(f"[boolean({_as_truth(one, place.within())})]" for one in left)
    found += "".join(f"[{emit(one, place.within())}]" for one in others)
    rest = "/".join(_step(step, place) for step in node.steps[at + 1 :])
    return f"{found}/{rest}" if rest else found


def _terms(node: Node) -> Iterator[Node]:
    if isinstance(node, Binary) and node.operator == "and":
        yield from _terms(node.left)
        yield from _terms(node.right)
    else:
        yield node


def _key(node: Node) -> tuple[str | None, Node | None]:
    if not isinstance(node, Binary) or node.operator != "=":
        return None, None
    for key, wanted in ((node.left, node.right), (node.right, node.left)):
        is_child = isinstance(key, Path) and key.start is None and not key.absolute and len(key.steps) == 1
        if isinstance(key, Path) and is_child and key.steps[0].plain and _of_the_form(wanted, text=True):
            return key.steps[0].test, wanted
    return None, None


def _of_the_form(node: Node, *, text: bool = False) -> bool:
    """Whether a node is the same for every item searched; with ``text`` never a number or a truth either."""
    if isinstance(node, Literal | Number):
        return isinstance(node, Literal) or not text
    if isinstance(node, Call):
        known = functions.FUNCTIONS.get(node.name)
        if text and not (known and known.textual):
            return False
        return node.name not in ("position", "last", "name", "local-name") and all(
            _of_the_form(one) for one in node.arguments
        )
    if isinstance(node, Negative):
        return not text and _of_the_form(node.operand)
    if isinstance(node, Binary):
        return not text and _of_the_form(node.left) and _of_the_form(node.right)
    if node.start is not None and not (isinstance(node.start, Call) and node.start.name == "current"):
        return False
    return (node.absolute or node.start is not None) and not any(step.predicates for step in node.steps)


def _step(step: Step, place: Place) -> str:
    if step == Step("parent", "node()"):
        return ".."
    if step.axis == "self" and step.test == "node()" and not step.predicates:
        return "."
    axis = "" if step.axis == "child" else "@" if step.axis == "attribute" else f"{step.axis}::"
    return axis + step.test + "".join(f"[{emit(one, place.within())}]" for one in step.predicates)


def from_element(node: Node, attribute: str) -> Node:
    """An attribute's expression seen from its element, which is where libxml2 evaluates it."""
    if isinstance(node, Call):
        return replace(node, arguments=tuple(from_element(one, attribute) for one in node.arguments))
    if isinstance(node, Binary):
        left, right = from_element(node.left, attribute), from_element(node.right, attribute)
        return replace(node, left=left, right=right)
    if isinstance(node, Negative):
        return replace(node, operand=from_element(node.operand, attribute))
    if not isinstance(node, Path) or node.absolute:
        return node
    if node.start is not None and not (isinstance(node.start, Call) and node.start.name == "current"):
        return replace(node, start=from_element(node.start, attribute))
    first, *rest = node.steps or (Step("self", "node()"),)
    if first == Step("parent", "node()"):
        return replace(node, steps=tuple(rest) or (Step("self", "node()"),))
    if first == Step("self", "node()"):
        return replace(node, steps=(Step("attribute", attribute), *rest))
    return node
