"""Payments as the API shows them."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX
from ninefold.systems.payments.model.money import CurrencyText
from ninefold.systems.payments.model.payments import (
    CHARGE_PREFIX,
    CUSTOMER_PREFIX,
    INTENT_PREFIX,
    PAYMENT_METHOD_PREFIX,
    REFUND_PREFIX,
    Attempt,
    AttemptState,
    CancelReason,
    CaptureMethod,
    Charge,
    ChargeState,
    EvidenceKind,
    Intent,
    IntentEvent,
    IntentState,
    Operation,
    Refund,
    RefundReason,
    RefundState,
)
from ninefold.systems.payments.routes.field_types import (
    AttemptIdText,
    ChargeIdText,
    CustomerIdText,
    Last4,
    MerchantIdText,
    NotThere,
    PaymentIdText,
    PaymentMethodIdText,
    PersonOrKey,
    ProcessorText,
    RefundIdText,
)
from ninefold.systems.payments.service.doubts import Verdict
from ninefold.systems.payments.service.feeds import changes_channel
from ninefold.systems.payments.service.reading import PaymentDetails

ViewT = TypeVar("ViewT", bound=msgspec.Struct)

Minor = Annotated[int, msgspec.Meta(description="In minor units, such as cents.")]


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment."""

    payment_id: PaymentIdText
    merchant_id: MerchantIdText
    state: IntentState
    """`in_doubt`: nobody knows yet what the processor has done."""
    amount: Minor
    currency: CurrencyText
    capture_method: CaptureMethod
    amount_capturable: Minor
    amount_received: Minor
    amount_refunded: Minor
    customer_id: CustomerIdText | None
    payment_method_id: PaymentMethodIdText | None
    description: Annotated[str | None, msgspec.Meta(examples=["Order 1042"])]
    metadata: Annotated[dict[str, str], msgspec.Meta(examples=[{"order": "1042"}])]
    error_code: NotThere
    """Why the last attempt was declined."""
    decline_code: NotThere
    error_message: NotThere
    in_doubt_since: Timestamp | None
    capture_before: Timestamp | None
    cancel_reason: CancelReason | None
    created_at: Timestamp
    updated_at: Timestamp
    live_channel: Annotated[str, msgspec.Meta(examples=[f"payments.changes:org_{EXAMPLE_ID}"])]
    """The channel on which changes of the organisation's payments are announced."""


class TimelineEntryView(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to a payment."""

    version: int
    type: Annotated[str, msgspec.Meta(examples=["authorised"])]
    at: Timestamp
    detail: dict[str, Any]


class ProcessorCallView(msgspec.Struct, frozen=True, kw_only=True):
    """A call to a processor."""

    attempt_id: AttemptIdText
    """What the processor knows it by, too."""
    payment_id: PaymentIdText
    merchant_id: MerchantIdText
    refund_id: RefundIdText | None
    processor: ProcessorText
    operation: Operation
    state: AttemptState
    amount: Minor
    currency: CurrencyText
    processor_reference: Annotated[str | None, msgspec.Meta(examples=["sim_8c1f0a"])]
    error_code: NotThere
    error_message: NotThere
    created_at: Timestamp
    finished_at: Timestamp | None
    in_doubt_since: Timestamp | None
    inquiry_count: int
    next_inquiry_at: Timestamp | None
    deadline_at: Timestamp | None
    """Until when the processor is asked; then a person has to close it."""
    evidence_kind: EvidenceKind | None
    evidence: NotThere
    closed_by: PersonOrKey | None


class ChargeView(msgspec.Struct, frozen=True, kw_only=True):
    """The funds that an authorisation has reserved, and what was captured of them."""

    charge_id: ChargeIdText
    state: ChargeState
    amount: Minor
    currency: CurrencyText
    amount_captured: Minor
    amount_refunded: Minor
    amount_refunding: Minor
    fee: Minor
    reserve: Minor
    processor_reference: Annotated[str | None, msgspec.Meta(examples=["sim_8c1f0a"])]
    error_code: NotThere
    decline_code: NotThere
    error_message: NotThere
    created_at: Timestamp
    captured_at: Timestamp | None
    available_at: Timestamp | None
    released_at: Timestamp | None
    voided_at: Timestamp | None


class RefundView(msgspec.Struct, frozen=True, kw_only=True):
    """What is returned to a customer."""

    refund_id: RefundIdText
    charge_id: ChargeIdText
    state: RefundState
    amount: Minor
    currency: CurrencyText
    reason: RefundReason | None
    failure_reason: NotThere
    created_at: Timestamp
    finished_at: Timestamp | None


class CardView(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a card."""

    brand: Annotated[str, msgspec.Meta(examples=["visa"])]
    last4: Last4
    exp_month: int
    exp_year: int


class PaymentDetailsView(PaymentView, frozen=True, kw_only=True):
    """A payment with all that happened to it."""

    timeline: list[TimelineEntryView]
    attempts: list[ProcessorCallView]
    charges: list[ChargeView]
    refunds: list[RefundView]
    card: CardView | None
    """What it is paid with."""


class CloseDoubt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person has found out about a call, with the evidence."""

    outcome: Verdict
    """`not_sent`: the processor has never received it."""
    evidence_kind: EvidenceKind
    evidence: Annotated[
        str,
        msgspec.Meta(min_length=1, max_length=2_000, examples=["The processor's support says: captured."]),
    ]
    """What proves it, such as a line of the processor's settlement report."""
    processor_reference: Annotated[str, msgspec.Meta(min_length=1, max_length=200, examples=["sim_8c1f"])] | None = None
    """The processor's own id, if the call has succeeded."""


def show_payment(intent: Intent, *, amount_refunded: int) -> PaymentView:
    """Return a payment as the API shows it."""
    return PaymentView(**_payment_fields(intent), amount_refunded=amount_refunded)


def show_payment_details(details: PaymentDetails) -> PaymentDetailsView:
    """Return a payment with all that happened to it, as the API shows it."""
    return PaymentDetailsView(
        **_payment_fields(details.intent),
        amount_refunded=sum(charge.amount_refunded for charge in details.charges),
        timeline=[_show_event(each) for each in details.timeline],
        attempts=[show_attempt(each) for each in details.attempts],
        charges=[_show_charge(each) for each in details.charges],
        refunds=[_show_refund(each) for each in details.refunds],
        card=None if details.payment_method is None else _view(CardView, details.payment_method),
    )


def show_attempt(attempt: Attempt) -> ProcessorCallView:
    """Return an attempt as the API shows it."""
    return _view(
        ProcessorCallView,
        attempt,
        attempt_id=attempt.our_reference,
        payment_id=format_id(INTENT_PREFIX, attempt.intent_id),
        merchant_id=format_id(MERCHANT_PREFIX, attempt.merchant_id),
        refund_id=_id(REFUND_PREFIX, attempt.refund_id),
    )


def _show_event(event: IntentEvent) -> TimelineEntryView:
    return TimelineEntryView(version=event.version, type=event.type, at=event.at, detail=dict(event.detail))


def _show_charge(charge: Charge) -> ChargeView:
    return _view(ChargeView, charge, charge_id=format_id(CHARGE_PREFIX, charge.charge_id))


def _show_refund(refund: Refund) -> RefundView:
    return _view(
        RefundView,
        refund,
        refund_id=format_id(REFUND_PREFIX, refund.refund_id),
        charge_id=format_id(CHARGE_PREFIX, refund.charge_id),
    )


def _payment_fields(intent: Intent) -> dict[str, Any]:
    return _fields(
        PaymentView,
        intent,
        payment_id=format_id(INTENT_PREFIX, intent.intent_id),
        merchant_id=format_id(MERCHANT_PREFIX, intent.merchant_id),
        customer_id=_id(CUSTOMER_PREFIX, intent.customer_id),
        payment_method_id=_id(PAYMENT_METHOD_PREFIX, intent.payment_method_id),
        metadata=dict(intent.metadata),
        live_channel=changes_channel(intent.organisation_id),
    )


# Any, because the fields of a view that have the names of a row's are those of the row.
def _view(kind: type[ViewT], row: msgspec.Struct, **others: Any) -> ViewT:
    return kind(**_fields(kind, row, **others))


def _fields(kind: type[msgspec.Struct], row: msgspec.Struct, **others: Any) -> dict[str, Any]:
    same: Mapping[str, Any] = {
        name: getattr(row, name) for name in kind.__struct_fields__ if name not in others and hasattr(row, name)
    }
    return {**same, **others}


def _id(prefix: str, value: UUID | None) -> str | None:
    return None if value is None else format_id(prefix, value)
