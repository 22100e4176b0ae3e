"""The jobs that send many deliveries again. They release deliveries, so that workers attempt them like all that wait.

    read the next deliveries ──▶ decide ──▶ release those that their subscriptions have room for ──▶ save the cursor

One transaction does all of that, so a worker that dies repeats nothing. How fast what is released goes out is up to the
limits, the circuit and the pause of each subscription.
"""

import asyncio
import time
from typing import Final, TypeAlias

import msgspec

from ninefold.core.jobs import JobHandler, JobRun
from ninefold.core.postgres.database import Connection
from ninefold.core.system import WorkerContext
from ninefold.systems.webhooks.jobs.replay_sources import (
    DeadLettersByFilter,
    DeadLettersByIds,
    DeliveriesSince,
    ReplaySource,
)
from ninefold.systems.webhooks.model import WAITING_CHANNEL
from ninefold.systems.webhooks.model.replays import (
    REPLAY_DEAD_LETTERS,
    REPLAY_SUBSCRIPTION,
    ReplayCandidate,
    ReplayDeadLetters,
    ReplayPosition,
    ReplaySubscription,
)
from ninefold.systems.webhooks.rules.replays import WAITING_MAX, Plan, SkipReason, find_skip_reason, plan_batch, room_of
from ninefold.systems.webhooks.service.changes import announce_changes
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store.replays import replay_release
from ninefold.systems.webhooks.store.subscriptions import subscription_lock_for_replay

BATCH: Final = 1_000
"""Deliveries that one transaction looks at."""

PACE_S: Final = 0.5
"""With a rate, a batch releases as many deliveries as it allows in this time."""

ROOM_POLL_S: Final = 0.5
"""How soon a replay looks again whether a subscription takes more."""

CHECK_S: Final = 0.25
"""How soon a replay that waits notices that it should stop."""

Context: TypeAlias = WorkerContext[WebhooksSettings]
Run: TypeAlias = JobRun[ReplayDeadLetters] | JobRun[ReplaySubscription]


class ReplayCursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a replay continues, and what it has done so far."""

    position: ReplayPosition | None = None
    """That of the last delivery that it has decided about."""
    total: int | None = None
    decided: int = 0
    replayed: int = 0
    skipped: dict[SkipReason, int] = {}

    @property
    def note(self) -> str:
        """What it has done so far, for people."""
        skipped = sum(self.skipped.values())
        return f"{self.replayed:,} replayed" + (f", {skipped:,} skipped" if skipped else "")


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a replay."""

    replayed: int
    """How many deliveries are sent again; each has its own status."""
    skipped: dict[SkipReason, int]
    """How many aren't, by the reason."""


class Pace:
    """Spreads released deliveries over time.

    Args:
        rate_per_s: how many a second; None for any number.
    """

    def __init__(self, rate_per_s: float | None) -> None:
        self._rate_per_s = rate_per_s
        self._next_at_s = time.monotonic()
        self.released_max = BATCH if rate_per_s is None else max(1, min(BATCH, int(rate_per_s * PACE_S)))

    def spend(self, released: int) -> None:
        """Count released deliveries."""
        if self._rate_per_s is not None:
            self._next_at_s = max(self._next_at_s, time.monotonic()) + released / self._rate_per_s

    @property
    def delay_s(self) -> float:
        """How long to wait before the next batch, in seconds."""
        return max(0.0, self._next_at_s - time.monotonic())


async def replay_dead_letters(job: JobRun[ReplayDeadLetters], context: Context) -> Replayed:
    """Send dead letters again."""
    organisation_id, payload = job.organisation_id, job.payload
    assert organisation_id is not None, "a replay belongs to an organisation"
    if payload.delivery_ids is None:
        return await _replay(job, context, DeadLettersByFilter(organisation_id, payload))
    done = await _replay(job, context, DeadLettersByIds(organisation_id, payload.delivery_ids))
    missing = len(payload.delivery_ids) - done.replayed - sum(done.skipped.values())
    found_all = done.skipped if not missing else {**done.skipped, SkipReason.NOT_FOUND: missing}
    return Replayed(replayed=done.replayed, skipped=found_all)


async def replay_subscription(job: JobRun[ReplaySubscription], context: Context) -> Replayed:
    """Send the deliveries to a subscription again."""
    assert job.organisation_id is not None, "a replay belongs to an organisation"
    return await _replay(job, context, DeliveriesSince(job.organisation_id, job.payload))


REPLAY_HANDLERS: Final = (
    JobHandler(REPLAY_DEAD_LETTERS, replay_dead_letters),
    JobHandler(REPLAY_SUBSCRIPTION, replay_subscription),
)


async def _replay(job: Run, context: Context, source: ReplaySource) -> Replayed:
    cursor = job.read_cursor(ReplayCursor)
    if cursor is None:
        async with context.database.connection() as connection:
            cursor = ReplayCursor(total=await source.count(connection))
    pace = Pace(job.payload.rate_per_s)
    while True:
        job.check()
        async with context.database.transaction() as connection:
            candidates = await source.read(connection, after=cursor.position, limit=BATCH)
            if not candidates:
                return Replayed(replayed=cursor.replayed, skipped=cursor.skipped)
            plan = await _plan(
                connection, candidates, source=source, released_max=pace.released_max, settings=context.settings
            )
            released = await replay_release(connection, delivery_ids=plan.released)
            if released:
                await announce_changes(connection, delivery_ids=plan.released)
            if plan.decided:
                cursor = _advance(cursor, plan, released=released, last=candidates[plan.decided - 1])
                await job.save(connection, cursor=cursor, done=cursor.decided, total=cursor.total, note=cursor.note)
        pace.spend(released)
        if released:
            context.notifier.notify(WAITING_CHANNEL)
        is_held_up = plan.decided < len(candidates) and len(plan.released) < pace.released_max
        await _wait(job, max(pace.delay_s, ROOM_POLL_S) if is_held_up else pace.delay_s)


async def _plan(
    connection: Connection,
    candidates: list[ReplayCandidate],
    *,
    source: ReplaySource,
    released_max: int,
    settings: WebhooksSettings,
) -> Plan:
    targets = await subscription_lock_for_replay(
        connection,
        subscription_ids={candidate.subscription_id for candidate in candidates},
        waiting_max=WAITING_MAX,
    )
    return plan_batch(
        candidates,
        is_wanted=source.is_wanted,
        skip_reason=lambda each: find_skip_reason(each, targets.get(each.subscription_id), statuses=source.statuses),
        rooms={
            subscription_id: room_of(target, rate_limit_per_s=settings.rate_limit_per_s)
            for subscription_id, target in targets.items()
        },
        released_max=released_max,
    )


def _advance(cursor: ReplayCursor, plan: Plan, *, released: int, last: ReplayCandidate) -> ReplayCursor:
    skipped = dict(cursor.skipped)
    # What wasn't released although it should have been is being changed by a worker or by another replay.
    for reason, count in (*plan.skipped.items(), (SkipReason.RUNNING, len(plan.released) - released)):
        if count:
            skipped[reason] = skipped.get(reason, 0) + count
    return ReplayCursor(
        position=last.position,
        total=cursor.total,
        decided=cursor.decided + plan.decided,
        replayed=cursor.replayed + released,
        skipped=skipped,
    )


async def _wait(job: Run, delay_s: float) -> None:
    """Wait; end early if the job should stop.

    Raises:
        JobCanceledError, JobPausedError, JobInterruptedError: as `job.check`.
    """
    ends_at_s = time.monotonic() + delay_s
    while (left_s := ends_at_s - time.monotonic()) > 0:
        await asyncio.sleep(min(left_s, CHECK_S))
        job.check()
