"""The worker task that evaluates alerts. It runs in every worker, but only one evaluates at a time."""

import asyncio
from typing import Final

import asyncpg
import structlog

from ninefold.core.errors import NinefoldError
from ninefold.core.ids import format_id
from ninefold.core.jobs import JOBS_CHANNEL
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.system import WorkerContext
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.core.waiting import wait_for_any
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.model import EVENTS_CHANNEL
from ninefold.systems.webhooks.model.alerts import ALERT_PREFIX, KeptAlert
from ninefold.systems.webhooks.rules.alert_rules import ALERT_RULES
from ninefold.systems.webhooks.service.alerting import Evaluation, evaluate_alerts
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.settings import WebhooksSettings

log = structlog.get_logger(__name__)


class AlertEvaluator:
    """Evaluates alerts until the worker stops.

    All that follows from an evaluation is in its transaction, which holds a lock. So several workers can't fire an
    alert twice, and if one is killed, another one evaluates again.
    """

    name: Final = "webhooks.alerts"

    def __init__(self, context: WorkerContext[WebhooksSettings]) -> None:
        self._database = context.database
        self._notifier = context.notifier
        self._settings = context.settings
        self._recipient_cache = RecipientCache()

    async def run(self, stopping: asyncio.Event) -> None:
        """Evaluate until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self.evaluate()
            except DatabaseUnavailableError as error:
                log.warning("webhooks.alerts.delayed", error=str(error))
            except (asyncpg.PostgresError, NinefoldError):
                # A bug in Ninefold, which must not end deliveries.
                log.exception("webhooks.alerts.unevaluated")
            await wait_for_any(stopping, timeout_s=self._settings.alert_interval_s)

    async def evaluate(self) -> Evaluation | None:
        """Evaluate alerts once; return what has changed, or None if it wasn't due or another worker does it."""
        async with self._database.transaction() as connection:
            evaluation = await evaluate_alerts(connection, self._recipient_cache, self._settings)
        if evaluation is None:
            return None
        if evaluation.fired or evaluation.resolved:
            self._notifier.notify(EVENTS_CHANNEL)
            self._notifier.notify(JOBS_CHANNEL)
        for alert in evaluation.fired:
            log.warning("webhooks.alert.fired", **_logged(alert))
        for alert in evaluation.resolved:
            log.info("webhooks.alert.resolved", **_logged(alert))
        for rule in ALERT_RULES:
            metrics.ALERTS_FIRING.labels(rule.kind).set(evaluation.firing.get(rule.kind, 0))
        metrics.QUEUE_FILL_RATIO.set(evaluation.queue_fill_share)
        metrics.DEAD_LETTERS.set(evaluation.dead_letters)
        return evaluation


def _logged(alert: KeptAlert) -> dict[str, object]:
    return {
        "alert_id": format_id(ALERT_PREFIX, alert.alert_id),
        "kind": alert.kind,
        "organisation_id": format_id(ORGANISATION_PREFIX, alert.organisation_id),
        "value": alert.value,
        "threshold": alert.threshold,
    }
