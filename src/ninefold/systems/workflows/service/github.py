"""Pushes and pull requests at GitHub: each verified callback becomes a job that fetches the commits."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
import structlog

from ninefold.contracts.callbacks import HandedCallback
from ninefold.core.ids import format_id
from ninefold.core.jobs import Backoff, JobKind, enqueue
from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.repositories import REPOSITORY_PREFIX
from ninefold.systems.workflows.store.repositories import repository_list_by_github

REPOSITORIES_MAX: Final = 10
"""Of an organisation with the same repository at GitHub."""

TEXT_LENGTH_MAX: Final = 1_000
"""Of a text of an event that a job keeps."""

_PROVIDER: Final = "github"
_PUSH: Final = "push"
_PULL_REQUEST: Final = "pull_request"

log = structlog.get_logger(__name__)


class FetchGitHub(msgspec.Struct, frozen=True, kw_only=True):
    """Fetch what happened at GitHub, and start workflows."""

    repository_id: UUID
    event: str
    """`push` or `pull_request`."""
    actor: str
    ref: str = ""
    """Of a push: the branch or tag that has moved."""
    after: str = ""
    """Of a push: where it is now."""
    action: str = ""
    """Of a pull request: what happened, such as `opened`."""
    # Any JSON, because msgspec can't decode the recursive type `Json`.
    pull_request: dict[str, Any] = {}
    """Of a pull request: what workflows use most."""


FETCH_GITHUB: Final = JobKind(
    name="workflows.fetch_github",
    payload=FetchGitHub,
    attempts_max=12,
    timeout_s=900.0,
    backoff=Backoff(),
)


class GitHubCallbacks:
    """Takes callbacks of GitHub for repositories that name one there."""

    def wants(self, *, provider: str, event_type: str | None) -> bool:
        """Return whether callbacks of a type are of interest."""
        name = (event_type or "").partition(".")[0]
        return provider == _PROVIDER and name in {_PUSH, _PULL_REQUEST}

    async def take(self, connection: Connection, callbacks: Sequence[HandedCallback]) -> None:
        """Enqueue a job for each repository of the organisation that names the one at GitHub."""
        for callback in callbacks:
            payload = _read_payload(callback.body)
            full_name = _text(payload, "repository", "full_name")
            if not full_name:
                continue
            found = await repository_list_by_github(
                connection,
                organisation_id=callback.organisation_id,
                github_full_name=full_name,
                limit=REPOSITORIES_MAX,
            )
            for repository_id in found:
                job = _job_of(repository_id, callback, payload)
                if job is not None:
                    await enqueue(
                        connection,
                        FETCH_GITHUB,
                        job,
                        organisation_id=callback.organisation_id,
                        # What happens in a repository is taken in its order.
                        key=format_id(REPOSITORY_PREFIX, repository_id),
                    )


def _job_of(repository_id: UUID, callback: HandedCallback, payload: Mapping[str, Any]) -> FetchGitHub | None:
    actor = _text(payload, "sender", "login") or _PROVIDER
    if (callback.event_type or "").partition(".")[0] == _PUSH:
        ref, after = _text(payload, "ref"), _text(payload, "after")
        if not ref.startswith(("refs/heads/", "refs/tags/")):
            return None
        return FetchGitHub(repository_id=repository_id, event=_PUSH, actor=actor, ref=ref, after=after)
    pull_request = payload.get("pull_request")
    if not isinstance(pull_request, dict) or not isinstance(payload.get("number"), int):
        return None
    return FetchGitHub(
        repository_id=repository_id,
        event=_PULL_REQUEST,
        actor=actor,
        action=_text(payload, "action"),
        pull_request=_shorten_pull_request(pull_request, number=payload["number"]),
    )


def _shorten_pull_request(given: Mapping[str, Any], *, number: int) -> dict[str, Any]:
    """Return what workflows use most of a pull request; all of it can be too large for a job."""
    sides = {
        name: {
            "ref": _text(given, name, "ref"),
            "sha": _text(given, name, "sha"),
            "repo": {"full_name": _text(given, name, "repo", "full_name")},
        }
        for name in ("head", "base")
    }
    labels = given.get("labels")
    return {
        **sides,
        "number": number,
        "title": _text(given, "title"),
        "body": _text(given, "body"),
        "state": _text(given, "state"),
        "html_url": _text(given, "html_url"),
        "draft": given.get("draft") is True,
        "merged": given.get("merged") is True,
        "merge_commit_sha": _text(given, "merge_commit_sha"),
        "user": {"login": _text(given, "user", "login")},
        "labels": [{"name": _text(each, "name")} for each in labels[:20] if isinstance(each, dict)]
        if isinstance(labels, list)
        else [],
    }


# Any, because it is what a stranger has sent.
def _text(given: Any, *path: str) -> str:
    """Return a text in nested objects, shortened; empty if there is none."""
    for name in path:
        given = given.get(name) if isinstance(given, dict) else None
    return given.replace("\0", "")[:TEXT_LENGTH_MAX] if isinstance(given, str) else ""


def _read_payload(body: bytes) -> Mapping[str, Any]:
    """Return the payload of a callback, as JSON or in a form; empty if it is neither."""
    try:
        if body.startswith(b"payload="):
            body = parse_qs(body.decode())["payload"][0].encode()
        payload = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, ValueError, KeyError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}
