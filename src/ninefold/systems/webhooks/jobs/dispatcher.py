"""The worker's main task: claim events and due deliveries, attempt each, hand the outcomes to the recorder.

    claim events  ──fan-out──┐
                             ├──▶ queues ──▶ sender ──▶ recorder ──▶ event log
    claim retries ───────────┘

No delivery row is written before its first outcome is known. A worker that dies in between is taken over by another,
which repeats only what was not recorded, with the same ids.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.egress import LocalLimitError
from ninefold.core.ids import derive_id
from ninefold.core.system import WorkerContext
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.jobs.event_log import EventLog, PostgresEventLog
from ninefold.systems.webhooks.jobs.recorder import TRANSIENT_ERRORS, OutcomeRecorder
from ninefold.systems.webhooks.jobs.retry_queue import RetryQueue
from ninefold.systems.webhooks.jobs.sender import AttemptRequest, OnEnd, Sender, make_message
from ninefold.systems.webhooks.jobs.tenant_queues import Load, TenantQueues
from ninefold.systems.webhooks.model import (
    EVENTS_CHANNEL,
    RETRIES_CHANNEL,
    Attempt,
    ClaimedDelivery,
    ClaimedEvent,
    Outcome,
    Recipient,
)
from ninefold.systems.webhooks.rules.retries import RetrySchedule, next_delay_s, status_after
from ninefold.systems.webhooks.service.directory import OrganisationRecipients, RecipientDirectory
from ninefold.systems.webhooks.settings import WebhooksSettings

EVENTS_POLL_S: Final = 0.5
"""Between two looks for events when no notifier rang; the notifier is a hint, this is the certainty."""

RETRIES_POLL_S: Final = 0.2
"""Between two looks for due deliveries; nobody rings when time passes."""

BURST: Final = 64
"""Attempts that begin together: signed first, then sent one right after another, which wakes a receiver once."""

CALM_IN_FLIGHT: Final = 64
BURST_PAUSE_S: Final = 0.002
"""With more than `CALM_IN_FLIGHT` under way, each burst is followed by this pause. Fast receivers answer in it, and
their connections serve the next burst; slow ones still let 32,000 attempts a second begin. An attempt costs half as
much with fifty connections in use as with a thousand."""

STOP_GRACE_S: Final = 8.0
"""How long attempts under way may take to end when the worker stops; the others are repeated elsewhere."""

ERROR_DELAY_S: Final = 1.0

log = structlog.get_logger(__name__)


class Dispatcher:
    """Attempts deliveries until it is told to stop."""

    name = "webhooks.dispatch"

    def __init__(self, context: WorkerContext[WebhooksSettings], *, event_log: EventLog | None = None) -> None:
        settings = context.settings
        self._database = context.database
        self._event_log = event_log or PostgresEventLog(context.database, context.lease)
        self._retry_queue = RetryQueue(context.database, context.lease)
        self._directory = RecipientDirectory()
        self._recorder = OutcomeRecorder(self._event_log, on_recorded=self._retry_queue.settle)
        self._sender = Sender(
            context.egress,
            context.clock,
            timeout_s=settings.attempt_timeout_s,
            response_body_kept_bytes=settings.response_body_kept_bytes,
        )
        self._clock = context.clock
        self._schedule = RetrySchedule(
            delays_s=settings.retry_delays_s,
            jitter_ratio=settings.retry_jitter_ratio,
            horizon_s=settings.retry_horizon_s,
        )
        self._stopping = asyncio.Event()
        self._events_notified = context.notifier.subscribe(EVENTS_CHANNEL)
        self._retries_notified = context.notifier.subscribe(RETRIES_CHANNEL)
        self._queues = TenantQueues(
            in_flight_max=min(settings.in_flight_max, context.egress.connections_max), on_room=self._look_again
        )
        self._queues_changed = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Attempt deliveries until `stopping` is set; then let those under way end, and record every outcome.

        Raises:
            LeaseLostError: others took this worker for dead.
        """
        self._stopping = stopping
        async with asyncio.TaskGroup() as recording:
            recording.create_task(self._recorder.run())
            try:
                async with asyncio.TaskGroup() as claiming:
                    claiming.create_task(self._begin_in_turn())
                    claiming.create_task(self._wake_at_stop())
                    claiming.create_task(
                        self._repeat(self._take_events, notified=self._events_notified, poll_s=EVENTS_POLL_S)
                    )
                    claiming.create_task(
                        self._repeat(self._take_retries, notified=self._retries_notified, poll_s=RETRIES_POLL_S)
                    )
                await self._let_end()
            finally:
                self._sender.close()
                self._recorder.close()

    async def _repeat(
        self,
        take: Callable[[], Awaitable[set[UUID]]],
        *,
        notified: asyncio.Event,
        poll_s: float,
    ) -> None:
        """Take work again and again; wait for the notified only when there is no more of it, or no more room for it."""
        stopping = self._stopping
        stop_wait = asyncio.create_task(stopping.wait())
        while not stopping.is_set():
            notified.clear()
            metrics.IN_FLIGHT.set(self._queues.in_flight)
            metrics.ORGANISATIONS_HELD_BACK.set(len(self._queues.held_back))
            try:
                await self._recorder.has_room()
                organisations = await take()
            except TRANSIENT_ERRORS as error:
                log.warning("webhooks.claim.failed", error=str(error))
                await asyncio.wait([stop_wait], timeout=ERROR_DELAY_S)
                continue
            self._queues.hold_back(organisations)
            if not organisations <= self._queues.held_back:
                continue
            notified_wait = asyncio.create_task(notified.wait())
            await asyncio.wait([notified_wait, stop_wait], timeout=poll_s, return_when=asyncio.FIRST_COMPLETED)
            notified_wait.cancel()
        await stop_wait

    async def _take_events(self) -> set[UUID]:
        """Claim events, and let their deliveries wait in the queues; return whose they are."""
        events = await self._event_log.claim(self._queues.budget())
        for position, event in enumerate(events):
            try:
                recipients = await self._recipients(event.organisation_id, version=event.subscription_version)
                await self._fan_out(event, recipients)
            except TRANSIENT_ERRORS:
                self._event_log.give_back(events[position:])
                raise
        return {event.organisation_id for event in events}

    async def _take_retries(self) -> set[UUID]:
        """Claim deliveries that are due, and let them wait in the queues; return whose they are."""
        deliveries = await self._retry_queue.claim(self._queues.budget())
        unwanted: list[ClaimedDelivery] = []
        for position, delivery in enumerate(deliveries):
            try:
                recipients = await self._recipients(delivery.organisation_id, version=delivery.subscription_version)
            except TRANSIENT_ERRORS:
                self._retry_queue.give_back([*unwanted, *deliveries[position:]])
                raise
            recipient = recipients.find(delivery.subscription_id)
            if recipient is None:
                unwanted.append(delivery)
            else:
                self._retry(delivery, recipient)
        if unwanted:
            await self._retry_queue.cancel(unwanted)
        return {delivery.organisation_id for delivery in deliveries}

    async def _recipients(self, organisation_id: UUID, *, version: int) -> OrganisationRecipients:
        cached = self._directory.find(organisation_id, version=version)
        if cached is not None:
            return cached
        async with self._database.connection() as connection:
            return await self._directory.load(connection, organisation_id)

    async def _fan_out(self, event: ClaimedEvent, recipients: OrganisationRecipients) -> None:
        """Let the first attempt of each delivery of an event wait, as far as it has no outcome yet."""
        wanting = [
            recipient for recipient in recipients.wanting(event.event_type) if recipient.created_at <= event.accepted_at
        ]
        if event.claim_count > 1:
            delivery_ids = [derive_id(event.event_id, recipient.subscription_id) for recipient in wanting]
            known = await self._retry_queue.known(delivery_ids)
            wanting = [
                recipient
                for delivery_id, recipient in zip(delivery_ids, wanting, strict=True)
                if delivery_id not in known
            ]
        if not wanting:
            self._recorder.finish_event(event.event_id)
            return
        fan_out = _FanOut(event.event_id, remaining=len(wanting), recorder=self._recorder, on_end=self._on_end)
        message = make_message(event.event_id, event.payload)
        requests = (
            AttemptRequest(
                message=message,
                recipient=recipient,
                delivery_id=derive_id(event.event_id, recipient.subscription_id),
                organisation_id=event.organisation_id,
                attempt_number=1,
                round_attempt_count=1,
                round_started_at=event.accepted_at,
                on_end=fan_out.on_end,
            )
            for recipient in wanting
        )
        load = Load(requests, count=len(wanting), payload_bytes=len(event.payload))
        self._queues.add(event.organisation_id, load)
        self._queues_changed.set()

    def _retry(self, delivery: ClaimedDelivery, recipient: Recipient) -> None:
        """Let a further attempt of a delivery wait."""
        request = AttemptRequest(
            message=make_message(delivery.event_id, delivery.payload),
            recipient=recipient,
            delivery_id=delivery.delivery_id,
            organisation_id=delivery.organisation_id,
            attempt_number=delivery.attempt_count + 1,
            round_attempt_count=delivery.round_attempt_count + 1,
            round_started_at=delivery.round_started_at,
            on_end=self._on_end,
        )
        self._queues.add(delivery.organisation_id, Load([request], count=1, payload_bytes=len(delivery.payload)))
        self._queues_changed.set()

    async def _begin_in_turn(self) -> None:
        """Begin the attempts that wait, as slots are free; not when the worker stops: then others make them."""
        while not self._stopping.is_set():
            self._queues_changed.clear()
            requests = self._queues.begin(BURST)
            if requests:
                self._sender.send(requests)
                await asyncio.sleep(BURST_PAUSE_S if self._queues.in_flight > CALM_IN_FLIGHT else 0)
            else:
                await self._queues_changed.wait()

    def _look_again(self) -> None:
        """Let both claims look again."""
        self._events_notified.set()
        self._retries_notified.set()

    def _on_end(self, request: AttemptRequest, attempt: Attempt, retry_after_s: float | None) -> None:
        """Hand what came of an attempt to the recorder, and its slot to the next."""
        retry_delay_s: float | None = None
        # An attempt that Ninefold itself kept from being made uses up none of the receiver's.
        is_counted = attempt.error_class != LocalLimitError.error_class
        round_attempt_count = request.round_attempt_count - (not is_counted)
        if attempt.error_class is not None:
            retry_delay_s = next_delay_s(
                self._schedule,
                attempts_made=max(1, round_attempt_count),
                elapsed_s=(self._clock.now() - request.round_started_at).total_seconds(),
                retry_after_s=retry_after_s,
                random_unit=random.random(),  # noqa: S311 - spreads load, guards nothing.
            )
        self._recorder.add(
            Outcome(
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
        )
        self._queues.end(request)
        self._queues_changed.set()

    async def _wake_at_stop(self) -> None:
        """Let whoever waits for a slot see that there is no more use for it."""
        await self._stopping.wait()
        self._queues_changed.set()

    async def _let_end(self) -> None:
        """Wait for the attempts under way, as long as the grace lasts."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_GRACE_S):
                while self._queues.in_flight:
                    self._queues_changed.clear()
                    await self._queues_changed.wait()


class _FanOut:
    """An event whose deliveries are having their first attempts; with the last outcome, it is finished."""

    __slots__ = ("_event_id", "_on_end", "_recorder", "_remaining")

    def __init__(self, event_id: UUID, *, remaining: int, recorder: OutcomeRecorder, on_end: OnEnd) -> None:
        self._event_id = event_id
        self._remaining = remaining
        self._recorder = recorder
        self._on_end = on_end

    def on_end(self, request: AttemptRequest, attempt: Attempt, retry_after_s: float | None) -> None:
        """Pass on what came of a first attempt, and count it."""
        self._on_end(request, attempt, retry_after_s)
        self._remaining -= 1
        if self._remaining == 0:
            self._recorder.finish_event(self._event_id)
