"""The definition of the system: everything that the composition root needs for workflows."""

from typing import Final

from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.system import NoSettings, System
from ninefold.systems.workflows.commands import COMMANDS

SYSTEM: Final[System[NoSettings]] = System(
    name="workflows",
    migrations=MigrationSource(namespace="workflows", package="ninefold.systems.workflows"),
    commands=COMMANDS,
)
