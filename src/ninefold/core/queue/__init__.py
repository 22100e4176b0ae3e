"""Durable work: who holds what (leases), and how a waiting worker hears that there is more (the notifier).

The rows that are worked on stay in their systems' own tables; a `leased_by` column there names the worker.
"""

from ninefold.core.postgres.migrations import MigrationSource

MIGRATIONS = MigrationSource(namespace="queue", package=__name__)
