"""Vietnamese as single bytes, for the few printers whose own letters are to be used: TCVN-3, VISCII, CP1258.

Keeps true: what is encoded reads back as the same text by the published table, letter for letter; what a
table lacks is refused whole, never replaced by a question mark or a bare letter. Bytes below 0x20 are
commands to a printer and are never produced, even where a table has letters there.
"""

from __future__ import annotations

import unicodedata
from typing import Literal

Encoding = Literal["tcvn", "viscii", "cp1258"]

_GAP = "\0"

# TCVN 5712:1993, VN3 (also called ABC), from 0xA1: capitals with a tone are not in it.
_TCVN = "ĂÂÊÔƠƯĐăâêôơưđ" + _GAP * 6 + "àảãáạ" + _GAP + "ằẳẵắ" + _GAP * 7 + "ặầẩẫấậè" + _GAP + "ẻẽéẹềểễếệìỉ"
_TCVN += _GAP * 3 + "ĩíịò" + _GAP + "ỏõóọồổỗốộờởỡớợù" + _GAP + "ủũúụừửữứựỳỷỹýỵ"

# VISCII 1.1, RFC 1456, from 0x80: its six capitals below 0x20 are left out.
_VISCII = "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
_VISCII += "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"

# CP1258 has the vowels of the alphabet and five tones as marks of their own, written after their letter.
_TONES = "\u0300\u0301\u0303\u0309\u0323"


def _table(letters: str, first: int) -> dict[str, int]:
    return {letter: first + at for at, letter in enumerate(letters) if letter != _GAP}


_TABLES: dict[str, dict[str, int]] = {"tcvn": _table(_TCVN, 0xA1), "viscii": _table(_VISCII, 0x80)}


def encode(text: str, encoding: Encoding) -> bytes | None:
    """Return the bytes of one line of text, or None when the table lacks anything of it."""
    plain = unicodedata.normalize("NFC", text).replace("\u00a0", " ")
    written = bytearray()
    for mark in plain:
        byte = _cp1258(mark) if encoding == "cp1258" else _single(mark, _TABLES[encoding])
        if byte is None:
            return None
        written += byte
    return bytes(written)


def _single(mark: str, table: dict[str, int]) -> bytes | None:
    if " " <= mark <= "~":
        return mark.encode("ascii")
    return bytes((table[mark],)) if mark in table else None


def _cp1258(mark: str) -> bytes | None:
    if mark < " " or mark == "\x7f":
        return None
    written = _of_cp1258(mark)
    if written is not None:
        return written
    whole = unicodedata.normalize("NFD", mark)
    tone = next((each for each in whole if each in _TONES), "")
    if not tone:
        return None
    letter = _of_cp1258(unicodedata.normalize("NFC", whole.replace(tone, "", 1)))
    return None if letter is None else letter + tone.encode("cp1258")


def _of_cp1258(mark: str) -> bytes | None:
    try:
        written = mark.encode("cp1258")
    except UnicodeEncodeError:
        return None
    return written if written[0] >= 0x20 else None
