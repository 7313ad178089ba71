"""Which appearances the House draws, and which it folds into the plain question; for a form's author.

Knows names alone: how a thing is drawn is the desk's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.forms.model import BodyNode, Form, QuestionNode, walk

DRAWN = frozenset(
    """numbers multiline url thousands-sep masked month-year year no-calendar minimal search autocomplete
    quick columns columns-pack no-buttons likert list list-nolabel label table-list field-list hidden-answer
    signature draw new new-front vertical no-ticks picker rating compact quickcompact horizontal
    horizontal-compact pages""".split()
)
_DRAWN_LIKE = re.compile(r"(?:columns|compact|quickcompact)-[0-9]{1,2}|w(?:[1-9]|1[0-2])")
#: These ask for something a page drawn by the House cannot do; the plain question is drawn instead.
FOLDED = frozenset(
    """annotate maps map placement-map hide-input bearing counter image-map distress no-collapse summary front
    selfie new-rear coptic ethiopian islamic bikram-sambat myanmar persian buddhist""".split()
)
_FOLDED_LIKE = re.compile(r"ex:.*|printer:?.*|intent.*|dhis2:.*")


def found(form: Form) -> Iterator[tuple[BodyNode, str, bool]]:
    """Every appearance that is not drawn: the node, the appearance, and whether it is known at all."""
    for node in walk(form.body):
        argument = ""
        for look in node.appearance:
            if argument:
                # An argument in brackets may hold spaces; its parts are no appearances.
                argument = "" if look.endswith(")") else argument
                continue
            if "(" in look and not look.endswith(")"):
                argument = look
            if look in DRAWN or _DRAWN_LIKE.fullmatch(look):
                continue
            name = look.partition("(")[0]
            yield node, look, name in FOLDED or _FOLDED_LIKE.fullmatch(look) is not None


def place(node: BodyNode) -> tuple[str, ...]:
    """A body node's path; a group that is only visual stands where its first question does."""
    if isinstance(node, QuestionNode) or node.path is not None:
        return node.path or ()
    return next((below.path[:-1] for below in walk(node.children) if below.path), ())
