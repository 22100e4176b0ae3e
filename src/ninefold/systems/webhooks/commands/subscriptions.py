"""`ninefold subscriptions …`."""

from typing import Annotated, Final

from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Page,
    parse_argument_id,
    print_json,
    print_note,
    print_table,
)
from ninefold.systems.webhooks.commands.answers import NewSecretAnswer, SubscriptionAnswer
from ninefold.systems.webhooks.commands.showing import Limit, show_answer, tell_next
from ninefold.systems.webhooks.model import SUBSCRIPTION_PREFIX

_SUBSCRIPTIONS: Final = "/api/v1/subscriptions"
_SHOWN_ONCE: Final = (
    "Keep the secret now: it isn't shown again. `ninefold subscriptions rotate-secret` makes a new one."
)

subscriptions = App(name="subscriptions", help="Say where which events are delivered.")

Description = Annotated[str, Parameter(show_default=False)]
EventTypes = Annotated[list[str], Parameter(name=["--event-type", "-t"], negative="")]


@subscriptions.command(name="create")
def create_subscription(
    url: str, *, event_types: EventTypes, description: Description = "", api: ApiOptions = FROM_ENVIRONMENT
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
    show_answer(created, NewSecretAnswer, api=api)
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
        answer = client.get(_SUBSCRIPTIONS, limit=limit, cursor=cursor)
        show_answer(answer, Page[SubscriptionAnswer], api=api, show=_show_subscriptions)


@subscriptions.command(name="show")
def show_subscription(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show one subscription.

    Args:
        subscription_id: Such as sub_01h455vb4pex5vsknk084sn02q.
        api: Which server to ask.
    """
    path = subscription_path(subscription_id)
    with api.client() as client:
        show_answer(client.get(path), SubscriptionAnswer, api=api)


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
    path = subscription_path(subscription_id)
    parts = {"url": url, "event_types": event_types, "description": description}
    body = {name: value for name, value in parts.items() if value is not None}
    with api.client() as client:
        show_answer(client.patch(path, body), SubscriptionAnswer, api=api)


@subscriptions.command(name="delete")
def delete_subscription(subscription_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Stop delivering to a subscription; deliveries that wait for an attempt are canceled.

    Args:
        subscription_id: Such as sub_01h455vb4pex5vsknk084sn02q.
        api: Which server to ask.
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
    """Make a new secret and print it, this once; the old one keeps signing for a while.

    Args:
        subscription_id: Such as sub_01h455vb4pex5vsknk084sn02q.
        grace_s: Seconds for which the old secrets keep signing; 0 after a leak.
        api: Which server to ask.
    """
    path = f"{subscription_path(subscription_id)}/rotate-secret"
    with api.client() as client:
        rotated = client.post(path, {"grace_s": grace_s})
    show_answer(rotated, NewSecretAnswer, api=api)
    if not api.json:
        print_note(_SHOWN_ONCE)


def subscription_path(subscription_id: str) -> str:
    """Return the address of the subscription that an argument names.

    Raises:
        InvalidInputError: it isn't a subscription's id.
    """
    parse_argument_id(SUBSCRIPTION_PREFIX, subscription_id, shown_by="ninefold subscriptions list")
    return f"{_SUBSCRIPTIONS}/{subscription_id}"


def _show_subscriptions(page: Page[SubscriptionAnswer]) -> None:
    print_table(
        ["Subscription", "URL", "Event types", "Description"],
        [[item.subscription_id, item.url, ", ".join(item.event_types), item.description] for item in page.items],
        empty="No subscriptions yet. Make one: ninefold subscriptions create https://example.com/hooks -t 'order.*'",
    )
    tell_next(page)
