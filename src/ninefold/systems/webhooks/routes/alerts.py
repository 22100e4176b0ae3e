"""The HTTP route that lists the alerts that were fired."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, QueryParameter

from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.validation_messages import alternatives
from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.webhooks.model import SUBSCRIPTION_PREFIX
from ninefold.systems.webhooks.model.alerts import (
    ALERT_PREFIX,
    ATTEMPTS_MAX,
    AlertChange,
    AlertChannel,
    AlertFilter,
    AlertNotification,
    AlertState,
    KeptAlert,
)
from ninefold.systems.webhooks.model.figures import AlertKind
from ninefold.systems.webhooks.routes.subscription_wire import SubscriptionId
from ninefold.systems.webhooks.routes.wire import SubscriptionIdText
from ninefold.systems.webhooks.rules.alert_rules import FIRED_KINDS
from ninefold.systems.webhooks.service.fired_alerts import list_fired_alerts

_TAGS: Final = ["alerts"]

_alert_list = PagedList("alerts", UUID)

AlertNotificationState: TypeAlias = Literal["queued", "retrying", "sent", "failed"]


class AlertNotificationView(msgspec.Struct, frozen=True, kw_only=True):
    """A message about an alert, to a Slack-compatible URL or by mail."""

    change: Annotated[AlertChange, msgspec.Meta(description="What it says.")]
    channel: AlertChannel
    state: AlertNotificationState
    attempt_count: Annotated[int, msgspec.Meta(examples=[1])]
    sent_at: Timestamp | None
    error: Annotated[
        str | None,
        msgspec.Meta(description="Why the last attempt failed.", examples=["The Slack URL answered 404."]),
    ]


class FiredAlertView(msgspec.Struct, frozen=True, kw_only=True):
    """An alert, as it was when it fired."""

    alert_id: Annotated[str, msgspec.Meta(examples=[f"{ALERT_PREFIX}_{EXAMPLE_ID}"])]
    kind: AlertKind
    state: AlertState
    title: Annotated[str, msgspec.Meta(examples=["8 % of the attempts fail"])]
    detail: Annotated[
        str,
        msgspec.Meta(
            description="What it means, and what to do.",
            examples=["Of 1,250 attempts in the last 5 minutes, 100 failed."],
        ),
    ]
    subscription_id: SubscriptionIdText | None
    is_installation_wide: Annotated[
        bool, msgspec.Meta(description="Whether it is about the installation, and not about this organisation alone.")
    ]
    value: Annotated[float, msgspec.Meta(description="Seconds, a share or a count.", examples=[0.08])]
    threshold: Annotated[float, msgspec.Meta(description="It fires above it.", examples=[0.05])]
    fired_at: Timestamp
    resolved_at: Timestamp | None
    notifications: Annotated[
        Sequence[AlertNotificationView], msgspec.Meta(description="What was sent of it besides webhooks.")
    ]


@get("/api/v1/alerts", tags=_TAGS, responses=problem_responses(404))
async def list_alerts(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    alert_state: Annotated[
        AlertState | None, QueryParameter(name="state", description="Only those with this state.")
    ] = None,
    kind: Annotated[
        AlertKind | None, QueryParameter(description=f"Only those of this kind: {alternatives(FIRED_KINDS)}.")
    ] = None,
    subscription_id: Annotated[
        SubscriptionId | None, QueryParameter(description="Only those about this subscription.")
    ] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[FiredAlertView]:
    """List alerts.

    Those that were fired, latest first, with what was sent of them. `GET /api/v1/webhooks/status` shows what is wrong
    at this moment, also what no message is sent of.
    """
    if kind is not None and kind not in FIRED_KINDS:
        raise InvalidInputError(
            f"Alerts of the kind {kind} aren't fired; GET /api/v1/webhooks/status shows them while they last.",
            field="kind",
            remedy=f"Use {alternatives(FIRED_KINDS)}.",
        )
    query = _alert_list.query(cursor, limit)
    only = AlertFilter(state=alert_state, kinds=None if kind is None else [kind], subscription_id=subscription_id)
    async with database.snapshot() as connection:
        found = await list_fired_alerts(
            connection,
            organisation_id=principal.organisation_id,
            only=only,
            before=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda alert: alert.alert_id, show=_show_alert)


def _show_alert(alert: KeptAlert) -> FiredAlertView:
    subscription_id = alert.subscription_id
    return FiredAlertView(
        alert_id=format_id(ALERT_PREFIX, alert.alert_id),
        kind=alert.kind,
        state=alert.state,
        title=alert.title,
        detail=alert.detail,
        subscription_id=None if subscription_id is None else format_id(SUBSCRIPTION_PREFIX, subscription_id),
        is_installation_wide=alert.is_installation_wide,
        value=alert.value,
        threshold=alert.threshold,
        fired_at=alert.fired_at,
        resolved_at=alert.resolved_at,
        notifications=[_show_notification(each) for each in alert.notifications],
    )


def _show_notification(notification: AlertNotification) -> AlertNotificationView:
    return AlertNotificationView(
        change=notification.change,
        channel=notification.channel,
        state=_state_of(notification),
        attempt_count=notification.attempt_count,
        sent_at=notification.sent_at,
        error=notification.error,
    )


def _state_of(notification: AlertNotification) -> AlertNotificationState:
    if notification.sent_at is not None:
        return "sent"
    if notification.error is None:
        return "queued"
    is_over = notification.is_final or notification.attempt_count >= ATTEMPTS_MAX
    return "failed" if is_over else "retrying"


ALERT_ROUTES: Final[list[HTTPRouteHandler]] = [list_alerts]
