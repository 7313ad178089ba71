"""How one question looks on a page: which field draws it, how wide, with what hint; and its answer in words.

Every appearance of XLSForm that means something on a page has its place here; what a page cannot do (a
map, a compass) is drawn as the plain question, and the form's author was told so. Nothing here changes an
answer.
"""

from __future__ import annotations

import re
from typing import Any

from hub.desks import shell
from hub.desks.guide import rich
from hub.forms.model import QuestionType
from hub.forms.page import Choice, Question
from hub.trades.dossiers import sheaves

MANY_CHOICES = 9
_RADIO_STOPS = 12
_LISTED_STOPS = 400
_DATALIST = 400
_FOLDED_CHECKS = 24
_LINES = {"likert", "list", "list-nolabel"}
_COLUMNS = re.compile(r"columns-([0-9]{1,2})")
_WIDTH = re.compile(r"w([0-9]{1,2})")
_PLAIN = {
    QuestionType.RANK: "rank",
    QuestionType.BARCODE: "barcode",
    QuestionType.GEOPOINT: "point",
    QuestionType.GEOTRACE: "points",
    QuestionType.GEOSHAPE: "points",
    QuestionType.TIME: "time",
    QuestionType.DATE_TIME: "moment",
    QuestionType.DECIMAL: "decimal",
    QuestionType.INTEGER: "number",
}
_ACCEPT = {
    QuestionType.IMAGE: "image/*,application/pdf",
    QuestionType.AUDIO: "audio/*",
    QuestionType.VIDEO: "video/*",
    QuestionType.FILE: "image/*,application/pdf,audio/*,video/*",
}
_HOW = {
    "date": "shared.date_hint",
    "month": "fields.month_hint",
    "year": "fields.year_hint",
    "moment": "fields.moment_hint",
    "time": "fields.time_hint",
    "point": "fields.point_hint",
    "points": "fields.points_hint",
    "lookup": "fields.lookup_hint",
    "rank": "fields.rank_hint",
}


def kind(question: Question) -> str:
    """Return which of the page's fields draws a question."""
    asked, looks = question.type, question.appearance
    if asked is QuestionType.NOTE:
        return "head" if question.choices else "note"
    if question.read_only:
        return "fixed"
    if asked is QuestionType.ACKNOWLEDGE:
        return "acknowledge"
    if asked.is_file:
        return "ink" if asked is QuestionType.IMAGE and {"signature", "draw"} & set(looks) else "file"
    if asked is QuestionType.SELECT_MULTIPLE:
        return "checks"
    if asked is QuestionType.SELECT_ONE:
        return _one_of(question)
    if asked is QuestionType.RANGE:
        return _range(question)
    if asked is QuestionType.DATE:
        return "year" if "year" in looks else "month" if "month-year" in looks else "date"
    if asked in _PLAIN:
        return _PLAIN[asked]
    if "numbers" in looks:
        return "digits"
    if "url" in looks:
        return "url"
    return "area" if "multiline" in looks or (question.rows or 0) > 1 else "text"


def _one_of(question: Question) -> str:
    looks = set(question.appearance)
    if "minimal" not in looks and looks & {"search", "autocomplete"}:
        return "lookup"
    if "minimal" in looks:
        return "select"
    few = len(question.choices) <= MANY_CHOICES
    spread = looks & (_LINES | {"quick"}) or any(one.startswith(("columns", "compact")) for one in looks)
    pictured = any(one.media.names for one in question.choices)
    return "radio" if few or (spread or pictured) and len(question.choices) <= _LISTED_STOPS else "select"


def _range(question: Question) -> str:
    count = question.span.count if question.span else 0
    if "picker" in question.appearance and count <= _LISTED_STOPS:
        return "select"
    return "radio" if 0 < count <= _RADIO_STOPS else "number"


def layout(question: Question) -> str:
    """Return the classes that lay a question's choices out; empty for the plain list."""
    looks = set(question.appearance)
    count = len(pairs(question))
    if looks & _LINES or question.type is QuestionType.NOTE or _is_scale(question):
        return f"scale of-{min(count, 12)}" + (" unlabelled" if "list-nolabel" in looks else "")
    found = []
    for look in question.appearance:
        if match := _COLUMNS.fullmatch(look):
            found.append(f"cols-{max(1, min(10, int(match[1])))}")
    if "columns" in looks or "compact" in looks:
        found.append("cols-auto")
    if "columns-pack" in looks or "quickcompact" in looks:
        found.append("cols-pack")
    if "no-buttons" in looks:
        found.append("no-buttons")
    if "vertical" in looks:
        found.append("cols-1")
    return " ".join(found)


def _is_scale(question: Question) -> bool:
    return question.type is QuestionType.RANGE and "vertical" not in question.appearance


def width(question: Question) -> str:
    """Return the class of a question's share of a twelve-column page."""
    for look in question.appearance:
        if (match := _WIDTH.fullmatch(look)) and 1 <= int(match[1]) <= 12:
            return f"w-{int(match[1])}"
    return "w-12"


def how(question: Question) -> str:
    """Return how an answer is written: its form, the limits of a range, how exact a place should be."""
    drawn = kind(question)
    if question.span is not None and drawn == "number":
        stops = (question.span.start, question.span.end, question.span.step)
        low, high, step = (_comma(format(one.normalize(), "f")) for one in stops)
        return shell.say("fields.range_hint", low=low, high=high, step=step)
    if drawn == "point" and question.accuracy_m:
        return shell.say("fields.point_exact", metres=f"{question.accuracy_m:g}")
    if drawn == "radio" and question.type is QuestionType.RANGE:
        return ""
    return shell.say(_HOW[drawn]) if drawn in _HOW else ""


def pairs(question: Question) -> list[tuple[str, str]]:
    """Return the choices of a question as (value, label); the stops of a range as they are typed."""
    if question.span is None:
        return [(choice.value, choice.label) for choice in question.choices]
    labels = {choice.value: choice.label for choice in question.choices}
    stars = "rating" in question.appearance
    found = []
    for stop in question.span.stops:
        label = labels.get(stop, "")
        said = f"{_comma(stop)} {'★' if stars else ''}".strip()
        found.append((_comma(stop), f"{said} – {rich.plain(label)}" if label else said))
    return found


def _exact(number: str) -> str:
    """A number without idle zeros, so that 2,0 is the stop called 2."""
    number = number.replace(",", ".")
    return number.rstrip("0").rstrip(".") if "." in number else number


def _comma(number: str) -> str:
    return number.replace(".", ",")


def chosen(question: Question) -> list[str]:
    """Return the values that are selected."""
    if question.span is not None:
        return [_comma(_exact(question.value))] if question.value else []
    return [choice.value for choice in question.choices if choice.selected]


def beside(question: Question) -> dict[str, Choice]:
    """Return the choices that have a picture or a recording beside them, by value."""
    return {one.value: one for one in question.choices if one.media.names}


def listed(question: Question) -> tuple[Choice, ...]:
    """Return what a long list offers while one types; a list too long for that is searched by the House."""
    return question.choices if len(question.choices) <= _DATALIST else ()


def folded(question: Question) -> bool:
    """Return whether a question with many ticks is folded until it is opened."""
    return "minimal" in question.appearance or len(question.choices) > _FOLDED_CHECKS


def accept(question: Question) -> str:
    """Return the kinds of file a question takes."""
    return _ACCEPT[question.type]


def camera(question: Question) -> str:
    """Return which camera opens by itself, empty where a file may be chosen as well."""
    looks = set(question.appearance)
    return "user" if "new-front" in looks else "environment" if "new" in looks else ""


def paged(question: Question) -> bool:
    """Return whether a question may be answered with scanned or photographed pages."""
    return sheaves.takes_pages(question.type, question.appearance)


def shown(question: Question) -> str:
    """Return an answer as it is read back: the labels of what was chosen, else what was typed."""
    if "masked" in question.appearance or "hidden-answer" in question.appearance:
        return shell.say("fields.hidden_answer") if question.value else ""
    if question.span is not None:
        labels = dict(pairs(question)) if _named(question) else {}
        return labels.get("".join(chosen(question)), question.value)
    if question.type is QuestionType.RANK:
        ranked = [choice.label for choice in question.choices if choice.selected]
        return "; ".join(f"{at}. {rich.plain(label)}" for at, label in enumerate(ranked, start=1))
    if question.choices:
        said = ", ".join(
            rich.plain(choice.label) or choice.value for choice in question.choices if choice.selected
        )
        return said or (question.value if question.look_up else "")
    if question.type is QuestionType.ACKNOWLEDGE:
        return shell.say("guide.agreed") if question.value else ""
    return question.value


def _named(question: Question) -> bool:
    return bool(question.choices) and question.span is not None and question.span.count <= _LISTED_STOPS


def label(question: Question) -> str:
    """Return a question's label in words; one that is only a picture has its name."""
    return rich.plain(question.label) or question.path.rpartition("/")[2].partition("[")[0]


def helpers() -> dict[str, Any]:
    """Return what the templates of questions need in their context."""
    return {
        "widget": kind,
        "layout": layout,
        "width": width,
        "how": how,
        "pairs": pairs,
        "chosen": chosen,
        "beside": beside,
        "listed": listed,
        "folded": folded,
        "accept": accept,
        "camera": camera,
        "paged": paged,
        "shown": shown,
        "name_of": label,
        "rich": rich.shown,
        "plain": rich.plain,
    }
