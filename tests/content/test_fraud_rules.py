"""The checker's data: well formed, folded, and right about every labelled message."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from tests.content import pack
from tests.content.oracle_checker import Oracle, fold

RULES = pack.toml("fraud/rules.toml")
SAMPLES = pack.toml("fraud/samples.toml")["sample"]
KEYS = {"id", "weight", "any", "all", "within", "not_after", "unless", "negatable", "link", "reason"}
LINK_KINDS = {"apk", "lookalike", "bad_tld", "ip", "shortener", "homograph", "userinfo", "unknown", "http"}


def phrases(rule: dict[str, Any]) -> list[str]:
    return [*rule.get("any", []), *(p for group in rule.get("all", []) for p in group)]


def test_rules_have_unique_ids_known_keys_and_one_way_to_match() -> None:
    assert len({r["id"] for r in RULES["rule"]}) == len(RULES["rule"])
    for rule in RULES["rule"]:
        assert set(rule) <= KEYS, rule["id"]
        assert len({"any", "all", "link"} & set(rule)) == 1, rule["id"]
        assert rule["weight"] in RULES["points"]
        assert set(rule["reason"]) == {"vi", "en"}
        assert "within" not in rule or "all" in rule
        if "link" in rule:
            assert rule["link"] in LINK_KINDS


def test_phrases_are_stored_folded_and_names_of_lists_exist() -> None:
    stored = [p for r in RULES["rule"] for p in [*phrases(r), *r.get("unless", []), *r.get("not_after", [])]]
    for key in (
        "authority_words",
        "office_words",
        "threat_words",
        "negations",
        "negation_bridge",
        "negation_undone_by",
    ):
        stored += RULES[key]
    for phrase in stored:
        if phrase.startswith("@"):
            assert phrase == "@link" or phrase[1:] + "_words" in RULES, phrase
        else:
            assert phrase == fold(phrase) == " ".join(re.findall(r"[a-z0-9]+", phrase)), phrase


def test_no_phrase_stands_twice_in_one_list() -> None:
    for rule in RULES["rule"]:
        for group in [rule.get("any", []), *rule.get("all", [])]:
            assert len(group) == len(set(group)), (rule["id"], [p for p in group if group.count(p) > 1])


def test_office_words_are_a_part_of_authority_words() -> None:
    assert set(RULES["office_words"]) < set(RULES["authority_words"])


def test_there_is_no_verdict_that_says_safe() -> None:
    assert set(RULES["verdict"]) == {"dangerous", "suspicious", "cannot_know"}
    assert RULES["points"]["red"] >= RULES["thresholds"]["dangerous"]
    assert 2 * RULES["points"]["strong"] >= RULES["thresholds"]["dangerous"]
    assert RULES["points"]["weak"] < RULES["thresholds"]["suspicious"] <= RULES["points"]["strong"]


def test_allowed_hosts_come_from_the_sheet_and_cover_the_state() -> None:
    oracle = Oracle(RULES)
    for host in ("vneid.gov.vn", "www.vneid.gov.vn", "dichvucong.laocai.gov.vn", "cskh.evn.com.vn"):
        assert oracle.allowed(host)
    for host in (
        "vneid.gov.vn.example.top",
        "dichvucong-gov.vn",
        "xgov.vn",
        "gov.vn.com",
        "evn.com.vn.example.top",
    ):
        assert not oracle.allowed(host)


def test_there_are_at_least_forty_samples_of_every_verdict() -> None:
    assert len(SAMPLES) >= 40
    assert len({s["id"] for s in SAMPLES}) == len(SAMPLES)
    for verdict in RULES["verdict"]:
        assert sum(s["verdict"] == verdict for s in SAMPLES) >= 10


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s["id"])
def test_a_labelled_message_gets_its_verdict_and_exactly_its_rules(sample: dict[str, Any]) -> None:
    verdict, fired = Oracle(RULES).check(sample["message"])
    assert (verdict, sorted(fired)) == (sample["verdict"], sample["rules"])


def test_every_rule_is_shown_by_at_least_one_sample() -> None:
    shown = {r for s in SAMPLES for r in s["rules"]}
    assert shown == {r["id"] for r in RULES["rule"]}


# A marked letter in an address is itself the sign, so those samples stay out.
MARKS_DO_NOT_MATTER = [
    s for s in SAMPLES if s["verdict"] != "cannot_know" and "odd_letters" not in s["rules"]
]


@pytest.mark.parametrize("sample", MARKS_DO_NOT_MATTER, ids=lambda s: s["id"])
def test_taking_the_marks_off_never_softens_a_verdict(sample: dict[str, Any]) -> None:
    verdict, _ = Oracle(RULES).check(fold(sample["message"]))
    assert verdict == sample["verdict"]


def test_a_kind_word_added_to_a_dangerous_message_does_not_make_it_better() -> None:
    oracle, chance = Oracle(RULES), random.Random(7)
    kind = ["Cảm ơn bác.", "Chúc bác mạnh khoẻ.", "Đây là tin thật.", "Không lừa đảo đâu."]
    dangerous = [s for s in SAMPLES if s["verdict"] == "dangerous"]
    for sample in chance.sample(dangerous, 15):
        message = f"{chance.choice(kind)} {sample['message']}. {chance.choice(kind)}"
        assert oracle.check(message)[0] == "dangerous", message


def test_reporting_names_the_public_hotlines_with_their_syntax() -> None:
    ways = {w["id"]: w for w in RULES["reporting"]["way"]}
    assert {w["number"] for w in ways.values()} == {"156", "5656", "113"}
    assert [ways[k]["syntax"][0:2].strip() for k in ("sms_spam", "sms_call", "sms_scam_call")] == [
        "S",
        "V",
        "LD",
    ]
    for way in ways.values():
        assert way["how"] in ("call", "sms") and ("syntax" in way) == (way["how"] == "sms")
