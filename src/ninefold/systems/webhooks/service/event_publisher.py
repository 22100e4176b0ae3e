"""Publishing for other systems, as `contracts/webhooks.py` defines it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from ninefold.contracts.webhooks import EventToPublish
from ninefold.core.errors import NinefoldError
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import EVENTS_CHANNEL
from ninefold.systems.webhooks.service.publishing import EventDraft, publish_events
from ninefold.systems.webhooks.service.recipients import RecipientCache


class WebhooksEventPublisher:
    """Publishes the events of other systems like those of the API."""

    channel: Final = EVENTS_CHANNEL

    def __init__(self) -> None:
        self._recipient_cache = RecipientCache()

    async def publish(
        self, connection: Connection, *, organisation_id: UUID, events: Sequence[EventToPublish]
    ) -> list[UUID]:
        """Publish events in the caller's transaction; return their ids, in order.

        Raises:
            NinefoldError: an event was refused.
        """
        drafts = [
            EventDraft(
                event_type=event.event_type,
                payload=event.payload,
                idempotency_key=event.idempotency_key,
                tier=event.tier,
            )
            for event in events
        ]
        results = await publish_events(
            connection, self._recipient_cache, organisation_id=organisation_id, drafts=drafts, is_by_user=False
        )
        event_ids = []
        for result in results:
            if isinstance(result, NinefoldError):
                raise result
            event_ids.append(result.event_id)
        return event_ids
