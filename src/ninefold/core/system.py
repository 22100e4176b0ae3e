"""What a system provides to the edge, the composition root, as data.

Each system's `wiring.py` builds one `System`. The edge lists them, and runs their parts in its processes. Nothing else
connects the two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import cyclopts
import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.core.clock import Clock
from ninefold.core.egress import EgressClient
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.leases import WorkerLease
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.web.surfaces import Surface


class Job(Protocol):
    """Something that a worker process runs until it stops."""

    @property
    def name(self) -> str:
        """What logs and metrics call it, such as `webhooks.dispatch`."""
        ...

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; then finish or release the claimed work, and return."""
        ...


class ServerContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a system's routes can use."""

    database: Database
    notifier: Notifier
    settings: Any
    """The system's own settings object, as its `read_settings` built it."""
    stopping: asyncio.Event
    """Set when the server begins to stop; streams and WebSockets then have to end. See `core/web/stopping.py`."""


class WorkerContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a system's jobs can use."""

    database: Database
    notifier: Notifier
    lease: WorkerLease
    egress: EgressClient
    clock: Clock
    settings: Any
    """The system's own settings object, as its `read_settings` built it."""


class System(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one system."""

    name: str
    migrations: MigrationSource
    read_settings: Callable[[Mapping[str, str]], Any]
    routes: Callable[[ServerContext], Sequence[ControllerRouterHandler]]
    """The routes of Ninefold's own API, below `/api/v1`."""
    surfaces: Callable[[ServerContext], Sequence[Surface]] = lambda _: ()
    """The surfaces of other protocols."""
    jobs: Callable[[WorkerContext], Sequence[Job]]
    release_leases: Callable[[Connection, Sequence[UUID]], Awaitable[None]]
    """Releases what these dead workers had claimed, so that others can claim it."""
    commands: Sequence[cyclopts.App]
    credential_kinds: Sequence[CredentialKind] = ()
    """The kinds of credentials that its protocols accept besides API keys."""
