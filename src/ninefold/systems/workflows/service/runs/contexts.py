"""The context `github` of a run, and the payload of its event."""

from collections.abc import Mapping
from typing import Any, Final

from ninefold.systems.workflows.model.run_sources import RunSource, TriggerEvent

_BRANCH: Final = "refs/heads/"
_TAG: Final = "refs/tags/"
_PULL: Final = "refs/pull/"


def github_context(
    source: RunSource,
    *,
    workflow_file: str,
    workflow_name: str,
    numeric_id: int,
    number: int,
    attempt: int,
    triggering_actor: str,
) -> dict[str, Any]:
    """Return the context `github` of an attempt of a run, without what belongs to one job."""
    event = source.event
    owner = source.repository.partition("/")[0]
    return {
        "event_name": event.name,
        "event": event.payload,
        "actor": event.actor,
        "triggering_actor": triggering_actor,
        "repository": source.repository,
        "repository_owner": owner,
        "repositoryUrl": f"{event.server_url}/git/{source.repository}.git",
        "ref": event.ref,
        "ref_name": ref_name(event.ref),
        "ref_type": "tag" if event.ref.startswith(_TAG) else "branch",
        "ref_protected": False,
        "head_ref": event.head_branch or "",
        "base_ref": event.base_branch or "",
        "sha": event.sha,
        "server_url": event.server_url,
        "api_url": f"{event.server_url}/api/v3",
        "graphql_url": f"{event.server_url}/api/graphql",
        "run_id": str(numeric_id),
        "run_number": str(number),
        "run_attempt": str(attempt),
        "retention_days": "90",
        "secret_source": "None" if event.is_from_fork else "Actions",
        "workflow": workflow_name,
        "workflow_ref": f"{source.repository}/{workflow_file}@{event.ref}",
        "workflow_sha": event.sha,
    }


def ref_name(ref: str) -> str:
    """Return the short name of a branch, tag or pull request: `main`, `v1`, `3/merge`."""
    for prefix in (_BRANCH, _TAG, _PULL):
        if ref.startswith(prefix):
            return ref.removeprefix(prefix)
    return ref


def whole_payload(event: TriggerEvent, *, full_name: str, default_branch: str) -> Mapping[str, Any]:
    """Return the payload of an event, with the parts that all events have."""
    owner, _, name = full_name.partition("/")
    return {
        "repository": {
            "name": name,
            "full_name": full_name,
            "owner": {"login": owner, "name": owner},
            "default_branch": default_branch,
            "private": True,
        },
        "organization": {"login": owner},
        "sender": {"login": event.actor, "type": "User"},
        **event.payload,
    }
