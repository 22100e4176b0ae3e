"""The list of the systems that this installation has. A new system adds its line here, and nowhere else."""

from typing import Final

from ninefold.core import queue, tenancy
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import System
from ninefold.systems.webhooks.wiring import SYSTEM as WEBHOOKS

SYSTEMS: Final[tuple[System, ...]] = (WEBHOOKS,)


def migration_sources() -> list[MigrationSource]:
    """Return where every migration comes from, in the order in which they apply."""
    return [tenancy.MIGRATIONS, queue.MIGRATIONS, *[system.migrations for system in SYSTEMS]]
