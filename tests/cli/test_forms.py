"""``hub forms``: put in, drawn, listed, fetched, taken out, and what is told to a form's author."""

from __future__ import annotations

import datetime as dt
import re
from contextlib import closing
from pathlib import Path

import pytest

from hub.base import clock, db
from hub.post.transports import blank_forms
from hub.practice_office.forms import register_form
from tests.cli.command import hub, written
from tests.forms import cases
from tests.post.certificates import issue, secure
from tests.post.servers import Stranger, practice_office

DAY = dt.timedelta(days=1)

FORM = """| survey | | | | | |
| | type | name | label::Tiếng Việt (vi) | label::English (en) | relevant |
| | text | ten | Tên chủ hộ | Head's name | |
| | select_one_from_file thon.csv | thon | Thôn | Village | ${ten} != '' |
| | note | chao | ![Ảnh](cay.png) Chào ${ten} | Hello ${ten} | |
| settings | | | |
| | form_id | version | form_title |
| | khao_sat | 2026112201 | Khảo sát hộ |
"""


@pytest.fixture
def form(tmp_path: Path) -> Path:
    """A form in a folder of its author's, with the list it names."""
    folder = tmp_path / "author"
    (folder / "media").mkdir(parents=True)
    (folder / "media" / "thon.csv").write_text("name,label\na,Làng A\n", encoding="utf-8")
    (folder / "khao-sat.md").write_text(FORM, encoding="utf-8")
    return folder / "khao-sat.md"


def test_a_form_is_put_in_listed_and_taken_out(data: Path, settings: Path, form: Path) -> None:
    media = str(form.parent / "media")
    done = hub(data, "--lang", "en", "forms", "add", str(form), "--media", media, settings=settings)
    assert done.code == 0 and "“khao_sat”, version 2026112201, is in" in done.out, done
    row = "form-khao_sat\tkhao_sat\t2026112201\tKhảo sát hộ\tadded\t0"
    listed = hub(data, "forms", "list", settings=settings).out.splitlines()
    assert row in listed and any(
        line.startswith("lien-thong-khai-sinh\tlien_thong_khai_sinh\t") for line in listed
    )
    gone = hub(data, "--lang", "en", "forms", "remove", "khao_sat", settings=settings)
    assert gone.code == 0 and "Drafts on it: 0" in gone.out
    assert row not in hub(data, "forms", "list", settings=settings).out
    again = hub(data, "--lang", "en", "forms", "remove", "khao_sat", settings=settings)
    assert again.code == 1 and again.sentence == "There is no form “khao_sat”."
    pack = hub(data, "--lang", "en", "forms", "remove", "lien_thong_khai_sinh", settings=settings)
    assert pack.code == 1 and "belongs to the content pack" in pack.sentence


def test_every_mistake_is_told_with_its_sheet_and_row(data: Path, settings: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.md"
    bad.write_text(
        "| survey |\n| | type | name | label | calculation | relevant |\n"
        "| | text | a | A | | |\n| | nonsense | b | B | | |\n"
        "| | calculate | c | | no-such-function(1) | |\n| | text | d | D | | ${nobody} = 1 |\n",
        encoding="utf-8",
    )
    done = hub(data, "--lang", "en", "forms", "add", str(bad), settings=settings)
    assert done.code == 1 and done.out == "" and "Traceback" not in done.err
    rows = {int(row) for row in re.findall(r"row (\d+):", done.err)}
    assert {3, 5} <= rows and len(done.err.splitlines()) >= 2, done.err
    missing = hub(data, "--lang", "en", "forms", "add", str(tmp_path / "none.xlsx"), settings=settings)
    assert missing.code == 1 and "none.xlsx" in missing.sentence


def test_a_missing_list_and_a_file_beyond_bounds_are_named(
    data: Path, settings: Path, form: Path, tmp_path: Path
) -> None:
    done = hub(data, "--lang", "en", "forms", "add", str(form), settings=settings)
    assert done.code == 1 and "thon.csv" in done.err and "row 3" in done.err
    with (form.parent / "media" / "big.png").open("wb") as big:
        big.truncate(17 * 1024 * 1024)
    media = str(form.parent / "media")
    done = hub(data, "--lang", "en", "forms", "add", str(form), "--media", media, settings=settings)
    assert done.code == 1 and "big.png" in done.sentence
    done = hub(
        data, "--lang", "en", "forms", "add", str(form), "--media", str(tmp_path / "no"), settings=settings
    )
    assert done.code == 1 and "cannot be read" in done.sentence
    assert "khao_sat" not in hub(data, "forms", "list", settings=settings).out


def test_a_preview_shows_every_question_and_puts_nothing_in_until_it_is_wanted(
    data: Path, settings: Path, form: Path
) -> None:
    media = str(form.parent / "media")
    line = ("--lang", "en", "forms", "add", str(form), "--media", media, "--preview")
    done = hub(data, *line, settings=settings, typed="n\n")
    assert done.code == 0 and "Nothing has changed" in done.out
    assert "khao_sat" not in hub(data, "forms", "list", settings=settings).out
    folder = form.parent / "khao-sat-preview"
    vietnamese = (folder / "vi.html").read_text(encoding="utf-8")
    english = (folder / "en.html").read_text(encoding="utf-8")
    assert "Tên chủ hộ" in vietnamese and "Head&#39;s name" in english
    # What is asked only sometimes is in sight too, with its condition.
    assert "Làng A" in vietnamese and "/data/ten != &#39;&#39;" in re.sub(r"\s+", " ", vietnamese)
    assert not re.search(r'(?:href|src)="(?:/|https?:)', vietnamese) and "<script" not in vietnamese
    for name in re.findall(r'href="(static/[^"#]+)', vietnamese):
        assert (folder / name).is_file()
    done = hub(data, *line, "--yes", settings=settings)
    assert done.code == 0 and "khao_sat" in hub(data, "forms", "list", settings=settings).out


def test_a_newer_form_of_the_packs_replaces_it_and_an_older_one_waits(
    data: Path, settings: Path, form: Path
) -> None:
    packed = next(
        line.split("\t")
        for line in hub(data, "forms", "list", settings=settings).out.splitlines()
        if line.startswith("thong-bao-luu-tru\t")
    )
    told = FORM.replace("khao_sat", packed[1]).replace("2026112201", "2099010101")
    form.write_text(told, encoding="utf-8")
    line = ("--lang", "en", "forms", "add", str(form), "--media", str(form.parent / "media"))
    done = hub(data, *line, settings=settings)
    assert done.code == 0 and f"in place of the content pack's version {packed[2]}" in done.out
    form.write_text(told.replace("2099010101", "1999010101"), encoding="utf-8")
    done = hub(data, *line, settings=settings)
    assert done.code == 0 and f"newer version ({packed[2]})" in done.out
    rows = [row.split("\t") for row in hub(data, "forms", "list", settings=settings).out.splitlines()]
    mine = {row[2]: row[4:] for row in rows if row[1] == packed[1]}
    assert mine == {packed[2]: ["pack", "0"], "1999010101": ["added", "0", "-"]}


def test_forms_are_fetched_from_the_office_and_told_one_by_one(data: Path, tmp_path: Path) -> None:
    with practice_office(tmp_path / "office", register=False) as office:
        register_form(office.folder, cases.converted("01-text").xml)
        register_form(office.folder, cases.converted("07-select-from-csv").xml)
        settings = written(
            tmp_path,
            '[clock]\ntrust = "always"\n'
            f'[upstream]\nurl = "{office.url}"\ntoken_file = "{office.token_file}"\n',
        )
        done = hub(data, "--lang", "en", "forms", "fetch", settings=settings)
        assert done.code == 1 and "text: version 1 fetched." in done.out
        assert "select_from_csv: version 1 is not taken." in done.out and "thon.csv" in done.out
        media = dict(cases.all()[6].media)
        register_form(office.folder, cases.converted("07-select-from-csv").xml, media)
        done = hub(data, "--lang", "en", "forms", "fetch", settings=settings)
        assert done.code == 0 and "text: version 1 is here already." in done.out
        assert "select_from_csv: version 1 fetched." in done.out
        listed = hub(data, "forms", "list", settings=settings).out
        assert "form-text\ttext\t1\t" in listed and "\tfetched\t0" in listed
    away = hub(data, "--lang", "en", "forms", "fetch", settings=settings)
    assert away.code == 1 and away.sentence


def test_forms_are_fetched_by_the_time_that_somebody_has_confirmed(data: Path, tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    later = issue(tmp_path / "tls", begins=now + 300 * DAY, ends=now + 400 * DAY)
    empty = f'<xforms xmlns="{blank_forms.LIST}"/>'.encode()
    with secure(Stranger(gets=lambda request: request.reply(200, empty)), later) as url:
        settings = written(
            tmp_path,
            f'[clock]\ntrust = "never"\n[upstream]\nurl = "{url}"\nca_file = "{later.ca_file}"\n',
        )
        early = hub(data, "--lang", "en", "forms", "fetch", settings=settings)
        assert early.code == 1 and "not valid yet" in early.sentence
        with closing(db.connect(data / "house.db")) as conn:
            clock.confirm(conn, now + 310 * DAY, clock.SystemClock(None, trust="never").read())
        done = hub(data, "--lang", "en", "forms", "fetch", settings=settings)
        assert (done.code, done.out, done.err) == (0, "", "")


def test_a_house_without_an_office_says_where_to_write_its_address(data: Path, tmp_path: Path) -> None:
    settings = written(tmp_path, "[house]\ndemo = false\n")
    done = hub(data, "--lang", "en", "forms", "fetch", settings=settings)
    assert done.code == 1 and "upstream.url" in done.sentence
