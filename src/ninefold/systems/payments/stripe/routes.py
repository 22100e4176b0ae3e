"""`/stripe/v1/payment_intents`."""

from typing import Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.site import Site
from ninefold.systems.payments.errors import MerchantNotFoundError, PaymentNotFoundError, ProcessorUnavailableError
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.payments import CHARGE_PREFIX, INTENT_PREFIX, CancelReason, NewIntent
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.merchants import find_merchant_of_key
from ninefold.systems.payments.service.reading import get_payment_of_merchant
from ninefold.systems.payments.service.steps import Done
from ninefold.systems.payments.stripe.errors import StripeCardError
from ninefold.systems.payments.stripe.objects import show_payment_intent

_INTENTS = "/stripe/v1/payment_intents"
_INTENT = f"{_INTENTS}/{{intent_id:str}}"


class CreateIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a new PaymentIntent."""

    amount: int
    currency: str
    capture_method: Literal["automatic", "manual", "automatic_async"] = "automatic"
    confirm: bool = False
    payment_method: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}


class ConfirmIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a confirmation."""

    payment_method: str | None = None


class CaptureIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a capture."""

    amount_to_capture: int | None = None


class CancelIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a cancellation."""

    cancellation_reason: CancelReason | None = None


class IntentAnswers:
    """Finds the merchant of a key, and shows what became of a request."""

    def __init__(self, database: Database, site: Site) -> None:
        self._database = database
        self._site = site

    async def merchant_of(self, principal: Principal) -> Merchant:
        """Return the merchant of a key."""
        async with self._database.connection() as connection:
            merchant = await find_merchant_of_key(connection, principal)
        if merchant is None:
            raise MerchantNotFoundError("The key is no merchant's.")
        return merchant

    def answer(self, request: Request[Any, Any, Any], done: Done) -> Response[bytes]:
        """Return the PaymentIntent; raise the error if it was declined or not sent."""
        shown = show_payment_intent(done.intent, base_url=self._site.base_url(request))
        attempt, intent = done.attempt, done.intent
        if attempt is not None and attempt.state == "declined" and attempt.operation == "authorise":
            raise StripeCardError(
                intent.error_message or "Your card was declined.",
                error_code=intent.error_code or "card_declined",
                decline_code=intent.decline_code,
                charge=None if done.charge is None else format_id(CHARGE_PREFIX, done.charge.charge_id),
                intent=shown,
            )
        if attempt is not None and attempt.state == "not_sent":
            raise ProcessorUnavailableError("The processor can't be reached.", remedy="Try again.")
        return Response(msgspec.json.encode(shown), media_type="application/json")


def payment_intent_routes(database: Database, flow: PaymentFlow, site: Site) -> list[ControllerRouterHandler]:
    """Return the routes of PaymentIntents."""
    answers = IntentAnswers(database, site)

    @post(_INTENTS, status_code=200)
    async def create_payment_intent(
        data: FromBody[CreateIntent], request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Response[bytes]:
        new = NewIntent(
            amount=data.amount,
            currency=data.currency,
            capture_method="manual" if data.capture_method == "manual" else "automatic",
            description=data.description,
            metadata=data.metadata,
        )
        merchant = await answers.merchant_of(principal)
        done = await flow.create(merchant, new, payment_method=data.payment_method, confirm=data.confirm)
        return answers.answer(request, done)

    @get(_INTENT)
    async def retrieve_payment_intent(
        intent_id: FromPath[str], request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Response[bytes]:
        merchant = await answers.merchant_of(principal)
        async with database.connection() as connection:
            intent = await get_payment_of_merchant(
                connection, merchant_id=merchant.merchant_id, intent_id=_id_of(intent_id)
            )
        return answers.answer(request, Done(intent=intent))

    @post(f"{_INTENT}/confirm", status_code=200)
    async def confirm_payment_intent(
        intent_id: FromPath[str],
        data: FromBody[ConfirmIntent],
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
    ) -> Response[bytes]:
        merchant = await answers.merchant_of(principal)
        done = await flow.confirm(merchant.merchant_id, _id_of(intent_id), payment_method=data.payment_method)
        return answers.answer(request, done)

    return [
        create_payment_intent,
        retrieve_payment_intent,
        confirm_payment_intent,
        *_ending_routes(flow, answers),
    ]


def _ending_routes(flow: PaymentFlow, answers: IntentAnswers) -> list[ControllerRouterHandler]:
    @post(f"{_INTENT}/capture", status_code=200)
    async def capture_payment_intent(
        intent_id: FromPath[str],
        data: FromBody[CaptureIntent],
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
    ) -> Response[bytes]:
        merchant = await answers.merchant_of(principal)
        done = await flow.capture(merchant.merchant_id, _id_of(intent_id), amount=data.amount_to_capture)
        return answers.answer(request, done)

    @post(f"{_INTENT}/cancel", status_code=200)
    async def cancel_payment_intent(
        intent_id: FromPath[str],
        data: FromBody[CancelIntent],
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
    ) -> Response[bytes]:
        merchant = await answers.merchant_of(principal)
        done = await flow.cancel(merchant.merchant_id, _id_of(intent_id), reason=data.cancellation_reason)
        return answers.answer(request, done)

    return [capture_payment_intent, cancel_payment_intent]


def _id_of(text: str) -> Any:
    try:
        return parse_id(INTENT_PREFIX, text)
    except InvalidIdError as error:
        raise PaymentNotFoundError(f"No such payment_intent: {text[:80]!r}", field="intent") from error
