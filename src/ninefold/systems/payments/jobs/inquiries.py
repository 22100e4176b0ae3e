"""The worker's task that asks processors about calls without an outcome: those in doubt, and those of who has died."""

import asyncio
from typing import Final

import structlog

from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.system import WorkerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.payments.model.payments import Attempt
from ninefold.systems.payments.rules.inquiries import inquiry_duration_max
from ninefold.systems.payments.service.doubts import claim_due
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.settings import PaymentsSettings

POLL_INTERVAL_S: Final = 1.0
IN_FLIGHT_MAX: Final = 20
log = structlog.get_logger(__name__)


class InquiryTask:
    """Asks until the worker stops.

    Args:
        context: the worker's.
        flow: makes the steps.
    """

    name = "payments.inquiries"

    def __init__(self, context: WorkerContext[PaymentsSettings], flow: PaymentFlow) -> None:
        self._context: Final = context
        self._flow: Final = flow

    async def run(self, stopping: asyncio.Event) -> None:
        """Ask until `stopping` is set; then finish what was begun."""
        while not stopping.is_set():
            try:
                asked = await self.ask_due()
            except DatabaseUnavailableError as error:
                log.info("payments.inquiries.unavailable", error=str(error))
                asked = 0
            if asked < IN_FLIGHT_MAX:
                await wait_for_any(stopping, timeout_s=POLL_INTERVAL_S)
        await self._flow.processors.close()

    async def ask_due(self) -> int:
        """Ask about what is due, at most as much as is asked at once; return how much it was."""
        at = self._context.clock.now()
        async with self._context.database.transaction() as connection:
            claimed_for = inquiry_duration_max(self._flow.limits.processor_timeout)
            due = await claim_due(connection, at=at, claimed_until=at + claimed_for, limit=IN_FLIGHT_MAX)
        await asyncio.gather(*(self._ask(attempt) for attempt in due))
        return len(due)

    async def _ask(self, attempt: Attempt) -> None:
        try:
            done = await self._flow.resume(attempt)
        except DatabaseUnavailableError as error:
            # It is asked again when the claim has ended.
            log.info("payments.inquiries.unavailable", error=str(error))
            return
        except Exception:
            log.exception("payments.inquiry.crashed", our_reference=attempt.our_reference)
            return
        if done.attempt is not None:
            log.info(
                "payments.inquiry.answered",
                our_reference=attempt.our_reference,
                operation=attempt.operation,
                state=done.attempt.state,
            )
