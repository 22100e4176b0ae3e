"""Search for events and deliveries: by id, key, type, time and result, and by a text in the payload.

Ids, idempotency keys and times are found by indexes. For everything else, a search looks at the newest part of the log.
If it has looked at its maximum before it has found enough, it says where it stopped, and the next page goes on there.
"""

from collections.abc import Sequence
from typing import Final, Generic, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import Event
from ninefold.systems.webhooks.model.searches import (
    FIRST_ID,
    LAST_ID,
    Conditions,
    DeliveryConditions,
    DeliveryFilter,
    EventFilter,
    IdRange,
    SearchPosition,
    SearchTerm,
)
from ninefold.systems.webhooks.rules import searches as rules
from ninefold.systems.webhooks.service.deliveries import DeliveryWithAttempts, with_attempts
from ninefold.systems.webhooks.service.subscriptions import SUBSCRIPTIONS_MAX
from ninefold.systems.webhooks.store import searches as store
from ninefold.systems.webhooks.store.deliveries import delivery_list_by_ids

EVENTS_MAX: Final = 10_000
"""Events that one search for events looks at."""

DELIVERIES_MAX: Final = 5_000
"""Deliveries that one search for deliveries looks at, and as many events."""

PAYLOAD_BYTES_MAX: Final = 8 * 1024 * 1024
"""The payloads that one search reads, unpacked."""

_UNLIMITED: Final = 2**62

FoundT = TypeVar("FoundT")


class Found(msgspec.Struct, Generic[FoundT], frozen=True, kw_only=True):
    """What a search has found."""

    items: Sequence[FoundT]
    stopped_at: SearchPosition | None
    """Where it stopped before it had found enough; None if it found enough or has looked at everything."""


class FoundEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was found, and its place."""

    event: Event
    position: SearchPosition


class FoundDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was found, with its latest attempts, and its place."""

    delivery: DeliveryWithAttempts
    position: SearchPosition


START: Final = SearchPosition(LAST_ID, LAST_ID)


async def search_events(
    connection: Connection,
    *,
    organisation_id: UUID,
    only: EventFilter,
    before: SearchPosition | None,
    limit: int,
) -> Found[FoundEvent]:
    """Return events, newest first; on the first page, the one whose idempotency key is the text comes before them.

    Raises:
        InvalidInputError: a value of the filter is invalid.
    """
    term = rules.read_term(only.text)
    conditions = rules.conditions_of(only, term)
    ids = rules.event_ids_of(only, term)
    if only.idempotency_key is not None:
        ids = _narrow(ids, await _find_by_key(connection, organisation_id, only.idempotency_key))
    named = None if term.text is None else await _find_by_key(connection, organisation_id, term.text)
    found: list[FoundEvent] = []
    if before is None and named is not None:
        found = await _read_events(connection, organisation_id, _narrow(ids, named), conditions, limit=1)
        found = [FoundEvent(event=each.event, position=START) for each in found]
    ids = _until(ids, before)
    end = await store.search_find_end(
        connection,
        organisation_id=organisation_id,
        event_ids=ids,
        budget=_budget(term, events_max=EVENTS_MAX, deliveries_max=_UNLIMITED),
    )
    found += await _read_events(
        connection, organisation_id, _after(ids, end), conditions, other_than=named or FIRST_ID, limit=limit
    )
    return Found(items=found[:limit], stopped_at=None if len(found) >= limit else _stop(end))


async def search_deliveries(
    connection: Connection,
    *,
    organisation_id: UUID,
    only: DeliveryFilter,
    before: SearchPosition | None,
    limit: int,
) -> Found[FoundDelivery]:
    """Return deliveries that have an outcome, newest event first.

    Raises:
        InvalidInputError: a value of the filter is invalid.
    """
    rules.check_delivery_filter(only)
    await store.search_plan_each_query(connection)
    term = rules.read_term(only.text)
    conditions = rules.conditions_of(only, term)
    wanted = await _delivery_conditions(connection, organisation_id, only, term)
    scope = _DeliveryScope(
        organisation_id=organisation_id,
        event_ids=rules.event_ids_of(only, term),
        delivery_ids=rules.delivery_ids_of(only, term),
        before=before or START,
        budget=_budget(term, events_max=DELIVERIES_MAX, deliveries_max=DELIVERIES_MAX),
    )
    if term.subscription_id is not None and term.subscription_id != wanted.subscription_id:
        return Found(items=[], stopped_at=None)
    read = _read_deliveries if wanted.subscription_id is None else _read_deliveries_of_subscription
    positions, end = await read(connection, scope, conditions, wanted, limit=limit)
    deliveries = await delivery_list_by_ids(
        connection, organisation_id=organisation_id, delivery_ids=[each.delivery_id for each in positions]
    )
    shown = await with_attempts(connection, deliveries)
    return Found(
        items=[
            FoundDelivery(delivery=delivery, position=position)
            for delivery, position in zip(shown, positions, strict=True)
        ],
        stopped_at=None if len(positions) >= limit else _stop(end),
    )


class _DeliveryScope(msgspec.Struct, frozen=True, kw_only=True):
    """Where deliveries are looked for."""

    organisation_id: UUID
    event_ids: IdRange
    delivery_ids: IdRange
    before: SearchPosition
    budget: store.SearchBudget


async def _delivery_conditions(
    connection: Connection, organisation_id: UUID, only: DeliveryFilter, term: SearchTerm
) -> DeliveryConditions:
    code_min, code_max = rules.read_response_code(only.response_code)
    named_ids: tuple[UUID, ...] = ()
    if only.subscription_id is None and term.text is not None:
        named_ids = await store.search_list_subscription_ids(
            connection, organisation_id=organisation_id, text=term.text, limit=SUBSCRIPTIONS_MAX
        )
    return DeliveryConditions(
        subscription_id=only.subscription_id or term.subscription_id,
        status=only.status,
        response_code_min=code_min,
        response_code_max=code_max,
        error_class=only.error_class,
        named_ids=named_ids,
    )


async def _read_events(
    connection: Connection,
    organisation_id: UUID,
    ids: IdRange,
    conditions: Conditions,
    *,
    other_than: UUID = FIRST_ID,
    limit: int,
) -> list[FoundEvent]:
    events = await store.search_list_events(
        connection,
        organisation_id=organisation_id,
        event_ids=ids,
        other_than=other_than,
        event=conditions,
        limit=limit,
    )
    return [FoundEvent(event=event, position=SearchPosition(event.event_id, FIRST_ID)) for event in events]


async def _read_deliveries(
    connection: Connection, scope: _DeliveryScope, event: Conditions, delivery: DeliveryConditions, *, limit: int
) -> tuple[list[SearchPosition], UUID | None]:
    """Return the places of an organisation's deliveries, and the first event that wasn't looked at."""
    ids = IdRange(scope.event_ids.first, min(scope.event_ids.last, scope.before.event_id))
    end = await store.search_find_end(
        connection, organisation_id=scope.organisation_id, event_ids=ids, budget=scope.budget
    )
    positions = await store.search_list_deliveries(
        connection,
        organisation_id=scope.organisation_id,
        event_ids=_after(ids, end),
        delivery_ids=scope.delivery_ids,
        before=scope.before,
        event=event,
        delivery=delivery,
        deliveries_per_event_max=SUBSCRIPTIONS_MAX,
        limit=limit,
    )
    return positions, end


async def _read_deliveries_of_subscription(
    connection: Connection, scope: _DeliveryScope, event: Conditions, delivery: DeliveryConditions, *, limit: int
) -> tuple[list[SearchPosition], UUID | None]:
    """Return the places of a subscription's deliveries, and the first delivery that wasn't looked at."""
    ids = _until(scope.delivery_ids, SearchPosition(scope.before.delivery_id, FIRST_ID))
    end = await store.search_find_end_of_subscription(
        connection,
        organisation_id=scope.organisation_id,
        subscription_id=delivery.subscription_id or FIRST_ID,
        status=delivery.status,
        delivery_ids=ids,
        budget=scope.budget,
    )
    positions = await store.search_list_deliveries_of_subscription(
        connection,
        organisation_id=scope.organisation_id,
        event_ids=scope.event_ids,
        delivery_ids=_after(ids, end),
        event=event,
        delivery=delivery,
        limit=limit,
    )
    return positions, end


async def _find_by_key(connection: Connection, organisation_id: UUID, key: str) -> UUID | None:
    return await store.search_find_event_by_key(connection, organisation_id=organisation_id, idempotency_key=key)


def _budget(term: SearchTerm, *, events_max: int, deliveries_max: int) -> store.SearchBudget:
    bytes_max = _UNLIMITED if term.text is None else PAYLOAD_BYTES_MAX
    return store.SearchBudget(events_max=events_max, deliveries_max=deliveries_max, payload_bytes_max=bytes_max)


def _narrow(ids: IdRange, only: UUID | None) -> IdRange:
    """Return the part of a range that is this id; an empty range if there is no id, or it isn't in the range."""
    if only is None or not ids.first <= only <= ids.last:
        return IdRange(LAST_ID, FIRST_ID)
    return IdRange(only, only)


def _until(ids: IdRange, before: SearchPosition | None) -> IdRange:
    """Return the part of a range of events that precedes a place, which isn't part of it."""
    if before is None:
        return ids
    return IdRange(ids.first, min(ids.last, UUID(int=max(0, before.event_id.int - 1))))


def _after(ids: IdRange, end: UUID | None) -> IdRange:
    """Return the part of a range that follows an id, which isn't part of it."""
    return ids if end is None else IdRange(UUID(int=end.int + 1), ids.last)


def _stop(end: UUID | None) -> SearchPosition | None:
    """Return the place from which the first id that wasn't looked at is the next."""
    return None if end is None else SearchPosition(UUID(int=end.int + 1), UUID(int=end.int + 1))
