"""The settings of workflows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from ninefold.core.config import default_data_dir, read_settings

PREFIX: Final = "NINEFOLD_WORKFLOWS_"

REPOSITORIES_FOLDER: Final = "workflows/repositories"
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
    data_dir = Path(environment.get(_DATA_DIR) or default_data_dir())
    server = f"http://127.0.0.1:{environment.get(_SERVER_PORT) or _SERVER_PORT_DEFAULT}"
    return msgspec.structs.replace(
        settings,
        repositories=settings.repositories or str(data_dir / REPOSITORIES_FOLDER),
        public_url=(settings.public_url or environment.get(_PUBLIC_URL) or server).rstrip("/"),
    )
