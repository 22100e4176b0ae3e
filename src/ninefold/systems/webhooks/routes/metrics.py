"""The HTTP route for metrics by subscription and event type."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.query_parameters import DATE_TIME, parse_time
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.webhooks.model.figures import Figure
from ninefold.systems.webhooks.routes.figures import (
    BacklogView,
    PercentilesView,
    show_backlog,
    show_percentiles,
)
from ninefold.systems.webhooks.routes.subscription_wire import SubscriptionId
from ninefold.systems.webhooks.service import metrics as service
from ninefold.systems.webhooks.settings import WebhooksSettings

_TAGS: Final = ["figures"]
_SHARE_DIGITS: Final = 5


class MetricsFigureView(msgspec.Struct, frozen=True, kw_only=True):
    """The attempts of some time, by when they were recorded."""

    attempts: Annotated[int, msgspec.Meta(examples=[24_960])]
    succeeded_attempts: Annotated[int, msgspec.Meta(description="As many deliveries were made.", examples=[24_640])]
    failed_attempts: Annotated[int, msgspec.Meta(examples=[320])]
    retried_attempts: Annotated[
        int, msgspec.Meta(description="Those that weren't the first of their round.", examples=[310])
    ]
    success_rate: Annotated[
        float | None, msgspec.Meta(description="Of all attempts; null without one.", examples=[0.98718])
    ]
    retry_rate: Annotated[
        float | None, msgspec.Meta(description="Of all attempts; null without one.", examples=[0.01242])
    ]
    delivery_time: Annotated[
        PercentilesView | None,
        msgspec.Meta(
            description="From when an event was accepted, or a delivery retried by hand, to the end of the attempt that"
            " delivered it; null without one."
        ),
    ]


class MetricsPointView(MetricsFigureView, frozen=True, kw_only=True):
    """The attempts of one step."""

    starts_at: Timestamp


class EventTypeMetricsView(MetricsFigureView, frozen=True, kw_only=True):
    """The attempts of one event type in the whole time."""

    event_type: Annotated[
        str | None,
        msgspec.Meta(
            description="Null: all others together. The types with the most attempts have figures of their own.",
            examples=["order.created"],
        ),
    ]


class MetricsView(msgspec.Struct, frozen=True, kw_only=True):
    """Metrics of some time, and what waits now."""

    starts_at: Annotated[Timestamp, msgspec.Meta(description="`from`, rounded down to a whole step.")]
    ends_at: Annotated[Timestamp, msgspec.Meta(description="`to`, rounded up.")]
    step_s: Annotated[int, msgspec.Meta(description="Seconds from one point to the next.", examples=[60])]
    points: Annotated[Sequence[MetricsPointView], msgspec.Meta(description="Every step, oldest first.")]
    total: MetricsFigureView
    event_types: Annotated[
        Sequence[EventTypeMetricsView],
        msgspec.Meta(description="Those with the most attempts first; empty if `event_type` is given."),
    ]
    queues: Annotated[BacklogView, msgspec.Meta(description="What waits in the whole organisation now.")]
    open_circuits: Annotated[
        int, msgspec.Meta(description="Subscriptions of the organisation whose circuit is open now.", examples=[0])
    ]


_ViewT = TypeVar("_ViewT", bound=MetricsFigureView)


@get("/api/v1/metrics/webhooks", tags=_TAGS, responses=problem_responses(404))
async def get_webhook_metrics(
    *,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
    subscription_id: Annotated[
        SubscriptionId | None, QueryParameter(description="Only attempts to this subscription.")
    ] = None,
    event_type: Annotated[
        str | None, QueryParameter(description="Only attempts of events of exactly this type.")
    ] = None,
    since: Annotated[
        str | None,
        QueryParameter(
            name="from", format=DATE_TIME, description="Their begin, such as 2026-01-31T12:00:00Z; an hour before `to`."
        ),
    ] = None,
    until: Annotated[
        str | None, QueryParameter(name="to", format=DATE_TIME, description="Their end; by default, now.")
    ] = None,
    step_s: Annotated[
        int | None,
        QueryParameter(
            description="Seconds of a point: whole minutes up to an hour, or whole hours. By default minutes, or hours"
            " if that is more than six hours.",
        ),
    ] = None,
) -> MetricsView:
    """Show metrics.

    How many attempts succeeded, failed and were retries, and how long deliveries took, by subscription and event type.
    Workers add to them every five seconds, and to hours every minute. Minutes are kept for two days, hours for thirty.
    """
    query = service.make_query(
        organisation_id=principal.organisation_id,
        subscription_id=subscription_id,
        event_type=event_type,
        since=parse_time(since, field="from"),
        until=parse_time(until, field="to"),
        step_s=step_s,
        now=datetime.now(UTC),
    )
    async with database.snapshot() as connection:
        found = await service.read_metrics(connection, query, limits=webhooks_settings.queue_limits)
    return MetricsView(
        starts_at=query.since,
        ends_at=query.until,
        step_s=query.step_s,
        points=[_show(MetricsPointView, point, starts_at=point.starts_at) for point in found.points],
        total=_show(MetricsFigureView, found.total),
        event_types=sorted(
            (
                _show(EventTypeMetricsView, figure, event_type=name or None)
                for name, figure in found.by_event_type.items()
            ),
            key=lambda each: (each.event_type is None, -each.attempts, each.event_type),
        ),
        queues=show_backlog(found.backlog),
        open_circuits=found.open_circuits,
    )


def _show(kind: type[_ViewT], figure: Figure, **more: Any) -> _ViewT:
    """Return a view of a figure; `more` are the fields that this kind of view adds."""
    attempts = figure.succeeded_attempts + figure.failed_attempts
    return kind(
        attempts=attempts,
        succeeded_attempts=figure.succeeded_attempts,
        failed_attempts=figure.failed_attempts,
        retried_attempts=figure.retried_attempts,
        success_rate=round(figure.succeeded_attempts / attempts, _SHARE_DIGITS) if attempts else None,
        retry_rate=round(figure.retried_attempts / attempts, _SHARE_DIGITS) if attempts else None,
        delivery_time=show_percentiles(figure.delivery_times),
        **more,
    )


METRICS_ROUTES: Final[list[HTTPRouteHandler]] = [get_webhook_metrics]
