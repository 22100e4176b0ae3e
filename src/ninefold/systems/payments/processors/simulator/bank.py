"""The simulated processor itself: decides calls, once each, and remembers them."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Final, Literal

import msgspec

from ninefold.systems.payments.model.outcomes import Approved, Declined, NeedsAction, SettlementLine
from ninefold.systems.payments.processors.simulator.book import Book, Call, Decided
from ninefold.systems.payments.processors.simulator.script import Behaviour, Chances, Settled, behaviour_of

ACTION_PATH: Final = "/processors/simulator/authentications"
"""Below it, Ninefold's server has the pages on which customers authenticate."""

_WRONG_BY: Final = 1
"""How many minor units a wrong amount in the settlement report is too large."""


class CallBody(msgspec.Struct, frozen=True, kw_only=True):
    """A call as it is sent."""

    our_reference: str
    operation: Literal["authorise", "capture", "cancel", "refund"]
    token: str = ""
    amount: int
    currency: str
    capture: bool = False
    authorisation_reference: str = ""
    webhook_url: str | None = None
    at: datetime


class SimulatedProcessor:
    """Decides calls.

    Args:
        book: where it writes what it has decided.
        chances: how often something happens by chance.
    """

    def __init__(self, book: Book, chances: Chances) -> None:
        self._book: Final = book
        self._chances: Final = chances

    def behaviour_for(self, body: CallBody) -> Behaviour:
        """Return what happens to a call: that of the card that was authorised."""
        if body.operation == "authorise":
            return behaviour_of(body.token, amount=body.amount, our_reference=body.our_reference, chances=self._chances)
        origin = self._book.find_by_reference(body.authorisation_reference)
        return Behaviour() if origin is None else self.behaviour_of(origin)

    def behaviour_of(self, origin: Call) -> Behaviour:
        """Return what happens to an authorisation that the book has."""
        return behaviour_of(
            origin.token, amount=origin.amount, our_reference=origin.our_reference, chances=self._chances
        )

    def receive(self, body: CallBody) -> Call:
        """Return a call with its outcome. The same reference is the same call, and has no effect again."""
        known = self._book.find(body.our_reference)
        if known is not None:
            return known
        reference = _reference(body.our_reference)
        decide = _DECIDE[body.operation]
        call = Call(
            our_reference=body.our_reference,
            reference=reference,
            operation=body.operation,
            authorisation=reference if body.operation == "authorise" else body.authorisation_reference,
            token=body.token,
            amount=body.amount,
            currency=body.currency,
            is_captured=body.capture,
            outcome=decide(self, body, reference),
            webhook_url=body.webhook_url,
            at=body.at,
        )
        self._book.add(call)
        return call

    def find(self, our_reference: str) -> Call | None:
        """Return a call that was received; None if it wasn't."""
        return self._book.find(our_reference)

    def find_origin(self, call: Call) -> Call:
        """Return the authorisation that a call belongs to, which is itself if it is one."""
        origin = self._book.find_by_reference(call.authorisation)
        return call if origin is None else origin

    def authenticate(self, reference: str, *, is_passed: bool, at: datetime | None = None) -> Call | None:
        """Let the customer pass or fail the authentication; return the call, or None if none waits for it.

        Args:
            reference: the processor's own, of the call.
            is_passed: what the customer does.
            at: when, which says on which day it is settled; None for the time of the call.
        """
        call = self._book.find_by_reference(reference)
        if call is None or not isinstance(call.outcome, NeedsAction):
            return None
        refusal = self.behaviour_of(call).refusal
        if not is_passed:
            outcome: Decided = Declined(
                code="payment_intent_authentication_failure",
                message="The customer hasn't passed the authentication.",
                reference=reference,
            )
        elif refusal is not None:
            outcome = Declined(
                code=refusal.code, decline_code=refusal.decline_code, message=refusal.message, reference=reference
            )
        else:
            outcome = Approved(reference=reference, is_captured=call.is_captured)
        decided = msgspec.structs.replace(call, outcome=outcome, at=at or call.at)
        self._book.decide(decided)
        return decided

    def settle(self, day: date) -> list[SettlementLine]:
        """Return the settlement report of a day, with the faults that cards and amounts ask for."""
        lines: list[SettlementLine] = []
        for line, settled in self.list_settled(day):
            match settled:
                case "exactly":
                    lines.append(line)
                case "wrong_amount":
                    lines.append(msgspec.structs.replace(line, amount=line.amount + _WRONG_BY))
                case "twice":
                    lines += [line, line]
                case "not":
                    pass
        return lines

    def list_settled(self, day: date) -> list[tuple[SettlementLine, Settled]]:
        """Return what moved money on a day as it is in truth, each with how the report has it."""
        return [(line, self.behaviour_of(origin).settled) for origin, line in self._book.list_settled(day)]

    def _authorise(self, body: CallBody, reference: str) -> Decided:
        behaviour = self.behaviour_for(body)
        if behaviour.needs_action:
            return NeedsAction(url=f"{ACTION_PATH}/{reference}", reference=reference)
        if behaviour.refusal is not None:
            refusal = behaviour.refusal
            return Declined(
                code=refusal.code, decline_code=refusal.decline_code, message=refusal.message, reference=reference
            )
        return Approved(reference=reference, is_captured=body.capture)

    def _capture(self, body: CallBody, reference: str) -> Decided:
        origin = self._book.find_by_reference(body.authorisation_reference)
        if origin is None or not isinstance(origin.outcome, Approved) or origin.is_captured:
            return Declined(code="not_authorised", message="Nothing is authorised that can be captured.")
        if self.behaviour_of(origin).refuses_capture:
            return Declined(code="capture_refused", message="The bank refuses the capture.")
        if self._done(origin, "capture") or self._done(origin, "cancel"):
            return Declined(code="already_ended", message="The authorisation was captured or canceled before.")
        if body.amount > origin.amount or body.currency != origin.currency:
            return Declined(code="amount_too_large", message="More can't be captured than was authorised.")
        return Approved(reference=reference)

    def _cancel(self, body: CallBody, reference: str) -> Decided:
        origin = self._book.find_by_reference(body.authorisation_reference)
        if origin is None or isinstance(origin.outcome, Declined):
            return Declined(code="not_authorised", message="Nothing is authorised that can be canceled.")
        is_captured = origin.is_captured and isinstance(origin.outcome, Approved)
        if is_captured or self._done(origin, "capture") or self._done(origin, "cancel"):
            return Declined(code="already_ended", message="The authorisation was captured or canceled before.")
        if isinstance(origin.outcome, NeedsAction):
            refusal = Declined(code="canceled", message="The payment was canceled.", reference=origin.reference)
            self._book.decide(msgspec.structs.replace(origin, outcome=refusal))
        return Approved(reference=reference)

    def _refund(self, body: CallBody, reference: str) -> Decided:
        origin = self._book.find_by_reference(body.authorisation_reference)
        if origin is None:
            return Declined(code="not_captured", message="Nothing was captured that can be refunded.")
        if self.behaviour_of(origin).refuses_refund:
            return Declined(code="refund_refused", message="The bank refuses the refund.")
        captured = sum(call.amount for call in self._done(origin, "capture"))
        if origin.is_captured and isinstance(origin.outcome, Approved):
            captured = origin.amount
        refunded = sum(call.amount for call in self._done(origin, "refund"))
        if body.currency != origin.currency or refunded + body.amount > captured:
            return Declined(code="amount_too_large", message="More can't be refunded than was captured.")
        return Approved(reference=reference)

    def _done(self, origin: Call, operation: str) -> list[Call]:
        return [
            call
            for call in self._book.list_of(origin.reference)
            if call.operation == operation and isinstance(call.outcome, Approved)
        ]


_DECIDE: Final[dict[str, Callable[[SimulatedProcessor, CallBody, str], Decided]]] = {
    "authorise": SimulatedProcessor._authorise,  # noqa: SLF001 - its own.
    "capture": SimulatedProcessor._capture,  # noqa: SLF001
    "cancel": SimulatedProcessor._cancel,  # noqa: SLF001
    "refund": SimulatedProcessor._refund,  # noqa: SLF001
}


def _reference(our_reference: str) -> str:
    return f"sim_{hashlib.sha256(our_reference.encode()).hexdigest()[:24]}"
