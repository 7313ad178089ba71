"""XML from outside: broken, hostile, or fine."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub.base.errors import Refused
from hub.forms import markup


def test_broken_xml_is_refused_with_its_line() -> None:
    with pytest.raises(Refused) as caught:
        markup.parse(b"<a>\n<b>\n</a>")
    assert caught.value.key == "forms.broken_xml"
    assert caught.value.values["line"] == 3


@pytest.mark.parametrize(
    "xml", [b"", b"   ", b"\x00", b"<a", b"\xff\xfe<", b"<?xml version='1.0' encoding='x'?><a/>"]
)
def test_what_is_not_xml_is_refused(xml: bytes) -> None:
    with pytest.raises(Refused):
        markup.parse(xml)


def test_a_file_named_in_an_entity_is_never_read(tmp_path: object) -> None:
    secret = tmp_path / "secret.txt"  # type: ignore[operator]
    secret.write_text("secret of the house")
    xml = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a>&e;</a>'.encode()
    with pytest.raises(Refused) as caught:
        markup.parse(xml)
    assert caught.value.key == "forms.hostile_xml"
    assert "secret of the house" not in str(caught.value)


def test_a_billion_laughs_are_refused_quickly() -> None:
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    xml = f'<!DOCTYPE a [<!ENTITY l0 "ha">{lines}]><a>&l11;</a>'.encode()
    with pytest.raises(Refused):
        markup.parse(xml)


def test_xml_nested_without_end_is_refused() -> None:
    with pytest.raises(Refused):
        markup.parse(b"<a>" * 5000 + b"</a>" * 5000)


def test_a_file_over_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Refused) as caught:
        markup.parse(b"<" * (markup.MAX_BYTES + 1))
    assert caught.value.key == "forms.too_big"


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_or_refused(xml: bytes) -> None:
    try:
        markup.parse(xml)
    except Refused:
        pass


def test_a_name_with_nul_and_split_accents_comes_out_clean() -> None:
    assert markup.clean("Ly\u0301\x00 A\x07 Ma\u0302\u0303u\r\n") == "Lý A Mẫu\n"


@given(st.text())
def test_cleaned_text_can_always_be_written_and_read_back(text: str) -> None:
    cleaned = markup.clean(text)
    assert markup.clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    node = etree.Element("a")
    node.text = cleaned
    assert (markup.parse(etree.tostring(node, encoding="UTF-8")).text or "") == cleaned
