"""The worker's main task: attempt claimed deliveries and record the outcomes.

    claimer ──▶ queues ──▶ sender ──▶ recorder ──▶ event log

A delivery has no row before its first outcome is known. If the worker dies before that, another worker takes over and
repeats only what wasn't recorded, with the same ids.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

from ninefold.core.egress import LocalLimitError
from ninefold.core.queue.claim_loop import repeat_claim
from ninefold.core.queue.tenant_queues import TenantQueues
from ninefold.core.system import WorkerContext
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.jobs.claimer import Claimer
from ninefold.systems.webhooks.jobs.event_log import PostgresEventLog
from ninefold.systems.webhooks.jobs.limits import queue_limits
from ninefold.systems.webhooks.jobs.recorder import OutcomeRecorder
from ninefold.systems.webhooks.jobs.retry_queue import RetryQueue
from ninefold.systems.webhooks.jobs.sender import AttemptRequest, Sender
from ninefold.systems.webhooks.model import EVENTS_CHANNEL, RETRIES_CHANNEL, Attempt, Outcome
from ninefold.systems.webhooks.rules.retries import RetrySchedule, next_delay_s, status_after
from ninefold.systems.webhooks.settings import WebhooksSettings

EVENTS_POLL_S: Final = 0.5
"""Seconds between claims of events without a notification, since notifications can get lost."""

RETRIES_POLL_S: Final = 0.2
"""Seconds between claims of due deliveries. There is no notification when a delivery becomes due."""

BURST_MAX: Final = 64
"""Attempts that start together: all are signed first, then sent right after each other, which wakes a receiver once."""

PAUSE_ABOVE_IN_FLIGHT: Final = 64
BURST_PAUSE_S: Final = 0.002
"""The pause after a burst while more than `PAUSE_ABOVE_IN_FLIGHT` attempts are in flight. During the pause, fast
receivers answer and their connections become free for the next burst: with fifty connections in use, an attempt costs
half as much as with a thousand. The pause still allows 32,000 attempts per second."""

DRAIN_S: Final = 8.0
"""How long a stopping worker waits for attempts in flight. Another worker repeats those that take longer."""


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
        self._queues: TenantQueues[AttemptRequest] = TenantQueues(
            queue_limits(in_flight_max=min(settings.in_flight_max, context.egress.connections_max)),
            on_room=self._claim_again,
        )
        self._sender = Sender(
            context.egress,
            context.clock,
            on_attempt_end=self._on_attempt_end,
            timeout_s=settings.attempt_timeout_s,
            response_body_kept_bytes=settings.response_body_kept_bytes,
        )
        event_log = PostgresEventLog(context.database, context.lease)
        retry_queue = RetryQueue(context.database, context.lease)
        self._recorder = OutcomeRecorder(event_log, on_recorded=retry_queue.forget_recorded)
        self._claimer = Claimer(
            context.database,
            event_log=event_log,
            retry_queue=retry_queue,
            queues=self._queues,
            recorder=self._recorder,
        )
        self._events_notified = context.notifier.subscribe(EVENTS_CHANNEL)
        self._retries_notified = context.notifier.subscribe(RETRIES_CHANNEL)

    async def run(self, stopping: asyncio.Event) -> None:
        """Attempt deliveries until `stopping` is set. Then wait for those in flight and record every outcome.

        Raises:
            LeaseLostError: this worker's lease has expired.
        """
        async with asyncio.TaskGroup() as recording:
            recording.create_task(self._recorder.run())
            try:
                async with asyncio.TaskGroup() as claiming:
                    claiming.create_task(self._claim_events(stopping))
                    claiming.create_task(self._claim_retries(stopping))
                    claiming.create_task(self._send_queued(stopping))
                    claiming.create_task(self._wake_sending_at(stopping))
                await self._drain()
            finally:
                self._sender.close()
                self._recorder.close()

    async def _claim_events(self, stopping: asyncio.Event) -> None:
        await repeat_claim(
            lambda: self._claim(self._claimer.claim_events),
            name="webhooks.events",
            notified=self._events_notified,
            poll_s=EVENTS_POLL_S,
            stopping=stopping,
        )

    async def _claim_retries(self, stopping: asyncio.Event) -> None:
        await repeat_claim(
            lambda: self._claim(self._claimer.claim_retries),
            name="webhooks.retries",
            notified=self._retries_notified,
            poll_s=RETRIES_POLL_S,
            stopping=stopping,
        )

    async def _claim(self, claim: Callable[[], Awaitable[set[UUID]]]) -> bool:
        """Claim as soon as the recorder has room for more outcomes; return whether to claim again at once."""
        metrics.IN_FLIGHT.set(self._queues.in_flight)
        metrics.ORGANISATIONS_HELD_BACK.set(len(self._queues.held_back))
        await self._recorder.wait_for_room()
        return self._queues.hold_back_full(await claim())

    def _claim_again(self) -> None:
        self._events_notified.set()
        self._retries_notified.set()

    async def _send_queued(self, stopping: asyncio.Event) -> None:
        """Send queued attempts as slots become free, until the worker stops. Other workers send what is left."""
        while not stopping.is_set():
            requests = self._queues.take(BURST_MAX)
            if requests:
                self._sender.send(requests)
                await asyncio.sleep(BURST_PAUSE_S if self._queues.in_flight > PAUSE_ABOVE_IN_FLIGHT else 0)
            else:
                await self._queues.changed.wait()

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
        """Record the outcome of an attempt, free its slot, and finish its event if it was the last of the fan-out."""
        self._recorder.add(self._outcome_of(request, attempt, retry_after_s))
        self._queues.free_slot(request.organisation_id, payload_bytes=request.message.stored_bytes)
        if request.fan_out is not None:
            request.fan_out.remaining -= 1
            if not request.fan_out.remaining:
                self._recorder.finish_event(request.message.event_id)

    def _outcome_of(self, request: AttemptRequest, attempt: Attempt, retry_after_s: float | None) -> Outcome:
        """Return the outcome of an attempt: the delivery's new state and the delay before its next attempt."""
        retry_delay_s: float | None = None
        # An attempt that was prevented by a limit of Ninefold doesn't count towards the round's attempts.
        is_counted = attempt.error_class != LocalLimitError.error_class
        round_attempt_count = request.round_attempt_count - (not is_counted)
        if attempt.error_class is not None:
            retry_delay_s = next_delay_s(
                self._schedule,
                attempts_made=max(1, round_attempt_count),
                elapsed_s=(self._clock.now() - request.round_started_at).total_seconds(),
                retry_after_s=retry_after_s,
                random_unit=random.random(),  # noqa: S311 - jitter, not security.
            )
        return Outcome(
            delivery_id=request.delivery_id,
            organisation_id=request.organisation_id,
            event_id=request.message.event_id,
            subscription_id=request.recipient.subscription_id,
            attempt=attempt,
            status=status_after(is_successful=attempt.error_class is None, retry_delay_s=retry_delay_s),
            round_attempt_count=round_attempt_count,
            round_started_at=request.round_started_at,
            retry_delay_s=retry_delay_s,
        )
