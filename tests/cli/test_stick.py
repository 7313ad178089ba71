"""The whole way by hand as people walk it: commands of their own at the House and at the commune."""

from __future__ import annotations

import re
import shutil
import signal
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.base import db, identity, phrases
from hub.base.errors import NotReady
from hub.cli import main
from hub.post import outbox, stick, stick_office
from hub.practice_office import records
from tests.cli import command
from tests.cli.command import hub
from tests.fakes import FakeClock
from tests.post import parcels, servers


def here(data: Path, *arguments: str, typed: str = "") -> Result:
    """Run a command in this process, in English: an interpreter more for each step would be most of the time."""
    clean = {"HUB_SETTINGS": None, "HUB_DATA": None, "HUB_LANG": None}
    called = ["--data", str(data), "--lang", "en", *arguments]
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return CliRunner().invoke(main.cli, called, input=typed, env=clean)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A House that was opened once: its database and its keys."""
    data = tmp_path_factory.mktemp("opened") / "data"
    assert here(data, "stick", "keys").exit_code == 0
    return data


@pytest.fixture
def house(opened: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(opened, tmp_path / "house"))


def kept(house: Path, *made: outbox.Parcel) -> None:
    with closing(db.connect(house / "house.db")) as conn:
        for one in made:
            outbox.add(conn, one, moment=FakeClock().read())


def states(house: Path) -> list[str]:
    with closing(db.connect(house / "house.db")) as conn:
        return [str(one.state) for one in outbox.listing(conn)]


def introduced(house: Path, office: Path, carried: Path) -> None:
    key = carried / "OFFICE.PUB"
    shown = here(office, "office", "keys", "--out", str(key))
    digits = re.search(r"(\d{5} ){5}\d{5}", shown.output)
    assert digits and shown.exit_code == 0
    assert here(house, "stick", "trust", str(key), typed="n\n").exit_code == 1
    assert "Nobody has confirmed" in here(house, "stick", "keys").output
    trusted = here(house, "stick", "trust", str(key), typed="y\n")
    assert trusted.exit_code == 0 and digits[0] in trusted.output
    mine = here(house, "stick", "keys").output.splitlines()[1]
    assert mine.startswith("dch-house-")
    assert here(office, "office", "trust", mine, "--name", "Thôn Mẫu", "--yes").exit_code == 0


def known_to_each_other(house: Path, office: Path) -> None:
    conn, mine = stick_office.open_folder(office / "commune")
    moment = FakeClock()
    with closing(conn), closing(db.connect(house / "house.db")) as there:
        stick.confirm_office(there, mine.public.line, staff=None, moment=moment.read())
        public = identity.read_or_make(house / "keys").public
        stick_office.trust(conn, public.line, "Thôn Mẫu", clock=moment)


def test_dossiers_go_by_stick_to_the_commune_and_on_to_its_server_and_the_answer_comes_back(
    house: Path, tmp_path: Path
) -> None:
    office, carried = tmp_path / "laptop", tmp_path / "stick"
    carried.mkdir()
    with servers.practice_office(tmp_path / "server") as server:
        made = [parcels.parcel(public_key=server.public_key) for _ in range(2)]
        kept(house, *made)
        introduced(house, office, carried)
        to = ("--to", server.url, "--token-file", server.token_file)
        written = here(house, "stick", "write", str(carried), "--size", "1MB")
        assert written.exit_code == 0 and "1 files written, 2 dossiers" in written.output
        listed = here(house, "stick", "list").output
        assert re.search(r"^[0-9A-Z]{8}\.HSB\t\S+ \S+\t2\t2$", listed, re.M)
        kept_here = here(office, "office", "import", str(carried), "--keep", str(tmp_path / "kept"))
        assert kept_here.exit_code == 0, kept_here.output
        laid = sorted(path.name for path in (tmp_path / "kept").glob("*/submission.xml"))
        assert len(laid) == 2
        first = here(house, "stick", "read", str(carried))
        assert (
            first.exit_code == 0
            and "has received 0" in first.output
            and "2 dossiers are at the commune" in first.output
        )
        assert states(house) == ["queued", "queued"]
        sent = hub(office, "office", "import", str(carried), *to, HUB_LANG="en")
        assert sent.code == 0 and "Forwarded 2; still here 0; refused 0" in sent.out, sent
        assert here(office, "office", "list").output.split("\t")[2:] == ["2", "0", "0\n"]
        done = here(house, "stick", "read", str(carried))
        assert done.exit_code == 0 and "has received 2" in done.output
        assert states(house) == ["sent", "sent"]
        with records.connect(server.folder) as there:
            found = {one.instance_id: records.content(there, one.id) for one in records.listing(there)}
        assert found == {one.instance_id: (one.envelope, dict(one.files)) for one in made}
    # On the stick stands nothing in the clear, and its files' names say nothing.
    for path in carried.iterdir():
        if path.name != "OFFICE.PUB":
            content = path.read_bytes()
            assert re.fullmatch(r"[0-9A-Z]{8}\.HS[AB]", path.name)
            assert not any(one.instance_id.encode() in content for one in made)
            assert parcels.FORM.encode() not in content


def test_a_file_that_does_not_count_is_one_sentence_and_what_has_no_way_yet_stays_at_the_commune(
    house: Path, tmp_path: Path
) -> None:
    office, carried = tmp_path / "laptop", tmp_path / "stick"
    carried.mkdir()
    kept(house, parcels.parcel())
    known_to_each_other(house, office)
    assert here(house, "stick", "write", str(carried)).exit_code == 0
    whole = next(carried.glob("*.HSB"))
    (carried / "AAAAAAAA.HSB").write_bytes(whole.read_bytes()[:-100])
    (carried / "BBBBBBBB.HSA").write_bytes(b"x")
    nobody = f"http://127.0.0.1:{command.free_port()}"
    taken = here(office, "office", "import", str(carried), "--to", nobody)
    assert taken.exit_code == 1 and "1 new dossiers" in taken.stdout and "still here 1" in taken.stdout
    bad, way = taken.stderr.splitlines()
    assert (
        bad
        == "AAAAAAAA.HSB: This file ends too early: it was not copied whole. Copy it again. Nothing was changed."
    )
    assert way == phrases.say("en", "relay.no_route")
    read = here(house, "stick", "read", str(carried))
    assert read.exit_code == 1 and "1 dossiers are at the commune" in read.output
    assert read.stderr.startswith("BBBBBBBB.HSA: This file is none of") and len(read.stderr.splitlines()) == 1
    assert states(house) == ["queued"]


@pytest.mark.parametrize(
    "access",
    [
        ("--kind", "koboo"),
        ("--project", "0"),
        ("--user", "xa"),
        ("--user", "x a", "--password-file", "p"),
        ("--user", "xa", "--password-file", "p", "--token-file", "t"),
    ],
)
def test_a_server_that_is_told_wrongly_is_wrong_use(tmp_path: Path, access: tuple[str, ...]) -> None:
    said = here(tmp_path, "office", "import", str(tmp_path), "--to", "http://127.0.0.1:9", *access)
    assert said.exit_code == 2 and not (tmp_path / "commune").exists()


def test_the_commune_forwards_to_a_server_that_knows_names_and_answers_beside_each_houses_files(
    house: Path, tmp_path: Path
) -> None:
    office, first, second = tmp_path / "laptop", tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    other = Path(shutil.copytree(house, tmp_path / "other"))
    (other / "keys" / "identity").unlink()
    with servers.practice_office(tmp_path / "server") as server:
        for data, carried in ((house, first), (other, second)):
            kept(data, parcels.parcel(public_key=server.public_key))
            known_to_each_other(data, office)
            assert here(data, "stick", "write", str(carried)).exit_code == 0
        nowhere = here(office, "office", "import", str(first), "--to", server.url, "--token-file", "none")
        assert isinstance(nowhere.exception, NotReady) and not list(first.glob("*.HSA"))
        kobo = ("--to", server.url, "--kind", "kobo", "--user", "house", "--password-file", server.token_file)
        for carried in (first, second):
            sent = here(office, "office", "import", str(carried), *kobo)
            assert sent.exit_code == 0 and "Forwarded 1; still here 0; refused 0" in sent.output, sent.output
            assert len(list(carried.glob("*.HSA"))) == 1
    for data, carried in ((house, first), (other, second)):
        read = here(data, "stick", "read", str(carried))
        assert read.exit_code == 0 and states(data) == ["sent"], read.output
    (tmp_path / "empty").mkdir()
    none = here(house, "stick", "read", str(tmp_path / "empty"))
    assert none.exit_code == 0 and none.output.startswith("There is no answer")


@pytest.mark.parametrize("size", ["0", "64", "many", "1e9", "-5MB", "5TB", "٣MB"])
def test_a_size_that_is_none_is_wrong_use(tmp_path: Path, size: str) -> None:
    said = here(tmp_path, "stick", "write", str(tmp_path), f"--size={size}")
    assert said.exit_code == 2 and "--size" in said.output


@pytest.mark.parametrize("ways", [(), ("--to", "http://127.0.0.1:9", "--keep", "there")])
def test_importing_needs_a_server_or_a_folder_and_not_both(tmp_path: Path, ways: tuple[str, ...]) -> None:
    assert here(tmp_path, "office", "import", str(tmp_path), *ways).exit_code == 2


def test_a_house_without_a_confirmed_office_says_so(house: Path, tmp_path: Path) -> None:
    said = hub(house, "stick", "write", str(tmp_path), HUB_LANG="en")
    assert said.code == 1 and said.sentence.startswith("Nobody has confirmed the commune's key yet")
