"""`ninefold subscriptions …`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_fields,
    print_json,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.core.errors import InvalidInputError
from ninefold.systems.webhooks.commands.answers import NewSecretAnswer, SubscriptionAnswer, TestAnswer
from ninefold.systems.webhooks.commands.subscription_text import describe_subscription, state_of
from ninefold.systems.webhooks.model import SUBSCRIPTION_PREFIX, CircuitState, Ordering, OrderingOnFailure

_SUBSCRIPTIONS: Final = "/api/v1/subscriptions"
_SHOWN_ONCE: Final = (
    "Save the secret now: it won't be shown again. `ninefold subscriptions rotate-secret` creates a new one."
)
_DEFAULT: Final = "default"
"""The word for the installation's setting."""

subscriptions = App(name="subscriptions", help="Manage webhook subscriptions.")

Description = Annotated[str, Parameter(show_default=False)]
EventTypes = Annotated[list[str], Parameter(name=["--event-type", "-t"], negative="")]
IsActive = Annotated[bool, Parameter(name="--active", negative="--paused", show_default=False)]
RateLimit = Annotated[float | Literal["default"], Parameter(name="--rate-limit")]
InFlightMax = Annotated[int | Literal["default"], Parameter(name="--in-flight-max")]


@subscriptions.command(name="create")
def create_subscription(
    url: str,
    *,
    event_types: EventTypes,
    description: Description = "",
    subscriber_id: str | None = None,
    is_active: IsActive = True,
    rate_limit: float | None = None,
    in_flight_max: int | None = None,
    retry_schedule: str | None = None,
    ordering: Ordering | None = None,
    ordering_on_failure: OrderingOnFailure | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Create a subscription and print its signing secret, which is shown only once.

    Args:
        url: The URL to deliver events to; http or https.
        event_types: An event type, order.* for every type that begins with order., or * for all; repeatable.
        description: Free text for people.
        subscriber_id: The customer that it belongs to: an id in your application.
        is_active: With --paused, deliveries wait until you resume it.
        rate_limit: Attempts per second, at most; the server has a default.
        in_flight_max: Attempts at the same time, at most; the server has a default.
        retry_schedule: quick, hours, day, or the seconds before each retry, such as 5,60,600.
        ordering: With fifo, events with the same ordering key are delivered one after another.
        ordering_on_failure: Whether the later events of a key wait (block) or go on (skip) after a failure for good.
        api: The server and API key to use.
    """
    body = {
        "url": url,
        "event_types": event_types,
        "description": description,
        "is_active": is_active,
        **_options_body(subscriber_id, rate_limit, in_flight_max, retry_schedule),
        **_given({"ordering": ordering, "ordering_on_failure": ordering_on_failure}),
    }
    with api.client() as client:
        created = client.post(_SUBSCRIPTIONS, body)
    show_answer(created, NewSecretAnswer, api=api, show=_show_new_secret)
    if not api.json:
        print_note(_SHOWN_ONCE)


@subscriptions.command(name="list")
def list_subscriptions(
    *,
    subscriber_id: str | None = None,
    is_active: IsActive | None = None,
    circuit: CircuitState | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List subscriptions, newest first.

    Args:
        subscriber_id: List only the subscriptions of this customer.
        is_active: List only the active subscriptions, or only the paused ones.
        circuit: List only the subscriptions whose circuit has this state.
        limit: Maximum number of subscriptions to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    filters = {
        "subscriber_id": subscriber_id,
        "is_active": None if is_active is None else str(is_active).lower(),
        "circuit": None if circuit is None else circuit.value,
    }
    with api.client() as client:
        answer = client.get(_SUBSCRIPTIONS, **filters, limit=limit, cursor=cursor)
        show_answer(answer, Page[SubscriptionAnswer], api=api, show=_show_subscriptions)


@subscriptions.command(name="show")
def show_subscription(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a subscription, with its circuit and the limits that apply to it.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = subscription_path(subscription_id)
    with api.client() as client:
        show_answer(client.get(path), SubscriptionAnswer, api=api, show=_show_subscription)


_CHANGES: Final = frozenset(
    {
        "url",
        "event_types",
        "description",
        "subscriber_id",
        "is_active",
        "rate_limit",
        "in_flight_max",
        "retry_schedule",
        "ordering",
        "ordering_on_failure",
    }
)


def _require_a_change(*_: object, **options: object) -> None:
    """Refuse an update without any change; cyclopts shows a ValueError as a usage error."""
    if not options.keys() & _CHANGES:
        raise ValueError(
            "Nothing to change: give --url, --event-type (-t), --description, --subscriber-id, --active, --paused, "
            "--rate-limit, --in-flight-max, --retry-schedule, --ordering or --ordering-on-failure."
        )


@subscriptions.command(name="update", validator=_require_a_change)
def update_subscription(
    subscription_id: str,
    *,
    url: str | None = None,
    event_types: EventTypes | None = None,
    description: str | None = None,
    subscriber_id: str | None = None,
    is_active: IsActive | None = None,
    rate_limit: RateLimit | None = None,
    in_flight_max: InFlightMax | None = None,
    retry_schedule: str | None = None,
    ordering: Ordering | None = None,
    ordering_on_failure: OrderingOnFailure | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Change a subscription. Options that you omit keep their values.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        url: The new URL to deliver events to.
        event_types: The new event types, which replace all current ones; repeatable.
        description: The new description.
        subscriber_id: The customer that it belongs to; an empty text for none.
        is_active: --paused lets its deliveries wait, --active sends them.
        rate_limit: Attempts per second, at most, or default.
        in_flight_max: Attempts at the same time, at most, or default.
        retry_schedule: quick, hours, day, default, or the seconds before each retry, such as 5,60,600.
        ordering: fifo or none; it is that of later events.
        ordering_on_failure: block or skip. With skip, keys that are blocked go on.
        api: The server and API key to use.
    """
    path = subscription_path(subscription_id)
    parts = {
        "url": url,
        "event_types": event_types,
        "description": description,
        "is_active": is_active,
        "ordering": ordering,
        "ordering_on_failure": ordering_on_failure,
    }
    body = {
        **_given(parts),
        **_options_body(subscriber_id, rate_limit, in_flight_max, retry_schedule),
    }
    with api.client() as client:
        show_answer(client.patch(path, body), SubscriptionAnswer, api=api, show=_show_subscription)


@subscriptions.command(name="pause")
def pause_subscription(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Pause a subscription: nothing is sent to it, and its deliveries wait until you resume it.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    _set_active(subscription_id, is_active=False, api=api)


@subscriptions.command(name="resume")
def resume_subscription(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Resume a paused subscription: the deliveries that wait for it are sent, and its circuit is closed.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    _set_active(subscription_id, is_active=True, api=api)


@subscriptions.command(name="close-circuit")
def close_circuit(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Close a subscription's circuit, because its receiver works again: the deliveries that wait are sent now.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = f"{subscription_path(subscription_id)}/circuit/close"
    with api.client() as client:
        show_answer(client.post(path), SubscriptionAnswer, api=api, show=_show_subscription)


@subscriptions.command(name="test")
def send_test(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Send a test event to a subscription, and to no other. Its type is ninefold.test.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    with api.client() as client:
        sent = client.post(f"{subscription_path(subscription_id)}/test")
    show_answer(sent, TestAnswer, api=api, show=show_fields)
    if not api.json:
        print_note("See what the receiver answers: `ninefold deliveries show` with the delivery's id.")


@subscriptions.command(name="delete")
def delete_subscription(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Delete a subscription; its unfinished deliveries are canceled in the background.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = subscription_path(subscription_id)
    with api.client() as client:
        client.delete(path)
    if api.json:
        print_json({"subscription_id": subscription_id, "status": "deleted"})
    else:
        print_note(f"Deleted {subscription_id}.")


@subscriptions.command(name="rotate-secret")
def rotate_secret(subscription_id: str, *, grace_s: int = 86_400, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Create a new signing secret and print it, once. The old secrets keep signing for a grace period.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        grace_s: Seconds during which the old secrets keep signing; use 0 after a leak.
        api: The server and API key to use.
    """
    path = f"{subscription_path(subscription_id)}/rotate-secret"
    with api.client() as client:
        rotated = client.post(path, {"grace_s": grace_s})
    show_answer(rotated, NewSecretAnswer, api=api, show=_show_new_secret)
    if not api.json:
        print_note(_SHOWN_ONCE)


def subscription_path(subscription_id: str) -> str:
    """Return the API path of a subscription.

    Raises:
        InvalidInputError: the argument isn't a subscription id.
    """
    parse_argument_id(SUBSCRIPTION_PREFIX, subscription_id, shown_by="ninefold subscriptions list")
    return f"{_SUBSCRIPTIONS}/{subscription_id}"


def _given(parts: Mapping[str, object]) -> dict[str, object]:
    """Return the parts of a body whose options were given."""
    return {name: value for name, value in parts.items() if value is not None}


def _options_body(
    subscriber_id: str | None,
    rate_limit: float | Literal["default"] | None,
    in_flight_max: int | Literal["default"] | None,
    retry_schedule: str | None,
) -> dict[str, object]:
    """Return the fields of a body that can be null; without the options that weren't given."""
    body: dict[str, object] = {}
    if subscriber_id is not None:
        body["subscriber_id"] = subscriber_id or None
    if retry_schedule is not None:
        body["retry_schedule"] = _parse_retry_schedule(retry_schedule)
    for name, limit in (("rate_limit_per_s", rate_limit), ("in_flight_max", in_flight_max)):
        if limit is not None:
            body[name] = None if limit == _DEFAULT else limit
    return body


def _parse_retry_schedule(text: str) -> str | list[float] | None:
    """Return the name of a preset, the delays of a list, or None for the default.

    Raises:
        InvalidInputError: the text is neither a name nor a list of numbers.
    """
    if text == _DEFAULT:
        return None
    if text.isalpha():
        return text
    try:
        return [float(delay_s) for delay_s in text.split(",")]
    except ValueError as error:
        raise InvalidInputError(
            f"{text!r} is neither the name of a preset nor a list of seconds.",
            field="--retry-schedule",
            remedy="Use quick, hours or day, or separate the seconds before each retry by commas, such as 5,60,600.",
        ) from error


def _set_active(subscription_id: str, *, is_active: bool, api: ApiOptions) -> None:
    path = subscription_path(subscription_id)
    with api.client() as client:
        answer = client.patch(path, {"is_active": is_active})
        show_answer(answer, SubscriptionAnswer, api=api, show=_show_subscription)


def _show_subscription(subscription: SubscriptionAnswer) -> None:
    print_fields(describe_subscription(subscription, now=datetime.now(UTC)))


def _show_new_secret(created: NewSecretAnswer) -> None:
    print_fields({**describe_subscription(created, now=datetime.now(UTC)), "secret": created.secret})


def _show_subscriptions(page: Page[SubscriptionAnswer]) -> None:
    print_table(
        ["Subscription", "State", "Subscriber", "URL", "Event types"],
        [
            [item.subscription_id, state_of(item), item.subscriber_id, item.url, ", ".join(item.event_types)]
            for item in page.items
        ],
        empty="No subscriptions. Create one: ninefold subscriptions create https://example.com/hooks -t 'order.*'",
    )
    print_next_page(page)
