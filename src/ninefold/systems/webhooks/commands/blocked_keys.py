"""`ninefold subscriptions blocked-keys`."""

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    print_next_page,
    print_note,
    print_table,
    show_answer,
)
from ninefold.systems.webhooks.commands.answers import BlockedKeyAnswer
from ninefold.systems.webhooks.commands.subscriptions import subscription_path


def list_blocked_keys(
    subscription_id: str, *, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT
) -> None:
    """List the ordering keys whose later events wait, because a delivery has failed for good.

    Args:
        subscription_id: The subscription's id, such as sub_01h455vb4pex5vsknk084sn02q.
        limit: Maximum number of keys to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    path = f"{subscription_path(subscription_id)}/blocked-keys"
    with api.client() as client:
        answer = client.get(path, limit=limit, cursor=cursor)
        show_answer(answer, Page[BlockedKeyAnswer], api=api, show=_show_blocked_keys)


def _show_blocked_keys(page: Page[BlockedKeyAnswer]) -> None:
    print_table(
        ["Ordering key", "Blocked at", "By delivery", "Event type", "Error", "Waiting"],
        [
            [
                item.ordering_key,
                item.blocked_at,
                item.delivery_id,
                item.event_type,
                item.error_class,
                item.waiting_deliveries,
            ]
            for item in page.items
        ],
        empty="No ordering key is blocked.",
    )
    if page.items:
        print_note("To let a key go on: `ninefold deliveries retry` with the delivery's id, or `deliveries skip`.")
    print_next_page(page)
