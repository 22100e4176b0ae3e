"""The jobs of the ledger: sealing the journal, and audits."""

from typing import Final

import msgspec

from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.payments.model.jobs import AUDIT, AuditLedger
from ninefold.systems.payments.service.audit import Audit, audit_ledger
from ninefold.systems.payments.service.sealing import Sealed, seal_journal
from ninefold.systems.payments.settings import PaymentsSettings


class SealJournal(msgspec.Struct, frozen=True, kw_only=True):
    """Seal the journals of all organisations."""


SEAL: Final = JobKind(name="payments.seal_journal", payload=SealJournal, timeout_s=3_600.0)


async def seal(_: JobRun[SealJournal], context: WorkerContext[PaymentsSettings]) -> Sealed:
    """Seal what isn't sealed yet. A repetition goes on after the last block."""
    return await seal_journal(context.database, at=context.clock.now())


async def audit(job: JobRun[AuditLedger], context: WorkerContext[PaymentsSettings]) -> Audit:
    """Seal the journal, and verify the ledger of an organisation."""
    await seal_journal(context.database, at=context.clock.now())
    return await audit_ledger(context.database, organisation_id=job.payload.organisation_id)


SEAL_HANDLER: Final = JobHandler(SEAL, seal)
AUDIT_HANDLER: Final = JobHandler(AUDIT, audit)

SEAL_EVERY_MINUTE: Final = Schedule(name=SEAL.name, kind=SEAL, cron="* * * * *", make_payload=lambda _: SealJournal())
