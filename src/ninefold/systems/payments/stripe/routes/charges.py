"""`/v1/charges`: read, list, capture and update; a charge is made by a PaymentIntent."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, UnsetType

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import PaymentStateError
from ninefold.systems.payments.model.events import NewEvent, Snapshot
from ninefold.systems.payments.model.payments import Charge
from ninefold.systems.payments.service.events import record_events
from ninefold.systems.payments.service.idempotency import Answer
from ninefold.systems.payments.service.reading import get_payment_of_merchant
from ninefold.systems.payments.service.step_logs import StepLog
from ninefold.systems.payments.service.steps import Done
from ninefold.systems.payments.store.pages import charge_list_of_merchant
from ninefold.systems.payments.store.payments import charge_set_metadata
from ninefold.systems.payments.stripe.answers import answer
from ninefold.systems.payments.stripe.calls import Call, NoParameters, pay, read, write
from ninefold.systems.payments.stripe.errors import StripeError
from ninefold.systems.payments.stripe.finding import (
    CHARGES,
    find_any_customer,
    find_charge,
    find_intent,
    show_charge_of_merchant,
)
from ninefold.systems.payments.stripe.metadata import merge_metadata
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.charges import show_charge
from ninefold.systems.payments.stripe.pages import CreatedPageParameters, page_query, show_page
from ninefold.systems.payments.stripe.server import StripeServer
from ninefold.systems.payments.stripe.steps import PaymentStep

_CHARGES: Final = "/v1/charges"
_CHARGE: Final = f"{_CHARGES}/{{id:str}}"


class CaptureCharge(msgspec.Struct, frozen=True, kw_only=True):
    """A capture."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=10**15)] | None = None


class ChangeCharge(msgspec.Struct, frozen=True, kw_only=True):
    """What is changed."""

    metadata: dict[str, str] | UnsetType | None = UNSET


class ListCharges(CreatedPageParameters, frozen=True, kw_only=True):
    """Which charges are listed."""

    customer: str | None = None
    payment_intent: str | None = None


def charge_routes(server: StripeServer) -> list[HTTPRouteHandler]:
    """Return the endpoints."""
    return [
        read(server, _CHARGES, ListCharges, list_charges),
        read(server, _CHARGE, NoParameters, retrieve),
        write(server, _CHARGE, ChangeCharge, update),
        pay(server, f"{_CHARGE}/capture", CaptureCharge, capture),
    ]


async def retrieve(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Show a charge."""
    return await show_charge_of_merchant(connection, call.merchant, await _find(call, connection))


async def update(call: Call, connection: Connection, given: ChangeCharge) -> Json:
    """Change the metadata of a charge."""
    charge = await _find(call, connection)
    if given.metadata is UNSET:
        return await show_charge_of_merchant(connection, call.merchant, charge)
    metadata = merge_metadata(charge.metadata, given.metadata)
    await charge_set_metadata(connection, charge_id=charge.charge_id, metadata=metadata)
    changed = msgspec.structs.replace(charge, metadata=metadata)
    intent = await get_payment_of_merchant(
        connection, merchant_id=call.merchant.merchant_id, intent_id=charge.intent_id
    )
    event = NewEvent(
        "charge.updated",
        Snapshot(intent=intent, charge=changed),
        previous=Snapshot(intent=intent, charge=charge),
    )
    await record_events(connection, call.merchant, [event], at=call.at, origin=call.origin)
    return await show_charge_of_merchant(connection, call.merchant, changed)


async def capture(call: Call, given: CaptureCharge) -> PaymentStep:
    """Prepare the capture of a charge that was authorised."""
    async with call.server.database.connection() as connection:
        charge = await _find(call, connection)
    if given.amount is not None and given.amount > charge.amount:
        raise StripeError("Amount must be no more than the authorized amount.", code="amount_too_large", param="amount")

    async def start(log: StepLog) -> Done:
        try:
            return await call.server.flow.capture(
                call.merchant.merchant_id, charge.intent_id, amount=given.amount, log=log
            )
        except PaymentStateError as error:
            message = f"Charge {call.ids['id']} can't be captured: it was captured, canceled or declined before."
            raise StripeError(message, code="charge_already_captured", param="charge") from error

    async def again(_: UUID, log: StepLog) -> Done:
        return await start(log)

    async def show(connection: Connection, done: Done) -> Answer:
        shown = show_charge(done.charge or charge, done.intent, done.payment_method)
        return await answer(call, connection, done, shown)

    return PaymentStep(start=start, again=again, show=show)


async def list_charges(call: Call, connection: Connection, given: ListCharges) -> Json:
    """List charges, newest first."""
    query = page_query(given, CHARGES)
    intent_id = customer_id = None
    if given.payment_intent is not None:
        intent = await find_intent(connection, call.merchant, given.payment_intent, param="payment_intent")
        intent_id = intent.intent_id
    if given.customer is not None:
        customer_id = (await find_any_customer(connection, call.merchant, given.customer, param="customer")).customer_id
    found = await charge_list_of_merchant(
        connection, query, merchant_id=call.merchant.merchant_id, intent_id=intent_id, customer_id=customer_id
    )
    shown = {each.charge_id: await show_charge_of_merchant(connection, call.merchant, each) for each in found}
    return show_page(query, found, lambda each: shown[each.charge_id], url=call.path)


async def _find(call: Call, connection: Connection) -> Charge:
    return await find_charge(connection, call.merchant, call.ids["id"])
