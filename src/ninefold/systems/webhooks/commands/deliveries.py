"""`ninefold deliveries …`."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiClient,
    ApiOptions,
    Limit,
    Page,
    SearchPage,
    parse_argument_id,
    print_gap,
    print_note,
    print_search_end,
    print_table,
    print_text,
    show_answer,
    show_fields,
)
from ninefold.systems.webhooks.commands.answers import AttemptAnswer, DeliveryAnswer, RetryAnswer
from ninefold.systems.webhooks.commands.output import show_deliveries
from ninefold.systems.webhooks.commands.searching import Moment, search_query
from ninefold.systems.webhooks.commands.subscriptions import subscription_path
from ninefold.systems.webhooks.model import DELIVERY_PREFIX, DeliveryStatus

_DELIVERIES: Final = "/api/v1/deliveries"

_PHASES: Final = ("lookup", "connect", "TLS", "send", "wait")

BODY_SHOWN_MAX: Final = 2_000
"""Characters of a response body that `deliveries show` prints; --json prints all that the API has."""

deliveries = App(name="deliveries", help="View, retry and skip deliveries.")


@deliveries.command(name="list")
def list_deliveries(
    subscription_id: str | None = None,
    *,
    q: str | None = None,
    status: DeliveryStatus | None = None,
    event_type: str | None = None,
    response_code: str | None = None,
    error_class: str | None = None,
    accepted_after: Moment | None = None,
    accepted_before: Moment | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List the deliveries to a subscription, or to all, newest events first.

    For a subscription without other filters, the first page begins with the deliveries that are queued. With --json, it
    has them only with --status queued.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        q: Search for an id, idempotency key or type by its beginning, or for a text in payload, URL or description.
        status: List only deliveries with this status.
        event_type: List only those of this type, of a pattern such as order.*, or of a beginning such as order.
        response_code: List only those whose last attempt got this response code, such as 503 or 5xx.
        error_class: List only those whose last attempt failed so, such as timeout; expired for no failed attempt.
        accepted_after: List only those of events that were accepted then or later, such as 2026-01-31T12:00:00Z.
        accepted_before: List only those of events that were accepted earlier.
        limit: Maximum number of deliveries to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    path = _DELIVERIES if subscription_id is None else f"{subscription_path(subscription_id)}/deliveries"
    query = search_query(
        q=q,
        status=None if status is None else status.value,
        event_type=event_type,
        response_code=response_code,
        error_class=error_class,
        accepted_after=accepted_after,
        accepted_before=accepted_before,
    )
    with api.client() as client:
        # The API lists deliveries without an outcome only by their status. People expect them on the first page.
        has_queued = subscription_id is not None and not query and cursor is None and not api.json
        queued = _get_queued(client, path, limit=limit) if has_queued else []
        answer = client.get(path, **query, limit=limit, cursor=cursor)
        show_answer(answer, SearchPage[DeliveryAnswer], api=api, show=partial(_show_deliveries, queued=queued))


@deliveries.command(name="show")
def show_delivery(delivery_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a delivery and its attempts.

    Args:
        delivery_id: The delivery's id, such as dlv_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = _delivery_path(delivery_id)
    with api.client() as client:
        show_answer(client.get(path), DeliveryAnswer, api=api, show=_show_delivery)


@deliveries.command(name="retry")
def retry_delivery(delivery_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Send a delivery again now, with the same id and body.

    Args:
        delivery_id: The delivery's id, such as dlv_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = f"{_delivery_path(delivery_id)}/retry"
    with api.client() as client:
        show_answer(client.post(path), RetryAnswer, api=api)


@deliveries.command(name="skip")
def skip_delivery(delivery_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Let the later deliveries of its ordering key go on without a delivery.

    If it has failed, it stays a dead letter; otherwise it is canceled.

    Args:
        delivery_id: The delivery's id, such as dlv_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = f"{_delivery_path(delivery_id)}/skip"
    with api.client() as client:
        show_answer(client.post(path), DeliveryAnswer, api=api, show=_show_delivery)


def _get_queued(client: ApiClient, path: str, *, limit: int) -> list[DeliveryAnswer]:
    queued = client.get(path, status=DeliveryStatus.QUEUED.value, limit=limit).read(Page[DeliveryAnswer])
    if queued.next_cursor is not None:
        print_note("More deliveries are queued; to list all of them, add: --status queued")
    return queued.items


def _show_deliveries(page: SearchPage[DeliveryAnswer], *, queued: Sequence[DeliveryAnswer]) -> None:
    # A delivery can get its first outcome between the two requests.
    recorded = {delivery.delivery_id for delivery in page.items}
    show_deliveries(
        [*(delivery for delivery in queued if delivery.delivery_id not in recorded), *page.items],
        of="event_type",
        empty="No deliveries found. Publish an event that matches the subscription.",
    )
    print_search_end(page)


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
        empty="No attempts yet.",
    )
    if delivery.attempts:
        _show_request(delivery.attempts[-1])
        _show_response_body(delivery.attempts[-1])


def _show_request(attempt: AttemptAnswer) -> None:
    """Print where the request of an attempt went, and how long its phases took, if they were measured."""
    if attempt.url is None:
        return
    line = f"Attempt {attempt.attempt_number} went to {attempt.url}"
    if attempt.timings is not None:
        durations_ms = zip(_PHASES, msgspec.structs.astuple(attempt.timings), strict=True)
        measured = [f"{phase} {took_ms:.1f} ms" for phase, took_ms in durations_ms if took_ms is not None]
        line += f" ({', '.join(measured)})"
    print_gap()
    print_text(line)


def _show_response_body(attempt: AttemptAnswer) -> None:
    """Print what the receiver answered to an attempt; its beginning, if it is long."""
    body = (attempt.response_body or "").strip()
    if not body:
        return
    shown = body[:BODY_SHOWN_MAX]
    is_cut = attempt.is_response_body_truncated or len(body) > len(shown)
    print_gap()
    print_text(f"Response body of attempt {attempt.attempt_number}{', its beginning' if is_cut else ''}:")
    print_text(shown)


def _delivery_path(delivery_id: str) -> str:
    parse_argument_id(DELIVERY_PREFIX, delivery_id, shown_by="ninefold deliveries list SUB_ID")
    return f"{_DELIVERIES}/{delivery_id}"
