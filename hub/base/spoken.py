"""Numbers as they are said, so that a voice reads them right whatever engine speaks.

Source: facts of Vietnamese number reading (mốt, lăm, lẻ, mươi); espeak-ng reads digits and words differently.
"""

from __future__ import annotations

from dataclasses import dataclass

_VI = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_EN_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_EN_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_VI_POWERS = ((1_000_000_000, "tỷ"), (1_000_000, "triệu"))
_EN_POWERS = ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"))
MOST = 999_999_999_999


@dataclass(frozen=True, slots=True)
class Manner:
    """How a region says Vietnamese numbers; all of these are right, and people notice the other one.

    ``gap`` stands for empty tens (105: một trăm lẻ năm, một trăm linh năm), ``thousand`` for a thousand,
    ``four`` for the four behind tens from twenty on (24: hai mươi bốn, hai mươi tư).
    """

    gap: str = "lẻ"
    thousand: str = "nghìn"
    four: str = "bốn"


USUAL = Manner()


def _vi_under_thousand(number: int, manner: Manner, *, padded: bool) -> str:
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    words: list[str] = []
    if hundreds or padded:
        words += [_VI[hundreds], "trăm"]
    if tens == 0 and ones and words:
        words.append(manner.gap)
    elif tens == 1:
        words.append("mười")
    elif tens > 1:
        words += [_VI[tens], "mươi"]
    if ones == 1 and tens > 1:
        words.append("mốt")
    elif ones == 4 and tens > 1:
        words.append(manner.four)
    elif ones == 5 and tens > 0:
        words.append("lăm")
    elif ones or not (hundreds or tens or padded):
        words.append(_VI[ones])
    return " ".join(words)


def _en_under_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    words = [_EN_SMALL[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        words.append(_EN_TENS[rest // 10] + (f"-{_EN_SMALL[rest % 10]}" if rest % 10 else ""))
    elif rest or not hundreds:
        words.append(_EN_SMALL[rest])
    return " ".join(words)


def number(value: int, lang: str, manner: Manner = USUAL) -> str:
    """Return ``value`` (0 to 999,999,999,999) in words, in Vietnamese or, for any other ``lang``, English.

    Raises ``ValueError`` outside that range.
    """
    if not 0 <= value <= MOST:
        raise ValueError(f"no words for {value}")
    words: list[str] = []
    rest = value
    for power, name in (*_VI_POWERS, (1_000, manner.thousand)) if lang == "vi" else _EN_POWERS:
        count, rest = divmod(rest, power)
        if count:
            words += [_under_thousand(count, lang, manner, padded=bool(words)), name]
    if rest or not words:
        words.append(_under_thousand(rest, lang, manner, padded=bool(words)))
    return " ".join(words)


def _under_thousand(number: int, lang: str, manner: Manner, *, padded: bool) -> str:
    return _vi_under_thousand(number, manner, padded=padded) if lang == "vi" else _en_under_thousand(number)
