"""Finds what msgspec doesn't report about JSON text: its depth, the path of a byte, an unpaired surrogate.

No function here is recursive, and none checks that the text is valid JSON.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import Final, TypeAlias

PATH_TOKENS_MAX: Final = 200_000
"""How many strings, brackets and commas are read to find a path. That takes 0.1 s and blocks the event loop."""

_PATH_PARTS_MAX: Final = 4
_NAME_LENGTH_MAX: Final = 100

# For text without escapes. An unclosed string extends to the end of the text.
_TOKEN: Final = re.compile(rb'"[^"]*"?|[][{},]')
_TOKEN_MARKS: Final = (b'"', b"[", b"]", b"{", b"}", b",")

_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_DEPTH_CHANGES: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}

# For text without escaped backslashes.
_UNPAIRED_SURROGATE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)

_Path: TypeAlias = Sequence[int | str]
"""The index in each open list, and the field's name in each open object; the name is empty until it is read."""


def is_nested_deeper(text: bytes, levels_max: int) -> bool:
    """Return whether lists and objects are nested deeper than a number of levels."""
    # Counting is cheap, and nearly every text has fewer opening brackets than allowed levels.
    if text.count(b"[") + text.count(b"{") <= levels_max:
        return False
    outside_of_strings = b"".join(_without_escapes(text).split(b'"')[::2])
    brackets = outside_of_strings.translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_DEPTH_CHANGES.__getitem__, brackets)), default=0) > levels_max


def path_of_byte(text: bytes, position: int) -> str:
    """Return the path of the value at a byte position, such as `events[3].payload`.

    The path is empty at the top level, and after more than `PATH_TOKENS_MAX` tokens.
    """
    before = text[:position]
    if sum(map(before.count, _TOKEN_MARKS)) > PATH_TOKENS_MAX:
        return ""
    path: _Path = ()
    for path in _walk(before):  # noqa: B007  # only the last one is used.
        pass
    return _written(path)


def path_of_level(text: bytes, level: int) -> str:
    """Return the path of the first list or object at a nesting level; empty in the same cases as `path_of_byte`."""
    paths = islice(_walk(text), PATH_TOKENS_MAX)
    return _written(next((path for path in paths if len(path) > level), ()))


def find_unpaired_surrogate(text: bytes) -> tuple[int, str] | None:
    r"""Return the position and the text of the first unpaired surrogate escape, such as `\ud83d`; None without one."""
    found = _UNPAIRED_SURROGATE.search(text.replace(b"\\\\", b"__"))
    return None if found is None else (found.start(), found[0].decode())


def _walk(text: bytes) -> Iterator[_Path]:
    """Yield the path after each token. Always the same list, which changes between the yields."""
    path: list[int | str] = []
    for token in _TOKEN.finditer(_without_escapes(text)):
        match token[0]:
            case b"[":
                path.append(0)
            case b"{":
                path.append("")
            case b"]" | b"}":
                del path[-1:]
            case b",":
                path[-1:] = [part + 1 if isinstance(part, int) else "" for part in path[-1:]]
            case _ if path[-1:] == [""]:
                name = text[token.start() + 1 : token.end()].removesuffix(b'"')
                path[-1] = name.decode(errors="replace")[:_NAME_LENGTH_MAX]
        yield path


def _written(path: _Path) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[:_PATH_PARTS_MAX] if part != "")
    return "".join(parts).removeprefix(".")


def _without_escapes(text: bytes) -> bytes:
    """Return text of the same length in which every quote starts or ends a string."""
    return text.replace(b"\\\\", b"__").replace(b'\\"', b"__")
