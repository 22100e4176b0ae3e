"""Dead letters: deliveries that failed for good, which are kept. Lists them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import DeadLetterFilter, ReplayCandidate, ReplayPosition
from ninefold.systems.webhooks.rules.dead_letters import bounds_of, check_filter, is_selective, matches
from ninefold.systems.webhooks.service.deliveries import DeliveryWithAttempts, with_attempts
from ninefold.systems.webhooks.store.deliveries import delivery_list_by_ids
from ninefold.systems.webhooks.store.replays import Span, dead_letter_list_latest
from ninefold.systems.webhooks.store.subscriptions import subscription_list_ids_by_subscriber

LOOKED_AT_MAX: Final = 10_000
"""Dead letters that one request looks at. If few of them match its filter, the page is shorter, or even empty."""

BATCH: Final = 1_000
"""Dead letters that one query reads when they have to be looked at one by one."""

SUBSCRIPTIONS_OF_SUBSCRIBER_MAX: Final = 10_000
"""A customer's subscriptions whose dead letters are found, including deleted ones; the newest of them."""


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
    span = await find_span(connection, organisation_id=organisation_id, only=only)
    if before is not None:
        span = msgspec.structs.replace(span, before=min(before, span.before))
    candidates, stopped_at = await _search(connection, span, only=only, limit=limit)
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


async def find_span(connection: Connection, *, organisation_id: UUID, only: DeadLetterFilter) -> Span:
    """Return where a filter's dead letters are: in which time, and of which subscriptions."""
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
    return Span(organisation_id=organisation_id, subscription_ids=subscription_ids, after=after, before=before)


async def _search(
    connection: Connection, span: Span, *, only: DeadLetterFilter, limit: int
) -> tuple[list[ReplayCandidate], ReplayPosition | None]:
    """Return up to `limit` dead letters that match, and where the search stopped if it didn't find as many."""
    # A query reads as many of each subscription as it returns in all.
    batch = max(limit, BATCH // max(1, len(span.subscription_ids or ()))) if is_selective(only) else limit
    found: list[ReplayCandidate] = []
    looked_at = 0
    while True:
        letters = await dead_letter_list_latest(connection, span, limit=batch)
        looked_at += len(letters)
        found += [letter for letter in letters if matches(letter, only)]
        if len(found) >= limit or len(letters) < batch:
            return found[:limit], None
        span = msgspec.structs.replace(span, before=letters[-1].position)
        if looked_at >= LOOKED_AT_MAX:
            return found, span.before
