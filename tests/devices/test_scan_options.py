"""What makers call the same thing: option lists in the shape in which ``scanimage -A`` prints them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.desk_ports import ScanSource, ScanWish
from devices.drivers import scan_options
from devices.ports import Unsupported

GLASS, FEEDER, BOTH = ScanSource.FLATBED, ScanSource.FEEDER, ScanSource.FEEDER_BOTH
_A4 = "    -x 0..{x}mm (in steps of 0.1) [{x}]\n    -y 0..{y}mm (in steps of 0.1) [{y}]\n"

GENESYS = (
    "  Scan Mode:\n    --mode Color|Gray|Lineart [Gray]\n        Selects the scan mode.\n"
    "    --depth 8|16 [8]\n    --resolution 75|100|150|300|600|1200dpi [75]\n  Geometry:\n"
    + _A4.format(x="216.7", y="300")
    + "  Sensors:\n    --scan[=(yes|no)] [no] [hardware]\n    --clear-calibration\n"
)
EPSON2 = (
    "    --mode Lineart|Gray|Color [Lineart]\n    --depth 8|12|14|16bit [inactive]\n"
    "    --halftoning None|Halftone A (Hard Tone)|Text Enhanced Technology [Halftone A (Hard Tone)]\n"
    "    --resolution 75|300|600|1200dpi [75]\n"
    + _A4.format(x="215.9", y="297.18")
    + "    --source {source}\n    --bay 1|2|3 [inactive]\n    --eject []\n    --adf-mode Simplex|Duplex [{adf}]\n"
)
EPSON2_GLASS = EPSON2.format(source="Flatbed|Automatic Document Feeder [Flatbed]", adf="inactive")
EPSON2_FEEDER = EPSON2.format(
    source="Flatbed|Automatic Document Feeder [Automatic Document Feeder]", adf="Simplex"
)
FUJITSU = (
    "    --source Flatbed|ADF Front|ADF Back|ADF Duplex|Card Front|Card Back|Card Duplex [{now}]\n"
    "    --mode Lineart|Halftone|Gray|Color [Lineart]\n    --resolution 50..600dpi (in steps of 1) [600]\n"
    "    --page-width 0..224.846mm (in steps of 0.0211639) [{width}]\n"
    "    --page-height 0..2750.47mm (in steps of 0.0211639) [{height}]\n"
    + _A4.format(x="215.872", y="279.364")
)
FUJITSU_GLASS = FUJITSU.format(now="Flatbed", width="inactive", height="inactive")
FUJITSU_BOTH = FUJITSU.format(now="ADF Duplex", width="215.872", height="279.364")
BROTHER = (
    "    --mode Black & White|Gray[Error Diffusion]|True Gray|24bit Color[Fast] [24bit Color[Fast]]\n"
    "    --resolution 100|150|200|300|400|600dpi [200]\n"
    "    --source FlatBed|Automatic Document Feeder(left aligned)"
    "|Automatic Document Feeder(left aligned,Duplex) [Automatic Document Feeder(left aligned)]\n"
    "    --MultifeedDetection[=(yes|no)] [inactive]\n"
    "    --AutoDeskew[=(yes|no)] [no] [advanced]\n" + _A4.format(x="211.9", y="355.6")
)
HPAIO = (
    "    --mode Lineart|Gray|Color [Lineart]\n    --resolution 75|100|200|300dpi [75]\n"
    "    --source Flatbed|ADF|Duplex [Flatbed]\n    --jpeg-quality 0..100 [inactive]\n"
    "    -x 0..215.9mm [215.9]\n    -y 0..297.01mm [297.01]\n"
)
PIXMA = (
    "    --resolution auto||75|150|300|600dpi [75]\n"
    "    --mode auto|16 bits gray|48 bits color|Color|Gray|Lineart [Color]\n"
    "    --source Flatbed|Automatic Document Feeder|ADF Duplex|Transparency Unit [Flatbed]\n"
    "    --button-1 <int> [0] [read-only]\n" + _A4.format(x="216.069", y="297.011")
)
AIRSCAN = (
    "    --resolution 100|200|300|600dpi [300]\n    --mode Color|Gray [Color]\n"
    "    --source Flatbed|ADF|ADF Duplex [Flatbed]\n    -x 0..215.9mm [215.9]\n    -y 0..297.011mm [297.011]\n"
    "    --adf-justification-x <string> [inactive]\n"
)
EPSONSCAN2 = (
    "    --source ADF|Document Table [Document Table]\n    --duplex[=(yes|no)] [no]\n"
    "    --mode Monochrome|Grayscale|Color [Color]\n    --resolution 50..1200dpi (in steps of 1) [200]\n"
    + _A4.format(x="215.9", y="297.18")
)
PANASONIC = (
    "    --source adf|fb [adf]\n    --duplex[=(yes|no)] [no]\n    --mode bw|halftone|gray|color [bw]\n"
)
CANON_PLAIN = (
    "    --mode Color|Gray [Color]\n    --resolution 75|300dpi [300]\n"
    + "    -x 0..0.0045pel (in steps of 1) [0]\n"
)


@pytest.mark.parametrize(
    ("told", "sources"),
    [
        (GENESYS, {GLASS: ""}),
        (EPSON2_GLASS, {GLASS: "Flatbed", FEEDER: "Automatic Document Feeder"}),
        (
            EPSON2_FEEDER,
            {GLASS: "Flatbed", FEEDER: "Automatic Document Feeder", BOTH: "Automatic Document Feeder"},
        ),
        (FUJITSU_GLASS, {GLASS: "Flatbed", FEEDER: "ADF Front", BOTH: "ADF Duplex"}),
        (
            BROTHER,
            {
                GLASS: "FlatBed",
                FEEDER: "Automatic Document Feeder(left aligned)",
                BOTH: "Automatic Document Feeder(left aligned,Duplex)",
            },
        ),
        (HPAIO, {GLASS: "Flatbed", FEEDER: "ADF", BOTH: "Duplex"}),
        (PIXMA, {GLASS: "Flatbed", FEEDER: "Automatic Document Feeder", BOTH: "ADF Duplex"}),
        (AIRSCAN, {GLASS: "Flatbed", FEEDER: "ADF", BOTH: "ADF Duplex"}),
        (EPSONSCAN2, {GLASS: "Document Table", FEEDER: "ADF", BOTH: "ADF"}),
        (PANASONIC, {GLASS: "fb", FEEDER: "adf", BOTH: "adf"}),
        ("    --source Normal|Transparency|Negative [Normal]\n", {GLASS: "Normal"}),
        ("    --source TMA Slides|TMA Negatives [TMA Slides]\n", {GLASS: ""}),
        ("", {GLASS: ""}),
    ],
    ids=[
        "genesys",
        "epson2 glass",
        "epson2 feeder",
        "fujitsu",
        "brother",
        "hpaio",
        "pixma",
        "airscan",
        "epsonscan2",
        "panasonic",
        "normal",
        "slides",
        "nothing",
    ],
)
def test_where_paper_lies_is_understood_in_every_makers_words(
    told: str, sources: dict[ScanSource, str]
) -> None:
    assert scan_options.sources(scan_options.parse(told)) == sources


@pytest.mark.parametrize(
    ("told", "source", "colour", "wanted"),
    [
        (GENESYS, GLASS, False, "--mode=Gray --depth=8 --resolution=150 -x 210 -y 297"),
        (
            EPSON2_FEEDER,
            FEEDER,
            True,
            "--source=Automatic Document Feeder --adf-mode=Simplex --mode=Color --resolution=300 -x 210 -y 297",
        ),
        (
            EPSON2_FEEDER,
            BOTH,
            True,
            "--source=Automatic Document Feeder --adf-mode=Duplex --mode=Color --resolution=300 -x 210 -y 297",
        ),
        (FUJITSU_GLASS, GLASS, True, "--source=Flatbed --mode=Color --resolution=200 -x 210 -y 279.364"),
        (
            # A feeder set to American letters is told of A4 first.
            FUJITSU_BOTH,
            BOTH,
            False,
            "--source=ADF Duplex --mode=Gray --resolution=200 --page-width=210 --page-height=297 -x 210 -y 297",
        ),
        (BROTHER, GLASS, False, "--source=FlatBed --mode=True Gray --resolution=200 -x 210 -y 297"),
        (BROTHER, GLASS, True, "--source=FlatBed --mode=24bit Color[Fast] --resolution=200 -x 210 -y 297"),
        (PIXMA, GLASS, True, "--source=Flatbed --mode=Color --resolution=150 -x 210 -y 297"),
        (PIXMA, GLASS, False, "--source=Flatbed --mode=Gray --resolution=150 -x 210 -y 297"),
        (
            EPSONSCAN2,
            GLASS,
            False,
            "--source=Document Table --mode=Grayscale --resolution=200 -x 210 -y 297",
        ),
        (EPSONSCAN2, FEEDER, True, "--source=ADF --duplex=no --mode=Color --resolution=200 -x 210 -y 297"),
        (EPSONSCAN2, BOTH, True, "--source=ADF --duplex=yes --mode=Color --resolution=200 -x 210 -y 297"),
        (CANON_PLAIN, GLASS, True, "--mode=Color --resolution=300"),
    ],
)
def test_a_wish_becomes_what_each_scanner_understands(
    told: str, source: ScanSource, colour: bool, wanted: str
) -> None:
    wish = ScanWish(source=source, dpi=200, colour=colour)
    assert " ".join(scan_options.arguments(scan_options.parse(told), wish)[0]) == wanted


def test_options_that_wake_with_a_source_are_asked_for_under_it_and_only_then() -> None:
    glass, feeder = scan_options.parse(EPSON2_GLASS), scan_options.parse(EPSON2_FEEDER)
    assert scan_options.first(glass, GLASS) is None
    assert scan_options.first(glass, FEEDER) == "Automatic Document Feeder"
    assert scan_options.first(glass, BOTH) == "Automatic Document Feeder"
    assert scan_options.first(feeder, BOTH) is None
    assert scan_options.first(scan_options.parse(GENESYS), BOTH) is None


@pytest.mark.parametrize("source", [FEEDER, BOTH])
def test_a_scanner_of_glass_alone_has_no_feeder(source: ScanSource) -> None:
    with pytest.raises(Unsupported):
        scan_options.arguments(scan_options.parse(GENESYS), ScanWish(source=source))


def test_a_value_that_only_tells_is_never_set() -> None:
    assert "button-1" not in scan_options.parse(PIXMA).values


@pytest.mark.parametrize(
    ("values", "wanted", "dpi"),
    [
        ("75|150|300|600dpi", 200, 150),
        ("75|300|600|1200dpi", 200, 300),
        ("100|300dpi", 200, 300),
        ("50..600dpi (in steps of 1)", 200, 200),
        ("50..600dpi (in steps of 50)", 210, 200),
        ("100..1200dpi", 75, 100),
        ("auto||75|150dpi", 600, 150),
        ("", 200, None),
        ("<string>", 200, None),
    ],
)
def test_the_nearest_resolution_is_taken_and_of_two_the_finer(
    values: str, wanted: int, dpi: int | None
) -> None:
    assert scan_options.resolution(values, wanted) == dpi


@given(st.text(max_size=600))
def test_no_answer_breaks_the_reading(told: str) -> None:
    options = scan_options.parse(told)
    for source in scan_options.sources(options):
        told_back, dpi = scan_options.arguments(options, ScanWish(source=source))
        assert dpi >= 1 and all(one.startswith("-") or one[0].isdigit() for one in told_back)


@given(
    st.lists(
        st.sampled_from(["Flatbed", "ADF", "ADF Duplex", "Auto", "Card Front"]), min_size=1, unique=True
    ),
    st.lists(st.integers(1, 4800), min_size=1, max_size=6, unique=True),
    st.integers(75, 600),
)
def test_what_is_asked_for_is_always_something_that_was_offered(
    words: list[str], resolutions: list[int], wanted: int
) -> None:
    told = (
        f"    --source {'|'.join(words)} [{words[0]}]\n"
        f"    --resolution {'|'.join(map(str, resolutions))}dpi [{resolutions[0]}]\n"
    )
    options = scan_options.parse(told)
    for source, word in scan_options.sources(options).items():
        line, dpi = scan_options.arguments(options, ScanWish(source=source, dpi=wanted))
        assert dpi in resolutions and min(abs(one - wanted) for one in resolutions) == abs(dpi - wanted)
        assert word == "" or (word in words and f"--source={word}" in line)
