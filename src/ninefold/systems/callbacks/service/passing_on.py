"""Pass verified callbacks on to webhook delivery, in the caller's transaction."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

import msgspec

from ninefold.contracts.callbacks import CALLBACK_CONSUMER, CallbackConsumer
from ninefold.contracts.webhooks import (
    EVENT_PUBLISHER,
    REQUEST_FORWARDER,
    EventPublisher,
    EventToPublish,
    ForwardedRequest,
    RequestForwarder,
)
from ninefold.core.contracts import Implementations
from ninefold.core.jobs import JOBS_CHANNEL
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.callbacks.rules.outgoing import Outgoing, route_of


class WebhookDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What webhook delivery offers."""

    publisher: EventPublisher
    forwarder: RequestForwarder
    consumer: CallbackConsumer
    """What else takes verified callbacks."""

    @classmethod
    def find(cls, implementations: Implementations) -> "WebhookDelivery":
        """Return the implementations of its contracts."""
        return cls(
            publisher=implementations.find(EVENT_PUBLISHER),
            forwarder=implementations.find(REQUEST_FORWARDER),
            consumer=implementations.find(CALLBACK_CONSUMER),
        )

    def notify(self, notifier: Notifier) -> None:
        """Let what was passed on be delivered at once. Call it after the commit."""
        for channel in {self.publisher.channel, self.forwarder.channel, JOBS_CHANNEL}:
            notifier.notify(channel)


async def pass_on(connection: Connection, delivery: WebhookDelivery, outgoing: Iterable[Outgoing]) -> dict[UUID, UUID]:
    """Publish or forward callbacks; return the id of each one's event."""
    published: defaultdict[UUID, dict[UUID, EventToPublish]] = defaultdict(dict)
    forwarded: defaultdict[tuple[UUID, UUID], dict[UUID, ForwardedRequest]] = defaultdict(dict)
    for each in outgoing:
        if isinstance(each.content, EventToPublish):
            published[each.organisation_id][each.callback_id] = each.content
        else:
            forwarded[each.organisation_id, each.source.source_id][each.callback_id] = each.content
    event_ids: dict[UUID, UUID] = {}
    for organisation_id, events in published.items():
        ids = await delivery.publisher.publish(
            connection, organisation_id=organisation_id, events=list(events.values())
        )
        event_ids.update(zip(events, ids, strict=True))
    for (organisation_id, source_id), requests in forwarded.items():
        ids = await delivery.forwarder.forward(
            connection, organisation_id=organisation_id, route=route_of(source_id), requests=list(requests.values())
        )
        event_ids.update(zip(requests, ids, strict=True))
    return event_ids
