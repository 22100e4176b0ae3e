"""Queries for events: accept, find, claim and finish them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.core.queue.claims import ClaimBudget
from ninefold.systems.webhooks.model import TIERS, ClaimedEvent, EarlierEvent, Event, EventStatus, NewEvent
from ninefold.systems.webhooks.store.queries import queries

_LAST_ID: Final = UUID(int=2**128 - 1)
"""An id that sorts after that of every event."""


async def event_claim(
    connection: Connection, *, worker_id: UUID, budget: ClaimBudget, after: UUID, tier: int
) -> tuple[list[ClaimedEvent], UUID | None]:
    """Claim queued events of a tier for a worker: a fair share for each organisation, oldest events first.

    It scans the organisations that follow `after`, and claims nothing of those that are held back.

    Returns:
        The events, and the last organisation scanned; None when no organisation is left to scan.
    """
    records = [
        record
        async for record in queries.event_claim(
            connection,
            worker_id=worker_id,
            limit=budget.rows_max,
            deliveries_max=budget.items_max,
            payload_bytes_max=budget.bytes_max,
            after=after,
            organisations_max=budget.organisations_max,
            held_back=list(budget.held_back),
            tier=tier,
        )
    ]
    claimed = [_claimed(record) for record in records if record["event_id"] is not None]
    return claimed, records[0]["last_organisation_id"] if records else None


async def event_find(connection: Connection, *, organisation_id: UUID, event_id: UUID) -> Event | None:
    """Read one event of an organisation."""
    record = await queries.event_find(connection, organisation_id=organisation_id, event_id=event_id)
    return None if record is None else read_event(record)


async def event_find_earlier(connection: Connection, *, events: Sequence[NewEvent]) -> dict[UUID, EarlierEvent]:
    """Find the earlier events with the idempotency keys of these events; return them by the ids of these."""
    records = queries.event_find_earlier(
        connection,
        event_ids=[event.event_id for event in events],
        organisation_ids=[event.organisation_id for event in events],
        event_types=[event.event_type for event in events],
        payloads=[event.payload for event in events],
        idempotency_keys=[event.idempotency_key for event in events],
        tiers=[TIERS.index(event.tier) for event in events],
        ordering_keys=[event.ordering_key for event in events],
    )
    return {record["later_event_id"]: _earlier_event(record) async for record in records}


async def event_find_payload(connection: Connection, *, organisation_id: UUID, event_id: UUID) -> bytes | None:
    """Read the payload of an event of an organisation, exactly as it was published."""
    payload: bytes | None = await queries.event_find_payload(
        connection, organisation_id=organisation_id, event_id=event_id
    )
    return payload


async def event_finish(connection: Connection, *, worker_id: UUID, event_ids: Sequence[UUID]) -> None:
    """Mark events as dispatched, because each of their deliveries has an outcome; skip those this worker has lost."""
    await queries.event_finish(connection, worker_id=worker_id, event_ids=event_ids)


async def event_insert_many(connection: Connection, *, events: Sequence[NewEvent]) -> dict[UUID, int]:
    """Insert events, except those whose idempotency key is already used; return the retentions of the inserted ones."""
    records = queries.event_insert_many(
        connection,
        event_ids=[event.event_id for event in events],
        organisation_ids=[event.organisation_id for event in events],
        event_types=[event.event_type for event in events],
        payloads=[event.payload for event in events],
        idempotency_keys=[event.idempotency_key for event in events],
        queued_deliveries=[event.queued_deliveries for event in events],
        tiers=[TIERS.index(event.tier) for event in events],
        ordering_keys=[event.ordering_key for event in events],
        are_ordered=[event.is_ordered for event in events],
    )
    return {record["event_id"]: record["retention"] async for record in records}


async def event_insert_test(
    connection: Connection, *, organisation_id: UUID, event_id: UUID, event_type: str, payload: bytes
) -> int:
    """Insert an event for one subscription, whose delivery is inserted with it; return its retention."""
    retention: int = await queries.event_insert_test(
        connection, organisation_id=organisation_id, event_id=event_id, event_type=event_type, payload=payload
    )
    return retention


async def event_list(connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int) -> list[Event]:
    """Read an organisation's events with ids before one, newest first."""
    records = queries.event_list(connection, organisation_id=organisation_id, before=before, limit=limit)
    return [read_event(record) async for record in records]


async def event_list_claimable_tiers(connection: Connection) -> list[int]:
    """Return the numbers of the tiers with events that are waiting for a worker."""
    return [record["tier"] async for record in queries.event_list_claimable_tiers(connection)]


async def event_list_queued(
    connection: Connection,
    *,
    organisation_id: UUID,
    event_type_regex: str,
    since: datetime,
    before: UUID | None,
    limit: int,
) -> list[Event]:
    """Read an organisation's queued events that were accepted since a time, with ids before one, newest first.

    Only events whose type matches the regular expression are read.
    """
    records = queries.event_list_queued(
        connection,
        organisation_id=organisation_id,
        event_type_regex=event_type_regex,
        since=since,
        before=before or _LAST_ID,
        limit=limit,
    )
    return [read_event(record) async for record in records]


async def event_release(connection: Connection, *, worker_ids: Sequence[UUID]) -> None:
    """Release the events that these workers hold."""
    await queries.event_release(connection, worker_ids=worker_ids)


async def event_release_unknown(
    connection: Connection, *, worker_id: UUID, known_ids: Collection[UUID], tier: int
) -> None:
    """Release the events of a tier that a worker holds but doesn't know of."""
    await queries.event_release_unknown(connection, worker_id=worker_id, known_ids=list(known_ids), tier=tier)


def read_event(record: asyncpg.Record) -> Event:
    """Return the event in a row."""
    return Event(
        event_id=record["event_id"],
        organisation_id=record["organisation_id"],
        event_type=record["event_type"],
        idempotency_key=record["idempotency_key"],
        queued_deliveries=record["queued_deliveries"],
        status=EventStatus(record["status"]),
        accepted_at=record["accepted_at"],
        dispatched_at=record["dispatched_at"],
        tier=TIERS[record["tier"]],
        ordering_key=record["ordering_key"],
    )


def _claimed(record: asyncpg.Record) -> ClaimedEvent:
    return ClaimedEvent(
        event_id=record["event_id"],
        organisation_id=record["organisation_id"],
        event_type=record["event_type"],
        payload=record["payload"],
        accepted_at=record["accepted_at"],
        claim_count=record["claim_count"],
        retention=record["retention"],
        subscription_version=record["subscription_version"] or 0,
        tier=record["tier"],
        is_ordered=record["is_ordered"],
    )


def _earlier_event(record: asyncpg.Record) -> EarlierEvent:
    differences = {
        "event_type": record["is_type_different"],
        "payload": record["is_payload_different"],
        "tier": record["is_tier_different"],
        "ordering_key": record["is_ordering_key_different"],
    }
    return EarlierEvent(
        event_id=record["event_id"],
        queued_deliveries=record["queued_deliveries"],
        differing_fields=tuple(name for name, is_different in differences.items() if is_different),
    )
