"""What bounds the jobs of a runner, and what is known about one of them."""

import os
from collections.abc import Sequence
from typing import Final

import msgspec

from ninefold.systems.workflows.settings import WorkflowsSettings

MIB: Final = 1024 * 1024
GIB: Final = 1024 * MIB

SERVER_NAME: Final = "ninefold.localhost"
"""The server's name inside: clients of artifacts and caches accept only github.com and names below `localhost`."""

SERVER_PORT: Final = 8080
"""The server's port inside, where no other process of the machine can be reached."""

PROXY_PORT: Final = 3128
"""The port of the proxy inside, if there is one."""


class JobLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one job can use."""

    memory_bytes: int = 4 * GIB
    processes: int = 1024
    cpus: float = 2.0
    disk_bytes: int = 10 * GIB
    """Of the workspace, the home folder and `/tmp` together."""
    file_bytes: int = 4 * GIB
    open_files: int = 4096
    log_bytes: int = 256 * MIB
    """Of all lines; what comes later is left out."""


class IsolationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How jobs are isolated on this machine."""

    uid_first: int = 200_000
    """The user id of the organisation with the number 0; others follow."""
    limits: JobLimits = JobLimits()
    egress: Sequence[str] = ()
    """What jobs can reach: `host:port`; `*.example.com:443` stands for all names below it, and `org_…=host:443` is only
    for the jobs of this organisation."""
    allows_weak_isolation: bool = False
    """Whether untrusted jobs run although a layer is missing."""
    readable: Sequence[str] = ()
    """Further folders of this machine that jobs can read, such as `/opt/toolcache`."""
    hidden: Sequence[str] = ()
    """Folders that no job sees, even if they are inside one that it sees: Ninefold's data."""


class ServerAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where Ninefold's server is."""

    host: str
    port: int
    is_tls: bool = False

    @property
    def netloc(self) -> str:
        """Host and port as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class JobFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the isolation of a job depends on."""

    job_id: str = ""
    """For logs."""
    organisation_id: str = ""
    """For logs, and for what only its jobs can reach."""
    organisation_number: int
    """From 0: which user id its jobs have."""
    is_trusted: bool = False
    """Whether its code comes from people who may use this machine: a single organisation, and not from a fork."""
    is_from_fork: bool = False
    """Whether its code comes from a fork. Then it gets no secrets, whatever the order says."""
    server: ServerAddress | None = None
    """Ninefold's server, which the job reaches as `SERVER_NAME`."""


def policy_of(settings: WorkflowsSettings, *, hidden: Sequence[str] = ()) -> IsolationPolicy:
    """Return how jobs are isolated with these settings."""
    return IsolationPolicy(
        uid_first=settings.job_uid_first,
        limits=JobLimits(
            memory_bytes=settings.job_memory_bytes_max,
            processes=settings.job_processes_max,
            cpus=settings.job_cpus_max,
            disk_bytes=settings.job_disk_bytes_max,
        ),
        egress=settings.job_egress,
        allows_weak_isolation=settings.allow_weak_isolation,
        readable=settings.job_folders,
        hidden=hidden,
    )


def job_uid(policy: IsolationPolicy, facts: JobFacts) -> int | None:
    """Return the user id of a job, or None if this process can't change to it."""
    return policy.uid_first + facts.organisation_number if os.geteuid() == 0 else None
