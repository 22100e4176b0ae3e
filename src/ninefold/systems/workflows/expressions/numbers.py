"""Numbers in texts, by the rules of GitHub's runner: almost those of JavaScript's `Number()`."""

import re
from typing import Final

_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEXADECIMAL: Final = re.compile(r"0x([0-9a-fA-F]+)")
_OCTAL: Final = re.compile(r"0o([0-7]+)")
_INFINITIES: Final = {"Infinity": float("inf"), "+Infinity": float("inf"), "-Infinity": float("-inf")}
_UNSIGNED_MAX: Final = 2**32


def parse_number(text: str) -> float | None:
    """Return the number that a text is, or None if it isn't one; white space around it doesn't count, "" is 0.

    Hexadecimal and octal numbers have 32 bits with a sign, as in the runner: `0xFFFFFFFF` is -1.
    """
    text = text.strip()
    if not text:
        return 0.0
    if _DECIMAL.fullmatch(text):
        return float(text)
    for pattern, base in ((_HEXADECIMAL, 16), (_OCTAL, 8)):
        if match := pattern.fullmatch(text):
            return _signed(int(match[1], base))
    return _INFINITIES.get(text)


def _signed(bits: int) -> float | None:
    if bits >= _UNSIGNED_MAX:
        return None
    return float(bits if bits < _UNSIGNED_MAX // 2 else bits - _UNSIGNED_MAX)
