"""XML of unknown origin: nothing is expanded, nothing is fetched."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import markup


def test_an_entity_is_not_expanded_and_a_document_type_is_noticed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the PIN", encoding="utf-8")
    xml = f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{secret}">]><a>&e;</a>'.encode()
    root = markup.read(xml)
    assert (
        root is not None and markup.has_doctype(root) and "the PIN" not in "".join(map(str, root.itertext()))
    )
    assert markup.plain(xml) is None


def test_broken_xml_is_refused_unless_a_lenient_reading_is_asked_for() -> None:
    with pytest.raises(markup.Broken):
        markup.read(b"<a><b>")
    lenient = markup.read(b"<a><b>", recover=True)
    assert lenient is not None and lenient.tag == "a"


@given(st.binary(max_size=400))
def test_no_bytes_bring_it_down(xml: bytes) -> None:
    found = markup.plain(xml)
    assert found is None or isinstance(found.tag, str)
