"""Dead letters: deliveries that failed for good, which are kept. Finds and lists them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.replays import DeadLetterFilter, ReplayCandidate, ReplayPosition
from ninefold.systems.webhooks.rules.dead_letters import bounds_of, check_filter, is_selective, matches
from ninefold.systems.webhooks.service.deliveries import DeliveryWithAttempts, with_attempts
from ninefold.systems.webhooks.store import replays as store
from ninefold.systems.webhooks.store.deliveries import delivery_list_by_ids
from ninefold.systems.webhooks.store.subscriptions import subscription_list_ids_by_subscriber

LOOKED_AT_MAX: Final = 5_000
"""Dead letters that one request looks at. If few of them match its filter, the page is shorter, or even empty."""

BATCH: Final = 1_000
"""Dead letters that one query reads when they have to be looked at one by one."""

SUBSCRIPTIONS_OF_SUBSCRIBER_MAX: Final = 10_000
"""A customer's subscriptions whose dead letters are found, including deleted ones; the newest of them."""


class DeadLetterScope(msgspec.Struct, frozen=True, kw_only=True):
    """Where dead letters are looked for: in which time, and of which subscriptions."""

    span: store.Span
    subscription_ids: Sequence[UUID] | None
    """None for all."""

    def since(self, position: ReplayPosition) -> "DeadLetterScope":
        """Return the part of it that follows a position."""
        return msgspec.structs.replace(self, span=msgspec.structs.replace(self.span, after=position))

    def until(self, position: ReplayPosition) -> "DeadLetterScope":
        """Return the part of it that precedes a position."""
        before = min(position, self.span.before)
        return msgspec.structs.replace(self, span=msgspec.structs.replace(self.span, before=before))


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter with its latest attempts."""

    delivery: DeliveryWithAttempts
    error_class: str
    position: ReplayPosition


class FoundDeadLetters(msgspec.Struct, frozen=True, kw_only=True):
    """What a search has found."""

    letters: Sequence[DeadLetter]
    stopped_at: ReplayPosition | None
    """Where it stopped before it had found enough; None if it found enough or has looked at everything."""


async def list_dead_letters(
    connection: Connection,
    *,
    organisation_id: UUID,
    only: DeadLetterFilter,
    before: ReplayPosition | None,
    limit: int,
) -> FoundDeadLetters:
    """Return dead letters, latest first; with `before`, those that failed before that position.

    Raises:
        InvalidInputError: a value of the filter is invalid.
    """
    check_filter(only)
    scope = await find_scope(connection, organisation_id=organisation_id, only=only)
    if before is not None:
        scope = scope.until(before)
    candidates, stopped_at = await _search(connection, scope, only=only, limit=limit)
    deliveries = await delivery_list_by_ids(
        connection,
        organisation_id=organisation_id,
        delivery_ids=[candidate.delivery_id for candidate in candidates],
    )
    shown = await with_attempts(connection, deliveries)
    return FoundDeadLetters(
        letters=[
            DeadLetter(delivery=delivery, error_class=candidate.error_class, position=candidate.position)
            for candidate, delivery in zip(candidates, shown, strict=True)
        ],
        stopped_at=stopped_at,
    )


async def find_scope(connection: Connection, *, organisation_id: UUID, only: DeadLetterFilter) -> DeadLetterScope:
    """Return where a filter's dead letters are; among them can be others, which `matches` tells apart."""
    after, before = bounds_of(only)
    subscription_ids = None if only.subscription_id is None else [only.subscription_id]
    if only.subscriber_id is not None:
        found = await subscription_list_ids_by_subscriber(
            connection,
            organisation_id=organisation_id,
            subscriber_id=only.subscriber_id,
            limit=SUBSCRIPTIONS_OF_SUBSCRIBER_MAX,
        )
        subscription_ids = [each for each in found if only.subscription_id in {None, each}]
    span = store.Span(organisation_id=organisation_id, after=after, before=before)
    return DeadLetterScope(span=span, subscription_ids=subscription_ids)


async def count_dead_letters(connection: Connection, scope: DeadLetterScope, *, limit: int) -> int:
    """Count the dead letters of a scope, up to a limit."""
    if scope.subscription_ids is None:
        return await store.dead_letter_count(connection, scope.span, limit=limit)
    return await store.dead_letter_count_of_subscriptions(
        connection, scope.span, subscription_ids=scope.subscription_ids, limit=limit
    )


async def read_oldest(connection: Connection, scope: DeadLetterScope, *, limit: int) -> list[ReplayCandidate]:
    """Return the first dead letters of a scope, oldest first."""
    if scope.subscription_ids is None:
        return await store.dead_letter_list_oldest(connection, scope.span, limit=limit)
    return await store.dead_letter_list_oldest_of_subscriptions(
        connection, scope.span, subscription_ids=scope.subscription_ids, limit=limit
    )


async def _read_latest(connection: Connection, scope: DeadLetterScope, *, limit: int) -> list[ReplayCandidate]:
    if scope.subscription_ids is None:
        return await store.dead_letter_list_latest(connection, scope.span, limit=limit)
    return await store.dead_letter_list_latest_of_subscriptions(
        connection, scope.span, subscription_ids=scope.subscription_ids, limit=limit
    )


async def _search(
    connection: Connection, scope: DeadLetterScope, *, only: DeadLetterFilter, limit: int
) -> tuple[list[ReplayCandidate], ReplayPosition | None]:
    """Return up to `limit` dead letters that match, and where the search stopped if it didn't find as many."""
    # A query reads as many of each subscription as it returns in all.
    batch = max(limit, BATCH // max(1, len(scope.subscription_ids or ()))) if is_selective(only) else limit
    found: list[ReplayCandidate] = []
    looked_at = 0
    while True:
        letters = await _read_latest(connection, scope, limit=batch)
        looked_at += len(letters)
        found += [letter for letter in letters if matches(letter, only)]
        if len(found) >= limit or len(letters) < batch:
            return found[:limit], None
        scope = scope.until(letters[-1].position)
        if looked_at >= LOOKED_AT_MAX:
            return found, letters[-1].position
