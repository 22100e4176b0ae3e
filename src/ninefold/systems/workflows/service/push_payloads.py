"""The events of pushes to hosted repositories, as GitHub describes them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ninefold.systems.workflows.model.repositories import BRANCHES, NO_SHA, TAGS, Push, RefUpdate, Repository
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.service.hosting.files import Commit, HostedFiles

TAGS_MAX: Final = 3
"""With more tags in one push, none of them starts anything, as on GitHub."""

BRANCHES_MAX: Final = 1_000
"""Of one push; those beyond, by name, start nothing."""


def updates_that_trigger(push: Push) -> Iterator[RefUpdate]:
    """Yield the updates of a push that can start workflows: branches and tags that are there afterwards."""
    moved = [update for update in push.updates or () if not update.is_deleted]
    branches = [update for update in moved if update.ref.startswith(BRANCHES)]
    tags = [update for update in moved if update.ref.startswith(TAGS)]
    yield from branches[:BRANCHES_MAX]
    if len(tags) <= TAGS_MAX:
        yield from tags


async def push_event(
    repository: Repository, push: Push, update: RefUpdate, files: HostedFiles, *, server_url: str
) -> TriggerEvent | None:
    """Return the event `push` of an update; None if its commit isn't there any more.

    Raises:
        GitFailedError: git can't read the commits.
    """
    sha = await files.resolve(update.after)
    head = None if sha is None else await files.find_commit(sha)
    if sha is None or head is None:
        return None
    web_url = f"{server_url}/git/{repository.full_name}"
    before = None if update.is_created else await files.resolve(update.before)
    commits = await files.list_commits(before or NO_SHA, sha)
    is_forced = before is not None and not await files.is_ancestor(before, sha)
    return TriggerEvent(
        name="push",
        ref=update.ref,
        sha=sha,
        actor=push.pushed_by,
        payload={
            "ref": update.ref,
            "before": update.before,
            "after": update.after,
            "created": update.is_created,
            "deleted": False,
            "forced": is_forced,
            "base_ref": None,
            "compare": f"{web_url}/compare/{update.before[:12]}...{update.after[:12]}",
            "commits": _show_commits(commits, web_url),
            "head_commit": show_commit(head, web_url),
            "pusher": {"name": push.pushed_by},
        },
        before=before,
        message=head.message,
        server_url=server_url,
    )


def show_commit(commit: Commit, web_url: str) -> dict[str, Any]:
    """Return a commit as GitHub's events show it, without lists of its files."""
    return {
        "id": commit.sha,
        "tree_id": commit.tree_sha,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.committed_at,
        "url": f"{web_url}/commit/{commit.sha}",
        "author": {"name": commit.author_name, "email": commit.author_email},
        "committer": {"name": commit.committer_name, "email": commit.committer_email},
    }


def _show_commits(commits: Sequence[Commit], web_url: str) -> list[dict[str, Any]]:
    return [show_commit(commit, web_url) for commit in commits]
