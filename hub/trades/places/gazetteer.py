"""Looks written addresses up among the communes of today and of before.

Keeps true: spelling, accents, kinds ("xã", "TP.") and old commas do not matter; whatever could be meant is
among the candidates, and nothing is chosen. Time of a look-up does not grow with the number of communes.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from hub.base import text
from hub.trades.places.model import Commune, Former, Found, Why

# "Phan Rang - Tháp Chàm" is one name: a dash divides only where commas alone lead nowhere.
_DIVIDERS = (re.compile(r"\s*[,;\n]\s*"), re.compile(r"\s*[,;\n]\s*|\s+[-–]\s+"))
_KINDS = (
    ("thành phố", "thanh pho", "tp"),
    ("thị trấn", "thi tran", "tt"),
    ("thị xã", "thi xa", "tx"),
    ("đặc khu", "dac khu", "dk"),
    ("tỉnh", "tinh", "t"),
    ("huyện", "huyen", "h"),
    ("quận", "quan", "q"),
    ("phường", "phuong", "p"),
    ("xã", "xa", "x"),
)
# "TP. Lào Cai", "H.Văn Yên", "xã Lâm Giang": a short kind needs its dot, for "Tả Van" is no kind and a name.
_KIND = re.compile(
    r"(?:(?P<long>" + "|".join(long for _, long, _ in _KINDS) + r")\s+"
    r"|(?P<short>tp|tt|tx|dk|[thqpx])\s?\.\s*|(?P<tp>tp)\s+)(?P<name>.+)"
)
_ALIASES = {"hcm": "hochiminh", "saigon": "hochiminh", "hue": "thuathienhue"}
_MOST = 20


@dataclass(frozen=True, slots=True)
class _Name:
    """A part of an address: its folded kind, empty when none was written, and the key of its name."""

    kind: str
    key: str


def _name(written: str) -> _Name:
    folded = text.fold(written)
    found = _KIND.fullmatch(folded)
    if found is None:
        return _Name("", _key(folded))
    kind = found["long"] or found["short"] or found["tp"]
    return _Name(
        next((long for _, long, short in _KINDS if kind in (long, short)), kind), _key(found["name"])
    )


def _key(folded: str) -> str:
    # Lý and Lí, Mỹ and Mĩ are the same place; so are "Phường 01" and "Phường 1", K'Bang and Kbang.
    plain = "".join(mark for mark in folded if mark.isalnum()).replace("y", "i")
    plain = plain.lstrip("0") or plain
    return sys.intern(_ALIASES.get(plain, plain))


class Gazetteer:
    """Today's communes and the former ones, indexed by name; safe to share between threads."""

    def __init__(self, communes: Sequence[Commune], former: Sequence[Former]) -> None:
        self._communes = {one.code: one for one in communes}
        self._today: dict[str, list[Commune]] = defaultdict(list)
        self._former: dict[str, list[Former]] = defaultdict(list)
        self._provinces_now: dict[str, str] = {}
        self._names: dict[str, _Name] = {}
        for commune in communes:
            self._today[self._known(commune.name).key].append(commune)
            self._provinces_now[self._known(commune.province).key] = commune.province_code
        for old in former:
            self._former[self._known(old.name).key].append(old)
        self._places = {self._known(name).key for old in former for name in (old.district, old.province)}
        self._places.update(self._provinces_now)
        self._sought = tuple((text.fold(one.name), one) for one in communes)

    def _known(self, name: str) -> _Name:
        # Only the lists' own names are remembered, never what somebody typed.
        if name not in self._names:
            self._names[name] = _name(name)
        return self._names[name]

    def commune(self, code: str) -> Commune | None:
        """Return a commune of today by its code."""
        return self._communes.get(code)

    def today(self, address: str) -> Found:
        """Return what an address, as it stands on a card or as somebody typed it, may be called today."""
        written = text.clean(address, lines=True)
        told = (self._read([part for part in divider.split(written) if part]) for divider in _DIVIDERS)
        return next((found for found in told if found.why is not Why.UNKNOWN), Found(Why.UNKNOWN))

    def _read(self, parts: Sequence[str]) -> Found:
        names = [_name(part) for part in parts]
        # From the end: how many parts name a district or a province; the one before them is the commune.
        above = 0
        while above < min(2, len(names) - 1) and names[-1 - above].key in self._places:
            above += 1
        for taken in range(above, 0, -1):
            at = len(names) - 1 - taken
            now, before = self._now(names[at], names[at + 1 :]), self._before(names[at], names[at + 1 :])
            if now or before:
                return self._found(parts, at, now, before)
        return Found(Why.UNKNOWN)

    def _now(self, commune: _Name, above: Sequence[_Name]) -> list[Commune]:
        if len(above) != 1:
            return []
        return [
            one
            for one in self._today.get(commune.key, ())
            if self._known(one.province).key == above[0].key
            and commune.kind in ("", self._known(one.name).kind)
        ]

    def _before(self, commune: _Name, above: Sequence[_Name]) -> list[Former]:
        found = [
            one
            for one in self._former.get(commune.key, ())
            if all(
                any(wanted.key == held.key and wanted.kind in ("", held.kind) for held in holders)
                for wanted, holders in zip(above, self._holders(one, len(above)), strict=True)
            )
        ]
        same_kind = [one for one in found if self._known(one.name).kind == commune.kind]
        # Somebody may write "xã" of what was a thị trấn: the kind helps where it decides, and hides no place.
        return same_kind if commune.kind and same_kind else found

    def _holders(self, one: Former, count: int) -> tuple[tuple[_Name, ...], ...]:
        district, province = self._known(one.district), self._known(one.province)
        return ((district,), (province,)) if count == 2 else ((district, province),)

    def _found(
        self, parts: Sequence[str], at: int, now: Sequence[Commune], before: Sequence[Former]
    ) -> Found:
        codes = list(dict.fromkeys(code for one in before for code in one.now))
        candidates = list(dict.fromkeys((*now, *(self._communes[code] for code in codes))))
        head, old = ", ".join(parts[:at]), ", ".join(parts[at:])
        if now and len(candidates) == 1:
            return Found(Why.TODAY, head, "", tuple(candidates))
        candidates.sort(key=lambda one: (one.province_code, one.code))
        if len(before) > 1 or now:
            why = Why.SEVERAL if len(candidates) > 1 else Why.MERGED
        else:
            why = Why.DIVIDED if len(candidates) > 1 else Why.MERGED
        return Found(why, head, old, tuple(candidates))

    def find(self, query: str, province_code: str = "", most: int = _MOST) -> tuple[Commune, ...]:
        """Return today's communes whose names hold the words of ``query``, best first.

        Accents may be left out; a name spelt exactly so comes first, then one that begins so. A second part
        after a comma narrows to a province.
        """
        asked, _, where = text.clean(query).partition(",")
        wanted, province = _name(asked), _name(where).key if where.strip() else ""
        words = text.fold(asked).split()
        if not words:
            return ()
        found = []
        for folded, one in self._sought:
            if province_code and one.province_code != province_code:
                continue
            if province and not self._known(one.province).key.startswith(province):
                continue
            held = folded.split()
            if not all(any(part.startswith(word) for part in held) for word in words):
                continue
            key = self._known(one.name).key
            rank = (
                _exact(asked) not in _exact(one.name),
                key != wanted.key,
                not key.startswith(wanted.key),
                len(held),
            )
            found.append((rank, one.province_code, one.code, one))
        found.sort(key=lambda row: row[:3])
        return tuple(row[3] for row in found[:most])

    def formerly(self, name: str) -> tuple[Former, ...]:
        """Return the communes of before that bore a name, accents and kinds aside, by code."""
        wanted = _name(text.clean(name))
        return tuple(sorted(self._former.get(wanted.key, ()), key=lambda one: one.code)) if wanted.key else ()

    def provinces(self) -> tuple[tuple[str, str], ...]:
        """Return today's provinces as (code, name), in the order of their codes."""
        return tuple(sorted({(one.province_code, one.province) for one in self._communes.values()}))


def _exact(written: str) -> str:
    return unicodedata.normalize("NFC", written).casefold()
