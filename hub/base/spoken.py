"""Numbers as they are said, so that a voice reads them right whatever engine speaks.

Source: facts of Vietnamese number reading (mốt, lăm, lẻ, mươi); espeak-ng reads digits and words differently.
"""

from __future__ import annotations

_VI = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_EN_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_EN_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_VI_POWERS = ((1_000_000_000, "tỷ"), (1_000_000, "triệu"), (1_000, "nghìn"))
_EN_POWERS = ((1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"))
MOST = 999_999_999_999


def _vi_under_thousand(number: int, *, padded: bool) -> str:
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    words: list[str] = []
    if hundreds or padded:
        words += [_VI[hundreds], "trăm"]
    if tens == 0 and ones and words:
        words.append("lẻ")
    elif tens == 1:
        words.append("mười")
    elif tens > 1:
        words += [_VI[tens], "mươi"]
    if ones == 1 and tens > 1:
        words.append("mốt")
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


def number(value: int, lang: str) -> str:
    """Return ``value`` (0 to 999,999,999,999) in words, in Vietnamese or, for any other ``lang``, English.

    Raises ``ValueError`` outside that range.
    """
    if not 0 <= value <= MOST:
        raise ValueError(f"no words for {value}")
    words: list[str] = []
    rest = value
    for power, name in _VI_POWERS if lang == "vi" else _EN_POWERS:
        count, rest = divmod(rest, power)
        if count:
            said = (
                _vi_under_thousand(count, padded=bool(words)) if lang == "vi" else _en_under_thousand(count)
            )
            words += [said, name]
    if rest or not words:
        words.append(
            _vi_under_thousand(rest, padded=bool(words)) if lang == "vi" else _en_under_thousand(rest)
        )
    return " ".join(words)
