"""What is stored before a processor is called."""

from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.payments.errors import (
    InvalidAmountError,
    PaymentMethodRequiredError,
    PaymentStateError,
    RefundTooLargeError,
)
from ninefold.systems.payments.model.payments import (
    INTENT_PREFIX,
    Attempt,
    CancelReason,
    Charge,
    Operation,
    Refund,
    RefundReason,
)
from ninefold.systems.payments.rules.changes import Change, Step
from ninefold.systems.payments.rules.inquiries import RECOVERY_GRACE
from ninefold.systems.payments.rules.transfers import begin_refund as take_refund

CANCELABLE_AT_ONCE = frozenset({"requires_payment_method", "requires_confirmation"})
"""The states in which the processor knows nothing of a payment."""


def begin_authorisation(step: Step, *, attempt_id: UUID) -> Change:
    """Return what is stored before funds are authorised.

    Raises:
        PaymentStateError: the payment can't be confirmed now.
        PaymentMethodRequiredError: it has no payment method.
    """
    if step.intent.state not in CANCELABLE_AT_ONCE:
        raise unexpected_state(step, "confirmed")
    if step.payment_method is None:
        raise PaymentMethodRequiredError(
            "The payment has no payment method.", field="payment_method", remedy="Give one, such as pm_card_visa."
        )
    intent = step.move(
        "processing",
        payment_method_id=step.payment_method.payment_method_id,
        error_code=None,
        decline_code=None,
        error_message=None,
        failed_payment_method=None,
        action_url=None,
    )
    attempt = _attempt(step, "authorise", attempt_id=attempt_id, amount=intent.amount)
    return Change(intent=intent, attempt=attempt, event="confirmed")


def begin_capture(step: Step, *, attempt_id: UUID, amount: int | None) -> Change:
    """Return what is stored before authorised funds are captured; all of them if no amount is given.

    Raises:
        PaymentStateError: the payment can't be captured now.
        InvalidAmountError: it is more than was authorised.
    """
    if step.intent.state != "requires_capture" or step.charge is None:
        raise unexpected_state(step, "captured")
    amount = step.intent.amount_capturable if amount is None else amount
    if not 1 <= amount <= step.intent.amount_capturable:
        raise InvalidAmountError(
            f"{amount:,} can't be captured: {step.intent.amount_capturable:,} of the amount can.",
            field="amount_to_capture",
            remedy="Capture at most what was authorised.",
        )
    attempt = _attempt(step, "capture", attempt_id=attempt_id, amount=amount, charge=step.charge)
    return Change(intent=step.move("processing"), attempt=attempt, event="capture_requested")


def begin_cancel(step: Step, *, attempt_id: UUID, reason: CancelReason | None) -> Change:
    """Return what is stored before an authorisation is canceled; without one, the payment is canceled at once.

    Raises:
        PaymentStateError: the payment can't be canceled now.
    """
    if step.intent.state in CANCELABLE_AT_ONCE:
        intent = step.move("canceled", canceled_at=step.at, cancel_reason=reason)
        return Change(intent=intent, event="canceled")
    if step.intent.state not in ("requires_action", "requires_capture"):
        raise unexpected_state(step, "canceled")
    charge, fields = None, {}
    if step.intent.state == "requires_capture":
        charge = step.charge
    elif step.waiting is not None:
        fields["authorisation_reference"] = step.waiting.processor_reference
    attempt = _attempt(
        step, "cancel", attempt_id=attempt_id, amount=step.intent.amount, charge=charge, cancel_reason=reason, **fields
    )
    return Change(intent=step.move("processing"), attempt=attempt, event="cancel_requested")


def begin_replacement(step: Step, *, attempt_id: UUID) -> Change:
    """Return what is stored before an authentication is canceled at the processor, so that its customer can pay again.

    Only then the payment may be changed or confirmed again: else, both could be captured.
    """
    assert step.waiting is not None, "a customer has to authenticate"
    attempt = _attempt(
        step,
        "cancel",
        attempt_id=attempt_id,
        amount=step.intent.amount,
        cancel_reason="replaced",
        authorisation_reference=step.waiting.processor_reference,
    )
    return Change(intent=step.move("processing"), attempt=attempt, event="action_cancel_requested")


def begin_refund(
    step: Step,
    *,
    attempt_id: UUID,
    refund_id: UUID,
    amount: int | None,
    reason: RefundReason | None,
    metadata: dict[str, str],
) -> Change:
    """Return what is stored before captured funds are refunded; all that is left if no amount is given.

    Raises:
        PaymentStateError: nothing was captured.
        RefundTooLargeError: less is left.
        InvalidAmountError: the amount isn't positive.
    """
    charge = step.charge
    if charge is None or charge.amount_captured == 0:
        raise unexpected_state(step, "refunded")
    left = charge.amount_captured - charge.amount_refunded - charge.amount_refunding
    amount = left if amount is None else amount
    if amount > left or left == 0:
        raise RefundTooLargeError(
            f"{amount:,} can't be refunded: {left:,} of the payment is left.",
            field="amount",
            remedy="Refund at most what was captured and isn't refunded yet.",
        )
    if amount < 1:
        raise InvalidAmountError("A refund must be positive.", field="amount", remedy="Give at least 1.")
    refund = Refund(
        refund_id=refund_id,
        organisation_id=step.intent.organisation_id,
        merchant_id=step.intent.merchant_id,
        intent_id=step.intent.intent_id,
        charge_id=charge.charge_id,
        state="pending",
        amount=amount,
        currency=charge.currency,
        reason=reason,
        failure_reason=None,
        metadata=metadata,
        created_at=step.at,
        finished_at=None,
    )
    return Change(
        intent=step.move(step.intent.state),
        attempt=_attempt(step, "refund", attempt_id=attempt_id, amount=amount, charge=charge, refund_id=refund_id),
        charge=msgspec.structs.replace(charge, amount_refunding=charge.amount_refunding + amount),
        refund=refund,
        transfers=(take_refund(step.accounts, refund_id=refund_id, amount=amount),),
        event="refund_requested",
        detail={"amount": amount},
    )


def unexpected_state(step: Step, done: str) -> PaymentStateError:
    """Return the error for a payment whose state doesn't allow something."""
    name = format_id(INTENT_PREFIX, step.intent.intent_id)
    return PaymentStateError(
        f"{name} can't be {done}, because its state is {step.intent.state}.", state=step.intent.state
    )


def _attempt(
    step: Step, operation: Operation, *, attempt_id: UUID, amount: int, charge: Charge | None = None, **fields: Any
) -> Attempt:
    reference = None if charge is None else charge.processor_reference
    return Attempt(
        attempt_id=attempt_id,
        organisation_id=step.intent.organisation_id,
        merchant_id=step.intent.merchant_id,
        intent_id=step.intent.intent_id,
        charge_id=None if charge is None else charge.charge_id,
        processor=step.merchant.processor,
        operation=operation,
        state="intended",
        amount=amount,
        currency=step.intent.currency,
        created_at=step.at,
        sent_at=step.at,
        inquiry_count=0,
        # If nobody has recorded the outcome by then, whoever made the call has died.
        next_inquiry_at=step.at + step.limits.processor_timeout + RECOVERY_GRACE,
        **{**_UNSET, "authorisation_reference": reference, **fields},
    )


_UNSET: dict[str, Any] = dict.fromkeys(
    (
        "refund_id",
        "cancel_reason",
        "processor_reference",
        "error_code",
        "error_message",
        "finished_at",
        "in_doubt_since",
        "deadline_at",
        "evidence_kind",
        "evidence",
        "closed_by",
    )
)
