"""Lists from files: read once, searched by index, refused by name when they are missing or broken."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base.errors import Refused
from hub.forms import external, markup, xform
from hub.forms.instance import Instance
from hub.forms.model import Form
from tests.forms import samples
from tests.forms.samples import NOW

VILLAGES = (
    "code,title,commune,people\n" 'v1,Thôn Mẫu,c1,120\nv2,"Thôn, Hai",c1,80\n' "v3,Thôn Ba,c2,30\n"
).encode()
CHOOSE = (
    '<select1 ref="/data/b"><label>B</label><itemset nodeset="instance(\'v\')/root/item{filter}">'
    '<value ref="code"/><label ref="title"/></itemset></select1>'
)


def read(source: str, media: Mapping[str, bytes], filter: str = "", calculate: str = "") -> Form:
    bind = f'<bind nodeset="/data/c" calculate="{calculate}"/>' if calculate else ""
    model = f'<instance id="v" src="{source}"/>{bind}'
    return xform.read(samples.raw(CHOOSE.replace("{filter}", filter), model, "<a/><b/><c/>"), media)


def offered(form: Form, **answers: str) -> list[tuple[str, str]]:
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    for name, value in answers.items():
        instance.set(f"/data/{name}", value)
    instance.recalculate(NOW)
    choices = form.questions[("data", "b")].choices
    assert choices is not None
    return list(choices.listed(form, instance.scope(instance.node("/data/b"))))


def test_choices_come_from_a_csv_with_its_own_columns_for_value_and_label() -> None:
    form = read("jr://file-csv/villages.csv", {"villages.csv": VILLAGES})
    assert offered(form) == [("v1", "Thôn Mẫu"), ("v2", "Thôn, Hai"), ("v3", "Thôn Ba")]


def test_a_choice_filter_and_pulldata_look_into_the_file() -> None:
    form = read(
        "jr://file-csv/villages.csv",
        {"villages.csv": VILLAGES},
        "[commune = /data/a]",
        "pulldata('v', 'people', 'code', /data/b)",
    )
    assert [value for value, _ in offered(form, a="c2")] == ["v3"]
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    instance.set("/data/b", "v2")
    instance.recalculate(NOW)
    assert instance.get("/data/c") == "80"
    instance.set("/data/b", "nobody")
    instance.recalculate(NOW)
    assert instance.get("/data/c") == ""


def test_excels_semicolons_tabs_and_byte_order_mark_are_read_too() -> None:
    for separator in ";\t":
        told = (
            VILLAGES.decode()
            .replace(", ", "~")
            .replace(",", separator)
            .replace("~", ", ")
            .encode("utf-8-sig")
        )
        assert offered(read("jr://file-csv/v.csv", {"v.csv": told}))[1] == ("v2", "Thôn, Hai")


def test_choices_come_from_xml_whatever_its_namespace() -> None:
    told = (
        '<root xmlns="urn:x"><item><code>1</code><title>Một</title></item>'
        "<item><code>2</code><title>Hai</title></item></root>"
    )
    assert offered(read("jr://file/v.xml", {"v.xml": told.encode()})) == [("1", "Một"), ("2", "Hai")]


def test_places_of_a_geojson_can_be_chosen_and_measured() -> None:
    places = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "p1",
                "properties": {"code": "p1", "title": "Giếng", "deep": 3, "no name": "x"},
                "geometry": {"type": "Point", "coordinates": [104.5, 21.5]},
            },
            {
                "type": "Feature",
                "properties": {"code": "p2", "title": "Nương", "id": "p2"},
                "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
            },
        ],
    }
    form = read(
        "jr://file/v.geojson",
        {"v.geojson": json.dumps(places).encode()},
        calculate="instance('v')/root/item[id = /data/b]/geometry",
    )
    assert offered(form) == [("p1", "Giếng"), ("p2", "Nương")]
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    found = []
    for place in ("p1", "p2"):
        instance.set("/data/b", place)
        instance.recalculate(NOW)
        found.append(instance.get("/data/c"))
    assert found == ["21.5 104.5 0 0", "0 0 0 0;0 1 0 0;1 1 0 0;0 0 0 0"]


def test_three_thousand_rows_are_read_and_searched_quickly_by_two_columns_at_once() -> None:
    rows = "".join(f"v{n},L{n},c{n % 60},k{n % 7}\n" for n in range(6000))
    media = {"v.csv": ("code,title,commune,kind\n" + rows).encode()}
    began = time.perf_counter()
    form = read("jr://file-csv/v.csv", media, "[commune = /data/a and kind = concat('k', /data/c)]")
    assert time.perf_counter() - began < 2
    instance = Instance.new(form, now=NOW, instance_id="uuid:1")
    instance.set("/data/a", "c7")
    instance.set("/data/c", "3")
    choices = form.questions[("data", "b")].choices
    assert choices is not None
    scope = instance.scope(instance.node("/data/b"))
    expected = [f"v{n}" for n in range(6000) if n % 60 == 7 and n % 7 == 3]
    assert [value for value, _ in choices.listed(form, scope)] == expected
    began = time.perf_counter()
    for _ in range(50):
        choices.offered(form, scope)
    assert (time.perf_counter() - began) / 50 < 0.01


@pytest.mark.parametrize(
    "filter",
    [
        "[commune = /data/a]",
        "[commune = /data/a and kind = 'k1']",
        "[kind = 'k1' and commune = /data/a and people > 20]",
        "[commune = current()/../a]",
        "[commune = substr(/data/a, 0, 2)][people > 20]",
        "[people = 30]",
        "[commune = /data/a or kind = 'k2']",
        "[kind != 'k1']",
        "[position() = 2]",
        "[not(commune = /data/a)]",
    ],
)
def test_a_search_by_index_finds_what_looking_at_every_row_finds(filter: str) -> None:
    rows = [(f"v{n}", f"c{n % 4}", f"k{n % 3}", str(n * 10)) for n in range(12)]
    told = "code,title,commune,kind,people\n" + "".join(f"{a},{a},{b},{c},{d}\n" for a, b, c, d in rows)
    escaped = filter.replace(">", "&gt;")
    media = {"v.csv": told.encode()}
    found = [value for value, _ in offered(read("jr://file-csv/v.csv", media, escaped), a="c1")]
    plain = {
        "[commune = /data/a]": lambda b, c, d: b == "c1",
        "[commune = /data/a and kind = 'k1']": lambda b, c, d: b == "c1" and c == "k1",
        "[kind = 'k1' and commune = /data/a and people > 20]": lambda b, c, d: b == "c1"
        and c == "k1"
        and d > 20,
        "[commune = current()/../a]": lambda b, c, d: b == "c1",
        "[commune = substr(/data/a, 0, 2)][people > 20]": lambda b, c, d: b == "c1" and d > 20,
        "[people = 30]": lambda b, c, d: d == 30,
        "[commune = /data/a or kind = 'k2']": lambda b, c, d: b == "c1" or c == "k2",
        "[kind != 'k1']": lambda b, c, d: c != "k1",
        "[position() = 2]": lambda b, c, d: d == 10,
        "[not(commune = /data/a)]": lambda b, c, d: b != "c1",
    }[filter]
    assert found == [a for a, b, c, d in rows if plain(b, c, int(d))]


@pytest.mark.parametrize(
    ("source", "content", "key"),
    [
        ("jr://file-csv/v.csv", None, "forms.file_missing"),
        ("jr://file-csv/v.csv", b"", "forms.file_broken"),
        ("jr://file-csv/v.csv", b"code,code\n1,2\n", "forms.file_broken"),
        ("jr://file-csv/v.csv", b"code,title\n1,2,3\n", "forms.file_broken"),
        ("jr://file-csv/v.csv", b'code,title\n1,"2\n', "forms.file_broken"),
        ("jr://file-csv/v.csv", b"code,title\n1,\xff\n", "forms.file_broken"),
        ("jr://file/v.xml", b"<root><item></root>", "forms.file_broken"),
        ("jr://file/v.xml", b'<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>', "forms.file_broken"),
        ("jr://file/v.geojson", b"{}", "forms.file_broken"),
        ("jr://file/v.geojson", b'{"features":[{"geometry":{"type":"Point"}}]}', "forms.file_broken"),
        ("jr://file/v.geojson", b"[" * 100_000, "forms.file_broken"),
        ("jr://file/v.xlsx", b"", "forms.unsupported_external"),
        ("file:///etc/hostname", b"", "forms.unsupported_external"),
        ("jr://file/../v.csv", b"", "forms.unsupported_external"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_its_name(
    source: str, content: bytes | None, key: str
) -> None:
    name = source.rpartition("/")[2]
    with pytest.raises(Refused) as caught:
        external.read(source, {} if content is None else {name: content})
    assert caught.value.key == key
    assert name in str(caught.value.values)


def test_a_file_beyond_measure_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        external.read("jr://file-csv/v.csv", {"v.csv": b"a\n" + b"1\n" * (external.MAX_ROWS + 1)})
    assert caught.value.key == "forms.file_too_long"
    with pytest.raises(Refused) as caught:
        external.read("jr://file-csv/v.csv", {"v.csv": b" " * (markup.MAX_BYTES + 1)})
    assert caught.value.key == "forms.too_big"


CELL = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=8))
def test_any_cells_survive_a_csv(rows: list[list[str]]) -> None:
    quoted = ["code,title"] + [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    holder = external.read("jr://file-csv/v.csv", {"v.csv": "\n".join(quoted).encode()})
    kept = [row for row in ([markup.clean(cell).strip() for cell in row] for row in rows) if any(row)]
    assert [[child.text or "" for child in item] for item in holder[0]] == kept


@given(st.binary(max_size=80), st.sampled_from(["v.csv", "v.xml", "v.geojson"]))
def test_any_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    try:
        external.read(f"jr://file/{name}", {name: content})
    except Refused:
        pass


LAST = (
    "| | type | name | label | default |\n| | text | village | Village | ${last-saved#village} |\n"
    "| | text | other | Other | |\n"
)


def test_a_form_may_begin_from_what_was_sent_before() -> None:
    form = samples.written(LAST)
    first = Instance.new(form, now=NOW, instance_id="uuid:1")
    assert first.get("/data/village") == ""
    first.set("/data/village", "Thôn Mẫu")
    second = Instance.new(form, now=NOW, instance_id="uuid:2", last_saved=first.submission_xml())
    assert (second.get("/data/village"), second.get("/data/other")) == ("Thôn Mẫu", "")
    assert second.instance_id == "uuid:2"
    with pytest.raises(Refused) as caught:
        Instance.new(form, now=NOW, instance_id="uuid:3", last_saved=b'<data id="another"/>')
    assert caught.value.key == "forms.other_form"


def test_a_column_no_xml_can_hold_is_left_out_and_costs_nothing_else() -> None:
    told = "code,dien_tich_m²,title\nv1,120,Thôn Mẫu\n".encode()
    assert offered(read("jr://file-csv/v.csv", {"v.csv": told})) == [("v1", "Thôn Mẫu")]
    place = {"geometry": {"type": "Point", "coordinates": [104.1, 22.3]}}
    places = {"features": [{**place, "properties": {"code": "v1", "m²": 120, "title": "Thôn Mẫu"}}]}
    form = read("jr://file/v.geojson", {"v.geojson": json.dumps(places).encode()})
    assert offered(form) == [("v1", "Thôn Mẫu")]


@pytest.mark.parametrize("typed", ["", "a b", "m²", "..", "*", "a[", "{x}y", "people/.."])
def test_a_column_named_by_an_answer_that_is_no_name_gives_nothing(typed: str) -> None:
    for column, key in (("/data/a", "'code'"), ("'people'", "/data/a")):
        told = f"pulldata('v', {column}, {key}, 'v1')"
        form = read("jr://file-csv/v.csv", {"v.csv": VILLAGES}, calculate=told)
        instance = Instance.new(form, now=NOW, instance_id="uuid:1")
        instance.set("/data/a", typed)
        instance.recalculate(NOW)
        assert instance.get("/data/c") == ""
        instance.set("/data/a", "people" if column == "/data/a" else "code")
        instance.recalculate(NOW)
        assert instance.get("/data/c") == "120"
