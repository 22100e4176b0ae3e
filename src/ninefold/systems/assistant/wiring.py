"""The definition of the system: everything that the composition root needs for the assistant."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import System
from ninefold.systems.assistant.settings import read_assistant_settings
from ninefold.systems.assistant.store.responses import response_release


async def _release(connection: Connection, worker_ids: Sequence[UUID]) -> None:
    await response_release(connection, worker_ids=worker_ids)


SYSTEM: Final = System(
    name="assistant",
    migrations=MigrationSource(namespace="assistant", package="ninefold.systems.assistant"),
    read_settings=read_assistant_settings,
    release_leases=_release,
)
