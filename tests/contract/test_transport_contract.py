"""The same cases for every server that a House hands in at: the practice office in each of its dialects, and a real
ODK Central when one is named.

For a real one set ``HUB_CENTRAL_URL``, ``HUB_CENTRAL_TOKEN`` (an app user's, with the role Viewer on the form),
``HUB_CENTRAL_PROJECT`` and ``HUB_CENTRAL_FORM`` (a form that is open; its records will be tests' own).
"""

from __future__ import annotations

import os
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hub.base.settings import UpstreamSettings
from hub.post.outbox import ENVELOPE_PART, Parcel
from hub.post.transports.blank_forms import BlankForms
from hub.post.transports.carrier import Answer, CarrierFault, Outcome, Shipment, Source
from hub.post.transports.openrosa import OpenRosa
from hub.practice_office import records
from tests.post import parcels
from tests.post.servers import Office, practice_office

QUICK = {"connect_s": 5.0, "answer_s": 30.0, "idle_s": 10.0}
# Kind, path behind the office's address, and whether a name is shown instead of a key.
PRACTICE = {
    "central": ("central", "", False),
    "central_path": ("central", "", False),
    "openrosa": ("openrosa", "", True),
    "basic": ("openrosa", "/basic", True),
    "kobo": ("kobo", "/kobo/house", True),
    "kobo_token": ("kobo", "/kobo", False),
    "ona": ("ona", "/ona/house", True),
}


@dataclass(frozen=True)
class Rig:
    """A server, how a House comes to it, and what the form there is called."""

    name: str
    settings: UpstreamSettings
    form: str
    version: str
    public_key: str
    folder: Path | None

    @property
    def readable(self) -> bool:
        """Whether states and files can be read back."""
        return self.settings.kind == "central"

    def stored(self, parcel: Parcel) -> dict[str, bytes] | None:
        """What the practice office's shelf has of ``parcel``; None for a real server."""
        if self.folder is None:
            return None
        with closing(records.connect(self.folder)) as conn:
            found = records.find(conn, parcel.form_id, parcel.instance_id)
            if found is None:
                return {}
            xml, files = records.content(conn, found.id)
        return {ENVELOPE_PART: xml} | files

    def parcel(self, **more: int) -> Parcel:
        """A dossier sealed for this server's form."""
        return parcels.parcel(
            form_id=self.form, version=self.version, public_key=self.public_key, **more  # type: ignore[arg-type]
        )


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One practice office for all dialects."""
    with practice_office(tmp_path_factory.mktemp("office")) as listening:
        yield listening


@pytest.fixture(
    scope="module", params=[*PRACTICE, pytest.param("real", marks=pytest.mark.central)], ids=lambda name: name
)
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A server to be sent to."""
    if request.param == "real":
        return real(tmp_path_factory.mktemp("real"))
    listening: Office = request.getfixturevalue("office")
    kind, path, named = PRACTICE[request.param]
    shown: dict[str, object] = {"token_file": listening.token_file}
    if named:
        shown = {"user": "house", "password_file": listening.token_file}
    if request.param == "central_path":
        shown["token_in_path"] = True
    settings = UpstreamSettings(url=listening.url + path, kind=kind, **shown, **QUICK)  # type: ignore[arg-type]
    key = parcels.public_half(parcels.practice_key())
    return Rig(request.param, settings, parcels.FORM, parcels.VERSION, key, listening.folder)


def real(folder: Path) -> Rig:
    """The ODK Central that the surroundings name; the form's version and key are read from itself."""
    token = folder / "token"
    token.write_text(os.environ["HUB_CENTRAL_TOKEN"], encoding="ascii")
    token.chmod(0o600)
    settings = UpstreamSettings(
        url=os.environ["HUB_CENTRAL_URL"],
        project=int(os.environ.get("HUB_CENTRAL_PROJECT", "1")),
        token_file=str(token),
        ca_file=os.environ.get("HUB_CENTRAL_CA", ""),
        **QUICK,
    )
    wanted = os.environ["HUB_CENTRAL_FORM"]
    way = BlankForms(settings, lambda: False)
    try:
        offered = next(one for one in way.listing() if one.form_id == wanted)
        key = re.search(rb'base64RsaPublicKey="([^"]+)"', way.xml(offered))
    finally:
        way.close()
    public = key[1].decode("ascii") if key else parcels.public_half(parcels.practice_key())
    return Rig("real", settings, wanted, offered.version, public, None)


@pytest.fixture
def way(rig: Rig) -> Iterator[OpenRosa]:
    """A carrier that has knocked, as the courier's has."""
    carrier = OpenRosa(rig.settings, lambda: False, device_id="house-mau")
    assert carrier.probe().up
    yield carrier
    carrier.close()


def shipment(parcel: Parcel, *names: str) -> Shipment:
    """The dossier with the files named, or with all."""

    def source(name: str, content: bytes) -> Source:
        return Source(
            name, len(content), lambda: (content[at : at + 9_000] for at in range(0, len(content), 9_000))
        )

    files = tuple(source(*one) for one in parcel.files if not names or one[0] in names)
    return Shipment(parcel.instance_id, source(ENVELOPE_PART, parcel.envelope), files)


def whole(parcel: Parcel) -> dict[str, bytes]:
    """What the office must have in the end."""
    return {ENVELOPE_PART: parcel.envelope} | dict(parcel.files)


def arrived(rig: Rig, way: OpenRosa, parcel: Parcel) -> None:
    """Fail unless the office has every byte of ``parcel``, as far as it lets one see."""
    stored = rig.stored(parcel)
    assert stored is None or stored == whole(parcel)
    if rig.readable:
        assert dict(way.holds(rig.form, parcel.instance_id)) == dict.fromkeys(dict(parcel.files), True)


def test_a_knock_tells_what_the_server_takes(rig: Rig, way: OpenRosa) -> None:
    probe = way.probe()
    assert (probe.up, probe.reason_key, probe.refusal) == (True, None, None)
    assert probe.most_bytes == (10_000_000 if rig.settings.kind == "ona" else 100_000_000)


def test_a_dossier_arrives_whole(rig: Rig, way: OpenRosa) -> None:
    made = rig.parcel(photos=2, photo_bytes=30_000)
    assert way.send(shipment(made)).outcome is Outcome.DONE
    arrived(rig, way, made)


def test_the_same_bytes_again_are_done_and_one_record(rig: Rig, way: OpenRosa) -> None:
    made = rig.parcel()
    for _ in range(3):
        assert way.send(shipment(made)).outcome is Outcome.DONE
    arrived(rig, way, made)


def test_files_that_come_one_by_one_are_joined(rig: Rig, way: OpenRosa) -> None:
    made = rig.parcel(photos=3)
    for name, _ in made.files:
        assert way.send(shipment(made, name)).outcome is Outcome.DONE
    arrived(rig, way, made)


def test_what_has_not_come_is_told_as_missing_where_it_can_be_asked(rig: Rig, way: OpenRosa) -> None:
    made = rig.parcel(photos=2)
    assert way.send(shipment(made, made.files[0][0])).outcome is Outcome.DONE
    if not rig.readable:
        with pytest.raises(CarrierFault) as bad:
            way.holds(rig.form, made.instance_id)
        assert (bad.value.reason_key, bad.value.denied) == ("relay.not_readable", True)
        return
    there = way.holds(rig.form, made.instance_id)
    assert dict(there) == {name: place == 0 for place, (name, _) in enumerate(made.files)}


def test_a_record_that_never_came_is_told_as_gone_where_it_can_be_asked(rig: Rig, way: OpenRosa) -> None:
    with pytest.raises(CarrierFault) as bad:
        way.holds(rig.form, f"uuid:{uuid.uuid4()}")
    assert (bad.value.denied, bad.value.gone) == (True, rig.readable)


def test_other_xml_under_the_same_number_is_a_conflict_and_changes_nothing(rig: Rig, way: OpenRosa) -> None:
    made = rig.parcel()
    assert way.send(shipment(made)).outcome is Outcome.DONE
    other = replace(made, envelope=made.envelope + b"\n")
    assert way.send(shipment(other)).outcome is Outcome.CONFLICT
    arrived(rig, way, made)


def test_a_form_that_is_not_there_is_refused(rig: Rig, way: OpenRosa) -> None:
    made = parcels.parcel(form_id=f"khong_co_{uuid.uuid4().hex[:8]}", version=rig.version)
    answer = way.send(shipment(made))
    assert (answer.outcome, answer.reason_key) == (Outcome.REFUSED, "relay.no_form")


def test_what_is_no_record_is_refused_as_not_understood(rig: Rig, way: OpenRosa) -> None:
    text = b"this is no XML"
    bad = Shipment("uuid:x", Source(ENVELOPE_PART, len(text), lambda: (text,)), ())
    answer = way.send(bad)
    assert (answer.outcome, answer.reason_key) == (Outcome.REFUSED, "relay.not_understood")


def test_a_wrong_key_is_told_at_the_door_and_again_at_the_counter(rig: Rig, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("w" * 64)
    wrong.chmod(0o600)
    given = {"password_file" if rig.settings.user else "token_file": str(wrong)}
    carrier = OpenRosa(_with(rig.settings, **given), lambda: False)
    try:
        probe = carrier.probe()
        answer = carrier.send(shipment(rig.parcel()))
    finally:
        carrier.close()
    assert (probe.up, probe.refusal) == (True, "relay.token_refused")
    assert (answer.outcome, answer.reason_key) == (Outcome.REFUSED, "relay.token_refused")


def _with(settings: UpstreamSettings, **more: object) -> UpstreamSettings:
    given = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return UpstreamSettings(**(given | more))


def test_states_and_words_are_read_where_the_server_tells_them(rig: Rig, way: OpenRosa) -> None:
    made = rig.parcel()
    assert way.send(shipment(made)).outcome is Outcome.DONE
    if not rig.readable:
        for ask in (
            lambda: way.states(rig.form, ""),
            lambda: way.comments(rig.form, made.instance_id, ""),
            lambda: way.notes(rig.form, made.instance_id, ""),
        ):
            before = way.traffic
            with pytest.raises(CarrierFault) as bad:
                ask()
            assert (bad.value.reason_key, bad.value.denied) == ("relay.not_readable", True)
            assert way.traffic == before, "a server that does not tell is not asked"
        return
    states = way.states(rig.form, "")
    assert states is not None and states.by_instance[made.instance_id] == "received"
    assert way.states(rig.form, states.etag) is None
    comments = way.comments(rig.form, made.instance_id, "")
    assert comments is not None and comments.remarks == ()
    notes = way.notes(rig.form, made.instance_id, "")
    assert notes is not None and notes.remarks == ()


def test_four_at_a_time_arrive_each_once(rig: Rig, way: OpenRosa) -> None:
    made = [rig.parcel(photo_bytes=20_000) for _ in range(8)]
    answers: list[Answer] = []

    def carry(share: list[Parcel]) -> None:
        answers.extend(way.send(shipment(one)) for one in share)

    threads = [threading.Thread(target=carry, args=(made[lane::4],)) for lane in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [one.outcome for one in answers] == [Outcome.DONE] * 8
    for one in made:
        arrived(rig, way, one)


def test_identical_sendings_at_one_moment_end_as_one_whole_record(rig: Rig, way: OpenRosa) -> None:
    made = rig.parcel()
    gate, answers = threading.Barrier(3), list[Answer]()

    def carry() -> None:
        gate.wait(10)
        answers.append(way.send(shipment(made)))

    threads = [threading.Thread(target=carry) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    outcomes = {one.outcome for one in answers}
    assert Outcome.DONE in outcomes and outcomes <= {Outcome.DONE, Outcome.CONFLICT, Outcome.AGAIN}
    assert way.send(shipment(made)).outcome is Outcome.DONE
    arrived(rig, way, made)


def test_forms_are_listed_and_fetched_with_the_same_credential(rig: Rig) -> None:
    forms = BlankForms(rig.settings, lambda: False)
    try:
        offered = next(one for one in forms.listing() if one.form_id == rig.form)
        assert offered.version == rig.version
        assert rig.form.encode() in forms.xml(offered)
    finally:
        forms.close()


def test_the_office_knows_which_house_sent(rig: Rig, way: OpenRosa) -> None:
    made = rig.parcel()
    assert way.send(shipment(made)).outcome is Outcome.DONE
    if rig.folder is not None:
        with closing(records.connect(rig.folder)) as conn:
            found = records.find(conn, rig.form, made.instance_id)
            assert found is not None and found.device_id == "house-mau"
