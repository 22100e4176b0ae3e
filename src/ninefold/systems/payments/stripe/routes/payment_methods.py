"""`/v1/payment_methods`: create, read, update, list, attach and detach."""

from typing import Any, Final, Literal

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, UnsetType

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.events import NewEvent, Snapshot
from ninefold.systems.payments.service.payment_methods import (
    attach_payment_method,
    detach_payment_method,
    save_payment_method,
)
from ninefold.systems.payments.store.pages import payment_method_list_of_merchant
from ninefold.systems.payments.stripe.calls import Call, NoParameters, read, write
from ninefold.systems.payments.stripe.cards import (
    BillingDetails,
    CardMethodData,
    check_expiry,
    create_card_method,
    show_details,
    store_card_method,
)
from ninefold.systems.payments.stripe.emails import check_email
from ninefold.systems.payments.stripe.finding import (
    PAYMENT_METHODS,
    find_any_customer,
    find_customer,
    find_payment_method,
)
from ninefold.systems.payments.stripe.metadata import merge_metadata
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.payment_methods import show_payment_method
from ninefold.systems.payments.stripe.pages import PageParameters, page_query, show_page
from ninefold.systems.payments.stripe.server import StripeServer

_METHODS: Final = "/v1/payment_methods"
_METHOD: Final = f"{_METHODS}/{{id:str}}"


class ChangedCard(msgspec.Struct, frozen=True, kw_only=True):
    """What can change of a card."""

    exp_month: int | None = None
    exp_year: int | None = None


class ChangePaymentMethod(msgspec.Struct, frozen=True, kw_only=True):
    """What is changed."""

    billing_details: BillingDetails | UnsetType = UNSET
    card: ChangedCard | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET


class AttachPaymentMethod(msgspec.Struct, frozen=True, kw_only=True):
    """To whom it is attached."""

    customer: str


class ListPaymentMethods(PageParameters, frozen=True, kw_only=True):
    """Which PaymentMethods are listed."""

    customer: str | None = None
    type: Literal["card"] = "card"


def payment_method_routes(server: StripeServer) -> list[HTTPRouteHandler]:
    """Return the endpoints."""
    return [
        write(server, _METHODS, CardMethodData, create, is_public=True),
        read(server, _METHODS, ListPaymentMethods, list_payment_methods),
        read(server, _METHOD, NoParameters, retrieve),
        write(server, _METHOD, ChangePaymentMethod, update),
        write(server, f"{_METHOD}/attach", AttachPaymentMethod, attach),
        write(server, f"{_METHOD}/detach", NoParameters, detach),
    ]


async def create(call: Call, connection: Connection, given: CardMethodData) -> Json:
    """Make a PaymentMethod of a card."""
    return show_payment_method(await create_card_method(connection, call.merchant, given, at=call.at))


async def retrieve(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Show a PaymentMethod."""
    return show_payment_method(await find_payment_method(connection, call.merchant, call.ids["id"]))


async def update(call: Call, connection: Connection, given: ChangePaymentMethod) -> Json:
    """Change what can change of a PaymentMethod."""
    method = await find_payment_method(connection, call.merchant, call.ids["id"])
    changes: dict[str, Any] = {}
    if given.billing_details is not UNSET:
        check_email(given.billing_details.email, param="billing_details[email]")
        changes["billing_details"] = {**method.billing_details, **show_details(given.billing_details)}
    if given.card is not UNSET:
        month, year = given.card.exp_month or method.exp_month, given.card.exp_year or method.exp_year
        changes["exp_month"], changes["exp_year"] = check_expiry(month, year, call.at)
    if given.metadata is not UNSET:
        changes["metadata"] = merge_metadata(method.metadata, given.metadata)
    changed = msgspec.structs.replace(method, **changes)
    event = NewEvent(
        "payment_method.updated", Snapshot(payment_method=changed), previous=Snapshot(payment_method=method)
    )
    saved = await save_payment_method(connection, call.merchant, changed, event, at=call.at, origin=call.origin)
    return show_payment_method(saved)


async def attach(call: Call, connection: Connection, given: AttachPaymentMethod) -> Json:
    """Attach a PaymentMethod, or a new one for a test token, to a customer."""
    method = await store_card_method(connection, call.merchant, call.ids["id"], at=call.at)
    customer = await find_customer(connection, call.merchant, given.customer, param="customer")
    attached = await attach_payment_method(
        connection, call.merchant, method, customer_id=customer.customer_id, at=call.at, origin=call.origin
    )
    return show_payment_method(attached)


async def detach(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Detach a PaymentMethod from its customer."""
    method = await find_payment_method(connection, call.merchant, call.ids["id"])
    detached = await detach_payment_method(connection, call.merchant, method, at=call.at, origin=call.origin)
    return show_payment_method(detached)


async def list_payment_methods(call: Call, connection: Connection, given: ListPaymentMethods) -> Json:
    """List PaymentMethods, newest first."""
    customer_id = None
    if given.customer is not None:
        customer_id = (await find_any_customer(connection, call.merchant, given.customer, param="customer")).customer_id
    query = page_query(given, PAYMENT_METHODS)
    found = await payment_method_list_of_merchant(
        connection, query, merchant_id=call.merchant.merchant_id, customer_id=customer_id
    )
    return show_page(query, found, show_payment_method, url=call.path)
