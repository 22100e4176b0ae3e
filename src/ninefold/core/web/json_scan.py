"""Finds in JSON text what msgspec doesn't tell of it: its depth, the path of a byte, half a character.

Nothing here recurses, and nothing here checks that a text is JSON.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import Final, TypeAlias

PATH_TOKENS_MAX: Final = 200_000
"""Strings, brackets and commas that are read to find a path; they take 0.1 s, in which the server does nothing else."""

_PATH_PARTS_MAX: Final = 4
_NAME_LENGTH_MAX: Final = 100

# Of texts without escapes. A string without an end goes on to the end of the text.
_TOKEN: Final = re.compile(rb'"[^"]*"?|[][{},]')
_TOKEN_MARKS: Final = (b'"', b"[", b"]", b"{", b"}", b",")

_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_DEPTH_CHANGES: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}

# Of texts without backslashes that are themselves escaped.
_UNPAIRED_SURROGATE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)

_Path: TypeAlias = Sequence[int | str]
"""For each list that is open the index, for each object the field's name; it is empty ahead of a name."""


def is_nested_deeper(text: bytes, levels_max: int) -> bool:
    """Say whether more lists and objects than these stand inside each other in a JSON text."""
    # Counting takes next to nothing, and nearly every text has fewer brackets than it may have levels.
    if text.count(b"[") + text.count(b"{") <= levels_max:
        return False
    outside_of_strings = b"".join(_without_escapes(text).split(b'"')[::2])
    brackets = outside_of_strings.translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_DEPTH_CHANGES.__getitem__, brackets)), default=0) > levels_max


def path_of_byte(text: bytes, position: int) -> str:
    """Return the path of what stands at a byte of a JSON text, such as `events[3].payload`.

    It is empty for what is in no list and no field, and for a byte that more than `PATH_TOKENS_MAX` tokens come before.
    """
    before = text[:position]
    if sum(map(before.count, _TOKEN_MARKS)) > PATH_TOKENS_MAX:
        return ""
    path: _Path = ()
    for path in _walk(before):  # noqa: B007  # the last one is wanted.
        pass
    return _written(path)


def path_of_level(text: bytes, level: int) -> str:
    """Return the path of the first list or object that stands inside so many others; empty as that of a byte."""
    paths = islice(_walk(text), PATH_TOKENS_MAX)
    return _written(next((path for path in paths if len(path) > level), ()))


def find_unpaired_surrogate(text: bytes) -> tuple[int, str] | None:
    r"""Return where the first half of a character stands without its other half, and how: `\ud83d`."""
    found = _UNPAIRED_SURROGATE.search(text.replace(b"\\\\", b"__"))
    return None if found is None else (found.start(), found[0].decode())


def _walk(text: bytes) -> Iterator[_Path]:
    """Yield the path after each token; it is the same list, as it grows and shrinks."""
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
    """Return a text of the same length in which each quote begins or ends a string."""
    return text.replace(b"\\\\", b"__").replace(b'\\"', b"__")
