"""The settings of workflows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from ninefold.core.config import default_data_dir, read_settings

PREFIX: Final = "NINEFOLD_WORKFLOWS_"

RunnerIsolation: TypeAlias = Literal["sandbox", "none"]
"""How a runner keeps jobs away from its machine."""

_DATA_DIR: Final = "NINEFOLD_DATA_DIR"
_SERVER_PORT: Final = "NINEFOLD_PORT"
_SERVER_PORT_DEFAULT: Final = "8900"


class WorkflowsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of workflows; prefix `NINEFOLD_WORKFLOWS_`."""

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
    jobs_max: Annotated[
        int, msgspec.Meta(ge=1, le=100_000, description="Jobs that an organisation runs at once, by default.")
    ] = 100
    lease_s: Annotated[
        int, msgspec.Meta(ge=2, le=600, description="Seconds without a message after which a job's runner is lost.")
    ] = 30
    log_bytes_max: Annotated[
        int,
        msgspec.Meta(ge=1_000, le=1_073_741_824, description="Bytes of a job's log; what is beyond is dropped."),
    ] = 67_108_864
    data_dir: Annotated[
        str | None, msgspec.Meta(description="Folder of runners and repositories; by default, one in the data folder.")
    ] = None
    server_url: Annotated[
        str | None,
        msgspec.Meta(description="Where the runner of `ninefold up` reaches the server; by default, on this machine."),
    ] = None

    @property
    def runner_folder(self) -> Path:
        """The folder of the runner that `ninefold up` starts, and of the token with which it registers."""
        assert self.data_dir is not None, "`read_workflows_settings` has set it"
        return Path(self.data_dir) / "runner"


def read_workflows_settings(environment: Mapping[str, str]) -> WorkflowsSettings:
    """Read the settings of workflows.

    Raises:
        SettingError: a value is invalid.
    """
    settings = read_settings(WorkflowsSettings, prefix=PREFIX, environment=environment)
    data_dir = Path(environment.get(_DATA_DIR) or default_data_dir())
    server = f"http://127.0.0.1:{environment.get(_SERVER_PORT) or _SERVER_PORT_DEFAULT}"
    return msgspec.structs.replace(
        settings,
        data_dir=settings.data_dir or str(data_dir / "workflows"),
        server_url=settings.server_url or server,
    )
