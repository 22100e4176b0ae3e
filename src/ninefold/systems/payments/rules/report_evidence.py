"""What a line of a processor's settlement report proves about a call whose outcome is in doubt."""

from ninefold.systems.payments.model.outcomes import Approved
from ninefold.systems.payments.model.payments import Attempt, CaptureMethod
from ninefold.systems.payments.model.reconciliation import ReportLine


def proved_outcome(attempt: Attempt, line: ReportLine, *, capture_method: CaptureMethod) -> Approved | None:
    """Return what became of a call by the line that names it; None if the line doesn't prove it.

    A line proves a call only if it has the call's amount and currency. What differs isn't guessed.

    Args:
        attempt: the call.
        line: with the reference of the call; refunds are negative.
        capture_method: that of the payment: an authorisation moves money only if it is captured at once.
    """
    is_refund = attempt.operation == "refund"
    is_capture = attempt.operation == "capture" or (attempt.operation == "authorise" and capture_method == "automatic")
    if (line.type == "refund" and not is_refund) or (line.type == "capture" and not is_capture):
        return None
    if (line.amount, line.currency) != (-attempt.amount if is_refund else attempt.amount, attempt.currency):
        return None
    return Approved(reference=line.processor_reference, is_captured=attempt.operation == "authorise")
