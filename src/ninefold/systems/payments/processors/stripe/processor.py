"""The processor `stripe`, as the port has it.

Our reference of a call is its idempotency key, and stands in the metadata of what the call makes. Stripe's search by
metadata lags behind, so an inquiry lists the payments of the time of the call, which doesn't. What became of a capture,
a cancellation or a refund is read from the payment it belongs to.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_network
from typing import Any, Final, TypeAlias, TypeVar

from ninefold.core.clock import Clock
from ninefold.core.egress import AddressPolicy
from ninefold.systems.payments.errors import ProcessorUnavailableError, WebhookRefusedError
from ninefold.systems.payments.model.outcomes import (
    Approved,
    Declined,
    Found,
    NotFound,
    NotSent,
    Outcome,
    ProcessorEvent,
    SettlementLine,
    Unknown,
)
from ninefold.systems.payments.processors.port import AuthoriseCall, FollowUpCall, InquiryCall
from ninefold.systems.payments.processors.stripe.client import Refused, StripeClient
from ninefold.systems.payments.processors.stripe.objects import (
    CAPTURE_REFERENCE,
    REFERENCE,
    StripeBalanceTransaction,
    StripeList,
    StripePayment,
    StripeRefund,
    StripeSource,
    read_payment,
    read_refund,
)
from ninefold.systems.payments.processors.stripe.webhooks import read_event
from ninefold.systems.payments.settings import PaymentsSettings

EVERYWHERE: Final = AddressPolicy([ip_network("0.0.0.0/0"), ip_network("::/0")])
"""The URL is the operator's, so it may lead anywhere."""

AROUND: Final = timedelta(minutes=5)
"""How far a call's time at Stripe can be from ours: clocks differ, and calls arrive late."""

PAGE: Final = 100
PAGES_MAX: Final = 1_000

_TYPES: Final = {"charge": "capture", "payment": "capture", "refund": "refund", "payment_refund": "refund"}

_IsDone: TypeAlias = Callable[[StripePayment], bool]

T = TypeVar("T", StripePayment, StripeBalanceTransaction, StripeRefund)


class Stripe:
    """Calls Stripe.

    Args:
        settings: with the secret key of an account.
        clock: the time.
    """

    def __init__(self, settings: PaymentsSettings, clock: Clock) -> None:
        assert settings.stripe_secret_key is not None, "without a key, there is no such processor"
        self._client: Final = StripeClient(
            settings.stripe_url,
            secret_key=settings.stripe_secret_key,
            policy=EVERYWHERE,
            timeout_s=settings.processor_timeout_s,
        )
        self._return_url: Final = settings.stripe_return_url
        self._webhook_secret: Final = settings.stripe_webhook_secret
        self._clock: Final = clock

    async def authorise(self, call: AuthoriseCall) -> Outcome:
        """Reserve funds, and capture them at once if the call says so."""
        form = {
            "amount": str(call.amount),
            "currency": call.currency.lower(),
            "payment_method": call.token,
            "payment_method_types[]": "card",
            "capture_method": "automatic" if call.capture else "manual",
            "confirm": "true",
            f"metadata[{REFERENCE}]": call.our_reference,
        }
        if self._return_url is not None:
            form["return_url"] = self._return_url
        answer = await self._client.post(
            "/payment_intents", form, idempotency_key=call.our_reference, answer=StripePayment
        )
        if isinstance(answer, Refused):
            return _declined(answer)
        return read_payment(answer) if isinstance(answer, StripePayment) else answer

    async def capture(self, call: FollowUpCall) -> Outcome:
        """Capture what was authorised, or a part of it."""
        answer = await self._client.post(
            f"/payment_intents/{call.authorisation_reference}/capture",
            {"amount_to_capture": str(call.amount), f"metadata[{CAPTURE_REFERENCE}]": call.our_reference},
            idempotency_key=call.our_reference,
            answer=StripePayment,
        )
        return await self._follow_up(answer, call, is_done=_is_captured_by(call.our_reference))

    async def cancel(self, call: FollowUpCall) -> Outcome:
        """Release what was authorised."""
        path = f"/payment_intents/{call.authorisation_reference}/cancel"
        answer = await self._client.post(path, {}, idempotency_key=call.our_reference, answer=StripePayment)
        return await self._follow_up(answer, call, is_done=_is_canceled)

    async def refund(self, call: FollowUpCall) -> Outcome:
        """Return what was captured, or a part of it."""
        form = {
            "payment_intent": call.authorisation_reference,
            "amount": str(call.amount),
            f"metadata[{REFERENCE}]": call.our_reference,
        }
        answer = await self._client.post("/refunds", form, idempotency_key=call.our_reference, answer=StripeRefund)
        if isinstance(answer, Refused):
            return _declined(answer)
        return read_refund(answer) if isinstance(answer, StripeRefund) else answer

    async def inquire(self, call: InquiryCall) -> Found:
        """Return what became of a call."""
        match call.operation:
            case "authorise":
                return await self._find_payment(call)
            case "refund":
                return await self._find_refund(call)
        found = await self._client.get(f"/payment_intents/{call.authorisation_reference}", answer=StripePayment)
        if not isinstance(found, StripePayment):
            return _unreadable(found)
        is_done = _is_captured_by(call.our_reference) if call.operation == "capture" else _is_canceled
        return Approved(reference=found.id) if is_done(found) else NotFound()

    async def settlement_report(self, day: date) -> Sequence[SettlementLine]:
        """Return the charges and refunds that came into the balance on a day, in UTC, without Stripe's own fees.

        Raises:
            ProcessorUnavailableError: it can't be read now.
        """
        first = datetime.combine(day, time(), UTC)
        query = {**_between(first, first + timedelta(days=1)), "expand[]": "data.source.payment_intent"}
        lines = []
        async for transaction in self._list("/balance_transactions", query, StripeBalanceTransaction):
            if isinstance(transaction, Refused | Unknown | NotSent):
                raise ProcessorUnavailableError(_unreadable(transaction).reason, remedy="Try again later.")
            if transaction.type in _TYPES:
                lines.append(_settlement_line(transaction))
        # Stripe lists the newest first.
        return lines[::-1]

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> ProcessorEvent | None:
        """Return what a webhook says; None if it is about nothing that we do.

        Raises:
            WebhookRefusedError: Stripe hasn't signed it, or we don't know its secret.
        """
        if self._webhook_secret is None:
            raise WebhookRefusedError("NINEFOLD_PAYMENTS_STRIPE_WEBHOOK_SECRET isn't set.")
        return read_event(headers, body, secret=self._webhook_secret, now=self._clock.now())

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _follow_up(
        self, answer: StripePayment | Refused | Unknown | NotSent, call: FollowUpCall, *, is_done: _IsDone
    ) -> Outcome:
        """Return what became of a capture or a cancellation.

        A refusal can mean that it was done before: Stripe forgets idempotency keys after a day. So the payment is read.
        """
        if isinstance(answer, StripePayment):
            return Approved(reference=answer.id)
        if not isinstance(answer, Refused):
            return answer
        found = await self._client.get(f"/payment_intents/{call.authorisation_reference}", answer=StripePayment)
        if isinstance(found, StripePayment):
            return Approved(reference=found.id) if is_done(found) else _declined(answer)
        return _declined(answer) if isinstance(found, Refused) else Unknown(reason=_unreadable(found).reason)

    async def _find_payment(self, call: InquiryCall) -> Found:
        query = _between(call.at - AROUND, call.at + AROUND)
        async for payment in self._list("/payment_intents", query, StripePayment):
            if isinstance(payment, Refused | Unknown | NotSent):
                return _unreadable(payment)
            if payment.metadata.get(REFERENCE) == call.our_reference:
                return read_payment(payment)
        return NotFound()

    async def _find_refund(self, call: InquiryCall) -> Found:
        query = {"payment_intent": call.authorisation_reference or ""}
        async for refund in self._list("/refunds", query, StripeRefund):
            if isinstance(refund, Refused | Unknown | NotSent):
                return _unreadable(refund)
            if (refund.metadata or {}).get(REFERENCE) == call.our_reference:
                return read_refund(refund)
        return NotFound()

    async def _list(
        self, path: str, query: Mapping[str, str], kind: type[T]
    ) -> AsyncIterator[T | Refused | Unknown | NotSent]:
        """Yield objects, newest first; at the end, what went wrong if not all could be read."""
        parameters = {"limit": str(PAGE), **query}
        for _ in range(PAGES_MAX):
            # The type is only known at run time.
            page: Any = await self._client.get(path, parameters, answer=StripeList[kind])  # type: ignore[valid-type]
            if not isinstance(page, StripeList):
                yield page
                return
            for each in page.data:
                yield each
            if not page.has_more or not page.data:
                return
            parameters["starting_after"] = page.data[-1].id
        yield Unknown(reason=f"Stripe lists more than {PAGES_MAX * PAGE:,} objects.")


def _declined(refused: Refused) -> Declined:
    error = refused.error
    reference = (error.payment_intent or {}).get("id")
    return Declined(
        code=error.code or error.type,
        decline_code=error.decline_code,
        message=error.message or "The payment was declined.",
        reference=reference if isinstance(reference, str) else None,
    )


def _unreadable(answer: Refused | Unknown | NotSent) -> Unknown:
    """Return that Stripe doesn't say what became of a call."""
    if isinstance(answer, Refused):
        return Unknown(reason=f"Stripe has answered {answer.status}: {answer.error.message or answer.error.type}")
    return Unknown(reason=answer.reason)


def _is_captured_by(our_reference: str) -> _IsDone:
    return lambda payment: payment.status == "succeeded" and payment.metadata.get(CAPTURE_REFERENCE) == our_reference


def _is_canceled(payment: StripePayment) -> bool:
    return payment.status == "canceled"


def _between(first: datetime, after: datetime) -> dict[str, str]:
    return {"created[gte]": str(int(first.timestamp())), "created[lt]": str(int(after.timestamp()))}


def _settlement_line(transaction: StripeBalanceTransaction) -> SettlementLine:
    """Return a line of the report; our reference is empty if Ninefold hasn't asked for it.

    What was captured has the id of its payment as the processor's reference, as the answers to calls have.
    """
    source = transaction.source if isinstance(transaction.source, StripeSource) else None
    reference = transaction.id if source is None else source.id
    metadata: Mapping[str, str] = {}
    if source is not None and _TYPES[transaction.type] == "refund":
        metadata = source.metadata or {}
    elif source is not None and source.payment_intent is not None:
        reference, metadata = source.payment_intent.id, source.payment_intent.metadata
    return SettlementLine(
        our_reference=metadata.get(CAPTURE_REFERENCE) or metadata.get(REFERENCE) or "",
        processor_reference=reference,
        type=_TYPES[transaction.type],
        amount=abs(transaction.amount),
        currency=transaction.currency.upper(),
        at=datetime.fromtimestamp(transaction.created, UTC),
    )
