"""The schedule that ends authorisations which weren't captured in time."""

from typing import Final

import msgspec

from ninefold.core.jobs import JobHandler, JobKind, JobRun, Schedule
from ninefold.core.system import WorkerContext
from ninefold.systems.payments.service.expiry import BATCH, expire_due
from ninefold.systems.payments.service.flow import limits_of
from ninefold.systems.payments.settings import PaymentsSettings


class ExpireAuthorisations(msgspec.Struct, frozen=True, kw_only=True):
    """End what is due."""


class Expired(msgspec.Struct, frozen=True, kw_only=True):
    """The job's result."""

    payments: int


EXPIRE: Final = JobKind(name="payments.expire_authorisations", payload=ExpireAuthorisations, timeout_s=3_600.0)


async def expire(job: JobRun[ExpireAuthorisations], context: WorkerContext[PaymentsSettings]) -> Expired:
    """Cancel payments, a batch after the other. A repetition finds those that are left."""
    total, count = 0, BATCH
    while count == BATCH:
        job.check()
        at = context.clock.now()
        count = await expire_due(context.database, at=at, limits=limits_of(context.settings))
        total += count
    return Expired(payments=total)


EXPIRE_HANDLER: Final = JobHandler(EXPIRE, expire)

EXPIRE_EVERY_MINUTE: Final = Schedule(
    name=EXPIRE.name, kind=EXPIRE, cron="* * * * *", make_payload=lambda _: ExpireAuthorisations()
)
