"""What webhooks of processors tell: outcomes, which also end a doubt."""

from typing import Final

import structlog

from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.payments.model.outcomes import Approved, ProcessorEvent
from ninefold.systems.payments.model.payments import ATTEMPT_PREFIX, Attempt
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.steps import Evidence
from ninefold.systems.payments.store.payments import attempt_find_by_id

TEXT_LENGTH_MAX: Final = 200

log = structlog.get_logger(__name__)


async def apply_event(database: Database, flow: PaymentFlow, event: ProcessorEvent) -> bool:
    """Record what a processor says about a call; return whether there is such a call.

    An event that comes twice, late or after the answer changes nothing. One that comes before the answer to the call is
    recorded, and then the answer changes nothing.
    """
    try:
        attempt_id = parse_id(ATTEMPT_PREFIX, event.our_reference)
    except InvalidIdError:
        return False
    async with database.connection() as connection:
        attempt = await attempt_find_by_id(connection, attempt_id=attempt_id)
    if attempt is None:
        return False
    if not attempt.is_open:
        _warn_of_contradiction(attempt, event)
    else:
        evidence = Evidence(kind="webhook", text=event.event_id[:TEXT_LENGTH_MAX])
        await flow.record(attempt, event.outcome, evidence=evidence)
    return True


def _warn_of_contradiction(attempt: Attempt, event: ProcessorEvent) -> None:
    """Log that the processor has done what counts as not done: reconciliation finds the money as a break."""
    was_canceled = attempt.error_code == "canceled"
    if isinstance(event.outcome, Approved) and attempt.state != "succeeded" and not was_canceled:
        log.error("payments.outcome.contradicted", our_reference=event.our_reference, state=attempt.state)
