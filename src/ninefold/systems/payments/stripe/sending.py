"""The worker's task that hands events to webhook delivery: each event once to each endpoint that wants it."""

import asyncio
from collections import defaultdict
from typing import Final
from uuid import UUID

import msgspec
import structlog

from ninefold import __version__
from ninefold.contracts.webhooks import REQUEST_FORWARDER, ForwardedRequest
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.system import WorkerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.payments.model.events import Event, WebhookEndpoint
from ninefold.systems.payments.service.webhook_endpoints import route_of
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.store import events as store
from ninefold.systems.payments.stripe.objects.others import show_event

POLL_INTERVAL_S: Final = 0.5
BATCH: Final = 200

_HEADERS: Final = (
    (b"content-type", b"application/json; charset=utf-8"),
    (b"user-agent", f"Ninefold/{__version__}".encode()),
)

log = structlog.get_logger(__name__)


class EventSender:
    """Hands events over until the worker stops."""

    name = "payments.stripe_events"

    def __init__(self, context: WorkerContext[PaymentsSettings]) -> None:
        self._context: Final = context
        self._forwarder: Final = context.implementations.find(REQUEST_FORWARDER)

    async def run(self, stopping: asyncio.Event) -> None:
        """Hand events over until `stopping` is set."""
        while not stopping.is_set():
            try:
                count = await self.forward_batch()
            except DatabaseUnavailableError as error:
                log.info("payments.stripe_events.unavailable", error=str(error))
                count = 0
            if count < BATCH:
                await wait_for_any(stopping, timeout_s=POLL_INTERVAL_S)

    async def forward_batch(self) -> int:
        """Hand a batch of events over, in one transaction; return how many they were."""
        async with self._context.database.transaction() as connection:
            events = await store.event_claim_to_forward(connection, limit=BATCH)
            if not events:
                return 0
            await self._forward(connection, events)
            ids = [event.event_id for event in events]
            await store.event_mark_forwarded(connection, event_ids=ids, at=self._context.clock.now())
        self._context.notifier.notify(self._forwarder.channel)
        return len(events)

    async def _forward(self, connection: Connection, events: list[Event]) -> None:
        merchant_ids = list({event.merchant_id for event in events})
        endpoints: defaultdict[UUID, list[WebhookEndpoint]] = defaultdict(list)
        for endpoint in await store.webhook_endpoint_list_enabled(connection, merchant_ids=merchant_ids):
            endpoints[endpoint.merchant_id].append(endpoint)
        for merchant_id, own in endpoints.items():
            for endpoint in own:
                wanted = [each for each in events if each.merchant_id == merchant_id and endpoint.wants(each.type)]
                if wanted:
                    await self._forward_to(connection, endpoint, wanted)

    async def _forward_to(self, connection: Connection, endpoint: WebhookEndpoint, events: list[Event]) -> None:
        forwarded = await self._forwarder.forward(
            connection,
            organisation_id=endpoint.organisation_id,
            route=route_of(endpoint.webhook_endpoint_id),
            requests=[self._request(event, endpoint) for event in events],
        )
        await store.event_forward_insert_many(
            connection, endpoint, event_ids=[event.event_id for event in events], webhook_event_ids=forwarded
        )

    def _request(self, event: Event, endpoint: WebhookEndpoint) -> ForwardedRequest:
        base_url = self._context.settings.public_url or ""
        shown = show_event(event, base_url=base_url, api_version=endpoint.api_version)
        return ForwardedRequest(headers=_HEADERS, body=msgspec.json.encode(shown), signature="stripe")
