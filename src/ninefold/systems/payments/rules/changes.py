"""What a step changes: rows to store, transfers to post, and an entry of the timeline."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from ninefold.systems.payments.model.events import Origin
from ninefold.systems.payments.model.ledger import Transfer
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.payments import (
    Attempt,
    AttemptState,
    Charge,
    Intent,
    IntentState,
    PaymentMethod,
    Refund,
)
from ninefold.systems.payments.rules.transfers import Accounts

NOT_SENT: Final = "processor_unavailable"
"""Why a call has failed that has never reached the processor."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long things may take."""

    processor_timeout: timedelta
    in_doubt_deadline: timedelta
    authorisation_lifetime: timedelta


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A payment before a step, and when the step is made."""

    intent: Intent
    merchant: Merchant
    attempt: Attempt | None = None
    charge: Charge | None = None
    refund: Refund | None = None
    payment_method: PaymentMethod | None = None
    waiting: Attempt | None = None
    """The attempt whose customer has to authenticate."""
    at: datetime
    limits: Limits
    origin: Origin | None = None
    """The merchant's request that makes the step."""

    @property
    def accounts(self) -> Accounts:
        """The accounts of the merchant in the currency of the payment."""
        return Accounts(self.merchant, self.intent.currency)

    def move(self, state: IntentState, **fields: Any) -> Intent:
        """Return the payment in another state; it is in doubt only in the state `in_doubt`."""
        in_doubt_since = (self.intent.in_doubt_since or self.at) if state == "in_doubt" else None
        return msgspec.structs.replace(
            self.intent,
            **{"in_doubt_since": in_doubt_since, **fields},
            state=state,
            version=self.intent.version + 1,
            updated_at=self.at,
        )


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a step changes."""

    intent: Intent
    event: str
    """The type of the entry in the timeline."""
    detail: Mapping[str, Any] = {}
    attempt: Attempt | None = None
    charge: Charge | None = None
    refund: Refund | None = None
    also_attempts: tuple[Attempt, ...] = ()
    """Other attempts that end with it."""
    transfers: tuple[Transfer, ...] = ()
    is_quiet: bool = False
    """Whether only the attempt changes: the payment and its timeline stay as they are."""


def finish_attempt(step: Step, state: AttemptState, **fields: Any) -> Attempt:
    """Return the attempt of a step in its last state."""
    assert step.attempt is not None, "there is no outcome without an attempt"
    return msgspec.structs.replace(
        step.attempt,
        **{"error_code": None, "error_message": None, **fields},
        state=state,
        finished_at=step.at,
        next_inquiry_at=None,
    )
