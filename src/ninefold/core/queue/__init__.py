"""Durable work: what workers of every system need to share rows that wait.

- `leases`: a worker process holds rows for as long as it shows that it lives.
- `leased_ids`, `claims`, `claim_loop`: how it takes rows, a fair share of each organisation's.
- `tenant_queues`, `fair_share`: how it works on them, so that no organisation keeps another waiting.
- `notifier`: how an idle worker hears that there is more.

The rows stay in their systems' own tables; a `leased_by` column there names the worker.
"""

from ninefold.core.postgres.migrations import MigrationSource

MIGRATIONS = MigrationSource(namespace="queue", package=__name__)
