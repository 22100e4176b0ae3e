"""`ninefold alerts …`."""

from typing import Final

from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_json_text,
    print_next_page,
    print_note,
    print_table,
)
from ninefold.systems.webhooks.commands.answers import FiredAlertAnswer
from ninefold.systems.webhooks.model import SUBSCRIPTION_PREFIX
from ninefold.systems.webhooks.model.alerts import AlertState
from ninefold.systems.webhooks.model.figures import AlertKind

_ALERTS: Final = "/api/v1/alerts"

alerts = App(name="alerts", help="List the alerts of webhook delivery.")


@alerts.command(name="list")
def list_alerts(
    *,
    state: AlertState | None = None,
    kind: AlertKind | None = None,
    subscription_id: str | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List the alerts that were fired, latest first.

    Args:
        state: List only those with this state: firing or resolved.
        kind: List only those of this kind, such as circuit_open.
        subscription_id: List only those about this subscription.
        limit: Maximum number of alerts to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    if subscription_id is not None:
        parse_argument_id(SUBSCRIPTION_PREFIX, subscription_id, shown_by="ninefold subscriptions list")
    with api.client() as client:
        answer = client.get(
            _ALERTS, state=state, kind=kind, subscription_id=subscription_id, limit=limit, cursor=cursor
        )
    if api.json:
        print_json_text(answer.content)
        return
    page = answer.read(Page[FiredAlertAnswer])
    print_table(
        ["State", "Alert", "Since", "Until", "Subscription", "Detail", "Not sent"],
        [
            [
                alert.state,
                alert.title,
                alert.fired_at,
                alert.resolved_at,
                alert.subscription_id,
                alert.detail,
                _unsent(alert),
            ]
            for alert in page.items
        ],
        empty="There are no such alerts.",
    )
    print_next_page(page)
    if any(_unsent(alert) for alert in page.items):
        print_note("What wasn't sent is tried again for about an hour, unless it was refused for good.")


def _unsent(alert: FiredAlertAnswer) -> str | None:
    """Return which messages about an alert weren't sent, and why."""
    return "; ".join(f"{each.channel}: {each.error}" for each in alert.notifications if each.error is not None) or None
