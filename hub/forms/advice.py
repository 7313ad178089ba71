"""What an author of a form is told: each mistake and each warning with its sheet and row.

Knows no spreadsheet and no form: only how a finding is written down and said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.base import phrases
from hub.base.errors import Refused

SAID = "forms.author.said"
"""The key of what pyxform says in its own words."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding: a phrase with its values, where in the source it stands if that is known."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    sheet: str = ""
    row: int | None = None

    def said(self, lang: str) -> str:
        """The finding with its place, in a reader's language."""
        told = phrases.say(lang, self.key, **self.values)
        if self.row is not None:
            return phrases.say(lang, "forms.author.row", sheet=self.sheet, row=self.row, message=told)
        return phrases.say(lang, "forms.author.sheet", sheet=self.sheet, message=told) if self.sheet else told

    def __str__(self) -> str:
        """The finding in the House's first language."""
        return self.said(phrases.LANGUAGES[0])


class Mistakes(Refused):
    """Everything that keeps a form out, at once; ``found`` has each with its place.

    Its own words are in the House's first language: where another is read, say ``found`` one by one.
    """

    def __init__(self, found: Sequence[Advice]) -> None:
        """Take the findings, one or more."""
        self.found = tuple(found)
        if len(self.found) > 1:
            super().__init__("forms.author.many", count=len(self.found), list="\n".join(map(str, self.found)))
            return
        (one,) = self.found
        message = phrases.say(phrases.LANGUAGES[0], one.key, **one.values)
        if one.row is not None:
            super().__init__("forms.author.row", sheet=one.sheet, row=one.row, message=message)
        elif one.sheet:
            super().__init__("forms.author.sheet", sheet=one.sheet, message=message)
        elif one.key == SAID:
            super().__init__("forms.author.refused", message=message)
        else:
            super().__init__(one.key, **one.values)
