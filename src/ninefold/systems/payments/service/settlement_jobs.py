"""The kinds of jobs of settlement, and what enqueues them."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.jobs import Job, JobKind, enqueue, get_job
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX, Merchant
from ninefold.systems.payments.rules.banking_days import last_settlement_day
from ninefold.systems.payments.service.reconciling import require_begun_day as require_begun_utc_day
from ninefold.systems.payments.service.reconciling import require_open_day
from ninefold.systems.payments.service.settling import require_begun_day, require_merchant_on, require_settleable_day


class SettleMerchant(msgspec.Struct, frozen=True, kw_only=True):
    """Settle a merchant for a day."""

    merchant_id: UUID
    day: date


class ReconcileDay(msgspec.Struct, frozen=True, kw_only=True):
    """Reconcile a day (UTC) of an organisation."""

    organisation_id: UUID
    day: date


class MatchStatements(msgspec.Struct, frozen=True, kw_only=True):
    """Match the lines of an organisation's statements."""

    organisation_id: UUID


SETTLE_MERCHANT: Final = JobKind(name="payments.settle_merchant", payload=SettleMerchant, timeout_s=1_800.0)
RECONCILE_DAY: Final = JobKind(name="payments.reconcile_day", payload=ReconcileDay, timeout_s=1_800.0)
MATCH_STATEMENTS: Final = JobKind(name="payments.match_statements", payload=MatchStatements, timeout_s=1_800.0)


async def enqueue_settlement(
    connection: Connection, merchant: Merchant, *, day: date | None, at: datetime
) -> tuple[Job, date]:
    """Enqueue the settlement of a merchant; return the job and the day.

    Args:
        connection: in the caller's transaction.
        merchant: who is paid.
        day: the merchant's day; None for the last one whose cut-off has passed.
        at: now.

    Raises:
        BatchOrderError: a later day was settled, and this one never, or there was no merchant on the day.
        DayNotBegunError: the day begins later.
    """
    chosen = day or last_settlement_day(at, cutoff=merchant.cutoff, zone=merchant.time_zone)
    require_begun_day(merchant, chosen, at=at)
    if day is not None:
        require_merchant_on(merchant, day)
        await require_settleable_day(connection, merchant, day)
    job_id = await enqueue(
        connection,
        SETTLE_MERCHANT,
        SettleMerchant(merchant_id=merchant.merchant_id, day=chosen),
        organisation_id=merchant.organisation_id,
        key=f"settle {format_id(MERCHANT_PREFIX, merchant.merchant_id)}",
    )
    return await get_job(connection, job_id), chosen


async def enqueue_reconciliation(connection: Connection, *, organisation_id: UUID, day: date, at: datetime) -> Job:
    """Enqueue the reconciliation of a day; return the job.

    Raises:
        DayClosedError: the day was closed.
        DayNotBegunError: the day begins later.
    """
    require_begun_utc_day(day, at=at)
    await require_open_day(connection, organisation_id=organisation_id, day=day)
    job_id = await enqueue(
        connection,
        RECONCILE_DAY,
        ReconcileDay(organisation_id=organisation_id, day=day),
        organisation_id=organisation_id,
        key="payments.reconciliation",
    )
    return await get_job(connection, job_id)


async def enqueue_matching(connection: Connection, *, organisation_id: UUID) -> UUID:
    """Enqueue the matching of what a bank has said; return the job."""
    return await enqueue(
        connection,
        MATCH_STATEMENTS,
        MatchStatements(organisation_id=organisation_id),
        organisation_id=organisation_id,
        key="payments.reconciliation",
    )
