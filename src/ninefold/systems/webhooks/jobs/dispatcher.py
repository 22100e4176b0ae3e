"""The worker's main task: attempt claimed deliveries and record the outcomes.

    claimer ──▶ queues ──▶ gates ──▶ sender ──▶ recorder ──▶ event log
                             │                     ▲
                             └──── must wait ──────┘

A delivery has no row before its first outcome is known. If the worker dies before that, another worker takes over and
repeats only what wasn't recorded, with the same ids.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.queue.claim_loop import repeat_claim
from ninefold.core.queue.tiered_queues import TieredQueues
from ninefold.core.queue.worker_share import WorkerShare
from ninefold.core.system import WorkerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.jobs.attempt_request import AttemptRequest
from ninefold.systems.webhooks.jobs.bulk_pacing import BulkPacer
from ninefold.systems.webhooks.jobs.circuits import CircuitBreaker, CircuitRules
from ninefold.systems.webhooks.jobs.claimer import Claimer
from ninefold.systems.webhooks.jobs.event_log import PostgresEventLog, Result
from ninefold.systems.webhooks.jobs.figures import FigureCounter
from ninefold.systems.webhooks.jobs.gates import GateLimits, Gates
from ninefold.systems.webhooks.jobs.limits import queue_limits
from ninefold.systems.webhooks.jobs.outcomes import make_outcome, make_postponement
from ninefold.systems.webhooks.jobs.recorder import OutcomeRecorder
from ninefold.systems.webhooks.jobs.retry_queue import RetryQueue
from ninefold.systems.webhooks.jobs.sender import Sender
from ninefold.systems.webhooks.jobs.turns import Turns
from ninefold.systems.webhooks.model import (
    BULK,
    EVENTS_CHANNELS,
    RETRIES_CHANNEL,
    STANDARD,
    SUBSCRIPTIONS_CHANNEL,
    TIERS,
    WAITING_CHANNEL,
    DeliveryStatus,
)
from ninefold.systems.webhooks.model.attempts import Attempt, Postponement
from ninefold.systems.webhooks.rules.retries import RetrySchedule
from ninefold.systems.webhooks.service.changes import announce_changes
from ninefold.systems.webhooks.service.ordering import end_turns
from ninefold.systems.webhooks.settings import WebhooksSettings
from ninefold.systems.webhooks.store.deliveries import delivery_expire_waiting

EVENTS_POLL_S: Final = 0.5
"""Seconds between claims of events without a notification, since notifications can get lost."""

LITTLE_PAUSE_S: Final = 0.1
"""The pause after a claim that has probably found all events; a notification ends it."""

RETRIES_POLL_S: Final = 0.2
"""Seconds between claims of due deliveries. There is no notification when a delivery becomes due."""

WAITING_POLL_S: Final = 0.1
"""Seconds between claims of waiting deliveries, while there are any. It is the time that limits need to give room."""

BACKLOG_POLL_S: Final = 0.5
"""Seconds between looks for subscriptions with waiting deliveries that this worker doesn't know of."""

SUBSCRIPTIONS_POLL_S: Final = 5.0
"""Seconds between looks at changed subscriptions without a notification, to end attempts of paused and deleted ones."""

EXPIRY_POLL_S: Final = 10.0
EXPIRED_MAX: Final = 1_000
"""Waiting deliveries that one transaction ends because their time is over."""

BURST_MAX: Final = 64
"""Attempts that start together: all are signed first, then sent right after each other, which wakes a receiver once."""

PAUSE_ABOVE_IN_FLIGHT: Final = 64
BURST_PAUSE_S: Final = 0.002
"""The pause after a burst while more than `PAUSE_ABOVE_IN_FLIGHT` attempts are in flight. During the pause, fast
receivers answer and their connections become free for the next burst: with fifty connections in use, an attempt costs
half as much as with a thousand. The pause still allows 32,000 attempts per second."""

DRAIN_S: Final = 8.0
"""How long a stopping worker waits for attempts in flight. Another worker repeats those that take longer."""

log = structlog.get_logger(__name__)


class Dispatcher:
    """Attempts deliveries until the worker stops."""

    name = "webhooks.dispatch"

    def __init__(self, context: WorkerContext[WebhooksSettings]) -> None:
        settings = context.settings
        self._clock = context.clock
        self._schedule = RetrySchedule(
            delays_s=settings.retry_delays_s,
            jitter_ratio=settings.retry_jitter_ratio,
            horizon_s=settings.retry_horizon_s,
        )
        self._database = context.database
        self._time = asyncio.get_running_loop().time
        self._share = WorkerShare(context.database, context.lease.worker_id)
        self._gates = Gates(
            self._share,
            GateLimits(
                rate_limit_per_s=settings.rate_limit_per_s,
                in_flight_max=settings.subscription_in_flight_max,
                tier_shares=settings.tier_shares,
            ),
            time=self._time,
        )
        self._circuit_breaker = CircuitBreaker(
            context.database,
            context.notifier,
            self._gates,
            CircuitRules(
                failures_max=settings.circuit_failures_max,
                retry_s=settings.circuit_retry_s,
                pause_after_s=settings.pause_after_s,
                horizon_s=settings.retry_horizon_s,
            ),
            worker_id=context.lease.worker_id,
            time=self._time,
        )
        self._queues: TieredQueues[AttemptRequest] = TieredQueues(
            queue_limits(in_flight_max=min(settings.in_flight_max, context.egress.connections_max)),
            weights=settings.tier_shares,
            on_room=self._claim_again,
        )
        self._bulk_pacer = BulkPacer(burst_max=BURST_MAX)
        self._sender = Sender(
            context.egress,
            context.clock,
            on_attempt_end=self._on_attempt_end,
            timeout_s=settings.attempt_timeout_s,
            response_body_kept_bytes=settings.response_body_kept_bytes,
        )
        self._waiting_found = asyncio.Event()
        turns = Turns(context.database, self._gates, waiting_found=self._waiting_found)
        self._event_log = PostgresEventLog(
            context.database, context.lease, self._circuit_breaker, turns, notifier=context.notifier
        )
        self._retry_queue = RetryQueue(context.database, context.lease)
        self._figures = FigureCounter(context.database, context.clock)
        self._recorder = OutcomeRecorder(self._event_log, on_recorded=self._on_recorded)
        self._claimer = Claimer(
            context.database,
            event_log=self._event_log,
            retry_queue=self._retry_queue,
            queues=self._queues,
            gates=self._gates,
            turns=turns,
            recorder=self._recorder,
            tier_shares=settings.tier_shares,
            sealer=context.sealer,
        )
        self._events_notified = [context.notifier.subscribe(EVENTS_CHANNELS[tier]) for tier in TIERS]
        self._retries_notified = context.notifier.subscribe(RETRIES_CHANNEL)
        self._waiting_notified = context.notifier.subscribe(WAITING_CHANNEL)
        self._subscriptions_notified = context.notifier.subscribe(SUBSCRIPTIONS_CHANNEL)

    async def run(self, stopping: asyncio.Event) -> None:
        """Attempt deliveries until `stopping` is set. Then wait for those in flight and record every outcome.

        Raises:
            LeaseLostError: this worker's lease has expired.
        """
        await self._share.join(stopping)
        async with asyncio.TaskGroup() as counting, asyncio.TaskGroup() as recording:
            counting.create_task(self._figures.run())
            recording.create_task(self._record())
            try:
                async with asyncio.TaskGroup() as claiming:
                    claiming.create_task(self._share.run(stopping))
                    claiming.create_task(self._find_events(stopping))
                    for tier in range(len(TIERS)):
                        claiming.create_task(self._claim_events(tier, stopping))
                    claiming.create_task(self._claim_retries(stopping))
                    claiming.create_task(self._find_waiting(stopping))
                    claiming.create_task(self._claim_waiting(stopping))
                    claiming.create_task(self._follow_subscriptions(stopping))
                    claiming.create_task(self._expire_waiting(stopping))
                    claiming.create_task(self._send_queued(stopping))
                    claiming.create_task(self._wake_sending_at(stopping))
                await self._drain()
            finally:
                self._sender.close()
                self._recorder.close()

    async def _find_events(self, stopping: asyncio.Event) -> None:
        """Look for events without a notification, of all tiers with one query."""

        async def find() -> bool:
            for tier in await self._event_log.list_claimable_tiers():
                self._events_notified[tier].set()
            return False

        await repeat_claim(
            find, name="webhooks.tiers", notified=asyncio.Event(), poll_s=EVENTS_POLL_S, stopping=stopping
        )

    async def _claim_events(self, tier: int, stopping: asyncio.Event) -> None:
        notified = self._events_notified[tier]

        async def claim() -> bool:
            may_claim_more = await self._claim(self._claimer.claim_events, tier)
            if may_claim_more and self._claimer.has_claimed_little[tier]:
                await wait_for_any(notified, stopping, timeout_s=LITTLE_PAUSE_S)
            return may_claim_more

        await repeat_claim(
            claim,
            name="webhooks.events",
            notified=notified,
            poll_s=None,
            stopping=stopping,
        )

    async def _claim_retries(self, stopping: asyncio.Event) -> None:
        async def claim() -> bool:
            tiers = await self._retry_queue.list_due_tiers()
            return any([await self._claim(self._claimer.claim_retries, tier) for tier in tiers])

        await repeat_claim(
            claim,
            name="webhooks.retries",
            notified=self._retries_notified,
            poll_s=RETRIES_POLL_S,
            stopping=stopping,
        )

    async def _find_waiting(self, stopping: asyncio.Event) -> None:
        async def find() -> bool:
            self._gates.apply_shares()
            await self._circuit_breaker.refresh()
            if await self._claimer.find_waiting():
                self._waiting_found.set()
            return False

        await repeat_claim(
            find, name="webhooks.backlogs", notified=self._waiting_notified, poll_s=BACKLOG_POLL_S, stopping=stopping
        )

    async def _claim_waiting(self, stopping: asyncio.Event) -> None:
        async def claim() -> bool:
            await self._recorder.wait_for_room()
            await self._claimer.claim_waiting(self._time())
            return False

        await repeat_claim(
            claim, name="webhooks.waiting", notified=self._waiting_found, poll_s=WAITING_POLL_S, stopping=stopping
        )

    async def _follow_subscriptions(self, stopping: asyncio.Event) -> None:
        async def follow() -> bool:
            self._sender.abort(await self._claimer.refresh_recipients())
            return False

        await repeat_claim(
            follow,
            name="webhooks.subscriptions",
            notified=self._subscriptions_notified,
            poll_s=SUBSCRIPTIONS_POLL_S,
            stopping=stopping,
        )

    async def _expire_waiting(self, stopping: asyncio.Event) -> None:
        async def expire() -> bool:
            async with self._database.transaction() as connection:
                expired = await delivery_expire_waiting(
                    connection, horizon_s=self._schedule.horizon_s, limit=EXPIRED_MAX
                )
                if expired:
                    await end_turns(connection, expired)
                    await announce_changes(connection, delivery_ids=expired)
            if expired:
                log.warning("webhooks.deliveries.expired", count=len(expired))
            return len(expired) == EXPIRED_MAX

        await repeat_claim(
            expire, name="webhooks.expiry", notified=asyncio.Event(), poll_s=EXPIRY_POLL_S, stopping=stopping
        )

    async def _claim(self, claim: Callable[[int], Awaitable[set[UUID]]], tier: int) -> bool:
        """Claim as soon as the recorder has room for more outcomes; return whether to claim again at once."""
        metrics.IN_FLIGHT.set(self._queues.in_flight)
        metrics.ORGANISATIONS_HELD_BACK.set(self._queues.held_back_count)
        await self._recorder.wait_for_room(is_urgent=tier < STANDARD)
        return self._queues.tiers[tier].hold_back_full(await claim(tier))

    def _claim_again(self, tier: int) -> None:
        self._events_notified[tier].set()
        self._retries_notified.set()

    async def _send_queued(self, stopping: asyncio.Event) -> None:
        """Send queued attempts as slots become free, until the worker stops. Other workers send what is left."""
        while not stopping.is_set():
            now_s = self._time()
            requests = self._queues.take(BURST_MAX, last_max=self._bulk_pacer.room(now_s))
            if not requests:
                await self._queues.changed.wait()
                continue
            tiers = {request.message.tier for request in requests}
            if tiers != {BULK}:
                self._bulk_pacer.note_urgent(now_s)
            is_paced = self._bulk_pacer.is_pacing(now_s)
            if is_paced and BULK in tiers:
                asyncio.get_running_loop().call_at(self._bulk_pacer.start(now_s), self._wake_bulk)
            self._sender.send(self._admit(requests))
            is_full = self._queues.in_flight > PAUSE_ABOVE_IN_FLIGHT
            await asyncio.sleep(BURST_PAUSE_S if is_full and not is_paced else 0)

    def _wake_bulk(self) -> None:
        self._bulk_pacer.wake(self._time())
        self._queues.changed.set()

    def _admit(self, requests: Sequence[AttemptRequest]) -> list[AttemptRequest]:
        """Return the requests that may be sent now; the others' deliveries wait."""
        now_s = self._time()
        admitted: list[AttemptRequest] = []
        organisation_id, tier, room = None, STANDARD, 0
        for request in requests:
            if request.organisation_id != organisation_id or request.message.tier != tier:
                organisation_id, tier = request.organisation_id, request.message.tier
                room = self._queues.tiers[tier].room(organisation_id)
            if request.enter(self._gates, now_s, organisation_room=room):
                admitted.append(request)
            else:
                self._postpone(request)
        return admitted

    def _postpone(self, request: AttemptRequest) -> None:
        """Let a delivery wait, and free its slot."""
        self._recorder.add(make_postponement(request))
        self._gates.note_waiting([request.recipient.subscription_id], tiers=1 << request.message.tier)
        self._finish(request)

    async def _record(self) -> None:
        """Write outcomes until the recorder is closed; then the last figures are written."""
        try:
            await self._recorder.run()
        finally:
            self._figures.close()

    def _on_recorded(self, results: Sequence[Result]) -> None:
        self._figures.add(results)
        self._retry_queue.forget_recorded(results)
        # What was noted earlier may have been revised by a claim that didn't see these rows yet.
        for subscription_id, tier in {
            (each.subscription_id, each.tier)
            for each in results
            if isinstance(each, Postponement) or each.status is DeliveryStatus.WAITING
        }:
            self._gates.note_waiting([subscription_id], tiers=1 << tier)

    async def _wake_sending_at(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._queues.changed.set()

    async def _drain(self) -> None:
        """Wait for the attempts in flight, but not longer than `DRAIN_S`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while self._queues.in_flight:
                    self._queues.changed.clear()
                    await self._queues.changed.wait()

    def _on_attempt_end(self, request: AttemptRequest, attempt: Attempt, retry_after_s: float | None) -> None:
        """Record the outcome of an attempt, and free its slot."""
        gate = request.gate
        if gate is not None:
            gate.leave(tier=request.message.tier)
            if attempt.error_class is None:
                gate.bucket.recover()
        outcome = make_outcome(
            request, attempt, schedule=self._schedule, retry_after_s=retry_after_s, now=self._clock.now
        )
        if outcome.throttled_for_s is not None:
            self._gates.throttle(outcome.subscription_id, for_s=outcome.throttled_for_s)
        self._recorder.add(outcome)
        self._finish(request)

    def _finish(self, request: AttemptRequest) -> None:
        """Free a request's slot, and finish its event if it was the last of the fan-out."""
        message = request.message
        self._queues.tiers[message.tier].free_slot(request.organisation_id, payload_bytes=message.stored_bytes)
        if request.fan_out is not None:
            request.fan_out.remaining -= 1
            if not request.fan_out.remaining:
                self._recorder.finish_event(message.event_id)
