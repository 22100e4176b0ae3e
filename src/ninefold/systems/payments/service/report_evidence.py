"""Settlement reports as evidence: a line that names a call whose outcome is in doubt ends the doubt."""

from datetime import date
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.systems.payments.model.reconciliation import SETTLEMENT_REPORT_PREFIX, ReportLine
from ninefold.systems.payments.rules.report_evidence import proved_outcome
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.steps import Evidence
from ninefold.systems.payments.store import statements as store

DOUBTS_AT_ONCE: Final = 1_000

log = structlog.get_logger(__name__)


async def end_doubts(database: Database, flow: PaymentFlow, *, organisation_id: UUID, day: date) -> int:
    """End the doubts of an organisation that the reports of a day resolve; return how many.

    Each is a transaction of its own, so a repetition ends those that are left.
    """
    count, after, found = 0, None, DOUBTS_AT_ONCE
    while found == DOUBTS_AT_ONCE:
        async with database.connection() as connection:
            doubts = await store.settlement_report_line_list_in_doubt(
                connection, organisation_id=organisation_id, day=day, after=after, limit=DOUBTS_AT_ONCE
            )
        for doubt in doubts:
            outcome = proved_outcome(doubt.attempt, doubt.line, capture_method=doubt.capture_method)
            if outcome is not None:
                evidence = Evidence(kind="settlement_report", text=_text_of(doubt.line, day))
                await flow.record(doubt.attempt, outcome, evidence=evidence)
                log.info("payments.doubt.ended_by_report", our_reference=doubt.attempt.our_reference)
                count += 1
        found = len(doubts)
        after = doubts[-1].attempt.attempt_id if doubts else after
    return count


def _text_of(line: ReportLine, day: date) -> str:
    report_id = format_id(SETTLEMENT_REPORT_PREFIX, line.settlement_report_id)
    return f"Line {line.number} of the report {report_id} of {day}."
