"""The settings of workflows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from ninefold.core.config import default_data_dir, read_settings
from ninefold.systems.workflows.model.shares import parse_shares

PREFIX: Final = "NINEFOLD_WORKFLOWS_"

REPOSITORIES_FOLDER: Final = "workflows/repositories"
"""In the data folder."""

RUNNER_FOLDER: Final = "workflows/runner"
"""In the data folder."""

RunnerIsolation: TypeAlias = Literal["sandbox", "none"]
"""How a runner keeps jobs away from its machine."""

ACTIONS_FOLDER: Final = "workflows/actions"
"""In the data folder."""

_DATA_DIR: Final = "NINEFOLD_DATA_DIR"
_SERVER_PORT: Final = "NINEFOLD_PORT"
_SERVER_PORT_DEFAULT: Final = "8900"
_PUBLIC_URL: Final = "NINEFOLD_PUBLIC_URL"


class WorkflowsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of workflows; prefix `NINEFOLD_WORKFLOWS_`."""

    repositories: Annotated[
        str | None,
        msgspec.Meta(description="Folder with the git repositories; by default, one in the data folder."),
    ] = None
    public_url: Annotated[
        str | None,
        msgspec.Meta(description="Where git and jobs reach this server; by default NINEFOLD_PUBLIC_URL."),
    ] = None
    push_bytes_max: Annotated[int, msgspec.Meta(ge=1_024, le=2**40, description="Bytes that one push can have.")] = (
        2 * 1024**3
    )
    git_timeout_s: Annotated[
        float, msgspec.Meta(gt=0, le=86_400, description="Seconds that a push or a fetch can take.")
    ] = 900.0
    git_requests_max: Annotated[
        int, msgspec.Meta(ge=1, le=10_000, description="Requests of git that a server handles at once.")
    ] = 32
    git_organisation_requests_max: Annotated[
        int,
        msgspec.Meta(ge=1, le=10_000, description="Requests of git of one organisation that a server handles at once."),
    ] = 16
    runner_jobs: Annotated[
        int,
        msgspec.Meta(
            ge=0, le=256, description="Jobs at once of the runner that `ninefold up` starts; 0 for no runner."
        ),
    ] = 2
    runner_isolation: Annotated[
        RunnerIsolation,
        msgspec.Meta(description="How runners isolate jobs: `sandbox`, or `none` if all code is trusted."),
    ] = "sandbox"
    runner_folder: Annotated[
        str | None,
        msgspec.Meta(description="Folder of the runner that `ninefold up` starts; by default, one in the data folder."),
    ] = None
    runner_server_url: Annotated[
        str | None,
        msgspec.Meta(description="Where that runner reaches the server; by default, on this machine."),
    ] = None
    jobs_max: Annotated[
        int, msgspec.Meta(ge=1, le=100_000, description="Jobs that an organisation runs at once, by default.")
    ] = 100
    shares: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="What organisations get of the runners: an id, a weight and a quota, as org_…:3:50."),
    ] = ()
    lease_s: Annotated[
        int, msgspec.Meta(ge=2, le=600, description="Seconds without a message after which a job's runner is lost.")
    ] = 30
    log_bytes_max: Annotated[
        int,
        msgspec.Meta(ge=1_000, le=1_073_741_824, description="Bytes of a job's log; what is beyond is dropped."),
    ] = 67_108_864
    actions: Annotated[
        str | None,
        msgspec.Meta(description="Folder with mirrors of actions; by default, one in the data folder."),
    ] = None
    allow_weak_isolation: Annotated[
        bool, msgspec.Meta(description="Whether jobs that aren't trusted run where a layer of isolation is missing.")
    ] = False
    job_uid_first: Annotated[
        int, msgspec.Meta(ge=1_000, le=2_000_000_000, description="First of the user ids that jobs have.")
    ] = 200_000
    job_egress: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="What jobs can reach: host:port, *.domain:port, or org_…=host:port for one organisation."
        ),
    ] = ()
    job_folders: Annotated[
        tuple[str, ...], msgspec.Meta(description="Further folders of the runner's machine that jobs can read.")
    ] = ()
    job_memory_bytes_max: Annotated[
        int, msgspec.Meta(ge=67_108_864, le=2**44, description="Bytes of memory that a job can use.")
    ] = 4_294_967_296
    job_disk_bytes_max: Annotated[
        int, msgspec.Meta(ge=16_777_216, le=2**44, description="Bytes that the files of a job can have together.")
    ] = 10_737_418_240
    job_processes_max: Annotated[
        int, msgspec.Meta(ge=32, le=100_000, description="Processes and threads that a job can have at once.")
    ] = 1_024
    job_cpus_max: Annotated[
        float, msgspec.Meta(gt=0, le=1_024, description="Processors that a job can use, such as 0.5 or 2.")
    ] = 2.0

    @property
    def actions_folder(self) -> Path:
        """The folder with mirrors of actions."""
        return Path(self.actions or default_data_dir() / ACTIONS_FOLDER)

    runs_kept_days: Annotated[
        int, msgspec.Meta(ge=1, le=3_650, description="Days that a run is kept after its end, with its logs.")
    ] = 400

    artifact_bytes_max: Annotated[
        int, msgspec.Meta(ge=1, le=2**40, description="Bytes that one artifact can have.")
    ] = 10 * 1024**3
    artifacts_kept_days: Annotated[
        int, msgspec.Meta(ge=1, le=3_650, description="Days for which artifacts are kept; a job can ask for fewer.")
    ] = 90
    cache_bytes_max: Annotated[
        int, msgspec.Meta(ge=1, le=2**40, description="Bytes that the caches of one repository can have together.")
    ] = 10 * 1024**3
    caches_kept_days: Annotated[
        int, msgspec.Meta(ge=1, le=3_650, description="Days for which a cache is kept that nothing uses.")
    ] = 7

    @property
    def repositories_folder(self) -> Path:
        """The folder with the git repositories."""
        return Path(self.repositories or default_data_dir() / REPOSITORIES_FOLDER)

    @property
    def server_url(self) -> str:
        """Where git and jobs reach this server, without a slash at the end."""
        return (self.public_url or f"http://127.0.0.1:{_SERVER_PORT_DEFAULT}").rstrip("/")


def read_workflows_settings(environment: Mapping[str, str]) -> WorkflowsSettings:
    """Read the settings of workflows.

    Raises:
        SettingError: a value is invalid.
    """
    settings = read_settings(WorkflowsSettings, prefix=PREFIX, environment=environment)
    parse_shares(settings.shares)
    data_dir = Path(environment.get(_DATA_DIR) or default_data_dir())
    server = f"http://127.0.0.1:{environment.get(_SERVER_PORT) or _SERVER_PORT_DEFAULT}"
    return msgspec.structs.replace(
        settings,
        actions=settings.actions or str(data_dir / ACTIONS_FOLDER),
        repositories=settings.repositories or str(data_dir / REPOSITORIES_FOLDER),
        runner_folder=settings.runner_folder or str(data_dir / RUNNER_FOLDER),
        runner_server_url=(settings.runner_server_url or server).rstrip("/"),
        public_url=(settings.public_url or environment.get(_PUBLIC_URL) or server).rstrip("/"),
    )
