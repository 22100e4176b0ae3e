"""The event that a local run is for: its payload, and the context `github`."""

import getpass
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.commands.local.git_server import GitServer
from ninefold.systems.workflows.commands.local.repository import LocalRepository
from ninefold.systems.workflows.model.values import Json

EVENT_BYTES_MAX: Final = 10 * 1024 * 1024
"""Of a file with a payload."""

_PULL_REQUEST_NUMBER: Final = 1
_PULL_REQUESTS: Final = frozenset({"pull_request", "pull_request_target"})


def read_event(file: Path) -> Mapping[str, Json]:
    """Read the payload of an event from a JSON file.

    Raises:
        InvalidInputError: it can't be read, or it isn't a JSON object.
    """
    try:
        content = file.read_bytes()
        if len(content) > EVENT_BYTES_MAX:
            raise InvalidInputError(f"{file} has {len(content):,} bytes; at most {EVENT_BYTES_MAX:,} are allowed.")
        payload = msgspec.json.decode(content)
    except (OSError, msgspec.DecodeError) as error:
        raise InvalidInputError(f"The event can't be read from {file}: {error}") from error
    if not isinstance(payload, dict):
        raise InvalidInputError(f"The event in {file} isn't a JSON object.")
    return payload


def make_payload(event_name: str, repository: LocalRepository, inputs: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a payload with what workflows use most, such as `event.head_commit` or `event.pull_request`."""
    owner, _, name = repository.name.partition("/")
    sender: Json = {"login": _actor(), "type": "User"}
    common: dict[str, Json] = {
        "repository": {
            "name": name,
            "full_name": repository.name,
            "owner": {"login": owner, "name": owner},
            "default_branch": repository.branch,
            "private": True,
        },
        "sender": sender,
    }
    ref = f"refs/heads/{repository.branch}"
    if event_name == "push":
        commit: Json = {
            "id": repository.sha,
            "message": "Local run",
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "author": {"name": _actor(), "email": f"{_actor()}@localhost"},
        }
        return {
            **common,
            "ref": ref,
            "before": repository.head,
            "after": repository.sha,
            "head_commit": commit,
            "commits": [commit],
            "pusher": {"name": _actor()},
            "created": False,
            "deleted": False,
            "forced": False,
        }
    if event_name in _PULL_REQUESTS:
        side: dict[str, Json] = {"repo": common["repository"]}
        return {
            **common,
            "action": "opened",
            "number": _PULL_REQUEST_NUMBER,
            "pull_request": {
                "number": _PULL_REQUEST_NUMBER,
                "title": "Local run",
                "draft": False,
                "head": {**side, "ref": repository.branch, "sha": repository.sha},
                "base": {**side, "ref": "main", "sha": repository.head},
                "user": sender,
            },
        }
    if event_name == "workflow_dispatch":
        return {**common, "ref": ref, "inputs": dict(inputs)}
    return common


def github_context(
    event_name: str, payload: Mapping[str, Json], repository: LocalRepository, server: GitServer
) -> dict[str, Json]:
    """Return the context `github`, without what belongs to one workflow or job."""
    is_pull_request = event_name in _PULL_REQUESTS
    ref = payload.get("ref") if event_name == "push" else None
    ref_text = ref if isinstance(ref, str) else f"refs/heads/{repository.branch}"
    if is_pull_request:
        ref_text = f"refs/pull/{_PULL_REQUEST_NUMBER}/merge"
    owner = repository.name.partition("/")[0]
    return {
        "event_name": event_name,
        "event": payload,
        "actor": _actor(),
        "triggering_actor": _actor(),
        "repository": repository.name,
        "repository_owner": owner,
        "repositoryUrl": f"{server.url}/{repository.name}",
        "ref": ref_text,
        "ref_name": ref_text.removeprefix("refs/heads/").removeprefix("refs/tags/").removeprefix("refs/pull/"),
        "ref_type": "tag" if ref_text.startswith("refs/tags/") else "branch",
        "ref_protected": False,
        "head_ref": repository.branch if is_pull_request else "",
        "base_ref": "main" if is_pull_request else "",
        "sha": repository.sha,
        "server_url": server.url,
        "api_url": f"{server.url}/api/v3",
        "graphql_url": f"{server.url}/api/graphql",
        "token": server.token,
        "run_id": "1",
        "run_number": "1",
        "run_attempt": "1",
        "retention_days": "90",
        "secret_source": "None",
    }


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return platform.node()
