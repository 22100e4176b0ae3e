"""Starts replays: durable jobs that send deliveries again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from ninefold.core.errors import InvalidInputError
from ninefold.core.jobs import Job, count_unfinished_jobs, enqueue, get_job
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.errors import TooManyReplaysError
from ninefold.systems.webhooks.model import DeliveryStatus
from ninefold.systems.webhooks.model.replays import (
    REPLAY_DEAD_LETTERS,
    REPLAY_SUBSCRIPTION,
    DeadLetterFilter,
    ReplayDeadLetters,
    ReplaySubscription,
)
from ninefold.systems.webhooks.rules.dead_letters import check_filter, check_time
from ninefold.systems.webhooks.rules.replays import FINISHED
from ninefold.systems.webhooks.service.subscriptions import get_subscription
from ninefold.systems.webhooks.store.replays import replay_read_clock

REPLAYS_UNFINISHED_MAX: Final = 10
"""Per organisation. Each occupies one of the jobs that a worker runs at once, for as long as it takes."""

_KINDS: Final = (REPLAY_DEAD_LETTERS, REPLAY_SUBSCRIPTION)


async def replay_dead_letters(
    connection: Connection,
    *,
    organisation_id: UUID,
    delivery_ids: Sequence[UUID] | None,
    only: DeadLetterFilter,
    rate_per_s: float | None,
) -> Job:
    """Enqueue the replay of some dead letters: of those with these ids, or else of those that match a filter.

    Raises:
        InvalidInputError: both are given, or a value of the filter is invalid.
        TooManyReplaysError: `REPLAYS_UNFINISHED_MAX` replays aren't finished.
    """
    check_filter(only)
    if delivery_ids is not None and only != DeadLetterFilter():
        raise InvalidInputError(
            "There are ids and a filter.", field="delivery_ids", remedy="Give the ids alone, or the filter alone."
        )
    await _check_count(connection, organisation_id=organisation_id)
    payload = ReplayDeadLetters(
        delivery_ids=None if delivery_ids is None else tuple(sorted(set(delivery_ids))),
        only=only,
        failed_before=await replay_read_clock(connection),
        rate_per_s=rate_per_s,
    )
    return await get_job(
        connection, await enqueue(connection, REPLAY_DEAD_LETTERS, payload, organisation_id=organisation_id)
    )


async def replay_subscription(
    connection: Connection,
    *,
    organisation_id: UUID,
    subscription_id: UUID,
    since: datetime,
    until: datetime | None,
    statuses: Sequence[DeliveryStatus] | None,
    rate_per_s: float | None,
) -> Job:
    """Enqueue the replay of the deliveries to a subscription whose events were accepted in some time.

    Args:
        connection: the transaction.
        organisation_id: must own the subscription.
        subscription_id: the subscription.
        since: the time begins then, inclusive.
        until: the time ends then, exclusive; now by default.
        statuses: only deliveries that have one of these; by default all that are finished.
        rate_per_s: how many deliveries a second are sent again at most.

    Raises:
        SubscriptionNotFoundError: the organisation has no subscription with this id.
        InvalidInputError: a time or a status is invalid.
        TooManyReplaysError: `REPLAYS_UNFINISHED_MAX` replays aren't finished.
    """
    await get_subscription(connection, organisation_id=organisation_id, subscription_id=subscription_id)
    now = await replay_read_clock(connection)
    _check_time_span(since, until, now=now)
    payload = ReplaySubscription(
        subscription_id=subscription_id,
        since=since,
        until=now if until is None else min(until, now),
        statuses=_checked_statuses(FINISHED if statuses is None else statuses),
        rate_per_s=rate_per_s,
    )
    await _check_count(connection, organisation_id=organisation_id)
    return await get_job(
        connection, await enqueue(connection, REPLAY_SUBSCRIPTION, payload, organisation_id=organisation_id)
    )


def _check_time_span(since: datetime, until: datetime | None, *, now: datetime) -> None:
    check_time(since, field="since")
    if since >= now:
        raise InvalidInputError("`since` is in the future.", field="since", remedy="Give a time in the past.")
    if until is None:
        return
    check_time(until, field="until")
    if until <= since:
        raise InvalidInputError(
            "`until` isn't after `since`.", field="until", remedy="Give a later time, or leave it out for now."
        )


def _checked_statuses(statuses: Sequence[DeliveryStatus]) -> tuple[str, ...]:
    for position, status in enumerate(statuses):
        if status not in FINISHED:
            raise InvalidInputError(
                f"A delivery that is {status} isn't finished, and will be attempted without a replay.",
                field=f"statuses[{position}]",
                remedy=f"Use {', '.join(FINISHED)}.",
            )
    return tuple(statuses)


async def _check_count(connection: Connection, *, organisation_id: UUID) -> None:
    unfinished = await count_unfinished_jobs(
        connection, organisation_id=organisation_id, kinds=_KINDS, limit=REPLAYS_UNFINISHED_MAX
    )
    if unfinished >= REPLAYS_UNFINISHED_MAX:
        raise TooManyReplaysError(
            f"{unfinished} replays aren't finished, which is the limit.",
            remedy="Wait until one ends, or cancel one: `GET /api/v1/jobs` lists them.",
        )
