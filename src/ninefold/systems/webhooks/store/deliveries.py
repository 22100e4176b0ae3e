"""Queries for deliveries and their attempts: record outcomes, claim due deliveries, list."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.core.queue.claims import ClaimBudget
from ninefold.systems.webhooks.model import (
    HELD,
    TIERS,
    ClaimedDelivery,
    Delivery,
    DeliveryStatus,
    LockedDelivery,
    WaitingClaim,
    WaitingReason,
)
from ninefold.systems.webhooks.model.attempts import Attempt, Outcome, Postponement
from ninefold.systems.webhooks.model.partitions import Partition
from ninefold.systems.webhooks.store.ordering import read_status
from ninefold.systems.webhooks.store.outcome_rows import (
    DELIVERED_COLUMNS,
    delivered_record,
    encode_outcomes,
    read_attempt,
)
from ninefold.systems.webhooks.store.partitions import range_of
from ninefold.systems.webhooks.store.queries import queries

PROBE_AMONG: Final = 20
"""A probe is chosen among this many of the oldest waiting deliveries, and as many of the newest."""


async def delivery_cancel_held(connection: Connection, *, worker_id: UUID, delivery_ids: Sequence[UUID]) -> None:
    """Cancel deliveries that this worker holds and won't attempt again."""
    await queries.delivery_cancel_held(connection, worker_id=worker_id, delivery_ids=delivery_ids)


async def delivery_cancel_pending(
    connection: Connection, *, subscription_id: UUID, status: str, after: UUID, limit: int
) -> list[UUID]:
    """Cancel deliveries to a subscription that have this status and that no worker holds; return their ids.

    Args:
        connection: the transaction.
        subscription_id: the subscription.
        status: `retrying`, `waiting` or `held`.
        after: only deliveries with later ids are canceled.
        limit: how many are canceled at most.
    """
    records = queries.delivery_cancel_pending(
        connection, subscription_id=subscription_id, status=status, after=after, limit=limit
    )
    return sorted([record["delivery_id"] async for record in records])


async def delivery_cancel_recorded(connection: Connection, *, delivery_ids: Sequence[UUID]) -> None:
    """Cancel those of these deliveries that aren't finished and that no worker holds."""
    await queries.delivery_cancel_recorded(connection, delivery_ids=delivery_ids)


async def delivery_claim(
    connection: Connection, *, worker_id: UUID, budget: ClaimBudget, after: UUID, tier: int
) -> tuple[list[ClaimedDelivery], UUID | None]:
    """Claim deliveries of a tier whose next attempt is due: a fair share for each organisation, longest due first.

    It scans the organisations that follow `after`, and also considers the deliveries that are longest due. It claims
    nothing of organisations that are held back.

    Returns:
        The deliveries, and the last organisation scanned; None when no organisation is left to scan.
    """
    records = [
        record
        async for record in queries.delivery_claim(
            connection,
            worker_id=worker_id,
            limit=budget.rows_max,
            payload_bytes_max=budget.bytes_max,
            after=after,
            organisations_max=budget.organisations_max,
            held_back=list(budget.held_back),
            tier=tier,
        )
    ]
    claimed = [_claimed(record) for record in records if record["delivery_id"] is not None]
    return claimed, records[0]["last_organisation_id"] if records else None


async def delivery_claim_waiting(
    connection: Connection, claims: Sequence[WaitingClaim], *, worker_id: UUID, payload_bytes_max: int
) -> list[ClaimedDelivery]:
    """Claim waiting deliveries of some subscriptions and tiers, of each as many as it may send, oldest first."""
    records = queries.delivery_claim_waiting(
        connection,
        worker_id=worker_id,
        subscription_ids=[claim.subscription_id for claim in claims if not claim.is_probe],
        tiers=[claim.tier for claim in claims if not claim.is_probe],
        counts=[claim.count for claim in claims if not claim.is_probe],
        probed_ids=[claim.subscription_id for claim in claims if claim.is_probe],
        among=PROBE_AMONG,
        payload_bytes_max=payload_bytes_max,
    )
    return [_claimed(record) async for record in records]


async def delivery_copy_delivered(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Insert deliveries that succeeded at their first attempt, with COPY, the cheapest way for worker and database.

    Raises:
        asyncpg.UniqueViolationError: one of them already exists. None is inserted, and the transaction is aborted.
    """
    await connection.copy_records_to_table(
        "delivery",
        schema_name="webhooks",
        columns=DELIVERED_COLUMNS,
        records=[delivered_record(outcome, outcome.attempt) for outcome in outcomes],
    )


async def delivery_count_retrying(connection: Connection, *, limit: int) -> int:
    """Count the deliveries that are waiting for another attempt or that a worker holds, up to a limit."""
    count: int = await queries.delivery_count_retrying(connection, limit=limit)
    return count


async def delivery_count_waiting(connection: Connection, *, limit: int) -> int:
    """Count the deliveries that are waiting and that no worker holds, up to a limit."""
    count: int = await queries.delivery_count_waiting(connection, limit=limit)
    return count


async def delivery_expire_unkept(connection: Connection, partition: Partition, *, limit: int) -> list[UUID]:
    """End some waiting deliveries of a partition as failed, because their retention is over; return their ids."""
    records = queries.delivery_expire_unkept(connection, **range_of(partition), limit=limit)
    return [record["delivery_id"] async for record in records]


async def delivery_expire_waiting(connection: Connection, *, horizon_s: float, limit: int) -> list[UUID]:
    """End some waiting deliveries whose time is over, as failed; return their ids."""
    records = queries.delivery_expire_waiting(connection, horizon_s=horizon_s, limit=limit)
    return [record["delivery_id"] async for record in records]


async def delivery_find(connection: Connection, *, organisation_id: UUID, delivery_id: UUID) -> Delivery | None:
    """Read one delivery of an organisation."""
    record = await queries.delivery_find(connection, organisation_id=organisation_id, delivery_id=delivery_id)
    return None if record is None else _delivery(record)


async def delivery_insert_outcomes(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    """Insert deliveries with their first outcome; skip those that already exist."""
    await queries.delivery_insert_outcomes(connection, outcomes=encode_outcomes(outcomes))


async def delivery_insert_waiting(connection: Connection, postponed: Sequence[Postponement]) -> None:
    """Insert deliveries that must wait before their first attempt; skip those that already exist."""
    await queries.delivery_insert_waiting(
        connection,
        delivery_ids=[each.delivery_id for each in postponed],
        organisation_ids=[each.organisation_id for each in postponed],
        event_ids=[each.event_id for each in postponed],
        subscription_ids=[each.subscription_id for each in postponed],
        rounds_started_at=[each.round_started_at for each in postponed],
        tiers=[each.tier for each in postponed],
        retentions=[each.retention for each in postponed],
    )


async def delivery_set_waiting_for_endpoint(
    connection: Connection, *, delivery_ids: Sequence[UUID], horizon_s: float
) -> dict[UUID, UUID]:
    """Let deliveries that have just failed wait, if their endpoint has been down since their first attempt.

    Returns:
        Those that wait, with their subscriptions.
    """
    records = queries.delivery_set_waiting_for_endpoint(connection, delivery_ids=delivery_ids, horizon_s=horizon_s)
    return {record["delivery_id"]: record["subscription_id"] async for record in records}


async def delivery_list_attempts(
    connection: Connection, *, delivery_ids: Sequence[UUID], attempts_max: int, body_bytes_max: int
) -> dict[UUID, list[Attempt]]:
    """Read the latest attempts of each of these deliveries, oldest first, with the beginning of each response body."""
    attempts: dict[UUID, list[Attempt]] = defaultdict(list)
    records = queries.delivery_list_attempts(
        connection, delivery_ids=delivery_ids, attempts_max=attempts_max, body_bytes_max=body_bytes_max
    )
    async for record in records:
        attempts[record["delivery_id"]].append(read_attempt(record))
    return attempts


async def delivery_list_by_event(
    connection: Connection, *, organisation_id: UUID, event_id: UUID, limit: int
) -> list[Delivery]:
    """Read the deliveries of one event, in an organisation."""
    records = queries.delivery_list_by_event(
        connection, organisation_id=organisation_id, event_id=event_id, limit=limit
    )
    return [_delivery(record) async for record in records]


async def delivery_list_by_ids(
    connection: Connection, *, organisation_id: UUID, delivery_ids: Sequence[UUID]
) -> list[Delivery]:
    """Read those of these deliveries that are of an organisation, in the order of the ids."""
    records = queries.delivery_list_by_ids(connection, organisation_id=organisation_id, delivery_ids=delivery_ids)
    found = {record["delivery_id"]: _delivery(record) async for record in records}
    return [found[delivery_id] for delivery_id in delivery_ids if delivery_id in found]


async def delivery_list_by_subscription(
    connection: Connection,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    status: DeliveryStatus | None,
    before: UUID | None,
    limit: int,
) -> list[Delivery]:
    """Read the deliveries to a subscription with ids before one, newest event first, with one status or with any."""
    records = queries.delivery_list_by_subscription(
        connection,
        organisation_id=organisation_id,
        subscription_id=subscription_id,
        status=status,
        before=before,
        limit=limit,
    )
    return [_delivery(record) async for record in records]


async def delivery_list_due_tiers(connection: Connection) -> list[int]:
    """Return the numbers of the tiers with deliveries that are due and that no worker holds."""
    return [record["tier"] async for record in queries.delivery_list_due_tiers(connection)]


async def delivery_list_recorded(connection: Connection, *, delivery_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these deliveries already have an outcome."""
    records = queries.delivery_list_recorded(connection, delivery_ids=delivery_ids)
    return {record["delivery_id"] async for record in records}


async def delivery_lock(connection: Connection, *, organisation_id: UUID, delivery_id: UUID) -> LockedDelivery | None:
    """Lock one delivery until the transaction ends; return None when the organisation has none with this id."""
    record = await queries.delivery_lock(connection, organisation_id=organisation_id, delivery_id=delivery_id)
    return None if record is None else LockedDelivery(**record)


async def delivery_release(connection: Connection, *, worker_ids: Sequence[UUID]) -> None:
    """Release the deliveries that these workers hold."""
    await queries.delivery_release(connection, worker_ids=worker_ids)


async def delivery_release_unknown(connection: Connection, *, worker_id: UUID, known_ids: Collection[UUID]) -> None:
    """Release the deliveries that a worker holds but doesn't know of."""
    await queries.delivery_release_unknown(connection, worker_id=worker_id, known_ids=list(known_ids))


async def delivery_insert_test(
    connection: Connection,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    event_id: UUID,
    delivery_id: UUID,
    retention: int,
) -> None:
    """Insert a delivery whose first attempt is due now, as if a person had asked for a retry."""
    await queries.delivery_insert_test(
        connection,
        organisation_id=organisation_id,
        subscription_id=subscription_id,
        event_id=event_id,
        delivery_id=delivery_id,
        retention=retention,
    )


async def delivery_schedule_now(connection: Connection, *, delivery_id: UUID) -> datetime:
    """Start a new round of attempts now; return when its first attempt is due."""
    scheduled_at: datetime = await queries.delivery_schedule_now(connection, delivery_id=delivery_id)
    return scheduled_at


async def delivery_update_outcomes(connection: Connection, outcomes: Sequence[Outcome], *, worker_id: UUID) -> None:
    """Write the outcomes of further attempts, for those of the deliveries that this worker still holds."""
    await queries.delivery_update_outcomes(connection, worker_id=worker_id, outcomes=encode_outcomes(outcomes))


async def delivery_set_waiting(connection: Connection, *, worker_id: UUID, delivery_ids: Sequence[UUID]) -> None:
    """Let deliveries wait that this worker holds and must not attempt yet."""
    await queries.delivery_set_waiting(connection, worker_id=worker_id, delivery_ids=delivery_ids)


def _claimed(record: asyncpg.Record) -> ClaimedDelivery:
    return ClaimedDelivery(
        delivery_id=record["delivery_id"],
        organisation_id=record["organisation_id"],
        event_id=record["event_id"],
        subscription_id=record["subscription_id"],
        event_type=record["event_type"],
        payload=record["payload"],
        attempt_count=record["attempt_count"],
        round_attempt_count=record["round_attempt_count"],
        round_started_at=record["round_started_at"],
        is_manual=record["is_manual"],
        retention=record["retention"],
        subscription_version=record["subscription_version"] or 0,
        tier=record["tier"],
        is_ordered=record["is_ordered"],
    )


def _delivery(record: asyncpg.Record) -> Delivery:
    return Delivery(
        delivery_id=record["delivery_id"],
        organisation_id=record["organisation_id"],
        event_id=record["event_id"],
        event_type=record["event_type"],
        subscription_id=record["subscription_id"],
        status=read_status(record),
        attempt_count=record["attempt_count"],
        round_attempt_count=record["round_attempt_count"],
        next_attempt_at=record["next_attempt_at"],
        created_at=record["created_at"],
        finished_at=record["finished_at"],
        is_running=record["is_running"],
        tier=TIERS[record["tier"]],
        own_retry_count=record["own_retry_count"],
        waiting_reason=_waiting_reason(record),
        waiting_until=_waiting_until(record),
    )


def _waiting_reason(record: asyncpg.Record) -> WaitingReason | None:
    if record["status"] == HELD:
        return WaitingReason.ORDERING
    if record["status"] != DeliveryStatus.WAITING:
        return None
    if record["paused_at"] is not None:
        return WaitingReason.PAUSED
    return WaitingReason.RATE_LIMITED if record["retry_at"] is None else WaitingReason.CIRCUIT_OPEN


def _waiting_until(record: asyncpg.Record) -> datetime | None:
    if record["status"] != DeliveryStatus.WAITING or record["paused_at"] is not None:
        return None
    until: datetime | None = record["retry_at"] or record["throttled_until"]
    return until
