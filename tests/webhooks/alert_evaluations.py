"""Evaluations of alerts for tests: at once, as often as a test wants, with figures that it writes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.model.figures import MINUTE_S, Counted
from ninefold.systems.webhooks.rules.histograms import BOUNDS_MS, BUCKETS
from ninefold.systems.webhooks.service.alerting import Evaluation, evaluate_alerts
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.settings import PREFIX, read_webhooks_settings
from ninefold.systems.webhooks.store.figures import figure_add

AT_ONCE = {"ALERT_INTERVAL_S": "0.05", "ALERT_CLEAR_S": "0"}


async def evaluate(database: Database, settings: Mapping[str, str] | None = None) -> Evaluation:
    """Evaluate alerts now, and resolve what is well without waiting; settings are named without their prefix."""
    values = {f"{PREFIX}{name}": value for name, value in {**AT_ONCE, **(settings or {})}.items()}
    async with database.transaction() as connection:
        await connection.execute("UPDATE webhooks.alert_evaluation SET evaluated_at = '-infinity'")
        evaluation = await evaluate_alerts(connection, RecipientCache(), read_webhooks_settings(values))
    assert evaluation is not None
    return evaluation


def changes(evaluation: Evaluation) -> tuple[list[str], list[str]]:
    """Return the kinds of what has fired, and of what was resolved."""
    return [each.kind for each in evaluation.fired], [each.kind for each in evaluation.resolved]


async def organisation_of(database: Database) -> UUID:
    """Return the organisation of the first subscription."""
    async with database.connection() as connection:
        organisation_id: UUID = await connection.fetchval(
            "SELECT organisation_id FROM webhooks.subscription ORDER BY subscription_id LIMIT 1"
        )
    return organisation_id


async def count_attempts(
    database: Database,
    organisation_id: UUID,
    *,
    succeeded: int = 0,
    failed: int = 0,
    retried: int = 0,
    within_ms: float = 10.0,
    event_types: tuple[str, ...] = ("",),
) -> None:
    """Add attempts of an organisation to the figures of this minute; those that succeeded took this time to deliver."""
    times = [0] * BUCKETS
    times[BOUNDS_MS.index(within_ms)] = succeeded
    counted = [
        Counted(
            organisation_id=organisation_id,
            subscription_id=UUID(int=0),
            event_type=event_type,
            succeeded_attempts=succeeded,
            failed_attempts=failed,
            retried_attempts=retried,
            attempt_durations=[0] * BUCKETS,
            delivery_times=times,
        )
        for event_type in event_types
    ]
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    async with database.transaction() as connection:
        await figure_add(connection, counted, step_s=MINUTE_S, starts_at=minute)


async def forget_attempts(database: Database) -> None:
    """Remove all figures, as if much time had passed."""
    async with database.connection() as connection:
        await connection.execute("DELETE FROM webhooks.figure")
