"""What is fetched and checked out: the branch, the tag or the commit of the action `checkout`."""

import re
from dataclasses import dataclass
from typing import Final

from ninefold.systems.workflows.execution.built_in.git_commands import Git
from ninefold.systems.workflows.execution.built_in.toolkit import ActionFailedError

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SYMBOLIC: Final = re.compile(r"ref: (?P<ref>refs/heads/\S+)\s+HEAD")


@dataclass(frozen=True)
class Target:
    """What to check out: a ref with its full name, or a commit, or a ref at a commit that it had."""

    ref: str = ""
    commit: str = ""

    @property
    def branch(self) -> str:
        """The name of the branch; empty if it isn't one."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else ""

    @property
    def local_ref(self) -> str:
        """The ref that it is fetched into."""
        if self.branch:
            return f"refs/remotes/origin/{self.branch}"
        if self.ref.startswith("refs/pull/"):
            return self.ref.replace("refs/pull/", "refs/remotes/pull/", 1)
        return self.ref

    @property
    def refspec(self) -> str:
        """What git has to fetch."""
        source = self.commit or self.ref
        return f"+{source}:{self.local_ref}" if self.ref else source


def find_target(git: Git, *, ref: str, url: str, own_ref: str, own_commit: str) -> Target:
    """Return what to check out.

    Args:
        git: can read from the server.
        ref: what the step asks for; may be empty.
        url: the repository's.
        own_ref: the ref of the run; empty if the repository isn't that of the run.
        own_commit: the commit of the run, likewise.

    Raises:
        ActionFailedError: the repository has no such branch or tag.
    """
    if not ref:
        return Target(own_ref, own_commit) if own_commit else Target(_default_branch(git, url))
    if _COMMIT.fullmatch(ref.lower()):
        return Target(commit=ref.lower())
    if not git.succeeds("check-ref-format", "--allow-onelevel", ref) or ref.startswith("-"):
        raise ActionFailedError(f"'{ref}' isn't a valid name of a branch or a tag.")
    if ref.startswith("refs/"):
        return Target(ref)
    return Target(_find_ref(git, ref, url))


def _default_branch(git: Git, url: str) -> str:
    match = _SYMBOLIC.match(git.output("ls-remote", "--symref", url, "HEAD"))
    if match is None:
        raise ActionFailedError(f"{url} has no default branch: nothing was pushed to it yet.")
    return match["ref"]


def _find_ref(git: Git, name: str, url: str) -> str:
    candidates = [f"refs/heads/{name}", f"refs/tags/{name}"]
    lines = git.output("ls-remote", url, *candidates).splitlines()
    found = {line.partition("\t")[2] for line in lines}
    for candidate in candidates:
        if candidate in found:
            return candidate
    raise ActionFailedError(f"{url} has no branch or tag '{name}'.")
