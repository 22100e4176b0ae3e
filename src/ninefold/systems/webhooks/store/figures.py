"""Queries for figures: what workers have counted."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.figures import AttemptSum, Counted, Figure, FigureKey
from ninefold.systems.webhooks.store.queries import queries

_encoder = msgspec.json.Encoder()

_AFTER_ALL: Final = datetime(9999, 1, 1, tzinfo=UTC)


async def figure_add(connection: Connection, counted: Sequence[Counted], *, step_s: int, starts_at: datetime) -> None:
    """Add what was counted in one minute or hour; each subscription must be there once at most."""
    await queries.figure_add(connection, counted=_encoder.encode(counted).decode(), step_s=step_s, starts_at=starts_at)


async def figure_delete_before(connection: Connection, *, step_s: int, before: datetime, limit: int) -> int:
    """Delete some rows that start before a time; return how many."""
    deleted: int = await queries.figure_delete_before(connection, step_s=step_s, before=before, limit=limit)
    return deleted


async def figure_list(
    connection: Connection, key: FigureKey, *, step_s: int, since: datetime, until: datetime = _AFTER_ALL
) -> list[Figure]:
    """Read figures of some time, oldest first; those of minutes and hours without any attempt are missing."""
    records = queries.figure_list(connection, **key._asdict(), step_s=step_s, since=since, until=until)
    return [Figure(**record) async for record in records]


async def figure_list_by_event_type(
    connection: Connection,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    step_s: int,
    since: datetime,
    until: datetime,
) -> dict[str, list[Figure]]:
    """Read the figures of each event type that has figures of its own, in some time."""
    found = defaultdict(list)
    async for record in queries.figure_list_by_event_type(
        connection,
        organisation_id=organisation_id,
        subscription_id=subscription_id,
        step_s=step_s,
        since=since,
        until=until,
    ):
        columns = dict(record)
        found[columns.pop("event_type")].append(Figure(**columns))
    return found


async def figure_list_evaluated(connection: Connection, *, since: datetime) -> dict[tuple[UUID, str], list[Figure]]:
    """Read the minutes of all organisations that alerts are evaluated by, by organisation and event type."""
    found = defaultdict(list)
    async for record in queries.figure_list_evaluated(connection, since=since):
        columns = dict(record)
        found[columns.pop("organisation_id"), columns.pop("event_type")].append(Figure(**columns))
    return found


async def figure_sum_by_subscription(
    connection: Connection, *, organisation_id: UUID, since: datetime, width_s: int
) -> list[AttemptSum]:
    """Add up the attempts of each subscription from a minute on, `width_s` seconds a sum."""
    records = queries.figure_sum_by_subscription(
        connection, organisation_id=organisation_id, since=since, width_s=width_s
    )
    return [AttemptSum(**record) async for record in records]
