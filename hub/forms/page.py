"""What a desk is handed to draw: pages of questions, and what is wrong with an answer.

Plain values, complete for one language and one moment; drawing them needs no form and no instance. Labels
are text as the author wrote it (Markdown perhaps) with answers filled in: a desk must escape or clean them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from hub.forms import media
from hub.forms.media import Media
from hub.forms.model import QuestionType
from hub.forms.ranges import Range


class ProblemKind(Enum):
    """Why an answer is not good yet."""

    UNREADABLE = "unreadable"
    NOT_A_CHOICE = "not_a_choice"
    REQUIRED = "required"
    CONSTRAINT = "constraint"
    #: Not a fault: the question appeared because of an answer on the same page and has not been seen yet.
    NEWLY_ASKED = "newly_asked"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct.

    ``text`` is the form's own message in the reader's language, else ``key`` is our phrase.
    """

    page_id: str
    path: str
    kind: ProblemKind
    label: str
    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a select."""

    value: str
    label: str
    selected: bool
    media: Media = media.NONE


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Draw ``value`` in a field called ``name``, and a hidden field ``asked`` holding ``name``. A rank's choices
    stand in the order given, once ``value`` says that one was; ``look_up`` lists what a text typed into a
    long list may mean.
    """

    path: str
    name: str
    type: QuestionType
    appearance: tuple[str, ...]
    label: str
    hint: str
    required: bool
    read_only: bool
    value: str
    choices: tuple[Choice, ...] = ()
    problem: Problem | None = None
    guidance: str = ""
    media: Media = media.NONE
    span: Range | None = None
    rows: int | None = None
    accuracy_m: float | None = None
    look_up: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupStart:
    """A group inside a page begins."""

    label: str
    appearance: tuple[str, ...]
    path: str | None
    depth: int = 1


@dataclass(frozen=True, slots=True)
class GroupEnd:
    """The innermost open group ends."""


@dataclass(frozen=True, slots=True)
class RepeatStart:
    """A repeat begins.

    ``add_name`` is the name of a submit button that adds one more, None where nobody may.
    """

    path: str
    label: str
    appearance: tuple[str, ...]
    count: int
    add_name: str | None
    depth: int = 1


@dataclass(frozen=True, slots=True)
class RepeatItemStart:
    """One instance of the innermost open repeat begins; ``remove_name`` is a submit button's name or None.

    ``label`` is the repeat's, seen from this instance; ``depth`` counts what it stands in.
    """

    path: str
    number: int
    remove_name: str | None
    label: str = ""
    depth: int = 1


@dataclass(frozen=True, slots=True)
class RepeatItemEnd:
    """The innermost open repeat instance ends."""


@dataclass(frozen=True, slots=True)
class RepeatEnd:
    """The innermost open repeat ends; the button that adds one more stands here when there are any."""

    path: str = ""
    count: int = 0
    add_name: str | None = None
    label: str = ""


Item = Question | GroupStart | GroupEnd | RepeatStart | RepeatItemStart | RepeatItemEnd | RepeatEnd


@dataclass(frozen=True, slots=True)
class PageState:
    """A page in the contents: ``left`` counts required answers that are missing, ``wrong`` what must be
    corrected.
    """

    id: str
    title: str
    left: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page; ``id`` stays the same whatever is answered, ``title`` is empty where the author gave none."""

    id: str
    title: str
    items: tuple[Item, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions alone."""
        return tuple(item for item in self.items if isinstance(item, Question))
