"""The office's own end of the wire: who creeps is left, who sends too much is told, and the log says what is so."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from email.message import Message
from io import BufferedReader, BytesIO

import pytest

from hub.base import phrases
from hub.practice_office import body, exercise, faults, keys, records
from hub.practice_office.body import Broken, TooLate, Wire
from hub.practice_office.faults import Fault, Line, Manner
from hub.practice_office.pace import Pace
from tests.post import parcels
from tests.post.servers import Office, practice_office, until
from tests.practice_office.test_exercise import arm, log
from tests.practice_office.test_office import POOL, Visitor, multipart, plain, post
from tests.practice_office.wire import phone, request


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with practice_office(tmp_path_factory.mktemp("office")) as running:
        yield running


@pytest.fixture
def office(building: Office) -> Iterator[Office]:
    yield building
    with closing(records.connect(building.folder)) as conn:
        faults.disarm(conn)
        faults.set_line(conn, Line())
        exercise.forget(conn)


def test_who_says_a_little_now_and_then_for_ever_is_left_in_the_end() -> None:
    here, there = socket.socketpair()
    with here, there, BufferedReader(Wire(here, idle_s=60.0)) as heard:
        heard.raw.until = time.monotonic() + 0.2
        there.sendall(b"X-Slow: a")
        with pytest.raises(TimeoutError):
            heard.readline()
        there.sendall(b"b\r\n")
        with pytest.raises(TimeoutError):
            heard.readline()
        heard.raw.until = time.monotonic() + 60
        assert heard.readline().endswith(b"b\r\n"), "given time, it hears on"


def test_a_chunked_body_whose_end_never_comes_is_left() -> None:
    told = Message()
    told["Transfer-Encoding"] = "chunked"
    endless = b"0\r\n" + b"X-More: and more\r\n" * 500 + b"\r\n"
    with pytest.raises(Broken):
        body.read(BytesIO(endless), told)  # type: ignore[arg-type]
    with pytest.raises(TooLate):
        body.read(BytesIO(b"0\r\n\r\n"), told, longest_s=-1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("length", ["\u00b2", "9" * 5_000, "-1", "1.5"])
def test_a_length_that_is_no_number_breaks_the_body_and_nothing_else(length: str) -> None:
    told = Message()
    told["Content-Length"] = length
    with pytest.raises(Broken):
        body.read(BytesIO(b"x" * 10), told)  # type: ignore[arg-type]


def test_a_body_over_everything_is_413_before_it_is_read(office: Office) -> None:
    with phone(office) as ringing:
        ringing.say(
            request(office, b"--x\r\n", "multipart/form-data; boundary=x", length=body.MOST_BYTES + 1)
        )
        status, told, page = ringing.hear_one()
    assert status == 413 and told["connection"] == "close" and b"nginx" in page


def test_an_early_answer_reaches_one_who_goes_on_sending(office: Office) -> None:
    arm(office, Fault("large_413", manner=Manner.EARLY))
    with phone(office) as ringing:
        ringing.say(request(office, b"", "multipart/form-data; boundary=x", length=1_000_000))
        assert ringing.sock.recv(1, socket.MSG_PEEK) == b"H"
        for _ in range(30):
            ringing.say(bytes(1_000))
            time.sleep(0.01)
        status, _, page = ringing.hear_one()
    assert status == 413 and b"nginx" in page


def test_the_log_names_the_house_also_where_nothing_was_read(office: Office) -> None:
    arm(office, Fault(manner=Manner.BEFORE))
    sent, content_type = multipart(plain("uuid:unread"), {})
    with phone(office) as ringing:
        ringing.say(request(office, sent, content_type, path="/v1/projects/1/submission?deviceID=house-7"))
        assert ringing.hear() == b""
    until(lambda: len(log(office)) == 1)
    assert log(office)[0].device == "house-7"


def test_the_log_calls_an_edit_whole_and_other_words_under_the_same_number_not(office: Office) -> None:
    edit = plain("uuid:second").replace(b"<meta>", b"<meta><deprecatedID>uuid:first</deprecatedID>")
    other = plain("uuid:first", tail="\n")
    assert [post(office, one).status for one in (plain("uuid:first"), edit, other)] == [201, 201, 409]
    told = [(one.instance_id, one.status, one.whole) for one in log(office)]
    assert told == [("uuid:first", 409, False), ("uuid:second", 201, True), ("uuid:first", 201, True)]


def test_a_slow_line_drips_and_does_not_stand_still_for_a_minute() -> None:
    class Never:
        waits: list[float] = []

        def wait(self, seconds: float) -> bool:
            self.waits.append(seconds)
            return False

    pace = Pace(Never())  # type: ignore[arg-type]
    assert pace.slice_bytes == body.SLICE and pace.lasts(1_000) == 0
    pace.set(Line(bytes_s=250))
    assert pace.slice_bytes <= 250 and pace.lasts(1_000) == 4
    pace.carry(pace.slice_bytes)
    assert max(Never.waits) < 2


def test_mismatched_xml_is_stored_as_far_as_it_goes(office: Office) -> None:
    xml = plain("uuid:mismatched").replace(b"</ho_ten>", b"</ten>")
    assert post(office, xml).status == 201
    with closing(records.connect(office.folder)) as conn:
        assert records.holding(conn, parcels.FORM, "uuid:mismatched", xml) is not None


def test_the_page_shows_and_keeps_what_only_a_program_can_order(office: Office) -> None:
    bearer = {"Authorization": f"Bearer {keys.token(office.folder)}"}
    wanted = {"faults": [{"answer": "down_502", "chance": 0.25}], "bytes_s": 12_345, "delay_ms": 7}
    url = f"{office.url}/exercise.json"
    assert POOL.request("PUT", url, body=json.dumps(wanted), headers=bearer).status == 200
    trainer = Visitor(office)
    for lang in phrases.LANGUAGES:
        page = trainer.get(f"/exercise?lang={lang}")
        told = page.data.decode()
        assert page.status == 200
        assert phrases.say(lang, "office.chance_some", percent=25.0) in told
        assert phrases.say(lang, "office.speed_other", bytes=12_345) in told
        assert phrases.say(lang, "office.delay_other", ms=7) in told
    assert trainer.send("/exercise/line", "/exercise", speed="", delay="300").status == 303
    with closing(records.connect(office.folder)) as conn:
        assert faults.line(conn) == Line(12_345, 150)
