"""Describes, as data, what a system provides to the edge, which is the composition root.

Each system's `wiring.py` builds one `System`. The edge lists them, and runs their parts in its processes. Nothing else
connects the two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

import cyclopts
import msgspec

from ninefold.core.blobs.service import Blobs
from ninefold.core.checks import Finding
from ninefold.core.clock import Clock
from ninefold.core.contracts import Implementation, Implementations
from ninefold.core.egress import AddressPolicy, EgressClient
from ninefold.core.exports import Export
from ninefold.core.jobs import JobHandler, Schedule
from ninefold.core.live.feeds import Feed, LiveMethod
from ninefold.core.live.hub import Hub
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.processes import ProcessFolder, SystemProcess
from ninefold.core.queue.leases import Releaser, WorkerLease
from ninefold.core.queue.notifier import Notifier
from ninefold.core.secrets import SealedColumn, Sealer
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.web.direct_routes import ApiRoute
from ninefold.core.web.site import Site
from ninefold.core.web.surfaces import Surface

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)
"""A system's own settings object, as its `read_settings` builds it."""


class WorkerTask(Protocol):
    """Something that a worker or a server process runs until it stops."""

    @property
    def name(self) -> str:
        """What logs call it, such as `webhooks.dispatch`."""
        ...

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; then finish or release the claimed work, and return."""
        ...


class ServerContext(msgspec.Struct, Generic[SettingsT], frozen=True, kw_only=True):
    """What a system's routes can use."""

    database: Database
    notifier: Notifier
    settings: SettingsT
    egress_policy: AddressPolicy
    """The addresses that workers may send requests to, so that a route can refuse a URL that could only fail."""
    stopping: asyncio.Event
    """Set when the server begins to stop; streams and WebSockets then have to end. See `core/web/stopping.py`."""
    hub: Hub | None = None
    """Reads the live channels of all systems; `surfaces` can use it. It isn't there yet when feeds are listed."""
    process_folder: ProcessFolder = msgspec.field(default_factory=ProcessFolder.default)
    """Where the processes of systems on this machine are reached."""
    blobs: Blobs = msgspec.field(default_factory=Blobs.default)
    """Stores files and other large contents."""
    sealer: Sealer = msgspec.field(default_factory=Sealer.default)
    """Seals what must be kept and read again."""
    implementations: Implementations = msgspec.field(default_factory=Implementations)
    """What other systems offer, by contract."""
    site: Site = msgspec.field(default_factory=Site)
    """How people reach this server, for links in responses."""


class WorkerContext(msgspec.Struct, Generic[SettingsT], frozen=True, kw_only=True):
    """What a system's worker tasks and job handlers can use."""

    database: Database
    notifier: Notifier
    lease: WorkerLease
    egress: EgressClient
    clock: Clock
    settings: SettingsT
    process_folder: ProcessFolder = msgspec.field(default_factory=ProcessFolder.default)
    """Where the processes of systems on this machine are reached."""
    blobs: Blobs = msgspec.field(default_factory=Blobs.default)
    """Stores files and other large contents."""
    sealer: Sealer = msgspec.field(default_factory=Sealer.default)
    """Opens what is sealed."""
    implementations: Implementations = msgspec.field(default_factory=Implementations)
    """What other systems offer, by contract."""


class NoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a system without settings."""


# Any, because a default can't depend on the type parameter: such a system is a `System[NoSettings]`.
def _no_settings(_: Mapping[str, str]) -> Any:
    return NoSettings()


def _no_routes(_: ServerContext[SettingsT]) -> Sequence[ApiRoute]:
    return ()


def _no_surfaces(_: ServerContext[SettingsT]) -> Sequence[Surface]:
    return ()


def _no_feeds(_: ServerContext[SettingsT]) -> Sequence[Feed]:
    return ()


def _no_live_methods(_: ServerContext[SettingsT]) -> Mapping[str, LiveMethod]:
    return {}


def _no_server_tasks(_: ServerContext[SettingsT]) -> Sequence[WorkerTask]:
    return ()


def _no_worker_tasks(_: WorkerContext[SettingsT]) -> Sequence[WorkerTask]:
    return ()


async def _release_nothing(_: Connection, __: Sequence[UUID]) -> None:
    return


class System(msgspec.Struct, Generic[SettingsT], frozen=True, kw_only=True):
    """The parts of one system. Those with a default are optional."""

    name: str
    migrations: MigrationSource | None = None
    """None if it has no tables."""
    read_settings: Callable[[Mapping[str, str]], SettingsT] = _no_settings
    routes: Callable[[ServerContext[SettingsT]], Sequence[ApiRoute]] = _no_routes
    """The routes of Ninefold's own API, below `/api/v1`, and handlers that get the requests of some of them first."""
    surfaces: Callable[[ServerContext[SettingsT]], Sequence[Surface]] = _no_surfaces
    """The surfaces of other protocols."""
    feeds: Callable[[ServerContext[SettingsT]], Sequence[Feed]] = _no_feeds
    """The logs that clients can read live."""
    live_methods: Callable[[ServerContext[SettingsT]], Mapping[str, LiveMethod]] = _no_live_methods
    """What clients can call over a live connection, by name; names begin with the name of the system and a dot."""
    server_tasks: Callable[[ServerContext[SettingsT]], Sequence[WorkerTask]] = _no_server_tasks
    """What each server process does besides answering requests."""
    worker_tasks: Callable[[WorkerContext[SettingsT]], Sequence[WorkerTask]] = _no_worker_tasks
    processes: Sequence[SystemProcess[SettingsT]] = ()
    """The processes that it adds on a machine where `ninefold up` runs; see `core/processes.py`."""
    release_leases: Releaser = _release_nothing
    """Releases the rows that dead workers had claimed, for systems with `leased_by` columns."""
    # Each kind of job has its own type of payload, which only its handler knows.
    job_handlers: Sequence[JobHandler[Any, WorkerContext[SettingsT]]] = ()
    """The handlers of the system's durable jobs, one for each kind. Their context has a separate connection pool."""
    schedules: Sequence[Schedule[Any]] = ()
    """The schedules that enqueue its jobs."""
    commands: Sequence[cyclopts.App] = ()
    checks: Sequence[Callable[[SettingsT], Iterable[Finding]]] = ()
    """Additional checks of `ninefold doctor` with valid settings; they must not change anything."""
    database_checks: Sequence[Callable[[Connection, SettingsT], Awaitable[Sequence[Finding]]]] = ()
    """Those that look into the database, which has every migration."""
    exports: Sequence[Export] = ()
    """The files that it adds to the export of an organisation; without any, the export says what is missing."""
    credential_kinds: Sequence[CredentialKind] = ()
    """The kinds of credentials that its protocols accept besides API keys."""
    sealed_columns: Sequence[SealedColumn] = ()
    """Its columns with sealed values."""
    # Each contract has its own type.
    implements: Sequence[Implementation[Any]] = ()
    """What it offers to other systems, by contract (`ninefold/contracts/`)."""


AnySystem: TypeAlias = System[Any]
"""A system with any type of settings, which only the system itself knows."""
