"""The parts of a work queue in PostgreSQL that the workers of every system share.

- `leases`: a worker process holds rows as long as it sends heartbeats.
- `leased_ids`, `claims`, `claim_loop`: how a worker claims rows, with a fair share for each organisation.
- `tenant_queues`, `fair_share`: how it schedules claimed work, so that no organisation blocks another.
- `notifier`: how idle workers are notified of new work.

The rows stay in the tables of each system. Their `leased_by` column names the worker that holds them.
"""

from ninefold.core.postgres.migrations import MigrationSource

MIGRATIONS = MigrationSource(namespace="queue", package=__name__)
