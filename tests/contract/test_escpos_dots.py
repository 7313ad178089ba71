"""Whatever command carries the dots and however empty rows go: the paper is the raster, dot for dot.

Judged by the strict reader, which shares no code with the writer.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from devices import raster
from devices.config import PrinterConfig
from devices.drivers import escpos_profile, escpos_stream, escpos_text
from devices.picture import PictureBook
from devices.ports import Malformed, Unsupported
from devices.slip import Slip, Text, marked_copy
from tests.contract.escpos_reader import Paper, Reader
from tests.contract.paper import dots, trimmed
from tests.devices.samples import PICTURES, scripts, ticket
from tests.devices.test_slip import slips

BOOK = PictureBook(PICTURES)
MODES = ("raster", "graphics", "column")
COMMANDS = {"raster": "GS v", "graphics": "GS (", "column": "ESC *"}


def stream(slip: Slip, **told: Any) -> bytes:
    config = escpos_profile.settled(replace(PrinterConfig(), **told))
    return b"".join(escpos_stream.slip(escpos_text.pieces(slip, config, BOOK), config))


def paper(slip: Slip, **told: Any) -> Paper:
    reader = Reader(told.get("width", 576)).read(stream(slip, **told))
    (only,) = reader.papers
    assert reader.loose_rows == 0
    return only


SAMPLES = {
    "ticket": ticket(),
    "copy": marked_copy(ticket(), "BẢN SAO"),
    "scripts": scripts(),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("blank_rows", ["narrow", "feed", "sent"])
@pytest.mark.parametrize("width", raster.WIDTHS)
@pytest.mark.parametrize("mode", MODES)
def test_the_golden_slips_come_out_dot_for_dot(mode: str, width: int, blank_rows: str, name: str) -> None:
    found = paper(SAMPLES[name], mode=mode, width=width, blank_rows=blank_rows)
    assert trimmed(list(found.rows)) == dots(raster.render(SAMPLES[name], width, BOOK))


@settings(max_examples=25, deadline=None)
@given(slips, st.sampled_from(MODES), st.sampled_from([576, 384]), st.sampled_from([24, 192, 768]))
def test_any_slip_comes_out_dot_for_dot(slip: Slip, mode: str, width: int, rows: int) -> None:
    try:
        expected = dots(raster.render(slip, width, BOOK))
    except Malformed:
        return
    found = paper(slip, mode=mode, width=width, fragment_rows=rows)
    assert trimmed(list(found.rows)) == expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([b"\0\0\0", b"\x80\0\0", b"\0\0\1", b"\xff\xff\xff"]), min_size=1, max_size=80),
    st.sampled_from(MODES),
    st.sampled_from(["narrow", "feed", "sent"]),
    st.sampled_from([24, 48]),
)
def test_any_pattern_of_rows_keeps_its_place(
    rows: list[bytes], mode: Any, blank_rows: Any, fragment: int
) -> None:
    image = Image.frombytes("1", (24, len(rows)), bytes(255 - byte for row in rows for byte in row))
    config = PrinterConfig(mode=mode, blank_rows=blank_rows, fragment_rows=fragment)
    read = Reader(24).read(b"".join(escpos_stream.image(image, config)) + b"\x1dV\x00")
    assert trimmed(list(read.papers[0].rows)) == dots(image)


@pytest.mark.parametrize("mode", MODES)
def test_only_the_command_of_the_settings_is_used(mode: str) -> None:
    used = Reader(576).read(stream(ticket(), mode=mode)).commands
    assert {command for command in used if command in COMMANDS.values()} == {COMMANDS[mode]}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rows", [24, 192])
def test_no_chunk_is_larger_than_a_fragment_of_the_settings(mode: Any, rows: int) -> None:
    config = PrinterConfig(mode=mode, fragment_rows=rows)
    chunks = list(escpos_stream.slip(escpos_text.pieces(ticket(), config, BOOK), config))
    assert max(len(chunk) for chunk in chunks) <= rows * 72 + rows // 24 * 8 + 40
    assert len(chunks) > 1


def test_empty_rows_and_white_right_edges_cost_next_to_nothing() -> None:
    whole = len(stream(ticket(), blank_rows="sent"))
    narrow = len(stream(ticket()))
    assert narrow < 0.75 * whole
    assert len(stream(Slip((Text("một"), Text("\n" * 20), Text("hai"))))) < 4_000


def test_an_empty_slip_of_any_command_still_has_its_height() -> None:
    blank = Slip((Text("\n" * 5),))
    for mode in MODES:
        assert len(paper(blank, mode=mode).rows) >= raster.render(blank, 576).height


def test_the_drawer_stays_shut_unless_the_settings_open_it() -> None:
    assert Reader(576).read(stream(ticket())).pulses == 0
    assert Reader(576).read(stream(ticket(), drawer=True)).pulses == 1


def test_the_same_slip_gives_the_same_bytes() -> None:
    assert stream(ticket()) == stream(ticket())


@pytest.mark.parametrize(
    ("profile", "mode", "cut"),
    [
        ("TM-T20II", "raster", "part"),
        ("NT-5890K", "raster", "none"),
        ("TM-U220B", "column", "part"),
        ("ZJ-5870", "raster", "none"),
    ],
)
def test_a_profile_decides_command_and_cut(profile: str, mode: str, cut: str) -> None:
    settled = escpos_profile.settled(PrinterConfig(profile=profile, width=384))
    assert (settled.mode, settled.cut) == (mode, cut)
    found = Reader(384).read(stream(ticket(), profile=profile, width=384))
    assert [each.cut for each in found.papers] == ([] if cut == "none" else [cut])


def test_what_was_seen_on_the_probe_slip_stands_over_the_profile() -> None:
    assert (
        escpos_profile.settled(PrinterConfig(profile="POS-5890", width=384, mode="column")).mode == "column"
    )


def test_every_profile_is_either_settled_or_refused_with_a_reason() -> None:
    for name in escpos_profile.names():
        try:
            settled = escpos_profile.settled(PrinterConfig(profile=name, width=384))
        except Unsupported as error:
            assert name in error.detail
        else:
            assert settled.mode in MODES


def test_a_profile_nobody_knows_names_those_near_it() -> None:
    with pytest.raises(Unsupported, match="TM-T20II"):
        escpos_profile.settled(PrinterConfig(profile="TM-T20I"))


def test_a_profile_narrower_than_the_settings_is_refused_with_both_widths() -> None:
    with pytest.raises(Unsupported, match="512.*576"):
        escpos_profile.settled(PrinterConfig(profile="TM-T88V"))
    assert escpos_profile.settled(PrinterConfig(profile="TM-T88V", width=512)).mode == "raster"


def test_an_unknown_profile_is_a_sick_printer_and_no_dead_bench(tmp_path: Path) -> None:
    from devices import choose

    config = PrinterConfig(kind="network", host="127.0.0.1", profile="Mẫu 80")
    status = choose.slip_printer(config, tmp_path).status()
    assert (status.state, "Mẫu 80" in status.detail) == ("unsupported", True)
