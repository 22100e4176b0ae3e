"""The jobs that services enqueue."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobKind


class AuditLedger(msgspec.Struct, frozen=True, kw_only=True):
    """Whose ledger is verified."""

    organisation_id: UUID


AUDIT: Final = JobKind(name="payments.audit", payload=AuditLedger, attempts_max=3, timeout_s=3_600.0)
