"""``hub reports`` and ``hub forms keys``: forms for an office to take, keys to be compared by their digits."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest

from hub.forms import author, workbook
from hub.post import office_keys
from hub.practice_office.forms import register_form
from hub.trades.reports.model import Kind
from tests.cli.command import hub, written
from tests.post.servers import practice_office
from tests.shelves import CORE
from tests.trades.procedures.offers import key, keyed


@pytest.mark.parametrize("kind", Kind)
def test_a_reports_form_as_a_workbook_is_the_same_form(kind: Kind, tmp_path: Path) -> None:
    table = CORE / "reports" / kind / "form.md"
    book = workbook.made(table.read_text(encoding="utf-8"))
    names = openpyxl.load_workbook(io.BytesIO(book)).sheetnames
    assert names == (["survey", "choices", "settings"] if kind is Kind.DAILY else ["survey", "settings"])
    path = tmp_path / "form.xlsx"
    path.write_bytes(book)
    made, whole = author.convert(path, "xlsx", "x"), author.convert(table, "md", "x")
    assert (made.form_id, made.version, made.xml) == (whole.form_id, whole.version, whole.xml)


def test_the_forms_of_the_reports_are_written_out_for_an_office(data: Path, settings: Path) -> None:
    told = hub(data, "reports", "form", "daily", settings=settings)
    assert told.code == 0 and 'id="house_daily"' in told.out
    file = data.parent / "monthly.xlsx"
    assert hub(data, "reports", "form", "monthly", "--xlsx", str(file), settings=settings).code == 0
    assert openpyxl.load_workbook(file).sheetnames[0] == "survey"


def test_a_key_that_waits_is_told_by_its_digits_and_trusted_by_them(data: Path, tmp_path: Path) -> None:
    with practice_office(tmp_path / "office", register=False) as office:
        register_form(office.folder, keyed("doi_khoa", "1", key(7)))
        upstream = f'[upstream]\nurl = "{office.url}"\ntoken_file = "{office.token_file}"\n'
        settings = written(tmp_path, f'[clock]\ntrust = "always"\n{upstream}')
        fetched = hub(data, "--lang", "en", "forms", "fetch", settings=settings)
        assert fetched.code == 1 and "doi_khoa: version 1 carries another key" in fetched.out
    digits = office_keys.spoken(office_keys.fingerprint(key(7)))
    listed = hub(data, "forms", "keys", settings=settings)
    host = office.url.removeprefix("http://")
    assert listed.code == 1 and f"doi_khoa\twaiting\t{digits}\t{host}" in listed.out.splitlines()
    done = hub(data, "--lang", "en", "forms", "keys", "--trust", digits.replace(" ", ""), settings=settings)
    assert done.code == 0 and "“doi_khoa” is trusted from now on" in done.out
    after = hub(data, "forms", "keys", settings=settings)
    assert after.code == 0 and f"doi_khoa\ttrusted\t{digits}" in after.out.splitlines()
