"""Any form that was let in is drawn and takes any answer: none fails in front of a villager."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hub.base.house import House
from hub.forms import author, outline, xform
from tests.desks.guide import gallery
from tests.desks.guide.hand import Guide, sent_by

FORMS = Path(__file__).parents[2] / "forms"
JUNK = (
    "",
    "0",
    "-1",
    "1,5",
    "1.000",
    "31/02/2020",
    "05/09/1988 25:61",
    "999999999999999999",
    "<b>&'\"</b>",
    "${a}",
    "\x00\x1f\u202e",
    "Lý 🌾 Mẫu",
    "yes no",
    "22.3 103.8",
    "[1]/..//",
    "x" * 5000,
)


_SHARES = 6


def sources() -> dict[str, Path]:
    """Every form the tests have, by its folder's or its own name."""
    found = {f"corpus/{path.parent.name}": path for path in sorted(FORMS.glob("corpus/*/form.*"))}
    found |= {f"samples/{path.stem}": path for path in sorted(FORMS.glob("samples/*.md"))}
    return {**found, "gallery": Path(gallery.__file__).with_name("gallery.md")}


@pytest.mark.parametrize("share", range(_SHARES))
def test_every_page_is_drawn_in_both_languages_and_takes_any_answer(
    share: int, guide: Guide, house: House
) -> None:
    for name, path in list(sources().items())[share::_SHARES]:
        media = {one.name: one.read_bytes() for one in path.parent.glob("media/*")}
        made = author.convert(path, None, "any", media)
        draft = gallery.begin(guide, house, made.xml, media)
        chance = random.Random(name)
        for leaf in outline.leaves(xform.read(made.xml, media)):
            shown = guide.get(f"{draft.page(leaf.id)}?lang=vi")
            assert shown.status_code in (200, 303), (name, leaf.id)
            drawn = sent_by(shown)
            if "version" not in drawn:
                # Nothing on this page is asked now; the desk has led on.
                continue
            asked = drawn.get("asked", ())
            for question in [asked] if isinstance(asked, str) else asked:
                drawn[question] = chance.choice(JUNK)
            answer = draft.press(leaf.id, drawn=drawn)
            assert answer.status_code in (200, 303, 422), (name, leaf.id, answer.status_code)
            again = guide.get(f"{draft.page(leaf.id)}?lang=en")
            assert again.status_code in (200, 303), (name, leaf.id)
        assert guide.get(f"{draft.address}/review").status_code == 200, name
