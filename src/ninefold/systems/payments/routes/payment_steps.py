"""The HTTP routes for what a person does with a payment, and for what it has moved in the ledger."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.payments.model.ledger import (
    ACCOUNT_PREFIX,
    TRANSFER_PREFIX,
    AccountKind,
    PaymentEntry,
    TransferKind,
)
from ninefold.systems.payments.model.money import CurrencyText
from ninefold.systems.payments.model.payments import CancelReason, Intent, RefundReason
from ninefold.systems.payments.routes.field_types import AccountIdText, CauseType, TransferIdText
from ninefold.systems.payments.routes.payment_wire import PaymentDetailsView, show_payment_details
from ninefold.systems.payments.routes.wire import TAGS, PaymentId
from ninefold.systems.payments.service import reading
from ninefold.systems.payments.service.flow import PaymentFlow

_INTENT: Final = "/api/v1/payments/intents/{payment_id:str}"

Minor = Annotated[int, msgspec.Meta(ge=1, le=2**53, description="In minor units, such as cents.")]


class CapturePayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is captured; the rest is released."""

    amount: Minor | None = None
    """All that is authorised, if it is absent."""


class CancelPayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a payment is canceled."""

    reason: CancelReason | None = None


class RefundPayment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is returned to the customer, and why."""

    amount: Minor | None = None
    """All that is left, if it is absent."""
    reason: RefundReason | None = None


class PaymentEntryView(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer that a payment has caused."""

    transfer_id: TransferIdText
    sequence: int
    """The order of the journal."""
    kind: TransferKind
    debit_account_id: AccountIdText
    debit_kind: AccountKind
    credit_account_id: AccountIdText
    credit_kind: AccountKind
    amount: int
    currency: CurrencyText
    cause_type: CauseType
    at: Timestamp


class PaymentEntriesView(msgspec.Struct, frozen=True, kw_only=True):
    """All transfers that a payment has caused."""

    entries: list[PaymentEntryView]


@get(f"{_INTENT}/entries", tags=TAGS)
async def list_payment_entries(
    payment_id: FromPath[PaymentId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> PaymentEntriesView:
    """List what a payment has moved.

    In the order of the journal: for its charges and its refunds.
    """
    async with database.snapshot() as connection:
        found = await reading.list_entries_of_payment(
            connection, organisation_id=principal.organisation_id, intent_id=payment_id
        )
    return PaymentEntriesView(entries=[_show_entry(each) for each in found])


@post(f"{_INTENT}/capture", tags=TAGS, status_code=200, responses=problem_responses(409, 501))
async def capture_payment(
    payment_id: FromPath[PaymentId],
    data: FromBody[CapturePayment],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    flow: NamedDependency[PaymentFlow],
) -> PaymentDetailsView:
    """Capture a payment.

    The last call to the processor says whether it has succeeded, was refused, wasn't sent, or is in doubt.
    """
    intent = await _find(database, principal, payment_id)
    await flow.capture(intent.merchant_id, payment_id, amount=data.amount)
    return await _read(database, principal, payment_id)


@post(f"{_INTENT}/cancel", tags=TAGS, status_code=200, responses=problem_responses(409, 501))
async def cancel_payment(
    payment_id: FromPath[PaymentId],
    data: FromBody[CancelPayment],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    flow: NamedDependency[PaymentFlow],
) -> PaymentDetailsView:
    """Cancel a payment.

    What is authorised is released. The last call to the processor says whether that has succeeded.
    """
    intent = await _find(database, principal, payment_id)
    await flow.cancel(intent.merchant_id, payment_id, reason=data.reason)
    return await _read(database, principal, payment_id)


@post(f"{_INTENT}/refunds", tags=TAGS, status_code=200, responses=problem_responses(409, 501))
async def refund_payment(
    payment_id: FromPath[PaymentId],
    data: FromBody[RefundPayment],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    flow: NamedDependency[PaymentFlow],
) -> PaymentDetailsView:
    """Refund a payment.

    A repetition is another refund, up to what was captured. The newest refund says whether it has succeeded.
    """
    intent = await _find(database, principal, payment_id)
    await flow.refund(intent.merchant_id, payment_id, amount=data.amount, reason=data.reason)
    return await _read(database, principal, payment_id)


async def _find(database: Database, principal: Principal, payment_id: UUID) -> Intent:
    async with database.snapshot() as connection:
        details = await reading.get_payment(connection, organisation_id=principal.organisation_id, intent_id=payment_id)
    return details.intent


async def _read(database: Database, principal: Principal, payment_id: UUID) -> PaymentDetailsView:
    async with database.snapshot() as connection:
        details = await reading.get_payment(connection, organisation_id=principal.organisation_id, intent_id=payment_id)
    return show_payment_details(details)


def _show_entry(entry: PaymentEntry) -> PaymentEntryView:
    fields = msgspec.structs.asdict(entry)
    return PaymentEntryView(
        **{
            **fields,
            "transfer_id": format_id(TRANSFER_PREFIX, entry.transfer_id),
            "debit_account_id": format_id(ACCOUNT_PREFIX, entry.debit_account_id),
            "credit_account_id": format_id(ACCOUNT_PREFIX, entry.credit_account_id),
        }
    )


PAYMENT_STEP_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_payment_entries,
    capture_payment,
    cancel_payment,
    refund_payment,
]
