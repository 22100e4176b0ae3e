"""The hash of `hashFiles`: finds files by patterns, as GitHub's runner does, and hashes their contents.

Each file's SHA-256 is hashed again, in the order in which the files are found. This reads files, so it runs where the
workspace of a job is.
"""

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from fnmatch import translate
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions.scope import HashFiles

TIMEOUT_S: Final = 120.0
"""How long one call may take."""

ENTRIES_MAX: Final = 1_000_000
"""Files and folders that one call may look at."""

DEPTH_MAX: Final = 200
"""Nested folders."""

_CHUNK_BYTES: Final = 1_048_576
_MAGIC: Final = re.compile(r"[*?\[]")
_LINKS_OPTION: Final = "--follow-symbolic-links"


class _Pattern(NamedTuple):
    """A pattern, split at slashes and relative to the workspace."""

    segments: tuple[str, ...]
    is_negated: bool

    @property
    def literal_start(self) -> tuple[str, ...]:
        """The segments before the first one with a wildcard, which is where the search begins."""
        count = next((index for index, each in enumerate(self.segments) if _MAGIC.search(each)), len(self.segments))
        return self.segments[:count]


class _Search:
    """One call of `hashFiles`."""

    def __init__(self, workspace: Path, patterns: Sequence[_Pattern], *, follows_links: bool) -> None:
        self._workspace = workspace
        self._patterns = patterns
        self._follows_links = follows_links
        self._deadline = time.monotonic() + TIMEOUT_S
        self._entries = 0

    def files(self) -> Iterator[Path]:
        """Yield the files that match, in the order of the patterns, and sorted in each folder."""
        for start in _starts(self._patterns):
            yield from self._below(start)

    def _below(self, segments: tuple[str, ...]) -> Iterator[Path]:
        waiting = [segments]
        while waiting:
            current = waiting.pop()
            self.check_limits()
            path = self._workspace.joinpath(*current)
            mode = self._mode(path)
            if mode is None or not self._can_match(current):
                continue
            if stat.S_ISDIR(mode):
                waiting.extend((*current, name) for name in reversed(self._names(path, current)))
            elif self._is_match(current) and self._is_inside(path):
                yield path

    def check_limits(self) -> None:
        """Raise an `ExpressionError` if the call has taken too long, or looked at too much."""
        self._entries += 1
        if time.monotonic() > self._deadline:
            raise ExpressionError("evaluation", f"hashFiles couldn't finish within {TIMEOUT_S:.0f} seconds.")
        if self._entries > ENTRIES_MAX:
            raise ExpressionError("evaluation", f"hashFiles looked at more than {ENTRIES_MAX:,} files and folders.")

    def _mode(self, path: Path) -> int | None:
        try:
            return path.stat().st_mode if self._follows_links else path.lstat().st_mode
        except OSError:
            return None

    def _names(self, path: Path, segments: tuple[str, ...]) -> list[str]:
        if len(segments) >= DEPTH_MAX:
            raise ExpressionError("evaluation", f"hashFiles found more than {DEPTH_MAX} nested folders.")
        try:
            return sorted((each.name for each in path.iterdir()), key=os.fsencode)
        except OSError:
            return []

    def _is_match(self, segments: tuple[str, ...]) -> bool:
        included = False
        for pattern in self._patterns:
            if included is pattern.is_negated and _matches(segments, pattern.segments):
                included = not pattern.is_negated
        return included

    def _can_match(self, segments: tuple[str, ...]) -> bool:
        """Return whether something at this path or below it can match."""
        return any(_matches_start(segments, each.segments) for each in self._patterns if not each.is_negated)

    def _is_inside(self, path: Path) -> bool:
        """Return whether a path is a regular file of the workspace; links to other places aren't followed."""
        real = path.resolve()
        return real.is_relative_to(self._workspace) and real.is_file()


def hash_files_in(workspace: Path) -> HashFiles:
    """Return the function `hashFiles` for a workspace.

    It returns the empty text if no file matches. It raises an `ExpressionError` if a pattern is invalid, or if it finds
    too much.
    """

    def hash_files(arguments: Sequence[str]) -> str:
        follows_links = bool(arguments) and arguments[0].lower() == _LINKS_OPTION
        root = workspace.resolve()
        patterns = list(_read_patterns(arguments[1:] if follows_links else arguments, root))
        search = _Search(root, patterns, follows_links=follows_links)
        total = hashlib.sha256()
        has_files = False
        for file in search.files():
            total.update(_hash(file, search))
            has_files = True
        return total.hexdigest() if has_files else ""

    return hash_files


def _hash(file: Path, search: _Search) -> bytes:
    digest = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
                search.check_limits()
    except OSError as error:
        raise ExpressionError("evaluation", f"hashFiles can't read {file}: {error.strerror}") from error
    return digest.digest()


def _read_patterns(arguments: Sequence[str], workspace: Path) -> Iterator[_Pattern]:
    for line in "\n".join(arguments).splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        body = text.lstrip("!").strip()
        is_negated = (len(text) - len(text.lstrip("!"))) % 2 == 1
        segments = _segments(body, workspace)
        if segments is None:
            continue
        yield _Pattern(segments, is_negated)
        if segments[-1:] != ("**",):
            yield _Pattern((*segments, "**"), is_negated)


def _segments(text: str, workspace: Path) -> tuple[str, ...] | None:
    """Return the segments of a pattern, or None if it is outside the workspace."""
    if text.startswith("/"):
        prefix = f"{workspace}/"
        if not f"{text}/".startswith(prefix):
            return None
        text = text.removeprefix(prefix.rstrip("/"))
    segments = tuple(each for each in text.removeprefix("./").split("/") if each)
    if any(each in {".", ".."} for each in segments):
        message = f"Invalid pattern '{text}'. Relative pathing '.' and '..' is not allowed."
        raise ExpressionError("evaluation", message)
    return segments


def _starts(patterns: Sequence[_Pattern]) -> list[tuple[str, ...]]:
    """Return where to search, in the order of the patterns, without what is below another start."""
    starts = list(dict.fromkeys(each.literal_start for each in patterns if not each.is_negated))
    return [start for start in starts if not any(start[: len(each)] == each and start != each for each in starts)]


def _matches(segments: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    return len(pattern) in _reached(segments, pattern)


def _matches_start(segments: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Return whether a path can be the beginning of one that matches."""
    return bool(_reached(segments, pattern))


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
