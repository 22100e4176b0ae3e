"""Queries that search for events and deliveries in a part of the log."""

from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import DeliveryStatus, Event
from ninefold.systems.webhooks.model.searches import Conditions, DeliveryConditions, IdRange, SearchPosition
from ninefold.systems.webhooks.store.events import read_event
from ninefold.systems.webhooks.store.queries import queries


class SearchBudget(msgspec.Struct, frozen=True, kw_only=True):
    """How much one search looks at."""

    events_max: int
    deliveries_max: int
    payload_bytes_max: int
    """The first event may exceed this limit and that of deliveries."""


async def search_find_end(
    connection: Connection, *, organisation_id: UUID, event_ids: IdRange, budget: SearchBudget
) -> UUID | None:
    """Return the first event that a search doesn't look at, newest first; None if it looks at all in the range."""
    end: UUID | None = await queries.search_find_end(
        connection,
        organisation_id=organisation_id,
        first_event_id=event_ids.first,
        last_event_id=event_ids.last,
        **msgspec.structs.asdict(budget),
    )
    return end


async def search_find_end_of_subscription(
    connection: Connection,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    status: DeliveryStatus | None,
    delivery_ids: IdRange,
    budget: SearchBudget,
) -> UUID | None:
    """Return the first delivery to a subscription that a search doesn't look at; None if it looks at all."""
    end: UUID | None = await queries.search_find_end_of_subscription(
        connection,
        organisation_id=organisation_id,
        subscription_id=subscription_id,
        status=status,
        first_delivery_id=delivery_ids.first,
        last_delivery_id=delivery_ids.last,
        deliveries_max=budget.deliveries_max,
        payload_bytes_max=budget.payload_bytes_max,
    )
    return end


async def search_find_event_by_key(
    connection: Connection, *, organisation_id: UUID, idempotency_key: str
) -> UUID | None:
    """Return the event with an idempotency key."""
    event_id: UUID | None = await queries.search_find_event_by_key(
        connection, organisation_id=organisation_id, idempotency_key=idempotency_key
    )
    return event_id


async def search_list_deliveries(
    connection: Connection,
    *,
    organisation_id: UUID,
    event_ids: IdRange,
    delivery_ids: IdRange,
    before: SearchPosition,
    event: Conditions,
    delivery: DeliveryConditions,
    deliveries_per_event_max: int,
    limit: int,
) -> list[SearchPosition]:
    """Read the places of deliveries that meet conditions and follow a place, newest event first."""
    conditions = msgspec.structs.asdict(delivery)
    del conditions["subscription_id"]
    records = queries.search_list_deliveries(
        connection,
        organisation_id=organisation_id,
        first_event_id=event_ids.first,
        last_event_id=event_ids.last,
        first_delivery_id=delivery_ids.first,
        last_delivery_id=delivery_ids.last,
        before_event_id=before.event_id,
        before_delivery_id=before.delivery_id,
        deliveries_per_event_max=deliveries_per_event_max,
        limit=limit,
        **msgspec.structs.asdict(event),
        **conditions,
    )
    return [SearchPosition(record["event_id"], record["delivery_id"]) async for record in records]


async def search_list_deliveries_of_subscription(
    connection: Connection,
    *,
    organisation_id: UUID,
    event_ids: IdRange,
    delivery_ids: IdRange,
    event: Conditions,
    delivery: DeliveryConditions,
    limit: int,
) -> list[SearchPosition]:
    """Read the places of deliveries to one subscription that meet conditions, newest event first."""
    conditions = msgspec.structs.asdict(delivery)
    del conditions["named_ids"]
    records = queries.search_list_deliveries_of_subscription(
        connection,
        organisation_id=organisation_id,
        first_event_id=event_ids.first,
        last_event_id=event_ids.last,
        first_delivery_id=delivery_ids.first,
        last_delivery_id=delivery_ids.last,
        limit=limit,
        **msgspec.structs.asdict(event),
        **conditions,
    )
    return [SearchPosition(record["event_id"], record["delivery_id"]) async for record in records]


async def search_list_events(
    connection: Connection,
    *,
    organisation_id: UUID,
    event_ids: IdRange,
    other_than: UUID,
    event: Conditions,
    limit: int,
) -> list[Event]:
    """Read events that meet conditions, newest first, but not a certain one."""
    records = queries.search_list_events(
        connection,
        organisation_id=organisation_id,
        first_event_id=event_ids.first,
        last_event_id=event_ids.last,
        other_than=other_than,
        limit=limit,
        **msgspec.structs.asdict(event),
    )
    return [read_event(record) async for record in records]


async def search_list_subscription_ids(
    connection: Connection, *, organisation_id: UUID, text: str, limit: int
) -> tuple[UUID, ...]:
    """Read the newest subscriptions whose URL or description has a text, in any case."""
    records = queries.search_list_subscription_ids(connection, organisation_id=organisation_id, text=text, limit=limit)
    return tuple([record["subscription_id"] async for record in records])


async def search_plan_each_query(connection: Connection) -> None:
    """Let the database plan each query of this transaction for its values, of which the best index depends."""
    await queries.search_plan_each_query(connection)
