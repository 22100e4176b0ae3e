"""`/v1/events` and `/v1/webhook_endpoints`."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, UnsetType

from ninefold.core.egress import InvalidTargetError
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.events import (
    ALL_EVENTS,
    EVENT_TYPES,
    WebhookEndpoint,
)
from ninefold.systems.payments.service.webhook_endpoints import (
    create_endpoint,
    delete_endpoint,
    update_endpoint,
)
from ninefold.systems.payments.store.pages import event_list, webhook_endpoint_list
from ninefold.systems.payments.stripe.calls import Call, NoParameters, read, write
from ninefold.systems.payments.stripe.errors import StripeError
from ninefold.systems.payments.stripe.finding import EVENTS, WEBHOOK_ENDPOINTS, find_event, find_webhook_endpoint
from ninefold.systems.payments.stripe.headers import VERSION
from ninefold.systems.payments.stripe.metadata import merge_metadata
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.others import show_event, show_webhook_endpoint
from ninefold.systems.payments.stripe.pages import CreatedPageParameters, PageParameters, page_query, show_page
from ninefold.systems.payments.stripe.parameters import given as given_fields
from ninefold.systems.payments.stripe.server import StripeServer

_ENDPOINTS: Final = "/v1/webhook_endpoints"
_ENDPOINT: Final = f"{_ENDPOINTS}/{{id:str}}"

Url = Annotated[str, msgspec.Meta(max_length=2_048)]


class ListEvents(CreatedPageParameters, frozen=True, kw_only=True):
    """Which events are listed."""

    type: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    """A type, or one that ends in `.*`."""
    types: list[str] | None = None


class NewWebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A new endpoint."""

    url: Url
    enabled_events: list[str]
    api_version: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    connect: Literal["false"] = "false"
    description: str | None = None
    metadata: dict[str, str] | None = {}


class ChangeWebhookEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What is changed."""

    url: Url | UnsetType = UNSET
    enabled_events: list[str] | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET


def event_routes(server: StripeServer) -> list[HTTPRouteHandler]:
    """Return the endpoints."""
    return [
        read(server, "/v1/events", ListEvents, list_events),
        read(server, "/v1/events/{id:str}", NoParameters, retrieve_event),
        write(server, _ENDPOINTS, NewWebhookEndpoint, create),
        read(server, _ENDPOINTS, PageParameters, list_webhook_endpoints),
        read(server, _ENDPOINT, NoParameters, retrieve),
        write(server, _ENDPOINT, ChangeWebhookEndpoint, update),
        write(server, _ENDPOINT, NoParameters, delete, method="DELETE"),
    ]


async def list_events(call: Call, connection: Connection, given: ListEvents) -> Json:
    """List events, newest first."""
    query = page_query(given, EVENTS)
    types, prefix = given.types, None
    if given.type is not None and given.type.endswith("*"):
        prefix = given.type.removesuffix("*")
    elif given.type is not None:
        types = [given.type]
    found = await event_list(connection, query, merchant_id=call.merchant.merchant_id, types=types, type_prefix=prefix)
    return show_page(query, found, lambda each: show_event(each, base_url=call.base_url), url=call.path)


async def retrieve_event(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Show an event."""
    return show_event(await find_event(connection, call.merchant, call.ids["id"]), base_url=call.base_url)


async def create(call: Call, connection: Connection, given: NewWebhookEndpoint) -> Json:
    """Create an endpoint; only this answer has its secret."""
    if given.api_version is not None and not VERSION.fullmatch(given.api_version):
        raise StripeError(f"Invalid Stripe API version: {given.api_version!r}", param="api_version")
    _check_types(given.enabled_events)
    fields = {
        "description": given.description,
        "api_version": given.api_version,
        "metadata": merge_metadata({}, given.metadata),
    }
    try:
        endpoint, secret = await create_endpoint(
            connection,
            call.server.delivery,
            call.merchant,
            url=given.url,
            enabled_events=given.enabled_events,
            fields=fields,
            at=call.at,
        )
    except InvalidTargetError as error:
        raise _invalid_url(error) from error
    return {**show_webhook_endpoint(endpoint), "secret": secret}


async def retrieve(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Show an endpoint."""
    return show_webhook_endpoint(await _find(call, connection))


async def update(call: Call, connection: Connection, given: ChangeWebhookEndpoint) -> Json:
    """Change an endpoint."""
    endpoint = await _find(call, connection)
    fields: dict[str, Any] = given_fields(url=given.url, description=given.description)
    if given.enabled_events is not UNSET:
        _check_types(given.enabled_events)
        fields["enabled_events"] = given.enabled_events
    if given.disabled is not UNSET:
        fields["is_enabled"] = not given.disabled
    if given.metadata is not UNSET:
        fields["metadata"] = merge_metadata(endpoint.metadata, given.metadata)
    try:
        changed = await update_endpoint(connection, call.server.delivery, endpoint, fields=fields)
    except InvalidTargetError as error:
        raise _invalid_url(error) from error
    return show_webhook_endpoint(changed)


async def delete(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Delete an endpoint."""
    await delete_endpoint(connection, call.server.delivery, await _find(call, connection))
    return {"id": call.ids["id"], "object": "webhook_endpoint", "deleted": True}


async def list_webhook_endpoints(call: Call, connection: Connection, given: PageParameters) -> Json:
    """List endpoints, newest first."""
    query = page_query(given, WEBHOOK_ENDPOINTS)
    found = await webhook_endpoint_list(connection, query, merchant_id=call.merchant.merchant_id)
    return show_page(query, found, show_webhook_endpoint, url=call.path)


async def _find(call: Call, connection: Connection) -> WebhookEndpoint:
    return await find_webhook_endpoint(connection, call.merchant, call.ids["id"])


def _check_types(types: list[str]) -> None:
    if not 1 <= len(types) <= len(EVENT_TYPES) + 1:
        raise StripeError("enabled_events needs at least one type of event.", param="enabled_events")
    for index, each in enumerate(types):
        if each != ALL_EVENTS and each not in EVENT_TYPES:
            param = f"enabled_events[{index}]"
            raise StripeError(f"Invalid {param}: must be one of {', '.join(EVENT_TYPES)}, or {ALL_EVENTS}", param=param)


def _invalid_url(error: InvalidTargetError) -> StripeError:
    return StripeError(f"Invalid URL: {error.detail}", code="url_invalid", param="url")
