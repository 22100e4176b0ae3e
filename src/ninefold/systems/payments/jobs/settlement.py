"""The jobs of settlement: holds that end, merchants whose cut-off has passed, days that are reconciled."""

from datetime import date, datetime, timedelta
from typing import Final

import msgspec
import structlog

from ninefold.core.ids import format_id
from ninefold.core.jobs import JobFailedError, JobHandler, JobKind, JobRun, Schedule, enqueue_unique
from ninefold.core.system import WorkerContext
from ninefold.systems.payments.errors import BatchOrderError
from ninefold.systems.payments.files.errors import BankFileError
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX, Merchant
from ninefold.systems.payments.processors.opening import open_processors
from ninefold.systems.payments.reconciliation_errors import DayClosedError, DayNotBegunError
from ninefold.systems.payments.rules.banking_days import last_settlement_day, local_moment
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.matching import match_lines
from ninefold.systems.payments.service.reconciling import reconcile_day
from ninefold.systems.payments.service.releasing import release_funds
from ninefold.systems.payments.service.settlement_jobs import (
    MATCH_STATEMENTS,
    RECONCILE_DAY,
    SETTLE_MERCHANT,
    MatchStatements,
    ReconcileDay,
    SettleMerchant,
)
from ninefold.systems.payments.service.settlement_metrics import BATCHES
from ninefold.systems.payments.service.settling import delivery_of, settle_merchant
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.store import settlement as store
from ninefold.systems.payments.store.merchants import merchant_find

MERCHANTS_AT_ONCE: Final = 1_000

log = structlog.get_logger(__name__)


class SettleDue(msgspec.Struct, frozen=True, kw_only=True):
    """Enqueue a job for each merchant whose cut-off has passed."""

    at: datetime


class ReleaseDue(msgspec.Struct, frozen=True, kw_only=True):
    """End the holds and reserves that are over."""


class ReconcileDue(msgspec.Struct, frozen=True, kw_only=True):
    """Enqueue the reconciliation of a day for each organisation with merchants."""

    day: date


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a merchant's settlement."""

    batches: list[str]


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a job that does something many times."""

    count: int


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a reconciliation."""

    run: int
    open_breaks: int


SETTLE_DUE: Final = JobKind(name="payments.settle_due", payload=SettleDue, timeout_s=600.0)
RELEASE_DUE: Final = JobKind(name="payments.release_due", payload=ReleaseDue, timeout_s=3_600.0)
RECONCILE_DUE: Final = JobKind(name="payments.reconcile_due", payload=ReconcileDue, timeout_s=600.0)


async def settle(job: JobRun[SettleMerchant], context: WorkerContext[PaymentsSettings]) -> Settled:
    """Settle a merchant for a day. A repetition does what is left."""
    organisation_id = job.organisation_id
    assert organisation_id is not None, "merchants belong to organisations"
    async with context.database.connection() as connection:
        merchant = await merchant_find(connection, organisation_id=organisation_id, merchant_id=job.payload.merchant_id)
    assert merchant is not None, "merchants are never deleted"
    try:
        batches = await settle_merchant(
            context.database,
            merchant,
            day=job.payload.day,
            at=context.clock.now(),
            delivery=delivery_of(context.settings),
        )
    except (BatchOrderError, DayNotBegunError, BankFileError) as error:
        raise JobFailedError(str(error)) from error
    BATCHES.inc(len(batches))
    for batch in batches:
        log.info(
            "payments.batch.settled",
            batch_id=format_id("bat", batch.batch_id),
            merchant_id=format_id(MERCHANT_PREFIX, merchant.merchant_id),
            state=batch.state,
            lines=batch.line_count,
        )
    return Settled(batches=[format_id("bat", batch.batch_id) for batch in batches])


async def settle_due(job: JobRun[SettleDue], context: WorkerContext[PaymentsSettings]) -> Counted:
    """Enqueue a job for each merchant whose cut-off has passed and that isn't settled for that day."""
    count, after, found = 0, None, MERCHANTS_AT_ONCE
    at = context.clock.now()
    while found == MERCHANTS_AT_ONCE:
        job.check()
        async with context.database.transaction() as connection:
            merchants = await store.settled_day_list(connection, after=after, limit=MERCHANTS_AT_ONCE)
            for merchant, settled in merchants:
                day = due_day(merchant, settled, at)
                if day is not None:
                    payload = SettleMerchant(merchant_id=merchant.merchant_id, day=day)
                    key = f"settle {format_id(MERCHANT_PREFIX, merchant.merchant_id)}"
                    enqueued = await enqueue_unique(
                        connection, SETTLE_MERCHANT, payload, organisation_id=merchant.organisation_id, key=key
                    )
                    count += enqueued is not None
        found = len(merchants)
        after = merchants[-1][0].merchant_id if merchants else after
    return Counted(count=count)


async def release_due(job: JobRun[ReleaseDue], context: WorkerContext[PaymentsSettings]) -> Counted:
    """End the holds and reserves that are over.

    Those that end after a cut-off wait for the batch of that cut-off, so that they are in the next one.
    """
    at = context.clock.now()
    async with context.database.connection() as connection:
        due = await store.held_charge_list_due(connection, at=at, limit=MERCHANTS_AT_ONCE)
    total = 0
    for merchant_id in due:
        job.check()
        async with context.database.connection() as connection:
            merchant, settled = await store.settled_day_find_merchant(connection, merchant_id=merchant_id)
        total += await release_funds(context.database, merchant, until=release_until(merchant, settled, at), at=at)
    return Counted(count=total)


async def reconcile(job: JobRun[ReconcileDay], context: WorkerContext[PaymentsSettings]) -> Reconciled:
    """Reconcile a day. A repetition compares again."""
    processors = open_processors(context.settings, context.process_folder)
    try:
        run = await reconcile_day(
            context.database,
            PaymentFlow(context.database, processors, context.settings, context.clock),
            organisation_id=job.payload.organisation_id,
            day=job.payload.day,
            clock=context.clock,
        )
    except DayClosedError as error:
        raise JobFailedError(str(error)) from error
    finally:
        await processors.close()
    open_breaks: int = run.summary["open_breaks"]
    log.info("payments.day.reconciled", day=job.payload.day.isoformat(), run=run.number, open_breaks=open_breaks)
    return Reconciled(run=run.number, open_breaks=open_breaks)


async def match(job: JobRun[MatchStatements], context: WorkerContext[PaymentsSettings]) -> Counted:
    """Match the lines of an organisation's statements. A repetition matches what is left."""
    count = await match_lines(context.database, organisation_id=job.payload.organisation_id, at=context.clock.now())
    return Counted(count=count)


async def reconcile_due(job: JobRun[ReconcileDue], context: WorkerContext[PaymentsSettings]) -> Counted:
    """Enqueue the reconciliation of a day for each organisation with merchants."""
    async with context.database.transaction() as connection:
        organisations = await store.settled_day_list_organisations(connection)
        for organisation_id in organisations:
            await enqueue_unique(
                connection,
                RECONCILE_DAY,
                ReconcileDay(organisation_id=organisation_id, day=job.payload.day),
                organisation_id=organisation_id,
                key="payments.reconciliation",
            )
    return Counted(count=len(organisations))


def due_day(merchant: Merchant, settled: date | None, at: datetime) -> date | None:
    """Return the day that a merchant is to be settled for; None if there is none."""
    day = last_settlement_day(at, cutoff=merchant.cutoff, zone=merchant.time_zone)
    if settled is not None and settled >= day:
        return None
    # A day that ended before the merchant began has nothing.
    return day if local_moment(day, merchant.cutoff, merchant.time_zone) > merchant.created_at else None


def release_until(merchant: Merchant, settled: date | None, at: datetime) -> datetime:
    """Return until when holds can be ended: up to a cut-off whose batch isn't computed yet, else until now."""
    due = due_day(merchant, settled, at)
    return at if due is None else local_moment(due, merchant.cutoff, merchant.time_zone)


SETTLEMENT_HANDLERS: Final = (
    JobHandler(SETTLE_MERCHANT, settle),
    JobHandler(SETTLE_DUE, settle_due),
    JobHandler(RELEASE_DUE, release_due),
    JobHandler(RECONCILE_DAY, reconcile),
    JobHandler(RECONCILE_DUE, reconcile_due),
    JobHandler(MATCH_STATEMENTS, match),
)

SETTLEMENT_SCHEDULES: Final = (
    Schedule(name=SETTLE_DUE.name, kind=SETTLE_DUE, cron="* * * * *", make_payload=lambda tick: SettleDue(at=tick)),
    Schedule(name=RELEASE_DUE.name, kind=RELEASE_DUE, cron="* * * * *", make_payload=lambda _: ReleaseDue()),
    Schedule(
        name=RECONCILE_DUE.name,
        kind=RECONCILE_DUE,
        cron="15 6 * * *",
        make_payload=lambda tick: ReconcileDue(day=(tick - timedelta(days=1)).date()),
    ),
)
