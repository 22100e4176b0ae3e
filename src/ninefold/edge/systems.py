"""The list of systems. A new system adds its line here, and nowhere else."""

from typing import Final

from ninefold.core import queue, tenancy
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import System
from ninefold.systems.webhooks.wiring import SYSTEM as WEBHOOKS

SYSTEMS: Final[tuple[System, ...]] = (WEBHOOKS,)


def migration_sources() -> list[MigrationSource]:
    """Return the sources of all migrations, in the order in which they are applied."""
    return [tenancy.MIGRATIONS, queue.MIGRATIONS, *[system.migrations for system in SYSTEMS]]
