"""The worker's task: verify callbacks that were received.

A batch is claimed, judged and recorded in one transaction. So it needs no leases: if the worker dies, PostgreSQL ends
the transaction, and another worker takes the callbacks at once.
"""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.claim_loop import repeat_claim
from ninefold.core.system import WorkerContext
from ninefold.systems.callbacks.jobs.key_fetcher import KeyFetcher
from ninefold.systems.callbacks.jobs.metrics import count_judgements
from ninefold.systems.callbacks.model import RECEIVED_CHANNEL, CallbackStatus, Judgement, WaitingCallback
from ninefold.systems.callbacks.service.changes import append_changes
from ninefold.systems.callbacks.service.judging import JudgingRules, judge
from ninefold.systems.callbacks.service.passing_on import WebhookDelivery
from ninefold.systems.callbacks.settings import CallbacksSettings
from ninefold.systems.callbacks.store.callbacks import callback_claim

POLL_S: Final = 0.5
"""Seconds between claims without a notification, since notifications can get lost."""

BATCH_MAX: Final = 200
BATCH_BYTES_MAX: Final = 4 * 1024 * 1024
"""The bodies of a batch, in equal shares for its organisations; the first callback of each may exceed its share."""

ORGANISATIONS_MAX: Final = 20
"""How many organisations one claim looks at; the next one continues after them. Each can have a body of 10 MiB."""

_BEFORE_ALL: Final = UUID(int=0)

log = structlog.get_logger(__name__)


class Verifier:
    """Verifies callbacks until the worker stops."""

    name = "callbacks.verify"

    def __init__(self, context: WorkerContext[CallbacksSettings]) -> None:
        self._database = context.database
        self._notifier = context.notifier
        self._delivery = WebhookDelivery.find(context.implementations)
        self._sealer = context.sealer
        self._rules = judging_rules(context.settings)
        self._notified = context.notifier.subscribe(RECEIVED_CHANNEL)
        self._keys = KeyFetcher(context.egress, on_fetched=self._notified.set)
        self._after = _BEFORE_ALL

    async def run(self, stopping: asyncio.Event) -> None:
        """Verify callbacks until `stopping` is set."""
        try:
            await repeat_claim(
                self._verify_batch, name="callbacks.verify", notified=self._notified, poll_s=POLL_S, stopping=stopping
            )
        finally:
            self._keys.close()

    async def _verify_batch(self) -> bool:
        """Verify a batch; return whether there may be more."""
        began_after = self._after
        async with self._database.transaction() as connection:
            claimed, last_organisation_id = await callback_claim(
                connection,
                after=began_after,
                organisations_max=ORGANISATIONS_MAX,
                limit=BATCH_MAX,
                body_bytes_max=BATCH_BYTES_MAX,
                held_back=self._keys.waiting_sources,
            )
            judgements = await self._judge(connection, claimed)
            channels = await append_changes(connection, callback_ids=[each.callback_id for each in judgements])
        self._after = last_organisation_id or _BEFORE_ALL
        if channels:
            self._notifier.notify(LIVE_CHANNEL, *sorted(channels))
        self._report(judgements)
        # Those that weren't judged wait for keys: the next claim leaves out their sources, until the fetcher wakes us.
        return bool(claimed) or began_after != _BEFORE_ALL

    async def _judge(self, connection: Connection, claimed: list[WaitingCallback]) -> list[Judgement]:
        if not claimed:
            return []
        return await judge(
            connection, self._delivery, self._sealer, claimed, key_documents=self._keys, rules=self._rules
        )

    def _report(self, judgements: list[Judgement]) -> None:
        count_judgements(judgements)
        if any(each.status is CallbackStatus.VERIFIED for each in judgements):
            self._delivery.notify(self._notifier)
        if judgements:
            log.debug("callbacks.batch.judged", callbacks=len(judgements))


def judging_rules(settings: CallbacksSettings) -> JudgingRules:
    """Return what the settings say about judging callbacks."""
    return JudgingRules(public_url=settings.public_url, dedupe_window=timedelta(seconds=settings.dedupe_window_s))
