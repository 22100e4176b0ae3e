"""`ninefold dead-letters …` and `ninefold subscriptions replay`."""

from datetime import datetime
from typing import Annotated, Final

import cyclopts
from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiClient,
    ApiOptions,
    Limit,
    Page,
    follow_job,
    parse_argument_id,
    print_json_text,
    print_next_page,
    print_note,
    print_table,
)
from ninefold.core.errors import InvalidInputError
from ninefold.systems.webhooks.commands.answers import DeadLetterAnswer
from ninefold.systems.webhooks.commands.searching import Moment
from ninefold.systems.webhooks.commands.subscriptions import subscription_path
from ninefold.systems.webhooks.model import DELIVERY_PREFIX, SUBSCRIPTION_PREFIX, DeliveryStatus

_DEAD_LETTERS: Final = "/api/v1/dead-letters"

RatePerS = Annotated[float, Parameter(validator=cyclopts.validators.Number(gt=0))]
NoWait = Annotated[bool, Parameter(negative="", show_default=False)]

dead_letters = App(name="dead-letters", help="List and replay the deliveries that failed for good.")


@dead_letters.command(name="list")
def list_dead_letters(
    *,
    subscription_id: str | None = None,
    subscriber_id: str | None = None,
    event_type: str | None = None,
    error_class: str | None = None,
    failed_after: Moment | None = None,
    failed_before: Moment | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List the deliveries that failed for good, latest first.

    Args:
        subscription_id: List only those of this subscription.
        subscriber_id: List only those of this customer's subscriptions.
        event_type: List only those of this type, or of a pattern such as order.*.
        error_class: List only those whose last attempt failed so, such as timeout; expired for no failed attempt.
        failed_after: List only those that failed then or later, such as 2026-01-31T12:00:00Z.
        failed_before: List only those that failed earlier.
        limit: Maximum number of dead letters to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    query = _filter(
        subscription_id=subscription_id,
        subscriber_id=subscriber_id,
        event_type=event_type,
        error_class=error_class,
        failed_after=failed_after,
        failed_before=failed_before,
    )
    with api.client() as client:
        if api.json:
            print_json_text(client.get(_DEAD_LETTERS, **query, limit=limit, cursor=cursor).content)
        else:
            _show(_find(client, query, limit=limit, cursor=cursor))


@dead_letters.command(name="replay")
def replay_dead_letters(
    delivery_ids: Annotated[list[str] | None, Parameter(negative="")] = None,
    /,
    *,
    subscription_id: str | None = None,
    subscriber_id: str | None = None,
    event_type: str | None = None,
    error_class: str | None = None,
    failed_after: Moment | None = None,
    failed_before: Moment | None = None,
    every: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    rate_per_s: RatePerS | None = None,
    no_wait: NoWait = False,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Send dead letters again, with the same ids and bodies, as their subscriptions' limits permit.

    Args:
        delivery_ids: The ids of the dead letters; without them, give filters.
        subscription_id: Replay only those of this subscription.
        subscriber_id: Replay only those of this customer's subscriptions.
        event_type: Replay only those of this type, or of a pattern such as order.*.
        error_class: Replay only those whose last attempt failed so, such as timeout; expired for no failed attempt.
        failed_after: Replay only those that failed then or later, such as 2026-01-31T12:00:00Z.
        failed_before: Replay only those that failed earlier.
        every: Replay all dead letters of the organisation.
        rate_per_s: Maximum number of deliveries per second.
        no_wait: Only start the job, and don't wait until it has ended.
        api: The server and API key to use.
    """
    body: dict[str, object] = dict(
        _filter(
            subscription_id=subscription_id,
            subscriber_id=subscriber_id,
            event_type=event_type,
            error_class=error_class,
            failed_after=failed_after,
            failed_before=failed_before,
        )
    )
    for delivery_id in delivery_ids or ():
        parse_argument_id(DELIVERY_PREFIX, delivery_id, shown_by="ninefold dead-letters list")
    if delivery_ids:
        body["delivery_ids"] = delivery_ids
    if bool(body) == every:
        raise InvalidInputError(
            "It isn't clear which dead letters to replay.",
            remedy="Give ids or filters, or --all for all of them.",
        )
    _start(f"{_DEAD_LETTERS}/replay", body, rate_per_s=rate_per_s, no_wait=no_wait, api=api)


def replay_subscription(
    subscription_id: str,
    *,
    since: Moment,
    until: Moment | None = None,
    statuses: Annotated[list[DeliveryStatus] | None, Parameter(name="--status", negative="")] = None,
    rate_per_s: RatePerS | None = None,
    no_wait: NoWait = False,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Send everything to a subscription again since a time, with the same ids and bodies.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        since: Replay the deliveries of events that were accepted then or later, such as 2026-01-31T12:00:00Z.
        until: Replay only those of events that were accepted earlier.
        statuses: Replay only deliveries with this status: delivered, failed or canceled; repeatable.
        rate_per_s: Maximum number of deliveries per second.
        no_wait: Only start the job, and don't wait until it has ended.
        api: The server and API key to use.
    """
    body: dict[str, object] = {"since": since}
    if until is not None:
        body["until"] = until
    if statuses:
        body["statuses"] = statuses
    _start(f"{subscription_path(subscription_id)}/replay", body, rate_per_s=rate_per_s, no_wait=no_wait, api=api)


def _filter(
    *, subscription_id: str | None, failed_after: datetime | None, failed_before: datetime | None, **texts: str | None
) -> dict[str, str]:
    """Return the filters that were given, as the API takes them."""
    if subscription_id is not None:
        parse_argument_id(SUBSCRIPTION_PREFIX, subscription_id, shown_by="ninefold subscriptions list")
    given = {
        "subscription_id": subscription_id,
        **texts,
        "failed_after": None if failed_after is None else failed_after.isoformat(),
        "failed_before": None if failed_before is None else failed_before.isoformat(),
    }
    return {name: value for name, value in given.items() if value is not None}


def _find(client: ApiClient, query: dict[str, str], *, limit: int, cursor: str | None) -> Page[DeadLetterAnswer]:
    """Return as many dead letters as asked for, if there are as many: a page of a search can be short."""
    found: list[DeadLetterAnswer] = []
    while True:
        answer = client.get(_DEAD_LETTERS, **query, limit=limit - len(found), cursor=cursor)
        page = answer.read(Page[DeadLetterAnswer])
        found += page.items
        cursor = page.next_cursor
        if cursor is None or len(found) >= limit:
            return Page(items=found, next_cursor=cursor)


def _show(page: Page[DeadLetterAnswer]) -> None:
    print_table(
        ["Delivery", "Subscription", "Event type", "Failed at", "Attempts", "Error class", "Last error"],
        [
            [
                letter.delivery_id,
                letter.subscription_id,
                letter.event_type,
                letter.finished_at,
                letter.attempt_count,
                letter.error_class,
                letter.attempts[-1].error_detail if letter.attempts else letter.advice,
            ]
            for letter in page.items
        ],
        empty="There are no such dead letters.",
    )
    print_next_page(page)
    if page.items:
        print_note(f"To send one again: ninefold dead-letters replay {page.items[0].delivery_id}")


def _start(path: str, body: dict[str, object], *, rate_per_s: float | None, no_wait: bool, api: ApiOptions) -> None:
    if rate_per_s is not None:
        body["rate_per_s"] = rate_per_s
    with api.client() as client:
        follow_job(client, client.post(path, body), api=api, should_wait=not no_wait)
