"""`ninefold subscriptions …`."""

from typing import Annotated, Final

from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_json,
    print_next_page,
    print_note,
    print_table,
    show_answer,
)
from ninefold.systems.webhooks.commands.answers import NewSecretAnswer, SubscriptionAnswer
from ninefold.systems.webhooks.model import SUBSCRIPTION_PREFIX

_SUBSCRIPTIONS: Final = "/api/v1/subscriptions"
_SHOWN_ONCE: Final = (
    "Save the secret now: it won't be shown again. `ninefold subscriptions rotate-secret` creates a new one."
)

subscriptions = App(name="subscriptions", help="Manage webhook subscriptions.")

Description = Annotated[str, Parameter(show_default=False)]
EventTypes = Annotated[list[str], Parameter(name=["--event-type", "-t"], negative="")]


@subscriptions.command(name="create")
def create_subscription(
    url: str, *, event_types: EventTypes, description: Description = "", api: ApiOptions = FROM_ENVIRONMENT
) -> None:
    """Create a subscription and print its signing secret, which is shown only once.

    Args:
        url: The URL to deliver events to; http or https.
        event_types: An event type, order.* for every type that begins with order., or * for all; repeatable.
        description: Free text for people.
        api: The server and API key to use.
    """
    body = {"url": url, "event_types": event_types, "description": description}
    with api.client() as client:
        created = client.post(_SUBSCRIPTIONS, body)
    show_answer(created, NewSecretAnswer, api=api)
    if not api.json:
        print_note(_SHOWN_ONCE)


@subscriptions.command(name="list")
def list_subscriptions(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List subscriptions, newest first.

    Args:
        limit: Maximum number of subscriptions to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_SUBSCRIPTIONS, limit=limit, cursor=cursor)
        show_answer(answer, Page[SubscriptionAnswer], api=api, show=_show_subscriptions)


@subscriptions.command(name="show")
def show_subscription(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a subscription.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = subscription_path(subscription_id)
    with api.client() as client:
        show_answer(client.get(path), SubscriptionAnswer, api=api)


def _require_a_change(*_: object, **options: object) -> None:
    """Refuse an update without any change; cyclopts shows a ValueError as a usage error."""
    if not options.keys() & {"url", "event_types", "description"}:
        raise ValueError("Nothing to change: give --url, --event-type (-t) or --description.")


@subscriptions.command(name="update", validator=_require_a_change)
def update_subscription(
    subscription_id: str,
    *,
    url: str | None = None,
    event_types: EventTypes | None = None,
    description: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Change a subscription. Options that you omit keep their values.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        url: The new URL to deliver events to.
        event_types: The new event types, which replace all current ones; repeatable.
        description: The new description.
        api: The server and API key to use.
    """
    path = subscription_path(subscription_id)
    parts = {"url": url, "event_types": event_types, "description": description}
    body = {name: value for name, value in parts.items() if value is not None}
    with api.client() as client:
        show_answer(client.patch(path, body), SubscriptionAnswer, api=api)


@subscriptions.command(name="delete")
def delete_subscription(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Delete a subscription; its waiting deliveries are canceled in the background.

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
    show_answer(rotated, NewSecretAnswer, api=api)
    if not api.json:
        print_note(_SHOWN_ONCE)


def subscription_path(subscription_id: str) -> str:
    """Return the API path of a subscription.

    Raises:
        InvalidInputError: the argument isn't a subscription id.
    """
    parse_argument_id(SUBSCRIPTION_PREFIX, subscription_id, shown_by="ninefold subscriptions list")
    return f"{_SUBSCRIPTIONS}/{subscription_id}"


def _show_subscriptions(page: Page[SubscriptionAnswer]) -> None:
    print_table(
        ["Subscription", "URL", "Event types", "Description"],
        [[item.subscription_id, item.url, ", ".join(item.event_types), item.description] for item in page.items],
        empty="No subscriptions yet. Create one: ninefold subscriptions create https://example.com/hooks -t 'order.*'",
    )
    print_next_page(page)
