"""What a system hands to the composition root: its page of contents, as data.

Each system's `wiring.py` builds one `System`; the edge lists them, and starts their parts in the processes they belong
to. Nothing else connects the two.
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
    """Something that a worker process runs for as long as it lives."""

    @property
    def name(self) -> str:
        """What logs and metrics call it, such as `webhooks.dispatch`."""
        ...

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; then finish or give back what is held, and return."""
        ...


class ServerContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a system's routes may use."""

    database: Database
    notifier: Notifier
    settings: Any
    """The system's own settings object, as its `read_settings` built it."""
    stopping: asyncio.Event
    """Set when the server is told to stop: streams and WebSockets end then, see `core/web/stopping.py`."""


class WorkerContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a system's jobs may use."""

    database: Database
    notifier: Notifier
    lease: WorkerLease
    egress: EgressClient
    clock: Clock
    settings: Any
    """The system's own settings object, as its `read_settings` built it."""


class System(msgspec.Struct, frozen=True, kw_only=True):
    """One system's page of contents."""

    name: str
    migrations: MigrationSource
    read_settings: Callable[[Mapping[str, str]], Any]
    routes: Callable[[ServerContext], Sequence[ControllerRouterHandler]]
    """Those of Ninefold's own API, below `/api/v1`."""
    surfaces: Callable[[ServerContext], Sequence[Surface]] = lambda _: ()
    """Those of other protocols."""
    jobs: Callable[[WorkerContext], Sequence[Job]]
    release_leases: Callable[[Connection, Sequence[UUID]], Awaitable[None]]
    """Gives back what these dead workers held, so that others can claim it."""
    commands: Sequence[cyclopts.App]
    credential_kinds: Sequence[CredentialKind] = ()
    """The kinds of credentials that its protocols accept, where API keys aren't enough."""
