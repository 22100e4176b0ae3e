"""The commands of webhook delivery: `subscriptions …`, `events …`, `deliveries …`, over the HTTP API."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import cyclopts
import msgspec
from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    print_fields,
    print_json,
    print_note,
    print_table,
    state_text,
)
from ninefold.core.errors import InvalidInputError
from ninefold.systems.webhooks.model import DeliveryStatus

_STANDARD_INPUT: Final = "-"
_SUBSCRIPTIONS: Final = "/api/v1/subscriptions"
_EVENTS: Final = "/api/v1/events"
_DELIVERIES: Final = "/api/v1/deliveries"
_SHOWN_ONCE: Final = (
    "Keep the secret now: it isn't shown again. `ninefold subscriptions rotate-secret` makes a new one."
)

subscriptions = App(name="subscriptions", help="Say where which events are delivered.")
events = App(name="events", help="Publish events and look at them.")
deliveries = App(name="deliveries", help="Look at deliveries and retry them.")

EventTypes = Annotated[list[str], Parameter(name=["--event-type", "-t"], negative="")]
Limit = Annotated[int, Parameter(validator=cyclopts.validators.Number(gte=1, lte=100))]


@subscriptions.command(name="create")
def create_subscription(
    url: str, *, event_types: EventTypes, description: str = "", api: ApiOptions = FROM_ENVIRONMENT
) -> None:
    """Deliver events to a URL; prints the secret that verifies them, this once.

    Args:
        url: Where deliveries go: http or https.
        event_types: A type, order.* for all below order, or *; may be given more than once.
        description: For people.
        api: Which server to ask.
    """
    body = {"url": url, "event_types": event_types, "description": description}
    with api.client() as client:
        created = client.post(_SUBSCRIPTIONS, body)
    _show_fields(created, api)
    if not api.json:
        print_note(_SHOWN_ONCE)


@subscriptions.command(name="list")
def list_subscriptions(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List subscriptions, newest first.

    Args:
        limit: How many, at most.
        cursor: Where to go on, as the page before said.
        api: Which server to ask.
    """
    with api.client() as client:
        page = client.get(_SUBSCRIPTIONS, limit=limit, cursor=cursor)
    if api.json:
        print_json(page)
        return
    print_table(
        ["Subscription", "URL", "Event types", "Description"],
        [
            [item["subscription_id"], item["url"], ", ".join(item["event_types"]), item["description"]]
            for item in page["items"]
        ],
        empty="No subscriptions yet. Make one: ninefold subscriptions create https://example.com/hooks -t 'order.*'",
    )
    _tell_next(page)


@subscriptions.command(name="show")
def show_subscription(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show one subscription.

    Args:
        subscription_id: Such as sub_01h455vb4pex5vsknk084sn02q.
        api: Which server to ask.
    """
    with api.client() as client:
        _show_fields(client.get(_path(_SUBSCRIPTIONS, subscription_id)), api)


@subscriptions.command(name="update")
def update_subscription(
    subscription_id: str,
    *,
    url: str | None = None,
    event_types: EventTypes | None = None,
    description: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Change a subscription; what isn't given stays.

    Args:
        subscription_id: Such as sub_01h455vb4pex5vsknk084sn02q.
        url: Where deliveries go from now on.
        event_types: The types from now on, all of them.
        description: For people.
        api: Which server to ask.
    """
    parts = {"url": url, "event_types": event_types, "description": description}
    body = {name: value for name, value in parts.items() if value is not None}
    with api.client() as client:
        _show_fields(client.patch(_path(_SUBSCRIPTIONS, subscription_id), body), api)


@subscriptions.command(name="delete")
def delete_subscription(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Stop delivering to a subscription; deliveries that wait for an attempt are canceled.

    Args:
        subscription_id: Such as sub_01h455vb4pex5vsknk084sn02q.
        api: Which server to ask.
    """
    with api.client() as client:
        client.delete(_path(_SUBSCRIPTIONS, subscription_id))
    if api.json:
        print_json({"subscription_id": subscription_id, "status": "deleted"})
    else:
        print_note(f"Deleted {subscription_id}.")


@subscriptions.command(name="rotate-secret")
def rotate_secret(subscription_id: str, *, grace_s: int = 86_400, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Make a new secret and print it, this once; the old one keeps signing for a while.

    Args:
        subscription_id: Such as sub_01h455vb4pex5vsknk084sn02q.
        grace_s: Seconds for which the old secrets keep signing; 0 after a leak.
        api: Which server to ask.
    """
    with api.client() as client:
        rotated = client.post(_path(_SUBSCRIPTIONS, subscription_id, "rotate-secret"), {"grace_s": grace_s})
    _show_fields(rotated, api)
    if not api.json:
        print_note(_SHOWN_ONCE)


@events.command(name="publish")
def publish_event(
    event_type: str,
    payload: str = _STANDARD_INPUT,
    *,
    idempotency_key: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Publish an event.

    Args:
        event_type: Such as order.created.
        payload: JSON text, @file, or - for standard input; its bytes are delivered unchanged.
        idempotency_key: The same key and content again don't make a second event.
        api: Which server to ask.
    """
    with api.client() as client:
        content = _event_body(event_type, _read_payload(payload), idempotency_key)
        _show_fields(client.request("POST", _EVENTS, content=content), api)


@events.command(name="list")
def list_events(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List events, newest first.

    Args:
        limit: How many, at most.
        cursor: Where to go on, as the page before said.
        api: Which server to ask.
    """
    with api.client() as client:
        page = client.get(_EVENTS, limit=limit, cursor=cursor)
    if api.json:
        print_json(page)
        return
    print_table(
        ["Event", "Type", "Status", "Deliveries", "Accepted at"],
        [
            [
                item["event_id"],
                item["event_type"],
                state_text(item["status"]),
                item["queued_deliveries"],
                item["accepted_at"],
            ]
            for item in page["items"]
        ],
        empty="No events yet. Publish one: ninefold events publish order.created '{\"order\": 1}'",
    )
    _tell_next(page)


@events.command(name="show")
def show_event(event_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show an event and each of its deliveries.

    Args:
        event_id: Such as evt_01h455vb4pex5vsknk084sn02q.
        api: Which server to ask.
    """
    with api.client() as client:
        event = client.get(_path(_EVENTS, event_id))
    if api.json:
        print_json(event)
        return
    shown = {name: value for name, value in event.items() if name not in {"deliveries", "payload"}}
    print_fields(shown)
    _print_deliveries(event["deliveries"], empty="Nobody was subscribed to this event.")


@deliveries.command(name="list")
def list_deliveries(
    subscription_id: str,
    *,
    status: DeliveryStatus | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List the deliveries to a subscription, those of the newest events first.

    Args:
        subscription_id: Such as sub_01h455vb4pex5vsknk084sn02q.
        status: Only deliveries in this state.
        limit: How many, at most.
        cursor: Where to go on, as the page before said.
        api: Which server to ask.
    """
    with api.client() as client:
        page = client.get(
            _path(_SUBSCRIPTIONS, subscription_id, "deliveries"),
            status=None if status is None else status.value,
            limit=limit,
            cursor=cursor,
        )
    if api.json:
        print_json(page)
        return
    _print_deliveries(page["items"], empty="No such deliveries. Publish an event that this subscription wants.")
    _tell_next(page)


@deliveries.command(name="show")
def show_delivery(delivery_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a delivery with its attempts.

    Args:
        delivery_id: Such as dlv_01h455vb4pex5vsknk084sn02q.
        api: Which server to ask.
    """
    with api.client() as client:
        delivery = client.get(_path(_DELIVERIES, delivery_id))
    if api.json:
        print_json(delivery)
        return
    shown = {name: value for name, value in delivery.items() if name not in {"attempts", "status"}}
    print_fields({"status": state_text(delivery["status"]), **shown})
    print_table(
        ["Attempt", "At", "Code", "Duration", "Error"],
        [
            [
                attempt["attempt_number"],
                attempt["attempted_at"],
                attempt["response_code"],
                f"{attempt['duration_ms']:.1f} ms",
                attempt["error_detail"],
            ]
            for attempt in delivery["attempts"]
        ],
        empty="No attempt yet.",
    )


@deliveries.command(name="retry")
def retry_delivery(delivery_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Send a delivery again at once: the same bytes, the same id.

    Args:
        delivery_id: Such as dlv_01h455vb4pex5vsknk084sn02q.
        api: Which server to ask.
    """
    with api.client() as client:
        _show_fields(client.post(_path(_DELIVERIES, delivery_id, "retry")), api)


COMMANDS: Final = (subscriptions, events, deliveries)


def _path(*parts: str) -> str:
    return "/".join([parts[0], *(quote(part, safe="") for part in parts[1:])])


def _read_payload(payload: str) -> bytes:
    """Return the payload's bytes as they are, so that they are delivered as they are."""
    if payload == _STANDARD_INPUT:
        return sys.stdin.buffer.read()
    if not payload.startswith("@"):
        return payload.encode()
    path = Path(payload[1:])
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"The payload's file can't be read: {error}.",
            field="payload",
            remedy="Check the path after the @.",
        ) from error


def _event_body(event_type: str, payload: bytes, idempotency_key: str | None) -> bytes:
    """Return a request's body that holds the payload byte for byte.

    Raises:
        InvalidInputError: the payload isn't JSON.
    """
    try:
        msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"The payload isn't JSON: {error}.",
            field="payload",
            remedy="Give one JSON value in UTF-8, such as '{\"order\": 1}'.",
        ) from error
    body: dict[str, Any] = {"event_type": event_type, "payload": msgspec.Raw(payload.strip())}
    if idempotency_key is not None:
        body["idempotency_key"] = idempotency_key
    return msgspec.json.encode(body)


def _show_fields(answer: dict[str, Any], api: ApiOptions) -> None:
    if api.json:
        print_json(answer)
        return
    shown = {name: ", ".join(value) if isinstance(value, list) else value for name, value in answer.items()}
    if "status" in shown:
        shown["status"] = state_text(answer["status"])
    print_fields(shown)


def _print_deliveries(items: list[dict[str, Any]], *, empty: str) -> None:
    print_table(
        ["Delivery", "Subscription", "Event type", "Status", "Attempts", "Next attempt at", "Last error"],
        [
            [
                item["delivery_id"],
                item["subscription_id"],
                item["event_type"],
                state_text(item["status"]),
                f"{item['attempt_count']} of {item['attempts_planned']}",
                item["next_attempt_at"],
                item["attempts"][-1]["error_detail"] if item["attempts"] else None,
            ]
            for item in items
        ],
        empty=empty,
    )


def _tell_next(page: dict[str, Any]) -> None:
    if page["next_cursor"] is not None:
        print_note(f"More follow: --cursor {page['next_cursor']}")
