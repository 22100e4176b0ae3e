"""The list of the systems that this installation has. A new system adds its line here, and nowhere else."""

from typing import Final

from ninefold.core import jobs, queue, tenancy
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import AnySystem
from ninefold.systems.webhooks.wiring import SYSTEM as WEBHOOKS

SYSTEMS: Final[tuple[AnySystem, ...]] = (WEBHOOKS,)


def migration_sources() -> list[MigrationSource]:
    """Return where every migration comes from, in the order in which they apply."""
    return [tenancy.MIGRATIONS, queue.MIGRATIONS, jobs.MIGRATIONS, *[system.migrations for system in SYSTEMS]]
