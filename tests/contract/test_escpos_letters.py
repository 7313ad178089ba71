"""Text mode and the probe slip: what goes as letters reads back by tables that are not the writer's own."""

from __future__ import annotations

import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices import choose, lettering, probe
from devices.config import PrinterConfig
from devices.drivers import escpos_probe, escpos_profile, escpos_stream, escpos_text
from devices.picture import PictureBook
from devices.ports import Malformed
from devices.slip import Align, Big, Qr, Row, Size, Slip, Text
from tests.contract.escpos_reader import Line, Paper, Reader
from tests.contract.paper import dots, trimmed
from tests.contract.sink import Sink
from tests.devices.samples import BENGALI, MONG, PICTURES, VIETNAMESE, ticket

BOOK = PictureBook(PICTURES)
ICONV = {"tcvn": "TCVN5712-1", "viscii": "VISCII", "cp1258": "CP1258"}
CAPITALS_WITHOUT_TONE = "ĂÂÊÔƠƯĐ"
BELOW_32 = "ẲẴẪỶỸỴ"


def read_back(data: bytes, encoding: str) -> str:
    """Read bytes by the C library's table."""
    done = subprocess.run(
        ["iconv", "-f", ICONV[encoding], "-t", "UTF-8"],
        input=data,
        capture_output=True,
        check=True,
        timeout=10,
    )
    return unicodedata.normalize("NFC", done.stdout.decode("utf-8"))


def papers(slip: Slip, **told: Any) -> Paper:
    config = escpos_profile.settled(replace(PrinterConfig(code_page=27, encoding="tcvn"), **told))
    stream = b"".join(escpos_stream.slip(escpos_text.pieces(slip, config, BOOK), config))
    (only,) = Reader(config.width).read(stream).papers
    return only


@pytest.mark.parametrize("encoding", ICONV)
def test_every_small_letter_with_every_tone_is_one_that_others_read(encoding: Any) -> None:
    data = lettering.encode(VIETNAMESE, encoding)
    assert data is not None
    assert read_back(data, encoding) == VIETNAMESE
    assert min(data) >= 0x20


def test_capitals_are_encoded_where_the_table_has_them_and_refused_where_it_has_not() -> None:
    capitals = VIETNAMESE.upper()
    assert read_back(lettering.encode(capitals, "cp1258") or b"", "cp1258") == capitals
    lacks = {encoding: {c for c in capitals if lettering.encode(c, encoding) is None} for encoding in ICONV}
    assert lacks["viscii"] == set(BELOW_32)
    toned = {c for c in capitals if unicodedata.decomposition(c) and c not in CAPITALS_WITHOUT_TONE}
    assert lacks["tcvn"] == toned
    for encoding in ("tcvn", "viscii"):
        kept = "".join(c for c in capitals if c not in lacks[encoding])
        assert read_back(lettering.encode(kept, encoding) or b"", encoding) == kept


def test_letters_of_rfc_1456_stand_where_it_says() -> None:
    assert lettering.encode("ẠắĐưỮ", "viscii") == bytes((0x80, 0xA1, 0xD0, 0xDF, 0xFF))


def test_letters_of_the_printers_published_tcvn_3_page_stand_where_it_says() -> None:
    assert lettering.encode("ăâêôơưđàỵ", "tcvn") == bytes(
        (0xA8, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xB5, 0xFE)
    )


def test_python_reads_the_loose_tones_of_cp1258_as_the_same_words() -> None:
    words = "Nguyễn Thị Mẫu, 500.000 ₫"
    data = lettering.encode(words, "cp1258")
    assert data is not None
    assert unicodedata.normalize("NFC", data.decode("cp1258")) == words
    assert len(data) > len(words)


@settings(max_examples=200)
@given(st.text(max_size=30), st.sampled_from(["tcvn", "viscii", "cp1258"]))
def test_no_text_becomes_question_marks_or_commands(text: str, encoding: Any) -> None:
    data = lettering.encode(text, encoding)
    if data is None:
        return
    assert all(byte >= 0x20 and byte != 0x7F for byte in data)
    if encoding == "cp1258":
        plain = unicodedata.normalize("NFC", text).replace("\u00a0", " ")
        assert unicodedata.normalize("NFC", data.decode("cp1258")) == plain


@pytest.mark.parametrize("encoding", ICONV)
@pytest.mark.parametrize("width", [576, 512, 384])
def test_a_slip_in_letters_says_the_same_words_under_the_chosen_page(encoding: Any, width: Any) -> None:
    told = Text("Mời bà con ngồi chờ, khi đến lượt loa sẽ gọi số. Không phải trả tiền cho ai.")
    paper = papers(
        Slip((told, Row("trước bạn còn", "3 người"))), encoding=encoding, code_page=52, width=width
    )
    assert {line.code_page for line in paper.lines} == {52}
    said = [read_back(line.data, encoding) for line in paper.lines]
    assert " ".join(" ".join(said).split()) == f"{told.text} trước bạn còn 3 người"
    assert all(len(line) <= width // 12 for line in said)
    assert len({len(line.rstrip()) for line in said[-1:]}) == 1
    assert said[-1].endswith("3 người")


def test_size_weight_and_place_of_a_line_are_kept() -> None:
    parts = (
        Text("tiêu đề", Size.LARGE, bold=True, align=Align.CENTRE),
        Text("giữa", align=Align.RIGHT),
        Text("thường"),
    )
    look = [(line.high, line.bold, line.align) for line in papers(Slip(parts)).lines]
    assert look == [(True, True, 1), (False, False, 2), (False, False, 0)]


def test_a_line_that_the_table_lacks_comes_as_dots_between_lines_of_letters() -> None:
    paper = papers(Slip((Text("dòng một"), Text("ỦY BAN NHÂN DÂN"), Text("dòng ba"))))
    assert [read_back(line.data, "tcvn").strip() for line in paper.lines] == ["dòng một", "dòng ba"]
    first, last = paper.lines
    assert first.before == 0 < last.before == len(paper.rows) - _after(paper, last)
    assert any(any(row) for row in paper.rows[: last.before])


def _after(paper: Paper, line: Line) -> int:
    return len(paper.rows) - line.before


def test_numbers_codes_and_pictures_stay_dots_and_other_scripts_too() -> None:
    paper = papers(Slip((Text("số của bạn"), Big("017"), Qr("http://10.0.0.1/"), Text(BENGALI), Text(MONG))))
    said = " ".join(read_back(line.data, "tcvn").strip() for line in paper.lines)
    assert said == f"số của bạn {MONG}"
    assert sum(any(row) for row in paper.rows) > 200


def test_an_ordinary_ticket_loses_no_word_in_any_encoding() -> None:
    for encoding in ICONV:
        paper = papers(ticket(), encoding=encoding)
        said = " ".join(read_back(line.data, encoding) for line in paper.lines)
        assert "Đăng ký khai sinh" in said
        assert "25 phút" in said
        assert "?" not in said


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.sampled_from("aăđộửẾỆ bcđ.,…\n"), max_size=90), min_size=1, max_size=4),
    st.sampled_from(["tcvn", "viscii", "cp1258"]),
)
def test_every_letter_of_any_text_is_on_paper_as_letters_or_as_part_of_the_dots(
    texts: list[str], encoding: Any
) -> None:
    slip = Slip(tuple(Text(text) for text in texts))
    config = replace(PrinterConfig(), encoding=encoding, code_page=27)
    kept = []
    for part in slip.parts:
        for piece in escpos_text._lettered(part, config):
            if isinstance(piece, escpos_text.Letters):
                kept.append(
                    unicodedata.normalize("NFC", piece.data.decode("cp1258")) if encoding == "cp1258" else ""
                )
                continue
            assert isinstance(piece, Text)
            kept.append(piece.text)
    if encoding == "cp1258":
        assert "".join("".join(kept).split()) == "".join("".join(texts).split())
    papers(slip, encoding=encoding)


def test_text_is_sent_only_where_the_settings_say_so() -> None:
    config = escpos_profile.settled(PrinterConfig())
    (only,) = (
        Reader(576).read(b"".join(escpos_stream.slip(escpos_text.pieces(ticket(), config), config))).papers
    )
    assert only.lines == ()


@pytest.mark.parametrize(
    "told", [{"encoding": "tcvn"}, {"encoding": "cp1258", "code_page": 256}, {"code_page": 27}]
)
def test_a_code_page_that_cannot_be_meant_is_refused_by_name(told: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match="code_page"):
        msgspec.convert(told, PrinterConfig)


def test_the_probe_slip_is_readable_line_by_line_and_each_carries_what_it_says(tmp_path: Path) -> None:
    with Sink() as sink:
        config = PrinterConfig(kind="network", host="127.0.0.1", port=sink.port, drawer=True)
        told: list[str] = []
        assert choose.slip_printer(config, tmp_path).print_probe(on_first_byte=lambda: told.append("first"))
        (job,) = sink.printed()
    reader = Reader(576).read(job)
    (paper,) = reader.papers
    trials = probe.lines(config)
    assert told == ["first"]
    assert reader.pulses == 0
    assert [int(line.data[:2]) for line in paper.lines] == [trial.number for trial in trials]
    for trial, line in zip(trials, paper.lines, strict=True):
        if "width" in trial.changes:
            # Letters of 12 dots: on paper of that width the upright is the last that fits.
            assert line.data.endswith(b"-|") and len(line.data) == trial.changes["width"] // 12
            continue
        encoding = str(trial.changes["encoding"])
        if encoding == "image":
            assert line.data[2:].strip() == b""
            continue
        assert line.code_page == trial.changes["code_page"]
        assert read_back(line.data[2:], encoding).strip() == probe.SAMPLE
    shown = trimmed(list(paper.rows))
    sample = [row + (False,) * (576 - len(row)) for row in dots(escpos_probe.sample())]
    places = [at for at in range(len(shown)) if shown[at : at + len(sample)] == sample]
    assert len(places) == 3
    assert [name for name in reader.commands if name in ("GS v", "ESC *", "GS (")] == [
        "GS v",
        "ESC *",
        "GS (",
        "GS (",
    ]


def test_the_probe_slip_rests_once_a_line_so_that_long_rests_do_not_use_its_time_up() -> None:
    config = PrinterConfig(pause_ms=1000)
    chunks = list(escpos_probe.stream(config))
    rulers = sum("width" in trial.changes for trial in probe.lines(config))
    assert len(chunks) == len(probe.lines(config)) - rulers + 2
    assert (len(chunks) - 1) * config.pause_ms / 1000 < config.timeout_s
    assert max(map(len, chunks)) < 1024


def test_every_choice_of_the_probe_slip_gives_settings_that_print_that_way() -> None:
    config = PrinterConfig(kind="network", host="127.0.0.1", profile="TM-T20II")
    for trial in probe.lines(config):
        changed = replace(config, **probe.chosen(config, trial.number))  # type: ignore[arg-type]
        settled = escpos_profile.settled(changed)
        assert all(getattr(settled, name) == value for name, value in trial.changes.items())
        stream = b"".join(escpos_stream.slip(escpos_text.pieces(Slip((Text("chờ"),)), settled), settled))
        (paper,) = Reader(576).read(stream).papers
        assert bool(paper.lines) == (settled.encoding != "image")


def test_the_rulers_of_the_probe_slip_tell_the_width_of_the_paper() -> None:
    config = PrinterConfig(width=576)
    rulers = [trial for trial in probe.lines(config) if trial.ruler]
    assert [trial.changes for trial in rulers] == [{"width": 384}, {"width": 512}, {"width": 576}]
    assert [trial.ruler for trial in rulers] == [32, 42, 48]
    assert replace(config, **probe.chosen(config, rulers[0].number)).width == 384  # type: ignore[arg-type]


def test_the_probe_slip_is_the_same_after_a_choice_was_made() -> None:
    config = PrinterConfig()
    for trial in probe.lines(config):
        after = replace(config, **trial.changes)  # type: ignore[arg-type]
        assert probe.lines(after) == probe.lines(config)


def test_a_page_of_the_settings_that_is_not_on_the_list_is_tried_too() -> None:
    config = PrinterConfig(encoding="viscii", code_page=77)
    assert {"encoding": "viscii", "code_page": 77} in [trial.changes for trial in probe.lines(config)]


@pytest.mark.parametrize("number", [0, -1, 99])
def test_a_number_that_is_not_on_the_probe_slip_is_refused(number: int) -> None:
    with pytest.raises(Malformed):
        probe.chosen(PrinterConfig(), number)


def test_a_line_of_the_probe_slip_fits_the_narrow_paper() -> None:
    assert len(probe.SAMPLE) + 4 <= 384 // 12 + 1
    assert unicodedata.is_normalized("NFC", probe.SAMPLE)


def test_the_practice_printer_prints_a_probe_slip_on_which_some_lines_are_right(tmp_path: Path) -> None:
    printer = choose.slip_printer(PrinterConfig(), tmp_path)
    printer.print_probe()
    assert (tmp_path / "paper-000001.png").stat().st_size > 1000


def test_a_printer_that_could_not_be_set_up_prints_no_probe_slip(tmp_path: Path) -> None:
    from devices.ports import Unsupported

    printer = choose.slip_printer(PrinterConfig(kind="network", host="127.0.0.1", profile="none"), tmp_path)
    with pytest.raises(Unsupported):
        printer.print_probe()
