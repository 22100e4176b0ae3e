"""Claims events and due deliveries, and adds their attempts to the queues.

    claim events  ──fan-out──┐
                             ├──▶ queues
    claim retries ───────────┘

If a worker dies while it holds an event, another worker claims the event again and makes only the attempts that have no
recorded outcome.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from ninefold.core.ids import derive_id
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.tenant_queues import Batch, TenantQueues
from ninefold.systems.webhooks.jobs.event_log import EventLog
from ninefold.systems.webhooks.jobs.message import FanOut, make_message
from ninefold.systems.webhooks.jobs.recorder import OutcomeRecorder
from ninefold.systems.webhooks.jobs.retry_queue import RetryQueue
from ninefold.systems.webhooks.jobs.sender import AttemptRequest
from ninefold.systems.webhooks.model import ClaimedDelivery, ClaimedEvent, Recipient
from ninefold.systems.webhooks.service.recipients import OrganisationRecipients, RecipientCache


class Claimer:
    """Claims work for a worker, and queues its attempts until a slot is free.

    Args:
        database: where the subscriptions are stored.
        event_log: where events are claimed.
        retry_queue: where due deliveries are claimed.
        queues: where the attempts wait.
        recorder: finishes the events that need no attempt.
    """

    def __init__(
        self,
        database: Database,
        *,
        event_log: EventLog,
        retry_queue: RetryQueue,
        queues: TenantQueues[AttemptRequest],
        recorder: OutcomeRecorder,
    ) -> None:
        self._database = database
        self._event_log = event_log
        self._retry_queue = retry_queue
        self._queues = queues
        self._recorder = recorder
        self._recipient_cache = RecipientCache()

    async def claim_events(self) -> set[UUID]:
        """Claim events and queue their first attempts; return the events' organisations.

        Raises:
            DatabaseUnavailableError: claimed events that weren't queued are given back.
            LeaseLostError: this worker's lease has expired.
        """
        events = await self._event_log.claim(self._queues.budget())
        for position, event in enumerate(events):
            try:
                recipients = await self._recipients(event.organisation_id, version=event.subscription_version)
                unattempted = await self._recipients_without_outcome(event, recipients)
            except DatabaseUnavailableError:
                self._event_log.give_back(events[position:])
                raise
            self._queue_first_attempts(event, unattempted)
        return {event.organisation_id for event in events}

    async def claim_retries(self) -> set[UUID]:
        """Claim due deliveries and queue their next attempts; return the deliveries' organisations.

        Raises:
            DatabaseUnavailableError: claimed deliveries that weren't queued are given back.
            LeaseLostError: this worker's lease has expired.
        """
        deliveries = await self._retry_queue.claim(self._queues.budget())
        without_recipient: list[ClaimedDelivery] = []
        for position, delivery in enumerate(deliveries):
            try:
                recipients = await self._recipients(delivery.organisation_id, version=delivery.subscription_version)
            except DatabaseUnavailableError:
                self._retry_queue.give_back([*without_recipient, *deliveries[position:]])
                raise
            recipient = recipients.find(delivery.subscription_id, event_type=delivery.event_type)
            if recipient is None:
                without_recipient.append(delivery)
            else:
                self._queue_retry(delivery, recipient)
        if without_recipient:
            await self._retry_queue.cancel(without_recipient)
        return {delivery.organisation_id for delivery in deliveries}

    async def _recipients(self, organisation_id: UUID, *, version: int) -> OrganisationRecipients:
        cached = self._recipient_cache.find(organisation_id, version=version)
        if cached is not None:
            return cached
        async with self._database.connection() as connection:
            return await self._recipient_cache.load(connection, organisation_id)

    async def _recipients_without_outcome(
        self, event: ClaimedEvent, recipients: OrganisationRecipients
    ) -> Sequence[Recipient]:
        """Return the recipients of an event whose delivery has no recorded outcome."""
        matching = [
            recipient
            for recipient in recipients.matching(event.event_type)
            if recipient.created_at <= event.accepted_at
        ]
        if event.claim_count == 1:
            return matching
        delivery_ids = [derive_id(event.event_id, recipient.subscription_id) for recipient in matching]
        recorded = await self._retry_queue.find_recorded(delivery_ids)
        return [
            recipient
            for delivery_id, recipient in zip(delivery_ids, matching, strict=True)
            if delivery_id not in recorded
        ]

    def _queue_first_attempts(self, event: ClaimedEvent, recipients: Sequence[Recipient]) -> None:
        if not recipients:
            self._recorder.finish_event(event.event_id)
            return
        batch = Batch(_first_attempts(event, recipients), count=len(recipients), payload_bytes=len(event.payload))
        self._queues.add(event.organisation_id, batch)

    def _queue_retry(self, delivery: ClaimedDelivery, recipient: Recipient) -> None:
        request = AttemptRequest(
            message=make_message(delivery.event_id, event_type=delivery.event_type, payload=delivery.payload),
            recipient=recipient,
            delivery_id=delivery.delivery_id,
            organisation_id=delivery.organisation_id,
            attempt_number=delivery.attempt_count + 1,
            round_attempt_count=delivery.round_attempt_count + 1,
            round_started_at=delivery.round_started_at,
            fan_out=None,
        )
        self._queues.add(delivery.organisation_id, Batch([request], count=1, payload_bytes=len(delivery.payload)))


def _first_attempts(event: ClaimedEvent, recipients: Sequence[Recipient]) -> Iterator[AttemptRequest]:
    """Yield the first attempts of an event's deliveries; each is created when it starts."""
    message = make_message(event.event_id, event_type=event.event_type, payload=event.payload)
    fan_out = FanOut(len(recipients))
    for recipient in recipients:
        yield AttemptRequest(
            message=message,
            recipient=recipient,
            delivery_id=derive_id(event.event_id, recipient.subscription_id),
            organisation_id=event.organisation_id,
            attempt_number=1,
            round_attempt_count=1,
            round_started_at=event.accepted_at,
            fan_out=fan_out,
        )
