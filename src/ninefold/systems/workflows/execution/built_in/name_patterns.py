"""Patterns of names of artifacts, as minimatch has them: `*`, `?`, `[…]`, `{a,b}`, and `!` first, which excludes."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from ninefold.systems.workflows.execution.built_in.toolkit import ActionFailedError

ALTERNATIVES_MAX: Final = 1_000
"""What the braces of a pattern can stand for."""


def is_name_match(name: str, pattern: str) -> bool:
    """Return whether a name matches a pattern.

    Raises:
        ActionFailedError: the pattern has too many alternatives.
    """
    body = pattern.lstrip("!")
    is_negated = (len(pattern) - len(body)) % 2 == 1
    return any(fnmatchcase(name, each) for each in _alternatives(body)) is not is_negated


def _alternatives(pattern: str) -> list[str]:
    """Return the patterns without braces that a pattern stands for."""
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        if len(done) + len(waiting) > ALTERNATIVES_MAX:
            raise ActionFailedError(f"The pattern '{pattern}' stands for more than {ALTERNATIVES_MAX:,} patterns.")
        each = waiting.pop()
        braces = _innermost(each)
        if braces is None:
            done.append(each)
            continue
        start, end = braces
        waiting += [f"{each[:start]}{part}{each[end + 1 :]}" for part in each[start + 1 : end].split(",")]
    return done


def _innermost(pattern: str) -> tuple[int, int] | None:
    """Return where the first braces with a comma, and without braces in them, begin and end."""
    return next((pair for pair in _pairs(pattern) if "," in pattern[pair[0] : pair[1]]), None)


def _pairs(pattern: str) -> Iterator[tuple[int, int]]:
    start = -1
    for index, character in enumerate(pattern):
        if character == "{":
            start = index
        elif character == "}" and start >= 0:
            yield start, index
            start = -1
