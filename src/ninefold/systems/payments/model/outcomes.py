"""What a processor says became of a call."""

from datetime import datetime
from typing import TypeAlias

import msgspec


class Approved(msgspec.Struct, frozen=True, kw_only=True, tag="approved"):
    """It was done."""

    reference: str
    """The processor's own id of what it has done."""
    is_captured: bool = False
    """Whether an authorisation was captured at once."""


class Declined(msgspec.Struct, frozen=True, kw_only=True, tag="declined"):
    """It was refused, and nothing has changed at the processor."""

    code: str
    """Such as `card_declined`."""
    decline_code: str | None = None
    """Such as `insufficient_funds`."""
    message: str = "Your card was declined."
    """What the customer can be told."""
    reference: str | None = None


class NeedsAction(msgspec.Struct, frozen=True, kw_only=True, tag="needs_action"):
    """The customer has to authenticate first."""

    url: str
    reference: str


class Unknown(msgspec.Struct, frozen=True, kw_only=True, tag="unknown"):
    """The call may have been received: there is no answer, or one that says nothing about the outcome."""

    reason: str


class NotSent(msgspec.Struct, frozen=True, kw_only=True, tag="not_sent"):
    """Nothing of the call has reached the processor."""

    reason: str


class NotFound(msgspec.Struct, frozen=True, kw_only=True, tag="not_found"):
    """The answer to an inquiry: the processor has never received the call."""


Outcome: TypeAlias = Approved | Declined | NeedsAction | Unknown | NotSent
"""What became of a call."""

Found: TypeAlias = Approved | Declined | NeedsAction | Unknown | NotFound
"""What an inquiry says about a call."""


class ProcessorEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook of a processor says."""

    event_id: str
    our_reference: str
    outcome: Approved | Declined | NeedsAction
    at: datetime


class SettlementLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a processor's settlement report."""

    our_reference: str
    processor_reference: str
    type: str
    """`capture` or `refund`."""
    amount: int
    """In minor units; what a refund takes back is positive too."""
    currency: str
    at: datetime
