"""The call of a processor for an attempt."""

from datetime import datetime

from ninefold.systems.payments.errors import PaymentMethodRequiredError
from ninefold.systems.payments.model.outcomes import Outcome
from ninefold.systems.payments.model.payments import Attempt, Intent, PaymentMethod
from ninefold.systems.payments.processors.port import AuthoriseCall, FollowUpCall, Processor


async def call_processor(
    processor: Processor, attempt: Attempt, intent: Intent, payment_method: PaymentMethod | None, *, at: datetime
) -> Outcome:
    """Call a processor for an attempt that is committed. The processor does it once, if it comes again.

    Args:
        processor: that of the attempt.
        attempt: what is asked for.
        intent: the payment.
        payment_method: what it is paid with; needed to authorise.
        at: when.
    """
    if attempt.operation == "authorise":
        if payment_method is None:
            raise PaymentMethodRequiredError("The payment has no payment method.", field="payment_method")
        return await processor.authorise(
            AuthoriseCall(
                our_reference=attempt.our_reference,
                token=payment_method.token,
                amount=attempt.amount,
                currency=attempt.currency,
                capture=intent.capture_method == "automatic",
                at=at,
            )
        )
    call = FollowUpCall(
        our_reference=attempt.our_reference,
        authorisation_reference=attempt.authorisation_reference or "",
        amount=attempt.amount,
        currency=attempt.currency,
        at=at,
    )
    match attempt.operation:
        case "capture":
            return await processor.capture(call)
        case "cancel":
            return await processor.cancel(call)
    return await processor.refund(call)
