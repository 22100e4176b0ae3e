"""The port of processors: what is asked of whoever moves the money of cards."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from ninefold.systems.payments.model.outcomes import Found, Outcome, ProcessorEvent, SettlementLine
from ninefold.systems.payments.model.payments import Operation


class AuthoriseCall(msgspec.Struct, frozen=True, kw_only=True):
    """Reserve an amount of a customer's funds."""

    our_reference: str
    """What we call it: a processor does a call once, however often it comes."""
    token: str
    """The processor's token for the card."""
    amount: int
    currency: str
    capture: bool
    """Whether to capture it at once."""
    at: datetime


class FollowUpCall(msgspec.Struct, frozen=True, kw_only=True):
    """Capture, cancel or refund what was authorised."""

    our_reference: str
    authorisation_reference: str
    """The processor's own id of the authorisation."""
    amount: int
    """At most what was authorised; of a capture, the rest is released. To cancel, all of it."""
    currency: str
    at: datetime


class InquiryCall(msgspec.Struct, frozen=True, kw_only=True):
    """Ask what became of a call."""

    operation: Operation
    our_reference: str
    authorisation_reference: str | None
    """As it was called with; None if the call was to authorise."""
    at: datetime
    """When it was made."""


class Processor(Protocol):
    """A processor. No method raises an error because of what the processor answers or doesn't answer."""

    async def authorise(self, call: AuthoriseCall) -> Outcome:
        """Reserve funds, and capture them at once if the call says so."""
        ...

    async def capture(self, call: FollowUpCall) -> Outcome:
        """Capture what was authorised, or a part of it."""
        ...

    async def cancel(self, call: FollowUpCall) -> Outcome:
        """Release what was authorised."""
        ...

    async def refund(self, call: FollowUpCall) -> Outcome:
        """Return what was captured, or a part of it."""
        ...

    async def inquire(self, call: InquiryCall) -> Found:
        """Return what became of a call."""
        ...

    async def settlement_report(self, day: date) -> Sequence[SettlementLine]:
        """Return what the processor settles for a day, in UTC.

        Raises:
            ProcessorUnavailableError: it can't be read now.
        """
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> ProcessorEvent | None:
        """Return what a webhook says; None if it is about nothing that we do.

        Raises:
            WebhookRefusedError: it isn't signed by the processor.
        """
        ...

    async def close(self) -> None:
        """Close its connections."""
        ...
