"""What follows from what a processor says about a refund."""

import msgspec

from ninefold.systems.payments.model.outcomes import Approved, Declined
from ninefold.systems.payments.model.payments import Attempt
from ninefold.systems.payments.rules.changes import NOT_SENT, Change, Step, finish_attempt
from ninefold.systems.payments.rules.transfers import finish_refund


def refunded(step: Step, outcome: Approved) -> Change:
    """Return what changes when a refund was done."""
    attempt = finish_attempt(step, "succeeded", processor_reference=outcome.reference)
    return _end_refund(step, attempt, failure_reason=None)


def refuse_refund(step: Step, refused: Declined | None) -> Change:
    """Return what changes when a refund was declined, or has never arrived: the merchant gets its amount back."""
    if refused is None:
        return _end_refund(step, finish_attempt(step, "not_sent", error_code=NOT_SENT), failure_reason=NOT_SENT)
    attempt = finish_attempt(step, "declined", error_code=refused.code, error_message=refused.message)
    return _end_refund(step, attempt, failure_reason=refused.code)


def _end_refund(step: Step, attempt: Attempt, *, failure_reason: str | None) -> Change:
    assert step.refund is not None
    assert step.charge is not None
    refund, charge, is_done = step.refund, step.charge, failure_reason is None
    return Change(
        intent=step.move(step.intent.state),
        attempt=attempt,
        refund=msgspec.structs.replace(
            refund,
            state="succeeded" if is_done else "failed",
            failure_reason=failure_reason,
            failure_attempt_id=None if is_done else attempt.attempt_id,
            finished_at=step.at,
        ),
        charge=msgspec.structs.replace(
            charge,
            amount_refunding=charge.amount_refunding - refund.amount,
            amount_refunded=charge.amount_refunded + (refund.amount if is_done else 0),
        ),
        transfers=(finish_refund(step.accounts, refund_id=refund.refund_id, amount=refund.amount, is_done=is_done),),
        event="refunded" if is_done else "refund_failed",
        detail={"amount": refund.amount},
    )
