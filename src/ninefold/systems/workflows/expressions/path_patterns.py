"""Patterns of paths: `*`, `?` and `[…]` match within a folder, and `**` any number of folders."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import translate
from functools import lru_cache
from typing import Final, NamedTuple

_MAGIC: Final = re.compile(r"[*?\[]")


class PathPattern(NamedTuple):
    """A pattern, split at slashes. What it is relative to is up to the search."""

    segments: tuple[str, ...]
    is_negated: bool

    @classmethod
    def with_contents(cls, segments: tuple[str, ...], *, is_negated: bool) -> "Iterator[PathPattern]":
        """Yield the pattern, and the one for all that is in the folders that it matches."""
        yield cls(segments, is_negated)
        if segments[-1:] != ("**",):
            yield cls((*segments, "**"), is_negated)

    @property
    def literal_start(self) -> tuple[str, ...]:
        """The segments before the first one with a wildcard, which is where the search begins."""
        count = next((index for index, each in enumerate(self.segments) if _MAGIC.search(each)), len(self.segments))
        return self.segments[:count]


def read_pattern_lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each pattern of a text with several lines, and whether it excludes. Lines with `#` are comments."""
    for line in text.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        body = pattern.lstrip("!")
        yield body.strip(), (len(pattern) - len(body)) % 2 == 1


def search_starts(patterns: Sequence[PathPattern]) -> list[tuple[str, ...]]:
    """Return where to search, in the order of the patterns, without what is below another start."""
    starts = list(dict.fromkeys(each.literal_start for each in patterns if not each.is_negated))
    return [start for start in starts if not any(start[: len(each)] == each and start != each for each in starts)]


def is_match(segments: tuple[str, ...], patterns: Sequence[PathPattern]) -> bool:
    """Return whether a path matches; of the patterns that do, the last one decides."""
    included = False
    for pattern in patterns:
        if included is pattern.is_negated and len(pattern.segments) in _reached(segments, pattern.segments):
            included = not pattern.is_negated
    return included


def can_match(segments: tuple[str, ...], patterns: Sequence[PathPattern]) -> bool:
    """Return whether something at this path or below it can match."""
    return any(bool(_reached(segments, each.segments)) for each in patterns if not each.is_negated)


def _reached(segments: tuple[str, ...], pattern: tuple[str, ...]) -> set[int]:
    """Return the positions in a pattern that are reached after all segments of a path."""
    states = _past_stars({0}, pattern)
    for segment in segments:
        reached = set()
        for state in states:
            if state < len(pattern):
                if pattern[state] == "**":
                    reached.add(state)
                elif _segment_pattern(pattern[state]).match(segment):
                    reached.add(state + 1)
        states = _past_stars(reached, pattern)
    return states


def _past_stars(states: set[int], pattern: tuple[str, ...]) -> set[int]:
    """Return these positions, and those that are reached because `**` can be nothing."""
    reached = set(states)
    for state in states:
        position = state
        while position < len(pattern) and pattern[position] == "**":
            position += 1
            reached.add(position)
    return reached


@lru_cache(maxsize=1_024)
def _segment_pattern(pattern: str) -> "re.Pattern[str]":
    # Adjacent stars mean the same as one, and are slow.
    return re.compile(translate(re.sub(r"\*+", "*", pattern)))
