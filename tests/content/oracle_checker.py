"""A plain second reading of content/core/fraud/rules.toml, to test the data without the hub's own checker.

It follows the words at the top of that file one by one, slowly, and shares no code with the hub.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Iterator

Hit = tuple[int, int]  # sentence, word
LINK = re.compile(r"(?:https?://)?[^\s<>\"']+", re.I)
SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .\-_]{1,2}){2,}[^\W\d_](?![^\W_])")


def fold(text: str) -> str:
    text = unicodedata.normalize(
        "NFD", text.replace("đ", "d").replace("Đ", "D").replace("ð", "d").replace("Ð", "D")
    )
    return "".join(c for c in text if unicodedata.category(c) != "Mn").lower().replace("’", "'")


def host_of(token: str, bare_tlds: list[str]) -> tuple[str, str] | None:
    """Give (scheme, host) if the token is a link, else None."""
    token = token.strip("()[],;:!?\"'")
    found = re.fullmatch(r"(?:(https?)://)?([^/?#\s]+)(.*)", token, re.I)
    if not found:
        return None
    scheme, netloc = (found[1] or "").lower(), found[2].rstrip(".").lower()
    host = re.sub(r":\d+$", "", netloc.rsplit("@", 1)[-1])
    labels = host.split(".")
    if scheme:
        return scheme, netloc
    if "@" in netloc and not found[3]:
        return None
    ip = re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}", host)
    good = (
        len(labels) > 1 and all(re.fullmatch(r"[^\W_][\w\-]*", x) for x in labels) and labels[-1] in bare_tlds
    )
    return ("", netloc) if ip or good else None


class Oracle:
    def __init__(self, rules: dict[str, Any]) -> None:
        self.data = rules

    def allowed(self, host: str) -> bool:
        suffixes = [*self.data["allow_hosts"], *self.data["allow_suffixes"]]
        return any(host == s or host.endswith("." + s) for s in suffixes)

    def unleet(self, word: str) -> str:
        return "".join(self.data["leet"].get(c, c) for c in word)

    def links(self, message: str) -> Iterator[tuple[str, str, str]]:
        for token in message.split():
            found = host_of(token, self.data["bare_tlds"])
            if found:
                yield token, found[0], found[1]

    def link_kinds(self, token: str, scheme: str, netloc: str) -> set[str]:
        host = re.sub(r":\d+$", "", netloc.rsplit("@", 1)[-1])
        kinds = {"http"} if scheme == "http" else set()
        if "@" in netloc:
            kinds.add("userinfo")
        if re.search(r"\.apk\b", token, re.I):
            kinds.add("apk")
        if self.allowed(host):
            return kinds
        kinds.add("unknown")
        flat = self.unleet(fold(host))
        if any(w in re.sub(r"[.\-]", "", flat) for w in self.data["lookalike_contains"]):
            kinds.add("lookalike")
        if set(re.split(r"[.\-]", flat)) & set(self.data["lookalike_parts"]):
            kinds.add("lookalike")
        if host.rsplit(".", 1)[-1] in self.data["bad_tlds"]:
            kinds.add("bad_tld")
        if host in self.data["shorteners"]:
            kinds.add("shortener")
        if re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}", host):
            kinds.add("ip")
        if not host.isascii() or any(x.startswith("xn--") for x in host.split(".")):
            kinds.add("homograph")
        return kinds

    def views(self, message: str) -> tuple[list[list[list[str]]], list[list[str]]]:
        """Give clauses of words by sentence (plain, then unleeted), and the joined runs by sentence."""
        kept = " ".join(
            "" if host_of(t, self.data["bare_tlds"]) else t
            for line in message.split("\n")
            for t in [*line.split(), "\n"]
        )
        sentences, runs = [], []
        for sentence in re.split(r"[.!?;](?=\s|$)|\n", self._unspaced_guard(kept)):
            words = fold(sentence)
            runs.append([re.sub(r"[^a-z]", "", m) for m in SPACED.findall(words)])
            plain = [re.findall(r"[a-z0-9]+", c) for c in words.split(",")]
            leet = [[self._leet_word(w) for w in re.findall(r"[a-z0-9@$!]+", c)] for c in words.split(",")]
            sentences.append(plain)
            sentences.append(leet)
            runs.append(runs[-1])
        return sentences, runs

    @staticmethod
    def _unspaced_guard(text: str) -> str:
        # "o. t. p" must stay in one sentence
        return SPACED.sub(lambda m: re.sub(r"[ .\-_]+", " ", m[0]), text)

    def _leet_word(self, word: str) -> str:
        mixed = re.search("[a-z]", word) and re.search(r"[0-9@$!]", word)
        return self.unleet(word) if mixed else word

    def hits(self, phrase: str, rule: dict[str, Any], views: Any) -> list[Hit]:
        found: list[Hit] = []
        wanted = phrase.split()
        for number, (clauses, runs) in enumerate(zip(*views)):
            flat = [w for c in clauses for w in c]
            sentence = " " + " ".join(flat) + " "
            if any(f" {u} " in sentence for u in rule.get("unless", [])):
                continue
            base = 0
            undoers = self.data["negation_undone_by"]
            for clause in clauses:
                for at in range(len(clause)):
                    if flat[base + at : base + at + len(wanted)] != wanted:
                        continue
                    if at and clause[at - 1] in rule.get("not_after", []):
                        continue
                    later = " " + " ".join(flat[base + at + len(wanted) :]) + " "
                    undone = any(f" {u} " in later for u in undoers)
                    if rule.get("negatable") and not undone and self._negated(clause, at):
                        continue
                    found.append((number, base + at))
                base += len(clause)
            if any("".join(wanted) in run for run in runs):
                found.append((number, 0))
        return found

    def _negated(self, clause: list[str], at: int) -> bool:
        while at > 0:
            taken = 0
            for size in (3, 2, 1):
                words = " ".join(clause[max(0, at - size) : at])
                if words in self.data["negations"] and words.count(" ") == size - 1:
                    before = clause[at - size - 1] if at > size else ""
                    return before not in self.data["negation_not_after"]
                if words in self.data["negation_bridge"] and words.count(" ") == size - 1 and not taken:
                    taken = size
            if not taken:
                return False
            at -= taken
        return False

    def check(self, message: str) -> tuple[str, set[str]]:
        """Give the verdict and the ids of the rules that fired."""
        links = list(self.links(message))
        kinds = set().union(*(self.link_kinds(*x) for x in links)) if links else set()
        views = self.views(message)

        def group(phrases: list[str], rule: dict[str, Any]) -> list[Hit]:
            out: list[Hit] = []
            for phrase in phrases:
                if phrase == "@link":
                    out += [(-1, 0)] if "unknown" in kinds else []
                elif phrase.startswith("@"):
                    plain = {k: v for k, v in rule.items() if k == "unless"}
                    out += group(self.data[phrase[1:] + "_words"], plain)
                else:
                    out += self.hits(phrase, rule, views)
            return out

        fired = set()
        for rule in self.data["rule"]:
            if "link" in rule:
                hit = rule["link"] in kinds
            elif "any" in rule:
                hit = bool(group(rule["any"], rule))
            else:
                found = [group(g, rule) for g in rule["all"]]
                hit = all(found)
                if hit and "within" in rule:
                    hit = any(
                        a[0] == b[0] and abs(a[1] - b[1]) <= rule["within"]
                        for a in found[0]
                        for b in found[1]
                    )
            if hit:
                fired.add(rule["id"])
        points = sum(self.data["points"][r["weight"]] for r in self.data["rule"] if r["id"] in fired)
        marks = self.data["thresholds"]
        verdict = (
            "dangerous"
            if points >= marks["dangerous"]
            else "suspicious" if points >= marks["suspicious"] else "cannot_know"
        )
        return verdict, fired
