"""Queries for dead letters and for what a replay sends again."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.replays import ReplayCandidate, ReplayPosition
from ninefold.systems.webhooks.store.ordering import read_status
from ninefold.systems.webhooks.store.queries import queries


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """The dead letters of an organisation between two positions, both exclusive."""

    organisation_id: UUID
    after: ReplayPosition
    before: ReplayPosition


async def dead_letter_count(connection: Connection, span: Span, *, limit: int) -> int:
    """Count dead letters, up to a limit."""
    count: int = await queries.dead_letter_count(connection, **_bounds(span), limit=limit)
    return count


async def dead_letter_count_of_subscriptions(
    connection: Connection, span: Span, *, subscription_ids: Sequence[UUID], limit: int
) -> int:
    """Count the dead letters of some subscriptions, up to a limit."""
    count: int = await queries.dead_letter_count_of_subscriptions(
        connection, **_bounds(span), subscription_ids=subscription_ids, limit=limit
    )
    return count


async def dead_letter_list_latest(connection: Connection, span: Span, *, limit: int) -> list[ReplayCandidate]:
    """Read dead letters, latest first."""
    return await _read(queries.dead_letter_list_latest(connection, **_bounds(span), limit=limit))


async def dead_letter_list_latest_of_subscriptions(
    connection: Connection, span: Span, *, subscription_ids: Sequence[UUID], limit: int
) -> list[ReplayCandidate]:
    """Read the dead letters of some subscriptions, latest first."""
    return await _read(
        queries.dead_letter_list_latest_of_subscriptions(
            connection, **_bounds(span), subscription_ids=subscription_ids, limit=limit
        )
    )


async def dead_letter_list_oldest(connection: Connection, span: Span, *, limit: int) -> list[ReplayCandidate]:
    """Read dead letters, oldest first."""
    return await _read(queries.dead_letter_list_oldest(connection, **_bounds(span), limit=limit))


async def dead_letter_list_oldest_of_subscriptions(
    connection: Connection, span: Span, *, subscription_ids: Sequence[UUID], limit: int
) -> list[ReplayCandidate]:
    """Read the dead letters of some subscriptions, oldest first."""
    return await _read(
        queries.dead_letter_list_oldest_of_subscriptions(
            connection, **_bounds(span), subscription_ids=subscription_ids, limit=limit
        )
    )


async def replay_count_since(
    connection: Connection, *, subscription_id: UUID, after_id: UUID, before_id: UUID, limit: int
) -> int:
    """Count the deliveries to a subscription between two ids, up to a limit."""
    count: int = await queries.replay_count_since(
        connection, subscription_id=subscription_id, after_id=after_id, before_id=before_id, limit=limit
    )
    return count


async def replay_list_by_ids(
    connection: Connection, *, organisation_id: UUID, delivery_ids: Sequence[UUID], after_id: UUID, limit: int
) -> list[ReplayCandidate]:
    """Read those of these deliveries that exist in an organisation and follow an id, by id."""
    return await _read(
        queries.replay_list_by_ids(
            connection, organisation_id=organisation_id, delivery_ids=delivery_ids, after_id=after_id, limit=limit
        )
    )


async def replay_list_since(
    connection: Connection,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    since: datetime,
    until: datetime,
    after_id: UUID,
    before_id: UUID,
    limit: int,
) -> list[ReplayCandidate]:
    """Read deliveries to a subscription between two ids, by id; each says whether its event is from the given time."""
    return await _read(
        queries.replay_list_since(
            connection,
            organisation_id=organisation_id,
            subscription_id=subscription_id,
            since=since,
            until=until,
            after_id=after_id,
            before_id=before_id,
            limit=limit,
        )
    )


async def replay_read_clock(connection: Connection) -> datetime:
    """Return the database's current time."""
    now: datetime = await queries.replay_read_clock(connection)
    return now


async def replay_release(connection: Connection, *, delivery_ids: Sequence[UUID]) -> int:
    """Start a new round for those of these deliveries that are finished; return how many."""
    return len([record async for record in queries.replay_release(connection, delivery_ids=delivery_ids)])


def _bounds(span: Span) -> dict[str, Any]:
    return {
        "organisation_id": span.organisation_id,
        "after_at": span.after.finished_at,
        "after_id": span.after.delivery_id,
        "before_at": span.before.finished_at,
        "before_id": span.before.delivery_id,
    }


async def _read(records: AsyncIterator[asyncpg.Record]) -> list[ReplayCandidate]:
    return [msgspec.convert({**record, "status": read_status(record)}, ReplayCandidate) async for record in records]
