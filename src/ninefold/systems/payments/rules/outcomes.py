"""What follows from what a processor says about a call."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from ninefold.systems.payments.model.money import Money, currency
from ninefold.systems.payments.model.outcomes import Approved, Declined, NeedsAction, NotFound, NotSent, Unknown
from ninefold.systems.payments.model.payments import Attempt, Charge, IntentState, Operation
from ninefold.systems.payments.rules.changes import NOT_SENT, Change, Step, finish_attempt
from ninefold.systems.payments.rules.fees import capture_fee
from ninefold.systems.payments.rules.holds import available_at, reserve_of
from ninefold.systems.payments.rules.inquiries import inquiry_delay
from ninefold.systems.payments.rules.refund_outcomes import refunded, refuse_refund
from ninefold.systems.payments.rules.transfers import capture_funds, reserve_funds, resolve_funds

NEVER_ARRIVED: Final = Declined(
    code="processing_error", message="An error occurred while processing your card. Try again later."
)
"""What the customer is told if the processor has never received the call, which the merchant has learned too late."""

NOT_AUTHENTICATED: Final = Declined(
    code="payment_intent_authentication_failure",
    message="The customer hasn't authenticated, and the authentication was canceled.",
)

AnyOutcome = Approved | Declined | NeedsAction | Unknown | NotSent | NotFound


def apply_outcome(step: Step, outcome: AnyOutcome) -> Change:
    """Return what changes when the outcome of the attempt is known, or that it isn't.

    Args:
        step: with the attempt, which is open.
        outcome: what the processor says. `NotFound` and `NotSent` are both that the call has had no effect. After
            `NotSent`, the merchant knows it from the answer to its request; after `NotFound`, it has to be told.
    """
    assert step.attempt is not None, "there is no outcome without an attempt"
    if step.attempt.state == "waiting_for_customer" and not isinstance(outcome, (Approved, Declined)):
        return Change(intent=step.intent, attempt=step.attempt, event="action_required", is_quiet=True)
    if isinstance(outcome, Unknown):
        return _stay_in_doubt(step, outcome)
    if isinstance(outcome, NeedsAction):
        return _ask_customer(step, outcome)
    if isinstance(outcome, Approved):
        return _ON_APPROVED[step.attempt.operation](step, outcome)
    if isinstance(outcome, NotFound) and step.attempt.operation == "authorise":
        return _never_arrived(step)
    refused = outcome if isinstance(outcome, Declined) else None
    return _ON_REFUSED[step.attempt.operation](step, refused)


def return_state(step: Step) -> IntentState:
    """Return the state of a payment if the call under way has no effect."""
    if step.intent.amount_received:
        return "succeeded"
    if step.intent.amount_capturable:
        return "requires_capture"
    if step.intent.action_url:
        return "requires_action"
    # The customer failed the authentication meanwhile.
    return "requires_payment_method" if step.intent.error_code else "requires_confirmation"


def _authorised(step: Step, outcome: Approved) -> Change:
    attempt = finish_attempt(step, "succeeded", processor_reference=outcome.reference)
    charge = msgspec.structs.replace(_charge_of(step), state="succeeded", processor_reference=outcome.reference)
    if outcome.is_captured:
        return _capture(step, attempt, charge, amount=step.intent.amount)
    capture_before = step.at + step.limits.authorisation_lifetime
    hold = reserve_funds(
        step.accounts, charge_id=charge.charge_id, amount=step.intent.amount, timeout_at=capture_before
    )
    intent = step.move(
        step.intent.state if _is_being_canceled(step) else "requires_capture",
        amount_capturable=step.intent.amount,
        capture_before=capture_before,
        latest_charge_id=charge.charge_id,
        action_url=None,
    )
    return Change(
        intent=intent,
        attempt=attempt,
        charge=msgspec.structs.replace(charge, hold_id=hold.transfer_id),
        # The shadow of an authorisation that was in doubt stands already: the same cause is the same transfer.
        transfers=(hold,),
        event="authorised",
    )


def _captured(step: Step, outcome: Approved) -> Change:
    assert step.attempt is not None
    assert step.charge is not None
    attempt = finish_attempt(step, "succeeded", processor_reference=outcome.reference)
    return _capture(step, attempt, step.charge, amount=step.attempt.amount)


def _capture(step: Step, attempt: Attempt, charge: Charge, *, amount: int) -> Change:
    captured = Money(amount, currency(charge.currency))
    fee = capture_fee(step.merchant, captured)
    reserve = reserve_of(step.merchant, captured, fee=fee)
    transfers = capture_funds(
        step.accounts,
        charge_id=charge.charge_id,
        hold=None if charge.hold_id is None else (charge.hold_id, charge.amount),
        amount=amount,
        fee=fee.amount,
        reserve=reserve.amount,
    )
    charge = msgspec.structs.replace(
        charge,
        amount_captured=amount,
        fee=fee.amount,
        reserve=reserve.amount,
        captured_at=step.at,
        available_at=available_at(step.merchant, step.at),
    )
    intent = step.move(
        "succeeded",
        amount_received=amount,
        amount_capturable=0,
        latest_charge_id=charge.charge_id,
        capture_before=None,
        action_url=None,
    )
    return Change(
        intent=intent,
        attempt=attempt,
        charge=charge,
        transfers=tuple(transfers),
        event="captured",
        detail={"amount": amount, "fee": fee.amount},
    )


def _canceled(step: Step, outcome: Approved) -> Change:
    assert step.attempt is not None
    attempt = finish_attempt(step, "succeeded", processor_reference=outcome.reference)
    fields: dict[str, Any] = {"amount_capturable": 0, "capture_before": None, "action_url": None}
    if step.attempt.cancel_reason == "replaced":
        change = _replaced(step, attempt, fields)
    else:
        fields |= {"canceled_at": step.at, "cancel_reason": step.attempt.cancel_reason}
        change = Change(intent=step.move("canceled", **fields), attempt=attempt, event="canceled")
    if step.charge is not None and step.charge.state == "pending":
        # It was in doubt before the customer was asked to authenticate.
        charge = msgspec.structs.replace(
            step.charge, state="failed", error_code="canceled", error_message="The payment was canceled."
        )
        change = msgspec.structs.replace(change, charge=charge)
    if step.waiting is not None:
        waiting = msgspec.structs.replace(
            step.waiting, state="declined", error_code="canceled", finished_at=step.at, next_inquiry_at=None
        )
        change = msgspec.structs.replace(change, also_attempts=(waiting,))
    return _release(step, change, expires=False)


def _replaced(step: Step, attempt: Attempt, fields: dict[str, Any]) -> Change:
    """Return what changes when an authentication was canceled, so that the payment can be made in another way."""
    if step.intent.state != "in_doubt":
        return Change(intent=step.move("requires_confirmation", **fields), attempt=attempt, event="action_canceled")
    # The request for it was answered long ago, and nobody goes on with it: the merchant has to be told.
    fields |= {
        "payment_method_id": None,
        "error_code": NOT_AUTHENTICATED.code,
        "error_message": NOT_AUTHENTICATED.message,
        "failed_payment_method": step.payment_method,
    }
    return Change(intent=step.move("requires_payment_method", **fields), attempt=attempt, event="action_canceled")


def expire(step: Step) -> Change:
    """Return what changes when an authorisation wasn't captured in time."""
    intent = step.move(
        "canceled", amount_capturable=0, capture_before=None, canceled_at=step.at, cancel_reason="automatic"
    )
    return _release(step, Change(intent=intent, event="expired"), expires=True)


def _refuse_authorisation(step: Step, refused: Declined | None) -> Change:
    if refused is None:
        return _not_sent(step) if step.charge is None else _never_arrived(step)
    attempt = finish_attempt(
        step,
        "declined",
        processor_reference=refused.reference,
        error_code=refused.code,
        error_message=refused.message,
    )
    return _fail(step, attempt, refused, event="declined")


def _never_arrived(step: Step) -> Change:
    return _fail(step, finish_attempt(step, "not_sent", error_code=NOT_SENT), NEVER_ARRIVED, event="not_sent")


def _fail(step: Step, attempt: Attempt, refused: Declined, *, event: str) -> Change:
    """Return what changes when an authorisation has failed, so that another payment method is needed."""
    charge = msgspec.structs.replace(
        _charge_of(step),
        state="failed",
        processor_reference=refused.reference,
        error_code=refused.code,
        decline_code=refused.decline_code,
        error_message=refused.message,
    )
    is_being_canceled = _is_being_canceled(step)
    intent = step.move(
        step.intent.state if is_being_canceled else "requires_payment_method",
        payment_method_id=step.intent.payment_method_id if is_being_canceled else None,
        latest_charge_id=charge.charge_id,
        action_url=None,
        error_code=refused.code,
        decline_code=refused.decline_code,
        error_message=refused.message,
        failed_payment_method=step.payment_method,
    )
    detail = {"code": refused.code, "decline_code": refused.decline_code}
    change = Change(intent=intent, attempt=attempt, charge=charge, event=event, detail=detail)
    return _release(step, change, expires=False)


def _not_sent(step: Step) -> Change:
    attempt = finish_attempt(step, "not_sent", error_code=NOT_SENT)
    return Change(intent=step.move("requires_confirmation"), attempt=attempt, event="not_sent")


def _refuse_follow_up(step: Step, refused: Declined | None) -> Change:
    """Return what changes when a capture or a cancellation has had no effect."""
    assert step.attempt is not None
    if refused is None:
        attempt = finish_attempt(step, "not_sent", error_code=NOT_SENT)
    else:
        attempt = finish_attempt(step, "declined", error_code=refused.code, error_message=refused.message)
    state = return_state(step)
    fields = {"payment_method_id": None} if state == "requires_payment_method" else {}
    return Change(
        intent=step.move(state, **fields),
        attempt=attempt,
        event=f"{_word_for(step.attempt)}_refused" if refused else "not_sent",
        detail={"code": attempt.error_code},
    )


def _word_for(attempt: Attempt) -> str:
    return "action_cancel" if attempt.cancel_reason == "replaced" else attempt.operation


def _stay_in_doubt(step: Step, outcome: Unknown) -> Change:
    """Return what changes when nobody knows the outcome: the funds' shadow stands, and the next inquiry is due."""
    assert step.attempt is not None
    since = step.attempt.in_doubt_since or step.at
    deadline_at = step.attempt.deadline_at or since + step.limits.in_doubt_deadline
    is_over = step.at >= deadline_at
    attempt = msgspec.structs.replace(
        step.attempt,
        state="needs_person" if is_over else "in_doubt",
        error_code="unknown",
        error_message=outcome.reason[:500],
        in_doubt_since=since,
        deadline_at=deadline_at,
        next_inquiry_at=None if is_over else min(step.at + inquiry_delay(step.attempt.inquiry_count), deadline_at),
    )
    event = "needs_person" if is_over else "in_doubt"
    detail = {"operation": attempt.operation, "reason": attempt.error_message}
    if step.attempt.state == attempt.state:
        return Change(intent=step.intent, attempt=attempt, event=event, is_quiet=True)
    if attempt.operation == "refund":
        return Change(intent=step.move(step.intent.state), attempt=attempt, event=event, detail=detail)
    # What a customer has paid while it was being canceled is paid.
    state: IntentState = "succeeded" if step.intent.amount_received else "in_doubt"
    change = Change(intent=step.move(state), attempt=attempt, event=event, detail=detail)
    if attempt.operation != "authorise":
        return change
    charge = _charge_of(step)
    hold = reserve_funds(step.accounts, charge_id=charge.charge_id, amount=attempt.amount, timeout_at=None)
    return msgspec.structs.replace(
        change,
        intent=msgspec.structs.replace(change.intent, latest_charge_id=charge.charge_id),
        charge=msgspec.structs.replace(charge, hold_id=hold.transfer_id),
        transfers=(hold,),
    )


def _ask_customer(step: Step, outcome: NeedsAction) -> Change:
    assert step.attempt is not None
    attempt = msgspec.structs.replace(
        step.attempt,
        state="waiting_for_customer",
        processor_reference=outcome.reference,
        error_code=None,
        error_message=None,
        next_inquiry_at=None,
        in_doubt_since=None,
        deadline_at=None,
    )
    return Change(intent=step.move("requires_action", action_url=outcome.url), attempt=attempt, event="action_required")


def _is_being_canceled(step: Step) -> bool:
    """Return whether the outcome of an authentication comes while the payment is being canceled, which goes on."""
    assert step.attempt is not None
    return step.attempt.state == "waiting_for_customer" and step.intent.state in {"processing", "in_doubt"}


def _release(step: Step, change: Change, *, expires: bool) -> Change:
    """Return a change that also ends the shadow of the funds, if there is one."""
    charge = change.charge or step.charge
    if charge is None or charge.hold_id is None or charge.amount_captured or charge.voided_at is not None:
        return change
    released = resolve_funds(
        step.accounts,
        charge_id=charge.charge_id,
        hold_id=charge.hold_id,
        held=charge.amount,
        kind="expires" if expires else "voids",
        amount=charge.amount,
    )
    return msgspec.structs.replace(
        change,
        charge=msgspec.structs.replace(charge, voided_at=step.at),
        transfers=(*change.transfers, released),
    )


def _charge_of(step: Step) -> Charge:
    """Return the charge of an authorisation: the one in doubt, or a new one with the UUID of the attempt."""
    assert step.attempt is not None
    if step.charge is not None:
        return step.charge
    assert step.payment_method is not None
    return Charge(
        charge_id=step.attempt.attempt_id,
        organisation_id=step.intent.organisation_id,
        merchant_id=step.intent.merchant_id,
        intent_id=step.intent.intent_id,
        payment_method_id=step.payment_method.payment_method_id,
        state="pending",
        amount=step.intent.amount,
        currency=step.intent.currency,
        amount_captured=0,
        amount_refunded=0,
        amount_refunding=0,
        fee=0,
        reserve=0,
        hold_id=None,
        processor_reference=None,
        error_code=None,
        decline_code=None,
        error_message=None,
        created_at=step.at,
        captured_at=None,
        available_at=None,
        released_at=None,
        voided_at=None,
        metadata=step.intent.metadata,
    )


_ON_APPROVED: Final[dict[Operation, Callable[[Step, Approved], Change]]] = {
    "authorise": _authorised,
    "capture": _captured,
    "cancel": _canceled,
    "refund": refunded,
}
_ON_REFUSED: Final[dict[Operation, Callable[[Step, Declined | None], Change]]] = {
    "authorise": _refuse_authorisation,
    "capture": _refuse_follow_up,
    "cancel": _refuse_follow_up,
    "refund": refuse_refund,
}
