"""Payments: what a merchant asks for, what it is paid with, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id

INTENT_PREFIX: Final = "pi"
CHARGE_PREFIX: Final = "ch"
REFUND_PREFIX: Final = "re"
ATTEMPT_PREFIX: Final = "att"
PAYMENT_METHOD_PREFIX: Final = "pm"
CUSTOMER_PREFIX: Final = "cus"

IntentState: TypeAlias = Literal[
    "requires_payment_method",
    "requires_confirmation",
    "requires_action",
    "processing",
    "in_doubt",
    "requires_capture",
    "succeeded",
    "canceled",
]
CaptureMethod: TypeAlias = Literal["automatic", "manual"]
CancelReason: TypeAlias = Literal["duplicate", "fraudulent", "requested_by_customer", "abandoned", "automatic"]
ReleaseReason: TypeAlias = CancelReason | Literal["replaced"]
"""Why an authorisation is canceled: with its payment, or because the payment is paid in another way."""
RefundReason: TypeAlias = Literal["duplicate", "fraudulent", "requested_by_customer"]
ChargeState: TypeAlias = Literal["pending", "succeeded", "failed"]
RefundState: TypeAlias = Literal["pending", "succeeded", "failed"]
Operation: TypeAlias = Literal["authorise", "capture", "cancel", "refund"]
AttemptState: TypeAlias = Literal[
    "intended", "waiting_for_customer", "succeeded", "declined", "not_sent", "in_doubt", "needs_person"
]
EvidenceKind: TypeAlias = Literal["webhook", "settlement_report", "processor_status", "bank_statement", "other"]


class PaymentMethod(msgspec.Struct, frozen=True, kw_only=True):
    """What is paid with: the processor's token for a card, and what may be shown of it."""

    payment_method_id: UUID
    merchant_id: UUID
    customer_id: UUID | None
    token: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    funding: str
    country: str
    billing_details: Mapping[str, Any]
    metadata: Mapping[str, str]
    created_at: datetime


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, from what the merchant asks for until the funds are captured."""

    intent_id: UUID
    organisation_id: UUID
    merchant_id: UUID
    state: IntentState
    amount: int
    currency: str
    capture_method: CaptureMethod
    amount_capturable: int
    amount_received: int
    customer_id: UUID | None
    payment_method_id: UUID | None
    latest_charge_id: UUID | None
    client_secret: str
    description: str | None
    receipt_email: str | None
    statement_descriptor: str | None
    metadata: Mapping[str, str]
    action_url: str | None
    error_code: str | None
    decline_code: str | None
    error_message: str | None
    failed_payment_method: PaymentMethod | None = None
    """What the last attempt was to be paid with, if it has failed."""
    in_doubt_since: datetime | None
    capture_before: datetime | None
    cancel_reason: CancelReason | None
    canceled_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    options: Mapping[str, Any] = {}
    """What the merchant's client has chosen, which changes nothing here: `return_url`, `payment_method_types`, …"""


class IntentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a payment."""

    intent_id: UUID
    version: int
    type: str
    at: datetime
    detail: Mapping[str, Any]


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """The funds that one authorisation has reserved, and what was captured of them; or that it was declined.

    Its id has the same UUID as that of the attempt that authorised it.
    """

    charge_id: UUID
    organisation_id: UUID
    merchant_id: UUID
    intent_id: UUID
    payment_method_id: UUID
    state: ChargeState
    amount: int
    currency: str
    amount_captured: int
    amount_refunded: int
    amount_refunding: int
    fee: int
    reserve: int
    hold_id: UUID | None
    """The pending transfer that is the funds' shadow, also after it was resolved."""
    processor_reference: str | None
    error_code: str | None
    decline_code: str | None
    error_message: str | None
    created_at: datetime
    captured_at: datetime | None
    available_at: datetime | None
    released_at: datetime | None
    voided_at: datetime | None
    metadata: Mapping[str, str] = {}


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """What is returned to a customer."""

    refund_id: UUID
    organisation_id: UUID
    merchant_id: UUID
    intent_id: UUID
    charge_id: UUID
    state: RefundState
    amount: int
    currency: str
    reason: RefundReason | None
    failure_reason: str | None
    metadata: Mapping[str, str]
    created_at: datetime
    finished_at: datetime | None
    failure_attempt_id: UUID | None = None
    """The call that has failed."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One call to a processor. It is committed before the call."""

    attempt_id: UUID
    organisation_id: UUID
    merchant_id: UUID
    intent_id: UUID
    charge_id: UUID | None
    refund_id: UUID | None
    processor: str
    operation: Operation
    state: AttemptState
    amount: int
    currency: str
    cancel_reason: ReleaseReason | None
    authorisation_reference: str | None
    """The processor's own id of the authorisation that is captured, canceled or refunded."""
    processor_reference: str | None
    error_code: str | None
    error_message: str | None
    created_at: datetime
    sent_at: datetime
    """When it was last sent, or is to be; until the time limit is over, it can still arrive."""
    finished_at: datetime | None
    in_doubt_since: datetime | None
    inquiry_count: int
    next_inquiry_at: datetime | None
    deadline_at: datetime | None
    evidence_kind: EvidenceKind | None
    evidence: str | None
    closed_by: str | None

    @property
    def our_reference(self) -> str:
        """What the processor knows the call by."""
        return format_id(ATTEMPT_PREFIX, self.attempt_id)

    @property
    def is_open(self) -> bool:
        """Whether its outcome isn't known yet."""
        return self.finished_at is None


class NewIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant asks for."""

    amount: int
    currency: str
    capture_method: CaptureMethod = "automatic"
    customer_id: UUID | None = None
    description: str | None = None
    receipt_email: str | None = None
    statement_descriptor: str | None = None
    metadata: Mapping[str, str] = {}
    options: Mapping[str, Any] = {}


class SearchScope(msgspec.Struct, frozen=True, kw_only=True):
    """Which payments are looked at."""

    organisation_id: UUID
    merchant_id: UUID | None
    state: IntentState | None
