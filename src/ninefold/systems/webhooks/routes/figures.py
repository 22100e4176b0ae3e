"""The HTTP routes for figures, for what waits, and for alerts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from ninefold.contracts.webhooks import EventTier
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.webhooks.model import SUBSCRIPTION_PREFIX
from ninefold.systems.webhooks.model.figures import Alert, AlertKind, Backlog, Figure, Period, QueueDepth
from ninefold.systems.webhooks.routes.subscription_wire import SubscriptionId
from ninefold.systems.webhooks.routes.wire import SubscriptionIdText
from ninefold.systems.webhooks.rules.histograms import percentile_ms
from ninefold.systems.webhooks.service import alerts as alert_service
from ninefold.systems.webhooks.service import figures as service
from ninefold.systems.webhooks.settings import WebhooksSettings

_TAGS: Final = ["figures"]

_PeriodParameter = Annotated[
    Period, QueryParameter(description="The last hour by minutes, or the last day or week by hours.")
]


class PercentilesView(msgspec.Struct, frozen=True, kw_only=True):
    """Percentiles in milliseconds. They come from counts in buckets, so they are approximate."""

    p50_ms: Annotated[float, msgspec.Meta(examples=[41.0])]
    p95_ms: Annotated[float, msgspec.Meta(examples=[188.0])]
    p99_ms: Annotated[float, msgspec.Meta(examples=[540.0])]


class FigureView(msgspec.Struct, frozen=True, kw_only=True):
    """The attempts of some time, by when they were recorded."""

    starts_at: Timestamp
    succeeded_attempts: Annotated[int, msgspec.Meta(description="As many deliveries were made.", examples=[24_640])]
    failed_attempts: Annotated[int, msgspec.Meta(examples=[320])]
    attempt_duration: Annotated[
        PercentilesView | None,
        msgspec.Meta(
            description="From the start of an attempt's request to the end of the response, or to its failure;"
            " null without an attempt."
        ),
    ]
    delivery_time: Annotated[
        PercentilesView | None,
        msgspec.Meta(
            description="From when an event was accepted, or a delivery retried by hand, to the end of the attempt that"
            " delivered it; null without one."
        ),
    ]


class FiguresView(msgspec.Struct, frozen=True, kw_only=True):
    """Figures over a period."""

    period: Period
    step_s: Annotated[int, msgspec.Meta(description="Seconds from one point to the next.", examples=[60])]
    points: Annotated[
        Sequence[FigureView],
        msgspec.Meta(description="Every minute or hour of the period, oldest first. The last one isn't over."),
    ]
    total: FigureView
    success_share_min: Annotated[
        float, msgspec.Meta(description="An alert fires if a smaller share of attempts succeeds.", examples=[0.95])
    ]
    alert_window_s: Annotated[
        int, msgspec.Meta(description="Seconds up to now whose attempts that alert is about.", examples=[900])
    ]


class SparklineView(msgspec.Struct, frozen=True, kw_only=True):
    """The attempts of a subscription in the last hour, three minutes a number, oldest first."""

    subscription_id: SubscriptionIdText
    succeeded_attempts: Annotated[Sequence[int], msgspec.Meta(examples=[[12, 14, 9]])]
    failed_attempts: Annotated[Sequence[int], msgspec.Meta(examples=[[0, 0, 3]])]


class SparklinesView(msgspec.Struct, frozen=True, kw_only=True):
    """The sparklines of the subscriptions that had an attempt in the last hour."""

    width_s: Annotated[int, msgspec.Meta(examples=[service.SPARKLINE_WIDTH_S])]
    sparklines: Sequence[SparklineView]


class QueueDepthView(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries are in a queue."""

    count: Annotated[int, msgspec.Meta(examples=[214])]
    is_more: Annotated[bool, msgspec.Meta(description="Whether there are more than were counted.")]
    oldest_at: Annotated[
        Timestamp | None,
        msgspec.Meta(description="When the oldest of them was accepted, or retried by hand; null without any."),
    ]


class TierDepthView(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries of one tier that aren't finished."""

    tier: Annotated[EventTier, msgspec.Meta(examples=[EventTier.STANDARD])]
    queued: QueueDepthView
    queued_max: Annotated[
        int,
        msgspec.Meta(
            description="Events of this tier are accepted while fewer deliveries of all tiers are queued.",
            examples=[950_000],
        ),
    ]
    retrying: QueueDepthView
    waiting: QueueDepthView


class BacklogView(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries that aren't finished."""

    queued: Annotated[QueueDepthView, msgspec.Meta(description="Without an outcome; some are being attempted.")]
    queued_max: Annotated[
        int, msgspec.Meta(description="With as many, no more events are accepted.", examples=[1_000_000])
    ]
    retrying: Annotated[QueueDepthView, msgspec.Meta(description="They wait for their next attempt.")]
    waiting: Annotated[
        QueueDepthView, msgspec.Meta(description="They wait for a limit, an open circuit or a paused subscription.")
    ]
    next_attempt_at: Annotated[Timestamp | None, msgspec.Meta(description="When the next retry is due.")]
    tiers: Annotated[Sequence[TierDepthView], msgspec.Meta(description="The same by tier, most urgent first.")]


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person should know of."""

    kind: AlertKind
    title: Annotated[str, msgspec.Meta(examples=["37 deliveries to warehouse failed"])]
    detail: Annotated[
        str,
        msgspec.Meta(
            description="What it means, and what to do.",
            examples=["In the last day, after all retries. They wait for a replay."],
        ),
    ]
    needs_person: Annotated[bool, msgspec.Meta(description="Whether it stays until a person acts.")]
    subscription_id: SubscriptionIdText | None
    since: Timestamp | None
    count: Annotated[int | None, msgspec.Meta(description="How many deliveries or attempts it is about.")]
    retry_at: Annotated[Timestamp | None, msgspec.Meta(description="When an open circuit is probed again.")]
    pauses_at: Annotated[
        Timestamp | None,
        msgspec.Meta(description="When the subscription is paused, if every attempt fails until then."),
    ]


class StatusView(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, and what a person should know of."""

    backlog: BacklogView
    worker_count: Annotated[int, msgspec.Meta(description="How many workers are running.", examples=[2])]
    alerts: Annotated[Sequence[AlertView], msgspec.Meta(description="Those that need a person first.")]


@get("/api/v1/webhooks/status", tags=_TAGS)
async def get_status(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
) -> StatusView:
    """Show what waits, and alerts.

    Counts of deliveries that wait, and a list of what a person should know of: open circuits, paused and failing
    subscriptions, dead letters of the last day, too many failures, workers that are missing or don't keep up.
    """
    async with database.snapshot() as connection:
        status = await alert_service.read_status(
            connection,
            organisation_id=principal.organisation_id,
            now=datetime.now(UTC),
            settings=webhooks_settings,
        )
    return StatusView(
        backlog=show_backlog(status.backlog),
        worker_count=status.worker_count,
        alerts=[_show_alert(alert) for alert in status.alerts],
    )


@get("/api/v1/webhooks/figures", tags=_TAGS)
async def get_figures(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
    period: _PeriodParameter = Period.HOUR,
) -> FiguresView:
    """Show the organisation's figures.

    Attempts, how long they took, and how long deliveries took. Workers add to them every five seconds, and to those of
    the current hour every minute.
    """
    async with database.connection() as connection:
        figures = await service.read_organisation_figures(
            connection, organisation_id=principal.organisation_id, period=period, now=datetime.now(UTC)
        )
    return _show_figures(figures, period, webhooks_settings)


@get("/api/v1/subscriptions/{subscription_id:str}/figures", tags=_TAGS)
async def get_subscription_figures(
    subscription_id: FromPath[SubscriptionId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    webhooks_settings: NamedDependency[WebhooksSettings],
    period: _PeriodParameter = Period.HOUR,
) -> FiguresView:
    """Show a subscription's figures.

    Like those of the organisation.
    """
    async with database.connection() as connection:
        figures = await service.read_subscription_figures(
            connection,
            organisation_id=principal.organisation_id,
            subscription_id=subscription_id,
            period=period,
            now=datetime.now(UTC),
        )
    return _show_figures(figures, period, webhooks_settings)


@get("/api/v1/webhooks/sparklines", tags=_TAGS)
async def list_sparklines(principal: NamedDependency[Principal], database: NamedDependency[Database]) -> SparklinesView:
    """List sparklines.

    The attempts of each subscription in the last hour, for small charts in lists.
    """
    async with database.connection() as connection:
        found = await service.read_sparklines(
            connection, organisation_id=principal.organisation_id, now=datetime.now(UTC)
        )
    return SparklinesView(
        width_s=service.SPARKLINE_WIDTH_S,
        sparklines=[
            SparklineView(
                subscription_id=format_id(SUBSCRIPTION_PREFIX, each.subscription_id),
                succeeded_attempts=each.succeeded_attempts,
                failed_attempts=each.failed_attempts,
            )
            for each in found
        ],
    )


def _show_figures(figures: service.Figures, period: Period, settings: WebhooksSettings) -> FiguresView:
    return FiguresView(
        period=period,
        step_s=figures.step_s,
        points=[_show_figure(point) for point in figures.points],
        total=_show_figure(figures.total),
        success_share_min=round(1 - settings.alert_failure_share_max, 6),
        alert_window_s=settings.alert_window_s,
    )


def _show_figure(figure: Figure) -> FigureView:
    return FigureView(
        starts_at=figure.starts_at,
        succeeded_attempts=figure.succeeded_attempts,
        failed_attempts=figure.failed_attempts,
        attempt_duration=show_percentiles(figure.attempt_durations),
        delivery_time=show_percentiles(figure.delivery_times),
    )


def show_percentiles(counts: Sequence[int]) -> PercentilesView | None:
    """Return the percentiles of a histogram; None if it is empty."""
    p50_ms, p95_ms, p99_ms = (percentile_ms(counts, share) for share in (0.5, 0.95, 0.99))
    if p50_ms is None or p95_ms is None or p99_ms is None:
        return None
    return PercentilesView(p50_ms=round(p50_ms, 1), p95_ms=round(p95_ms, 1), p99_ms=round(p99_ms, 1))


def show_backlog(backlog: Backlog) -> BacklogView:
    """Return what waits, as the API shows it."""
    return BacklogView(
        queued=_show_depth(backlog.queued),
        queued_max=backlog.queued_max,
        retrying=_show_depth(backlog.retrying),
        waiting=_show_depth(backlog.waiting),
        next_attempt_at=backlog.next_attempt_at,
        tiers=[
            TierDepthView(
                tier=each.tier,
                queued=_show_depth(each.queued),
                queued_max=each.queued_max,
                retrying=_show_depth(each.retrying),
                waiting=_show_depth(each.waiting),
            )
            for each in backlog.tiers
        ],
    )


def _show_depth(depth: QueueDepth) -> QueueDepthView:
    return QueueDepthView(count=depth.count, is_more=depth.is_more, oldest_at=depth.oldest_at)


def _show_alert(alert: Alert) -> AlertView:
    subscription_id = alert.subscription_id
    return AlertView(
        kind=alert.kind,
        title=alert.title,
        detail=alert.detail,
        needs_person=alert.needs_person,
        subscription_id=None if subscription_id is None else format_id(SUBSCRIPTION_PREFIX, subscription_id),
        since=alert.since,
        count=alert.count,
        retry_at=alert.retry_at,
        pauses_at=alert.pauses_at,
    )


FIGURE_ROUTES: Final[list[HTTPRouteHandler]] = [get_status, get_figures, get_subscription_figures, list_sparklines]
