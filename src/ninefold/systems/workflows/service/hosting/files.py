"""Reads files, commits and changes of a bare repository, each with a limit."""

import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from ninefold.systems.workflows.errors import GitFailedError
from ninefold.systems.workflows.model.repositories import NO_SHA
from ninefold.systems.workflows.service.hosting.programs import run_git

FILE_BYTES_MAX: Final = 1024 * 1024
"""Of a file that is read; a workflow file has at most as many."""

FILES_MAX: Final = 1_000
"""Of a folder that is listed."""

CHANGED_PATHS_MAX: Final = 3_000
"""As on GitHub's side, which looks at the first 300: with more, the paths count as not known."""

COMMITS_MAX: Final = 50
"""Of a push, in its payload."""

_MESSAGE_LENGTH_MAX: Final = 4_000
_LOG_BYTES_MAX: Final = 4 * 1024 * 1024
_SHA: Final = re.compile(r"[0-9a-f]{40}")
_NOT_IN_REFS: Final = ("\n", "..", ":", "^", "~", "@{")
"""With these, git would read a name as another commit, such as the one before: `main~1`."""
_FIELDS: Final = ("%H", "%T", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B")
_FIELD_END: Final = "\x1f"
_RECORD_END: Final = "\x1e"


FindFiles: TypeAlias = Callable[[str], Awaitable["HostedFiles | None"]]
"""Opens a repository by `owner/name`; None if there is none."""


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """A commit."""

    sha: str
    tree_sha: str
    author_name: str
    author_email: str
    authored_at: str
    """In ISO 8601, with the time zone of the author."""
    committer_name: str
    committer_email: str
    committed_at: str
    message: str


class HostedFiles:
    """The files and commits of one bare repository.

    Args:
        folder: where it is.
        default_branch: its default branch.
        find_other: opens another repository of the organisation, by `owner/name`.
    """

    def __init__(self, folder: Path, *, default_branch: str, find_other: FindFiles) -> None:
        self._folder = folder
        self._find_other = find_other
        self.default_branch: Final = default_branch

    async def other(self, full_name: str) -> "HostedFiles | None":
        """Return another repository of the same organisation, by `owner/name`."""
        return await self._find_other(full_name)

    async def resolve(self, ref: str) -> str | None:
        """Return the commit of a branch, a tag or a SHA; None if there is none.

        Args:
            ref: a full name such as `refs/heads/main`, the name of a branch or a tag, or a SHA.
        """
        if _SHA.fullmatch(ref):
            return await self._commit_of(ref)
        if ref.startswith("refs/"):
            return await self._commit_of(ref)
        return await self._commit_of(f"refs/heads/{ref}") or await self._commit_of(f"refs/tags/{ref}")

    async def list_files(self, sha: str, folder: str) -> list[str]:
        """Return the paths of the files directly in a folder of a commit, sorted, at most `FILES_MAX`.

        Raises:
            GitFailedError: there is no such commit.
        """
        output = await run_git(self._folder, "ls-tree", "-z", _checked_sha(sha), "--", f"{folder.rstrip('/')}/")
        paths = []
        for entry in output.decode(errors="backslashreplace").split("\0"):
            head, _, path = entry.partition("\t")
            if head.split(" ")[1:2] == ["blob"] and not head.startswith("120000"):
                paths.append(path)
        return sorted(paths)[:FILES_MAX]

    async def read_file(self, sha: str, path: str) -> bytes | None:
        """Return the contents of a file of a commit; None if there is no file of this path.

        Of a larger file than `FILE_BYTES_MAX`, it is the beginning, with one byte more than that.
        """
        listed = await run_git(self._folder, "ls-tree", "-z", _checked_sha(sha), "--", path)
        head, _, found = listed.decode(errors="backslashreplace").rstrip("\0").partition("\t")
        fields = head.split(" ")
        if found != path or fields[1:2] != ["blob"]:
            return None
        return await run_git(
            self._folder, "cat-file", "blob", fields[2], output_bytes_max=FILE_BYTES_MAX + 1, is_cut=True
        )

    async def changed_paths(self, before: str, after: str) -> list[str] | None:
        """Return the paths that differ between two commits; None if they aren't known, or are too many.

        Without a commit before, they are those that the last commit changed.
        """
        if after == NO_SHA:
            return None
        try:
            output = await self._diff(before, after)
        except GitFailedError:
            # The commit before may be gone, after a forced push.
            return None
        paths = [path for path in output.decode(errors="backslashreplace").split("\0") if path]
        return paths if len(paths) <= CHANGED_PATHS_MAX else None

    async def list_commits(self, before: str, after: str) -> list[Commit]:
        """Return the commits that a push has added, oldest first, at most the last `COMMITS_MAX` of them.

        Without a commit before, it is the last commit only.
        """
        if before == NO_SHA:
            return await self._log("--max-count=1", _checked_sha(after))
        try:
            found = await self._log(f"--max-count={COMMITS_MAX}", f"{_checked_sha(before)}..{_checked_sha(after)}")
        except GitFailedError:
            found = await self._log("--max-count=1", _checked_sha(after))
        return found[::-1]

    async def find_commit(self, sha: str) -> Commit | None:
        """Return a commit, or that of a tag; None if there is none."""
        try:
            found = await self._log("--max-count=1", _checked_sha(sha))
        except GitFailedError:
            return None
        return found[0] if found else None

    async def is_ancestor(self, ancestor: str, sha: str) -> bool:
        """Return whether a commit comes before another, or is it."""
        try:
            await run_git(self._folder, "merge-base", "--is-ancestor", _checked_sha(ancestor), _checked_sha(sha))
        except GitFailedError:
            return False
        return True

    async def _commit_of(self, name: str) -> str | None:
        if name.startswith("refs/") and any(part in name for part in _NOT_IN_REFS):
            return None
        arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
        output = await run_git(self._folder, *arguments, allowed_codes=(0, 1, 128))
        sha = output.decode().strip()
        return sha if _SHA.fullmatch(sha) else None

    async def _diff(self, before: str, after: str) -> bytes:
        common = ["diff-tree", "-r", "-z", "--name-only", "--no-commit-id", "--no-renames"]
        if before == NO_SHA:
            return await run_git(self._folder, *common, "-m", "--first-parent", "--root", _checked_sha(after))
        return await run_git(
            self._folder, *common, f"{_checked_sha(before)}^{{tree}}", f"{_checked_sha(after)}^{{tree}}"
        )

    async def _log(self, *arguments: str) -> list[Commit]:
        form = _FIELD_END.join(_FIELDS).replace("\x1f", "%x1f") + "%x1e"
        output = await run_git(
            self._folder,
            "log",
            "--no-show-signature",
            f"--format={form}",
            *arguments,
            "--",
            output_bytes_max=_LOG_BYTES_MAX,
        )
        records = output.decode(errors="replace").split(_RECORD_END)
        return [_read_commit(record.lstrip("\n").split(_FIELD_END)) for record in records if record.strip()]


def _read_commit(fields: Sequence[str]) -> Commit:
    sha, tree, author, author_email, authored_at, committer, committer_email, committed_at, message = fields[:9]
    return Commit(
        sha=sha,
        tree_sha=tree,
        author_name=author,
        author_email=author_email,
        authored_at=authored_at,
        committer_name=committer,
        committer_email=committer_email,
        committed_at=committed_at,
        message=message.rstrip("\n")[:_MESSAGE_LENGTH_MAX],
    )


def is_sha(text: str) -> bool:
    """Return whether a text has the form of the SHA of an object."""
    return bool(_SHA.fullmatch(text))


def _checked_sha(sha: str) -> str:
    if not _SHA.fullmatch(sha):
        raise GitFailedError(f"{sha[:80]!r} isn't the SHA of a commit.", remedy="Name a commit by its 40 digits.")
    return sha
