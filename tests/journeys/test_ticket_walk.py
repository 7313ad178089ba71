"""Walk 1, whole: a number is taken, printed, called aloud, shown on the board and finished."""

from __future__ import annotations

import pytest

from devices.slip import Big, Qr
from hub.base import phrases
from hub.post import jobs
from hub.wiring import demo
from tests.journeys import paper
from tests.journeys.village import Village, until
from tests.journeys.visitor import Page, Visitor
from tests.journeys.walk import Step, go
from tests.printed import as_printed

DESK = "1"
_CALL = [180, 90, 180]


class Walk:
    """Somebody takes a number; a guide calls it."""

    def __init__(self, village: Village) -> None:
        self.village = village
        self.villager, self.guide = village.visitor(), village.visitor()
        self.screen = village.visitor()
        self.number = ""
        self.address = ""
        self.ticket_id = 0

    def steps(self) -> list[Step]:
        both = ("web", "bench")
        return [
            Step(self.take, self.paper_came, both),
            Step(self.sit_down, kills=both),
            Step(self.call, self.heard_and_shown, both),
            Step(self.call_again, self.heard_again, both),
            Step(self.finish, self.gone, both),
        ]

    def take(self) -> None:
        page = self.villager.get("/ticket")
        chosen = page.tree.xpath("//a[contains(@href, 'service=thu-tuc')]/@href")[0]
        page = self.villager.get(chosen if chosen.startswith("/") else f"/ticket{chosen}")
        form = page.form(has="service")
        page = form.send(press="priority=elderly")
        # The same form once more, as an impatient finger sends it, is the same number.
        assert page.status == 200 and form.send(press="priority=elderly").url == page.url
        self.address = page.url.split("?")[0]
        self.number = page.tree.xpath("string(//*[contains(@class, 'ticket-no')])").strip()
        assert self.number
        with self.village.database() as conn:
            token = self.address.rsplit("/", 1)[1]
            (self.ticket_id,) = conn.execute("SELECT id FROM tickets WHERE token = ?", (token,)).fetchone()

    def paper_came(self) -> None:
        def printed() -> bool:
            with self.village.database() as conn:
                found = jobs.for_subject(conn, f"ticket:{self.ticket_id}")
                return bool(found) and all(job.state is jobs.State.DONE for job in found)

        until(printed, 20, "the slip did not come out")
        with self.village.database() as conn:
            (job,) = jobs.for_subject(conn, f"ticket:{self.ticket_id}")
            slip = jobs.slip(conn, job.id)
        assert Big(self.number) in slip.parts
        (code,) = [part for part in slip.parts if isinstance(part, Qr)]
        assert code.data == self.address
        firsts, copies = self.papers()
        assert firsts <= 1 and firsts + copies >= 1
        assert any(paper.has_qr(found, self.address) for found in self.village.papers())

    def papers(self) -> tuple[int, int]:
        """Return how many papers of the ticket came out unmarked, and how many marked as a copy."""
        with self.village.database() as conn:
            job = jobs.for_subject(conn, f"ticket:{self.ticket_id}")[-1]
            slip, again = as_printed(conn, job), as_printed(conn, job, again=True)
        found = self.village.papers()
        return found.count(paper.dots(slip)), found.count(paper.dots(again))

    def sit_down(self) -> None:
        name, _, secret = demo.SIGN_INS[0]
        self.guide.sign_in(name, secret)
        self.guide.get("/guide/desk").form(action="/guide/desk").send(press=f"desk={DESK}")

    def call(self) -> None:
        page = self.guide.get("/guide")
        for _ in range(6):
            page = page.form(action="/guide/call").send()
            assert page.status == 200
            if self.at_desk(page) == self.number:
                return
        raise AssertionError(f"{self.number} was not called: {page.words[:400]}")

    def at_desk(self, page: Page) -> str:
        return str(page.tree.xpath("string(//*[contains(@class, 'present-no')])")).strip()

    def shown(self, visitor: Visitor) -> tuple[str, str]:
        tree = visitor.get("/board").tree
        number, desk = (
            str(tree.xpath(f"string(//*[@class='{name}'])")) for name in ("call-no num", "call-desk")
        )
        return number.strip(), desk.strip()

    def heard_and_shown(self) -> None:
        assert self.shown(self.screen) == (self.number, phrases.say("vi", "display.desk", desk=DESK))
        assert DESK in self.villager.get(self.address).words
        until(lambda: self.calls() >= 1, 20, "the buzzer was silent")
        until(lambda: {"chime"} < self.heard(), 20, "the loudspeaker was silent")

    def calls(self) -> int:
        return sum(buzz["pattern"] == _CALL for buzz in self.village.noted("panel", "buzzes"))

    def heard(self) -> set[str]:
        return {entry["sound"] for entry in self.village.noted("speaker", "played")}

    def call_again(self) -> None:
        self.before = self.calls()
        page = self.guide.get("/guide").form(action="/guide/recall").send()
        assert self.at_desk(page) == self.number

    def heard_again(self) -> None:
        until(lambda: self.calls() > self.before, 20, "the buzzer was silent the second time")

    def finish(self) -> None:
        page = self.guide.get("/guide").form(action=f"/guide/tickets/{self.ticket_id}/finish").send()
        assert page.status == 200 and self.at_desk(page) == ""

    def gone(self) -> None:
        assert self.shown(self.screen)[0] != self.number
        assert self.villager.get(self.address).status == 200
        with self.village.database() as conn:
            state, count = conn.execute(
                "SELECT max(state), count(*) FROM tickets WHERE label = ?", (self.number,)
            ).fetchone()
        assert (state, count) == ("done", 1)
        firsts, copies = self.papers()
        assert firsts <= 1 and firsts + copies >= 1


@pytest.mark.parametrize("victim", [None, "web", "bench"])
def test_a_number_is_taken_printed_called_shown_and_finished_whoever_dies_in_between(
    house: Village, victim: str | None
) -> None:
    house.start("web", "bench")
    walk = Walk(house)
    deaths = go(house, walk.steps(), victim)
    assert deaths == (0 if victim is None else len(walk.steps()))
    if victim is None:
        assert walk.papers() == (1, 0)
