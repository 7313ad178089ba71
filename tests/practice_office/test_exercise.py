"""What goes wrong on demand: every answer, every cut, slow lines, races, and the trainer's page that orders them."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email.message import Message
from email.utils import parsedate_to_datetime
from io import BytesIO

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from hub.base import phrases
from hub.base.errors import Refused
from hub.practice_office import answers, body, exercise, faults, keys, records
from hub.practice_office.body import Broken, TooLate
from hub.practice_office.crowd import Crowd, Rank
from hub.practice_office.faults import ANSWERS, Fault, Kind, Line, Manner
from hub.practice_office.forms import register_form
from hub.practice_office.pace import Pace
from tests.post import parcels
from tests.post.servers import Office, practice_office, until
from tests.practice_office.test_dialects import basic
from tests.practice_office.test_office import (
    POOL,
    Visitor,
    attachments,
    multipart,
    plain,
    post,
    stored,
    words,
)
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


def arm(office: Office, fault: Fault, *more: Fault) -> None:
    with closing(records.connect(office.folder)) as conn:
        for one in (fault, *more):
            faults.arm(conn, one)


def log(office: Office) -> tuple[exercise.Entry, ...]:
    with closing(records.connect(office.folder)) as conn:
        return exercise.listing(conn)


def has(office: Office, instance_id: str) -> bool:
    with closing(records.connect(office.folder)) as conn:
        return records.find(conn, parcels.FORM, instance_id) is not None


@pytest.mark.parametrize("name", sorted(answers.CATALOGUE))
def test_every_answer_comes_with_its_own_body_once_and_the_log_says_what_to_make_of_it(
    office: Office, name: str
) -> None:
    wanted, instance_id = answers.CATALOGUE[name], f"uuid:{name}"
    arm(office, Fault(name))
    answer = post(office, plain(instance_id), path="/v1/projects/1/submission?deviceID=house-7")
    assert (answer.status, answer.data) == (wanted.status, wanted.body)
    assert all(answer.headers[key] == value for key, value in wanted.headers.items())
    assert has(office, instance_id) is wanted.stores
    (entry,) = log(office)
    assert (entry.status, entry.done, entry.whole) == (wanted.status, wanted.done, wanted.stores)
    assert (entry.instance_id, entry.device, entry.answer) == (instance_id, "house-7", name)
    assert post(office, plain(instance_id)).status == 201, "once is once"
    assert [one.done for one in log(office)] == [True, wanted.done]


@pytest.mark.parametrize("manner", [Manner.BEFORE, Manner.BODY, Manner.AFTER, Manner.ANSWER])
def test_a_cut_leaves_no_whole_answer_and_only_after_the_body_a_record(
    office: Office, manner: Manner
) -> None:
    instance_id = f"uuid:cut-{manner}"
    arm(office, Fault(manner=manner, byte=60))
    sent, content_type = multipart(plain(instance_id), {})
    with phone(office) as ringing:
        ringing.say(request(office, sent, content_type))
        heard = ringing.hear()
    assert len(heard) == (60 if manner is Manner.ANSWER else 0)
    until(lambda: len(log(office)) == 1)
    taken = manner in (Manner.AFTER, Manner.ANSWER)
    assert has(office, instance_id) is taken
    (entry,) = log(office)
    assert (entry.status, entry.done, entry.whole, entry.manner) == (0, False, taken, manner)
    assert post(office, plain(instance_id)).status == 201


def test_an_early_answer_comes_before_the_body_is_there(office: Office) -> None:
    arm(office, Fault("large_413", manner=Manner.EARLY))
    with phone(office) as ringing:
        ringing.say(request(office, b"--x\r\n", "multipart/form-data; boundary=x", length=1_000_000))
        status, told, page = ringing.hear_one()
    assert status == 413 and told["connection"] == "close" and b"nginx" in page


def test_orders_are_taken_in_turn_at_their_own_kind_of_request_and_used_up(office: Office) -> None:
    arm(
        office, Fault("down_502", kind=Kind.HEAD), Fault("progress_423", times=2), Fault("key_403", Kind.READ)
    )
    assert [post(office, plain("uuid:turns")).status for _ in range(3)] == [423, 423, 201]
    door = f"{office.url}/v1/projects/1/submission"
    bearer = {"Authorization": f"Bearer {keys.token(office.folder)}"}
    assert [POOL.request("HEAD", door, headers=bearer).status for _ in range(2)] == [502, 204]
    reading = f"{office.url}/v1/projects/1/forms/{parcels.FORM}/submissions"
    assert [POOL.request("GET", reading, headers=bearer).status for _ in range(2)] == [403, 200]


def test_a_chance_hits_some_and_not_all_and_stays(office: Office) -> None:
    arm(office, Fault("down_502", kind=Kind.HEAD, times=None, chance=0.5))
    door, word = f"{office.url}/kobo/submission", basic(office)
    seen = {POOL.request("HEAD", door, headers=word).status for _ in range(60)}
    assert seen == {502, 204}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("no_such_answer"),
        Fault(times=0),
        Fault(times=10_001),
        Fault(chance=0.0),
        Fault(chance=1.5),
        Fault(byte=-1),
        Fault(number=99_999),
    ],
)
def test_an_order_that_means_nothing_is_refused(office: Office, fault: Fault) -> None:
    with closing(records.connect(office.folder)) as conn:
        with pytest.raises(Refused, match="fault_bad"):
            faults.arm(conn, fault)
        assert faults.listing(conn) == ()


@pytest.mark.parametrize(("answer", "left"), [(faults.LOST_FILE, 1), (faults.LOST_ALL, 0)])
def test_a_file_is_lost_in_silence_and_the_list_of_files_says_so(
    office: Office, answer: str, left: int
) -> None:
    made = parcels.parcel(photos=1)
    arm(office, Fault(answer))
    assert post(office, made.envelope, dict(made.files)).status == 201
    assert sum(attachments(office, made.instance_id).values()) == left
    (entry,) = log(office)
    assert (entry.done, entry.whole) == (True, False)
    assert post(office, made.envelope, dict(made.files)).status == 201
    assert all(attachments(office, made.instance_id).values()) and log(office)[0].whole


def test_of_two_alike_at_the_same_moment_one_is_told_a_false_deletion_and_one_row_is_there(
    office: Office,
) -> None:
    made = parcels.parcel(photos=1)
    arm(office, Fault(faults.TOGETHER, number=2, times=2))
    with ThreadPoolExecutor(2) as two:
        both = list(two.map(lambda _: post(office, made.envelope, dict(made.files)), range(2)))
    assert sorted(one.status for one in both) == [201, 409]
    assert "has been deleted" in words(next(one for one in both if one.status == 409))
    assert stored(office, made.instance_id) == (made.envelope, dict(made.files))
    assert post(office, made.envelope, dict(made.files)).status == 201


def test_of_two_halves_at_the_same_moment_one_loses_its_photo_until_it_comes_alone(office: Office) -> None:
    made = parcels.parcel(photos=1)
    arm(office, Fault(faults.TOGETHER, number=2, times=2))
    with ThreadPoolExecutor(2) as two:
        both = list(two.map(lambda file: post(office, made.envelope, dict([file])), made.files))
    assert [one.status for one in both] == [201, 201]
    assert sorted(attachments(office, made.instance_id).values()) == [False, True]
    for file in made.files:
        assert post(office, made.envelope, dict([file])).status == 201
    assert stored(office, made.instance_id) == (made.envelope, dict(made.files))


def test_kobo_says_in_progress_to_the_second_of_two(office: Office) -> None:
    arm(office, Fault(faults.TOGETHER, number=2, times=2))

    def send(_: int) -> int:
        xml = plain("uuid:progress")
        return post(office, xml, path="/kobo/submission").status

    with ThreadPoolExecutor(2) as two:
        assert sorted(two.map(send, range(2))) == [201, 423]


def test_who_waits_for_a_second_that_never_comes_is_let_in_alone() -> None:
    crowd = Crowd(gather_s=0.2)
    began = time.monotonic()
    with crowd.enter(("form", "uuid:alone"), (b"xml", {}), gather=2) as rank:
        assert rank is Rank.FIRST and time.monotonic() - began >= 0.2
    with crowd.enter(("form", "uuid:alone"), (b"xml", {})) as rank:
        assert rank is Rank.FIRST, "who came before has left"


def test_records_without_a_number_are_never_a_crowd() -> None:
    crowd = Crowd()
    with crowd.enter(("form", ""), (b"xml", {})) as first, crowd.enter(("form", ""), (b"xml", {})) as second:
        assert (first, second) == (Rank.FIRST, Rank.FIRST)


def test_a_slow_line_takes_its_time_both_ways_and_the_trainer_s_pages_do_not(office: Office) -> None:
    xml = plain("uuid:slow", photo="anh.jpg")
    with closing(records.connect(office.folder)) as conn:
        faults.set_line(conn, Line(bytes_s=40_000, delay_ms=100))
    began = time.monotonic()
    assert post(office, xml, {"anh.jpg": bytes(40_000)}).status == 201
    assert 1.1 < time.monotonic() - began
    with closing(records.connect(office.folder)) as conn:
        faults.set_line(conn, Line(bytes_s=250))
    began = time.monotonic()
    page = Visitor(office).get("/exercise")
    assert page.status == 200 and len(page.data) / 250 > 2 * (time.monotonic() - began)
    assert len(log(office)) == 1


def test_the_line_is_shared_by_all_who_use_it_and_let_go_when_the_office_ends() -> None:
    ending = threading.Event()
    pace = Pace(ending)
    pace.set(Line(bytes_s=10_000))
    began = time.monotonic()
    with ThreadPoolExecutor(4) as four:
        list(four.map(pace.carry, [1_000] * 4))
    assert time.monotonic() - began >= 0.38
    threading.Timer(0.05, ending.set).start()
    pace.carry(10_000_000)
    assert time.monotonic() - began < 30


def test_an_answer_that_creeps_comes_a_byte_a_second(office: Office) -> None:
    arm(office, Fault(manner=Manner.TRICKLE))
    sent, content_type = multipart(plain("uuid:trickle"), {})
    with phone(office) as ringing:
        began, heard = time.monotonic(), b""
        ringing.say(request(office, sent, content_type))
        while len(heard) < 3:
            heard += ringing.sock.recv(1)
        assert heard == b"HTT" and time.monotonic() - began > 1.5


def test_a_date_of_another_day_is_told_as_ordered(office: Office) -> None:
    arm(office, Fault(faults.OTHER_DAY, number=-400))
    told = [parsedate_to_datetime(post(office, plain("uuid:day")).headers["Date"]) for _ in range(2)]
    assert 399 <= (told[1] - told[0]).days <= 401


def test_a_changed_key_is_in_the_forms_and_in_their_hashes_and_goes_again(office: Office) -> None:
    arm(office, Fault(faults.OTHER_KEY, kind=Kind.LIST, times=None))
    mine = keys.public_key_base64(office.folder)
    told = parcels.form_xml("with_key").replace(
        b"<model>", b'<model><submission base64RsaPublicKey="%s"/>' % mine.encode()
    )
    register_form(office.folder, told)
    asking = {"X-OpenRosa-Version": "1.0", "Authorization": f"Bearer {keys.token(office.folder)}"}
    url = f"{office.url}/v1/projects/1"

    def seen() -> tuple[str, bytes]:
        listed = POOL.request("GET", f"{url}/formList?formID=with_key", headers=asking).data.decode()
        return (
            re.findall("<hash>(.+)</hash>", listed)[0],
            POOL.request("GET", f"{url}/forms/with_key.xml", headers=asking).data,
        )

    changed = seen()
    assert changed == seen() and changed[1] != told
    assert keys.other_public_key_base64(office.folder).encode() in changed[1]
    with closing(records.connect(office.folder)) as conn:
        faults.disarm(conn)
    assert seen()[1] == told and seen()[0] != changed[0]


# The front itself.


def test_a_connection_carries_several_requests_also_after_a_204_and_an_error(office: Office) -> None:
    sent, content_type = multipart(plain("uuid:kept"), {})
    word = keys.token(office.folder)
    door = f"HEAD /v1/projects/1/submission HTTP/1.1\r\nHost: office\r\nAuthorization: Bearer {word}"
    with phone(office) as ringing:
        for _ in range(2):
            ringing.say(door.encode() + b"\r\n\r\n")
            assert ringing.hear_one()[0] == 204
            ringing.say(request(office, sent, content_type, path="/v1/projects/9/submission"))
            assert ringing.hear_one()[0] == 404
            ringing.say(request(office, sent, content_type))
            assert ringing.hear_one()[0] == 201


def test_a_body_that_ends_too_early_is_never_taken_in(office: Office) -> None:
    sent, content_type = multipart(plain("uuid:early"), {})
    with phone(office) as ringing:
        ringing.say(request(office, sent, content_type, length=len(sent) + 10))
        ringing.sock.shutdown(socket.SHUT_WR)
        assert ringing.hear() == b""
    until(lambda: len(log(office)) == 1)
    assert not has(office, "uuid:early")


def test_expect_is_told_to_go_on_even_with_a_bad_key(office: Office) -> None:
    asked = request(
        office, b"", "multipart/form-data; boundary=x", length=5, headers=("Expect: 100-continue",)
    )
    with phone(office) as ringing:
        ringing.say(asked.replace(b"Bearer ", b"Bearer wrong"))
        assert ringing.sock.recv(100).startswith(b"HTTP/1.1 100 ")
        ringing.say(b"12345")
        assert ringing.hear_one()[0] == 401


def test_a_body_that_creeps_is_408() -> None:
    told = Message()
    told["Content-Length"] = "10"
    with pytest.raises(TooLate):
        body.read(BytesIO(b"0123456789"), told, longest_s=-1.0)  # type: ignore[arg-type]


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=30), st.integers(0, 400))
def test_a_chunked_body_is_read_whole_or_not_at_all(content: bytes, sizes: list[int], cut: int) -> None:
    wire, place = b"", 0
    for size in [*sizes, 300]:
        part = content[place : place + size]
        place += size
        if part:
            wire += b"%x\r\n%s\r\n" % (len(part), part)
    wire += b"0\r\n\r\n"
    told = Message()
    told["Transfer-Encoding"] = "chunked"
    assert body.read(BytesIO(wire), told) == content  # type: ignore[arg-type]
    if cut < len(wire) - 4:
        with pytest.raises(Broken):
            body.read(BytesIO(wire[:cut]), told)  # type: ignore[arg-type]


def test_nonsense_on_the_wire_ends_the_connection_and_nothing_else(office: Office) -> None:
    for said in (
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        bytes(2_000),
    ):
        with phone(office) as ringing:
            ringing.say(said)
            ringing.sock.shutdown(socket.SHUT_WR)
            ringing.hear()
    assert Visitor(office).get("/").status == 200


def test_an_office_whose_database_is_broken_says_so_as_central_does(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with practice_office(tmp_path_factory.mktemp("broken")) as broken:
        for name in ("office.db-wal", "office.db-shm"):
            (broken.folder / name).unlink(missing_ok=True)
        (broken.folder / "office.db").write_bytes(b"this is no database" * 300)
        answer = post(broken, plain("uuid:broken"))
        assert answer.status == 500 and answer.json()["message"]


# The trainer's page, and the same by a call.


def test_a_trainer_orders_a_fault_slows_the_line_reads_the_log_and_ends_it_all(office: Office) -> None:
    trainer = Visitor(office)
    page = "/exercise"
    order = {
        "answer": "deleted_409",
        "kind": "post",
        "manner": "whole",
        "byte": "0",
        "number": "",
        "times": "1",
    }
    assert trainer.send(f"{page}/faults", page, **order, chance="1").status == 303
    assert trainer.send(f"{page}/line", page, speed="64", delay="300").status == 303
    with closing(records.connect(office.folder)) as conn:
        (armed,) = faults.listing(conn)
        assert armed.fault == Fault("deleted_409", byte=0) and faults.line(conn) == Line(8_000, 150)
    assert post(office, plain("uuid:drill")).status == 409
    told = trainer.get(page).data.decode()
    assert "uuid:drill" in told and phrases.say("vi", "office.answer_deleted_409") in told
    assert phrases.say("vi", "office.count_not") in told and phrases.say("vi", "office.not_whole") in told
    assert phrases.say("en", "office.count_not") in trainer.get(f"{page}?lang=en").data.decode()
    assert trainer.send(f"{page}/faults", page, **order, chance="1").status == 303
    with closing(records.connect(office.folder)) as conn:
        (armed,) = faults.listing(conn)
    assert trainer.send(f"{page}/faults/{armed.id}/stop", page).status == 303
    assert trainer.send(f"{page}/end", page).status == 303
    with closing(records.connect(office.folder)) as conn:
        assert (faults.listing(conn), faults.line(conn), exercise.listing(conn)) == ((), Line(), ())


@pytest.mark.parametrize(
    "wrong",
    [{"answer": "x"}, {"kind": "x"}, {"manner": "x"}, {"byte": "-5"}, {"byte": "1e9"}, {"number": "x"}],
)
def test_what_a_trainer_mistypes_is_said_and_nothing_stands(office: Office, wrong: dict[str, str]) -> None:
    order = {"answer": "true", "kind": "post", "manner": "whole", "byte": "1", "number": "1", "times": "1"}
    answer = Visitor(office).send("/exercise/faults", "/exercise", **(order | wrong))
    assert answer.status == 400 and phrases.say("vi", "office.fault_bad") in answer.data.decode()
    with closing(records.connect(office.folder)) as conn:
        assert faults.listing(conn) == ()


def test_every_answer_and_manner_stands_on_the_page_in_words(office: Office) -> None:
    for lang in phrases.LANGUAGES:
        told = Visitor(office).get(f"/exercise?lang={lang}").data.decode()
        for name in ANSWERS:
            assert phrases.say(lang, f"office.answer_{name}") in told.replace("&#39;", "'")
        assert all(f'value="{one}"' in told for one in (*Manner, *Kind))


def test_nobody_orders_without_the_page_s_token_or_the_office_s_key(office: Office) -> None:
    for action in ("faults", "line", "end", "faults/1/stop"):
        assert POOL.request("POST", f"{office.url}/exercise/{action}", fields={"speed": "2"}).status == 400
    for method in ("GET", "PUT"):
        assert POOL.request(method, f"{office.url}/exercise.json").status == 401
    assert POOL.request("PUT", f"{office.url}/exercise.json", headers=basic(office)).status == 401


def test_a_program_orders_a_whole_exercise_and_reads_what_came(office: Office) -> None:
    url, bearer = f"{office.url}/exercise.json", {"Authorization": f"Bearer {keys.token(office.folder)}"}
    wanted = {"faults": [{"answer": "progress_423", "times": 2}, {"manner": "after"}], "delay_ms": 1}
    assert POOL.request("PUT", url, body=json.dumps(wanted), headers=bearer).status == 200
    assert [post(office, plain("uuid:called")).status for _ in range(2)] == [423, 423]
    with pytest.raises(urllib3.exceptions.ProtocolError):
        post(office, plain("uuid:called"))
    told = POOL.request("GET", url, headers=bearer).json()
    assert (told["faults"], told["delay_ms"]) == ([], 1)
    assert [(one["status"], one["whole"]) for one in told["log"]] == [(0, True), (423, False), (423, False)]
    for wrong in (b"", b"[]", b'{"faults": [{"answer": "x"}]}', b'{"bytes_s": -1}', b'{"speed": 1}'):
        assert POOL.request("PUT", url, body=wrong, headers=bearer).status == 400


def test_an_exercise_outlives_the_office_that_was_killed(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("killed")
    with practice_office(folder) as first:
        arm(first, Fault("down_502", times=2))
        assert post(first, plain("uuid:outlives")).status == 502
    with practice_office(folder) as second:
        assert [post(second, plain("uuid:outlives")).status for _ in range(2)] == [502, 201]
        assert [one.status for one in log(second)] == [201, 502, 502]


def test_the_log_keeps_the_latest_thousand(office: Office) -> None:
    with closing(records.connect(office.folder)) as conn:
        for number in range(1_005):
            exercise.write(
                conn,
                exercise.Entry(
                    str(number), "post", "kobo", "", "", "", 0, 0, "true", "whole", 201, True, True
                ),
            )
        kept = exercise.listing(conn, most=2_000)
    assert len(kept) == 1_000 and kept[0].at == "1004"
