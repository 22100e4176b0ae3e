"""The hash of `hashFiles`: finds files by patterns, as GitHub's runner does, and hashes their contents.

Each file's SHA-256 is hashed again, in the order in which the files are found. This reads files, so it runs where the
workspace of a job is.
"""

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions.path_patterns import (
    PathPattern,
    can_match,
    is_match,
    read_pattern_lines,
    search_starts,
)
from ninefold.systems.workflows.expressions.scope import HashFiles

TIMEOUT_S: Final = 120.0
"""How long one call may take."""

ENTRIES_MAX: Final = 1_000_000
"""Files and folders that one call may look at."""

DEPTH_MAX: Final = 200
"""Nested folders."""

_CHUNK_BYTES: Final = 1_048_576
_LINKS_OPTION: Final = "--follow-symbolic-links"


class _Search:
    """One call of `hashFiles`."""

    def __init__(self, workspace: Path, patterns: Sequence[PathPattern], *, follows_links: bool) -> None:
        self._workspace = workspace
        self._patterns = patterns
        self._follows_links = follows_links
        self._deadline = time.monotonic() + TIMEOUT_S
        self._entries = 0

    def files(self) -> Iterator[Path]:
        """Yield the files that match, in the order of the patterns, and sorted in each folder."""
        for start in search_starts(self._patterns):
            yield from self._below(start)

    def _below(self, segments: tuple[str, ...]) -> Iterator[Path]:
        waiting = [segments]
        while waiting:
            current = waiting.pop()
            self.check_limits()
            path = self._workspace.joinpath(*current)
            mode = self._mode(path)
            if mode is None or not can_match(current, self._patterns):
                continue
            if stat.S_ISDIR(mode):
                waiting.extend((*current, name) for name in reversed(self._names(path, current)))
            elif is_match(current, self._patterns) and self._is_inside(path):
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


def _read_patterns(arguments: Sequence[str], workspace: Path) -> Iterator[PathPattern]:
    for body, is_negated in read_pattern_lines("\n".join(arguments)):
        segments = _segments(body, workspace)
        if segments is not None:
            yield from PathPattern.with_contents(segments, is_negated=is_negated)


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
