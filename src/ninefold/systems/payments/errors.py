"""The errors of payments that callers can get."""

from collections.abc import Sequence

from ninefold.core.errors import ConflictError, InvalidInputError, NinefoldError, NotFoundError, UnavailableError


class InvalidAmountError(InvalidInputError):
    """An amount can't be paid, captured or refunded."""

    code = "invalid_amount"
    title = "Invalid amount"


class InvalidCurrencyError(InvalidInputError):
    """There is no such currency, or two currencies are mixed."""

    code = "invalid_currency"
    title = "Invalid currency"


class InvalidMerchantError(InvalidInputError):
    """A merchant can't be like this."""

    code = "invalid_merchant"
    title = "Invalid merchant"


class CardNumberError(InvalidInputError):
    """A text that would be stored contains a card number."""

    code = "card_number_not_allowed"
    title = "Card number not allowed"


class MerchantNotFoundError(NotFoundError):
    """The organisation has no such merchant."""

    code = "merchant_not_found"
    title = "Merchant not found"


class MerchantNameTakenError(ConflictError):
    """The organisation has another merchant of this name."""

    code = "merchant_name_taken"
    title = "Merchant name taken"


class TooManyKeysError(ConflictError):
    """The merchant has as many keys as it can have."""

    code = "too_many_keys"
    title = "Too many keys"


class PaymentNotFoundError(NotFoundError):
    """There is no such payment."""

    code = "payment_not_found"
    title = "Payment not found"


class PaymentMethodNotFoundError(NotFoundError):
    """There is no such payment method."""

    code = "payment_method_not_found"
    title = "Payment method not found"


class CustomerNotFoundError(NotFoundError):
    """There is no such customer."""

    code = "customer_not_found"
    title = "Customer not found"


class ChargeNotFoundError(NotFoundError):
    """There is no such charge."""

    code = "charge_not_found"
    title = "Charge not found"


class RefundNotFoundError(NotFoundError):
    """There is no such refund."""

    code = "refund_not_found"
    title = "Refund not found"


class AttemptNotFoundError(NotFoundError):
    """There is no such attempt."""

    code = "attempt_not_found"
    title = "Attempt not found"


class AccountNotFoundError(NotFoundError):
    """The ledger has no such account."""

    code = "account_not_found"
    title = "Account not found"


class EventNotFoundError(NotFoundError):
    """There is no such event."""

    code = "event_not_found"
    title = "Event not found"


class BalanceTransactionNotFoundError(NotFoundError):
    """There is no such change of the balance."""

    code = "balance_transaction_not_found"
    title = "Balance transaction not found"


class WebhookEndpointNotFoundError(NotFoundError):
    """There is no such webhook endpoint."""

    code = "webhook_endpoint_not_found"
    title = "Webhook endpoint not found"


class TooManyWebhookEndpointsError(InvalidInputError):
    """The merchant has as many webhook endpoints as it can have."""

    code = "too_many_webhook_endpoints"
    title = "Too many webhook endpoints"


class PaymentMethodAttachedError(InvalidInputError):
    """The payment method belongs to another customer, or to none."""

    code = "payment_method_attached"
    title = "Payment method of another customer"


class PaymentChangeError(InvalidInputError):
    """The payment can't be changed like this any more."""

    code = "payment_change"
    title = "Payment can't be changed"


class IdempotencyKeyReusedError(NinefoldError):
    """The key was used for a request with other parameters.

    Args:
        key: the key.
        differences: which parameters differ.
    """

    code = "idempotency_key_reused"
    title = "Idempotency key used before"
    http_status = 400

    def __init__(self, key: str, differences: Sequence[str]) -> None:
        super().__init__(
            f"Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"These differ: {', '.join(differences)}.",
            remedy=f"Try using a key other than '{key}' if you meant to execute a different request.",
        )
        self.differences = differences


class IdempotencyKeyInUseError(ConflictError):
    """A request with the key is in progress."""

    code = "idempotency_key_in_use"
    title = "Idempotency key in use"
    is_retryable = True


class PaymentStateError(ConflictError):
    """The payment is in a state that doesn't allow this.

    Args:
        detail: what isn't possible.
        state: the state that the payment is in.
        remedy: what to do.
    """

    code = "payment_intent_unexpected_state"
    title = "Unexpected state of the payment"

    def __init__(self, detail: str, *, state: str, remedy: str | None = None) -> None:
        super().__init__(detail, remedy=remedy)
        self.state = state


class PaymentMethodRequiredError(InvalidInputError):
    """The payment can't be confirmed without a payment method."""

    code = "payment_method_required"
    title = "Payment method required"


class AttemptStateError(ConflictError):
    """The attempt isn't in doubt, so that there is nothing to find out."""

    code = "attempt_state"
    title = "Unexpected state of the attempt"


class RefundTooLargeError(InvalidAmountError):
    """More is to be refunded than was captured and isn't refunded yet."""

    code = "refund_too_large"
    title = "Refund too large"


class CardDeclinedError(NinefoldError):
    """The processor has declined the payment, and says why. The payment can be confirmed with another method.

    Args:
        detail: what the customer can be told.
        error_code: Stripe's code, such as `card_declined`.
        decline_code: the reason of the decline, such as `insufficient_funds`.
    """

    code = "card_declined"
    title = "Card declined"
    http_status = 402

    def __init__(self, detail: str, *, error_code: str, decline_code: str | None) -> None:
        super().__init__(detail, remedy="Ask the customer for another payment method.")
        self.error_code = error_code
        self.decline_code = decline_code


class ProcessorRefusedError(ConflictError):
    """The processor has refused to capture, cancel or refund, and says why.

    Args:
        detail: what happened.
        error_code: the processor's reason.
    """

    code = "processor_refused"
    title = "Refused by the processor"

    def __init__(self, detail: str, *, error_code: str) -> None:
        super().__init__(detail)
        self.error_code = error_code


class ProcessorUnavailableError(UnavailableError):
    """The processor can't be reached, so nothing was sent to it, and the same can be tried again."""

    code = "processor_unavailable"
    title = "Processor unavailable"


class ProcessorNotInstalledError(NinefoldError):
    """The merchant's processor isn't set up on this server."""

    code = "processor_not_installed"
    title = "Processor not set up"
    http_status = 501


class BalanceTooLowError(ConflictError):
    """An account of the ledger doesn't hold what is to be moved."""

    code = "balance_too_low"
    title = "Balance too low"


class HoldResolvedError(ConflictError):
    """What was reserved has been posted, voided or expired before."""

    code = "hold_resolved"
    title = "Resolved before"


class JournalError(NinefoldError):
    """A transfer contradicts the journal."""

    code = "journal"
    title = "Wrong transfer"


class WebhookRefusedError(InvalidInputError):
    """A webhook isn't signed by the processor that it claims to be from."""

    code = "webhook_refused"
    title = "Webhook refused"
    http_status = 400


class BatchNotFoundError(NotFoundError):
    """There is no such batch."""

    code = "batch_not_found"
    title = "Batch not found"


class BatchOrderError(ConflictError):
    """A later day was settled already."""

    code = "batch_order"
    title = "Settled before"


class PayoutNotFoundError(NotFoundError):
    """There is no such payout."""

    code = "payout_not_found"
    title = "Payout not found"


class BankFileNotFoundError(NotFoundError):
    """There is no such bank file."""

    code = "bank_file_not_found"
    title = "Bank file not found"
