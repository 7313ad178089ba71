"""By hand to the office and back: what is carried, who opens it, what an answer closes, and what it never does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.base import identity
from hub.base.errors import Conflict, HubError, NotReady, Refused
from hub.base.settings import UpstreamSettings
from hub.post import bundle, courier, inbox, outbox, stick, stick_ledger
from hub.post.bundle import Kind
from hub.post.bundle_content import AnswerCover, Entry, Word, answer
from hub.post.transports.openrosa import OpenRosa
from hub.practice_office import records
from tests.post import carried, servers
from tests.post.carried import Commune, Village
from tests.post.parcels import FORM, parcel
from tests.post.servers import Office
from tests.post.test_stick_machine import SETTINGS, Server


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Village]:
    with carried.village(tmp_path / "house") as made:
        yield made


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Commune]:
    with carried.commune(tmp_path / "commune") as made:
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Office]:
    with servers.practice_office(tmp_path / "server") as running:
        yield running


def settings(server: Office) -> UpstreamSettings:
    return UpstreamSettings(url=server.url, token_file=server.token_file, backoff_first_s=0.01)


def forward(office: Commune, server: Office) -> object:
    upstream = settings(server)
    carrier = OpenRosa(upstream, lambda: False)
    try:
        return office.forward(carrier, upstream)
    finally:
        carrier.close()


def test_a_dossier_goes_by_hand_and_its_answer_closes_it(
    house: Village, office: Commune, server: Office
) -> None:
    carried.introduce(house, office)
    sent = [house.add(parcel(public_key=server.public_key)) for _ in range(3)]
    [part] = house.parts()
    taken = office.take(part)
    assert (taken.new, taken.known, taken.refused) == (3, 0, 0)
    forward(office, server)
    answer = office.answer(house)
    assert answer is not None
    heard = house.hear(answer)
    assert (heard.closed, heard.taken, heard.held) == (3, 0, 0)
    assert [house.state(one) for one in sent] == ["sent"] * 3
    assert house.received == [one.instance_id for one in sent]
    assert set(inbox.forms_due(house.conn, house.clock.read(), 0.0)) == {FORM}


def said_by(office: Commune, entries: list[Entry], to: Village) -> bytes:
    """An answer with just these words."""
    cover = AnswerCover(
        f"mark{len(entries)}-{entries[0].serial}", entries[-1].serial, "2026-11-21T01:30:00.000000Z"
    )
    return b"".join(bundle.seal(answer(cover, entries), by=office.mine, to=to.mine.public, kind=Kind.ANSWER))


def entry(house: Village, instance_id: str, word: Word, serial: int, **more: str) -> Entry:
    found = stick_ledger.digest_here(house.conn, instance_id) or ""
    return Entry(instance_id, more.pop("digest", found), word, serial, **more)


def refusal(house: Village, answer: bytes) -> str:
    before = carried.stick_ledger_rows(house.conn)
    with pytest.raises(HubError) as bad:
        house.hear(answer)
    assert carried.stick_ledger_rows(house.conn) == before
    return bad.value.key


def test_what_lies_with_the_office_is_still_kept_here_and_still_goes_by_the_wire(
    house: Village, office: Commune
) -> None:
    carried.introduce(house, office)
    made = house.add(parcel())
    office.take(house.parts()[0])
    answer = office.answer(house)
    assert answer is not None and house.hear(answer).taken == 1
    assert house.state(made) == "queued" and house.received == []
    hand = stick_ledger.hands(house.conn, [made.instance_id])[made.instance_id]
    assert hand.word is Word.TAKEN
    assert house.parts() == [] and len(house.parts(again=True)) == 1
    with pytest.raises(Conflict, match="too_late_to_withdraw"):
        outbox.withdraw(house.conn, made.instance_id, house.clock.read())


def test_an_answer_that_comes_while_the_wire_carries_is_told_once(house: Village, office: Commune) -> None:
    carried.introduce(house, office)
    made = house.add(parcel())
    said = said_by(office, [entry(house, made.instance_id, Word.FORWARDED, 1)], house)
    wire = Server()
    wire.named[made.instance_id] = [name for name, _ in made.files]
    wire.in_the_middle = lambda: house.hear(said) and None
    courier.round(
        house.conn,
        wire,
        house.clock,
        settings=SETTINGS,
        on_received=lambda _conn, instance_id: house.received.append(instance_id),
        on_word=lambda *_: None,
        words_key=bytes(32),
        stop=lambda: False,
    )
    assert house.state(made) == "sent" and house.received == [made.instance_id]


def test_a_later_word_is_not_undone_by_an_earlier_one_that_comes_late(
    house: Village, office: Commune
) -> None:
    carried.introduce(house, office)
    made = house.add(parcel())
    early = said_by(
        office, [entry(house, made.instance_id, Word.REFUSED, 1, reason_key="relay.conflict")], house
    )
    late = said_by(office, [entry(house, made.instance_id, Word.TAKEN, 2)], house)
    assert house.hear(late).taken == 1
    assert house.hear(early).old == 1
    assert house.state(made) == "queued"


def test_what_the_server_refused_is_held_with_its_reason_and_goes_again_when_let_go(
    house: Village, office: Commune
) -> None:
    carried.introduce(house, office)
    made, wire = house.add(parcel()), Server()
    wire.named[made.instance_id] = [name for name, _ in made.files]
    said = entry(
        house,
        made.instance_id,
        Word.REFUSED,
        1,
        reason_key="relay.not_understood",
        detail="no\x00 such thing",
    )
    assert house.hear(said_by(office, [said], house)).held == 1
    state = outbox.state(house.conn, made.instance_id)
    assert (state.state, state.reason_key, state.detail) == ("held", "relay.not_understood", "no such thing")
    assert house.parts() == []
    outbox.release(house.conn, made.instance_id)
    office.take(house.parts()[0])
    office.forward(wire, SETTINGS)
    answered = office.answer(house)
    assert answered is not None and house.hear(answered).closed == 1
    assert house.state(made) == "sent"


def test_a_reason_that_the_house_does_not_know_is_not_shown_as_one(house: Village, office: Commune) -> None:
    carried.introduce(house, office)
    made = house.add(parcel())
    said = entry(house, made.instance_id, Word.REFUSED, 1, reason_key="relay.sent", detail="x" * 5000)
    house.hear(said_by(office, [said], house))
    state = outbox.state(house.conn, made.instance_id)
    assert state.reason_key == "relay.refused" and len(state.detail) <= 400


def test_words_on_other_bytes_or_on_what_is_gone_close_nothing(house: Village, office: Commune) -> None:
    carried.introduce(house, office)
    made, gone = house.add(parcel()), house.add(parcel())
    said = [
        entry(house, made.instance_id, Word.FORWARDED, 1, digest="0" * 64),
        entry(house, gone.instance_id, Word.FORWARDED, 2),
    ]
    house.parts()
    assert outbox.withdraw(house.conn, gone.instance_id, house.clock.read()) is False
    heard = house.hear(said_by(office, said, house))
    assert (heard.closed, heard.other, heard.gone) == (0, 1, 1)
    assert house.state(made) == "queued" and house.received == []


def test_an_answer_of_another_house_of_a_stranger_or_read_before_changes_nothing(
    house: Village, office: Commune, tmp_path: Path
) -> None:
    carried.introduce(house, office)
    made = house.add(parcel())
    word = [entry(house, made.instance_id, Word.FORWARDED, 7)]
    stranger = Commune(office.conn, identity.Identity("office", b"s" * 32))
    with carried.village(tmp_path / "other") as other:
        assert refusal(house, said_by(office, word, other)) == "stick.not_for_us"
    assert refusal(house, said_by(stranger, word, house)) == "stick.office_unknown"
    mine = said_by(office, word, house)
    assert refusal(house, house.parts()[0]) == "stick.not_for_us"
    assert house.hear(mine).closed == 1
    assert refusal(house, mine) == "stick.answer_known"
    assert house.received == [made.instance_id]


def test_nothing_is_carried_before_a_technician_has_confirmed_the_office(
    house: Village, office: Commune
) -> None:
    house.add(parcel())
    with pytest.raises(NotReady, match="stick.no_office"):
        house.parts()
    assert refusal(house, b"") == "stick.no_office"


def test_another_office_that_is_confirmed_gets_all_of_it_and_the_old_one_is_not_heard(
    house: Village, office: Commune, tmp_path: Path
) -> None:
    carried.introduce(house, office)
    made = house.add(parcel())
    office.take(house.parts()[0])
    old = office.answer(house)
    assert old is not None and house.hear(old).taken == 1
    late = said_by(office, [entry(house, made.instance_id, Word.FORWARDED, 9)], house)
    with carried.commune(tmp_path / "second") as second:
        carried.introduce(house, second)
        assert refusal(house, late) == "stick.office_unknown"
        [part] = house.parts()
        assert second.take(part).new == 1
        with pytest.raises(Refused, match="not_for_us"):
            office.take(part)


def test_a_house_that_the_office_does_not_know_is_not_taken_from(house: Village, office: Commune) -> None:
    stick.confirm_office(house.conn, office.mine.public.line, staff=None, moment=house.clock.read())
    house.add(parcel())
    [part] = house.parts()
    before = carried.office_rows(office.conn)
    with pytest.raises(Refused, match="stick.house_unknown"):
        office.take(part)
    assert carried.office_rows(office.conn) == before
    office.know(house)
    assert office.take(part).new == 1


def test_a_part_that_comes_twice_or_in_a_later_bundle_adds_nothing(
    house: Village, office: Commune, server: Office
) -> None:
    carried.introduce(house, office)
    house.add(parcel(public_key=server.public_key))
    [first] = house.parts()
    [second] = house.parts()
    assert office.take(second).new == 1
    again = office.take(first)
    assert (again.new, again.known) == (0, 1)
    assert office.take(first).before
    forward(office, server)
    with records.connect(server.folder) as there:
        assert len(records.listing(there)) == 1


def test_parts_stand_alone_and_come_in_any_order(house: Village, office: Commune) -> None:
    carried.introduce(house, office)
    made = [house.add(parcel(photo_bytes=120_000)) for _ in range(8)]
    parts = house.parts(limit=stick.SMALLEST)
    assert len(parts) >= 4 and all(len(one) <= stick.SMALLEST for one in parts)
    counts = [office.take(one).new for one in reversed(parts) if one is not parts[1]]
    lost = len(made) - sum(counts)
    assert lost > 0
    answer = office.answer(house)
    assert answer is not None and house.hear(answer).taken == len(made) - lost
    [rest] = house.parts()
    assert office.take(rest).new == lost


def test_what_was_never_carried_goes_first_then_what_went_longest_ago(
    house: Village, office: Commune
) -> None:
    carried.introduce(house, office)
    first = house.add(parcel())
    house.parts()
    second = house.add(parcel())
    order = [one.instance_id for one in stick_ledger.waiting(house.conn, 1)]
    assert order == [second.instance_id, first.instance_id]


def test_a_house_that_lost_its_memory_of_an_answer_is_told_again(house: Village, office: Commune) -> None:
    carried.introduce(house, office)
    made, wire = house.add(parcel()), Server()
    wire.named[made.instance_id] = [name for name, _ in made.files]
    [part] = house.parts()
    copy = sqlite3.connect(":memory:")
    house.conn.backup(copy)
    office.take(part)
    office.forward(wire, SETTINGS)
    heard = office.answer(house)
    assert heard is not None and house.hear(heard).closed == 1
    house.add(parcel())
    office.take(house.parts()[0])
    # The card breaks; last night's copy knows nothing of the answer, the office knows that it was heard.
    copy.backup(house.conn)
    copy.close()
    house.received.clear()
    assert house.state(made) == "queued"
    office.take(house.parts()[0])
    again = office.answer(house)
    assert again is not None
    house.hear(again)
    assert house.state(made) == "sent" and house.received == [made.instance_id]


def test_bytes_that_changed_on_the_card_stay_here_and_do_not_spoil_the_part(
    house: Village, office: Commune
) -> None:
    carried.introduce(house, office)
    bad, good = house.add(parcel()), house.add(parcel())
    house.conn.execute("DROP TRIGGER outbox_files_frozen")
    house.conn.execute(
        "UPDATE outbox_files SET content = zeroblob(size) WHERE outbox_id = 1 AND position = 0"
    )
    [part] = house.parts()
    assert office.take(part).new == 1
    assert good.instance_id in office.words() and bad.instance_id not in office.words()


def test_a_dossier_larger_than_a_part_gets_one_of_its_own_but_not_on_a_telephone(
    house: Village, office: Commune
) -> None:
    carried.introduce(house, office)
    house.add(parcel(photo_bytes=900_000))
    small = house.add(parcel())
    packing = stick.Packing(house.conn, house.mine, house.clock, stick.SMALLEST, alone=False)
    part = packing.part(stick.SMALLEST)
    assert part is not None and part.parcels == 1 and packing.left == 1
    assert packing.part(stick.SMALLEST) is None
    assert small.instance_id in stick_ledger.on_part(house.conn, part.id)
    assert [len(one) > 900_000 for one in house.parts(limit=stick.SMALLEST)].count(True) == 1


def test_what_the_server_refused_at_the_commune_is_tried_again_there_only_when_it_was_let_go_here(
    house: Village, office: Commune
) -> None:
    carried.introduce(house, office)
    made, there = house.add(parcel()), Server()
    there.named[made.instance_id] = [name for name, _ in made.files]
    office.take(house.parts()[0])
    there.coming = ["refused"]
    assert office.forward(there, SETTINGS).refused == 1
    said = office.answer(house)
    assert said is not None and house.hear(said).held == 1
    state = outbox.state(house.conn, made.instance_id)
    assert (state.reason_key, state.detail) == ("relay.not_understood", "so sagt der Server")
    assert office.forward(there, SETTINGS).sent == 0 and not there.has(made)
    outbox.release(house.conn, made.instance_id)
    office.take(house.parts()[0])
    assert office.forward(there, SETTINGS).sent == 1 and there.has(made)
    said = office.answer(house)
    assert said is not None and house.hear(said).closed == 1
    assert house.state(made) == "sent"


def test_what_may_have_left_by_hand_is_never_said_to_have_been_here_alone(
    house: Village, office: Commune
) -> None:
    carried.introduce(house, office)
    here, gone = house.add(parcel()), house.add(parcel())
    [part] = house.parts()
    never = house.add(parcel())
    assert outbox.withdraw(house.conn, never.instance_id, house.clock.read()) is True
    assert outbox.withdraw(house.conn, gone.instance_id, house.clock.read()) is False
    # On a part that was begun and has no first byte yet, too.
    last = house.add(parcel())
    packing = stick.Packing(house.conn, house.mine, house.clock)
    assert packing.part() is not None
    assert outbox.withdraw(house.conn, last.instance_id, house.clock.read()) is False
    office.take(part)
    said = office.answer(house)
    assert said is not None
    heard = house.hear(said)
    assert (heard.taken, heard.gone) == (1, 1)
    with pytest.raises(Conflict, match="too_late_to_withdraw"):
        outbox.withdraw(house.conn, here.instance_id, house.clock.read())


def test_a_commune_that_lost_its_memory_and_not_its_keys_is_heard_again(
    house: Village, office: Commune, tmp_path: Path
) -> None:
    carried.introduce(house, office)
    made = [house.add(parcel()) for _ in range(3)]
    office.take(house.parts()[0])
    said = office.answer(house)
    assert said is not None and house.hear(said).taken == 3
    with carried.commune(tmp_path / "anew") as anew:
        anew.mine = office.mine
        anew.know(house)
        anew.take(house.parts(again=True)[0])
        wire = Server()
        for one in made:
            wire.named[one.instance_id] = [name for name, _ in one.files]
        assert anew.forward(wire, SETTINGS).sent == 3
        said = anew.answer(house)
        assert said is not None and house.hear(said).closed == 3


def test_what_one_house_claims_to_have_heard_uses_up_no_numbers(house: Village, office: Commune) -> None:
    carried.introduce(house, office)
    house.conn.execute("UPDATE stick_offices SET heard = ?", (2**62 - 1,))
    for _ in range(3):
        house.add(parcel())
        office.take(house.parts()[0])
    said = office.answer(house)
    assert said is not None and house.hear(said).taken == 3


def test_a_machine_that_is_busy_says_no_to_no_parcel(house: Village, office: Commune, tmp_path: Path) -> None:
    carried.introduce(house, office)
    made = house.add(parcel())
    [part] = house.parts()
    other = sqlite3.connect(tmp_path / "commune" / "parcels.db", isolation_level=None)
    begun = []

    def look(statement: str) -> None:
        if statement.startswith("BEGIN"):
            begun.append(1)
            if len(begun) == 2:
                other.execute("BEGIN IMMEDIATE")
            elif len(begun) == 3:
                other.execute("ROLLBACK")

    office.conn.execute("PRAGMA busy_timeout=0")
    office.conn.set_trace_callback(look)
    with pytest.raises(Conflict, match="database_busy"):
        office.take(part)
    office.conn.set_trace_callback(None)
    other.close()
    assert office.words() == {}
    assert office.take(part).new == 1 and office.words() == {made.instance_id: "taken"}


def test_a_no_that_comes_while_the_wire_carries_holds_nothing(house: Village, office: Commune) -> None:
    carried.introduce(house, office)
    made = house.add(parcel())
    said = said_by(office, [entry(house, made.instance_id, Word.REFUSED, 1)], house)
    wire, heard = Server(), []
    wire.named[made.instance_id] = [name for name, _ in made.files]
    wire.in_the_middle = lambda: heard.append(house.hear(said))
    courier.round(
        house.conn,
        wire,
        house.clock,
        settings=SETTINGS,
        on_received=lambda _conn, instance_id: house.received.append(instance_id),
        on_word=lambda *_: None,
        words_key=bytes(32),
        stop=lambda: False,
    )
    assert house.state(made) == "sent" and [one.held for one in heard] == [0]


def test_what_was_let_go_after_a_no_is_shown_as_on_its_way_again(house: Village, office: Commune) -> None:
    carried.introduce(house, office)
    made = house.add(parcel())
    house.parts()
    house.clock.advance(60)
    house.hear(said_by(office, [entry(house, made.instance_id, Word.REFUSED, 1)], house))
    assert stick_ledger.hands(house.conn, [made.instance_id])[made.instance_id].word is Word.REFUSED
    [first] = stick_ledger.parts(house.conn, 5)
    assert first.unanswered == 0
    house.clock.advance(60)
    outbox.release(house.conn, made.instance_id)
    house.parts()
    assert stick_ledger.hands(house.conn, [made.instance_id])[made.instance_id].word is None
    assert [one.unanswered for one in stick_ledger.parts(house.conn, 5)] == [1, 0]


def test_what_was_carried_is_forgotten_when_all_of_it_has_long_been_closed(
    house: Village, office: Commune
) -> None:
    carried.introduce(house, office)
    closed, stays = house.add(parcel()), house.add(parcel())
    old = said_by(office, [entry(house, closed.instance_id, Word.FORWARDED, 1)], house)
    house.parts()
    assert house.hear(old).closed == 1
    house.parts()
    half = said_by(office, [entry(house, stays.instance_id, Word.TAKEN, 2)], house)
    house.hear(half)
    assert stick.forget(house.conn, house.clock.read()) == 0
    house.clock.advance(89 * 86_400)
    assert stick.forget(house.conn, house.clock.read()) == 0
    house.clock.advance(2 * 86_400)
    house.clock.trusted = False
    assert stick.forget(house.conn, house.clock.read()) == 0
    house.clock.trusted = True
    # The first part carries the open one too: it stays; so does all that is known of what is open.
    assert stick.forget(house.conn, house.clock.read()) == 1
    assert len(stick_ledger.parts(house.conn, 9)) == 2
    hand = stick_ledger.hands(house.conn, [stays.instance_id])[stays.instance_id]
    assert hand.word is Word.TAKEN
    assert refusal(house, half) == "stick.answer_known"
    # An old answer that is brought once more finds nothing to say.
    assert (house.hear(old).old, house.received) == (1, [closed.instance_id])
    house.hear(said_by(office, [entry(house, stays.instance_id, Word.FORWARDED, 3)], house))
    house.clock.advance(91 * 86_400)
    assert stick.forget(house.conn, house.clock.read()) == 5
    for table in ("stick_parts", "stick_carried", "stick_words", "stick_answers"):
        assert house.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0
    assert refusal_of_nothing(house, old, half) == [(0, 1), (0, 1)]


def refusal_of_nothing(house: Village, *answers: bytes) -> list[tuple[int, int]]:
    """What old answers close, and how much of them is no news."""
    told = [house.hear(one) for one in answers]
    assert len(house.received) == 2
    return [(one.closed, one.old) for one in told]
