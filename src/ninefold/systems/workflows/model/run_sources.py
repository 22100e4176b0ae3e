"""What a run is made of. It is stored with the run, so that nothing else is needed to plan it again."""

from collections.abc import Mapping
from typing import Any

import msgspec


class TriggerEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a repository, or what somebody asked for."""

    name: str
    """Such as `push`."""
    ref: str
    """The full name of the branch or tag that runs are of, such as `refs/heads/main`."""
    sha: str
    """The commit whose files are read, and that jobs check out."""
    actor: str
    payload: Mapping[str, Any] = {}
    """`github.event`, without `repository`, `organization` and `sender`, which are added if they aren't there."""
    type: str | None = None
    """Such as `opened`: the `action` of the payload."""
    before: str | None = None
    """The commit before a push, or the base of a pull request, for filters of paths; None if there is none."""
    head_branch: str | None = None
    """The branch of a pull request, without `refs/heads/`."""
    base_branch: str | None = None
    """The branch that a pull request goes into."""
    message: str = ""
    """The message of the commit: its first line is the title of a run, and `[skip ci]` in it starts none."""
    title: str | None = None
    """Of the runs, if it isn't the first line of the message."""
    is_from_fork: bool = False
    workflow_file: str | None = None
    """The only workflow that can start, for `workflow_dispatch` and `schedule`; None for all that the event starts."""
    inputs: Mapping[str, str] = {}
    """What was given for `workflow_dispatch`."""
    server_url: str = "http://localhost:8900"


class RunSource(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is made of."""

    event: TriggerEvent
    repository: str
    """The full name of the repository when the run was created."""
    text: str
    """Of the workflow file."""
    calls: Mapping[str, str] = {}
    """The texts of the workflow files that it calls, by their references."""
    # Any JSON, because msgspec can't decode the recursive type `Json`.
    inputs: Mapping[str, Any] = {}
    """The context `inputs`, typed."""
    variables: Mapping[str, str] = {}
    """The context `vars`."""
