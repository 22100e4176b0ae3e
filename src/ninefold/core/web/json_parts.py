"""JSON text looked at without decoding it, for what msgspec can't decode: its parts, its depth, its surrogates.

Nothing here recurses, and nothing here checks that a text is JSON: who takes a part decodes it.
"""

import re
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

STEPS_MAX: Final = 1_000_000
"""Strings, brackets and commas of a text that is split; each costs time that others wait for."""

_BLANKS: Final = b" \t\n\r"
_CLOSING: Final = {b"[": b"]", b"{": b"}"}

_ESCAPE: Final = re.compile(rb"\\.", re.DOTALL)
# Of texts without escapes; a quote by itself is that of a string without end.
_STRING: Final = re.compile(rb'"[^"]*"')
_TOKEN: Final = re.compile(rb'"[^"]*"|[][{},"]')
_MEMBER_NAME: Final = re.compile(rb'("[^"]*")[ \t\n\r]*:')

_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_DEPTH_CHANGES: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}

# Every escape is a match, so that a backslash that is itself escaped begins none.
_UNICODE_ESCAPE: Final = re.compile(
    rb"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})(?P<pair>\\u[dD][c-fC-F][0-9a-fA-F]{2})?"
    rb"|u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def split_list(text: bytes) -> list[bytes] | None:
    """Return the texts of a JSON list's items, or None if it isn't one whose items can be told apart."""
    return _split(text, opening=b"[")


def split_object(text: bytes) -> list[tuple[bytes, bytes]] | None:
    """Return the texts of a JSON object's names, quotes included, and values, or None as `split_list` does."""
    members = _split(text, opening=b"{")
    if members is None:
        return None
    parted = []
    for member in members:
        name = _MEMBER_NAME.match(_ESCAPE.sub(b"__", member))
        if name is None:
            return None
        parted.append((member[: name.end(1)], member[name.end() :].strip(_BLANKS)))
    return parted


def nesting_depth(text: bytes) -> int:
    """Return how many lists and objects stand inside each other where they are deepest."""
    brackets = _STRING.sub(b"", _ESCAPE.sub(b"__", text)).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_DEPTH_CHANGES.__getitem__, brackets)), default=0)


def find_unpaired_surrogate(text: bytes) -> tuple[int, str] | None:
    r"""Return where the first half of a character stands without its other half, and how: `\ud83d`."""
    for match in _UNICODE_ESCAPE.finditer(text):
        if match["low"] or (match["high"] and not match["pair"]):
            return match.start(), match[0].decode()
    return None


def _split(text: bytes, *, opening: bytes) -> list[bytes] | None:
    text = text.strip(_BLANKS)
    # As long as the text, so that positions in one are positions in the other.
    plain = _ESCAPE.sub(b"__", text)
    cuts = _find_cuts(plain) if text.startswith(opening) else None
    if cuts is None or cuts[-1] != len(text) - 1:
        return None
    parts = [text[before + 1 : cut].strip(_BLANKS) for before, cut in pairwise(cuts)]
    if parts == [b""]:
        return []
    return None if b"" in parts else parts


def _find_cuts(plain: bytes) -> Sequence[int] | None:
    """Return the positions of a list's or object's first bracket, of its own commas, and of its last bracket."""
    cuts = []
    open_brackets: list[bytes] = []
    for step, match in enumerate(_TOKEN.finditer(plain)):
        token = match[0]
        if step == STEPS_MAX or token == b'"':
            return None
        if token in _CLOSING:
            if not open_brackets:
                cuts.append(match.start())
            open_brackets.append(_CLOSING[token])
        elif token == b"," and len(open_brackets) == 1:
            cuts.append(match.start())
        elif token in (b"]", b"}"):
            if open_brackets.pop() != token:
                return None
            if not open_brackets:
                cuts.append(match.start())
                return cuts
    return None
