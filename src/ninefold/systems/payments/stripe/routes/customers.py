"""`/v1/customers`: create, read, update, delete and list, and their payment methods."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, UnsetType

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.customers import Customer
from ninefold.systems.payments.service.customers import delete_customer, save_customer
from ninefold.systems.payments.service.payment_methods import attach_payment_method
from ninefold.systems.payments.store.pages import customer_list, payment_method_list_of_merchant
from ninefold.systems.payments.stripe.calls import Call, NoParameters, read, write
from ninefold.systems.payments.stripe.cards import store_card_method
from ninefold.systems.payments.stripe.emails import check_email
from ninefold.systems.payments.stripe.errors import StripeError
from ninefold.systems.payments.stripe.finding import (
    CUSTOMERS,
    PAYMENT_METHODS,
    find_any_customer,
    find_customer,
    find_payment_method,
)
from ninefold.systems.payments.stripe.metadata import merge_metadata
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.others import show_customer
from ninefold.systems.payments.stripe.objects.payment_methods import show_payment_method
from ninefold.systems.payments.stripe.pages import CreatedPageParameters, PageParameters, page_query, show_page
from ninefold.systems.payments.stripe.parameters import given as given_fields
from ninefold.systems.payments.stripe.server import StripeServer

_CUSTOMERS: Final = "/v1/customers"
_CUSTOMER: Final = f"{_CUSTOMERS}/{{id:str}}"

Email = Annotated[str, msgspec.Meta(max_length=512)]
Name = Annotated[str, msgspec.Meta(max_length=256)]
Phone = Annotated[str, msgspec.Meta(max_length=20)]


class InvoiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which payment method is the customer's own choice."""

    default_payment_method: str | None = None


class ChangeCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """What is set for a customer."""

    description: str | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    invoice_settings: InvoiceSettings | UnsetType = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET
    name: Name | UnsetType | None = UNSET
    phone: Phone | UnsetType | None = UNSET


class NewCustomer(ChangeCustomer, frozen=True, kw_only=True):
    """A new customer."""

    payment_method: str | None = None


class ListCustomers(CreatedPageParameters, frozen=True, kw_only=True):
    """Which customers are listed."""

    email: Email | None = None


class ListOwnPaymentMethods(PageParameters, frozen=True, kw_only=True):
    """Which payment methods of a customer are listed."""

    type: Literal["card"] = "card"


def customer_routes(server: StripeServer) -> list[HTTPRouteHandler]:
    """Return the endpoints."""
    return [
        write(server, _CUSTOMERS, NewCustomer, create),
        read(server, _CUSTOMERS, ListCustomers, list_customers),
        read(server, _CUSTOMER, NoParameters, retrieve),
        write(server, _CUSTOMER, ChangeCustomer, update),
        write(server, _CUSTOMER, NoParameters, delete, method="DELETE"),
        read(server, f"{_CUSTOMER}/payment_methods", ListOwnPaymentMethods, list_payment_methods),
        read(server, f"{_CUSTOMER}/payment_methods/{{method_id:str}}", NoParameters, retrieve_payment_method),
    ]


async def create(call: Call, connection: Connection, given: NewCustomer) -> Json:
    """Create a customer."""
    empty = Customer(
        customer_id=new_id(),
        merchant_id=call.merchant.merchant_id,
        email=None,
        name=None,
        phone=None,
        description=None,
        metadata={},
        default_payment_method_id=None,
        created_at=call.at,
        deleted_at=None,
    )
    customer = msgspec.structs.replace(empty, **_plain_changes(empty, given))
    await save_customer(
        connection, call.merchant, customer, event_type="customer.created", at=call.at, origin=call.origin
    )
    if given.payment_method is not None:
        method = await store_card_method(
            connection, call.merchant, given.payment_method, at=call.at, param="payment_method"
        )
        await attach_payment_method(
            connection, call.merchant, method, customer_id=customer.customer_id, at=call.at, origin=call.origin
        )
    default_id = await _default_method(call, connection, customer, given)
    if default_id is not UNSET:
        chosen = msgspec.structs.replace(customer, default_payment_method_id=default_id)
        customer = await _save_change(call, connection, customer, chosen)
    return show_customer(customer)


async def retrieve(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Show a customer."""
    return show_customer(await find_any_customer(connection, call.merchant, call.ids["id"]))


async def update(call: Call, connection: Connection, given: ChangeCustomer) -> Json:
    """Change a customer."""
    customer = await _find(call, connection)
    changes = _plain_changes(customer, given)
    default_id = await _default_method(call, connection, customer, given)
    if default_id is not UNSET:
        changes["default_payment_method_id"] = default_id
    changed = msgspec.structs.replace(customer, **changes)
    return show_customer(await _save_change(call, connection, customer, changed))


async def delete(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Delete a customer."""
    customer = await _find(call, connection)
    deleted = await delete_customer(connection, call.merchant, customer.customer_id, at=call.at, origin=call.origin)
    return show_customer(deleted)


async def list_customers(call: Call, connection: Connection, given: ListCustomers) -> Json:
    """List customers, newest first."""
    query = page_query(given, CUSTOMERS)
    found = await customer_list(connection, query, merchant_id=call.merchant.merchant_id, email=given.email)
    return show_page(query, found, show_customer, url=call.path)


async def list_payment_methods(call: Call, connection: Connection, given: ListOwnPaymentMethods) -> Json:
    """List the payment methods of a customer, newest first."""
    customer = await _find(call, connection)
    query = page_query(given, PAYMENT_METHODS)
    found = await payment_method_list_of_merchant(
        connection, query, merchant_id=call.merchant.merchant_id, customer_id=customer.customer_id
    )
    return show_page(query, found, show_payment_method, url=call.path)


async def retrieve_payment_method(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Show a payment method of a customer."""
    customer = await _find(call, connection)
    text = call.ids["method_id"]
    method = await find_payment_method(connection, call.merchant, text)
    if method.customer_id != customer.customer_id:
        raise PAYMENT_METHODS.missing(text, None)
    return show_payment_method(method)


async def _find(call: Call, connection: Connection) -> Customer:
    return await find_customer(connection, call.merchant, call.ids["id"])


async def _save_change(call: Call, connection: Connection, customer: Customer, changed: Customer) -> Customer:
    return await save_customer(
        connection,
        call.merchant,
        changed,
        event_type="customer.updated",
        at=call.at,
        previous=customer,
        origin=call.origin,
    )


def _plain_changes(customer: Customer, given: ChangeCustomer) -> dict[str, Any]:
    check_email(given.email, param="email")
    changes = given_fields(description=given.description, email=given.email, name=given.name, phone=given.phone)
    if given.metadata is not UNSET:
        changes["metadata"] = merge_metadata(customer.metadata, given.metadata)
    return changes


async def _default_method(
    call: Call, connection: Connection, customer: Customer, given: ChangeCustomer
) -> UUID | UnsetType | None:
    """Return the payment method that the customer chooses; it must be the customer's own."""
    if given.invoice_settings is UNSET:
        return UNSET
    text = given.invoice_settings.default_payment_method
    if text is None:
        return None
    param = "invoice_settings[default_payment_method]"
    method = await find_payment_method(connection, call.merchant, text, param=param)
    if method.customer_id != customer.customer_id:
        raise StripeError(
            "The customer does not have this payment method. Attach it to the customer first.",
            code="resource_missing",
            param=param,
        )
    return method.payment_method_id
