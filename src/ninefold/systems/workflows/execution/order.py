"""What a job needs to run: frozen data that can be sent to a runner."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ninefold.systems.workflows.execution.processes import StopTimes
from ninefold.systems.workflows.model.templates import Template
from ninefold.systems.workflows.model.workflow import RunDefaults, Step

TIMEOUT_MINUTES: Final = 360
"""How long a job may take by default."""

CANCEL_TIMEOUT_S: Final = 300.0
"""How long steps with `always()` and post steps may take after a job was cancelled."""


class JobFolders(msgspec.Struct, frozen=True, kw_only=True):
    """Absolute paths of the folders of a job. They are created if they don't exist."""

    workspace: str
    temp: str
    tools: str
    actions: str
    """Where actions are unpacked."""


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Where official actions find the services for artifacts and caches, and the token for them."""

    results_url: str
    token: str
    runtime_url: str | None = None
    cache_url: str | None = None


class HostedActions(msgspec.Struct, frozen=True, kw_only=True):
    """Where actions of the job's own organisation come from: repositories that its server hosts."""

    url: str
    """Of the server's git, such as `http://ninefold.localhost:8080/git`."""
    token: str
    owner: str
    """The first part of their names."""


class RunnerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The machine that runs the job."""

    name: str = "ninefold"
    os: str = "Linux"
    arch: str = "X64"
    environment: str = "self-hosted"
    is_debug: bool = False
    """Whether debug messages are in the log."""


class JobOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One job of a run."""

    job_id: str
    """The key of the job in its workflow."""
    name: str
    steps: tuple[Step, ...]
    # Any JSON: msgspec can't decode the recursive type `Json`.
    contexts: Mapping[str, Any]
    """`github`, `vars`, `needs`, `strategy`, `matrix` and `inputs`."""
    secrets: Mapping[str, str] = {}
    event: Any = None
    """The payload of the event, which becomes a file."""
    env: tuple[Template, ...] = ()
    """Of the workflow, then of the job."""
    defaults: RunDefaults = RunDefaults()
    outputs: Template | None = None
    timeout_s: float = TIMEOUT_MINUTES * 60
    cancel_timeout_s: float = CANCEL_TIMEOUT_S
    container: Template | None = None
    containers_of_services: Template | None = None
    folders: JobFolders
    mirrors: str | None = None
    """A folder with actions: `<owner>/<repo>` as a checkout, or `<owner>/<repo>.git` as a bare repository."""
    hosted_actions: HostedActions | None = None
    services: Services | None = None
    runner: RunnerInfo = RunnerInfo()
    variables: Mapping[str, str] = {}
    """The environment that processes inherit, such as `PATH` and `HOME`."""
    times: StopTimes = StopTimes()
