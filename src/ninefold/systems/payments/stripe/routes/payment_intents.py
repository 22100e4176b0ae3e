"""`/v1/payment_intents`: create, confirm, capture, cancel, update, read and list."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, UnsetType

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.payments import Intent, NewIntent
from ninefold.systems.payments.service.step_logs import StepLog
from ninefold.systems.payments.service.steps import Done
from ninefold.systems.payments.store.pages import intent_list_of_merchant
from ninefold.systems.payments.stripe.amounts import check_amount
from ninefold.systems.payments.stripe.answers import STATE_ERRORS, UNEXPECTED_STATE, answer_with_intent, explain_state
from ninefold.systems.payments.stripe.calls import Call, pay, read
from ninefold.systems.payments.stripe.cards import CardMethodData
from ninefold.systems.payments.stripe.choosing import choose_payment_method, customer_of
from ninefold.systems.payments.stripe.emails import check_email
from ninefold.systems.payments.stripe.errors import StripeError
from ninefold.systems.payments.stripe.finding import PAYMENT_INTENTS, find_any_customer, find_intent
from ninefold.systems.payments.stripe.metadata import merge_metadata
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.payment_intents import show_payment_intent
from ninefold.systems.payments.stripe.pages import CreatedPageParameters, page_query, show_page
from ninefold.systems.payments.stripe.parameters import given as given_fields
from ninefold.systems.payments.stripe.server import StripeServer
from ninefold.systems.payments.stripe.steps import PaymentStep

_INTENTS: Final = "/v1/payment_intents"
_INTENT: Final = f"{_INTENTS}/{{id:str}}"
_PARAM: Final = "intent"

Amount = Annotated[int, msgspec.Meta(le=10**15)]
Description = Annotated[str, msgspec.Meta(max_length=1_000)]
Email = Annotated[str, msgspec.Meta(max_length=512)]
Descriptor = Annotated[str, msgspec.Meta(max_length=22)]
ReturnUrl = Annotated[str, msgspec.Meta(max_length=2_048, pattern=r"^[A-Za-z][A-Za-z0-9+.-]*://[!-~]*\Z")]
CaptureMethod = Literal["automatic", "automatic_async", "manual"]


class AutomaticPaymentMethods(msgspec.Struct, frozen=True, kw_only=True):
    """Whether Stripe's dashboard chooses the payment methods; here there are only cards."""

    enabled: bool
    allow_redirects: Literal["always", "never"] = "always"


class Confirming(msgspec.Struct, frozen=True, kw_only=True):
    """What a confirmation takes, also one at the creation."""

    error_on_requires_action: bool = False
    off_session: bool = False
    payment_method: str | None = None
    payment_method_data: CardMethodData | None = None
    receipt_email: Email | UnsetType | None = UNSET
    return_url: ReturnUrl | UnsetType = UNSET
    use_stripe_sdk: bool = False

    @property
    def refuses_action(self) -> bool:
        """Whether the customer isn't there to authenticate."""
        return self.error_on_requires_action or self.off_session


class NewPaymentIntent(Confirming, frozen=True, kw_only=True):
    """A new PaymentIntent."""

    amount: Amount
    currency: str
    automatic_payment_methods: AutomaticPaymentMethods | UnsetType = UNSET
    capture_method: CaptureMethod = "automatic"
    confirm: bool = False
    confirmation_method: Literal["automatic"] = "automatic"
    customer: str | None = None
    description: Description | None = None
    metadata: dict[str, str] | None = {}
    payment_method_types: list[Literal["card"]] | UnsetType = UNSET
    statement_descriptor: Descriptor | None = None


class ConfirmPaymentIntent(Confirming, frozen=True, kw_only=True):
    """A confirmation."""

    client_secret: str | None = None


class CapturePaymentIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A capture."""

    amount_to_capture: Amount | None = None
    final_capture: Literal["true"] = "true"
    """A payment is captured once: what isn't captured is released."""
    metadata: dict[str, str] | UnsetType | None = UNSET
    statement_descriptor: Descriptor | UnsetType | None = UNSET


class CancelPaymentIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A cancellation."""

    cancellation_reason: Literal["duplicate", "fraudulent", "requested_by_customer", "abandoned"] | None = None


class ChangePaymentIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What is changed."""

    amount: Amount | UnsetType = UNSET
    capture_method: CaptureMethod | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    customer: str | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET
    payment_method: str | None = None
    payment_method_data: CardMethodData | None = None
    payment_method_types: list[Literal["card"]] | UnsetType = UNSET
    receipt_email: Email | UnsetType | None = UNSET
    statement_descriptor: Descriptor | UnsetType | None = UNSET


class RetrievePaymentIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer's page proves itself with."""

    client_secret: str | None = None


class ListPaymentIntents(CreatedPageParameters, frozen=True, kw_only=True):
    """Which PaymentIntents are listed."""

    customer: str | None = None


class SearchPaymentIntents(msgspec.Struct, frozen=True, kw_only=True):
    """What a search takes."""

    query: str = ""
    limit: int = 10
    page: str | None = None


def payment_intent_routes(server: StripeServer) -> list[HTTPRouteHandler]:
    """Return the endpoints."""
    return [
        pay(server, _INTENTS, NewPaymentIntent, create),
        read(server, _INTENTS, ListPaymentIntents, list_payment_intents),
        read(server, f"{_INTENTS}/search", SearchPaymentIntents, search),
        read(server, _INTENT, RetrievePaymentIntent, retrieve, is_public=True),
        pay(server, _INTENT, ChangePaymentIntent, update),
        pay(server, f"{_INTENT}/confirm", ConfirmPaymentIntent, confirm, is_public=True),
        pay(server, f"{_INTENT}/capture", CapturePaymentIntent, capture),
        pay(server, f"{_INTENT}/cancel", CancelPaymentIntent, cancel),
    ]


async def create(call: Call, given: NewPaymentIntent) -> PaymentStep:
    """Prepare a new PaymentIntent, which can be confirmed at once."""
    money = check_amount(given.amount, given.currency)
    check_email(given.receipt_email, param="receipt_email")
    if given.confirm and given.payment_method is None and given.payment_method_data is None:
        raise StripeError(
            "You cannot confirm this PaymentIntent because it's missing a payment method. Give one as payment_method.",
            code=UNEXPECTED_STATE,
        )
    async with call.server.database.transaction() as connection:
        customer_id = await customer_of(call, connection, given.customer)
        method = await choose_payment_method(
            call, connection, given.payment_method, given.payment_method_data, customer_id
        )
    new = NewIntent(
        amount=money.amount,
        currency=money.currency.code,
        capture_method="manual" if given.capture_method == "manual" else "automatic",
        customer_id=customer_id,
        description=given.description,
        receipt_email=None if given.receipt_email is UNSET else given.receipt_email,
        statement_descriptor=given.statement_descriptor,
        metadata=merge_metadata({}, given.metadata),
        options=_options(given),
    )

    async def start(log: StepLog) -> Done:
        return await call.server.flow.create(call.merchant, new, payment_method=method, confirm=given.confirm, log=log)

    async def again(intent_id: UUID, log: StepLog) -> Done:
        return await call.server.flow.confirm(call.merchant.merchant_id, intent_id, payment_method=method, log=log)

    return PaymentStep(start=start, again=again, show=answer_with_intent(call), refuses_action=given.refuses_action)


async def confirm(call: Call, given: ConfirmPaymentIntent) -> PaymentStep:
    """Prepare a confirmation."""
    check_email(given.receipt_email, param="receipt_email")
    intent = await _load(call, given.client_secret)
    changes = given_fields(receipt_email=given.receipt_email)
    if given.return_url is not UNSET:
        changes["options"] = {**intent.options, "return_url": given.return_url}
    async with call.server.database.transaction() as connection:
        method = await choose_payment_method(
            call, connection, given.payment_method, given.payment_method_data, intent.customer_id
        )
    if changes:
        await call.server.flow.change(call.merchant.merchant_id, intent.intent_id, changes)

    async def start(log: StepLog) -> Done:
        return await call.server.flow.confirm(
            call.merchant.merchant_id, intent.intent_id, payment_method=method, log=log
        )

    return _step(
        call,
        start,
        done="confirmed",
        allowed="requires_payment_method, requires_confirmation, requires_action",
        refuses_action=given.refuses_action,
    )


async def capture(call: Call, given: CapturePaymentIntent) -> PaymentStep:
    """Prepare a capture."""
    intent = await _load(call, None)
    amount = given.amount_to_capture
    if amount is not None and intent.state == "requires_capture" and not 1 <= amount <= intent.amount_capturable:
        raise StripeError(
            f"The amount to capture ({amount}) must be between 1 and the amount that can be captured "
            f"({intent.amount_capturable}).",
            code="amount_too_large" if amount > 0 else "parameter_invalid_integer",
            param="amount_to_capture",
        )
    changes = given_fields(statement_descriptor=given.statement_descriptor)
    if given.metadata is not UNSET:
        changes["metadata"] = merge_metadata(intent.metadata, given.metadata)
    if changes:
        await call.server.flow.change(call.merchant.merchant_id, intent.intent_id, changes)

    async def start(log: StepLog) -> Done:
        return await call.server.flow.capture(call.merchant.merchant_id, intent.intent_id, amount=amount, log=log)

    return _step(call, start, done="captured", allowed="requires_capture")


async def cancel(call: Call, given: CancelPaymentIntent) -> PaymentStep:
    """Prepare a cancellation."""
    intent = await _load(call, None)

    async def start(log: StepLog) -> Done:
        return await call.server.flow.cancel(
            call.merchant.merchant_id, intent.intent_id, reason=given.cancellation_reason, log=log
        )

    allowed = "requires_payment_method, requires_capture, requires_confirmation, requires_action"
    return _step(call, start, done="canceled", allowed=allowed)


async def update(call: Call, given: ChangePaymentIntent) -> PaymentStep:
    """Prepare a change, for which the processor is called if the customer has to authenticate."""
    check_email(given.receipt_email, param="receipt_email")
    intent = await _load(call, None)
    if given.amount is not UNSET or given.currency is not UNSET:
        amount = intent.amount if given.amount is UNSET else given.amount
        check_amount(amount, intent.currency if given.currency is UNSET else given.currency)
    changes = given_fields(
        amount=given.amount,
        currency=given.currency,
        description=given.description,
        receipt_email=given.receipt_email,
        statement_descriptor=given.statement_descriptor,
    )
    if given.capture_method is not UNSET:
        changes["capture_method"] = "manual" if given.capture_method == "manual" else "automatic"
        changes["options"] = {**intent.options, "capture_method": given.capture_method}
    if given.metadata is not UNSET:
        changes["metadata"] = merge_metadata(intent.metadata, given.metadata)
    async with call.server.database.transaction() as connection:
        if given.customer is not UNSET:
            changes["customer_id"] = await customer_of(call, connection, given.customer)
        method = await choose_payment_method(
            call,
            connection,
            given.payment_method,
            given.payment_method_data,
            changes.get("customer_id", intent.customer_id),
        )

    async def start(log: StepLog) -> Done:
        return await call.server.flow.change(
            call.merchant.merchant_id, intent.intent_id, changes, payment_method=method, log=log
        )

    return _step(call, start, done="updated", allowed="requires_payment_method, requires_confirmation, requires_action")


async def retrieve(call: Call, connection: Connection, given: RetrievePaymentIntent) -> Json:
    """Show a PaymentIntent."""
    intent = await find_intent(connection, call.merchant, call.ids["id"])
    _check_secret(call, intent, given.client_secret)
    return show_payment_intent(intent, base_url=call.base_url)


async def list_payment_intents(call: Call, connection: Connection, given: ListPaymentIntents) -> Json:
    """List PaymentIntents, newest first."""
    query = page_query(given, PAYMENT_INTENTS)
    customer_id = None
    if given.customer is not None:
        customer_id = (await find_any_customer(connection, call.merchant, given.customer, param="customer")).customer_id
    found = await intent_list_of_merchant(
        connection, query, merchant_id=call.merchant.merchant_id, customer_id=customer_id
    )
    return show_page(query, found, lambda each: show_payment_intent(each, base_url=call.base_url), url=call.path)


async def search(_: Call, __: Connection, ___: SearchPaymentIntents) -> Json:
    """Refuse a search."""
    raise StripeError("Search isn't offered here. List the PaymentIntents, and filter by created or customer.")


def _options(given: NewPaymentIntent) -> dict[str, Any]:
    options: dict[str, Any] = given_fields(payment_method_types=given.payment_method_types, return_url=given.return_url)
    if given.automatic_payment_methods is not UNSET:
        options["automatic_payment_methods"] = msgspec.structs.asdict(given.automatic_payment_methods)
    if given.capture_method == "automatic_async":
        options["capture_method"] = given.capture_method
    return options


def _step(
    call: Call,
    start: Callable[[StepLog], Awaitable[Done]],
    *,
    done: str,
    allowed: str,
    refuses_action: bool = False,
) -> PaymentStep:
    async def begin(log: StepLog) -> Done:
        try:
            return await start(log)
        except STATE_ERRORS as error:
            async with call.server.database.connection() as connection:
                current = await find_intent(connection, call.merchant, call.ids["id"])
            raise explain_state(call, current, error, done=done, allowed=allowed) from error

    async def again(_: UUID, log: StepLog) -> Done:
        return await begin(log)

    return PaymentStep(start=begin, again=again, show=answer_with_intent(call), refuses_action=refuses_action)


async def _load(call: Call, client_secret: str | None) -> Intent:
    async with call.server.database.connection() as connection:
        intent = await find_intent(connection, call.merchant, call.ids["id"])
    _check_secret(call, intent, client_secret)
    return intent


def _check_secret(call: Call, intent: Intent, client_secret: str | None) -> None:
    """Refuse a customer's page that doesn't know the secret of the payment."""
    if client_secret is None and call.is_publishable:
        raise StripeError("Missing required param: client_secret.", code="parameter_missing", param="client_secret")
    if client_secret is not None and not secrets.compare_digest(client_secret.encode(), intent.client_secret.encode()):
        raise StripeError(
            "The client_secret provided does not match the client_secret associated with this PaymentIntent.",
            code="payment_intent_invalid_parameter" if not call.is_publishable else "resource_missing",
            param="client_secret",
            status=400,
        )
