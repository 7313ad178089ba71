"""The checker, by the pack's own samples and by what no sample foresaw."""

from __future__ import annotations

import random
import time
import tomllib
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.base.errors import NotReady
from hub.trades.fraud import checker, reader
from hub.trades.fraud.model import Level, LinkKind, Rules, Weight
from tests.shelves import CORE

_TABLE = tomllib.loads((CORE / "fraud" / "rules.toml").read_text(encoding="utf-8"))
_SAMPLES = tomllib.loads((CORE / "fraud" / "samples.toml").read_text(encoding="utf-8"))["sample"]
RULES: Rules = reader.rules_from(_TABLE)


def _ids(message: str) -> set[str]:
    return {reason.rule_id for reason in checker.check(message, RULES).reasons}


@pytest.mark.parametrize("sample", _SAMPLES, ids=[sample["id"] for sample in _SAMPLES])
def test_each_sample_gets_its_verdict_for_exactly_its_reasons(sample: dict[str, Any]) -> None:
    verdict = checker.check(sample["message"], RULES)
    assert verdict.level == sample["verdict"]
    assert sorted(reason.rule_id for reason in verdict.reasons) == sorted(sample["rules"])


@pytest.mark.parametrize("sample", _SAMPLES, ids=[sample["id"] for sample in _SAMPLES])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_normal_forms_make_no_difference(sample: dict[str, Any], form: Any) -> None:
    verdict = checker.check(unicodedata.normalize(form, sample["message"]), RULES)
    assert verdict.level == sample["verdict"]


def test_there_are_samples_of_every_verdict_and_no_verdict_is_safe() -> None:
    assert {sample["verdict"] for sample in _SAMPLES} == {level.value for level in Level}
    assert [level.value for level in Level] == ["dangerous", "suspicious", "cannot_know"]


@pytest.mark.parametrize(
    "message",
    [
        "Chị đọc m\u200bã O\u200cT\u200dP cho em",  # invisible marks inside the words
        "Chi doc mа ОТР cho em",  # Cyrillic letters
        "Ｃhị đọc ｍã ＯＴＰ cho em",  # full-width letters
        "Chị đọc mã 𝐎𝐓𝐏 cho em",  # mathematical letters
        "CHỊ ĐỌC MÃ OTP CHO EM",
        "Chị đ.ọ.c mã O-T-P cho em",
        "Chị ðọc mã 0TP cho em",  # the wrong d of an old keyboard
    ],
)
def test_disguised_asking_for_a_code_is_dangerous(message: str) -> None:
    verdict = checker.check(message, RULES)
    assert verdict.level is Level.DANGEROUS
    assert "asks_code" in {reason.rule_id for reason in verdict.reasons}


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("https://vneid.gov.vn.example.top", "lookalike_host"),
        ("dichvucong-gov.vn", "lookalike_host"),
        ("vneid-gov.com", "lookalike_host"),
        ("vneld-mau.com/a", "lookalike_host"),
        ("https://vnied-mau.com", "lookalike_host"),
        ("https://vneіd-mau.com", "lookalike_host"),  # Cyrillic і
        ("https://xn--vned-l2a-mau.com", "odd_letters"),
        ("vneid[.]mau[.]com", "lookalike_host"),
        ("vneid . com", "lookalike_host"),
        ("hxxps://dichvucong.mau.com", "lookalike_host"),
        ("https:/vneid-mau.com", "lookalike_host"),
        ("203.0.113.7/anh", "ip_host"),
        ("http://3405803783/", "ip_host"),
        ("bit.ly/abc", "short_link"),
        ("vneid.gov.vn@evil-mau.com/login", "at_in_link"),
        ("link:evn-mau.top", "bad_tld"),
        ("(https://qua-mau.vip)", "bad_tld"),
        ("https://vneid.gov.vn/?next=https://qua-mau.vip", "bad_tld"),
        ("ＷＷＷ.qua-mau.ｔｏｐ", "bad_tld"),
    ],
)
def test_each_disguise_of_an_address_is_named(address: str, kind: str) -> None:
    assert kind in _ids(f"Xem {address} nhé")


@pytest.mark.parametrize(
    "address",
    [
        "https://vneid.gov.vn",
        "dichvucong.gov.vn",
        "https://khaisinh.dichvucong.gov.vn/a?b=c",
        "laocai.gov.vn",
        # Browsers take a backslash for a slash: the host is the real one.
        "https://vneid.gov.vn\\@203.0.113.7/",
    ],
)
def test_a_real_state_address_is_no_sign(address: str) -> None:
    assert _ids(f"Xem {address} nhé") == set()


@pytest.mark.parametrize(
    "message",
    [
        "Giá 1.200.000 đồng, hạn 21.11.2026.Mời bà con",
        "Cháu ở TP.Lào Cai,nhà số 3.Mai về",
        "Thư gửi mau@example.com nhé",
        "12.345.678.901 đồng",
        "...!!!???",
    ],
)
def test_dots_in_prose_are_no_links(message: str) -> None:
    assert _ids(message) == set()


def test_a_reason_shows_the_words_as_they_were_written() -> None:
    reasons = checker.check("Chị ĐỌC MÃ rồi gửi ô-tê-pê, à mã OTP, nhé", RULES).reasons
    assert [reason.excerpt for reason in reasons if reason.rule_id == "asks_code"] == ["ĐỌC MÃ … mã OTP"]
    (reason,) = [one for one in checker.check("xem vneid-gov.com", RULES).reasons if one.weight is Weight.RED]
    assert reason.excerpt == "vneid-gov.com"


def test_the_heaviest_reason_comes_first() -> None:
    verdict = checker.check("Dien luc: bi cat dien, doc ma OTP, vao http://evn-mau.top ngay lap tuc", RULES)
    weights = [list(Weight).index(reason.weight) for reason in verdict.reasons]
    assert weights == sorted(weights) and len(set(weights)) == 4


def test_a_long_message_is_read_to_its_limit_and_that_is_said() -> None:
    tail = "Chị đọc mã OTP cho em"
    padded = "a" * checker.MOST + tail
    assert not checker.check(padded, RULES).whole
    assert checker.check("a " * 4_000 + tail, RULES).whole
    assert checker.check("a " * 4_000 + tail, RULES).level is Level.DANGEROUS


_GROUPS = [group for row in _TABLE["rule"] for group in (row.get("all") or [row.get("any", [])])]
_BITS = [phrase for group in _GROUPS for phrase in group]
_BITS += (
    _TABLE["negation_bridge"]
    + _TABLE["negations"]
    + ["https://", ".top", "@", "[.]", "o t p", "0", "\n", ", "]
)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400))
@example("http://[::1")
@example("http://xn--\udcff.top")
@example("xn--a.xn--.com")
@example("\ufdfa" * 50)
def test_any_text_gets_a_verdict(message: str) -> None:
    verdict = checker.check(message, RULES)
    assert verdict.level in Level and verdict.advice.vi and verdict.advice.en


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(_BITS), max_size=40), st.sampled_from([" ", "", ". ", ", ", "\n"]))
def test_any_heap_of_signs_gets_a_verdict_that_adds_up(bits: list[str], joint: str) -> None:
    message = joint.join(bits)
    verdict = checker.check(message, RULES)
    points = sum(RULES.points[reason.weight] for reason in verdict.reasons)
    assert (verdict.level is Level.DANGEROUS) == (points >= RULES.dangerous_from)
    assert (verdict.level is Level.CANNOT_KNOW) == (points < RULES.suspicious_from)
    assert all(reason.excerpt for reason in verdict.reasons)


@pytest.mark.parametrize(
    "heap",
    [
        *("khong doc ma otp ", "cho doc ", "a b c ", "a b c\n", "https://", "a.", "a-", "1 ", "! ", "\ufdfa"),
        *("[.]", "vneid.gov.vn ", "khong cho doc ma ", "@", "a@b.", " .", "xn--", "o.t.p.", ",", "\u0300"),
    ],
)
def test_ten_thousand_hostile_characters_take_bounded_time(heap: str) -> None:
    message = (heap * checker.MOST)[: checker.MOST]
    started = time.process_time()
    checker.check(message, RULES)
    assert time.process_time() - started < 2.0


def test_twice_the_text_takes_about_twice_the_time() -> None:
    chance = random.Random(7)
    message = " ".join(chance.choice(_BITS) for _ in range(2_000))

    def spent(text: str) -> float:
        best = 9.0
        for _ in range(3):
            started = time.process_time()
            checker.check(text, RULES)
            best = min(best, time.process_time() - started)
        return best

    assert spent(message[:10_000]) < 8 * spent(message[:5_000]) + 0.05


def test_the_message_is_kept_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(0):
        checker.check("Chị đọc mã OTP cho em, bí mật số bảy", RULES)
    assert caplog.text == ""


@pytest.mark.parametrize(
    "row",
    [
        {"id": "x", "weight": "red", "reason": {"vi": "a", "en": "a"}},
        {"id": "x", "weight": "red", "reason": {"vi": "a", "en": "a"}, "any": ["a"], "link": "ip"},
        {"id": "x", "weight": "red", "reason": {"vi": "a", "en": "a"}, "any": ["@nobody"]},
        {"id": "x", "weight": "pink", "reason": {"vi": "a", "en": "a"}, "any": ["a"]},
        {"id": "x", "weight": "red", "reason": {"vi": "a"}, "any": ["a"]},
        {"id": "x", "weight": "red", "reason": {"vi": "a", "en": "a"}, "any": ["a"], "negatble": True},
    ],
)
def test_a_rule_that_is_half_written_stops_the_reading(row: dict[str, Any]) -> None:
    with pytest.raises(NotReady) as caught:
        reader.rules_from({**_TABLE, "rule": [*_TABLE["rule"], row]})
    assert caught.value.values["file"] == "fraud/rules.toml"


def test_every_kind_of_link_has_a_rule_that_speaks_of_it() -> None:
    assert {rule.link for rule in RULES.rules if rule.link} == set(LinkKind)
