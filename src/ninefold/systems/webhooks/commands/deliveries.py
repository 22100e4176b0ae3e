"""`ninefold deliveries …`."""

from typing import Final

from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Page,
    parse_argument_id,
    print_gap,
    print_table,
)
from ninefold.systems.webhooks.commands.answers import DeliveryAnswer, RetryAnswer
from ninefold.systems.webhooks.commands.showing import Limit, show_answer, show_deliveries, show_fields, tell_next
from ninefold.systems.webhooks.commands.subscriptions import subscription_path
from ninefold.systems.webhooks.model import DELIVERY_PREFIX, DeliveryStatus

_DELIVERIES: Final = "/api/v1/deliveries"

deliveries = App(name="deliveries", help="Look at deliveries and retry them.")


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
    path = f"{subscription_path(subscription_id)}/deliveries"
    with api.client() as client:
        answer = client.get(path, status=None if status is None else status.value, limit=limit, cursor=cursor)
        show_answer(answer, Page[DeliveryAnswer], api=api, show=_show_deliveries)


@deliveries.command(name="show")
def show_delivery(delivery_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a delivery with its attempts.

    Args:
        delivery_id: Such as dlv_01h455vb4pex5vsknk084sn02q.
        api: Which server to ask.
    """
    path = _delivery_path(delivery_id)
    with api.client() as client:
        show_answer(client.get(path), DeliveryAnswer, api=api, show=_show_delivery)


@deliveries.command(name="retry")
def retry_delivery(delivery_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Send a delivery again at once: the same bytes, the same id.

    Args:
        delivery_id: Such as dlv_01h455vb4pex5vsknk084sn02q.
        api: Which server to ask.
    """
    path = f"{_delivery_path(delivery_id)}/retry"
    with api.client() as client:
        show_answer(client.post(path), RetryAnswer, api=api)


def _show_deliveries(page: Page[DeliveryAnswer]) -> None:
    show_deliveries(
        page.items, of="event_type", empty="No such deliveries. Publish an event that this subscription wants."
    )
    tell_next(page)


def _show_delivery(delivery: DeliveryAnswer) -> None:
    show_fields(delivery, without=["attempts"])
    print_gap()
    print_table(
        ["Attempt", "At", "Code", "Duration", "Error"],
        [
            [
                attempt.attempt_number,
                attempt.attempted_at,
                attempt.response_code,
                f"{attempt.duration_ms:.1f} ms",
                attempt.error_detail,
            ]
            for attempt in delivery.attempts
        ],
        empty="No attempt yet.",
    )


def _delivery_path(delivery_id: str) -> str:
    parse_argument_id(DELIVERY_PREFIX, delivery_id, shown_by="ninefold deliveries list SUB_ID")
    return f"{_DELIVERIES}/{delivery_id}"
