"""What a system hands to the composition root: its page of contents, as data.

Each system's `wiring.py` builds one `System`; the edge lists them, and starts their parts in the processes they belong
to. Nothing else connects the two.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

import cyclopts
import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.core.checks import Finding
from ninefold.core.clock import Clock
from ninefold.core.egress import AddressPolicy, EgressClient
from ninefold.core.jobs import JobHandler, Schedule
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.leases import Releaser, WorkerLease
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.web.surfaces import Surface

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)
"""A system's own settings object, as its `read_settings` builds it."""


class WorkerTask(Protocol):
    """Something that a worker process runs for as long as it lives."""

    @property
    def name(self) -> str:
        """What logs call it, such as `webhooks.dispatch`."""
        ...

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; then finish or give back what is held, and return."""
        ...


class ServerContext(msgspec.Struct, Generic[SettingsT], frozen=True, kw_only=True):
    """What a system's routes may use."""

    database: Database
    notifier: Notifier
    settings: SettingsT
    egress_policy: AddressPolicy
    """The addresses that workers may send requests to, so that a route can refuse a URL that could only fail."""
    stopping: asyncio.Event
    """Set when the server is told to stop: streams and WebSockets end then, see `core/web/stopping.py`."""


class WorkerContext(msgspec.Struct, Generic[SettingsT], frozen=True, kw_only=True):
    """What a system's work in a worker process may use."""

    database: Database
    notifier: Notifier
    lease: WorkerLease
    egress: EgressClient
    clock: Clock
    settings: SettingsT


def _no_surfaces(_: ServerContext[SettingsT]) -> Sequence[Surface]:
    return ()


def _no_worker_tasks(_: WorkerContext[SettingsT]) -> Sequence[WorkerTask]:
    return ()


async def _release_nothing(_: Connection, __: Sequence[UUID]) -> None:
    return


class System(msgspec.Struct, Generic[SettingsT], frozen=True, kw_only=True):
    """One system's page of contents. What has a default is optional."""

    name: str
    migrations: MigrationSource
    read_settings: Callable[[Mapping[str, str]], SettingsT]
    routes: Callable[[ServerContext[SettingsT]], Sequence[ControllerRouterHandler]]
    """Those of Ninefold's own API, below `/api/v1`."""
    surfaces: Callable[[ServerContext[SettingsT]], Sequence[Surface]] = _no_surfaces
    """Those of other protocols."""
    worker_tasks: Callable[[WorkerContext[SettingsT]], Sequence[WorkerTask]] = _no_worker_tasks
    release_leases: Releaser = _release_nothing
    """Gives back what these dead workers held, so that others can claim it; for systems with a `leased_by` column."""
    # Each kind of job has a payload of its own, which only its handler looks into.
    job_handlers: Sequence[JobHandler[Any, WorkerContext[SettingsT]]] = ()
    """How the system's durable jobs are done, one for each kind. They get a context with a pool of their own."""
    schedules: Sequence[Schedule[Any]] = ()
    """Which of its jobs the clock enqueues."""
    commands: Sequence[cyclopts.App] = ()
    checks: Sequence[Callable[[SettingsT], Iterable[Finding]]] = ()
    """What `ninefold doctor` examines besides the settings' form; each only looks, and changes nothing."""
    credential_kinds: Sequence[CredentialKind] = ()
    """The kinds of credentials that its protocols accept, where API keys aren't enough."""


AnySystem: TypeAlias = System[Any]
"""A system with settings of whatever kind: only the system itself looks into them."""
