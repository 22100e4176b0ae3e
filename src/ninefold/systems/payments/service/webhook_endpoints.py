"""Where a merchant's events are sent: a subscription of webhook delivery for each endpoint."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.contracts.webhooks import RequestForwarder
from ninefold.core.egress import AddressPolicy
from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.systems.payments.errors import TooManyWebhookEndpointsError, WebhookEndpointNotFoundError
from ninefold.systems.payments.model.events import WEBHOOK_ENDPOINT_PREFIX, WebhookEndpoint
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.store import events as store

ENDPOINTS_MAX: Final = 16
"""Of a merchant, as in Stripe's API."""


class EndpointDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """What endpoints need of webhook delivery."""

    forwarder: RequestForwarder
    egress_policy: AddressPolicy
    sealer: Sealer


async def create_endpoint(
    connection: Connection,
    delivery: EndpointDelivery,
    merchant: Merchant,
    *,
    url: str,
    enabled_events: Sequence[str],
    fields: Mapping[str, Any],
    at: datetime,
) -> tuple[WebhookEndpoint, str]:
    """Create an endpoint, and return it with the secret that signs; call it in a transaction.

    Raises:
        InvalidTargetError: requests can't be sent to the URL.
        TooManyWebhookEndpointsError: the merchant has as many as it can have.
        TooManySubscriptionsError: its organisation has too many subscriptions.
    """
    if await store.webhook_endpoint_count(connection, merchant_id=merchant.merchant_id) >= ENDPOINTS_MAX:
        raise TooManyWebhookEndpointsError(
            f"You have reached the maximum of {ENDPOINTS_MAX} webhook endpoints.", remedy="Delete one."
        )
    endpoint_id = new_id()
    target = await delivery.forwarder.open(
        connection,
        delivery.egress_policy,
        delivery.sealer,
        organisation_id=merchant.organisation_id,
        route=route_of(endpoint_id),
        url=url,
        description=f"Events of the merchant {merchant.name}",
    )
    endpoint = WebhookEndpoint(
        webhook_endpoint_id=endpoint_id,
        organisation_id=merchant.organisation_id,
        merchant_id=merchant.merchant_id,
        subscription_id=target.subscription_id,
        url=url,
        enabled_events=enabled_events,
        is_enabled=True,
        created_at=at,
        **fields,
    )
    await store.webhook_endpoint_save(connection, endpoint)
    return endpoint, target.secret


async def update_endpoint(
    connection: Connection, delivery: EndpointDelivery, endpoint: WebhookEndpoint, *, fields: Mapping[str, Any]
) -> WebhookEndpoint:
    """Change an endpoint, and return it; call it in a transaction.

    Raises:
        InvalidTargetError: requests can't be sent to the URL.
    """
    changed = msgspec.structs.replace(endpoint, **fields)
    if changed.url != endpoint.url:
        await delivery.forwarder.change_url(
            connection,
            delivery.egress_policy,
            organisation_id=endpoint.organisation_id,
            subscription_id=endpoint.subscription_id,
            url=changed.url,
        )
    await store.webhook_endpoint_save(connection, changed)
    return changed


async def delete_endpoint(connection: Connection, delivery: EndpointDelivery, endpoint: WebhookEndpoint) -> None:
    """Delete an endpoint with its subscription; call it in a transaction."""
    await delivery.forwarder.close(
        connection, organisation_id=endpoint.organisation_id, subscription_id=endpoint.subscription_id
    )
    await store.webhook_endpoint_delete(connection, webhook_endpoint_id=endpoint.webhook_endpoint_id)


async def get_endpoint(connection: Connection, *, merchant_id: UUID, webhook_endpoint_id: UUID) -> WebhookEndpoint:
    """Return an endpoint.

    Raises:
        WebhookEndpointNotFoundError: the merchant has no such endpoint.
    """
    endpoint = await store.webhook_endpoint_find(
        connection, merchant_id=merchant_id, webhook_endpoint_id=webhook_endpoint_id
    )
    if endpoint is None:
        shown = format_id(WEBHOOK_ENDPOINT_PREFIX, webhook_endpoint_id)
        raise WebhookEndpointNotFoundError(f"No such webhook endpoint: '{shown}'", field="id")
    return endpoint


def route_of(webhook_endpoint_id: UUID) -> str:
    """Return what webhook delivery calls the requests to an endpoint."""
    return f"payments.{format_id(WEBHOOK_ENDPOINT_PREFIX, webhook_endpoint_id)}"
