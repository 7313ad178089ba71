"""What a code reader types as a keyboard, put together again: key codes in, whole codes out.

Readers type as if on a US keyboard. Letters it does not have come as Alt and a number on the keypad, as
Ctrl+Shift+U and a number, or not at all. Keeps true: a code is told once and whole; one too long is dropped
whole; keys of one code never run into the next; a reader that was seen to end its codes is held to it, and
what then breaks off in silence is dropped. It never guesses a letter that was not typed. Key codes are those
of the kernel's ``linux/input-event-codes.h``.
"""

from __future__ import annotations

LONGEST = 2_000

_ENTERS = frozenset({28, 96})
_TAB, _SPACE, _CAPS, _U = 15, 57, 58, 22
_SHIFTS, _CTRLS, _ALTS = frozenset({42, 54}), frozenset({29, 97}), frozenset({56, 100})
_KEYPAD = {82: "0", 79: "1", 80: "2", 81: "3", 75: "4", 76: "5", 77: "6", 71: "7", 72: "8", 73: "9"}
_KEYPAD_SIGNS = {55: "*", 74: "-", 78: "+", 83: ".", 98: "/"}
_LAST_LETTER = 0x10FFFF


def _rows() -> dict[int, tuple[str, str]]:
    keys: dict[int, tuple[str, str]] = {_SPACE: (" ", " ")}
    for first, plain, shifted in (
        (2, "1234567890-=", "!@#$%^&*()_+"),
        (16, "qwertyuiop[]", "QWERTYUIOP{}"),
        (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
        (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    ):
        keys.update((first + place, pair) for place, pair in enumerate(zip(plain, shifted, strict=True)))
    # The extra key of keyboards with 102 keys.
    keys[86] = ("<", ">")
    return keys


_KEYS = _rows()
LETTERS = frozenset(code for code, (plain, _) in _KEYS.items() if plain.isalnum())
"""Keys that a reader must have; a mouse or a volume wheel on the same cable has not."""


class Typing:
    """Turns presses and releases into codes."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._caps = False
        self._text: list[str] = []
        self._too_long = False
        self._alt = ""
        self._hex: str | None = None
        self._ends = False

    @property
    def begun(self) -> bool:
        """Whether part of a code has come."""
        return bool(self._text or self._alt or self._hex or self._too_long)

    def key(self, code: int, value: int) -> str | None:
        """Take one key event (``value`` 0 released, 1 pressed, 2 held); return a code when this ends one."""
        if value == 0:
            self._held.discard(code)
            if code in _ALTS:
                self._by_number(self._alt, 10)
                self._alt = ""
            elif self._hex and code in _CTRLS | _SHIFTS and not self._ctrl and not self._shift:
                self._by_number(self._hex, 16)
                self._hex = None
            return None
        if value != 1:
            # A reader's key is never meant to repeat.
            return None
        self._held.add(code)
        if code == _CAPS:
            self._caps = not self._caps
        elif self._hex is not None:
            return self._in_hex(code)
        elif code in _ENTERS or (code == _TAB and not self._alt_held):
            self._ends = self._ends or self.begun
            return self._taken()
        elif code == _U and self._ctrl and self._shift:
            self._hex = ""
        elif code in _KEYPAD:
            if self._alt_held:
                self._alt += _KEYPAD[code]
            else:
                self._add(_KEYPAD[code])
        elif code in _KEYPAD_SIGNS:
            self._add(_KEYPAD_SIGNS[code])
        elif code in _KEYS and not self._ctrl and not self._alt_held:
            self._add(self._letter(code))
        return None

    def silence(self) -> str | None:
        """Return what has come as a code when nothing more does; None for half a code and for nothing."""
        text = self._taken()
        return None if self._ends else text

    def _taken(self) -> str | None:
        text = None if self._too_long else "".join(self._text)
        self._text, self._too_long, self._alt, self._hex = [], False, "", None
        return text or None

    def drop(self) -> None:
        """Forget everything: the cable was pulled, keys held down are held no more."""
        self._taken()
        self._held.clear()
        self._caps = False

    @property
    def _ctrl(self) -> bool:
        return not self._held.isdisjoint(_CTRLS)

    @property
    def _shift(self) -> bool:
        return not self._held.isdisjoint(_SHIFTS)

    @property
    def _alt_held(self) -> bool:
        return not self._held.isdisjoint(_ALTS)

    def _letter(self, code: int) -> str:
        plain, shifted = _KEYS[code]
        up = self._shift != (self._caps and plain.isalpha())
        return shifted if up else plain

    def _in_hex(self, code: int) -> str | None:
        if code in _KEYPAD:
            digit = _KEYPAD[code]
        elif code in _KEYS:
            digit = _KEYS[code][0]
        else:
            digit = ""
        if digit in set("0123456789abcdef"):
            self._hex = (self._hex or "") + digit
        elif code in _ENTERS or code == _SPACE:
            self._by_number(self._hex or "", 16)
            self._hex = None
        return None

    def _by_number(self, digits: str, base: int) -> None:
        if not digits or len(digits) > 8:
            return
        number = int(digits, base)
        if number <= _LAST_LETTER and not 0xD800 <= number <= 0xDFFF:
            self._add(chr(number))

    def _add(self, letter: str) -> None:
        if len(self._text) >= LONGEST:
            self._text, self._too_long = [], True
        if not self._too_long:
            self._text.append(letter)
