"""`/v1/refunds`: create, read, update and list."""

from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, UnsetType

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import PaymentStateError, RefundTooLargeError
from ninefold.systems.payments.model.events import NewEvent, Snapshot
from ninefold.systems.payments.model.money import Money, currency
from ninefold.systems.payments.model.payments import CHARGE_PREFIX, Charge, Intent, Refund
from ninefold.systems.payments.service.events import record_events
from ninefold.systems.payments.service.idempotency import Answer
from ninefold.systems.payments.service.reading import get_payment_of_merchant
from ninefold.systems.payments.service.step_logs import StepLog
from ninefold.systems.payments.service.steps import Done
from ninefold.systems.payments.store.pages import refund_list_of_merchant
from ninefold.systems.payments.store.payments import charge_find, refund_set_metadata
from ninefold.systems.payments.stripe.answers import answer, name_of
from ninefold.systems.payments.stripe.calls import Call, NoParameters, pay, read, write
from ninefold.systems.payments.stripe.errors import StripeError
from ninefold.systems.payments.stripe.finding import REFUNDS, find_charge, find_intent, find_refund
from ninefold.systems.payments.stripe.metadata import merge_metadata
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.others import show_refund
from ninefold.systems.payments.stripe.pages import CreatedPageParameters, PageParameters, page_query, show_page
from ninefold.systems.payments.stripe.server import StripeServer
from ninefold.systems.payments.stripe.steps import PaymentStep

_REFUNDS: Final = "/v1/refunds"
_REFUND: Final = f"{_REFUNDS}/{{id:str}}"


class NewRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A new refund, of a charge or of a payment."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=10**15)] | None = None
    charge: str | None = None
    metadata: dict[str, str] | None = {}
    payment_intent: str | None = None
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None


class ChangeRefund(msgspec.Struct, frozen=True, kw_only=True):
    """What is changed."""

    metadata: dict[str, str] | UnsetType | None = UNSET


class ListRefunds(CreatedPageParameters, frozen=True, kw_only=True):
    """Which refunds are listed."""

    charge: str | None = None
    payment_intent: str | None = None


def refund_routes(server: StripeServer) -> list[HTTPRouteHandler]:
    """Return the endpoints."""
    return [
        pay(server, _REFUNDS, NewRefund, create),
        read(server, _REFUNDS, ListRefunds, list_refunds),
        read(server, _REFUND, NoParameters, retrieve),
        write(server, _REFUND, ChangeRefund, update),
        read(server, "/v1/charges/{id:str}/refunds", PageParameters, list_of_charge),
    ]


async def create(call: Call, given: NewRefund) -> PaymentStep:
    """Prepare a refund."""
    async with call.server.database.connection() as connection:
        intent = await _find_intent(call, connection, given)
    metadata = merge_metadata({}, given.metadata)

    async def start(log: StepLog) -> Done:
        try:
            return await call.server.flow.refund(
                call.merchant.merchant_id,
                intent.intent_id,
                amount=given.amount,
                reason=given.reason,
                metadata=metadata,
                log=log,
            )
        except PaymentStateError as error:
            message = f"This PaymentIntent ({name_of(intent)}) does not have a successful charge to refund."
            raise StripeError(message, code="resource_missing", param="payment_intent") from error
        except RefundTooLargeError as error:
            async with call.server.database.connection() as connection:
                raise await _explain_excess(call, connection, intent, given.amount) from error

    async def again(_: UUID, log: StepLog) -> Done:
        return await start(log)

    async def show(connection: Connection, done: Done) -> Answer:
        assert done.refund is not None, "a refund was made"
        return await answer(call, connection, done, show_refund(done.refund))

    return PaymentStep(start=start, again=again, show=show)


async def retrieve(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Show a refund."""
    return show_refund(await _find(call, connection))


async def update(call: Call, connection: Connection, given: ChangeRefund) -> Json:
    """Change the metadata of a refund."""
    refund = await _find(call, connection)
    if given.metadata is UNSET:
        return show_refund(refund)
    changed = msgspec.structs.replace(refund, metadata=merge_metadata(refund.metadata, given.metadata))
    await refund_set_metadata(connection, refund_id=refund.refund_id, metadata=changed.metadata)
    event = NewEvent("refund.updated", Snapshot(refund=changed), previous=Snapshot(refund=refund))
    await record_events(connection, call.merchant, [event], at=call.at, origin=call.origin)
    return show_refund(changed)


async def list_refunds(call: Call, connection: Connection, given: ListRefunds) -> Json:
    """List refunds, newest first."""
    query = page_query(given, REFUNDS)
    intent_id = charge_id = None
    if given.payment_intent is not None:
        intent = await find_intent(connection, call.merchant, given.payment_intent, param="payment_intent")
        intent_id = intent.intent_id
    if given.charge is not None:
        charge_id = (await find_charge(connection, call.merchant, given.charge, param="charge")).charge_id
    found = await refund_list_of_merchant(
        connection, query, merchant_id=call.merchant.merchant_id, intent_id=intent_id, charge_id=charge_id
    )
    return show_page(query, found, show_refund, url=call.path)


async def list_of_charge(call: Call, connection: Connection, given: PageParameters) -> Json:
    """List the refunds of a charge, newest first."""
    charge = await find_charge(connection, call.merchant, call.ids["id"])
    query = page_query(given, REFUNDS)
    found = await refund_list_of_merchant(
        connection, query, merchant_id=call.merchant.merchant_id, intent_id=None, charge_id=charge.charge_id
    )
    return show_page(query, found, show_refund, url=call.path)


async def _find(call: Call, connection: Connection) -> Refund:
    return await find_refund(connection, call.merchant, call.ids["id"])


async def _find_intent(call: Call, connection: Connection, given: NewRefund) -> Intent:
    if given.payment_intent is not None:
        return await find_intent(connection, call.merchant, given.payment_intent, param="payment_intent")
    if given.charge is None:
        raise StripeError(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    charge = await find_charge(connection, call.merchant, given.charge, param="charge")
    if charge.captured_at is None:
        raise _not_refundable(charge)
    return await get_payment_of_merchant(connection, merchant_id=call.merchant.merchant_id, intent_id=charge.intent_id)


def _not_refundable(charge: Charge) -> StripeError:
    name = format_id(CHARGE_PREFIX, charge.charge_id)
    return StripeError(f"Charge {name} has nothing to refund: it wasn't captured.", param="charge")


async def _explain_excess(call: Call, connection: Connection, intent: Intent, amount: int | None) -> StripeError:
    """Return Stripe's error for a refund of more than is left."""
    assert intent.latest_charge_id is not None, "something was captured"
    charge = await charge_find(connection, merchant_id=call.merchant.merchant_id, charge_id=intent.latest_charge_id)
    assert charge is not None, "charges are never deleted"
    left = charge.amount_captured - charge.amount_refunded - charge.amount_refunding
    if left == 0:
        name = format_id(CHARGE_PREFIX, charge.charge_id)
        return StripeError(f"Charge {name} has already been refunded.", code="charge_already_refunded")
    found = currency(charge.currency)
    asked, rest = Money(amount or 0, found), Money(left, found)
    what = "charge amount" if left == charge.amount_captured else "unrefunded amount on charge"
    return StripeError(f"Refund amount ({asked}) is greater than {what} ({rest})", param="amount")
