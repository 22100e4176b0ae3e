"""Finds the files of an artifact or a cache by patterns."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.built_in.toolkit import ActionFailedError
from ninefold.systems.workflows.expressions.path_patterns import (
    PathPattern,
    can_match,
    is_match,
    read_pattern_lines,
    search_starts,
)

FILES_MAX: Final = 50_000
"""Files that a search may find."""

ENTRIES_MAX: Final = 1_000_000
"""Files and folders that a search may look at."""

DEPTH_MAX: Final = 200
"""Nested folders."""


@dataclass
class FoundFiles:
    """What a search has found."""

    root: Path
    """The folder that all files are in; their paths in an artifact are relative to it."""
    files: list[Path] = field(default_factory=list)
    """Sorted in each folder."""
    left_out: list[Path] = field(default_factory=list)
    """Links to something outside the folder in which the search began."""

    def names(self) -> Iterator[tuple[str, Path]]:
        """Yield each file with its path in an artifact."""
        for file in self.files:
            yield str(file.relative_to(self.root)), file


def find_files(text: str, *, workspace: Path, has_hidden: bool) -> FoundFiles:
    """Return the files that patterns match, as GitHub's `@actions/glob` finds them.

    Args:
        text: patterns, each on a line; those after an exclamation mark exclude.
        workspace: what they are relative to.
        has_hidden: whether files and folders are found whose names begin with a dot.

    Raises:
        ActionFailedError: a pattern is invalid, or there are too many files.
    """
    patterns = list(_read_patterns(text, workspace))
    starts = search_starts(patterns)
    if not starts:
        raise ActionFailedError("The input path has no pattern of files.")
    found = FoundFiles(_root(starts))
    search = _Search(patterns, found, has_hidden=has_hidden)
    for start in starts:
        search.look_below(start)
    return found


def _read_patterns(text: str, workspace: Path) -> Iterator[PathPattern]:
    for body, is_negated in read_pattern_lines(text):
        home = os.environ.get("HOME", "")
        path = f"{home}{body[1:]}" if home and (body == "~" or body.startswith("~/")) else body
        absolute = path if path.startswith("/") else f"{workspace}/{path.removeprefix('./')}"
        segments = tuple(each for each in absolute.split("/") if each not in {"", "."})
        if ".." in segments:
            raise ActionFailedError(f"Invalid pattern '{body}': it must not have '..'.")
        yield from PathPattern.with_contents(segments, is_negated=is_negated)


def _root(starts: Sequence[tuple[str, ...]]) -> Path:
    root = Path(os.path.commonpath([_path(start) for start in starts]))
    return root.parent if root.is_file() else root


def _path(segments: tuple[str, ...]) -> Path:
    return Path("/", *segments)


class _Search:
    def __init__(self, patterns: Sequence[PathPattern], found: FoundFiles, *, has_hidden: bool) -> None:
        self._patterns = patterns
        self._found = found
        self._has_hidden = has_hidden
        self._entries = 0

    def look_below(self, start: tuple[str, ...]) -> None:
        """Find files at a path and below it. Links are followed, but not out of there."""
        real_start = _path(start).resolve()
        waiting = [(start, frozenset[Path]())]
        while waiting:
            segments, parents = waiting.pop()
            path = _path(segments)
            mode = self._mode(path)
            if mode is None or not can_match(segments, self._patterns):
                continue
            if segments != start and path.is_symlink() and not path.resolve().is_relative_to(real_start):
                self._found.left_out.append(path)
            elif stat.S_ISDIR(mode):
                real = path.resolve()
                if real not in parents:
                    waiting += [((*segments, name), parents | {real}) for name in self._names(path, segments)]
            elif stat.S_ISREG(mode) and is_match(segments, self._patterns):
                self._add(path)

    def _mode(self, path: Path) -> int | None:
        self._entries += 1
        if self._entries > ENTRIES_MAX:
            raise ActionFailedError(f"There are more than {ENTRIES_MAX:,} files and folders to look at.")
        if not self._has_hidden and path.name.startswith("."):
            return None
        try:
            return path.stat().st_mode
        except OSError:
            return None

    def _names(self, path: Path, segments: tuple[str, ...]) -> list[str]:
        if len(segments) >= DEPTH_MAX:
            raise ActionFailedError(f"There are more than {DEPTH_MAX} nested folders.")
        try:
            return sorted((each.name for each in path.iterdir()), key=os.fsencode, reverse=True)
        except OSError as error:
            raise ActionFailedError(f"{path} can't be read: {error.strerror}") from error

    def _add(self, path: Path) -> None:
        if len(self._found.files) >= FILES_MAX:
            raise ActionFailedError(f"There are more than {FILES_MAX:,} files.")
        self._found.files.append(path)
