"""Data at rest: opens with the same key and context only."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base import crypto
from hub.base.errors import NotReady

_KEYS = st.binary(min_size=32, max_size=32)


@given(_KEYS, st.binary(max_size=2000), st.text(max_size=40))
def test_what_was_sealed_opens_again(key: bytes, plain: bytes, context: str) -> None:
    assert crypto.decrypt(key, crypto.encrypt(key, plain, context), context) == plain


@given(_KEYS, st.binary(min_size=1, max_size=200), st.data())
def test_any_changed_byte_is_noticed(key: bytes, plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(crypto.encrypt(key, plain, "drafts:1"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(crypto.WrongKey):
        crypto.decrypt(key, bytes(sealed), "drafts:1")


def test_a_row_cannot_be_moved_to_another_place() -> None:
    key = crypto.new_key()
    with pytest.raises(crypto.WrongKey):
        crypto.decrypt(key, crypto.encrypt(key, b"x", "drafts:1"), "drafts:2")


def test_the_same_pin_gives_the_same_key_only_with_the_same_salt() -> None:
    salt = crypto.new_salt()
    assert crypto.key_from_secret("204060", salt) == crypto.key_from_secret("204060", salt)
    assert crypto.key_from_secret("204060", salt) != crypto.key_from_secret("204060", crypto.new_salt())


def test_a_secret_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "web.key"
    first = crypto.secret_file(path)
    assert crypto.secret_file(path) == first and path.stat().st_mode & 0o777 == 0o600


def test_a_secret_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "web.key"
    crypto.secret_file(path)
    path.chmod(0o644)
    with pytest.raises(NotReady, match="base.secret_open"):
        crypto.secret_file(path)
