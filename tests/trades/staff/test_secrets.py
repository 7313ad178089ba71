"""What may be a PIN or a password."""

from __future__ import annotations

import pytest

from hub.base import phrases
from hub.base.errors import Refused
from hub.trades.staff.model import Role, What, checked_name, checked_secret


@pytest.mark.parametrize("pin", ["260318", "739104", "20261121", "582 914".replace(" ", "")])
def test_an_ordinary_pin_of_six_or_more_digits_is_taken(pin: str) -> None:
    assert checked_secret(pin, "Nguyễn Thị Mẫu") == pin


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("", "staff.password_short"),
        ("1", "staff.pin_short"),
        ("84120", "staff.pin_short"),
        ("000000", "staff.pin_easy"),
        ("123456", "staff.pin_easy"),
        ("654321", "staff.pin_easy"),
        ("567890", "staff.pin_easy"),
        ("121212", "staff.pin_easy"),
        ("123123", "staff.pin_easy"),
        ("1231231", "staff.pin_easy"),
        ("112233", "staff.pin_easy"),
        ("chè ngon", None),
        ("chengon", "staff.password_short"),
        ("matkhau123", "staff.password_easy"),
        ("Mật khẩu", "staff.password_easy"),
        ("aaaaaaaaaa", "staff.password_easy"),
        ("nguyen thi mau", "staff.password_easy"),
        ("x" * 100 + "yz" * 60, "staff.secret_long"),
    ],
)
def test_what_everybody_tries_first_is_refused_with_its_own_sentence(secret: str, key: str | None) -> None:
    if key is None:
        assert checked_secret(secret, "Nguyễn Thị Mẫu")
        return
    with pytest.raises(Refused) as refused:
        checked_secret(secret, "Nguyễn Thị Mẫu")
    assert refused.value.key == key
    for lang in phrases.LANGUAGES:
        assert "{" not in phrases.say(lang, key, **refused.value.values)


def test_a_password_typed_with_loose_marks_is_the_same_password() -> None:
    assert checked_secret("Ngo\u0302 vàng trên nương", "Lý A Mẫu") == checked_secret(
        "Ngô  vàng trên nương ", "Lý A Mẫu"
    )


@pytest.mark.parametrize("name", ["", "   ", "\u0000", "\u0301", "A" * 81])
def test_a_name_must_be_a_name(name: str) -> None:
    with pytest.raises(Refused, match="staff.name_wrong"):
        checked_name(name)


def test_every_role_and_log_line_has_words() -> None:
    assert all(phrases.has(f"staff.role_{role}") for role in Role)
    assert all(phrases.has(f"staff.log_{what}") for what in What)
